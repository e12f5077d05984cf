//! Figures of a period, and the PBX's word on the calls that agents answered.

use super::Shared;
use super::extract::{Asked, Asker, Body};
use super::problem::Problem;
use crate::access::{Hotlines, Principal};
use crate::store::{AnsweredReport, StatisticsQuery};
use crate::ticket::{Statistics, StatisticsBy};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(statistics)).routes(routes!(answered))
}

/// Which figures.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// The period's beginning on the hotline's clock; by default the beginning of today.
    #[param(example = "2026-01-31T00:00")]
    from: Option<String>,
    /// Its end, which is no part of it; by default now.
    #[param(example = "2026-02-01T00:00")]
    to: Option<String>,
    /// Only this hotline's; who sees some hotlines only has to name one.
    hotline: Option<String>,
    /// What the rows are grouped by.
    #[serde(default)]
    #[param(inline)]
    by: StatisticsBy,
    /// As what.
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Json,
    Csv,
}

impl Wanted {
    fn query(&self) -> Result<StatisticsQuery, Problem> {
        let time = |name: &str, text: &Option<String>| -> Result<Option<DateTime>, Problem> {
            let parsed = text.as_deref().map(str::parse).transpose();
            parsed.map_err(|_| Problem::invalid(format!("{name}: write it as 2026-01-31T08:00")))
        };
        let (from, to) = (time("from", &self.from)?, time("to", &self.to)?);
        Ok(StatisticsQuery { from, to, hotline: self.hotline.clone(), by: self.by })
    }
}

/// Refuses a hotline that `by` does not see, and all of them together to who sees some only.
fn sees(by: &Principal, hotline: Option<&str>) -> Result<(), Problem> {
    match (&by.user().profile.hotlines, hotline) {
        (Hotlines::All, _) => Ok(()),
        (Hotlines::Only(own), Some(name)) if own.contains(name) => Ok(()),
        (Hotlines::Only(_), Some(name)) => {
            Err(Problem::invalid(format!("hotline: you do not see {name:?}; name one of your own")))
        }
        (Hotlines::Only(_), None) => Err(Problem::invalid("hotline: name one of your own")),
    }
}

/// Count a period's calls and callbacks.
///
/// Of the calls that came in then, as they stand now.
#[utoipa::path(
    get, path = "/api/v1/statistics", tag = "statistics",
    extensions(("x-permission" = json!("statistics:read"))),
    params(Wanted),
    responses((status = 200, description = "The figures; as CSV the rows and the total",
        content((Statistics = "application/json"), (String = "text/csv")))),
)]
async fn statistics(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    sees(&by, wanted.hotline.as_deref())?;
    let found = shared.store.statistics(&wanted.query()?, Timestamp::now()).await?;
    Ok(match wanted.format {
        Format::Json => Json(found).into_response(),
        Format::Csv => {
            let kind = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
            ([(header::CONTENT_TYPE, kind)], found.to_csv()).into_response()
        }
    })
}

/// Tell how many calls agents answered.
///
/// For the PBX: an hour's figures, which replace those told before for that hour.
#[utoipa::path(
    put, path = "/api/v1/statistics/answered", tag = "statistics",
    extensions(("x-permission" = json!("statistics:report"))),
    request_body = AnsweredReport,
    responses((status = 204, description = "Kept")),
)]
async fn answered(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Body(report): Body<AnsweredReport>,
) -> Result<StatusCode, Problem> {
    sees(&by, Some(&report.hotline))?;
    shared.store.report_answered(&report).await?;
    Ok(StatusCode::NO_CONTENT)
}
