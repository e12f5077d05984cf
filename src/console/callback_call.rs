//! Calling back by a click: the operator's telephone rings, then the caller's.

use super::Shared;
use super::extract::{Asker, Place};
use super::problem::Problem;
use super::tickets::actor;
use crate::access::Permission;
use crate::live::{CallbackCall, LineError};
use crate::ticket::{Act, Stage, TicketNumber};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(call)).routes(routes!(state)).routes(routes!(hang_up))
}

impl From<LineError> for Problem {
    fn from(error: LineError) -> Problem {
        let name = match error {
            LineError::NoLine => "no-line",
            LineError::NoNumber => "no-number",
            LineError::NoExtension => "no-extension",
            LineError::Busy { .. } => "on-the-telephone",
        };
        Problem::new(StatusCode::CONFLICT, name, error.to_string())
    }
}

/// Call a ticket's caller back.
///
/// One's own telephone rings first (the extension of one's profile), then the caller's, and the two
/// are joined. The ticket must be one's own; it is `calling` from then on, and one says afterwards
/// how it ended (`miss`, `finish` and so on).
#[utoipa::path(
    post, path = "/api/v1/tickets/{number}/call", tag = "callback",
    operation_id = "call_back",
    extensions(("x-permission" = json!("tickets:work"))),
    params(("number" = u64, Path, description = "The ticket's number")),
    responses((status = 202, description = "One's telephone rings", body = CallbackCall)),
)]
async fn call(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(number): Place<u64>,
) -> Result<(StatusCode, Json<CallbackCall>), Problem> {
    let stored = shared.ticket(&by, Permission::WorkTickets, number).await?;
    let (ticket, user) = (TicketNumber(number), by.user());
    let (extension, to) = (&user.profile.extension, &stored.ticket.callback_number);
    // What cannot be called is not rung: the ticket stays as it is.
    let plan = shared.switchboard.plan(ticket, extension, to)?;
    let name = user.name.as_str();
    let own = matches!(&stored.callback.stage, Stage::Calling(lease) if lease.by == name);
    if !own {
        let who = actor(&by)?;
        shared.store.act(ticket, &Act::Ring, &who, None, Timestamp::now()).await?;
    }
    let call = shared.switchboard.call(plan, name)?;
    Ok((StatusCode::ACCEPTED, Json(call)))
}

/// How far a call back has come.
#[utoipa::path(
    get, path = "/api/v1/tickets/{number}/call", tag = "callback",
    operation_id = "callback_state",
    extensions(("x-permission" = json!("tickets:read"))),
    params(("number" = u64, Path, description = "The ticket's number")),
    responses((status = 200, description = "The last one placed by this server",
        body = CallbackCall)),
)]
async fn state(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(number): Place<u64>,
) -> Result<Json<CallbackCall>, Problem> {
    shared.ticket(&by, Permission::ReadTickets, number).await?;
    let none = || Problem::not_found(format!("nobody called back for ticket {number}"));
    shared.switchboard.of(TicketNumber(number)).map(Json).ok_or_else(none)
}

/// Hang up.
///
/// One's own call; a supervisor anybody's.
#[utoipa::path(
    delete, path = "/api/v1/tickets/{number}/call", tag = "callback",
    operation_id = "end_callback",
    extensions(("x-permission" = json!("tickets:work"))),
    params(("number" = u64, Path, description = "The ticket's number")),
    responses((status = 204, description = "It ends now")),
)]
async fn hang_up(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(number): Place<u64>,
) -> Result<StatusCode, Problem> {
    shared.ticket(&by, Permission::WorkTickets, number).await?;
    let ticket = TicketNumber(number);
    let others = shared.switchboard.of(ticket).is_some_and(|c| c.by != by.user().name.as_str());
    if others {
        by.demand(Permission::SuperviseTickets)?;
    }
    match shared.switchboard.hang_up(ticket) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found(format!("no call for ticket {number} is running"))),
    }
}
