//! `spillway recordings`: what calls left, where it is kept, and how it goes.

use super::tickets::{local_time, table};
use anyhow::{Context, bail};
use clap::Subcommand;
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use spillway::config::Config;
use spillway::journal::{JOURNAL_FILE, RECORDING_FILE};
use spillway::replay::{Replayer, Secrets, redact_call};
use spillway::seal::SEALED;
use spillway::store::{
    Archive, ArchiveError, CustodyError, Due, ErasureGrounds, FileInfo, KeptFile, Removal,
    StoreOptions, StoredTicket, TicketStore,
};
use spillway::ticket::{Actor, CallId, TicketNumber};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Read at a time.
const PIECE_BYTES: u64 = 1 << 20;

const ABOUT: &str = "\
Of each call a recording (audio.wav: left the caller, right the bot) and a journal (journal.jsonl:
every input and output) are left. They are written to data_dir while the call runs, encrypted when
a key is configured, and afterwards moved to the place that [recordings] of the configuration names:
another directory, or an S3 bucket. They stay there for recordings.keep_days; `spillway serve` looks
each hour, and removes what is older unless its ticket is under legal hold or its case still open.

Whatever these commands change stands in the audit log (`spillway audit list`), and so does whom a
recording was handed to.";

const EXIT: &str = "\
Exit status: 0 done; 1 refused (legal hold, a call that still runs) or not everything could be
removed: run it again; 2 it could not be tried.";

/// Arguments of `spillway recordings`.
#[derive(clap::Args)]
#[command(long_about = ABOUT, after_long_help = EXIT)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List what is kept, call by call.
    #[command(after_help = "\
TICKET is - where a call left none. HOLD gives the reason of a legal hold. Files of calls that still
run, or that wait in data_dir for a place out of reach, are not listed.

Examples:
  spillway recordings list
  spillway recordings list --json | jq 'map(.bytes) | add'")]
    List {
        /// Print JSON: a list of {call, ticket, ended_unix_ms, files, bytes, encrypted, hold}.
        #[arg(long)]
        json: bool,
    },
    /// Write a call's recording and journal, decrypted, into a folder.
    ///
    /// The files are made for their owner alone (0600). The audit log notes that they were handed
    /// out, and whether redacted.
    #[command(after_help = "\
With --redact there is audio.wav and transcript.txt, and no journal. The bot's read-backs, and what
the caller said of name, address and number, are a tone, and [name], [address] or [number] in the
transcript. So is every turn in doubt: badly heard, or with words that no language pack has
([withheld]). What was no turn is silent. The rest stays speech; so a voice can still be known.
Listen before you pass it on: a name that was misheard for everyday words stays.

Examples:
  spillway recordings get 17 --to case-17
  spillway recordings get 17 --to for-the-press --redact
  ffplay case-17/audio.wav")]
    Get {
        /// The ticket's number.
        ticket: u64,
        /// The folder; it is made where it is not there.
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
        /// Take out what names the caller, of words and sound.
        #[arg(long)]
        redact: bool,
    },
    /// Remove what is older than recordings.keep_days now.
    ///
    /// `spillway serve` does the same each hour. What stays longer: recordings under legal hold,
    /// and those whose case is not closed, because somebody still has to listen to them.
    #[command(after_help = "\
Examples:
  spillway recordings purge --dry-run
  spillway recordings purge --json", after_long_help = EXIT)]
    Purge {
        /// Print what would be removed, and remove nothing.
        #[arg(long)]
        dry_run: bool,
        /// Print JSON: {dry_run, calls, stay, failed}.
        #[arg(long)]
        json: bool,
    },
    /// Put a ticket under legal hold: nothing of its calls is purged or erased.
    ///
    /// The hold covers the ticket, its recording and journal, and the repeat calls merged into it.
    #[command(after_help = "\
