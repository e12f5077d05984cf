//! One call's way to the ticket store: the newest ticket is written until it is on disk.

use super::clock::unix_ms;
use crate::call::{HangupCause, Input};
use crate::store::{CallEnd, Stamps, StoreError, TicketStore};
use crate::ticket::{CallId, Ticket, TicketNumber};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// First wait after a refused save; it doubles up to [`RETRY_MAX`].
const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);
/// News that may wait for the call's next tick.
const NEWS_MAX: usize = 16;

/// How the call ended, once it has.
#[derive(Clone, Copy)]
struct Ended {
    cause: HangupCause,
    duration_ms: u64,
}

#[derive(Clone, Default)]
struct Wanted {
    ticket: Option<Ticket>,
    ended: Option<Ended>,
}

/// Hands tickets to a task that saves the newest one, however long the store takes.
pub(super) struct TicketDesk {
    wanted: watch::Sender<Wanted>,
    news: mpsc::Receiver<Input>,
    task: tokio::task::JoinHandle<()>,
}

impl TicketDesk {
    pub(super) fn open(store: Arc<dyn TicketStore>, call: CallId, answered_unix_ms: i64) -> Self {
        let (wanted, changes) = watch::channel(Wanted::default());
        let (tell, news) = mpsc::channel(NEWS_MAX);
        let clerk = Clerk { store, call, answered_unix_ms, tell };
        let task = tokio::spawn(clerk.run(changes));
        TicketDesk { wanted, news, task }
    }

    pub(super) fn save(&self, ticket: Ticket) {
        self.wanted.send_modify(|w| w.ticket = Some(ticket));
    }

    /// Saved or refused since the last time.
    pub(super) fn news(&mut self) -> Option<Input> {
        self.news.try_recv().ok()
    }

    /// The call is over: waits until the last ticket and the call's end are on disk.
    pub(super) async fn close(self, cause: HangupCause, duration_ms: u64) {
        self.wanted.send_modify(|w| w.ended = Some(Ended { cause, duration_ms }));
        let TicketDesk { wanted, news, task } = self;
        drop(wanted);
        drop(news);
        if let Err(error) = task.await {
            tracing::error!(%error, "the task that saves a call's ticket broke");
        }
    }
}

struct Clerk {
    store: Arc<dyn TicketStore>,
    call: CallId,
    answered_unix_ms: i64,
    tell: mpsc::Sender<Input>,
}

impl Clerk {
    async fn run(self, mut changes: watch::Receiver<Wanted>) {
        let mut saved = None;
        loop {
            let closed = changes.changed().await.is_err();
            let wanted = changes.borrow_and_update().clone();
            if let Some(ticket) = wanted.ticket.filter(|t| saved != Some(t.revision)) {
                self.save_at_last(&ticket, &mut changes).await;
                saved = Some(ticket.revision);
            }
            let newest = changes.borrow().clone();
            let pending = newest.ticket.as_ref().is_some_and(|t| saved != Some(t.revision));
            if pending {
                changes.mark_changed();
            } else if closed || newest.ended.is_some() {
                return self.finish(newest.ended).await;
            }
        }
    }

    /// Writes `ticket`, or a newer one that comes meanwhile, until the store takes it.
    async fn save_at_last(&self, ticket: &Ticket, changes: &mut watch::Receiver<Wanted>) {
        let mut wait = RETRY_MIN;
        loop {
            let newer = changes.borrow().ticket.clone();
            let ticket = newer.as_ref().unwrap_or(ticket);
            match self.save(ticket).await {
                Ok(number) => {
                    let revision = ticket.revision;
                    let _ = self.tell.try_send(Input::TicketSaved { number, revision });
                    return;
                }
                Err(error) => {
                    tracing::error!(call = %self.call, %error, "ticket not saved; trying again");
                    let revision = ticket.revision;
                    let _ = self.tell.try_send(Input::TicketNotSaved { revision });
                }
            }
            pause(wait).await;
            wait = (wait * 2).min(RETRY_MAX);
        }
    }

    async fn save(&self, ticket: &Ticket) -> Result<TicketNumber, StoreError> {
        let stamps = Stamps { created_unix_ms: self.answered_unix_ms, updated_unix_ms: unix_ms() };
        self.store.save(ticket, stamps).await
    }

    async fn finish(&self, ended: Option<Ended>) {
        let Some(Ended { cause, duration_ms }) = ended else { return };
        let ended_unix_ms = unix_ms();
        let end = CallEnd { cause: Some(cause), duration_ms, ended_unix_ms };
        let mut wait = RETRY_MIN;
        while let Err(error) = self.store.finish(&self.call, end).await {
            tracing::error!(call = %self.call, %error, "call's end not saved; trying again");
            pause(wait).await;
            wait = (wait * 2).min(RETRY_MAX);
        }
    }
}

/// Waits out one retry of the store.
async fn pause(wait: Duration) {
    let mut timer = tokio::time::interval_at(tokio::time::Instant::now() + wait, wait);
    timer.tick().await;
}
