//! `spillway tickets export` and `import`: JSON lines whole, CSV for spreadsheets and paper lists.

use anyhow::{Context, bail, ensure};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde::Deserialize;
use spillway::config::Config;
use spillway::store::{StoredTicket, TicketLine, TicketStore};
use spillway::ticket::{
    Act, Actor, CallId, Callback, CallbackPolicy, Consent, Note, Policies, Priority, SlotRecord,
    SlotStatus, Standing, Ticket, TicketNumber, TicketStatus,
};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Tickets read or written at once.
const PAGE: u32 = 1_000;

/// How tickets stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a line, whole: what `show --json` prints, for moving to another database.
    Jsonl,
    /// A table with a header line, for spreadsheets.
    Csv,
}

impl Format {
    /// As asked for, or as the file is named; JSON lines otherwise.
    fn of(asked: Option<Format>, file: Option<&Path>) -> Format {
        let csv = file.and_then(Path::extension).is_some_and(|e| e.eq_ignore_ascii_case("csv"));
        asked.unwrap_or(if csv { Format::Csv } else { Format::Jsonl })
    }
}

/// Writes all tickets to a file, or to standard output.
pub async fn export(
    store: &TicketStore,
    policies: &Policies,
    args: &ExportArgs,
) -> anyhow::Result<()> {
    let out = args.out.as_deref();
    let format = Format::of(args.format, out);
    let sink: Box<dyn Write> = match out {
        Some(path) => Box::new(create(path)?),
        None => Box::new(std::io::stdout().lock()),
    };
    let mut sink = BufWriter::new(sink);
    let mut csv = csv::Writer::from_writer(Vec::new());
    let bar = counter("exported", out.is_some());
    let mut after = TicketNumber(0);
    loop {
        let page = store.page(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.number;
        for mut stored in page.iter().cloned() {
            let policy = policies.of(&stored.ticket.hotline);
            if args.redact {
                stored = stored.redacted(&policy.slots);
            }
            match format {
                Format::Jsonl => writeln!(sink, "{}", serde_json::to_string(&stored)?)?,
                Format::Csv => csv.serialize(TicketLine::new(&stored, policy))?,
            }
        }
        csv.flush()?;
        let written = csv.into_inner().map_err(|e| e.into_error())?;
        sink.write_all(&written)?;
        csv = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        bar.inc(page.len() as u64);
    }
    sink.flush()?;
    bar.finish_and_clear();
    Ok(())
}

/// A new file for its owner alone: it holds personal data.
fn create(path: &Path) -> anyhow::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let new = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    new.with_context(|| format!("{}: cannot be made; is it there already?", path.display()))
}

