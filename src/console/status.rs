//! How a ticket stands, for its caller: whoever knows its number and the telephone number.

use super::Shared;
use super::extract::{Body, Remote};
use super::problem::Problem;
use crate::store::StoredTicket;
use crate::ticket::{
    Act, Actor, CallbackPolicy, Progress, Rating, Stage, TicketNumber, is_callers,
};
use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A number, a telephone number and a score need no more bytes.
pub(super) const BODY_BYTES_MAX: usize = 2 * 1024;
/// A repeat call of a repeat call ... is looked behind so often.
const MERGES_MAX: usize = 16;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(cancel))
        .routes(routes!(rate))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// Which ticket, and what proves that it is the caller's.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// The number the caller was told.
    number: TicketNumber,
    /// The number to call back or the one the call came from, written in any way.
    #[schema(example = "0903 123 456")]
    phone: String,
}

/// The same, and how well the caller was helped.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Rated {
    /// The number the caller was told.
    number: TicketNumber,
    /// The number to call back or the one the call came from, written in any way.
    #[schema(example = "0903 123 456")]
    phone: String,
    /// 1 (bad) to 5 (good).
    #[schema(minimum = 1, maximum = 5)]
    score: u8,
}

/// How a ticket stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct StatusView {
    /// The ticket asked about.
    pub(super) number: TicketNumber,
    /// The earlier ticket of the same case that stands for it; all below is about that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) merged_into: Option<TicketNumber>,
    /// How far it is.
    pub(super) progress: ProgressView,
    /// How it ended, of one that is settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<Outcome>,
    /// Who will call, of one that is at an office.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) office: Option<String>,
    /// The promise is broken: the caller is owed an apology.
    pub(super) late: bool,
    /// When the caller first called.
    pub(super) received_at: Timestamp,
    /// When the promise ends.
    pub(super) due_at: Timestamp,
    /// By when somebody will have called, as the queue is now; absent where that cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expected_by: Option<Timestamp>,
    /// Whether the caller may withdraw it.
    pub(super) can_cancel: bool,
    /// Whether the caller may rate the help.
    pub(super) can_rate: bool,
    /// The caller has rated the help.
    pub(super) rated: bool,
}

/// How far a ticket is, as its caller sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ProgressView {
    /// Somebody will call.
    Waiting,
    /// The responsible office will call.
    AtOffice,
    /// Nobody will call any more.
    Settled,
}

/// How a ticket ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// Somebody saw to it.
    Done,
    /// The caller was put through to a person during the call.
    PutThrough,
    /// Rung as often as the hotline does, and never reached.
    Unreached,
    /// Withdrawn.
    Cancelled,
}

/// A ticket whose asker has shown that it is theirs.
pub(super) struct Shown {
    asked: TicketNumber,
    ticket: StoredTicket,
    /// False where a supervisor put this asker's ticket to somebody else's: that one is not theirs
    /// to withdraw.
    own: bool,
}

