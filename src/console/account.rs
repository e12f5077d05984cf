//! What belongs to a user alone: sessions, password, second factor, API tokens.

use super::Shared;
use super::extract::{Asker, Body, Place};
use super::idempotency::ShownOnce;
use super::problem::Problem;
use super::session::SessionView;
use crate::access::{By, Enrolment, NewToken, Password, Session, Token, Via};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(sessions, end_sessions))
        .routes(routes!(end_session))
        .routes(routes!(change_password))
        .routes(routes!(begin_second_factor, confirm_second_factor))
        .routes(routes!(drop_second_factor))
        .routes(routes!(tokens, add_token))
        .routes(routes!(revoke_token))
}

/// One of the user's sessions.
#[derive(Serialize, ToSchema)]
struct OwnSession {
    #[serde(flatten)]
    session: Session,
    /// The one by which this is asked.
    current: bool,
}

/// One's own sessions.
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "account",
    extensions(("x-permission" = json!("session"))),
    responses((status = 200, description = "The newest first", body = Vec<OwnSession>)),
)]
async fn sessions(
    State(shared): State<Shared>,
    Asker(by): Asker,
) -> Result<Json<Vec<OwnSession>>, Problem> {
    let sessions = shared.access.sessions(&by, Timestamp::now()).await?;
    let own = |session: Session| OwnSession {
        current: by.via() == Via::Session(session.number),
        session,
    };
    Ok(Json(sessions.into_iter().map(own).collect()))
}

/// End one of one's own sessions.
#[utoipa::path(
    delete, path = "/api/v1/sessions/{number}", tag = "account",
    extensions(("x-permission" = json!("session"))),
    params(("number" = i64, Path, description = "The session's number")),
    responses((status = 204, description = "Ended")),
)]
async fn end_session(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(number): Place<i64>,
) -> Result<StatusCode, Problem> {
    shared.access.end_session(&by, number, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Log out everywhere.
///
/// Also of here; browsers that were known are strangers again.
#[utoipa::path(
    delete, path = "/api/v1/sessions", tag = "account",
    extensions(("x-permission" = json!("session"))),
    responses((status = 204, description = "Logged out")),
)]
async fn end_sessions(State(shared): State<Shared>, Asker(by): Asker) -> Result<Response, Problem> {
    let name = &by.user().name;
    shared.access.end_sessions(By::Principal(&by), name, Timestamp::now()).await?;
    Ok(shared.logged_out())
}

/// Another password for oneself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    /// The one before.
    #[schema(value_type = String, format = Password)]
    old: Password,
    /// At least twelve characters, and none that everybody tries first.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
    new: Password,
}

/// Change one's own password.
///
/// All one's sessions end; this one goes on with a new cookie and a new CSRF token.
#[utoipa::path(
    put, path = "/api/v1/password", tag = "account",
    extensions(("x-permission" = json!("session")), ("x-throttled" = json!(true))),
    request_body = PasswordChange,
    responses((status = 200, description = "Changed; who asks", body = SessionView)),
)]
async fn change_password(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Body(PasswordChange { old, new }): Body<PasswordChange>,
) -> Result<Response, Problem> {
    let session = shared.access.change_password(&by, &old, &new, Timestamp::now()).await?;
    let (cookie, view) = shared.carried_on(&session).await?;
    Ok((cookie, Json(view)).into_response())
}

/// The password again, of who is logged in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Confirmation {
    /// The password.
    #[schema(value_type = String, format = Password)]
    password: Password,
}

/// Begin to set up a second factor.
///
/// It counts from its first code on (`PUT`). The secret is shown this once.
#[utoipa::path(
    post, path = "/api/v1/second-factor", tag = "account",
    extensions(("x-permission" = json!("session")), ("x-throttled" = json!(true))),
    request_body = Confirmation,
    responses((status = 201, description = "For the authenticator app", body = Enrolment)),
)]
async fn begin_second_factor(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Body(Confirmation { password }): Body<Confirmation>,
) -> Result<Response, Problem> {
    let begun = shared.access.begin_second_factor(&by, &password, Timestamp::now()).await?;
    Ok((StatusCode::CREATED, Extension(ShownOnce), Json(begun)).into_response())
}

