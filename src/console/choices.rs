//! What the queue can be narrowed down by: the values that there are.

use super::Shared;
use super::extract::Asker;
use super::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Districts and branches that are read, of each.
const PLACES_MAX: u32 = 2_000;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(choices))
}

/// The values of one hotline's filters.
#[derive(Debug, Serialize, ToSchema)]
struct Choices {
    /// The hotline.
    hotline: String,
    /// Categories of need, in the order of their keys.
    needs: Vec<String>,
    /// Districts of the callers who wait.
    districts: Vec<String>,
    /// Branches from which callers who wait called.
    branches: Vec<String>,
    /// Responsible offices.
    offices: Vec<String>,
    /// Languages of its calls, ISO 639-1.
    languages: Vec<String>,
}

/// List what the queue can be narrowed down by.
///
/// Of each hotline that one sees: what its file names, and what the waiting tickets hold.
#[utoipa::path(
    get, path = "/api/v1/choices", tag = "tickets",
    operation_id = "list_choices",
    extensions(("x-permission" = json!("tickets:read"))),
    responses((status = 200, description = "By hotline", body = Vec<Choices>)),
)]
async fn choices(
    State(shared): State<Shared>,
    Asker(by): Asker,
) -> Result<Json<Vec<Choices>>, Problem> {
    let [districts, branches] = shared.store.places_in_queue(PLACES_MAX).await?;
    let named = shared.store.policies().hotlines().map(|(name, _)| name.to_string());
    let waiting = districts.iter().chain(&branches).map(|(hotline, _)| hotline.clone());
    let all: BTreeSet<String> = named.chain(waiting).collect();
    let own = &by.user().profile.hotlines;
    let of = |found: &[(String, String)], hotline: &str| {
        let mine = found.iter().filter(|(of, _)| of == hotline);
        mine.map(|(_, value)| value.clone()).collect()
    };
    let choices = all.into_iter().filter(|name| own.include(name)).map(|hotline| {
        let file = shared.in_force.hotline(&hotline).map(|h| &h.file);
        let offices = shared.store.policies().of(&hotline).offices.names().map(String::from);
        Choices {
            needs: file.map(|f| f.needs.clone()).unwrap_or_default(),
            districts: of(&districts, &hotline),
            branches: of(&branches, &hotline),
            offices: offices.collect(),
            languages: file.map(|f| f.language.clone()).into_iter().collect(),
            hotline,
        }
    });
    Ok(Json(choices.collect()))
}