impl Shared {
    /// The ticket `number` where `phone` is its caller's. An unknown number and a wrong phone are
    /// answered alike, and counted against `address`.
    pub(super) async fn show(
        &self,
        number: TicketNumber,
        phone: &str,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Shown, Problem> {
        let find = async {
            let theirs =
                |stored: &StoredTicket| is_callers(phone, &stored.ticket, &stored.callback);
            let Some(mut ticket) = self.store.get(number).await?.filter(theirs) else {
                return Ok(None);
            };
            for _ in 0..MERGES_MAX {
                let Stage::Merged { into, .. } = ticket.callback.stage else { break };
                let Some(earlier) = self.store.get(into).await? else { break };
                ticket = earlier;
            }
            let own = theirs(&ticket);
            Ok::<_, Problem>(Some(Shown { asked: number, ticket, own }))
        };
        let found = self.access.guess(address, now, find).await?;
        let detail = "there is no ticket of this number with this telephone number; check both";
        found.ok_or_else(|| Problem::not_found(detail))
    }

    /// How the hotline of `shown` works its callbacks.
    pub(super) fn policy_of(&self, shown: &Shown) -> Arc<CallbackPolicy> {
        self.store.policies().of(&shown.ticket.ticket.hotline).clone()
    }

    pub(super) async fn status_of(
        &self,
        shown: &Shown,
        now: Timestamp,
    ) -> Result<StatusView, Problem> {
        let Shown { asked, ticket: stored, own } = shown;
        let (policy, callback) = (self.policy_of(shown), &stored.callback);
        let standing = self.store.standing(stored, now).await?;
        let rated = self.store.rating(stored.number).await?.is_some();
        let (progress, office) = match standing.progress {
            Progress::Waiting => (ProgressView::Waiting, None),
            Progress::AtOffice(office) => (ProgressView::AtOffice, Some(office)),
            Progress::Settled => (ProgressView::Settled, None),
        };
        Ok(StatusView {
            number: *asked,
            merged_into: (stored.number != *asked).then_some(stored.number),
            progress,
            outcome: outcome(&callback.stage),
            office,
            late: standing.late,
            received_at: callback.received_at(),
            due_at: callback.due_at(&policy),
            expected_by: standing.by.and_then(|by| by.at(now, &policy.hours)),
            can_cancel: callback.stage.is_pending() && *own,
            can_rate: !rated && Rating::new(&callback.stage, 1, now).is_ok(),
            rated,
        })
    }

    /// Withdraws it, as its caller.
    pub(super) async fn cancel(&self, shown: &mut Shown, now: Timestamp) -> Result<(), Problem> {
        if !shown.own {
            let detail = "it was put to a ticket of another telephone number, which alone may";
            return Err(Problem::new(StatusCode::FORBIDDEN, "denied", detail));
        }
        let number = shown.ticket.number;
        shown.ticket = self.store.act(number, &Act::Cancel, &Actor::Caller, None, now).await?;
        Ok(())
    }

    /// Rates the help, as its caller.
    pub(super) async fn rate(
        &self,
        shown: &Shown,
        score: u8,
        now: Timestamp,
    ) -> Result<(), Problem> {
        self.store.rate(shown.ticket.number, score, now).await?;
        Ok(())
    }
}

fn outcome(stage: &Stage) -> Option<Outcome> {
    match stage {
        Stage::Done { .. } => Some(Outcome::Done),
        Stage::PutThrough => Some(Outcome::PutThrough),
        Stage::Unreached => Some(Outcome::Unreached),
        Stage::Cancelled => Some(Outcome::Cancelled),
        _ => None,
    }
}

/// Ask how a ticket stands.
///
/// For callers: who knows the number and the telephone number is told. An unknown number and a
/// wrong telephone number are answered alike; after many wrong ones an address has to wait.
#[utoipa::path(
    post, path = "/api/v1/status", tag = "status",
    extensions(("x-permission" = json!("public")), ("x-throttled" = json!(true))),
    request_body = Asked,
    responses(
        (status = 200, description = "How it stands", body = StatusView),
        (status = 404, description = "No such number, or not with this telephone number",
            body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn status(
    State(shared): State<Shared>,
    remote: Remote,
    Body(asked): Body<Asked>,
) -> Result<Json<StatusView>, Problem> {
    let now = Timestamp::now();
    let shown = shared.show(asked.number, &asked.phone, remote.address, now).await?;
    Ok(Json(shared.status_of(&shown, now).await?))
}

/// Withdraw a ticket.
///
/// Nobody calls any more. Who called for the ticket may, as long as it is not settled.
#[utoipa::path(
    post, path = "/api/v1/status/cancellation", tag = "status",
    extensions(("x-permission" = json!("public")), ("x-throttled" = json!(true))),
    request_body = Asked,
    responses(
        (status = 200, description = "Withdrawn", body = StatusView),
        (status = 404, description = "No such number, or not with this telephone number",
            body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn cancel(
    State(shared): State<Shared>,
    remote: Remote,
    Body(asked): Body<Asked>,
) -> Result<Json<StatusView>, Problem> {
    let now = Timestamp::now();
    let mut shown = shared.show(asked.number, &asked.phone, remote.address, now).await?;
    shared.cancel(&mut shown, now).await?;
    Ok(Json(shared.status_of(&shown, now).await?))
}

/// Rate the help.
///
/// Once, when the ticket is settled.
#[utoipa::path(
    post, path = "/api/v1/status/rating", tag = "status",
    extensions(("x-permission" = json!("public")), ("x-throttled" = json!(true))),
    request_body = Rated,
    responses(
        (status = 200, description = "Rated", body = StatusView),
        (status = 404, description = "No such number, or not with this telephone number",
            body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn rate(
    State(shared): State<Shared>,
    remote: Remote,
    Body(rated): Body<Rated>,
) -> Result<Json<StatusView>, Problem> {
    let now = Timestamp::now();
    let shown = shared.show(rated.number, &rated.phone, remote.address, now).await?;
    shared.rate(&shown, rated.score, now).await?;
    Ok(Json(shared.status_of(&shown, now).await?))
}
