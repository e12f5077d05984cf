//! `spillway tickets`: the queue, for people (aligned text) and programs (`--json`).

use anyhow::Context;
use clap::Subcommand;
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use spillway::config::{Config, RecordingsConfig};
use spillway::speech::SpeechSegment;
use spillway::store::{Order, StoreOptions, StoredTicket, TicketFilter, TicketStore, recording_of};
use spillway::ticket::{
    Callback, Consent, Policies, Priority, SlotRecord, SlotStatus, Stage, Ticket, TicketNumber,
};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use unicode_width::UnicodeWidthStr;

mod exchange;

/// Columns of the widest cell in a list.
const SUMMARY_COLUMNS_MAX: usize = 60;

/// Arguments of `spillway tickets`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List tickets, newest first.
    List {
        /// Only those at this stage.
        #[arg(long, value_parser = Stage::NAMES)]
        stage: Option<String>,
        /// Only this hotline's.
        #[arg(long)]
        hotline: Option<String>,
        /// Only numbers below this one: the next page.
        #[arg(long, value_name = "NUMBER")]
        before: Option<u64>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// Print JSON: a list of what `show --json` prints.
        #[arg(long)]
        json: bool,
    },
    /// Write all tickets to a file: JSON lines, or CSV.
    Export(exchange::ExportArgs),
    /// Add tickets from a file: what `export` wrote, or a table made by hand.
    Import(exchange::ImportArgs),
    /// Show one ticket whole.
    Show {
        /// The ticket's number.
        number: u64,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// A ticket as `--json` prints it.
#[derive(Serialize)]
struct Printed {
    #[serde(flatten)]
    stored: StoredTicket,
    /// Path of the recording; null when there is none, or when it is kept in a bucket.
    recording: Option<PathBuf>,
    /// The bucket where recordings of ended calls are.
    #[serde(skip)]
    bucket: Option<String>,
}

impl Printed {
    fn new(stored: StoredTicket, config: &Config) -> Printed {
        let RecordingsConfig { directory, s3, .. } = &config.recordings;
        let places = [Some(&config.data_dir), directory.as_ref()].into_iter().flatten();
        let call = &stored.ticket.call_id;
        let recording = { places }.find_map(|place| recording_of(place, call));
        Printed { recording, bucket: s3.as_ref().map(|s3| s3.bucket.clone()), stored }
    }

    /// Where the recording is, or why there is none.
    fn recording_words(&self, zone: &TimeZone) -> anyhow::Result<String> {
        let StoredTicket { ticket, ended_unix_ms, files_gone_unix_ms, .. } = &self.stored;
        Ok(match (&self.recording, files_gone_unix_ms, &self.bucket) {
            (Some(path), ..) => path.display().to_string(),
            _ if ticket.consent == Consent::Declined => "none, as the caller wished".into(),
            (None, Some(gone), _) => format!("removed {}", local_time(*gone, zone)?),
            (None, None, Some(bucket)) if ended_unix_ms.is_some() => {
                let number = self.stored.number;
                format!("bucket {bucket}: spillway recordings get {number} --to FOLDER")
            }
            (None, None, _) => "none".into(),
        })
    }
}

/// A ticket as `spillway tickets show` prints it.
pub fn ticket_text(stored: StoredTicket, config: &Config) -> anyhow::Result<String> {
    show_text(&Printed::new(stored, config), &TimeZone::system())
}

/// Runs it.
pub fn run(config: Option<&Path>, args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let options = StoreOptions::of(&config)?;
        let store = TicketStore::open_existing(&options).await?;
        let result = answer(&store, &config, &options.policies, args.action).await;
        store.close().await;
        result
    })
}

