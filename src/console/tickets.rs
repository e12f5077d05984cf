//! Tickets: lists, one, and what users do to them.

use super::Shared;
use super::extract::{Asked, Asker, Body, IfMatch, Place};
use super::problem::Problem;
use super::ticket_row::TicketPage;
use super::ticket_view::{PartView, TicketView};
use crate::access::{AccessError, Permission, Principal};
use crate::store::{Order, Pick, QueuePlace, StoredTicket, TicketFilter};
use crate::ticket::{Act, Actor, Priority, Stage, TicketNumber};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Tickets on one page, at most.
const PAGE_MAX: u32 = 500;
/// And where nothing is asked.
const PAGE: u32 = 50;
/// Characters of a search.
const Q_CHARS_MAX: usize = 200;
/// Tickets of a list that are counted, at most.
const COUNT_MAX: u32 = 10_000;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(one))
        .routes(routes!(act))
        .routes(routes!(claim_next))
        .routes(routes!(merge))
        .routes(routes!(unmerge))
        .routes(routes!(history))
}

/// Which tickets.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TicketQuery {
    /// Only those at these stages, separated by commas: `open,claimed`.
    #[param(example = "open")]
    stage: Option<String>,
    /// Only this hotline's.
    hotline: Option<String>,
    /// Only those of this responsible office.
    office: Option<String>,
    /// Only those of this category of need.
    need: Option<String>,
    /// Only those in this language, ISO 639-1.
    language: Option<String>,
    /// Only those that this user holds.
    holder: Option<String>,
    /// Only those of this branch of the hotline.
    branch: Option<String>,
    /// Only those of callers of this district.
    district: Option<String>,
    /// Only those with these words in name or address, or with this telephone number or part of
    /// it, however they are written, or of this number; needs `personal_data:read`.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Only those to be called back at this number, E.164; needs `personal_data:read`.
    callback_number: Option<String>,
    /// Only those whose promise is broken.
    #[serde(default)]
    overdue: bool,
    /// `newest`: the highest number first. `queue`: as the queue is worked.
    #[serde(default)]
    #[param(inline)]
    order: OrderName,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Tickets on a page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OrderName {
    #[default]
    Newest,
    Queue,
}

impl TicketQuery {
    pub(super) fn filter(self, by: &Principal, now: Timestamp) -> Result<TicketFilter, Problem> {
        let limit = self.limit.unwrap_or(PAGE);
        if !(1..=PAGE_MAX).contains(&limit) {
            return Err(Problem::invalid(format!("limit is {limit}; choose 1 to {PAGE_MAX}")));
        }
        let stages: Vec<String> = match &self.stage {
            Some(stages) => stages.split(',').map(String::from).collect(),
            None => vec![],
        };
        if let Some(unknown) = stages.iter().find(|s| !Stage::NAMES.contains(&s.as_str())) {
            let known = Stage::NAMES.join(", ");
            return Err(Problem::invalid(format!("stage: {unknown:?} is none of {known}")));
        }
        let q = self.q.clone().filter(|q| !q.trim().is_empty());
        if q.as_ref().is_some_and(|q| q.chars().count() > Q_CHARS_MAX) {
            return Err(Problem::invalid(format!("q: give at most {Q_CHARS_MAX} characters")));
        }
        if self.callback_number.is_some() || q.is_some() {
            by.demand(Permission::SeePersonalData)?;
        }
        let order = self.order(self.cursor.as_deref());
        let order = order.ok_or_else(|| Problem::invalid("cursor: is none that this list gave"))?;
        let hotlines = by.user().profile.hotlines.narrowed(self.hotline);
        Ok(TicketFilter {
            stages,
            hotlines,
            office: self.office,
            need: self.need,
            language: self.language,
            holder: self.holder,
            branch: self.branch,
            district: self.district,
            search: q,
            callback_number: self.callback_number,
            due_before: self.overdue.then_some(now),
            order,
            limit: limit + 1,
        })
    }

