//! How kept files go: by age, unless held for a court, and by a caller's request.
//!
//! Both may be run again after an error or a death, and both return what was removed. Whose time is
//! over is [`Archive::due`]'s to say, and who of them may go [`super::TicketStore::purge`]'s, which
//! tells the audit log before anything is gone.

use super::archive::{Archive, ArchiveError, FileInfo, ended_path, erased_path};
use crate::ticket::CallId;
use futures::stream::FuturesUnordered;
use futures::{StreamExt, TryStreamExt};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use object_store::path::Path as ObjectPath;

/// Calls removed at a time.
const AT_ONCE: usize = 16;

/// A call whose time is over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// When it ended.
    pub ended: Timestamp,
    /// The call.
    pub call: CallId,
}

/// A call's files that are gone now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Removed {
    /// The call.
    pub call: CallId,
    /// What was removed; empty when there was nothing.
    pub files: Vec<FileInfo>,
}

/// Why files are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Purged,
    Erased,
}

/// What came of a removal.
#[derive(Debug, Default)]
pub struct Removal {
    /// Calls whose files are gone, in the order of their ids.
    pub removed: Vec<Removed>,
    /// Calls some of whose files are still there, in the order of their ids; to be tried again.
    pub failed: Vec<(CallId, ArchiveError)>,
}

impl Archive {
    /// Removes the files of calls whose time is over.
    pub async fn purge(&self, due: Vec<Due>) -> Removal {
        self.remove_each(Why::Purged, due).await
    }

    /// Removes the files of `calls` at once, legal hold or not: that was decided before. Files of
    /// theirs that wait on another node's disk are removed when they come here.
    pub async fn erase(&self, calls: &[CallId]) -> Removal {
        let calls =
            calls.iter().map(|call| Due { ended: Timestamp::UNIX_EPOCH, call: call.clone() });
        self.remove_each(Why::Erased, calls.collect()).await
    }

    async fn remove_one(
        &self,
        why: Why,
        due: Due,
    ) -> (CallId, Result<Vec<FileInfo>, ArchiveError>) {
        let removed = async {
            if why == Why::Erased {
                // First, or a file might come after us.
                self.note(&erased_path(&due.call)).await?;
            }
            let files = self.remove_files(&due.call).await?;
            if why == Why::Purged {
                // Last: while it is there, a later run comes back to this call.
                self.forget(&ended_path(&due.call, due.ended)).await?;
            }
            Ok(files)
        };
        let removed = removed.await;
        (due.call, removed)
    }

    /// The calls that ended more than `keep_days` days of 24 hours before `now`, longest ended
    /// first.
    pub async fn due(&self, now: Timestamp, keep_days: u32) -> Result<Vec<Due>, ArchiveError> {
        let before = cutoff(now, keep_days);
        let last_day = before.to_zoned(TimeZone::UTC).date().to_string();
        let mut due = self.ended_by(Some(&last_day)).await?;
        due.retain(|due| due.ended < before);
        Ok(due)
    }

    /// The calls whose files were kept, longest ended first.
    pub async fn ended(&self) -> Result<Vec<Due>, ArchiveError> {
        self.ended_by(None).await
    }

    /// Those that ended no later than `last_day`.
    async fn ended_by(&self, last_day: Option<&str>) -> Result<Vec<Due>, ArchiveError> {
        let listed = self.objects.list_with_delimiter(Some(&ObjectPath::from("ended"))).await;
        let mut ended = Vec::new();
        for day in listed.map_err(|e| self.error(&e))?.common_prefixes {
            // Days are written so that their order is that of their letters.
            let later = |name: &str| last_day.is_some_and(|last| name > last);
            if day.filename().is_none_or(later) {
                continue;
            }
            let mut notes = self.objects.list(Some(&day));
            while let Some(meta) = notes.try_next().await.map_err(|e| self.error(&e))? {
                ended.extend(parse(&meta.location));
            }
        }
        ended.sort();
        Ok(ended)
    }

    async fn remove_each(&self, why: Why, calls: Vec<Due>) -> Removal {
        let (mut calls, mut running) = (calls.into_iter(), FuturesUnordered::new());
        let mut removal = Removal::default();
        loop {
            let free = AT_ONCE.saturating_sub(running.len());
            running.extend(calls.by_ref().take(free).map(|due| self.remove_one(why, due)));
            let Some((call, result)) = running.next().await else { break };
            match result {
                Ok(files) => removal.removed.push(Removed { call, files }),
                Err(e) => removal.failed.push((call, e)),
            }
        }
        removal.removed.sort();
        removal.failed.sort_by(|a, b| a.0.cmp(&b.0));
        removal
    }

    /// Forgets who was erased longer ago than calls are kept: what came back would be due.
    pub async fn forget_erased(&self, now: Timestamp, keep_days: u32) -> Result<(), ArchiveError> {
        let before = cutoff(now, keep_days);
        let mut erased = self.objects.list(Some(&ObjectPath::from("erased")));
        while let Some(meta) = erased.try_next().await.map_err(|e| self.error(&e))? {
            if meta.last_modified.timestamp_millis() < before.as_millisecond() {
                self.forget(&meta.location).await?;
            }
        }
        Ok(())
    }
}

fn cutoff(now: Timestamp, keep_days: u32) -> Timestamp {
    let kept = SignedDuration::from_hours(24 * i64::from(keep_days));
    now.checked_sub(kept).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// What a note of a call's end says; `None` for what is no such note.
fn parse(note: &ObjectPath) -> Option<Due> {
    let (ended, call) = note.filename()?.split_once('-')?;
    let ended = Timestamp::from_millisecond(ended.parse().ok()?).ok()?;
    Some(Due { ended, call: CallId(call.into()) })
}
