//! What a server does beside its calls, once a second: the queue's clock, and the tickets that
//! wait for the database.

use super::clock::{now, unix_ms};
use crate::store::{Spool, StoreError, TicketStore};
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

const PERIOD: Duration = Duration::from_secs(1);

/// Runs until `stop`.
pub(super) async fn keep(store: TicketStore, spool: Spool, stop: CancellationToken) {
    let mut second = tokio::time::interval(PERIOD);
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut well = true;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = second.tick() => {}
        }
        let kept = tokio::select! {
            () = stop.cancelled() => break,
            kept = once(&store, &spool) => kept,
        };
        match kept {
            Ok(taken) => {
                if !well || taken > 0 {
                    tracing::info!(taken, "the database is there; waiting tickets are saved");
                }
                well = true;
            }
            // Once, not each second: it may be gone for hours.
            Err(error) if well => {
                let waiting = spool.waiting();
                tracing::error!(%error, waiting, "the queue cannot be kept; trying each second");
                well = false;
            }
            Err(_) => {}
        }
    }
}

async fn once(store: &TicketStore, spool: &Spool) -> Result<usize, StoreError> {
    let taken = spool.drain(store, unix_ms()).await?;
    while store.in_time(store.sweep(now())).await?.more {}
    store.in_time(store.checkpoint()).await?;
    Ok(taken)
}