    fn order(&self, cursor: Option<&str>) -> Option<Order> {
        match self.order {
            OrderName::Newest => {
                let before = cursor.map(str::parse).transpose().ok()?.map(TicketNumber);
                Some(Order::Newest { before })
            }
            OrderName::Queue => {
                let Some(cursor) = cursor else { return Some(Order::Queue { after: None }) };
                let (priority, rest) = cursor.split_once('.')?;
                let (received, number) = rest.split_once('.')?;
                let place = QueuePlace {
                    priority: serde_json::from_value(priority.into()).ok()?,
                    received_at: Timestamp::from_millisecond(received.parse().ok()?).ok()?,
                    number: TicketNumber(number.parse().ok()?),
                };
                Some(Order::Queue { after: Some(place) })
            }
        }
    }
}

/// The cursor of what follows `last`.
fn cursor(order: Order, last: &StoredTicket) -> String {
    let place = QueuePlace::of(last);
    match order {
        Order::Newest { .. } => place.number.to_string(),
        Order::Queue { .. } => {
            let priority = match place.priority {
                Priority::Normal => "normal",
                Priority::High => "high",
                Priority::Emergency => "emergency",
            };
            format!("{priority}.{}.{}", place.received_at.as_millisecond(), place.number)
        }
    }
}

/// What a user does to a ticket.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
enum UserAct {
    /// Takes the ticket for oneself.
    Claim,
    /// Keeps it for another lease.
    Extend,
    /// Gives it back to the queue.
    Release,
    /// Begins to ring the caller.
    Ring,
    /// Nobody answered.
    Miss,
    /// Settles the ticket.
    Finish {
        /// One of the hotline's disposition codes.
        disposition: String,
    },
    /// Agrees on a time.
    Schedule {
        /// Not before.
        at: Timestamp,
    },
    /// Sends the ticket to the responsible office.
    Refer {
        /// One of the hotline's offices.
        #[schema(min_length = 1, max_length = 200)]
        office: String,
    },
    /// The office gives it back.
    HandBack,
    /// Withdraws it.
    Cancel,
    /// Puts an ended ticket back into the queue; for supervisors.
    Reopen,
    /// Changes how soon; for supervisors.
    Prioritise {
        /// How soon.
        priority: Priority,
    },
    /// Writes a note.
    Note {
        /// Its words.
        #[schema(min_length = 1, max_length = 4_000)]
        text: String,
    },
    /// Puts a slot right.
    Correct {
        /// Which.
        #[schema(min_length = 1, max_length = 64)]
        slot: String,
        /// Its right value.
        #[schema(max_length = 4_000)]
        value: String,
        /// The value's named parts.
        #[schema(max_items = 50)]
        #[serde(default)]
        parts: Vec<PartView>,
    },
}

impl From<UserAct> for Act {
    fn from(act: UserAct) -> Act {
        match act {
            UserAct::Claim => Act::Claim,
            UserAct::Extend => Act::Extend,
            UserAct::Release => Act::Release,
            UserAct::Ring => Act::Ring,
            UserAct::Miss => Act::Miss,
            UserAct::Finish { disposition } => Act::Finish { disposition },
            UserAct::Schedule { at } => Act::Schedule { at },
            UserAct::Refer { office } => Act::Refer { office },
            UserAct::HandBack => Act::HandBack,
            UserAct::Cancel => Act::Cancel,
            UserAct::Reopen => Act::Reopen,
            UserAct::Prioritise { priority } => Act::Prioritise { priority },
            UserAct::Note { text } => Act::Note { text },
            UserAct::Correct { slot, value, parts } => {
                let parts = parts.into_iter().map(|p| (p.name, p.value)).collect();
                Act::Correct { slot, value, parts }
            }
        }
    }
}

impl Shared {
    /// The ticket, where `by` may do what `permission` says with it.
    pub(super) async fn ticket(
        &self,
        by: &Principal,
        permission: Permission,
        number: u64,
    ) -> Result<StoredTicket, Problem> {
        let none = || Problem::not_found(format!("there is no ticket {number}"));
        let stored = self.store.get(TicketNumber(number)).await?.ok_or_else(none)?;
        // As if it were not there.
        by.demand_on(permission, &stored.ticket.hotline).map_err(|e| match e {
            AccessError::NoSuch(_) => none(),
            e => e.into(),
        })?;
        Ok(stored)
    }