Examples:
  spillway recordings hold 17 --reason 'court file 12 Ca 345/26'", after_long_help = EXIT)]
    Hold {
        /// The ticket's number.
        ticket: u64,
        /// Why, in a few words without personal data; it stands on the ticket.
        #[arg(long)]
        reason: String,
    },
    /// End a ticket's legal hold.
    Release {
        /// The ticket's number.
        ticket: u64,
    },
    /// Erase all that is known of a caller, at their request (GDPR, article 17).
    ///
    /// Recordings and journals of all calls of this number are removed, here and in the archive,
    /// and their tickets lose caller id, call-back number, names, addresses, what was said, notes
    /// and corrections. What stays of a ticket counts calls and names nobody: number, times,
    /// hotline, language, category of the need, office, disposition. Tickets that still wait for a
    /// callback are withdrawn: nobody could ring.
    ///
    /// Refused as a whole while one of the tickets is under legal hold or its call still runs. Your
    /// backups keep what they hold until they are overwritten.
    #[command(after_help = "\
Examples:
  spillway recordings erase --number +84901234567 --dry-run
  spillway recordings erase --number +84901234567", after_long_help = EXIT)]
    Erase {
        /// The caller's number with its country code. Tickets that kept it without are found too.
        #[arg(long, value_name = "+NUMBER", allow_hyphen_values = true)]
        number: String,
        /// Print whose tickets would be erased, and erase nothing.
        #[arg(long)]
        dry_run: bool,
        /// Print JSON: {dry_run, tickets, calls, failed}.
        #[arg(long)]
        json: bool,
    },
}

/// What is kept of one call.
#[derive(Serialize)]
struct Listed {
    call: CallId,
    /// Null where the call left none.
    ticket: Option<TicketNumber>,
    /// Null where the ticket does not say.
    ended_unix_ms: Option<i64>,
    files: Vec<String>,
    bytes: u64,
    encrypted: bool,
    hold: Option<String>,
}

/// What a purge or an erasure came to.
#[derive(Serialize)]
struct Gone {
    dry_run: bool,
    /// Only of an erasure.
    #[serde(skip_serializing_if = "Option::is_none")]
    tickets: Option<Vec<TicketNumber>>,
    /// Calls whose files are gone, or would go.
    calls: Vec<CallId>,
    /// Only of a purge: calls whose time is over and that stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    stay: Option<u64>,
    /// Calls some of whose files are still there, and why.
    failed: Vec<(CallId, String)>,
}

/// Where things are.
struct House {
    store: TicketStore,
    archive: Archive,
    config: Config,
    by: Actor,
}

/// Runs it.
pub fn run(config: Option<&Path>, args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let archive = Archive::of(&config)?;
        let house = House {
            store: TicketStore::open_existing(&StoreOptions::of(&config)?).await?,
            archive,
            config,
            by: Actor::Supervisor("command line".into()),
        };
        let result = house.answer(args.action).await;
        house.store.close().await;
        result
    })
}

impl House {
    async fn answer(&self, action: Action) -> anyhow::Result<ExitCode> {
        match action {
            Action::List { json } => self.list(json).await,
            Action::Get { ticket, to, redact } => {
                let stored = self.store.get(TicketNumber(ticket)).await?;
                let stored = stored.with_context(|| format!("there is no ticket {ticket}"))?;
                std::fs::create_dir_all(&to).with_context(|| format!("{}", to.display()))?;
                let written = match redact {
                    true => self.get_redacted(&stored, &to).await?,
                    false => self.get(&stored, &to).await?,
                };
                if written.is_empty() {
                    bail!(
                        "ticket {ticket}: its call has no files: they were declined, purged or \
                         erased"
                    );
                }
                super::print(&written.concat())?;
                Ok(ExitCode::SUCCESS)
            }
            Action::Purge { dry_run, json } => self.purge(dry_run, json).await,
            Action::Hold { ticket, reason } => {
                let ticket = TicketNumber(ticket);
                let held = self.store.hold(ticket, &reason, &self.by, Timestamp::now()).await;
                told(held.map(|stored| held_text(&stored)))
            }
            Action::Release { ticket } => {
                let ticket = TicketNumber(ticket);
                let released = self.store.release(ticket, &self.by, Timestamp::now()).await;
                told(released.map(|_| format!("ticket {ticket} is under no legal hold\n")))
            }
            Action::Erase { number, dry_run, json } => self.erase(&number, dry_run, json).await,
        }
    }

