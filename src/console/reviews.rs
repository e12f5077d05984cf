//! Ended calls judged: listed, replayed, scored, marked, and made into tests.

use super::Shared;
use super::extract::{Asked, Asker, Body, IfMatch, Place};
use super::problem::Problem;
use super::review_view::{NewJudgement, ReviewPage, ReviewView, sums};
use crate::access::{Permission, Principal};
use crate::replay::{
    Fixture, FixtureError, ReplayError, Replayer, SLOT_CHARS_MAX, Secrets, make_fixture,
};
use crate::store::{Review, ReviewError, ReviewFilter, Scored, StoreError, StoredTicket};
use crate::ticket::TicketNumber;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Calls on one page, at most.
const PAGE_MAX: u32 = 200;
/// And where nothing is asked.
const PAGE: u32 = 50;
/// Calls that are counted in sums.
const SUMS_MAX: u32 = 2_000;
/// Batches that are read for one page of a list that leaves most calls out.
const BATCHES_MAX: usize = 20;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(ended_calls))
        .routes(routes!(ended_call, judge_call))
        .routes(routes!(replay_call))
        .routes(routes!(call_fixture))
}

impl From<ReviewError> for Problem {
    fn from(error: ReviewError) -> Problem {
        let detail = error.to_string();
        match error {
            ReviewError::NoSuchTicket(_) => Problem::not_found(detail),
            ReviewError::Running(_) => Problem::new(StatusCode::CONFLICT, "running", detail),
            ReviewError::Gone(_) => Problem::new(StatusCode::CONFLICT, "gone", detail),
            ReviewError::Changed { version } => {
                let problem = Problem::new(StatusCode::PRECONDITION_FAILED, "changed", detail);
                problem.at_version(version)
            }
            ReviewError::Invalid(_) => Problem::invalid(detail),
            ReviewError::Store(e) => e.into(),
        }
    }
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Problem {
        let detail = error.to_string();
        match error {
            ReplayError::Journal(_)
            | ReplayError::Config(_)
            | ReplayError::Engine(_)
            | ReplayError::Impair(_)
            | ReplayError::NoSound
            | ReplayError::Unreadable(_)
            | ReplayError::Truth(_) => Problem::new(StatusCode::CONFLICT, "unreadable", detail),
            ReplayError::BrokenOff => {
                let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail);
                problem.retry_after(30)
            }
        }
    }
}

impl From<FixtureError> for Problem {
    fn from(error: FixtureError) -> Problem {
        match error {
            FixtureError::Replay(e) => e.into(),
            e => Problem::new(StatusCode::CONFLICT, "unfit", e.to_string()),
        }
    }
}

/// Which ended calls.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReviewQuery {
    /// Only this hotline's.
    hotline: Option<String>,
    /// Only those in this language, ISO 639-1.
    language: Option<String>,
    /// Only those answered at this time or later.
    since: Option<Timestamp>,
    /// Only those answered before this time.
    until: Option<Timestamp>,
    /// Only those where an operator put another value into this slot; `any`: into some slot.
    #[param(max_length = 64)]
    corrected: Option<String>,
    /// Only those with marks (true) or without (false).
    marked: Option<bool>,
    /// Only those that somebody has looked at (true) or nobody (false).
    reviewed: Option<bool>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Calls on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

impl ReviewQuery {
    fn filter(&self, by: &Principal) -> Result<ReviewFilter, Problem> {
        let limit = self.limit.unwrap_or(PAGE);
        if !(1..=PAGE_MAX).contains(&limit) {
            return Err(Problem::invalid(format!("limit is {limit}; choose 1 to {PAGE_MAX}")));
        }
        if self.corrected.as_ref().is_some_and(|slot| slot.chars().count() > SLOT_CHARS_MAX) {
            let detail =
                format!("corrected: a slot's name has at most {SLOT_CHARS_MAX} characters");
            return Err(Problem::invalid(detail));
        }
        let before = self.cursor.as_deref().map(str::parse).transpose();
        let before = before.map_err(|_| Problem::invalid("cursor: is none that this list gave"))?;
        let hotlines = by.user().profile.hotlines.narrowed(self.hotline.clone());
        Ok(ReviewFilter {
            hotlines,
            language: self.language.clone(),
            since: self.since,
            until: self.until,
            corrected: self.corrected.is_some(),
            marked: self.marked,
            reviewed: self.reviewed,
            before: before.map(TicketNumber),
            limit,
        })
    }

    fn lets_through(&self, stored: &StoredTicket) -> bool {
        let wanted = self.corrected.as_deref();
        wanted.is_none_or(|slot| stored.is_corrected((slot != "any").then_some(slot)))
    }
}

