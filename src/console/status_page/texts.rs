//! What the public status page says, in each language.

use axum::extract::{FromRequestParts, Query};
use axum::http::header;
use axum::http::request::Parts;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use maud::{Markup, html};
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::LazyLock;

/// For who asks in none of ours.
const OTHERWISE: &str = "en";

/// One language's texts; `{blanks}` are filled in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    /// ISO 639-1.
    pub(super) code: String,
    /// In the language itself.
    pub(super) name: String,
    /// How a time is written: strftime.
    moment: String,
    pub(super) menu: String,
    pub(super) title: String,
    pub(super) intro: String,
    pub(super) number_label: String,
    pub(super) number_hint: String,
    pub(super) phone_label: String,
    pub(super) phone_hint: String,
    pub(super) look: String,
    pub(super) danger: String,
    pub(super) ticket: String,
    pub(super) merged: String,
    pub(super) by: String,
    pub(super) soon: String,
    pub(super) sorry: String,
    pub(super) waiting: String,
    pub(super) office: String,
    pub(super) done: String,
    pub(super) put_through: String,
    pub(super) unreached: String,
    pub(super) cancelled: String,
    pub(super) step_received: String,
    pub(super) step_waiting: String,
    pub(super) step_office: String,
    pub(super) step_settled: String,
    pub(super) withdraw: String,
    pub(super) withdraw_title: String,
    pub(super) withdraw_text: String,
    pub(super) withdraw_yes: String,
    pub(super) withdraw_no: String,
    pub(super) rate_title: String,
    pub(super) rate_bad: String,
    pub(super) rate_good: String,
    pub(super) rate_send: String,
    pub(super) rated: String,
    pub(super) another: String,
    pub(super) error: String,
    pub(super) error_number: String,
    pub(super) error_phone: String,
    pub(super) error_score: String,
    pub(super) error_unknown: String,
    pub(super) error_wait: String,
    pub(super) error_failed: String,
}

#[derive(Deserialize)]
struct File {
    languages: Vec<Texts>,
}

const FILE: &str = include_str!("../status_page.toml");
static LANGUAGES: LazyLock<Vec<Texts>> = LazyLock::new(|| {
    let file: Result<File, _> = toml::from_str(FILE);
    file.unwrap_or_else(|e| unreachable!("a test reads it: {e}")).languages
});

/// All languages, in the order of the menu.
pub(super) fn languages() -> &'static [Texts] {
    &LANGUAGES
}

impl Texts {
    /// `at` as people write it.
    pub(super) fn moment(&self, at: DateTime) -> String {
        strtime::format(&self.moment, at).unwrap_or_default()
    }
}

/// `text` with its blank `{name}` filled in.
pub(super) fn filled(text: &str, name: &str, value: impl maud::Render) -> Markup {
    let (before, after) = text.split_once(&format!("{{{name}}}")).unwrap_or((text, ""));
    html! { (before) (value) (after) }
}

/// The language of who asks: as chosen from the menu (`?lang=`), else as the browser says.
pub(super) struct Reader(pub(super) &'static Texts);

#[derive(Deserialize)]
struct Chosen {
    lang: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Reader, Infallible> {
        let chosen = Query::<Chosen>::try_from_uri(&parts.uri).ok().and_then(|q| q.0.lang);
        let accepted = parts.headers.get_all(header::ACCEPT_LANGUAGE).iter();
        let accepted: Vec<&str> = accepted.filter_map(|v| v.to_str().ok()).collect();
        Ok(Reader(choose(chosen.as_deref(), &accepted.join(","))))
    }
}

/// Of those accepted (RFC 9110, 12.5.4), the first of the weightiest that we have.
fn choose(chosen: Option<&str>, accepted: &str) -> &'static Texts {
    let range = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        let language = parts.next()?.split('-').next()?.to_ascii_lowercase();
        let weight = parts.find_map(|p| p.strip_prefix("q="));
        let weight: f32 = weight.map_or(Ok(1.0), str::parse).ok()?;
        (weight > 0.0).then_some((language, weight))
    };
    let mut ranges: Vec<(String, f32)> = accepted.split(',').filter_map(range).collect();
    ranges.sort_by(|a, b| b.1.total_cmp(&a.1));
    let wanted = chosen.into_iter().chain(ranges.iter().map(|(language, _)| language.as_str()));
    let found = wanted.chain([OTHERWISE]).find_map(|w| languages().iter().find(|t| t.code == w));
    found.unwrap_or_else(|| unreachable!("a test finds it"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn every_language_says_everything() {
        let file: BTreeMap<String, Vec<BTreeMap<String, String>>> = toml::from_str(FILE).unwrap();
        let blanks = |text: &str| -> Vec<String> {
            text.split('{').skip(1).filter_map(|t| Some(t.split_once('}')?.0.into())).collect()
        };
        let english = file["languages"].iter().find(|t| t["code"] == OTHERWISE).unwrap();
        for (texts, read) in file["languages"].iter().zip(languages()) {
            let code = &texts["code"];
            for (name, text) in texts {
                assert!(!text.trim().is_empty() && text.trim() == text, "{code}: {name}");
                assert_eq!(blanks(text), blanks(&english[name]), "{code}: {name}");
            }
            let moment = read.moment("2026-11-24T17:05".parse().unwrap());
            assert!(moment.contains("17:05") && moment.contains("24"), "{code}: {moment}");
        }
        let prompts = concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/languages");
        let heard = std::fs::read_dir(prompts).unwrap().flatten();
        let heard: BTreeSet<String> = heard.map(|e| e.file_name().into_string().unwrap()).collect();
        let written: BTreeSet<String> = languages().iter().map(|t| t.code.clone()).collect();
        assert_eq!(written, heard, "callers hear other languages than the page has");
    }

    #[test]
    fn the_language_of_who_asks() {
        let check = |chosen: Option<&str>, accepted: &str, want: &str| {
            assert_eq!(choose(chosen, accepted).code, want, "{chosen:?} {accepted:?}");
        };
        check(None, "", "en");
        check(None, "cs-CZ,cs;q=0.9,en;q=0.8", "cs");
        check(None, "de-DE, de;q=0.9, UK ; q=0.8, ru;q=0.7", "uk");
        check(None, "en;q=0.5, ko;q=0.7", "ko");
        check(None, "vi;q=0, ru;q=0.1", "ru");
        check(None, "vi;q=nan, ko;q=x, *", "en");
        check(Some("vi"), "cs", "vi");
        check(Some("xx"), "cs", "cs");
    }

    proptest! {
        #[test]
        fn any_browser_is_answered(
            chosen in proptest::option::of(".{0,9}"),
            accepted in ".{0,60}",
        ) {
            choose(chosen.as_deref(), &accepted);
        }
    }
}
