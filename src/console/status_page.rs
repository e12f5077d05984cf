//! The public status page: HTML that needs no script, for old telephones too.
//!
//! Number and telephone number are in the bodies of requests only, never in an address, which
//! browsers remember and proxies log; nothing is kept between two requests.

use super::Shared;
use super::document::Rules;
use super::extract::Remote;
use super::problem::Problem;
use super::status::{BODY_BYTES_MAX, Outcome, ProgressView, StatusView};
use crate::ticket::{CallbackPolicy, TicketNumber};
use axum::extract::rejection::FormRejection;
use axum::extract::{DefaultBodyLimit, Form, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing};
use jiff::civil::Time;
use jiff::{Timestamp, ToSpan};
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;
use texts::{Reader, Texts, filled, languages};

mod texts;

const PAGE: &str = "/status";
const STYLE: &str = "/status.css";

/// The page's routes; `rules` opens them to everybody.
pub(super) fn routes(rules: &mut Rules) -> Router<Shared> {
    for (method, path) in [("get", PAGE), ("post", PAGE), ("get", STYLE)] {
        rules.open(method, path);
    }
    Router::new()
        .route(PAGE, routing::get(blank).post(answer))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .route(STYLE, routing::get(style))
}

/// What somebody sends.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Given {
    number: String,
    phone: String,
    step: Step,
    score: String,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    #[default]
    Look,
    /// Asks whether it is meant.
    Withdraw,
    Withdrawn,
    Rate,
}

/// What is wrong with what was sent.
enum Wrong {
    Number,
    Phone,
    Unknown,
    Wait(String),
    Failed,
}

async fn style() -> impl IntoResponse {
    let headers =
        [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=600")];
    (headers, include_str!("status.css"))
}

async fn blank(Reader(texts): Reader) -> Response {
    page(texts, StatusCode::OK, &texts.title, form(texts, &Given::default(), None))
}

async fn answer(
    State(shared): State<Shared>,
    remote: Remote,
    Reader(texts): Reader,
    given: Result<Form<Given>, FormRejection>,
) -> Response {
    let given = match given {
        Ok(Form(given)) => given,
        Err(rejection) => {
            return refused(texts, rejection.status(), &Given::default(), Wrong::Failed);
        }
    };
    let number: String = given.number.chars().filter(char::is_ascii_digit).collect();
    let Ok(number) = number.parse() else {
        return refused(texts, StatusCode::UNPROCESSABLE_ENTITY, &given, Wrong::Number);
    };
    if !given.phone.contains(|c: char| c.is_ascii_digit()) {
        return refused(texts, StatusCode::UNPROCESSABLE_ENTITY, &given, Wrong::Phone);
    }
    match proceed(&shared, &remote, texts, TicketNumber(number), &given).await {
        Ok(response) => response,
        Err(problem) => {
            let status = problem.status();
            let told = problem.into_response();
            let wait = told.headers().get(header::RETRY_AFTER);
            let seconds = wait.and_then(|v| v.to_str().ok()).unwrap_or_default();
            let wrong = match status {
                StatusCode::NOT_FOUND => Wrong::Unknown,
                StatusCode::TOO_MANY_REQUESTS => Wrong::Wait(seconds.into()),
                _ => Wrong::Failed,
            };
            let mut response = refused(texts, status, &given, wrong);
            let wait = wait.map(|seconds| (header::RETRY_AFTER, seconds.clone()));
            response.headers_mut().extend(wait);
            response
        }
    }
}

/// Does what is asked with the ticket, and shows it.
async fn proceed(
    shared: &Shared,
    remote: &Remote,
    texts: &'static Texts,
    number: TicketNumber,
    given: &Given,
) -> Result<Response, Problem> {
    let now = Timestamp::now();
    let mut shown = shared.show(number, &given.phone, remote.address, now).await?;
    let mut score_missing = false;
    let done = match given.step {
        Step::Look | Step::Withdraw => Ok(()),
        Step::Withdrawn => shared.cancel(&mut shown, now).await,
        Step::Rate => match given.score.parse() {
            Ok(score @ 1..=5) => shared.rate(&shown, score, now).await,
            _ => {
                score_missing = true;
                Ok(())
            }
        },
    };
    if let Err(problem) = done
        // Sent twice, or too late: the page tells how it stands.
        && !matches!(problem.status(), StatusCode::CONFLICT | StatusCode::FORBIDDEN)
    {
        return Err(problem);
    }
    // What was shown may have changed with the rating.
    let view = shared.status_of(&shown, now).await?;
    if matches!(given.step, Step::Withdraw) && view.can_cancel {
        let title = texts.withdraw_title.replace("{number}", &view.number.to_string());
        return Ok(page(texts, StatusCode::OK, &title, confirmation(texts, given, &title)));
    }
    let title = texts.ticket.replace("{number}", &view.number.to_string());
    let told = Told { texts, given, view, policy: &shared.policy_of(&shown), score_missing };
    let status = if score_missing { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(page(texts, status, &title, told.markup(&title)))
}

/// The whole page.
fn page(texts: &Texts, status: StatusCode, title: &str, content: Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang=(texts.code) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex, nofollow";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="stylesheet" href=(STYLE);
            }
            body {
                header {
                    nav aria-label=(texts.menu) {
                        ul {
                            @for other in languages() {
                                @let current = (other.code == texts.code).then_some("true");
                                li {
                                    a href={ (PAGE) "?lang=" (other.code) } lang=(other.code)
                                        hreflang=(other.code) aria-current=[current] {
                                        (other.name)
                                    }
                                }
                            }
                        }
                    }
                }
                main { (content) }
                footer { p { (texts.danger) } }
            }
        }
    };
    let headers = [
        (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow")),
        // With `no-referrer` browsers send `Origin: null` with a form, and where there is no Fetch
        // Metadata (old ones, plain HTTP) the guard could not tell ours from others'.
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (header::VARY, HeaderValue::from_static("accept-language")),
    ];
    (status, headers, page).into_response()
}