    async fn list(&self, json: bool) -> anyhow::Result<ExitCode> {
        let mut calls: BTreeMap<CallId, Vec<FileInfo>> = BTreeMap::new();
        for file in self.archive.list().await? {
            calls.entry(file.call.clone()).or_default().push(file);
        }
        let mut listed = Vec::new();
        for (call, files) in calls {
            let stored = self.store.by_call(&call).await?;
            listed.push(Listed {
                call,
                ticket: stored.as_ref().map(|s| s.number),
                ended_unix_ms: stored.as_ref().and_then(|s| s.ended_unix_ms),
                bytes: files.iter().map(|f| f.bytes).sum(),
                encrypted: files.iter().all(|f| f.file.ends_with(SEALED)),
                files: files.into_iter().map(|f| f.file).collect(),
                hold: stored.and_then(|s| s.hold),
            });
        }
        listed.sort_by_key(|l| (l.ended_unix_ms, l.ticket));
        let text = match (json, listed.is_empty()) {
            (true, _) => serde_json::to_string_pretty(&listed)? + "\n",
            (false, true) => format!("nothing is kept in {}\n", self.archive.name()),
            (false, false) => format!("{}\n{}", self.archive.name(), list_text(&listed)?),
        };
        super::print(&text)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Writes the files as they are; one line for each.
    async fn get(&self, stored: &StoredTicket, to: &Path) -> anyhow::Result<Vec<String>> {
        let mut written = Vec::new();
        for file in [RECORDING_FILE, JOURNAL_FILE] {
            match self.archive.open_file(&stored.ticket.call_id, file).await {
                Ok(kept) => {
                    let by = self.by.to_string();
                    self.store.handed_out(stored.number, file, &by, Timestamp::now()).await?;
                    let path = to.join(file);
                    write_out(&kept, &path).await?;
                    written.push(format!("{}\n", path.display()));
                }
                Err(ArchiveError::Missing { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(written)
    }

    /// The same without what names the caller.
    async fn get_redacted(&self, stored: &StoredTicket, to: &Path) -> anyhow::Result<Vec<String>> {
        let number = stored.number;
        if stored.ended_unix_ms.is_none() {
            bail!("the call of ticket {number} still runs; try again when it is over");
        }
        let files = match self.archive.call_files(&stored.ticket.call_id).await {
            Err(ArchiveError::Missing { .. }) => return Ok(vec![]),
            files => files?,
        };
        let secrets = Secrets::of(&stored.ticket, &stored.callback.corrections);
        let place = Replayer::new(self.config.clone(), None).place().await?;
        let reader = files.reader()?;
        let made = place.run(move |replayer| redact_call(replayer, reader, &secrets)).await??;
        let mut written = Vec::new();
        for (file, bytes) in made.files {
            let (what, by) = (format!("{file}, redacted"), self.by.to_string());
            self.store.handed_out(number, &what, &by, Timestamp::now()).await?;
            let path = to.join(file);
            created(&path)?.write_all(&bytes)?;
            written.push(format!("{}\n", path.display()));
        }
        Ok(written)
    }

    async fn purge(&self, dry_run: bool, json: bool) -> anyhow::Result<ExitCode> {
        let now = Timestamp::now();
        let gone = match dry_run {
            true => {
                let (due, stay) = self
                    .store
                    .purgeable(&self.archive, now, self.config.recordings.keep_days)
                    .await?;
                let calls = due.into_iter().map(|Due { call, .. }| call).collect();
                Gone { dry_run, tickets: None, calls, stay: Some(stay), failed: vec![] }
            }
            false => {
                let purged =
                    self.store.purge(&self.archive, now, self.config.recordings.keep_days).await?;
                let (calls, failed) = fared(purged.removal);
                Gone { dry_run, tickets: None, calls, stay: Some(purged.stay), failed }
            }
        };
        let days = self.config.recordings.keep_days;
        gone.print(json, &format!("older than {days} days, in {}", self.archive.name()))
    }

    async fn erase(&self, number: &str, dry_run: bool, json: bool) -> anyhow::Result<ExitCode> {
        let found = self.store.of_caller(number).await?;
        let found = found.with_context(|| {
            format!("{number}: is no telephone number; write it with its country code, +84...")
        })?;
        let numbers: Vec<TicketNumber> = found.iter().map(|s| s.number).collect();
        let gone = match dry_run {
            true => {
                let calls = found.into_iter().map(|s| s.ticket.call_id).collect();
                let tickets = Some(numbers);
                Gone { dry_run, tickets, calls, stay: None, failed: vec![] }
            }
            false => {
                let (now, grounds) = (Timestamp::now(), ErasureGrounds::default());
                match self.store.erase(&self.archive, &numbers, &grounds, &self.by, now).await {
                    Ok(erased) => {
                        let (calls, failed) = fared(erased.removal);
                        let tickets = Some(erased.tickets);
                        Gone { dry_run, tickets, calls, stay: None, failed }
                    }
                    Err(refused) => return told(Err(refused)),
                }
            }
        };
        gone.print(json, "of this caller")
    }
}

/// A new file for its owner alone: it holds personal data.
fn created(path: &Path) -> anyhow::Result<File> {
    let new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    new.with_context(|| format!("{}: cannot be made; is it there already?", path.display()))
}

/// Into a new file.
async fn write_out(kept: &KeptFile, path: &Path) -> anyhow::Result<()> {
    let mut out = created(path)?;
    let mut at = 0;
    while at < kept.bytes() {
        out.write_all(&kept.read_range(at..at + PIECE_BYTES).await?)?;
        at += PIECE_BYTES;
    }
    Ok(())
}

fn fared(removal: Removal) -> (Vec<CallId>, Vec<(CallId, String)>) {
    let calls = removal.removed.into_iter().map(|r| r.call).collect();
    let failed = removal.failed.into_iter().map(|(call, e)| (call, e.to_string())).collect();
    (calls, failed)
}

impl Gone {
    fn print(&self, json: bool, what: &str) -> anyhow::Result<ExitCode> {
        let mut text = String::new();
        if json {
            text = serde_json::to_string_pretty(self)? + "\n";
        } else {
            let done = if self.dry_run { "would be removed" } else { "removed" };
            let calls = self.calls.len();
            text += &format!("recordings and journals {what}: {done} of {calls} calls\n");
            if let Some(tickets) = &self.tickets {
                let numbers: Vec<String> = tickets.iter().map(TicketNumber::to_string).collect();
                let done = if self.dry_run { "would be emptied" } else { "emptied" };
                let numbers = if numbers.is_empty() { "none".into() } else { numbers.join(", ") };
                text += &format!("tickets {done}: {numbers}\n");
            }
            if let Some(stay @ 1..) = self.stay {
                text += &format!("{stay} stay: legal hold, or a case not yet closed\n");
            }
            for (call, error) in &self.failed {
                text += &format!("not removed: call {call}: {error}\n");
            }
        }
        super::print(&text)?;
        Ok(if self.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}

/// Prints what was done; what was refused is told, and no failure of the program's.
fn told(done: Result<String, CustodyError>) -> anyhow::Result<ExitCode> {
    match done {
        Ok(text) => {
            super::print(&text)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(CustodyError::Store(e)) => Err(e.into()),
        Err(refused) => {
            eprintln!("spillway: {refused}");
            Ok(ExitCode::from(1))
        }
    }
}

fn held_text(stored: &StoredTicket) -> String {
    let number = stored.number;
    match stored.files_gone_unix_ms {
        None => format!("ticket {number} is under legal hold\n"),
        Some(_) => format!(
            "ticket {number} is under legal hold; its recording and journal were removed before\n"
        ),
    }
}

fn list_text(listed: &[Listed]) -> anyhow::Result<String> {
    let head = ["ENDED", "TICKET", "CALL", "SIZE", "ENCRYPTED", "HOLD"];
    let mut rows = vec![head.map(String::from).to_vec()];
    for call in listed {
        let ended = call.ended_unix_ms.map(|ms| local_time(ms, &TimeZone::system())).transpose()?;
        let dash = || "-".to_string();
        rows.push(vec![
            ended.unwrap_or_else(dash),
            call.ticket.map_or_else(dash, |n| n.to_string()),
            call.call.to_string(),
            format!("{:.1} MB", call.bytes as f64 / 1e6),
            if call.encrypted { "yes" } else { "no" }.into(),
            call.hold.clone().unwrap_or_else(dash),
        ]);
    }
    Ok(table(&rows, ""))
}