/// A code of the authenticator app.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FirstCode {
    /// Six digits.
    #[schema(example = "123456")]
    code: String,
}

/// A second factor that was set up.
#[derive(Serialize, ToSchema)]
struct SecondFactor {
    /// Each is good once, in place of a code; shown this once.
    recovery_codes: Vec<String>,
    /// Who asks, by a new session.
    session: SessionView,
}

/// Complete the second factor.
///
/// All one's sessions end; this one goes on with a new cookie and a new CSRF token.
#[utoipa::path(
    put, path = "/api/v1/second-factor", tag = "account",
    extensions(("x-permission" = json!("session"))),
    request_body = FirstCode,
    responses((status = 200, description = "Set up", body = SecondFactor)),
)]
async fn confirm_second_factor(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Body(FirstCode { code }): Body<FirstCode>,
) -> Result<Response, Problem> {
    let confirmed = shared.access.confirm_second_factor(&by, &code, Timestamp::now()).await?;
    let (session, recovery_codes) = confirmed;
    let (cookie, session) = shared.carried_on(&session).await?;
    Ok((cookie, Json(SecondFactor { recovery_codes, session })).into_response())
}

/// What shows that nobody else takes a second factor away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Removal {
    /// The password.
    #[schema(value_type = String, format = Password)]
    password: Password,
    /// A code of the authenticator app, or a recovery code.
    code: String,
}

/// Remove one's own second factor.
#[utoipa::path(
    post, path = "/api/v1/second-factor/removal", tag = "account",
    extensions(("x-permission" = json!("session")), ("x-throttled" = json!(true))),
    request_body = Removal,
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "None is set up", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
async fn drop_second_factor(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Body(Removal { password, code }): Body<Removal>,
) -> Result<StatusCode, Problem> {
    shared.access.drop_second_factor(&by, &password, &code, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One's own API tokens.
#[utoipa::path(
    get, path = "/api/v1/tokens", tag = "account",
    extensions(("x-permission" = json!("session"))),
    responses((status = 200, description = "The newest first", body = Vec<Token>)),
)]
async fn tokens(
    State(shared): State<Shared>,
    Asker(by): Asker,
) -> Result<Json<Vec<Token>>, Problem> {
    Ok(Json(shared.access.tokens(By::Principal(&by), &by.user().name).await?))
}

/// A token that was made.
#[derive(Serialize, ToSchema)]
struct MadeToken {
    /// The token.
    token: Token,
    /// For the header `Authorization: Bearer ...`; shown this once.
    #[schema(example = "spw_...")]
    secret: String,
}

/// Make an API token.
#[utoipa::path(
    post, path = "/api/v1/tokens", tag = "account",
    extensions(("x-permission" = json!("session"))),
    request_body = NewToken,
    responses((status = 201, description = "Made", body = MadeToken)),
)]
async fn add_token(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Body(new): Body<NewToken>,
) -> Result<Response, Problem> {
    let (token, secret) = shared.access.add_token(&by, &new, Timestamp::now()).await?;
    let made = MadeToken { token, secret: secret.text() };
    Ok((StatusCode::CREATED, Extension(ShownOnce), Json(made)).into_response())
}

/// Revoke one of one's own API tokens.
#[utoipa::path(
    delete, path = "/api/v1/tokens/{number}", tag = "account",
    extensions(("x-permission" = json!("session"))),
    params(("number" = i64, Path, description = "The token's number")),
    responses((status = 204, description = "Revoked")),
)]
async fn revoke_token(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(number): Place<i64>,
) -> Result<StatusCode, Problem> {
    let (own, name) = (By::Principal(&by), &by.user().name);
    shared.access.revoke_token(own, name, number, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
