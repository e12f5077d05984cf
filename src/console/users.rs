//! Users, for who manages them.

use super::Shared;
use super::extract::{Asker, Body, IfMatch, Place};
use super::idempotency::ShownOnce;
use super::problem::Problem;
use crate::access::{AccessError, By, INVITATION_LIFE, Profile, Secret, Token, User, UserName};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(users, add_user))
        .routes(routes!(user, change_user, remove_user))
        .routes(routes!(disable_user))
        .routes(routes!(invite_user))
        .routes(routes!(reset_second_factor))
        .routes(routes!(end_user_sessions))
        .routes(routes!(user_tokens))
        .routes(routes!(revoke_user_token))
}

/// The user's name in a path; nobody has one that cannot be given.
fn named(typed: &str) -> Result<UserName, Problem> {
    UserName::parse(typed).map_err(|_| AccessError::NoSuch("user").into())
}

/// The answer that shows a user, with its tag.
fn shown(user: User) -> Response {
    ([(header::ETAG, tag(&user))], Json(user)).into_response()
}

fn tag(user: &User) -> String {
    format!("\"{}\"", user.version)
}

/// All users.
#[utoipa::path(
    get, path = "/api/v1/users", tag = "users",
    extensions(("x-permission" = json!("users:manage"))),
    responses((status = 200, description = "By name; not paged", body = Vec<User>)),
)]
async fn users(State(shared): State<Shared>, Asker(by): Asker) -> Result<Json<Vec<User>>, Problem> {
    Ok(Json(shared.access.users(By::Principal(&by)).await?))
}

/// A user to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUser {
    /// To log in with: a-z, 0-9 and .-_+@, a letter or digit first. Given once, also after the
    /// user was removed.
    #[schema(pattern = r"^\s*[A-Za-z0-9][A-Za-z0-9._+@-]{0,63}\s*$", example = "anna")]
    name: String,
    /// What the user is.
    profile: Profile,
}

/// By which a user chooses a password.
#[derive(Serialize, ToSchema)]
struct Invitation {
    /// To be handed over, for `POST /api/v1/invitations/accept`; shown this once.
    secret: String,
    /// Until when it is good.
    expires_at: Timestamp,
}

impl Invitation {
    fn new(secret: &Secret, now: Timestamp) -> Invitation {
        Invitation { secret: secret.text(), expires_at: now + INVITATION_LIFE }
    }
}

/// A user that was added.
#[derive(Serialize, ToSchema)]
struct AddedUser {
    /// The user.
    user: User,
    /// By which the user chooses a password.
    invitation: Invitation,
}

/// Add a user.
#[utoipa::path(
    post, path = "/api/v1/users", tag = "users",
    extensions(("x-permission" = json!("users:manage"))),
    request_body = NewUser,
    responses((status = 201, description = "Added", body = AddedUser,
        headers(("ETag" = String, description = "For If-Match")))),
)]
async fn add_user(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Body(NewUser { name, profile }): Body<NewUser>,
) -> Result<Response, Problem> {
    let (name, now) = (UserName::parse(&name)?, Timestamp::now());
    let (user, secret) = shared.access.add_user(By::Principal(&by), &name, &profile, now).await?;
    let tag = [(header::ETAG, tag(&user))];
    let added = AddedUser { user, invitation: Invitation::new(&secret, now) };
    Ok((StatusCode::CREATED, tag, Extension(ShownOnce), Json(added)).into_response())
}

/// One user.
#[utoipa::path(
    get, path = "/api/v1/users/{name}", tag = "users",
    extensions(("x-permission" = json!("users:manage"))),
    params(("name" = String, Path, description = "The user's name")),
    responses((status = 200, description = "The user", body = User,
        headers(("ETag" = String, description = "For If-Match")))),
)]
async fn user(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(name): Place<String>,
) -> Result<Response, Problem> {
    Ok(shown(shared.access.user(By::Principal(&by), &named(&name)?).await?))
}

/// Change a user.
///
/// Another role or grant ends the user's sessions.
#[utoipa::path(
    put, path = "/api/v1/users/{name}", tag = "users",
    extensions(("x-permission" = json!("users:manage"))),
    params(
        ("name" = String, Path, description = "The user's name"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read"),
    ),
    request_body = Profile,
    responses((status = 200, description = "The user afterwards", body = User,
        headers(("ETag" = String, description = "For If-Match")))),
)]
async fn change_user(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(name): Place<String>,
    IfMatch(version): IfMatch,
    Body(profile): Body<Profile>,
) -> Result<Response, Problem> {
    let (by, name, now) = (By::Principal(&by), named(&name)?, Timestamp::now());
    Ok(shown(shared.access.change_user(by, &name, &profile, version, now).await?))
}

