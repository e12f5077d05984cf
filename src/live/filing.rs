//! What becomes of a call's files once it is over: kept where the configuration says, and purged
//! when their time is over. Calls never wait for it.
//!
//! What waits is on the disk; here only the names of the calls wait, so that a place out of reach
//! costs nothing but room in `data_dir`. A start finds again what an earlier process left.

use super::clock::now;
use crate::config::RecordingsConfig;
use crate::store::{Archive, ArchiveError, StoreError, TicketStore};
use crate::ticket::CallId;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// After a refusal, and for what an earlier process left.
const RETRY: Duration = Duration::from_secs(15);
const PURGE: Duration = Duration::from_secs(3_600);
/// Calls whose names wait here; of more, the disk is asked again when these are kept.
const WAITING_MAX: usize = 100_000;
/// Calls kept at a time: a bucket far away answers late, and takes several at once.
const AT_ONCE: usize = 4;

/// Calls that are over; when each ended, where that is known.
#[derive(Default)]
struct Waiting {
    calls: BTreeMap<CallId, Option<Timestamp>>,
    /// Some are known to the disk only.
    more: bool,
}

/// How one call fared.
enum Kept {
    /// It needs no further care, or none that would help.
    Settled,
    /// The archive or the database is out of reach.
    Refused(ArchiveError),
}

/// Keeps and purges.
pub(super) struct Filing {
    archive: Archive,
    store: TicketStore,
    keep_days: u32,
    waiting: Mutex<Waiting>,
    ended: Notify,
}

impl Filing {
    /// To be made before the first call is answered: whatever is in the data directory then, is of
    /// calls that are over.
    pub(super) async fn open(
        archive: Archive,
        store: TicketStore,
        config: &RecordingsConfig,
    ) -> Result<Filing, ArchiveError> {
        let (place, sealed, days) = (archive.name(), archive.keys().is_some(), config.keep_days);
        tracing::info!(place, sealed, days, "recordings and journals are kept");
        let filing = Filing {
            archive,
            store,
            keep_days: config.keep_days,
            waiting: Mutex::default(),
            ended: Notify::new(),
        };
        for call in filing.archive.unkept().await? {
            filing.add(call, None);
        }
        Ok(filing)
    }

    /// A call is over and its files are closed.
    pub(super) fn ended(&self, call: CallId) {
        self.add(call, Some(now()));
        self.ended.notify_one();
    }

    fn add(&self, call: CallId, ended: Option<Timestamp>) {
        self.with(|waiting| match waiting.calls.len() < WAITING_MAX {
            true => drop(waiting.calls.insert(call, ended)),
            false => waiting.more = true,
        });
    }

    fn with<T>(&self, run: impl FnOnce(&mut Waiting) -> T) -> T {
        // Nothing in here panics half way through.
        run(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs until `stop`.
    pub(super) async fn run(&self, stop: CancellationToken) {
        let mut retry = tokio::time::interval(RETRY);
        let mut purge = tokio::time::interval(PURGE);
        for timer in [&mut retry, &mut purge] {
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        let mut well = true;
        loop {
            let (mut keep, mut age) = (false, false);
            tokio::select! {
                () = stop.cancelled() => break,
                // While it is not well each ended call would only be refused.
                () = self.ended.notified(), if well => keep = true,
                _ = retry.tick() => keep = true,
                _ = purge.tick() => age = true,
            }
            let work = async {
                if keep {
                    well = self.keep_all(well).await;
                }
                if age {
                    self.purge().await;
                }
            };
            // Cut off here, it is found again at the next start.
            tokio::select! {
                () = stop.cancelled() => break,
                () = work => {}
            }
        }
    }

    /// Keeps what waits; true when nothing refused. Told once, not at each try: it may last.
    async fn keep_all(&self, well: bool) -> bool {
        let calls = self.with(|waiting| waiting.calls.clone());
        let any = !calls.is_empty();
        let (mut calls, mut running) = (calls.into_iter(), FuturesUnordered::new());
        loop {
            let free = AT_ONCE.saturating_sub(running.len());
            running.extend(calls.by_ref().take(free).map(|(call, at)| self.keep(call, at)));
            let Some((call, kept)) = running.next().await else { break };
            match kept {
                Kept::Settled => drop(self.with(|waiting| waiting.calls.remove(&call))),
                Kept::Refused(error) => {
                    let waiting = self.with(|waiting| waiting.calls.len());
                    if well {
                        let note = "recordings wait in data_dir; trying again and again";
                        tracing::error!(%error, waiting, "{note}");
                    }
                    return false;
                }
            }
        }
        if any && !well {
            tracing::info!("waiting recordings are kept");
        }
        self.ask_the_disk().await;
        true
    }

    /// Where more calls ended than could wait here, finds the others.
    async fn ask_the_disk(&self) {
        if !self.with(|waiting| waiting.calls.is_empty() && std::mem::take(&mut waiting.more)) {
            return;
        }
        match self.archive.unkept().await {
            Ok(calls) => {
                let ended = calls.into_iter().filter(|call| self.archive.has_ended(call));
                ended.for_each(|call| self.add(call, None));
            }
            Err(error) => {
                tracing::error!(%error, "recordings that wait cannot be listed");
                self.with(|waiting| waiting.more = true);
            }
        }
    }

    async fn keep(&self, call: CallId, ended: Option<Timestamp>) -> (CallId, Kept) {
        let kept = match self.try_to_keep(&call, ended).await {
            Ok(()) => Kept::Settled,
            Err(error @ (ArchiveError::Place { .. } | ArchiveError::Store(_))) => {
                Kept::Refused(error)
            }
            Err(error) => {
                tracing::error!(%call, %error, "a call's files stay in data_dir");
                Kept::Settled
            }
        };
        (call, kept)
    }

    async fn try_to_keep(
        &self,
        call: &CallId,
        ended: Option<Timestamp>,
    ) -> Result<(), ArchiveError> {
        let ended = match ended {
            Some(_) => ended,
            None => self.ended_at(call).await?,
        };
        match ended {
            Some(ended) => self.archive.keep(call, ended).await.map(drop),
            None => Ok(()),
        }
    }

    /// When a call that an earlier process left ended; `None` when it has no files.
    async fn ended_at(&self, call: &CallId) -> Result<Option<Timestamp>, StoreError> {
        let Some(written) = self.archive.written_at(call) else { return Ok(None) };
        let stored = self.store.by_call(call).await?;
        let ended = stored.and_then(|stored| stored.ended_unix_ms);
        Ok(Some(ended.and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(written)))
    }

    async fn purge(&self) {
        match self.store.purge(&self.archive, now(), self.keep_days).await {
            Ok(purged) => {
                let (removed, stay) = (purged.removal.removed.len(), purged.stay);
                if removed > 0 {
                    tracing::info!(removed, stay, "recordings whose time is over are removed");
                }
                for (call, error) in purged.removal.failed {
                    tracing::error!(%call, %error, "a recording is not removed; trying each hour");
                }
            }
            Err(error) => tracing::error!(%error, "nothing is purged; trying each hour"),
        }
    }
}
