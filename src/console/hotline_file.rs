//! The hotlines' files as people read them, and whether they are good.

use super::Shared;
use super::blocking::blocking;
use super::extract::{Asker, Body, Place};
use super::problem::Problem;
use crate::config::{
    Config, ConfigError, Finding, InForce, LoadedHotline, check_hotline, hotline_file,
    load_answers, load_hotline, load_prompts, load_words, today,
};
use crate::dialogue::{HotlineFile, PROMPTS, PromptTexts, SlotKind, UnclearConsent};
use crate::ticket::{CallbackSpec, HoursSpec, OfficeSpec};
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::Semaphore;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Characters of a hotline's file that is given to be checked.
const TEXT_CHARS_MAX: usize = 64 * 1024;
/// Seconds after which another may be checking no more.
const RETRY_AFTER_S: u64 = 5;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    // One at a time: each reads a country's places.
    let checking = OpenApiRouter::new()
        .routes(routes!(check))
        .routes(routes!(check_text))
        .layer(Extension(Arc::new(Semaphore::new(1))));
    OpenApiRouter::new().routes(routes!(file)).merge(checking)
}

/// A hotline's files as they are on disk now.
#[derive(Debug, Serialize, ToSchema)]
struct HotlineFileView {
    /// The hotline.
    name: String,
    /// Calls to this node are answered by it.
    served: bool,
    /// They are not those of the start: restart to load them.
    differs: bool,
    /// What they say; null where they cannot be read.
    form: Option<HotlineForm>,
    /// Why they cannot be read.
    findings: Vec<FindingView>,
}

/// What a check came to.
#[derive(Debug, Serialize, ToSchema)]
struct HotlineCheck {
    /// It can be used.
    good: bool,
    /// What is wrong.
    findings: Vec<FindingView>,
    /// It would answer otherwise than what runs: restart to load it.
    differs: bool,
    /// What it says, as far as it can be read.
    form: Option<HotlineForm>,
}

/// One thing wrong with a file.
#[derive(Debug, Serialize, ToSchema)]
struct FindingView {
    /// The file, below the prompts' folder.
    file: String,
    /// The key; empty where the file as a whole is meant.
    key: String,
    /// What is wrong, and what would be right.
    problem: String,
}

/// What a hotline's file says, in the order in which people ask.
#[derive(Debug, Serialize, ToSchema)]
struct HotlineForm {
    /// How the bot names the hotline to callers.
    title: String,
    /// Who records.
    recorded_by: String,
    /// ISO 639-1.
    language: String,
    /// ISO 3166-1 alpha-2.
    country: String,
    /// Regions or districts that it serves; empty: the whole country.
    areas: Vec<String>,
    /// The day whose administrative units callers mean; null: the day of the call.
    units_as_of: Option<String>,
    /// The form, in the order it is asked.
    slots: Vec<SlotForm>,
    /// Need categories, in the order of their keys.
    needs: Vec<String>,
    /// Where "operator" and key 0 go.
    operator: Option<String>,
    /// Where an emergency goes.
    emergency_transfer: Option<String>,
    /// The number to tell.
    emergency_number: String,
    /// When somebody calls back.
    promise: String,
    /// What becomes of the recording when the caller neither agreed nor declined.
    unclear_consent: UnclearConsent,
    /// When operators work.
    hours: HoursForm,
    /// How callbacks are worked.
    callback: CallbackForm,
    /// Who is responsible for what.
    offices: Vec<OfficeForm>,
    /// What the bot says.
    prompts: Vec<PromptForm>,
    /// What callers of the language say when a life is at risk: words, `|` between those of which
    /// one is enough.
    emergency: Vec<String>,
    /// Approved answers and scripts.
    answers: usize,
}

/// One field of the form.
#[derive(Debug, Serialize, ToSchema)]
struct SlotForm {
    /// Its name on the ticket.
    name: String,
    /// What kind of answer it takes.
    kind: SlotKind,
}

/// When operators work and callers may be rung.
#[derive(Debug, Serialize, ToSchema)]
struct HoursForm {
    /// IANA name of the zone.
    zone: Option<String>,
    /// Working windows from Monday to Sunday, null for closed; empty: always open.
    week: Vec<Option<String>>,
    /// Days closed.
    holidays: Vec<String>,
    /// When nobody is rung.
    quiet: Option<String>,
}

/// How callbacks are worked.
#[derive(Debug, Serialize, ToSchema)]
struct CallbackForm {
    /// Hours from the first call to the promised answer.
    within_h: u32,
    /// Hours before that in which a ticket goes before the others.
    at_risk_h: u32,
    /// Minutes an operator holds a ticket without a sign of life.
    lease_min: u32,
    /// How often a caller is rung.
    attempts_max: u32,
    /// Minutes to wait after each missed attempt.
    retry_after_min: Vec<u32>,
    /// Operators on shift; 0: nobody knows.
    agents: u32,
    /// Minutes one callback takes.
    handling_min: u32,
    /// The codes a ticket may be settled with.
    dispositions: Vec<String>,
    /// What a caller is written whose promise is broken.
    notice: String,
}

