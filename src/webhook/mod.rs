//! Tells others of tickets by HTTP: signed, tried again for three days, never twice at a time.
//!
//! Messages follow Standard Webhooks 1.0 (standardwebhooks.com): the headers `webhook-id`,
//! `webhook-timestamp` and `webhook-signature`, the times of the attempts, and what statuses mean.
//! What is to be told, and what came of it, is in the store ([`TicketStore::fill_webhooks`]); each
//! node sends what no other node has taken. A message may come twice, with the same `webhook-id`,
//! when a node dies between the receiver's answer and its own note of it.

use crate::config::WebhooksConfig;
use crate::store::{ClaimedDelivery, Outcome, StoreError, StoredTicket, TicketStore};
use crate::ticket::CallbackPolicy;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

mod network;
mod payload;
mod retry;
mod send;
mod sign;

use network::Networks;
use send::Http;
pub use sign::signature;

/// How often it is looked for work.
const PERIOD: Duration = Duration::from_secs(1);
/// Attempts at one receiver at a time: a slow one holds up nobody but itself.
const SENDS_EACH: usize = 4;
/// How often old deliveries are forgotten.
const PURGE_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// How long attempts may go on when the server stops; what is cut off is sent again.
const DRAIN: Duration = Duration::from_secs(2);

/// Sends what is due until `stop`; `clock` says what time it is.
pub async fn run(
    store: TicketStore,
    config: &WebhooksConfig,
    clock: fn() -> Timestamp,
    stop: CancellationToken,
) {
    let mut sender = Sender::new(store, config);
    let mut second = tokio::time::interval(PERIOD);
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut well = true;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = second.tick() => {}
            true = sender.ended() => {}
        }
        let step = tokio::select! {
            () = stop.cancelled() => break,
            step = sender.step(clock()) => step,
        };
        match step {
            Ok(_) => well = true,
            // Once, not each second: the database may be gone for hours.
            Err(error) if well => {
                tracing::error!(%error, "webhooks cannot be sent; trying each second");
                well = false;
            }
            Err(_) => {}
        }
    }
    // What is cut off here comes back when its lease is over.
    let _ = tokio::time::timeout(DRAIN, sender.idle()).await;
}

/// What is being sent now.
pub struct Sender {
    store: TicketStore,
    http: Http,
    /// Each gives its webhook's number.
    sends: JoinSet<i64>,
    /// Attempts at each webhook that run now.
    busy: BTreeMap<i64, usize>,
    purge_at: Timestamp,
}

impl Sender {
    /// One that sends nothing yet.
    pub fn new(store: TicketStore, config: &WebhooksConfig) -> Sender {
        let http = Http::new(Networks::new(config.allow_http.clone()));
        let (sends, busy) = (JoinSet::new(), BTreeMap::new());
        Sender { store, http, sends, busy, purge_at: Timestamp::MIN }
    }

    /// Begins whatever is due by `now` and has room; returns how many attempts that are.
    pub async fn step(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        while self.store.fill_webhooks(now).await? {}
        if self.purge_at <= now {
            self.store.purge_deliveries(now).await?;
            self.purge_at = now + PURGE_EVERY;
        }
        let mut begun = 0;
        for webhook in self.store.webhooks_due(now).await? {
            let busy = self.busy.get(&webhook).copied().unwrap_or(0);
            if busy >= SENDS_EACH {
                continue;
            }
            let claimed = self.store.claim_deliveries(webhook, SENDS_EACH - busy, now).await?;
            begun += claimed.len();
            *self.busy.entry(webhook).or_default() += claimed.len();
            for delivery in claimed {
                let (store, http) = (self.store.clone(), self.http.clone());
                self.sends.spawn(async move {
                    deliver(&store, &http, &delivery, now).await;
                    webhook
                });
            }
        }
        Ok(begun)
    }

    /// Waits for the attempts that run.
    pub async fn idle(&mut self) {
        while self.ended().await {}
    }

    /// Waits for one attempt to end; false when none runs.
    pub async fn ended(&mut self) -> bool {
        let Some(ended) = self.sends.join_next().await else { return false };
        match ended {
            Ok(webhook) => {
                if let Some(busy) = self.busy.get_mut(&webhook) {
                    *busy = busy.saturating_sub(1);
                }
            }
            Err(error) => {
                // Whose it was is not known: count anew. Its lease brings it back.
                tracing::error!(%error, "an attempt at a webhook broke");
                self.busy.clear();
            }
        }
        true
    }
}

/// One attempt, from reading the ticket to keeping what came of it.
async fn deliver(store: &TicketStore, http: &Http, claimed: &ClaimedDelivery, now: Timestamp) {
    let begun = Instant::now();
    let delivery = &claimed.delivery;
    let outcome = match store.get(delivery.ticket).await {
        Ok(Some(ticket)) => {
            let policy = store.policies().of(&ticket.ticket.hotline);
            attempt(http, claimed, (&ticket, policy), now).await
        }
        Ok(None) => Outcome::Void { reason: "the ticket is gone".into() },
        Err(error) => {
            tracing::warn!(delivery = delivery.id, %error, "not sent: the ticket cannot be read");
            return;
        }
    };
    if let Outcome::Failed { error, again_at: None, .. } = &outcome {
        let (delivery, webhook) = (delivery.id, delivery.webhook);
        tracing::error!(delivery, webhook, error, "a webhook's message is given up");
    }
    if outcome == Outcome::Gone {
        tracing::error!(webhook = delivery.webhook, "a receiver is gone; its webhook is stopped");
    }
    let took = SignedDuration::try_from(begun.elapsed()).unwrap_or(SignedDuration::ZERO);
    let ended = now.saturating_add(took).unwrap_or(now);
    if let Err(error) = store.settle_delivery(claimed, &outcome, ended).await {
        tracing::warn!(delivery = delivery.id, %error, "sent, but that cannot be kept; once more");
    }
}

async fn attempt(
    http: &Http,
    claimed: &ClaimedDelivery,
    (ticket, policy): (&StoredTicket, &CallbackPolicy),
    now: Timestamp,
) -> Outcome {
    let body = payload::body(claimed, ticket, policy);
    let answer = match http.post(claimed, body, now).await {
        Ok(answer) => answer,
        Err(error) => {
            let again_at = retry::again_at(claimed.delivery.attempts, None, now);
            return Outcome::Failed { status: None, error: error.to_string(), again_at };
        }
    };
    match answer.status {
        200..=299 => Outcome::Delivered { status: answer.status },
        410 => Outcome::Gone,
        status => Outcome::Failed {
            status: Some(status),
            error: format!("the receiver answered {status}"),
            again_at: retry::again_at(claimed.delivery.attempts, answer.retry_after, now),
        },
    }
}
