//! What is installed: model packs, gazetteers, and what else `spillway doctor` looks at.

use super::Shared;
use super::blocking::blocking;
use super::extract::Asked;
use super::problem::Problem;
use crate::doctor::{self, Outcome};
use crate::engine::pack::{Pack, PackEngine, PackError, PackState, Packs};
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::Semaphore;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Seconds after which another may be looking no more.
const RETRY_AFTER_S: u64 = 5;
/// Digits of a fingerprint that tell packs apart.
const STAMP_DIGITS: usize = 12;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    // One of each at a time: files are read, and programs asked.
    let alone = || Extension(Arc::new(Semaphore::new(1)));
    OpenApiRouter::new()
        .merge(OpenApiRouter::new().routes(routes!(packs)).layer(alone()))
        .merge(OpenApiRouter::new().routes(routes!(prerequisites)).layer(alone()))
}

/// Model packs as they stand on this node.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PackQuery {
    /// Compare the digests of all files, not just their sizes; reads them all.
    #[serde(default)]
    verify: bool,
}

/// One known pack.
#[derive(Debug, Serialize, ToSchema)]
struct PackView {
    /// Its name.
    name: String,
    /// What it is for: `ctc`, `whisper`, `vosk` and `hears`, `piper` speaks, `gazetteer` knows
    /// places.
    engine: PackKind,
    /// Languages it is good for, ISO 639-1.
    languages: Vec<String>,
    /// The licence of its contents.
    licence: String,
    /// How it stands.
    state: PackStanding,
    /// Which file is damaged, or what it goes without.
    detail: Option<String>,
    /// Bytes of its files; 0 where it is not installed, null where it was laid by hand.
    bytes: Option<u64>,
    /// The first digits of the digest of all that decides its contents.
    stamp: Option<String>,
    /// The packages it was made of, with their versions.
    made_of: Vec<String>,
    /// One of these had no published digest and was trusted as it came.
    trusted_on_first_use: bool,
    /// The command that installs or mends it; null where nothing is to be done.
    mend: Option<String>,
}

/// What a pack is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PackKind {
    /// Hears speech.
    Recogniser,
    /// Speaks.
    Voice,
    /// Knows a country's places and names.
    Gazetteer,
}

/// How a pack stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PackStanding {
    /// Whole, and as the manifest wants it.
    Ready,
    /// Laid there by hand.
    Unstamped,
    /// Whole, but made by another manifest.
    Outdated,
    /// Goes without something that could not be had.
    Lacking,
    /// A file is missing or changed.
    Damaged,
    /// Not installed.
    Missing,
}

impl PackView {
    fn new(packs: &Packs, pack: &Pack, verify: bool) -> PackView {
        let stamp = packs.stamp(pack);
        let (state, detail) = match packs.state(pack, verify) {
            PackState::Ready => (PackStanding::Ready, None),
            PackState::Unstamped => (PackStanding::Unstamped, None),
            PackState::Outdated => (PackStanding::Outdated, None),
            PackState::Lacking(what) => (PackStanding::Lacking, Some(what)),
            PackState::Damaged(file) => (PackStanding::Damaged, Some(file)),
            PackState::Missing => (PackStanding::Missing, None),
        };
        let good = matches!(state, PackStanding::Ready | PackStanding::Unstamped);
        let bytes = match state {
            PackStanding::Missing => Some(0),
            _ => stamp.as_ref().map(|s| s.files.iter().map(|f| f.bytes).sum()),
        };
        let made_of = stamp.iter().flat_map(|s| s.made_of.iter().map(|f| f.path.clone()));
        PackView {
            name: pack.name.clone(),
            engine: match pack.engine {
                PackEngine::Ctc | PackEngine::Whisper | PackEngine::Vosk => PackKind::Recogniser,
                PackEngine::Piper => PackKind::Voice,
                PackEngine::Gazetteer => PackKind::Gazetteer,
            },
            languages: pack.languages.clone(),
            licence: pack.licence.clone(),
            state,
            detail,
            bytes,
            made_of: made_of.collect(),
            trusted_on_first_use: stamp.as_ref().is_some_and(|s| s.trusted_on_first_use),
            stamp: stamp.map(|s| s.fingerprint.chars().take(STAMP_DIGITS).collect()),
            mend: (!good).then(|| format!("spillway models pull {}", pack.name)),
        }
    }
}

/// List the model packs.
///
/// All that are known, and how each stands on this node. One reading runs at a time.
#[utoipa::path(
    get, path = "/api/v1/packs", tag = "system",
    operation_id = "list_packs",
    extensions(("x-permission" = json!("system:read")), ("x-throttled" = json!(true))),
    params(PackQuery),
    responses((status = 200, description = "In the manifest's order", body = Vec<PackView>)),
)]
async fn packs(
    State(shared): State<Shared>,
    Extension(looking): Extension<Arc<Semaphore>>,
    Asked(query): Asked<PackQuery>,
) -> Result<Json<Vec<PackView>>, Problem> {
    let Ok(alone) = looking.try_acquire_owned() else { return Err(busy()) };
    let in_force = shared.in_force.clone();
    let look = move || -> Result<Vec<PackView>, PackError> {
        // The work goes on when who asked has left.
        let _alone = alone;
        let config = in_force.config();
        let packs = Packs::open(&config.models_dir, &config.prompts_dir)?;
        let all = packs.manifest().packs.iter();
        Ok(all.map(|pack| PackView::new(&packs, pack, query.verify)).collect())
    };
    let found = blocking(look).await.map_err(|error| {
        tracing::error!(%error, "the packs cannot be listed");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", error.to_string())
    })?;
    Ok(Json(found))
}

/// One prerequisite.
#[derive(Debug, Serialize, ToSchema)]
struct Prerequisite {
    /// What was looked at.
    name: String,
    /// False where calls are answered without it, only less well.
    needed: bool,
    /// It is there.
    present: bool,
    /// Where, which version, or what is wrong.
    detail: String,
    /// The command or the change that mends it.
    mend: Option<String>,
}

/// Look at every prerequisite.
///
/// As `spillway doctor` does on this node, but for the ports, which the server itself has.
#[utoipa::path(
    get, path = "/api/v1/prerequisites", tag = "system",
    operation_id = "list_prerequisites",
    extensions(("x-permission" = json!("system:read")), ("x-throttled" = json!(true))),
    responses((status = 200, description = "Each of them", body = Vec<Prerequisite>)),
)]
async fn prerequisites(
    State(shared): State<Shared>,
    Extension(looking): Extension<Arc<Semaphore>>,
) -> Result<Json<Vec<Prerequisite>>, Problem> {
    let Ok(alone) = looking.try_acquire_owned() else { return Err(busy()) };
    let in_force = shared.in_force.clone();
    let examine = move || {
        let _alone = alone;
        doctor::examine_running(in_force.config())
    };
    let checks = blocking(examine).await;
    let view = |check: doctor::Check| {
        let (present, detail, mend) = match check.outcome {
            Outcome::Present { detail } => (true, detail, None),
            Outcome::Missing { detail, mend } => (false, detail, Some(mend)),
        };
        Prerequisite { name: check.name, needed: check.needed, present, detail, mend }
    };
    Ok(Json(checks.into_iter().map(view).collect()))
}

fn busy() -> Problem {
    let detail = "somebody else is looking; try again in a moment";
    Problem::busy(detail, RETRY_AFTER_S)
}
