//! Tickets taken out as a table.

use super::Shared;
use super::extract::{Asked, Asker};
use super::problem::Problem;
use super::tickets::TicketQuery;
use crate::access::Permission;
use crate::store::{Order, StoreError, TicketFilter, TicketLine};
use axum::body::{Body as Bytes, Bytes as Piece};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use jiff::Timestamp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Tickets read at a time.
const READ: u32 = 500;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(export))
}

/// Take tickets out.
///
/// All that the list would have, as CSV (RFC 4180), the newest first, for spreadsheets and paper;
/// `order`, `cursor` and `limit` do not count. Needs `personal_data:read`, and is in the audit log.
#[utoipa::path(
    get, path = "/api/v1/tickets/export", tag = "tickets",
    operation_id = "export_tickets",
    extensions(("x-permission" = json!("tickets:export"))),
    params(TicketQuery),
    responses((status = 200, description = "The table", body = String,
        content_type = "text/csv")),
)]
async fn export(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Asked(query): Asked<TicketQuery>,
) -> Result<Response, Problem> {
    by.demand(Permission::SeePersonalData)?;
    let now = Timestamp::now();
    let newest = Order::Newest { before: None };
    let filter = TicketFilter { order: newest, limit: READ, ..query.filter(&by, now)? };
    shared.store.exported(&by.name_in_log(), now).await?;
    let pieces = pieces(Reading { shared, next: Some(filter), begun: false });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"tickets.csv\""),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    Ok((headers, Bytes::from_stream(pieces)).into_response())
}

/// How far the list was read.
struct Reading {
    shared: Shared,
    /// What is to be read next; `None` at the end.
    next: Option<TicketFilter>,
    begun: bool,
}

/// The lines, some at a time; an error breaks the answer off.
fn pieces(reading: Reading) -> impl Stream<Item = Result<Piece, StoreError>> + Send {
    futures::stream::try_unfold(reading, async |mut reading| {
        if reading.shared.stop.is_cancelled() {
            return Ok(None);
        }
        let Some(filter) = reading.next.take() else { return Ok(None) };
        let store = &reading.shared.store;
        let page = store.list(&filter).await?;
        let last = page.last().filter(|_| page.len() == READ as usize).map(|last| last.number);
        let head = !std::mem::replace(&mut reading.begun, true);
        let mut csv = csv::WriterBuilder::new();
        let mut csv =
            csv.has_headers(head).terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        for stored in &page {
            let policy = store.policies().of(&stored.ticket.hotline);
            // Memory takes all.
            let _ = csv.serialize(TicketLine::new(stored, policy));
        }
        reading.next = last.map(|last| {
            let order = Order::Newest { before: Some(last) };
            TicketFilter { order, ..filter }
        });
        Ok(Some((Piece::from(csv.into_inner().unwrap_or_default()), reading)))
    })
}
