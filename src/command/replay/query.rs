//! Which of the ticket store's calls are replayed.

use anyhow::{Context, ensure};
use jiff::{Span, Timestamp, Zoned};
use spillway::config::Config;
use spillway::replay::{Job, ReplayError};
use spillway::store::{Archive, ReviewFilter, StoreOptions, StoredTicket, TicketStore};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::Handle;

/// Calls read at once of the store.
const PAGE: u32 = 500;

/// Ended calls of the ticket store, newest first; their truth is what operators put on the ticket
/// and reviewers wrote down. The audit log notes each.
#[derive(clap::Args)]
#[group(id = "query", multiple = true)]
pub struct Query {
    /// Calls answered since then: an age (7d, 12h), a day (2026-11-01) or a moment (RFC 3339).
    #[arg(long, value_name = "WHEN", value_parser = when)]
    since: Option<Timestamp>,
    /// Calls answered before then.
    #[arg(long, value_name = "WHEN", value_parser = when)]
    until: Option<Timestamp>,
    /// Calls of this hotline.
    #[arg(long, value_name = "NAME")]
    hotline: Option<String>,
    /// Calls in this language (ISO 639-1).
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
    /// Calls with a slot that an operator put right: this one, or any.
    #[arg(long, value_name = "SLOT", num_args = 0..=1, default_missing_value = "any")]
    corrected: Option<String>,
    /// Calls that reviewers marked.
    #[arg(long)]
    marked: bool,
    /// Calls that reviewers looked at.
    #[arg(long)]
    reviewed: bool,
    /// At most so many, the newest.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

impl Query {
    /// Only calls of this hotline.
    pub fn hotline(&self) -> Option<&str> {
        self.hotline.as_deref()
    }

    /// It asks for what only the ticket store knows.
    pub fn needs_store(&self) -> bool {
        let times = self.since.is_some() || self.until.is_some();
        let judged = self.corrected.is_some() || self.marked || self.reviewed;
        times || judged || self.language.is_some() || self.limit.is_some()
    }

    /// The calls; those whose files are gone are left out, and said.
    pub async fn jobs(&self, config: &Config) -> anyhow::Result<Vec<Job>> {
        let store = TicketStore::open_existing(&StoreOptions::of(config)?).await?;
        let archive = Archive::of(config)?;
        let mut jobs = Vec::new();
        let (mut before, mut gone) = (None, 0);
        let most = self.limit.unwrap_or(usize::MAX);
        'all: loop {
            let page = store.ended_calls(&self.filter(before)).await?;
            let numbers: Vec<_> = page.iter().map(|stored| stored.number).collect();
            let reviews = store.reviews(&numbers).await?;
            for stored in &page {
                if jobs.len() >= most {
                    break 'all;
                }
                let wanted = self.corrected.as_deref().map(|s| (s != "any").then_some(s));
                if wanted.is_some_and(|slot| !stored.is_corrected(slot)) {
                    continue;
                }
                if stored.files_gone_unix_ms.is_some() {
                    gone += 1;
                    continue;
                }
                let review = reviews.iter().find(|(number, _)| *number == stored.number);
                let review = review.map(|(_, review)| review.clone()).unwrap_or_default();
                jobs.push(job(stored, stored.truth(&review), &archive));
                let by = "supervisor command line";
                store.handed_out(stored.number, "replay", by, Timestamp::now()).await?;
            }
            before = numbers.last().copied();
            if page.len() < PAGE as usize {
                break;
            }
        }
        store.close().await;
        if gone > 0 {
            eprintln!("{gone} calls are left out: their files were removed");
        }
        ensure!(!jobs.is_empty(), "no ended call is asked for; see `spillway tickets list`");
        Ok(jobs)
    }

    fn filter(&self, before: Option<spillway::ticket::TicketNumber>) -> ReviewFilter {
        ReviewFilter {
            hotlines: self.hotline.clone().map(|name| vec![name]),
            language: self.language.clone(),
            since: self.since,
            until: self.until,
            corrected: self.corrected.is_some(),
            marked: self.marked.then_some(true),
            reviewed: self.reviewed.then_some(true),
            before,
            limit: PAGE,
        }
    }
}

fn job(stored: &StoredTicket, truth: spillway::replay::CallTruth, archive: &Archive) -> Job {
    let call = stored.ticket.call_id.clone();
    let journal = PathBuf::from(call.0.clone()).join(spillway::journal::JOURNAL_FILE);
    let (archive, runtime) = (Arc::new(archive.clone()), Handle::current());
    let open = move || {
        let files = runtime.block_on(archive.call_files(&call));
        let files = files.map_err(|e| ReplayError::Unreadable(e.to_string()))?;
        Ok((files.reader()?, truth.clone()))
    };
    Job { journal, open: Box::new(open), bytes: stored.duration_ms.unwrap_or(0) }
}

/// An age before now, a day at its beginning here, or a moment.
fn when(text: &str) -> anyhow::Result<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    let now = Zoned::now();
    if let Ok(day) = text.parse::<jiff::civil::Date>() {
        return Ok(day.to_zoned(now.time_zone().clone())?.timestamp());
    }
    let age: Span = text.parse().with_context(|| format!("\"{text}\": write 7d, 12h or a day"))?;
    Ok(now.checked_sub(age.abs())?.timestamp())
}
