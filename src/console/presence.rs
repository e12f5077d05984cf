//! Who is there, and who looks at a ticket now.

use super::Shared;
use super::extract::{Asker, Body, Place};
use super::problem::Problem;
use crate::access::{Hotlines, Permission};
use crate::store::{AgentState, Presence};
use crate::ticket::TicketNumber;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(be_present))
        .routes(routes!(agents))
        .routes(routes!(viewers))
}

/// What one does now.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OwnPresence {
    /// Who cannot work tickets is `away`, whatever this says.
    state: AgentState,
    /// The ticket that one looks at.
    #[serde(default)]
    ticket: Option<u64>,
}

/// Somebody who is there.
#[derive(Debug, Serialize, ToSchema)]
struct AgentView {
    /// The user's name.
    user: String,
    /// What the user does.
    state: AgentState,
    /// Since when.
    since: Timestamp,
    /// The ticket that the user looks at.
    ticket: Option<u64>,
}

impl From<Presence> for AgentView {
    fn from(Presence { user, state, since, ticket }: Presence) -> AgentView {
        AgentView { user, state, since, ticket: ticket.map(|t| t.0) }
    }
}

/// Say that one is there.
///
/// To be said at each change, and each minute: who says nothing for 150 seconds is away. How many
/// work for a hotline goes into the promises that callers are told.
#[utoipa::path(
    put, path = "/api/v1/presence", tag = "presence",
    extensions(("x-permission" = json!("tickets:read"))),
    request_body = OwnPresence,
    responses((status = 204, description = "Known")),
)]
async fn be_present(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Body(own): Body<OwnPresence>,
) -> Result<StatusCode, Problem> {
    let user = by.user();
    let works = by.may(Permission::WorkTickets);
    let state = if works { own.state } else { AgentState::Away };
    let names: Option<Vec<&str>> = match &user.profile.hotlines {
        Hotlines::All => None,
        Hotlines::Only(own) => Some(own.iter().map(String::as_str).collect()),
    };
    if own.ticket.is_some_and(|number| i64::try_from(number).is_err()) {
        return Err(Problem::invalid("ticket: is no ticket's number"));
    }
    let ticket = own.ticket.map(TicketNumber);
    let known = shared.store.be_present(
        user.name.as_str(),
        names.as_deref(),
        state,
        ticket,
        Timestamp::now(),
    );
    known.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List who is there.
#[utoipa::path(
    get, path = "/api/v1/agents", tag = "presence",
    extensions(("x-permission" = json!("calls:watch"))),
    responses((status = 200, description = "By name", body = Vec<AgentView>)),
)]
async fn agents(State(shared): State<Shared>) -> Result<Json<Vec<AgentView>>, Problem> {
    let present = shared.store.present(None, Timestamp::now()).await?;
    Ok(Json(present.into_iter().map(AgentView::from).collect()))
}

/// List who looks at a ticket now.
#[utoipa::path(
    get, path = "/api/v1/tickets/{number}/viewers", tag = "presence",
    extensions(("x-permission" = json!("tickets:read"))),
    params(("number" = u64, Path, description = "The ticket's number")),
    responses((status = 200, description = "Users, without who asks", body = Vec<AgentView>)),
)]
async fn viewers(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(number): Place<u64>,
) -> Result<Json<Vec<AgentView>>, Problem> {
    shared.ticket(&by, Permission::ReadTickets, number).await?;
    let present = shared.store.present(Some(TicketNumber(number)), Timestamp::now()).await?;
    let others = present.into_iter().filter(|p| p.user != by.user().name.as_str());
    Ok(Json(others.map(AgentView::from).collect()))
}