async fn answer(
    store: &TicketStore,
    config: &Config,
    policies: &Policies,
    action: Action,
) -> anyhow::Result<ExitCode> {
    let printed = |stored| Printed::new(stored, config);
    match action {
        Action::Export(args) => exchange::export(store, policies, &args).await?,
        Action::Import(args) => {
            super::print(&exchange::import(store, config, policies, &args).await?)?;
        }
        Action::List { stage, hotline, before, limit, json } => {
            let filter = TicketFilter {
                stages: stage.into_iter().collect(),
                hotlines: hotline.map(|name| vec![name]),
                order: Order::Newest { before: before.map(TicketNumber) },
                limit,
                ..TicketFilter::default()
            };
            let tickets = store.list(&filter).await?;
            let text = if json {
                let tickets: Vec<Printed> = tickets.into_iter().map(printed).collect();
                serde_json::to_string_pretty(&tickets)? + "\n"
            } else if tickets.is_empty() {
                format!("no such tickets in {}\n", store.name())
            } else {
                list_text(&tickets, &TimeZone::system())?
            };
            super::print(&text)?;
        }
        Action::Show { number, json } => {
            let name = store.name();
            let ticket = store.get(TicketNumber(number)).await?.with_context(|| {
                format!("{name}: there is no ticket {number}; `spillway tickets list` shows all")
            })?;
            let text = if json {
                serde_json::to_string_pretty(&printed(ticket))? + "\n"
            } else {
                show_text(&printed(ticket), &TimeZone::system())?
            };
            super::print(&text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list_text(tickets: &[StoredTicket], zone: &TimeZone) -> anyhow::Result<String> {
    let head = ["NO", "RECEIVED", "STAGE", "PRIORITY", "HOTLINE", "CALL BACK", "FORM", "CALLER"];
    let mut rows = vec![head.map(String::from).to_vec()];
    for stored in tickets {
        let ticket = &stored.ticket;
        let said: Vec<&str> =
            ticket.slots.iter().map(|s| s.value.as_str()).filter(|v| !v.is_empty()).collect();
        rows.push(vec![
            stored.number.to_string(),
            local_time(stored.created_unix_ms, zone)?,
            stage_words(&stored.callback.stage),
            priority_words(stored.callback.priority()).into(),
            ticket.hotline.clone(),
            or_dash(&ticket.callback_number),
            form_words(ticket).into(),
            shortened(&said.join(" · ")),
        ]);
    }
    Ok(table(&rows, ""))
}

fn show_text(printed: &Printed, zone: &TimeZone) -> anyhow::Result<String> {
    let (stored, ticket) = (&printed.stored, &printed.stored.ticket);
    let mut text = format!(
        "Ticket {}: {}, {} priority, {}\n\n",
        stored.number,
        stage_words(&stored.callback.stage),
        priority_words(stored.callback.priority()),
        form_words(ticket)
    );
    let call = match (stored.duration_ms, stored.hangup_cause) {
        (Some(ms), Some(cause)) => format!("{} long, {cause}", clock(ms)),
        (Some(ms), None) => format!("{} long, cut off when spillway was stopped", clock(ms)),
        (None, _) if stored.callback.stage == Stage::Taking => "still running".into(),
        (None, _) => "none".into(),
    };
    let hotline = match ticket.language.as_str() {
        "" => ticket.hotline.clone(),
        language => format!("{} ({language})", ticket.hotline),
    };
    let mut rows = callback_rows(&stored.callback, zone);
    rows.extend([
        vec!["received".into(), local_time(stored.created_unix_ms, zone)?],
        vec!["changed".into(), local_time(stored.updated_unix_ms, zone)?],
        vec!["call".into(), call],
        vec!["call id".into(), ticket.call_id.to_string()],
        vec!["hotline".into(), hotline],
        vec!["caller id".into(), or_dash(&ticket.caller_id)],
        vec!["call back".into(), or_dash(&ticket.callback_number)],
        vec!["consent".into(), consent_words(ticket.consent).into()],
        vec!["recording".into(), printed.recording_words(zone)?],
    ]);
    if let Some(reason) = &stored.hold {
        rows.push(vec!["legal hold".into(), reason.clone()]);
    }
    if let Some(rating) = ticket.rating {
        rows.push(vec!["rating".into(), format!("{rating} of 5")]);
    }
    if !ticket.message.is_empty() {
        rows.push(vec!["message".into(), spans(&ticket.message)]);
    }
    for (name, value) in &ticket.facts {
        rows.push(vec![name.clone(), value.clone()]);
    }
    text += &table(&rows, "  ");
    text.push('\n');
    let head = ["SLOT", "STATUS", "SURE", "VALUE", "HEARD", "AUDIO"];
    let mut rows = vec![head.map(String::from).to_vec()];
    for slot in &ticket.slots {
        slot_rows(slot, &mut rows);
    }
    write!(text, "{}", table(&rows, "  "))?;
    Ok(text)
}

/// What became of the ticket since its call; nothing while nothing did.
fn callback_rows(callback: &Callback, zone: &TimeZone) -> Vec<Vec<String>> {
    let time = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let mut rows = Vec::new();
    let mut row = |name: &str, value: String| rows.push(vec![name.to_string(), value]);
    match &callback.stage {
        Stage::Claimed(lease) | Stage::Calling(lease) => {
            row("held by", format!("{} until {}", lease.by, time(lease.until)));
        }
        Stage::Scheduled { at } => row("call at", time(*at)),
        Stage::Done { disposition } => row("done", disposition.clone()),
        Stage::Merged { into, .. } => row("merged", format!("into ticket {into}")),
        _ => {}
    }
    match (&callback.office, callback.offices.as_slice()) {
        (Some(office), _) => row("office", office.clone()),
        (None, []) => {}
        (None, offices) => row("office", format!("to be decided: {}", offices.join(", "))),
    }
    if !callback.repeats.is_empty() {
        let calls: Vec<String> = callback.repeats.iter().map(|(n, _)| n.to_string()).collect();
        row("calls again", format!("tickets {}", calls.join(", ")));
    }
    for attempt in &callback.attempts {
        row("rung", format!("{} by {}", time(attempt.at), attempt.by));
    }
    for note in &callback.notes {
        row("note", format!("{} {}: {}", time(note.at), note.by, note.text));
    }
    for correction in &callback.corrections {
        row("corrected", format!("{}: {}", correction.slot, correction.value));
    }
    rows
}

fn slot_rows(slot: &SlotRecord, rows: &mut Vec<Vec<String>>) {
    let sure = match slot.status {
        SlotStatus::Empty => "-".into(),
        _ => format!("{:.0} %", slot.confidence * 100.0),
    };
    rows.push(vec![
        slot.slot.clone(),
        slot_words(slot.status).into(),
        sure,
        or_dash(&slot.value),
        or_dash(&slot.heard),
        spans(&slot.audio),
    ]);
    for (name, value) in &slot.parts {
        let mut row = vec![String::new(); 3];
        row.push(format!("  {name}: {value}"));
        rows.push(row);
    }
}

fn stage_words(stage: &Stage) -> String {
    stage.name().replace('_', " ")
}

fn priority_words(priority: Priority) -> &'static str {
    match priority {
        Priority::Normal => "normal",
        Priority::High => "high",
        Priority::Emergency => "EMERGENCY",
    }
}

fn consent_words(consent: Consent) -> &'static str {
    match consent {
        Consent::Unasked => "not answered",
        Consent::Given => "given",
        Consent::Declined => "declined",
    }
}

fn slot_words(status: SlotStatus) -> &'static str {
    match status {
        SlotStatus::Empty => "empty",
        SlotStatus::Heard => "heard",
        SlotStatus::Confirmed => "confirmed",
        SlotStatus::OperatorToComplete => "to complete",
    }
}

fn form_words(ticket: &Ticket) -> &'static str {
    match (ticket.to_be_transcribed, ticket.complete) {
        (true, _) => "to be transcribed",
        (false, true) => "complete",
        (false, false) => "partial",
    }
}

