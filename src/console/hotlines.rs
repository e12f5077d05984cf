//! What a client has to know of the hotlines, and whether the server is well.

use super::Shared;
use super::extract::Asker;
use super::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(health))
}

/// A hotline, as its file says.
#[derive(Debug, Serialize, ToSchema)]
struct HotlineView {
    /// Its name.
    name: String,
    /// The codes a ticket may be settled with.
    dispositions: Vec<String>,
    /// The responsible offices.
    offices: Vec<String>,
    /// The slots that hold name, address and need; empty where it has none.
    slots: SlotsView,
    /// From the caller's first call to the promised answer, in hours.
    within_h: i64,
    /// Callers can be called back by a click, by who has an extension.
    calls_back: bool,
    /// Its clock, as IANA names it.
    zone: String,
}

/// Which slots hold what.
#[derive(Debug, Serialize, ToSchema)]
struct SlotsView {
    /// The caller's name.
    name: String,
    /// The address.
    address: String,
    /// The need.
    need: String,
}

/// List the hotlines that one sees.
#[utoipa::path(
    get, path = "/api/v1/hotlines", tag = "hotlines",
    operation_id = "list_hotlines",
    extensions(("x-permission" = json!("session"))),
    responses((status = 200, description = "By name", body = Vec<HotlineView>)),
)]
async fn list(State(shared): State<Shared>, Asker(by): Asker) -> Json<Vec<HotlineView>> {
    let own = &by.user().profile.hotlines;
    let seen = shared.store.policies().hotlines().filter(|(name, _)| own.include(name));
    let views = seen.map(|(name, policy)| HotlineView {
        name: name.to_string(),
        dispositions: policy.dispositions.clone(),
        offices: policy.offices.names().map(String::from).collect(),
        slots: SlotsView {
            name: policy.slots.name.clone(),
            address: policy.slots.address.clone(),
            need: policy.slots.need.clone(),
        },
        within_h: policy.within.as_hours(),
        calls_back: shared.switchboard.is_there(),
        zone: policy.hours.zone().iana_name().unwrap_or("UTC").to_string(),
    });
    Json(views.collect())
}

/// That the server is well.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// The program's version.
    version: &'static str,
}

/// Whether the server and its database are there; for monitors.
#[utoipa::path(
    get, path = "/api/v1/health", tag = "health",
    extensions(("x-permission" = json!("public"))),
    responses((status = 200, description = "All is well", body = Health)),
)]
async fn health(State(shared): State<Shared>) -> Result<Json<Health>, Problem> {
    shared.store.last_event().await?;
    Ok(Json(Health { version: env!("CARGO_PKG_VERSION") }))
}