/// List ended calls, newest first.
///
/// With what operators put right, what replays found, and marks; with the first page come sums over
/// the list.
#[utoipa::path(
    get, path = "/api/v1/reviews", tag = "reviews",
    extensions(("x-permission" = json!("calls:review"))),
    params(ReviewQuery),
    responses((status = 200, description = "A page", body = ReviewPage)),
)]
async fn ended_calls(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Asked(query): Asked<ReviewQuery>,
) -> Result<Json<ReviewPage>, Problem> {
    let filter = query.filter(&by)?;
    let (tickets, next) = shared.page(&query, &filter).await?;
    let next = next.map(|number| number.to_string());
    let page = shared.with_reviews(tickets).await?;
    let items = page.iter().map(|(stored, review)| shared.review_row(&by, stored, review));
    let items = items.collect();
    let sums = match query.cursor {
        Some(_) => None,
        None => {
            let filter = ReviewFilter { limit: SUMS_MAX, ..filter };
            let mut counted = shared.store.ended_calls(&filter).await?;
            counted.retain(|stored| query.lets_through(stored));
            Some(sums(&shared.with_reviews(counted).await?))
        }
    };
    Ok(Json(ReviewPage { items, next, sums }))
}

/// One ended call.
///
/// With the words that were written down or replayed; each reading of those is in the audit log.
#[utoipa::path(
    get, path = "/api/v1/reviews/{number}", tag = "reviews",
    extensions(("x-permission" = json!("calls:review"))),
    params(("number" = u64, Path, description = "The number of the call's ticket")),
    responses((status = 200, description = "The call", body = ReviewView,
        headers(("ETag" = String, description = "For If-Match")))),
)]
async fn ended_call(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(number): Place<u64>,
) -> Result<Response, Problem> {
    let stored = shared.under_review(&by, number).await?;
    let review = shared.store.review(stored.number).await?;
    let words = !review.truth.is_empty() || review.divergence.is_some();
    if words && by.may(Permission::SeePersonalData) {
        let (who, now) = (by.name_in_log(), Timestamp::now());
        shared.store.handed_out(stored.number, "review", &who, now).await?;
    }
    Ok(shared.reviewed(&by, &stored, &review))
}

/// Judge a call.
///
/// Marks, the words that were really said, a note: what was there before is replaced. Needs
/// `personal_data:read`, because the words are. With `If-Match` it is done only to the version that
/// was read.
#[utoipa::path(
    put, path = "/api/v1/reviews/{number}", tag = "reviews",
    extensions(("x-permission" = json!("calls:review"))),
    params(
        ("number" = u64, Path, description = "The number of the call's ticket"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read"),
    ),
    request_body = NewJudgement,
    responses((status = 200, description = "The call afterwards", body = ReviewView,
        headers(("ETag" = String, description = "For If-Match")))),
)]
async fn judge_call(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(number): Place<u64>,
    IfMatch(version): IfMatch,
    Body(judged): Body<NewJudgement>,
) -> Result<Response, Problem> {
    let stored = shared.under_review(&by, number).await?;
    by.demand(Permission::SeePersonalData)?;
    let (judgement, truth) = judged.parts();
    let (who, now) = (by.name_in_log(), Timestamp::now());
    let kept = shared.store.judge(stored.number, (&judgement, &truth), &who, version, now);
    Ok(shared.reviewed(&by, &stored, &kept.await?))
}

/// Replay a call.
///
/// Its journal's inputs go through this program and the hotline as it is now, and every output must
/// come out as it was; then the call is scored against the values that operators left. What is
/// found is kept. Each replay is in the audit log.
#[utoipa::path(
    post, path = "/api/v1/reviews/{number}/replay", tag = "reviews",
    extensions(("x-permission" = json!("calls:review"))),
    params(("number" = u64, Path, description = "The number of the call's ticket")),
    responses((status = 200, description = "The call afterwards", body = ReviewView,
        headers(("ETag" = String, description = "For If-Match")))),
)]
async fn replay_call(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(number): Place<u64>,
) -> Result<Response, Problem> {
    let stored = shared.under_review(&by, number).await?;
    let place = shared.replayer.place().await?;
    let files = shared.archive.call_files(&stored.ticket.call_id).await?;
    let truth = stored.truth(&shared.store.review(stored.number).await?);
    let work =
        move |replayer: &Replayer| replayer.judge(files.reader()?, || Ok(files.reader()?), truth);
    let (replayed, measures) = place.run(work).await??;
    let score = measures.map(|m| m.score);
    let (at, build) = (Timestamp::now(), env!("CARGO_PKG_VERSION").to_string());
    let scored = Scored { at, build, replayed, score };
    let kept = shared.store.replayed(stored.number, &scored, &by.name_in_log(), at).await?;
    Ok(shared.reviewed(&by, &stored, &kept))
}