    /// The ticket as `by` may see it.
    pub(super) fn view(&self, by: &Principal, stored: &StoredTicket) -> TicketView {
        let policy = self.store.policies().of(&stored.ticket.hotline);
        TicketView::new(stored, policy, by.may(Permission::SeePersonalData))
    }

    /// The answer that shows a ticket, with its tag.
    fn shown(&self, by: &Principal, stored: &StoredTicket) -> Response {
        let tag = HeaderValue::from_str(&format!("\"{}\"", stored.version));
        let tag = tag.unwrap_or(HeaderValue::from_static("\"\""));
        ([(header::ETAG, tag)], Json(self.view(by, stored))).into_response()
    }
}

/// As who `by` acts on tickets.
pub(super) fn actor(by: &Principal) -> Result<Actor, Problem> {
    by.actor().ok_or_else(|| AccessError::Denied(Permission::WorkTickets).into())
}

/// List tickets.
#[utoipa::path(
    get, path = "/api/v1/tickets", tag = "tickets",
    extensions(("x-permission" = json!("tickets:read"))),
    params(TicketQuery),
    responses((status = 200, description = "A page", body = TicketPage)),
)]
async fn list(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Asked(query): Asked<TicketQuery>,
) -> Result<Json<TicketPage>, Problem> {
    let first = query.cursor.is_none();
    let filter = query.filter(&by, Timestamp::now())?;
    let mut tickets = shared.store.list(&filter).await?;
    let more = tickets.len() >= filter.limit as usize;
    if more {
        tickets.pop();
    }
    let next = tickets.last().filter(|_| more).map(|last| cursor(filter.order, last));
    let items = tickets.iter().map(|stored| shared.row(&by, stored)).collect();
    let total = match first {
        true => Some(shared.store.count(&filter, COUNT_MAX).await?),
        false => None,
    };
    Ok(Json(TicketPage { items, next, total }))
}

/// One ticket.
#[utoipa::path(
    get, path = "/api/v1/tickets/{number}", tag = "tickets",
    extensions(("x-permission" = json!("tickets:read"))),
    params(("number" = u64, Path, description = "The ticket's number")),
    responses((status = 200, description = "The ticket", body = TicketView,
        headers(("ETag" = String, description = "For If-Match")))),
)]
async fn one(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(number): Place<u64>,
) -> Result<Response, Problem> {
    let stored = shared.ticket(&by, Permission::ReadTickets, number).await?;
    Ok(shared.shown(&by, &stored))
}

/// Act on a ticket.
///
/// What a ticket takes depends on its stage and on who holds it. With `If-Match` the act is done
/// only to the version that was read.
#[utoipa::path(
    post, path = "/api/v1/tickets/{number}/acts", tag = "tickets",
    extensions(("x-permission" = json!("tickets:work"))),
    params(
        ("number" = u64, Path, description = "The ticket's number"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read"),
    ),
    request_body = UserAct,
    responses((status = 200, description = "The ticket afterwards", body = TicketView,
        headers(("ETag" = String, description = "For If-Match")))),
)]
async fn act(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(number): Place<u64>,
    IfMatch(version): IfMatch,
    Body(act): Body<UserAct>,
) -> Result<Response, Problem> {
    shared.ticket(&by, Permission::WorkTickets, number).await?;
    let (act, who) = (act.into(), actor(&by)?);
    let done = shared.store.act(TicketNumber(number), &act, &who, version, Timestamp::now());
    Ok(shared.shown(&by, &done.await?))
}

/// Which ticket an operator wants next.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Of this hotline.
    #[schema(example = "demo-en")]
    hotline: String,
    /// In one of these languages, ISO 639-1; absent: those of one's own profile.
    #[schema(max_items = 20)]
    languages: Option<Vec<String>>,
    /// For this office; absent: any.
    office: Option<String>,
}

/// Languages one operator speaks, at most.
const LANGUAGES_MAX: usize = 20;

