//! What happens to the tickets, told to everybody who follows, a moment after it happened.

use super::clock::now;
use crate::store::{StoreError, StoredTicket, TicketEvent, TicketStore};
use crate::ticket::TicketNumber;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How often the log is looked at: with the database's work, operators see a change in a fifth of
/// a second.
const PERIOD: Duration = Duration::from_millis(100);
/// Entries taken at a time.
const PAGE: u32 = 500;
/// Entries kept for who is slow; who is slower reads the log.
const BEHIND_MAX: usize = 2_048;

/// What happened to a ticket, and how it stands now.
#[derive(Debug, Clone)]
pub struct News {
    /// What happened.
    pub event: TicketEvent,
    /// The ticket, which may have changed again since; `None` when it is there no more.
    pub ticket: Option<Arc<StoredTicket>>,
}

impl News {
    /// `events` with their tickets, which are read once, however many are of one.
    pub async fn of(
        store: &TicketStore,
        events: Vec<TicketEvent>,
    ) -> Result<Vec<News>, StoreError> {
        let number = |event: &TicketEvent| TicketNumber(event.ticket.unsigned_abs());
        let mut numbers: Vec<TicketNumber> = events.iter().map(number).collect();
        numbers.sort();
        numbers.dedup();
        let tickets = store.in_time(store.several(&numbers)).await?;
        let tickets: BTreeMap<TicketNumber, Arc<StoredTicket>> =
            tickets.into_iter().map(|t| (t.number, Arc::new(t))).collect();
        let news = |event| News { ticket: tickets.get(&number(&event)).cloned(), event };
        Ok(events.into_iter().map(news).collect())
    }
}

/// Tells what happens to tickets. Clones share it.
#[derive(Debug, Clone)]
pub struct Feed {
    news: broadcast::Sender<Arc<News>>,
}

impl Default for Feed {
    fn default() -> Self {
        Feed { news: broadcast::Sender::new(BEHIND_MAX) }
    }
}

impl Feed {
    /// From now on.
    pub fn follow(&self) -> broadcast::Receiver<Arc<News>> {
        self.news.subscribe()
    }

    /// Seals the log and tells its new entries, of all nodes, until `stop`.
    pub async fn run(self, store: TicketStore, stop: CancellationToken) {
        let mut tick = tokio::time::interval(PERIOD);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = tick.tick() => {}
            }
            // A database that is away is the keeper's to tell; nothing is missed meanwhile.
            tokio::select! {
                () = stop.cancelled() => break,
                _ = self.tell(&store, &mut told) => {}
            }
        }
    }

    async fn tell(
        &self,
        store: &TicketStore,
        told: &mut Option<(i64, i64)>,
    ) -> Result<(), StoreError> {
        while store.in_time(store.seal(now())).await? > 0 {}
        let Some(after) = *told else {
            *told = Some(store.in_time(store.last_event()).await?);
            return Ok(());
        };
        let mut after = after;
        loop {
            let events = store.in_time(store.ticket_events(after, PAGE)).await?;
            let more = events.len() == PAGE as usize;
            after = events.last().map_or(after, |last| (last.seal, last.id));
            // Nobody follows: nobody to tell.
            if self.news.receiver_count() > 0 {
                for news in News::of(store, events).await? {
                    let _ = self.news.send(Arc::new(news));
                }
            }
            *told = Some(after);
            if !more {
                return Ok(());
            }
        }
    }
}
