//! What operators may tell callers: approved answers and scripts.

use super::Shared;
use super::extract::{Asked, Asker, Place};
use super::problem::Problem;
use crate::config::Answer;
use crate::ticket::searchable;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Characters of a search.
const Q_CHARS_MAX: usize = 200;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(answers))
}

/// Which answers.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AnswerQuery {
    /// Only those with all these words, or words that begin so, however they are written.
    #[param(max_length = 200)]
    q: Option<String>,
}

/// Whether `answer` has a word that begins with each of `terms`.
fn has(answer: &Answer, terms: &[&str]) -> bool {
    let texts = [&answer.title, &answer.text].into_iter();
    let texts = texts.chain(&answer.steps).chain(&answer.words).chain(&answer.needs);
    let text: String = texts.map(|text| format!(" {}", searchable(text))).collect();
    terms.iter().all(|term| text.contains(&format!(" {term}")))
}

/// List what operators may tell callers.
///
/// Approved answers and scripts, from the hotline's file of answers, in its order.
#[utoipa::path(
    get, path = "/api/v1/hotlines/{name}/answers", tag = "hotlines",
    operation_id = "list_answers",
    extensions(("x-permission" = json!("tickets:read"))),
    params(("name" = String, Path, description = "The hotline's name"), AnswerQuery),
    responses((status = 200, description = "The answers", body = Vec<Answer>)),
)]
async fn answers(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(name): Place<String>,
    Asked(query): Asked<AnswerQuery>,
) -> Result<Json<Vec<Answer>>, Problem> {
    let hotline = shared.in_force.hotline(&name);
    let hotline = hotline.filter(|_| by.user().profile.hotlines.include(&name));
    let hotline =
        hotline.ok_or_else(|| Problem::not_found(format!("there is no hotline {name:?}")))?;
    let q = query.q.unwrap_or_default();
    if q.chars().count() > Q_CHARS_MAX {
        return Err(Problem::invalid(format!("q: give at most {Q_CHARS_MAX} characters")));
    }
    let q = searchable(&q);
    let terms: Vec<&str> = q.split(' ').filter(|term| !term.is_empty()).collect();
    Ok(Json(hotline.answers.iter().filter(|answer| has(answer, &terms)).cloned().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_however_they_are_written() {
        let answer = Answer {
            id: "a".into(),
            title: "Được cấp gạo ở đâu?".into(),
            text: "At the ward's office.".into(),
            steps: vec!["Ask for the ward".into()],
            needs: vec!["FOOD".into()],
            dispositions: vec![],
            words: vec!["rice".into()],
            approved: String::new(),
        };
        let check = |q: &str, want: bool| {
            let q = searchable(q);
            let terms: Vec<&str> = q.split(' ').filter(|term| !term.is_empty()).collect();
            assert_eq!(has(&answer, &terms), want, "{q:?}");
        };
        check("", true);
        check("gao", true);
        check("GẠO duoc", true);
        check("off war", true);
        check("food", true);
        check("ric", true);
        check("ice", false);
        check("gao xyz", false);
    }
}