/// Claim the ticket that goes first.
///
/// Emergencies first, then the pressing, then who has waited longest. While the hotline may ring
/// nobody, only emergencies are given out.
#[utoipa::path(
    post, path = "/api/v1/tickets/claim", tag = "tickets",
    extensions(("x-permission" = json!("tickets:work"))),
    request_body = Wanted,
    responses(
        (status = 200, description = "The ticket, claimed", body = TicketView,
            headers(("ETag" = String, description = "For If-Match"))),
        (status = 204, description = "Nobody waits"),
    ),
)]
async fn claim_next(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Body(wanted): Body<Wanted>,
) -> Result<Response, Problem> {
    let own = || by.user().profile.languages.iter().cloned().collect();
    let languages: Vec<String> = wanted.languages.unwrap_or_else(own);
    if languages.len() > LANGUAGES_MAX {
        return Err(Problem::invalid(format!("languages: give at most {LANGUAGES_MAX}")));
    }
    if by.demand_on(Permission::WorkTickets, &wanted.hotline).is_err() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let pick = Pick { hotline: wanted.hotline, languages, office: wanted.office };
    let who = by.user().name.as_str();
    match shared.store.claim_next(&pick, who, Timestamp::now()).await? {
        Some(stored) => Ok(shared.shown(&by, &stored)),
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// A repeat call's ticket.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Repeat {
    /// Its number.
    repeat: u64,
}

/// Merge a repeat call into a ticket.
///
/// The earlier time is kept, the urgency raised, all recordings stay.
#[utoipa::path(
    post, path = "/api/v1/tickets/{number}/merge", tag = "tickets",
    extensions(("x-permission" = json!("tickets:supervise"))),
    params(("number" = u64, Path, description = "The ticket that stands for both")),
    request_body = Repeat,
    responses((status = 200, description = "The ticket that stands for both", body = TicketView,
        headers(("ETag" = String, description = "For If-Match")))),
)]
async fn merge(
    state: State<Shared>,
    by: Asker,
    number: Place<u64>,
    repeat: Body<Repeat>,
) -> Result<Response, Problem> {
    merge_or_undo(state, by, number, repeat, false).await
}

/// Undo a merge.
#[utoipa::path(
    post, path = "/api/v1/tickets/{number}/unmerge", tag = "tickets",
    extensions(("x-permission" = json!("tickets:supervise"))),
    params(("number" = u64, Path, description = "The ticket that stands for both")),
    request_body = Repeat,
    responses((status = 200, description = "The ticket without the repeat call",
        body = TicketView, headers(("ETag" = String, description = "For If-Match")))),
)]
async fn unmerge(
    state: State<Shared>,
    by: Asker,
    number: Place<u64>,
    repeat: Body<Repeat>,
) -> Result<Response, Problem> {
    merge_or_undo(state, by, number, repeat, true).await
}

async fn merge_or_undo(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(number): Place<u64>,
    Body(Repeat { repeat }): Body<Repeat>,
    undo: bool,
) -> Result<Response, Problem> {
    for number in [number, repeat] {
        shared.ticket(&by, Permission::SuperviseTickets, number).await?;
    }
    let (into, repeat) = (TicketNumber(number), TicketNumber(repeat));
    let merged = shared.store.merge(into, repeat, undo, &actor(&by)?, Timestamp::now()).await?;
    Ok(shared.shown(&by, &merged))
}

/// One entry of a ticket's history.
#[derive(Debug, Serialize, ToSchema)]
struct HistoryEntry {
    /// When.
    at: Timestamp,
    /// Who: role and user name, `caller` or `clock`.
    actor: String,
    /// What was done.
    act: String,
    /// More about it; no personal data.
    detail: serde_json::Value,
}

/// What was done to a ticket.
#[utoipa::path(
    get, path = "/api/v1/tickets/{number}/history", tag = "tickets",
    extensions(("x-permission" = json!("tickets:read"))),
    params(("number" = u64, Path, description = "The ticket's number")),
    responses((status = 200, description = "The oldest first", body = Vec<HistoryEntry>)),
)]
async fn history(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(number): Place<u64>,
) -> Result<Json<Vec<HistoryEntry>>, Problem> {
    shared.ticket(&by, Permission::ReadTickets, number).await?;
    let events = shared.store.history(TicketNumber(number)).await?;
    let entries = events.into_iter().map(|event| HistoryEntry {
        at: Timestamp::from_millisecond(event.at).unwrap_or_default(),
        actor: event.actor,
        act: event.act,
        detail: serde_json::from_str(&event.detail).unwrap_or_default(),
    });
    Ok(Json(entries.collect()))
}