/// A responsible office.
#[derive(Debug, Serialize, ToSchema)]
struct OfficeForm {
    /// Its name.
    name: String,
    /// Needs it is there for; empty: all.
    needs: Vec<String>,
    /// Places it is there for; empty: everywhere.
    places: Vec<String>,
    /// First day.
    from: Option<String>,
    /// Last day.
    until: Option<String>,
    /// Shown to the operator.
    contact: Option<String>,
}

/// One prompt of the hotline's language.
#[derive(Debug, Serialize, ToSchema)]
struct PromptForm {
    /// Its name.
    name: &'static str,
    /// What is said; empty where it is missing.
    text: String,
}

impl HotlineForm {
    fn new(
        file: HotlineFile,
        texts: &PromptTexts,
        emergency: Vec<String>,
        answers: usize,
    ) -> HotlineForm {
        let prompts = PROMPTS.iter().map(|(name, _)| PromptForm {
            name,
            text: texts.get(*name).cloned().unwrap_or_default(),
        });
        HotlineForm {
            slots: file
                .slots
                .into_iter()
                .map(|s| SlotForm { name: s.name, kind: s.kind })
                .collect(),
            title: file.title,
            recorded_by: file.recorded_by,
            language: file.language,
            country: file.country,
            areas: file.areas,
            units_as_of: file.units_as_of,
            needs: file.needs,
            operator: file.operator,
            emergency_transfer: file.emergency_transfer,
            emergency_number: file.emergency_number,
            promise: file.promise,
            unclear_consent: file.unclear_consent,
            hours: file.hours.into(),
            callback: file.callback.into(),
            offices: file.offices.into_iter().map(OfficeForm::from).collect(),
            prompts: prompts.collect(),
            emergency,
            answers,
        }
    }

    /// As far as its files can be read.
    fn read(config: &Config, name: &str, file: HotlineFile) -> HotlineForm {
        let texts = load_prompts(config, &file.language).unwrap_or_default();
        let words = load_words(config, &file.language);
        let emergency = words.map(|words| words.emergency).unwrap_or_default();
        let answers = load_answers(config, name).map_or(0, |answers| answers.len());
        HotlineForm::new(file, &texts, emergency, answers)
    }
}

impl From<HoursSpec> for HoursForm {
    fn from(hours: HoursSpec) -> HoursForm {
        let week = hours.open.map(|w| vec![w.mon, w.tue, w.wed, w.thu, w.fri, w.sat, w.sun]);
        HoursForm {
            zone: hours.zone,
            week: week.unwrap_or_default(),
            holidays: hours.holidays,
            quiet: hours.quiet,
        }
    }
}

impl From<CallbackSpec> for CallbackForm {
    fn from(spec: CallbackSpec) -> CallbackForm {
        CallbackForm {
            within_h: spec.within_h,
            at_risk_h: spec.at_risk_h,
            lease_min: spec.lease_min,
            attempts_max: spec.attempts_max,
            retry_after_min: spec.retry_after_min,
            agents: spec.agents,
            handling_min: spec.handling_min,
            dispositions: spec.dispositions,
            notice: spec.notice,
        }
    }
}

impl From<OfficeSpec> for OfficeForm {
    fn from(spec: OfficeSpec) -> OfficeForm {
        OfficeForm {
            name: spec.name,
            needs: spec.needs,
            places: spec.places,
            from: spec.from.map(|day| day.to_string()),
            until: spec.until.map(|day| day.to_string()),
            contact: spec.contact,
        }
    }
}

/// Without the place of the prompts on this machine.
fn shown(config: &Config, error: &ConfigError) -> Vec<FindingView> {
    let view = |finding: Finding| {
        let file = finding.file.strip_prefix(&config.prompts_dir).unwrap_or(&finding.file);
        FindingView { file: file.display().to_string(), key: finding.key, problem: finding.problem }
    };
    error.findings().into_iter().map(view).collect()
}

/// Does `work` with files, away from the other requests.
async fn with_files<T: Send + 'static>(
    shared: &Shared,
    work: impl FnOnce(&InForce) -> T + Send + 'static,
) -> T {
    let in_force = shared.in_force.clone();
    blocking(move || work(&in_force)).await
}

/// Refuses hotlines that there are not, or not for who asks.
async fn known(shared: &Shared, by: &Asker, name: &str) -> Result<(), Problem> {
    let (seen, asked) = (by.0.user().profile.hotlines.include(name), name.to_string());
    let look = move |in_force: &InForce| hotline_is_there(in_force.config(), &asked);
    let there = seen && with_files(shared, look).await;
    there.then_some(()).ok_or_else(|| Problem::not_found(format!("there is no hotline {name:?}")))
}

