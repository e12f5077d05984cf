//! What calls left: listened to, held back, erased.

use super::Shared;
use super::extract::{Asker, Body, Place};
use super::problem::Problem;
use super::tickets::actor;
use crate::access::{Permission, Principal};
use crate::journal::RECORDING_FILE;
use crate::store::{ArchiveError, CustodyError, ErasureGrounds, KeptFile, StoredTicket};
use crate::ticket::TicketNumber;
use axum::Json;
use axum::body::{Body as Bytes, Bytes as Piece};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use http_range_header::parse_range_header;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Read and sent at a time.
const PIECE_BYTES: u64 = 64 * 1024;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(recording))
        .routes(routes!(hold, release))
        .routes(routes!(erase))
        .routes(routes!(erase_ticket))
}

impl From<CustodyError> for Problem {
    fn from(error: CustodyError) -> Problem {
        let detail = error.to_string();
        match error {
            CustodyError::NoSuchTicket(_) => Problem::not_found(detail),
            CustodyError::Held(_) => Problem::new(StatusCode::CONFLICT, "legal-hold", detail),
            CustodyError::Running(_) => Problem::new(StatusCode::CONFLICT, "running", detail),
            CustodyError::NotAllowed => Problem::new(StatusCode::FORBIDDEN, "denied", detail),
            CustodyError::Reason | CustodyError::Reference => Problem::invalid(detail),
            CustodyError::Store(e) => e.into(),
        }
    }
}

impl From<ArchiveError> for Problem {
    fn from(error: ArchiveError) -> Problem {
        let detail = error.to_string();
        match error {
            ArchiveError::Missing { .. } => Problem::not_found(detail),
            ArchiveError::Store(e) => e.into(),
            error => {
                tracing::error!(%error, "a recording cannot be read");
                let detail = "the recordings' place is out of reach; the server's log says why";
                let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail);
                problem.retry_after(30)
            }
        }
    }
}

