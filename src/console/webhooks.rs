//! Who is told of changes, and what could not be told.

use super::Shared;
use super::extract::{Asked, Asker, Body, Place};
use super::idempotency::ShownOnce;
use super::problem::Problem;
use crate::store::{
    DeliveryFilter, DeliveryState, HookError, NewWebhook, Webhook, WebhookDelivery, WebhookSpec,
};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Deliveries on one page.
const PAGE: u32 = 100;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(one, replace, remove))
        .routes(routes!(deliveries))
        .routes(routes!(redeliver))
}

impl From<HookError> for Problem {
    fn from(error: HookError) -> Problem {
        let detail = error.to_string();
        match error {
            HookError::NoSuchWebhook(_) | HookError::NoSuchDelivery(_) => {
                Problem::not_found(detail)
            }
            HookError::NameTaken => Problem::new(StatusCode::CONFLICT, "name-taken", detail),
            HookError::TooMany => Problem::new(StatusCode::CONFLICT, "too-many", detail),
            HookError::Invalid { .. } => Problem::invalid(detail),
            HookError::Store(e) => e.into(),
        }
    }
}

/// List the webhooks.
#[utoipa::path(
    get, path = "/api/v1/webhooks", tag = "webhooks",
    operation_id = "list_webhooks",
    extensions(("x-permission" = json!("system:read"))),
    responses((status = 200, description = "All of them", body = Vec<Webhook>)),
)]
async fn list(State(shared): State<Shared>) -> Result<Json<Vec<Webhook>>, Problem> {
    Ok(Json(shared.store.webhooks().await?))
}

/// Make a webhook.
///
/// The answer has the secret that its receiver checks signatures with; it is shown this once.
#[utoipa::path(
    post, path = "/api/v1/webhooks", tag = "webhooks",
    operation_id = "create_webhook",
    extensions(("x-permission" = json!("system:manage"))),
    request_body = WebhookSpec,
    responses((status = 201, description = "Made", body = NewWebhook)),
)]
async fn create(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Body(spec): Body<WebhookSpec>,
) -> Result<impl IntoResponse, Problem> {
    let made = shared.store.create_webhook(&spec, &by.name_in_log(), Timestamp::now()).await?;
    Ok((StatusCode::CREATED, Extension(ShownOnce), Json(made)))
}

/// One webhook.
#[utoipa::path(
    get, path = "/api/v1/webhooks/{id}", tag = "webhooks",
    operation_id = "webhook",
    extensions(("x-permission" = json!("system:read"))),
    params(("id" = i64, Path, description = "The webhook's number")),
    responses((status = 200, description = "The webhook", body = Webhook)),
)]
async fn one(
    State(shared): State<Shared>,
    Place(id): Place<i64>,
) -> Result<Json<Webhook>, Problem> {
    let found = shared.store.webhook(id).await?;
    Ok(Json(found.ok_or(HookError::NoSuchWebhook(id))?))
}

/// Change a webhook.
#[utoipa::path(
    put, path = "/api/v1/webhooks/{id}", tag = "webhooks",
    operation_id = "replace_webhook",
    extensions(("x-permission" = json!("system:manage"))),
    params(("id" = i64, Path, description = "The webhook's number")),
    request_body = WebhookSpec,
    responses((status = 200, description = "The webhook afterwards", body = Webhook)),
)]
async fn replace(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(id): Place<i64>,
    Body(spec): Body<WebhookSpec>,
) -> Result<Json<Webhook>, Problem> {
    let (who, now) = (by.name_in_log(), Timestamp::now());
    Ok(Json(shared.store.update_webhook(id, &spec, &who, now).await?))
}

/// Remove a webhook, with what waits for it.
#[utoipa::path(
    delete, path = "/api/v1/webhooks/{id}", tag = "webhooks",
    operation_id = "remove_webhook",
    extensions(("x-permission" = json!("system:manage"))),
    params(("id" = i64, Path, description = "The webhook's number")),
    responses((status = 204, description = "Removed")),
)]
async fn remove(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(id): Place<i64>,
) -> Result<StatusCode, Problem> {
    shared.store.remove_webhook(id, &by.name_in_log(), Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Only this webhook's.
    webhook: Option<i64>,
    /// Only those that have come so far; `dead` is the dead-letter list.
    #[param(inline)]
    state: Option<DeliveryState>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// A page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
struct DeliveryPage {
    /// The deliveries, newest first.
    items: Vec<WebhookDelivery>,
    /// The `cursor` of the next page; null on the last.
    next: Option<String>,
}

/// List what receivers were told, will be told, and could not be told.
#[utoipa::path(
    get, path = "/api/v1/webhook-deliveries", tag = "webhooks",
    operation_id = "list_deliveries",
    extensions(("x-permission" = json!("system:read"))),
    params(Wanted),
    responses((status = 200, description = "A page", body = DeliveryPage)),
)]
async fn deliveries(
    State(shared): State<Shared>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<DeliveryPage>, Problem> {
    let before = wanted.cursor.as_deref().map(str::parse).transpose();
    let before = before.map_err(|_| Problem::invalid("cursor: is none that this list gave"))?;
    let filter = DeliveryFilter { webhook: wanted.webhook, state: wanted.state, before };
    let mut items = shared.store.deliveries(&filter, PAGE + 1).await?;
    let more = items.len() > PAGE as usize;
    items.truncate(PAGE as usize);
    let next = items.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Json(DeliveryPage { items, next }))
}

/// Send a delivery again that ended.
#[utoipa::path(
    post, path = "/api/v1/webhook-deliveries/{id}/redelivery", tag = "webhooks",
    operation_id = "redeliver",
    extensions(("x-permission" = json!("system:manage"))),
    params(("id" = i64, Path, description = "The delivery's number")),
    responses((status = 202, description = "It waits to be sent")),
)]
async fn redeliver(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(id): Place<i64>,
) -> Result<StatusCode, Problem> {
    shared.store.redeliver(id, &by.name_in_log(), Timestamp::now()).await?;
    Ok(StatusCode::ACCEPTED)
}
