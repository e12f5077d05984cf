//! The audit log taken out as a file.

use super::Shared;
use super::audit::{AuditEntry, Wanted, after};
use super::extract::Asked;
use super::problem::Problem;
use crate::store::{AuditEvent, StoreError};
use crate::ticket::inert;
use axum::body::{Body as Bytes, Bytes as Piece};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Entries read at a time.
const READ: u32 = 1_000;
const CSV_HEAD: [&str; 6] = ["place", "at", "actor", "act", "ticket", "detail"];

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(export))
}

/// Which entries, as what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// Only of who is named so: a user's name, with the role or without it, `caller`, `clock`,
    /// `machine` or `nobody`.
    actor: Option<String>,
    /// Only of this name.
    act: Option<String>,
    /// Only about this ticket.
    ticket: Option<i64>,
    /// Only of this time or later.
    from: Option<Timestamp>,
    /// Only of before this time.
    to: Option<Timestamp>,
    /// As what.
    #[serde(default)]
    #[param(inline)]
    format: ExportFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ExportFormat {
    /// A JSON object a line.
    #[default]
    Jsonl,
    /// A table.
    Csv,
}

impl ExportFormat {
    /// Its media type, and what the file is to be called.
    fn kind(self) -> (&'static str, &'static str) {
        match self {
            ExportFormat::Jsonl => ("application/jsonl", "attachment; filename=\"audit.jsonl\""),
            ExportFormat::Csv => {
                let kind = "text/csv; charset=utf-8; header=present";
                (kind, "attachment; filename=\"audit.csv\"")
            }
        }
    }
}

/// Take the audit log out.
///
/// From the oldest entry on, sealed ones only, as long as it is.
#[utoipa::path(
    get, path = "/api/v1/audit/export", tag = "audit",
    operation_id = "export_audit_log",
    extensions(("x-permission" = json!("audit:read"))),
    params(ExportQuery),
    responses((status = 200, description = "The entries",
        content((String = "application/jsonl"), (String = "text/csv")))),
)]
async fn export(
    State(shared): State<Shared>,
    Asked(query): Asked<ExportQuery>,
) -> Result<Response, Problem> {
    let ExportQuery { actor, act, ticket, from, to, format } = query;
    let wanted = Wanted { actor, act, ticket, from, to };
    let (first, past) = wanted.bounds(&shared).await?;
    let (kind, file) = format.kind();
    let at = Some((first.saturating_sub(1), i64::MAX));
    let pieces = pieces(Reading { shared, wanted, format, past, at, begun: false });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(file)),
    ];
    Ok((headers, Bytes::from_stream(pieces)).into_response())
}

/// How far the log was read.
struct Reading {
    shared: Shared,
    wanted: Wanted,
    format: ExportFormat,
    past: i64,
    /// What comes after this is to be read; `None` at the end.
    at: Option<(i64, i64)>,
    begun: bool,
}

/// The lines, some at a time; an error breaks the answer off.
fn pieces(reading: Reading) -> impl Stream<Item = Result<Piece, StoreError>> + Send {
    futures::stream::try_unfold(reading, async |mut reading| {
        if reading.shared.stop.is_cancelled() {
            return Ok(None);
        }
        let Some(at) = reading.at else { return Ok(None) };
        let events = reading.shared.store.events(at, READ).await?;
        let more = events.len() >= READ as usize;
        let last = events.last().map(after).filter(|last| more && last.0 <= reading.past);
        reading.at = last;
        let wanted = events.into_iter().filter(|event| reading.wanted.has(event)).collect();
        let head = !std::mem::replace(&mut reading.begun, true);
        let text = match reading.format {
            ExportFormat::Jsonl => jsonl(wanted),
            ExportFormat::Csv => csv(wanted, head),
        };
        Ok(Some((Piece::from(text), reading)))
    })
}

fn jsonl(events: Vec<AuditEvent>) -> Vec<u8> {
    let mut text = Vec::new();
    for event in events {
        // Made of text and numbers: it is JSON.
        text.extend(serde_json::to_vec(&AuditEntry::from(event)).unwrap_or_default());
        text.push(b'\n');
    }
    text
}

fn csv(events: Vec<AuditEvent>, head: bool) -> Vec<u8> {
    let mut csv =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let mut write = |fields: &[&str]| {
        // Memory takes all.
        let _ = csv.write_record(fields);
    };
    if head {
        write(&CSV_HEAD);
    }
    for event in events {
        let (seal, id) = after(&event);
        let place = format!("{seal}-{id}");
        let at = Timestamp::from_millisecond(event.at).unwrap_or_default().to_string();
        let ticket = event.ticket.map(|n| n.to_string()).unwrap_or_default();
        write(&[&place, &at, &inert(&event.actor), &event.act, &ticket, &inert(&event.detail)]);
    }
    csv.into_inner().unwrap_or_default()
}
