//! The audit log, for who watches over the office.

use super::Shared;
use super::events::place;
use super::extract::Asked;
use super::problem::Problem;
use crate::store::{AuditEvent, AuditReport};
use axum::extract::State;
use axum::{Extension, Json};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::Semaphore;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Entries on one page, at most.
const PAGE_MAX: u32 = 1_000;
/// And where nothing is asked.
const PAGE: u32 = 100;
/// Entries read at once for a page of chosen ones.
const READ: u32 = 1_000;
/// And so many times, at most.
const READS_MAX: usize = 10;
/// Characters of a seal's hash.
const HASH_CHARS: usize = 64;
/// Entries that were not sealed at once, because no server ran, are looked for so much later.
const LATE_SEALS: SignedDuration = SignedDuration::from_mins(10);
/// Seconds after which another may be verifying no more.
const RETRY_AFTER_S: u64 = 10;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    // One at a time: each reads the whole log.
    let verifying = OpenApiRouter::new()
        .routes(routes!(verify_audit_log))
        .layer(Extension(Arc::new(Semaphore::new(1))));
    OpenApiRouter::new().routes(routes!(audit_log)).merge(verifying)
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// Only of who is named so: a user's name, with the role or without it, `caller`, `clock`,
    /// `machine` or `nobody`.
    #[param(example = "administrator anna")]
    actor: Option<String>,
    /// Only of this name.
    #[param(example = "user_added")]
    act: Option<String>,
    /// Only about this ticket.
    ticket: Option<i64>,
    /// Only of this time or later.
    from: Option<Timestamp>,
    /// Only of before this time.
    to: Option<Timestamp>,
    /// In which order.
    #[serde(default)]
    #[param(inline)]
    order: AuditOrder,
    /// `next` of the page before, or the `place` of any entry: what follows it.
    cursor: Option<String>,
    /// Entries on a page.
    #[param(minimum = 1, maximum = 1_000, default = 100)]
    limit: Option<u32>,
}

/// The order of a list of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AuditOrder {
    /// The oldest first, as the log was written.
    #[default]
    Oldest,
    /// The newest first.
    Newest,
}

/// Which entries are wanted.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Of whom.
    pub(super) actor: Option<String>,
    /// Of which name.
    pub(super) act: Option<String>,
    /// About which ticket.
    pub(super) ticket: Option<i64>,
    /// Of this time or later.
    pub(super) from: Option<Timestamp>,
    /// Of before this time.
    pub(super) to: Option<Timestamp>,
}

impl Wanted {
    fn chooses(&self) -> bool {
        self.actor.is_some()
            || self.act.is_some()
            || self.ticket.is_some()
            || self.from.is_some()
            || self.to.is_some()
    }

    pub(super) fn has(&self, entry: &AuditEvent) -> bool {
        let is_user =
            |name: &str| entry.actor.split_once(' ').is_some_and(|(_, user)| user == name);
        self.actor.as_ref().is_none_or(|actor| *actor == entry.actor || is_user(actor))
            && self.act.as_ref().is_none_or(|act| *act == entry.act)
            && (self.ticket.is_none() || self.ticket == entry.ticket)
            && self.from.is_none_or(|from| from.as_millisecond() <= entry.at)
            && self.to.is_none_or(|to| entry.at < to.as_millisecond())
    }

    /// Where the log is read from, and the first seal that is past what is wanted.
    pub(super) async fn bounds(&self, shared: &Shared) -> Result<(i64, i64), Problem> {
        let first = match self.from {
            Some(from) => shared.store.seal_from(from).await?,
            None => 0,
        };
        let last = match self.to {
            // What was not sealed in time stands a little later.
            Some(to) => {
                shared.store.seal_past(to.checked_add(LATE_SEALS).unwrap_or(Timestamp::MAX)).await?
            }
            None => i64::MAX,
        };
        Ok((first, last))
    }
}

/// One entry of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditEntry {
    /// Its place in the log: the seal that closes it, and its number.
    #[schema(example = "7-1234")]
    place: String,
    /// When.
    at: Timestamp,
    /// Who: role and user name, `caller`, `clock`, `machine` or `nobody`.
    actor: String,
    /// What was done.
    act: String,
    /// To which ticket.
    ticket: Option<i64>,
    /// More about it; no callers' personal data.
    detail: serde_json::Value,
}