fn hotline_is_there(config: &Config, name: &str) -> bool {
    !matches!(hotline_file(config, name), Err(ConfigError::Hotline { .. }))
}

/// Read a hotline's file.
///
/// As it is on disk now, with the texts of its language.
#[utoipa::path(
    get, path = "/api/v1/hotlines/{name}/file", tag = "hotlines",
    operation_id = "hotline_file",
    extensions(("x-permission" = json!("system:read"))),
    params(("name" = String, Path, description = "The hotline's name")),
    responses((status = 200, description = "What it says", body = HotlineFileView)),
)]
async fn file(
    State(shared): State<Shared>,
    by: Asker,
    Place(name): Place<String>,
) -> Result<Json<HotlineFileView>, Problem> {
    known(&shared, &by, &name).await?;
    let read = move |in_force: &InForce| {
        let config = in_force.config();
        let (form, findings) = match hotline_file(config, &name) {
            Ok(file) => (Some(HotlineForm::read(config, &name, file)), vec![]),
            Err(error) => (None, shown(config, &error)),
        };
        let served = in_force.served() == Some(&name);
        let differs = in_force.differs(&name);
        HotlineFileView { name, served, differs, form, findings }
    };
    Ok(Json(with_files(&shared, read).await))
}

/// Check a hotline's files.
///
/// As the start does, with its language pack, places and answers. One check runs at a time.
#[utoipa::path(
    get, path = "/api/v1/hotlines/{name}/check", tag = "hotlines",
    operation_id = "check_hotline",
    extensions(("x-permission" = json!("system:read")), ("x-throttled" = json!(true))),
    params(("name" = String, Path, description = "The hotline's name")),
    responses((status = 200, description = "What was found", body = HotlineCheck)),
)]
async fn check(
    State(shared): State<Shared>,
    Extension(checking): Extension<Arc<Semaphore>>,
    by: Asker,
    Place(name): Place<String>,
) -> Result<Json<HotlineCheck>, Problem> {
    known(&shared, &by, &name).await?;
    let Ok(alone) = checking.try_acquire_owned() else { return Err(busy()) };
    let check = move |in_force: &InForce| {
        // The work goes on when who asked has left.
        let _alone = alone;
        let config = in_force.config();
        let mut checked = checked(in_force, load_hotline(config, &name, &today()));
        checked.differs |= in_force.differs(&name);
        checked.form =
            hotline_file(config, &name).ok().map(|f| HotlineForm::read(config, &name, f));
        if let Err(error) = load_answers(config, &name) {
            checked.good = false;
            checked.findings.extend(shown(config, &error));
        }
        checked
    };
    Ok(Json(with_files(&shared, check).await))
}

/// A hotline's file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HotlineText {
    /// Its text, TOML.
    #[schema(max_length = 65_536)]
    text: String,
}

/// Check the text of a hotline's file.
///
/// Nothing is saved. One check runs at a time.
#[utoipa::path(
    post, path = "/api/v1/hotline-checks", tag = "hotlines",
    operation_id = "check_hotline_text",
    extensions(("x-permission" = json!("system:read")), ("x-throttled" = json!(true))),
    request_body = HotlineText,
    responses((status = 200, description = "What was found", body = HotlineCheck)),
)]
async fn check_text(
    State(shared): State<Shared>,
    Extension(checking): Extension<Arc<Semaphore>>,
    Body(HotlineText { text }): Body<HotlineText>,
) -> Result<Json<HotlineCheck>, Problem> {
    if text.chars().count() > TEXT_CHARS_MAX {
        let problem = format!("text: give at most {TEXT_CHARS_MAX} characters");
        return Err(Problem::invalid(problem));
    }
    let Ok(alone) = checking.try_acquire_owned() else { return Err(busy()) };
    let check = move |in_force: &InForce| {
        // The work goes on when who asked has left.
        let _alone = alone;
        let config = in_force.config();
        let mut checked = checked(in_force, check_hotline(config, PASTED, &text, &today()));
        checked.form =
            toml::from_str(&text).ok().map(|file| HotlineForm::read(config, PASTED, file));
        checked
    };
    Ok(Json(with_files(&shared, check).await))
}

/// What a file is called that has no name yet.
const PASTED: &str = "new";

fn checked(in_force: &InForce, loaded: Result<LoadedHotline, ConfigError>) -> HotlineCheck {
    let (findings, differs) = match &loaded {
        Ok(loaded) => (vec![], in_force.runs_otherwise(loaded)),
        Err(error) => (shown(in_force.config(), error), false),
    };
    HotlineCheck { good: loaded.is_ok(), findings, differs, form: None }
}

fn busy() -> Problem {
    let detail = "another file is being checked; try again in a moment";
    Problem::busy(detail, RETRY_AFTER_S)
}