/// Date and time of day in `zone`.
pub fn local_time(unix_ms: i64, zone: &TimeZone) -> anyhow::Result<String> {
    let time = Timestamp::from_millisecond(unix_ms).context("a time in the database")?;
    Ok(time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// Minutes and seconds, with tenths.
fn clock(ms: u64) -> String {
    format!("{}:{:04.1}", ms / 60_000, (ms % 60_000) as f64 / 1e3)
}

/// Where in the recording, for a player.
fn spans(segments: &[SpeechSegment]) -> String {
    let span = |s: &SpeechSegment| format!("{}-{}", clock(s.start.as_ms()), clock(s.end.as_ms()));
    or_dash(&segments.iter().map(span).collect::<Vec<_>>().join(", "))
}

pub(super) fn or_dash(text: &str) -> String {
    if text.is_empty() { "-".into() } else { text.into() }
}

fn shortened(text: &str) -> String {
    if text.width() <= SUMMARY_COLUMNS_MAX {
        return or_dash(text);
    }
    let mut short = String::new();
    for c in text.chars() {
        if short.width() + 2 > SUMMARY_COLUMNS_MAX {
            break;
        }
        short.push(c);
    }
    short + "…"
}

/// Rows as aligned columns, two spaces apart. What callers and networks sent may hold control
/// characters; none of them reaches the terminal.
pub fn table(rows: &[Vec<String>], indent: &str) -> String {
    let clean = |cell: &String| cell.replace(|c: char| c.is_control(), "\u{fffd}");
    let rows: Vec<Vec<String>> = rows.iter().map(|r| r.iter().map(clean).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column| rows.iter().filter_map(|r| r.get(column)).map(|c: &String| c.width()).max();
    let widths: Vec<usize> = (0..columns).map(|c| width(c).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::from(indent);
        for (cell, width) in row.iter().zip(&widths) {
            line += cell;
            line += &" ".repeat(width - cell.width() + 2);
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}