/// The form again, with what is wrong.
fn refused(texts: &Texts, status: StatusCode, given: &Given, wrong: Wrong) -> Response {
    let title = format!("{}: {}", texts.error, texts.title);
    page(texts, status, &title, form(texts, given, Some(wrong)))
}

/// Where forms go, so that the answer is in the language of the question.
fn target(texts: &Texts) -> String {
    format!("{PAGE}?lang={}", texts.code)
}

fn form(texts: &Texts, given: &Given, wrong: Option<Wrong>) -> Markup {
    let (number, phone) = match &wrong {
        Some(Wrong::Number) => (true, false),
        Some(Wrong::Phone) => (false, true),
        Some(Wrong::Unknown) => (true, true),
        _ => (false, false),
    };
    let bad = |is_bad: bool| is_bad.then_some("true");
    let described = |by: &str, is_bad: bool| match is_bad {
        true => format!("{by}-hint wrong"),
        false => format!("{by}-hint"),
    };
    html! {
        h1 { (texts.title) }
        p { (texts.intro) }
        @if let Some(wrong) = &wrong { (complaint(texts, wrong)) }
        form method="post" action=(target(texts)) {
            label for="number" { (texts.number_label) }
            p #number-hint.hint { (texts.number_hint) }
            input #number name="number" type="text" inputmode="numeric" autocomplete="off"
                maxlength="20" required value=(given.number)
                aria-describedby=(described("number", number)) aria-invalid=[bad(number)];
            label for="phone" { (texts.phone_label) }
            p #phone-hint.hint { (texts.phone_hint) }
            input #phone name="phone" type="tel" autocomplete="tel" maxlength="40" required
                value=(given.phone)
                aria-describedby=(described("phone", phone)) aria-invalid=[bad(phone)];
            button type="submit" { (texts.look) }
        }
    }
}

fn complaint(texts: &Texts, wrong: &Wrong) -> Markup {
    html! {
        p #wrong.wrong role="alert" {
            @match wrong {
                Wrong::Number => (texts.error_number),
                Wrong::Phone => (texts.error_phone),
                Wrong::Unknown => (texts.error_unknown),
                Wrong::Wait(seconds) => (filled(&texts.error_wait, "seconds", seconds)),
                Wrong::Failed => (texts.error_failed),
            }
        }
    }
}

/// What says again whose ticket it is.
fn proof(given: &Given) -> Markup {
    html! {
        input type="hidden" name="number" value=(given.number);
        input type="hidden" name="phone" value=(given.phone);
    }
}

