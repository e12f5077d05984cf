//! `spillway migrate`.

use serde::Serialize;
use spillway::config::Config;
use spillway::store::{StoreOptions, TicketStore};
use std::path::Path;
use std::process::ExitCode;

/// Arguments of `spillway migrate`.
#[derive(clap::Args)]
#[command(after_help = "\
`spillway serve` does the same at its start. By itself it is for an upgrade of several nodes: stop
them, migrate once, start them; and for making the tables with a database user of more rights than
the servers have. Back up first: an older spillway does not open the new tables.

Examples:
  spillway migrate --check && echo up to date
  spillway migrate
  PGPASSWORD=... spillway --config owner.toml migrate")]
pub struct Args {
    /// Change nothing; exit with 2 and say so when the tables are not of this version.
    #[arg(long)]
    check: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Migrated<'a> {
    database: &'a str,
    /// Version of the tables before; null when there were none.
    from: Option<i64>,
    to: i64,
}

/// Runs it.
pub fn run(config: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let options = StoreOptions::of(&Config::load(config)?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        if args.check {
            TicketStore::open_existing(&options).await?.close().await;
            return Ok(ExitCode::SUCCESS);
        }
        let (store, (from, to)) = TicketStore::migrate(&options).await?;
        let database = store.name();
        let text = match from {
            _ if args.json => serde_json::to_string(&Migrated { database, from, to })? + "\n",
            Some(from) if from == to => format!("{database}: is at version {to} already\n"),
            Some(from) => format!("{database}: from version {from} to {to}\n"),
            None => format!("{database}: new, at version {to}\n"),
        };
        super::print(&text)?;
        store.close().await;
        Ok(ExitCode::SUCCESS)
    })
}
