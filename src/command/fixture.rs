//! `spillway fixture`: recorded calls made into tests.

use anyhow::{Context, bail};
use clap::Subcommand;
use jiff::Timestamp;
use spillway::config::Config;
use spillway::replay::{Fixture, Replayer, Secrets, make_fixture};
use spillway::store::{Archive, StoreOptions, TicketStore};
use spillway::ticket::TicketNumber;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const ABOUT: &str = "\
A fixture is a recorded call as a test: a folder with journal.jsonl, audio.wav and expected.toml.
`spillway replay --journal` runs it, on any machine that has the hotline.

Redacted, nothing is left in it of who called. The caller's number, names, addresses, and every word
that is not in the language pack become made-up ones, the same by the same throughout; each digit
becomes another. The caller's sound is made anew: a hum where there was voice, silence elsewhere, so
that turns begin and end where they did. What the bot said that repeats the caller becomes a tone.
The call is then run again on that, and the fixture holds what comes out; it is told whether it went
as the recorded call did. A fixture is for --journal: its sound is no speech, and engines are not
to be fed with it.";

/// Arguments of `spillway fixture`.
#[derive(clap::Args)]
#[command(long_about = ABOUT)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a recorded call into a test.
    ///
    /// The audit log notes that it was handed out.
    #[command(after_help = "\
Examples:
  spillway fixture new 17 --redact
  spillway replay --journal fixtures/calls")]
    New {
        /// The ticket's number.
        #[arg(value_name = "TICKET")]
        ticket: u64,
        /// Replace everything personal; there are no fixtures without.
        #[arg(long, required = true)]
        redact: bool,
        /// Where its folder is made.
        #[arg(long, value_name = "FOLDER", default_value = "fixtures/calls")]
        into: PathBuf,
    },
}

/// Runs it: 0 when the fixture goes as the call did, 1 when it was made and goes another way.
pub fn run(config: Option<&Path>, args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    let Action::New { ticket, into, .. } = args.action;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = TicketStore::open_existing(&StoreOptions::of(&config)?).await?;
        let fixture = make(&config, &store, TicketNumber(ticket)).await;
        store.close().await;
        let fixture = fixture?;
        let folder = write(&fixture, &into)?;
        let (how, code) = match fixture.differs_at {
            None => ("it goes as the call did".to_string(), ExitCode::SUCCESS),
            Some(at) => {
                let at = at.as_ms() as f64 / 1e3;
                let how = format!("from {at:.3} s on it goes another way than the call did");
                (how, ExitCode::from(1))
            }
        };
        super::print(&format!("{}: {how}\n", folder.display()))?;
        Ok(code)
    })
}

async fn make(
    config: &Config,
    store: &TicketStore,
    number: TicketNumber,
) -> anyhow::Result<Fixture> {
    let stored = store.get(number).await?;
    let stored = stored.with_context(|| format!("there is no ticket {number}"))?;
    if stored.ended_unix_ms.is_none() {
        bail!("the call of ticket {number} still runs; try again when it is over");
    }
    let files = Archive::of(config)?.call_files(&stored.ticket.call_id).await?;
    let secrets = Secrets::of(&stored.ticket, &stored.callback.corrections);
    let place = Replayer::new(config.clone(), None).place().await?;
    let reader = files.reader()?;
    let work = move |replayer: &Replayer| make_fixture(replayer, reader, &secrets);
    let fixture = place.run(work).await??;
    let by = "supervisor command line";
    store.handed_out(number, "fixture", by, Timestamp::now()).await?;
    Ok(fixture)
}

fn write(fixture: &Fixture, into: &Path) -> anyhow::Result<PathBuf> {
    let folder = into.join(&fixture.name);
    std::fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    for (file, bytes) in &fixture.files {
        let path = folder.join(file);
        std::fs::write(&path, bytes).with_context(|| format!("{}", path.display()))?;
    }
    Ok(folder)
}