impl From<AuditEvent> for AuditEntry {
    fn from(event: AuditEvent) -> AuditEntry {
        AuditEntry {
            place: written(after(&event)),
            at: Timestamp::from_millisecond(event.at).unwrap_or_default(),
            actor: event.actor,
            act: event.act,
            ticket: event.ticket,
            detail: serde_json::from_str(&event.detail).unwrap_or_default(),
        }
    }
}

/// The place of `event`, which is sealed.
pub(super) fn after(event: &AuditEvent) -> (i64, i64) {
    (event.seal.unwrap_or_default(), event.id)
}

fn written((seal, id): (i64, i64)) -> String {
    format!("{seal}-{id}")
}

/// A page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
struct AuditPage {
    /// The entries, in the order asked for.
    items: Vec<AuditEntry>,
    /// The `cursor` of the next page; null at the end of the log.
    next: Option<String>,
}

/// Read the audit log.
///
/// Sealed entries only; what is younger than a second comes later. Of a choice by actor, act,
/// ticket or time a page looks at 10,000 entries at most, so it may hold few or none while `next`
/// goes on.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "audit",
    extensions(("x-permission" = json!("audit:read"))),
    params(AuditQuery),
    responses((status = 200, description = "A page", body = AuditPage)),
)]
async fn audit_log(
    State(shared): State<Shared>,
    Asked(query): Asked<AuditQuery>,
) -> Result<Json<AuditPage>, Problem> {
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Problem::invalid(format!("limit is {limit}; choose 1 to {PAGE_MAX}")));
    }
    let AuditQuery { actor, act, ticket, from, to, order, cursor, .. } = query;
    let wanted = Wanted { actor, act, ticket, from, to };
    let cursor = cursor.as_deref().map(|c| place(c).ok_or(c)).transpose();
    let cursor = cursor.map_err(|_| Problem::invalid("cursor: is none that this log gave"))?;
    let (first, past) = wanted.bounds(&shared).await?;
    let mut last = cursor.unwrap_or(match order {
        AuditOrder::Oldest => (first.saturating_sub(1), i64::MAX),
        AuditOrder::Newest => (past, i64::MAX),
    });
    let read = if wanted.chooses() { READ } else { limit + 1 };
    let mut items: Vec<AuditEntry> = Vec::new();
    for _ in 0..READS_MAX {
        let events = match order {
            AuditOrder::Oldest => shared.store.events(last, read).await?,
            AuditOrder::Newest => shared.store.events_back(last, read).await?,
        };
        let ends = events.len() < read as usize;
        for event in events {
            if items.len() == limit as usize {
                return Ok(Json(AuditPage { items, next: Some(written(last)) }));
            }
            let at = after(&event);
            let over = match order {
                AuditOrder::Oldest => at.0 > past,
                AuditOrder::Newest => at.0 < first,
            };
            if over {
                return Ok(Json(AuditPage { items, next: None }));
            }
            last = at;
            if wanted.has(&event) {
                items.push(event.into());
            }
        }
        if ends {
            return Ok(Json(AuditPage { items, next: None }));
        }
    }
    Ok(Json(AuditPage { items, next: Some(written(last)) }))
}

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct VerificationQuery {
    /// The `head` of an earlier verification, kept elsewhere: it must still be in the log.
    #[param(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    head: Option<String>,
}

/// Prove the audit log.
///
/// Computes every seal again. It reads the whole log, so it takes the longer the more there is, and
/// only one runs at a time.
#[utoipa::path(
    get, path = "/api/v1/audit/verification", tag = "audit",
    extensions(("x-permission" = json!("audit:read")), ("x-throttled" = json!(true))),
    params(VerificationQuery),
    responses((status = 200, description = "What was found; `broken` is null where all holds",
        body = AuditReport)),
)]
async fn verify_audit_log(
    State(shared): State<Shared>,
    Extension(verifying): Extension<Arc<Semaphore>>,
    Asked(query): Asked<VerificationQuery>,
) -> Result<Json<AuditReport>, Problem> {
    let digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    let hash = |head: &&str| head.len() == HASH_CHARS && head.bytes().all(digit);
    let head = query.head.as_deref();
    if head.is_some() && head.filter(hash).is_none() {
        return Err(Problem::invalid("head: give the 64 hexadecimal digits of an earlier head"));
    }
    let Ok(_alone) = verifying.try_acquire() else {
        let detail = "the log is being verified already; try again in a moment";
        return Err(Problem::busy(detail, RETRY_AFTER_S));
    };
    Ok(Json(shared.store.verify_audit(head).await?))
}