fn counter(done: &'static str, shown: bool) -> ProgressBar {
    if !shown {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {pos} {msg}, {per_sec}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::new_spinner().with_message(done).with_style(style)
}

/// Reads a file whole, checks each line, then adds its tickets; says what it did.
pub async fn import(
    store: &TicketStore,
    config: &Config,
    policies: &Policies,
    args: &ImportArgs,
) -> anyhow::Result<String> {
    let file = args.file.as_path();
    // As finely as the database keeps it.
    let now = Timestamp::from_millisecond(Timestamp::now().as_millisecond())?;
    let reader = BufReader::new(
        File::open(file).with_context(|| format!("{}: cannot be read", file.display()))?,
    );
    let tickets = match Format::of(args.format, Some(file)) {
        Format::Jsonl => read_jsonl(reader, file)?,
        Format::Csv => read_csv(reader, file, config, policies, now)?,
    };
    let by = Actor::Supervisor("import".into());
    let bar = counter("imported", true);
    let (mut added, mut known) = (0, 0);
    for batch in tickets.chunks(PAGE as usize) {
        let imported = store.import(batch, &by, now).await?;
        (added, known) = (added + imported.added, known + imported.known);
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    while store.seal(now).await? > 0 {}
    store.analyze().await?;
    Ok(format!("{}: {added} tickets added, {known} known already\n", store.name()))
}

fn read_jsonl(reader: impl BufRead, file: &Path) -> anyhow::Result<Vec<StoredTicket>> {
    let mut tickets = Vec::new();
    for (line, text) in (1..).zip(reader.lines()) {
        let at = || format!("{}: line {line}", file.display());
        let text = text.with_context(at)?;
        if !text.trim().is_empty() {
            tickets.push(serde_json::from_str(&text).with_context(at)?);
        }
    }
    Ok(tickets)
}

/// A row somebody wrote by hand: a list kept on paper, or another system's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    callback_number: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    address: String,
    #[serde(default)]
    need: String,
    #[serde(default)]
    hotline: String,
    #[serde(default)]
    language: String,
    #[serde(default)]
    priority: Option<Priority>,
    #[serde(default)]
    received_at: Option<Timestamp>,
    #[serde(default)]
    note: String,
}

fn read_csv(
    reader: impl BufRead,
    file: &Path,
    config: &Config,
    policies: &Policies,
    now: Timestamp,
) -> anyhow::Result<Vec<StoredTicket>> {
    let mut csv = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(reader);
    let mut tickets = Vec::new();
    for (line, row) in (2..).zip(csv.deserialize::<Written>()) {
        let at = || format!("{}: line {line}", file.display());
        let row = row.with_context(at)?;
        let hotline =
            if row.hotline.is_empty() { config.hotline.clone() } else { row.hotline.clone() };
        let policy = policies.of(&hotline);
        tickets.push(row.into_stored(hotline, policy, now).with_context(at)?);
    }
    Ok(tickets)
}

impl Written {
    /// When it was received; an error names the column that cannot be.
    fn checked(&self, now: Timestamp) -> anyhow::Result<Timestamp> {
        let digits = self.callback_number.strip_prefix('+').unwrap_or(&self.callback_number);
        ensure!(
            (3..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()),
            "callback_number: \"{}\" is no number; write 3 to 15 digits, with + in front of a \
             country's code",
            self.callback_number
        );
        let received_at = self.received_at.unwrap_or(now);
        if received_at > now {
            bail!("received_at: {received_at} is still to come");
        }
        Ok(received_at)
    }

    fn into_stored(
        self,
        hotline: String,
        policy: &CallbackPolicy,
        now: Timestamp,
    ) -> anyhow::Result<StoredTicket> {
        let received_at = self.checked(now)?;
        let slot = |name: &str, value: &str| SlotRecord {
            slot: name.to_string(),
            status: if value.is_empty() { SlotStatus::Empty } else { SlotStatus::Confirmed },
            value: value.to_string(),
            parts: vec![],
            heard: String::new(),
            confidence: 1.0,
            audio: vec![],
        };
        let mut need = slot(&policy.slots.need, &self.need);
        // Categories are written in capitals; other words stay as they are.
        if !self.need.is_empty() && self.need.chars().all(|c| c.is_ascii_uppercase() || c == '_') {
            need.parts = vec![("category".into(), self.need.clone())];
        }
        let priority = self.priority.unwrap_or(Priority::Normal);
        let ticket = Ticket {
            call_id: CallId(format!("import-{}", uuid::Uuid::new_v4())),
            revision: 1,
            hotline,
            language: self.language,
            caller_id: self.callback_number.clone(),
            callback_number: self.callback_number,
            consent: Consent::Unasked,
            priority,
            status: TicketStatus::Open,
            slots: vec![
                slot(&policy.slots.name, &self.name),
                slot(&policy.slots.address, &self.address),
                need,
            ],
            complete: !self.name.is_empty() && !self.address.is_empty() && !self.need.is_empty(),
            to_be_transcribed: false,
            message: vec![],
            rating: None,
            inquiry: None,
            facts: vec![],
        };
        let mut callback = Callback::new(Standing { priority, received_at });
        callback.apply(&Act::Receive, &Actor::Caller, policy, now)?;
        callback.route(policy.offices_of(&ticket, now));
        if !self.note.is_empty() {
            let by = Actor::Supervisor("import".into());
            callback.notes.push(Note { at: now, by, text: self.note });
        }
        Ok(StoredTicket {
            number: TicketNumber(0),
            created_unix_ms: received_at.as_millisecond(),
            updated_unix_ms: now.as_millisecond(),
            ended_unix_ms: None,
            hangup_cause: None,
            duration_ms: None,
            hold: None,
            files_gone_unix_ms: None,
            ticket,
            version: 1,
            callback,
        })
    }
}

/// Where a file is read from or written to.
#[derive(clap::Args)]
pub struct ExportArgs {
    /// The file to make; `.csv` makes a table [default: standard output].
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Overrides what the file's name says.
    #[arg(long)]
    pub format: Option<Format>,
    /// Leave out what names callers: numbers, names, addresses, what was said, notes and
    /// corrections. Of the need its category stays.
    #[arg(long)]
    pub redact: bool,
}

/// What is read.
#[derive(clap::Args)]
#[command(after_help = "\
JSON lines are taken as `tickets export` wrote them, numbers and all: so a queue moves from SQLite
to PostgreSQL. A ticket whose call or number is there already is left out, and counted: importing
twice does no harm.

A table has a header line with callback_number and any of name, address, need, hotline, language,
priority (normal, high, emergency), received_at (2026-01-31T08:00:00Z) and note. Each row becomes a
new ticket; importing it twice makes two. Nothing is added when one line is wrong.

Examples:
  spillway tickets export --out all.jsonl
  spillway --config postgres.toml tickets import all.jsonl
  spillway tickets import paper-list.csv")]
pub struct ImportArgs {
    /// The file.
    pub file: PathBuf,
    /// Overrides what the file's name says.
    #[arg(long)]
    pub format: Option<Format>,
}
