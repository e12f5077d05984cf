//! One call's way to the ticket store: the newest ticket is written until it is on disk.

use super::clock::{now, unix_ms};
use crate::call::{HangupCause, Input};
use crate::store::{CallEnd, Spool, Spooled, Stamps, TicketStore};
use crate::ticket::{CallId, CallbackBy, Ticket, TicketNumber, TicketStanding};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// First wait after a refused save; it doubles up to [`RETRY_MAX`].
const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);
/// The revision that a call begins with.
const FIRST: u32 = 1;
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
    tell: mpsc::Sender<Input>,
    store: TicketStore,
    task: tokio::task::JoinHandle<()>,
}

impl TicketDesk {
    pub(super) fn open(
        store: TicketStore,
        spool: Spool,
        call: CallId,
        answered_unix_ms: i64,
    ) -> Self {
        let (wanted, changes) = watch::channel(Wanted::default());
        let (tell, news) = mpsc::channel(NEWS_MAX);
        let clerk =
            Clerk { store: store.clone(), spool, call, answered_unix_ms, tell: tell.clone() };
        let task = tokio::spawn(clerk.run(changes));
        TicketDesk { wanted, news, tell, store, task }
    }

    pub(super) fn save(&self, ticket: Ticket) {
        self.wanted.send_modify(|w| w.ticket = Some(ticket));
    }

    /// Looks a ticket up, of the hotline `hotline`; the answer is among the news.
    pub(super) fn find(&self, hotline: &str, number: TicketNumber) {
        let (store, tell, hotline) = (self.store.clone(), self.tell.clone(), hotline.to_string());
        tokio::spawn(async move {
            let standing = async {
                match store.get(number).await? {
                    Some(stored) if stored.ticket.hotline == hotline => {
                        store.standing(&stored, now()).await.map(Some)
                    }
                    _ => Ok(None),
                }
            };
            let standing = store.in_time(standing).await.unwrap_or_default();
            let _ = tell.try_send(Input::TicketFound { number, standing });
        });
    }

    /// Saved or refused since the last time.
    pub(super) fn news(&mut self) -> Option<Input> {
        self.news.try_recv().ok()
    }

    /// The call is over: waits until the last ticket and the call's end are on disk. Gives the
    /// ticket's number if that came since the last news.
    pub(super) async fn close(self, cause: HangupCause, duration_ms: u64) -> Option<TicketNumber> {
        self.wanted.send_modify(|w| w.ended = Some(Ended { cause, duration_ms }));
        let TicketDesk { wanted, mut news, task, .. } = self;
        drop(wanted);
        if let Err(error) = task.await {
            tracing::error!(%error, "the task that saves a call's ticket broke");
        }
        let mut ticket = None;
        while let Ok(input) = news.try_recv() {
            if let Input::TicketSaved { number, .. } = input {
                ticket = Some(number);
            }
        }
        ticket
    }
}

struct Clerk {
    store: TicketStore,
    spool: Spool,
    call: CallId,
    answered_unix_ms: i64,
    tell: mpsc::Sender<Input>,
}

impl Clerk {
    async fn run(self, mut changes: watch::Receiver<Wanted>) {
        let (mut saved, mut wait) = (None, RETRY_MIN);
        loop {
            let closed = changes.has_changed().is_err();
            let wanted = changes.borrow_and_update().clone();
            let mut unsaved = wanted.ticket.filter(|t| saved != Some(t.revision));
            if let Some(ticket) = &unsaved
                && self.save(ticket).await
            {
                (saved, wait, unsaved) = (Some(ticket.revision), RETRY_MIN, None);
            }
            match wanted.ended {
                Some(ended) => {
                    let end = self.end(ended);
                    if unsaved.is_none() && self.finish(end).await {
                        return;
                    }
                    // The line is needed for the next caller.
                    if self.spool(unsaved.as_ref(), end).await {
                        return;
                    }
                }
                None if closed && unsaved.is_none() => return,
                None if unsaved.is_none() => {
                    // An error is a closed desk: seen above.
                    let _ = changes.changed().await;
                    continue;
                }
                None => {}
            }
            pause(wait).await;
            wait = (wait * 2).min(RETRY_MAX);
        }
    }

    fn end(&self, Ended { cause, duration_ms }: Ended) -> CallEnd {
        CallEnd { cause: Some(cause), duration_ms, ended_unix_ms: unix_ms() }
    }

    /// True when the store has it.
    async fn save(&self, ticket: &Ticket) -> bool {
        let stamps = Stamps { created_unix_ms: self.answered_unix_ms, updated_unix_ms: unix_ms() };
        let revision = ticket.revision;
        let saving = self.store.save(ticket, stamps);
        let (news, saved) = match self.store.in_time(saving).await {
            Ok(number) => {
                let by = self.promise(&ticket.hotline).await;
                let earlier = self.earlier(ticket, number).await;
                (Input::TicketSaved { number, revision, by, earlier }, true)
            }
            Err(error) => {
                tracing::error!(call = %self.call, %error, "ticket not saved; trying again");
                (Input::TicketNotSaved { revision }, false)
            }
        };
        let _ = self.tell.try_send(news);
        saved
    }

    /// What the caller may be told of the callback; nothing where the store does not say.
    async fn promise(&self, hotline: &str) -> Option<CallbackBy> {
        let promise = self.store.promise(hotline, now());
        self.store.in_time(promise).await.unwrap_or_default()
    }

    /// The ticket that the caller has already, looked up once a call.
    async fn earlier(&self, ticket: &Ticket, number: TicketNumber) -> Option<TicketStanding> {
        if ticket.revision != FIRST || !ticket.callback_number.starts_with('+') {
            return None;
        }
        let (store, to) = (&self.store, &ticket.callback_number);
        let standing = async {
            match store.waiting_for(&ticket.hotline, to, number).await? {
                Some(stored) => store.standing(&stored, now()).await.map(Some),
                None => Ok(None),
            }
        };
        store.in_time(standing).await.unwrap_or_default()
    }

    /// True when the store has it.
    async fn finish(&self, end: CallEnd) -> bool {
        let finished = self.store.in_time(self.store.finish(&self.call, end)).await;
        if let Err(error) = &finished {
            tracing::error!(call = %self.call, %error, "the call's end is not saved");
        }
        finished.is_ok()
    }

    /// True when it is on disk, to be saved when the database is back.
    async fn spool(&self, ticket: Option<&Ticket>, end: CallEnd) -> bool {
        let created_unix_ms = self.answered_unix_ms;
        let spooled = Spooled { ticket: ticket.cloned(), created_unix_ms, end };
        let (spool, call) = (self.spool.clone(), self.call.clone());
        let kept = tokio::task::spawn_blocking(move || spool.keep(&call, &spooled)).await;
        match kept {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::error!(call = %self.call, %error, "an ended call's ticket is nowhere yet");
                false
            }
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }
}

/// Waits out one retry of the store.
async fn pause(wait: Duration) {
    let mut timer = tokio::time::interval_at(tokio::time::Instant::now() + wait, wait);
    timer.tick().await;
}
