//! How a password comes about before there is one: the first administrator, and who was invited.
//!
//! Both are open to everybody, for 256 random bits are not guessed. A wrong secret costs us one
//! look-up, less than counting it would; nothing is hashed before the right one.

use super::Shared;
use super::extract::Body;
use super::problem::Problem;
use crate::access::{AccessError, LoggedIn, Password, Secret, SecretKind, User, UserName};
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(set_up)).routes(routes!(accept))
}

fn invitation(text: &str) -> Result<Secret, Problem> {
    let secret = Secret::parse(SecretKind::Invitation, text);
    secret.ok_or_else(|| AccessError::BadInvitation.into())
}

/// The first administrator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetUp {
    /// What `spillway serve` printed.
    secret: String,
    /// To log in with: a-z, 0-9 and .-_+@, a letter or digit first.
    #[schema(pattern = r"^\s*[A-Za-z0-9][A-Za-z0-9._+@-]{0,63}\s*$", example = "anna")]
    name: String,
    /// The name that others read.
    #[schema(min_length = 1, max_length = 100)]
    display_name: String,
    /// At least twelve characters, and none that everybody tries first.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
    password: Password,
}

/// Make the first administrator.
#[utoipa::path(
    post, path = "/api/v1/set-up", tag = "session",
    extensions(("x-permission" = json!("public")), ("x-throttled" = json!(true))),
    request_body = SetUp,
    responses((status = 201, description = "Made; log in", body = User)),
)]
async fn set_up(
    State(shared): State<Shared>,
    Body(given): Body<SetUp>,
) -> Result<(StatusCode, Json<User>), Problem> {
    let (secret, name) = (invitation(&given.secret)?, UserName::parse(&given.name)?);
    let (display_name, now) = (given.display_name.as_str(), Timestamp::now());
    let made =
        shared.access.first_administrator(&secret, &name, display_name, &given.password, now);
    Ok((StatusCode::CREATED, Json(made.await?)))
}

/// Who was invited chooses a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Acceptance {
    /// The invitation's.
    secret: String,
    /// At least twelve characters, and none that everybody tries first.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
    password: Password,
}

/// An invitation that was taken.
#[derive(Serialize, ToSchema)]
struct Accepted {
    /// To log in with.
    name: UserName,
}

/// Choose a password by an invitation.
///
/// All sessions of the user end. The browser is known from then on.
#[utoipa::path(
    post, path = "/api/v1/invitations/accept", tag = "session",
    extensions(("x-permission" = json!("public")), ("x-throttled" = json!(true))),
    request_body = Acceptance,
    responses((status = 200, description = "Chosen; log in", body = Accepted)),
)]
async fn accept(
    State(shared): State<Shared>,
    Body(Acceptance { secret, password }): Body<Acceptance>,
) -> Result<Response, Problem> {
    let secret = invitation(&secret)?;
    let (name, device) = shared.access.accept(&secret, &password, Timestamp::now()).await?;
    let cookie = shared.access.cookies().set(&device, LoggedIn::DEVICE_COOKIE_FOR);
    Ok(([(header::SET_COOKIE, cookie)], Json(Accepted { name })).into_response())
}
