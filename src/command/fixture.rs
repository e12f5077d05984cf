//! `spillway fixture`: recorded calls made into tests.

use anyhow::{Context, bail};
use clap::Subcommand;
use jiff::Timestamp;
use spillway::config::Config;
use spillway::journal::Reader;
use spillway::replay::{CallTruth, Fixture, Replayer, Secrets, make_fixture};
use spillway::seal::Keys;
use spillway::store::{Archive, StoreOptions, StoredTicket, TicketStore};
use spillway::ticket::{CallId, TicketNumber};
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
    /// The audit log notes that it was handed out, where the call is named by its ticket or its id.
    #[command(after_help = "\
A folder needs no database: what its slots should have come to is read from an expected.toml in it,
and encrypted files with the configuration's keys.

Examples:
  spillway fixture new 17 --redact
  spillway fixture new var/calls/0b6f0d5e-6a51-4f0c-9d0e-0c4f0d2b9a11 --redact
  spillway replay --journal fixtures/calls")]
    New {
        /// A ticket's number, a call's id, or a call's folder (one named as a number is written
        /// ./17).
        #[arg(value_name = "CALL")]
        call: String,
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
    let Action::New { call, into, .. } = args.action;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let folder = Path::new(&call);
        let fixture = match call.parse::<u64>().is_err() && folder.exists() {
            true => of_folder(&config, folder).await?,
            false => of_archive(&config, &call).await?,
        };
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

async fn of_folder(config: &Config, folder: &Path) -> anyhow::Result<Fixture> {
    let keys = Keys::of(&config.recordings)?;
    let open = || Reader::open(folder, keys.as_ref());
    let beside = if folder.is_dir() { folder } else { folder.parent().unwrap_or(folder) };
    let truth = CallTruth::in_folder(beside).map_err(anyhow::Error::msg)?;
    let secrets = Secrets::in_journal(open()?, &truth)?;
    make(config, open()?, secrets).await
}

async fn of_archive(config: &Config, call: &str) -> anyhow::Result<Fixture> {
    let store = TicketStore::open_existing(&StoreOptions::of(config)?).await?;
    let fixture = of_store(config, &store, call).await;
    store.close().await;
    fixture
}

async fn of_store(config: &Config, store: &TicketStore, call: &str) -> anyhow::Result<Fixture> {
    let stored = find(store, call).await?;
    let number = stored.number;
    if stored.ended_unix_ms.is_none() {
        bail!("the call of ticket {number} still runs; try again when it is over");
    }
    let files = Archive::of(config)?.call_files(&stored.ticket.call_id).await?;
    let secrets = Secrets::of(&stored.ticket, &stored.callback.corrections);
    let fixture = make(config, files.reader()?, secrets).await?;
    let by = "supervisor command line";
    store.handed_out(number, "fixture", by, Timestamp::now()).await?;
    Ok(fixture)
}

async fn find(store: &TicketStore, call: &str) -> anyhow::Result<StoredTicket> {
    match call.parse() {
        Ok(number) => {
            let stored = store.get(TicketNumber(number)).await?;
            stored.with_context(|| format!("there is no ticket {number}"))
        }
        Err(_) => store.by_call(&CallId(call.into())).await?.with_context(|| {
            format!("{call}: there is no such folder, and no ticket of a call with this id")
        }),
    }
}

async fn make(config: &Config, reader: Reader, secrets: Secrets) -> anyhow::Result<Fixture> {
    let place = Replayer::new(config.clone(), None).place().await?;
    let work = move |replayer: &Replayer| make_fixture(replayer, reader, &secrets);
    Ok(place.run(work).await??)
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