/// Hear a call.
///
/// Stereo, 16 bit at 8 kHz: left the caller, right the bot. A range gives a part of it; each
/// listening from the beginning is in the audit log.
#[utoipa::path(
    get, path = "/api/v1/tickets/{number}/recording", tag = "recordings",
    extensions(("x-permission" = json!("recordings:listen"))),
    params(
        ("number" = u64, Path, description = "The ticket's number"),
        ("Range" = Option<String>, Header, description = "As `bytes=0-65535`, one range"),
    ),
    responses(
        (status = 200, description = "The whole", body = String, content_type = "audio/wav"),
        (status = 206, description = "The range", body = String, content_type = "audio/wav"),
        (status = 416, description = "There is no such range", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
async fn recording(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(number): Place<u64>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let stored = shared.ticket(&by, Permission::HearRecordings, number).await?;
    let call = stored.ticket.call_id;
    let kept = shared.archive.open_file(&call, RECORDING_FILE).await?;
    let bytes = kept.bytes();
    let asked = headers.get(header::RANGE).map(|value| range(value, bytes));
    let Some(range) = asked.clone().unwrap_or(Some(0..bytes)) else {
        let detail = format!("the recording has {bytes} bytes");
        return Err(Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range", detail));
    };
    if range.start == 0 {
        let (store, now) = (&shared.store, Timestamp::now());
        let by = by.name_in_log();
        store.handed_out(TicketNumber(number), RECORDING_FILE, &by, now).await?;
    }
    let mut response = Bytes::from_stream(pieces(kept, range.clone())).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, (range.end - range.start).into());
    if asked.is_some() {
        let last = range.end.saturating_sub(1);
        let value = HeaderValue::from_str(&format!("bytes {}-{last}/{bytes}", range.start));
        headers.insert(header::CONTENT_RANGE, value.unwrap_or(HeaderValue::from_static("")));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// The one range that is asked for (RFC 9110, 14.2), as far as there is one.
fn range(value: &HeaderValue, bytes: u64) -> Option<Range<u64>> {
    let parsed = parse_range_header(value.to_str().ok()?).ok()?.validate(bytes).ok()?;
    match parsed.as_slice() {
        [one] => Some(*one.start()..one.end() + 1),
        _ => None,
    }
}

/// The bytes of `range`, piece by piece; an error breaks the answer off.
fn pieces(
    kept: KeptFile,
    range: Range<u64>,
) -> impl Stream<Item = Result<Piece, ArchiveError>> + Send {
    futures::stream::try_unfold((kept, range), async |(kept, left)| {
        if left.is_empty() {
            return Ok(None);
        }
        let piece = left.start..left.end.min(left.start + PIECE_BYTES);
        let bytes = kept.read_range(piece.clone()).await?;
        Ok(Some((Piece::from(bytes), (kept, piece.end..left.end))))
    })
}

/// Why a recording is held back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Reason {
    /// Such as a case number.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// Put a ticket under legal hold.
///
/// Nothing of its call is deleted before the hold is lifted.
#[utoipa::path(
    put, path = "/api/v1/tickets/{number}/hold", tag = "recordings",
    extensions(("x-permission" = json!("recordings:hold"))),
    params(("number" = u64, Path, description = "The ticket's number")),
    request_body = Reason,
    responses((status = 204, description = "Held")),
)]
async fn hold(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(number): Place<u64>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<StatusCode, Problem> {
    shared.ticket(&by, Permission::HoldRecordings, number).await?;
    let number = TicketNumber(number);
    shared.store.hold(number, &reason, &actor(&by)?, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lift a legal hold.
#[utoipa::path(
    delete, path = "/api/v1/tickets/{number}/hold", tag = "recordings",
    extensions(("x-permission" = json!("recordings:hold"))),
    params(("number" = u64, Path, description = "The ticket's number")),
    responses((status = 204, description = "Not held")),
)]
async fn release(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(number): Place<u64>,
) -> Result<StatusCode, Problem> {
    shared.ticket(&by, Permission::HoldRecordings, number).await?;
    shared.store.release(TicketNumber(number), &actor(&by)?, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who is to be forgotten.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Forget {
    /// The caller's number, E.164.
    #[schema(example = "+84901234567", max_length = 40)]
    number: String,
    /// On what ground.
    #[serde(default)]
    grounds: ErasureGrounds,
    /// Only tell what would be erased.
    #[serde(default)]
    dry_run: bool,
}

/// Why a ticket's caller is to be forgotten.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ForgetTicket {
    /// On what ground.
    #[serde(default)]
    grounds: ErasureGrounds,
    /// Only tell what would be erased.
    #[serde(default)]
    dry_run: bool,
}

/// What an erasure came to.
#[derive(Debug, Serialize, ToSchema)]
struct Forgotten {
    /// Tickets that know nothing of the caller any more.
    tickets: Vec<u64>,
    /// Calls some of whose files could not be removed: ask again.
    failed: Vec<String>,
}

/// Erase what is kept of a caller, at the caller's request (GDPR, article 17).
///
/// Recordings, journals, and all that the tickets know; what is left counts calls and names nobody.
#[utoipa::path(
    post, path = "/api/v1/callers/erasure", tag = "recordings",
    extensions(("x-permission" = json!("callers:erase"))),
    request_body = Forget,
    responses((status = 200, description = "What was erased", body = Forgotten)),
)]
async fn erase(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Body(Forget { number, grounds, dry_run }): Body<Forget>,
) -> Result<Json<Forgotten>, Problem> {
    let found = shared.store.of_caller(&number).await?;
    let found = found.ok_or_else(|| {
        Problem::invalid("number: is no telephone number; write it with its country, +84...")
    })?;
    forget(&shared, &by, &found, &grounds, dry_run).await
}

/// Erase what is kept of a ticket's caller.
///
/// All tickets of the number that it calls back; where it has none, this ticket alone.
#[utoipa::path(
    post, path = "/api/v1/tickets/{number}/erasure", tag = "recordings",
    operation_id = "erase_ticket",
    extensions(("x-permission" = json!("callers:erase"))),
    params(("number" = u64, Path, description = "The ticket's number")),
    request_body = ForgetTicket,
    responses((status = 200, description = "What was erased", body = Forgotten)),
)]
async fn erase_ticket(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(number): Place<u64>,
    Body(ForgetTicket { grounds, dry_run }): Body<ForgetTicket>,
) -> Result<Json<Forgotten>, Problem> {
    let stored = shared.ticket(&by, Permission::EraseCallers, number).await?;
    let callers = shared.store.of_caller(&stored.ticket.callback_number).await?;
    let mut found = callers.unwrap_or_default();
    if !found.iter().any(|other| other.number == stored.number) {
        found.push(stored);
    }
    forget(&shared, &by, &found, &grounds, dry_run).await
}

async fn forget(
    shared: &Shared,
    by: &Principal,
    found: &[StoredTicket],
    grounds: &ErasureGrounds,
    dry_run: bool,
) -> Result<Json<Forgotten>, Problem> {
    for stored in found {
        by.demand_on(Permission::EraseCallers, &stored.ticket.hotline)?;
    }
    let numbers: Vec<TicketNumber> = found.iter().map(|stored| stored.number).collect();
    if dry_run {
        let tickets = numbers.iter().map(|n| n.0).collect();
        return Ok(Json(Forgotten { tickets, failed: vec![] }));
    }
    let (who, now) = (actor(by)?, Timestamp::now());
    let erased = shared.store.erase(&shared.archive, &numbers, grounds, &who, now).await?;
    let failed = erased.removal.failed.iter().map(|(call, _)| call.to_string()).collect();
    let tickets = erased.tickets.iter().map(|n| n.0).collect();
    Ok(Json(Forgotten { tickets, failed }))
}
