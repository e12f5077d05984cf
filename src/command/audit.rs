//! `spillway audit`.

use anyhow::Context;
use clap::Subcommand;
use spillway::config::Config;
use spillway::store::{StoreOptions, TicketStore};
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

/// Entries read at once.
const PAGE: u32 = 1_000;

/// Arguments of `spillway audit`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Compute every seal of the audit log again.
    ///
    /// Each change of a ticket stands in the log, and once a second the entries since are sealed:
    /// a hash over them and over the seal before. An entry that was changed, added or taken out
    /// later does not fit its seal. Whoever cuts off the end of the log, seals included, is found
    /// by a head kept elsewhere: write down the head this prints, and give it back with --head.
    #[command(after_help = "\
The exit status is 0 when the log holds, 1 when it does not.

Examples:
  spillway audit verify
  spillway audit verify --head 5f1c... --json")]
    Verify {
        /// A head that an earlier run printed: it must still be in the log.
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the log, oldest first: one line, or one JSON object, for each entry.
    List {
        /// Only this ticket's.
        #[arg(long, value_name = "NUMBER")]
        ticket: Option<i64>,
        /// Print JSON lines.
        #[arg(long)]
        json: bool,
    },
}

/// Runs it.
pub fn run(config: Option<&Path>, args: Args) -> anyhow::Result<ExitCode> {
    let options = StoreOptions::of(&Config::load(config)?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = TicketStore::open_existing(&options).await?;
        let result = match args.action {
            Action::Verify { head, json } => verify(&store, head.as_deref(), json).await,
            Action::List { ticket, json } => list(&store, ticket, json).await,
        };
        store.close().await;
        result
    })
}

async fn verify(store: &TicketStore, head: Option<&str>, json: bool) -> anyhow::Result<ExitCode> {
    let report = store.verify_audit(head).await?;
    let text = match &report.broken {
        _ if json => serde_json::to_string_pretty(&report)? + "\n",
        Some(broken) => format!("{}: the audit log does not hold: {broken}\n", store.name()),
        None => format!(
            "{}: the audit log holds: {} entries in {} seals, {} not yet sealed\nhead {}\n",
            store.name(),
            report.events,
            report.seals,
            report.unsealed,
            if report.head.is_empty() { "-" } else { &report.head }
        ),
    };
    super::print(&text)?;
    Ok(if report.broken.is_none() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

async fn list(store: &TicketStore, ticket: Option<i64>, json: bool) -> anyhow::Result<ExitCode> {
    let mut after = (0, 0);
    loop {
        let page = store.events(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(ExitCode::SUCCESS) };
        after = (last.seal.unwrap_or_default(), last.id);
        let mut text = String::new();
        for event in page.iter().filter(|e| ticket.is_none() || e.ticket == ticket) {
            if json {
                text += &(serde_json::to_string(event)? + "\n");
                continue;
            }
            let at = jiff::Timestamp::from_millisecond(event.at).context("a time in the log")?;
            let ticket = event.ticket.map_or("-".into(), |t| t.to_string());
            let (actor, act, detail) = (&event.actor, &event.act, &event.detail);
            writeln!(text, "{at:.0}  ticket {ticket}  {actor}  {act}  {detail}")?;
        }
        super::print(&text)?;
    }
}
