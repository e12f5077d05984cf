//! What is kept how long, what goes next, and what a legal hold keeps.

use super::Shared;
use super::extract::Asker;
use super::problem::Problem;
use crate::access::Permission;
use axum::extract::State;
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::Semaphore;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Seconds after which another may be counting no more.
const RETRY_AFTER_S: u64 = 10;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    // One at a time: the whole archive is listed.
    OpenApiRouter::new().routes(routes!(retention)).layer(Extension(Arc::new(Semaphore::new(1))))
}

/// What is kept how long.
#[derive(Debug, Serialize, ToSchema)]
struct RetentionView {
    /// Days of 24 hours that recordings and journals are kept: `recordings.keep_days`.
    keep_days: u32,
    /// Where they are kept.
    place: String,
    /// What is written from here on is encrypted.
    encrypted: bool,
    /// Calls whose files are kept.
    calls: u64,
    /// Bytes of their files.
    bytes: u64,
    /// When the call that is kept longest ended.
    oldest: Option<Timestamp>,
    /// Calls whose time is over: they go with the next `spillway recordings purge`.
    due: u64,
    /// Of these: kept, under legal hold or because their case is open.
    stay: u64,
    /// Calls whose time is over within each of the next seven days.
    due_next: Vec<u64>,
    /// The command that removes what is due.
    purge: &'static str,
    /// Tickets under legal hold, at most 500.
    held: Vec<HeldView>,
}

/// A ticket under legal hold.
#[derive(Debug, Serialize, ToSchema)]
struct HeldView {
    /// The ticket.
    number: u64,
    /// Its hotline.
    hotline: String,
    /// Why; empty without `personal_data:read`.
    reason: String,
    /// Who put it under hold, as role and user name.
    by: Option<String>,
    /// When.
    at: Option<Timestamp>,
}

/// What is kept how long, and what goes next.
///
/// Lists the whole archive; one listing runs at a time.
#[utoipa::path(
    get, path = "/api/v1/retention", tag = "system",
    operation_id = "retention",
    extensions(("x-permission" = json!("system:read")), ("x-throttled" = json!(true))),
    responses((status = 200, description = "As it is now", body = RetentionView)),
)]
async fn retention(
    State(shared): State<Shared>,
    Extension(counting): Extension<Arc<Semaphore>>,
    Asker(by): Asker,
) -> Result<Json<RetentionView>, Problem> {
    let Ok(_alone) = counting.try_acquire() else { return Err(busy()) };
    let (now, config) = (Timestamp::now(), shared.in_force.config());
    let keep_days = config.recordings.keep_days;
    let kept = shared.archive.kept(now, keep_days).await?;
    let (_, stay) = shared.store.purgeable(&shared.archive, now, keep_days).await?;
    let own = &by.user().profile.hotlines;
    let held = shared.store.held().await?.into_iter().filter(|held| own.include(&held.hotline));
    let personal = by.may(Permission::SeePersonalData);
    let held = held.map(|held| {
        let (by, at) = held.by.unzip();
        let reason = if personal { held.reason } else { String::new() };
        HeldView { number: held.number.0, hotline: held.hotline, reason, by, at }
    });
    Ok(Json(RetentionView {
        keep_days,
        place: shared.archive.name().to_string(),
        encrypted: shared.archive.keys().is_some(),
        calls: kept.calls,
        bytes: kept.bytes,
        oldest: kept.oldest,
        due: kept.due,
        stay,
        due_next: kept.due_next.to_vec(),
        purge: "spillway recordings purge",
        held: held.collect(),
    }))
}

fn busy() -> Problem {
    let detail = "the archive is being listed already; try again in a moment";
    Problem::busy(detail, RETRY_AFTER_S)
}
