//! Logging in and out, and who one is.

use super::Shared;
use super::extract::{Asker, Body, Remote};
use super::problem::Problem;
use crate::access::{
    Client, Credentials, LoggedIn, Password, Permission, Principal, Secret, SecretKind, User,
};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(log_in, who, log_out))
}

/// What somebody gives to be let in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LogIn {
    /// The user's name.
    #[schema(example = "anna")]
    name: String,
    /// The password.
    #[schema(format = Password, max_length = 128)]
    password: String,
    /// A code of the authenticator app, or a recovery code, where a second factor is set up.
    code: Option<String>,
}

/// Who is logged in.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionView {
    /// The user.
    user: User,
    /// What the user may do.
    permissions: BTreeSet<Permission>,
    /// The user may do nothing before a second factor is set up.
    must_enrol: bool,
    /// To be sent in the header `X-CSRF-Token` with each change; absent for API tokens, which need
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf_token: Option<String>,
}

impl SessionView {
    fn new(principal: &Principal, csrf_token: Option<String>) -> SessionView {
        SessionView {
            user: principal.user().clone(),
            permissions: principal.permissions().clone(),
            must_enrol: principal.must_enrol(),
            csrf_token,
        }
    }
}

/// Log in.
///
/// The session is in a cookie that scripts do not see. Wrong names, passwords and codes are
/// answered alike; failures make the next attempt wait.
#[utoipa::path(
    post, path = "/api/v1/session", tag = "session",
    extensions(("x-permission" = json!("public"))),
    request_body = LogIn,
    responses(
        (status = 200, description = "Logged in", body = SessionView),
        (status = 401, description = "Refused, or a code is needed", body = Problem,
            content_type = "application/problem+json"),
        (status = 429, description = "Too many failures; wait as long as Retry-After says",
            body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn log_in(
    State(shared): State<Shared>,
    remote: Remote,
    headers: HeaderMap,
    Body(given): Body<LogIn>,
) -> Result<Response, Problem> {
    let password = Password::new(&given.password);
    let (device, session) =
        (shared.cookie(&headers, SecretKind::Device), shared.cookie(&headers, SecretKind::Session));
    let credentials = Credentials {
        name: &given.name,
        password: &password,
        code: given.code.as_deref(),
        device: device.as_ref(),
        session: session.as_ref(),
    };
    let client = Client { address: remote.address, agent: &remote.agent };
    let logged_in = shared.access.log_in(&credentials, &client, Timestamp::now()).await?;
    let (access, cookies) = (&shared.access, shared.access.cookies());
    let set = [
        cookies.set(&logged_in.session, access.session_cookie_for()),
        cookies.set(&logged_in.device, LoggedIn::DEVICE_COOKIE_FOR),
    ];
    let csrf_token = Some(logged_in.session.csrf_token());
    let view = SessionView::new(&logged_in.principal, csrf_token);
    let set = AppendHeaders(set.map(|cookie| (header::SET_COOKIE, cookie)));
    Ok((set, Json(view)).into_response())
}

/// Who is logged in.
#[utoipa::path(
    get, path = "/api/v1/session", tag = "session",
    extensions(("x-permission" = json!("session"))),
    responses((status = 200, description = "Who asks", body = SessionView)),
)]
async fn who(
    State(shared): State<Shared>,
    Asker(principal): Asker,
    headers: HeaderMap,
) -> Json<SessionView> {
    let by_token = headers.contains_key(header::AUTHORIZATION);
    let session = shared.cookie(&headers, SecretKind::Session).filter(|_| !by_token);
    Json(SessionView::new(&principal, session.map(|s| s.csrf_token())))
}

/// Log out.
#[utoipa::path(
    delete, path = "/api/v1/session", tag = "session",
    extensions(("x-permission" = json!("session"))),
    responses((status = 204, description = "Logged out")),
)]
async fn log_out(State(shared): State<Shared>, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(session) = shared.cookie(&headers, SecretKind::Session) {
        shared.access.log_out(&session, Timestamp::now()).await?;
    }
    Ok(shared.logged_out())
}

impl Shared {
    /// The answer to who is logged out now.
    pub(super) fn logged_out(&self) -> Response {
        let clear = self.access.cookies().clear(SecretKind::Session);
        (StatusCode::NO_CONTENT, [(header::SET_COOKIE, clear)]).into_response()
    }

    /// The cookie of a session that took the place of another, and what it shows.
    pub(super) async fn carried_on(
        &self,
        session: &Secret,
    ) -> Result<([(HeaderName, String); 1], SessionView), Problem> {
        let principal = self.access.session(session, Timestamp::now()).await?;
        let cookie = self.access.cookies().set(session, self.access.session_cookie_for());
        let view = SessionView::new(&principal, Some(session.csrf_token()));
        Ok(([(header::SET_COOKIE, cookie)], view))
    }
}