/// Make a call into a test.
///
/// A tar file with a folder for `fixtures/calls`: journal, sound and what the call should come to,
/// in which nothing is left of who called. Names, addresses and numbers are replaced by made-up
/// ones, the caller's sound by a hum where there was voice. Each is in the audit log.
#[utoipa::path(
    get, path = "/api/v1/reviews/{number}/fixture", tag = "reviews",
    extensions(("x-permission" = json!("calls:review"))),
    params(("number" = u64, Path, description = "The number of the call's ticket")),
    responses(
        (status = 200, description = "The files", body = String,
            content_type = "application/x-tar"),
        (status = 409, description = "The call cannot be made into a test", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
async fn call_fixture(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(number): Place<u64>,
) -> Result<Response, Problem> {
    let stored = shared.under_review(&by, number).await?;
    let place = shared.replayer.place().await?;
    let files = shared.archive.call_files(&stored.ticket.call_id).await?;
    let secrets = Secrets::of(&stored.ticket, &stored.callback.corrections);
    let work = move |replayer: &Replayer| -> Result<(Fixture, Vec<u8>), FixtureError> {
        let fixture = make_fixture(replayer, files.reader()?, &secrets)?;
        let tar = fixture.tar()?;
        Ok((fixture, tar))
    };
    let (fixture, tar) = place.run(work).await??;
    let (who, now) = (by.name_in_log(), Timestamp::now());
    shared.store.handed_out(stored.number, "fixture", &who, now).await?;
    let name = format!("attachment; filename=\"{}.tar\"", fixture.name);
    let name = HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment"));
    let kind = HeaderValue::from_static("application/x-tar");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], tar).into_response())
}

impl Shared {
    /// The ticket of an ended call that `by` may judge.
    async fn under_review(&self, by: &Principal, number: u64) -> Result<StoredTicket, Problem> {
        let stored = self.ticket(by, Permission::ReviewCalls, number).await?;
        match stored.ended_unix_ms {
            Some(_) => Ok(stored),
            None => Err(Problem::not_found(format!("the call of ticket {number} is not over"))),
        }
    }

    /// The calls of one page, and below which number the next page begins.
    async fn page(
        &self,
        query: &ReviewQuery,
        filter: &ReviewFilter,
    ) -> Result<(Vec<StoredTicket>, Option<TicketNumber>), StoreError> {
        let wanted = filter.limit as usize;
        let mut filter = ReviewFilter { limit: filter.limit + 1, ..filter.clone() };
        let mut page: Vec<StoredTicket> = Vec::new();
        for _ in 0..BATCHES_MAX {
            let batch = self.store.ended_calls(&filter).await?;
            let last = batch.last().map(|stored| stored.number);
            let all = batch.len() < filter.limit as usize;
            page.extend(batch.into_iter().filter(|stored| query.lets_through(stored)));
            if page.len() > wanted {
                page.truncate(wanted);
                filter.before = page.last().map(|stored| stored.number);
                break;
            }
            filter.before = last.filter(|_| !all);
            if all {
                break;
            }
        }
        Ok((page, filter.before))
    }

    async fn with_reviews(
        &self,
        tickets: Vec<StoredTicket>,
    ) -> Result<Vec<(StoredTicket, Review)>, StoreError> {
        let numbers: Vec<TicketNumber> = tickets.iter().map(|stored| stored.number).collect();
        let mut reviews = self.store.reviews(&numbers).await?;
        reviews.sort_by_key(|(number, _)| *number);
        let of = |stored: StoredTicket| {
            let found = reviews.binary_search_by_key(&stored.number, |(number, _)| *number);
            let review = found.map(|at| reviews[at].1.clone()).unwrap_or_default();
            (stored, review)
        };
        Ok(tickets.into_iter().map(of).collect())
    }

    /// The answer that shows a review, with its tag.
    fn reviewed(&self, by: &Principal, stored: &StoredTicket, review: &Review) -> Response {
        let view = self.review_view(by, stored, review);
        let tag = HeaderValue::from_str(&format!("\"{}\"", view.version));
        let tag = tag.unwrap_or(HeaderValue::from_static("\"\""));
        ([(header::ETAG, tag)], Json(view)).into_response()
    }
}