/// Remove a user.
///
/// Nothing is left but the name, which is not given again.
#[utoipa::path(
    delete, path = "/api/v1/users/{name}", tag = "users",
    extensions(("x-permission" = json!("users:manage"))),
    params(("name" = String, Path, description = "The user's name")),
    responses((status = 204, description = "Removed")),
)]
async fn remove_user(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(name): Place<String>,
) -> Result<StatusCode, Problem> {
    shared.access.remove_user(By::Principal(&by), &named(&name)?, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether a user is kept out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Disabled {
    /// True: out at once, sessions and API tokens too.
    disabled: bool,
}

/// Keep a user out, or let the user in again.
#[utoipa::path(
    put, path = "/api/v1/users/{name}/disabled", tag = "users",
    extensions(("x-permission" = json!("users:manage"))),
    params(("name" = String, Path, description = "The user's name")),
    request_body = Disabled,
    responses((status = 200, description = "The user afterwards", body = User,
        headers(("ETag" = String, description = "For If-Match")))),
)]
async fn disable_user(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(name): Place<String>,
    Body(Disabled { disabled }): Body<Disabled>,
) -> Result<Response, Problem> {
    let (by, name, now) = (By::Principal(&by), named(&name)?, Timestamp::now());
    Ok(shown(shared.access.set_disabled(by, &name, disabled, now).await?))
}

/// Invite a user to choose a new password.
///
/// For who forgot the old one, which holds until then. Earlier invitations are void.
#[utoipa::path(
    post, path = "/api/v1/users/{name}/invitation", tag = "users",
    extensions(("x-permission" = json!("users:manage"))),
    params(("name" = String, Path, description = "The user's name")),
    responses((status = 201, description = "Invited", body = Invitation)),
)]
async fn invite_user(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(name): Place<String>,
) -> Result<Response, Problem> {
    let now = Timestamp::now();
    let secret = shared.access.invite(By::Principal(&by), &named(&name)?, now).await?;
    let invitation = Json(Invitation::new(&secret, now));
    Ok((StatusCode::CREATED, Extension(ShownOnce), invitation).into_response())
}

/// Take a user's second factor away.
///
/// For who lost phone and recovery codes; ends the user's sessions.
#[utoipa::path(
    delete, path = "/api/v1/users/{name}/second-factor", tag = "users",
    extensions(("x-permission" = json!("users:manage"))),
    params(("name" = String, Path, description = "The user's name")),
    responses((status = 204, description = "There is none any more")),
)]
async fn reset_second_factor(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(name): Place<String>,
) -> Result<StatusCode, Problem> {
    let (by, name) = (By::Principal(&by), named(&name)?);
    shared.access.reset_second_factor(by, &name, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Log a user out everywhere.
#[utoipa::path(
    delete, path = "/api/v1/users/{name}/sessions", tag = "users",
    extensions(("x-permission" = json!("users:manage"))),
    params(("name" = String, Path, description = "The user's name")),
    responses((status = 204, description = "Logged out")),
)]
async fn end_user_sessions(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(name): Place<String>,
) -> Result<StatusCode, Problem> {
    shared.access.end_sessions(By::Principal(&by), &named(&name)?, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A user's API tokens.
#[utoipa::path(
    get, path = "/api/v1/users/{name}/tokens", tag = "users",
    extensions(("x-permission" = json!("users:manage"))),
    params(("name" = String, Path, description = "The user's name")),
    responses((status = 200, description = "The newest first", body = Vec<Token>)),
)]
async fn user_tokens(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(name): Place<String>,
) -> Result<Json<Vec<Token>>, Problem> {
    let (by, name) = (By::Principal(&by), named(&name)?);
    shared.access.user(by, &name).await?;
    Ok(Json(shared.access.tokens(by, &name).await?))
}

/// Revoke a user's API token.
#[utoipa::path(
    delete, path = "/api/v1/users/{name}/tokens/{number}", tag = "users",
    extensions(("x-permission" = json!("users:manage"))),
    params(
        ("name" = String, Path, description = "The user's name"),
        ("number" = i64, Path, description = "The token's number"),
    ),
    responses((status = 204, description = "Revoked")),
)]
async fn revoke_user_token(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place((name, number)): Place<(String, i64)>,
) -> Result<StatusCode, Problem> {
    let (by, name) = (By::Principal(&by), named(&name)?);
    shared.access.revoke_token(by, &name, number, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