fn confirmation(texts: &Texts, given: &Given, title: &str) -> Markup {
    html! {
        h1 { (title) }
        p.lead { (texts.withdraw_text) }
        form.choice method="post" action=(target(texts)) {
            (proof(given))
            button.danger type="submit" name="step" value="withdrawn" { (texts.withdraw_yes) }
            button.quiet type="submit" name="step" value="look" { (texts.withdraw_no) }
        }
    }
}

/// How a ticket stands, to be told.
struct Told<'a> {
    texts: &'a Texts,
    given: &'a Given,
    view: StatusView,
    policy: &'a CallbackPolicy,
    score_missing: bool,
}

impl Told<'_> {
    fn markup(&self, title: &str) -> Markup {
        let Told { texts, view, .. } = self;
        html! {
            h1 { (title) }
            @if let Some(into) = view.merged_into {
                p { (filled(&texts.merged, "number", into.0)) }
            }
            @if view.late {
                p.sorry { (filled(&texts.sorry, "time", self.time(view.due_at, true))) }
            }
            div.card {
                p.lead { (self.next()) }
                @if view.progress == ProgressView::Waiting { p { (texts.waiting) } }
                (self.steps())
            }
            @if view.can_rate { (self.rating()) }
            @if view.rated { p { (texts.rated) } }
            @if view.can_cancel {
                form method="post" action=(target(texts)) {
                    (proof(self.given))
                    button.quiet type="submit" name="step" value="withdraw" { (texts.withdraw) }
                }
            }
            p { a href=(target(texts)) { (texts.another) } }
        }
    }

    /// What happens next.
    fn next(&self) -> Markup {
        let Told { texts, view, .. } = self;
        match (view.progress, &view.office, view.outcome) {
            (ProgressView::Waiting, ..) => {
                let by = view.expected_by.or((!view.late).then_some(view.due_at));
                match by {
                    Some(by) => filled(&texts.by, "time", self.time(by, true)),
                    None => html! { (texts.soon) },
                }
            }
            (_, Some(office), _) => filled(&texts.office, "office", html! { strong { (office) } }),
            (.., Some(Outcome::PutThrough)) => html! { (texts.put_through) },
            (.., Some(Outcome::Unreached)) => html! { (texts.unreached) },
            (.., Some(Outcome::Cancelled)) => html! { (texts.cancelled) },
            _ => html! { (texts.done) },
        }
    }

    /// `at` by the hotline's clock; the midnight that ends a day is its last minute, for people
    /// take 0:00 for the day before as often as for the day after.
    fn time(&self, at: Timestamp, is_deadline: bool) -> Markup {
        let local = self.policy.hours.local(at);
        let midnight = is_deadline && local.time() == Time::midnight();
        let shown = if midnight { local.saturating_sub(1.minute()) } else { local };
        html! { time datetime=(at) { (self.texts.moment(shown)) } }
    }

    fn steps(&self) -> Markup {
        let Told { texts, view, .. } = self;
        let second = match view.progress {
            ProgressView::AtOffice => &texts.step_office,
            _ => &texts.step_waiting,
        };
        let settled = view.progress == ProgressView::Settled;
        html! {
            ol.steps {
                li.past { (texts.step_received) " " (self.time(view.received_at, false)) }
                @if settled {
                    li.now aria-current="step" { (texts.step_settled) }
                } @else {
                    li.now aria-current="step" { (second) }
                    li { (texts.step_settled) }
                }
            }
        }
    }

    fn rating(&self) -> Markup {
        let texts = self.texts;
        let described = self.score_missing.then_some("wrong");
        html! {
            form method="post" action=(target(texts)) {
                (proof(self.given))
                fieldset aria-describedby=[described] {
                    legend { (texts.rate_title) }
                    @if self.score_missing {
                        p #wrong.wrong role="alert" { (texts.error_score) }
                    }
                    p.hint { (texts.rate_bad) " · " (texts.rate_good) }
                    div.scores {
                        @for score in 1..=5 {
                            label {
                                input type="radio" name="score" value=(score) required;
                                span { (score) }
                            }
                        }
                    }
                }
                button type="submit" name="step" value="rate" { (texts.rate_send) }
            }
        }
    }
}
