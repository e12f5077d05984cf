//! One language as it is spoken in one country on one day: everything a reading needs.

use super::gazetteer::{Gazetteer, Level, NameId, UnitId};
use super::need::NeedModel;
use super::text::title_case;
use super::{NumberWords, Words, number, tokens};
use std::collections::HashSet;
use std::sync::Arc;

/// Words, need examples and places of one language in one country, as of one date.
#[derive(Debug, Clone)]
pub struct Grammar {
    /// ISO 639-1.
    pub language: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// ISO 8601; the day whose units are meant.
    pub date: String,
    /// The language's words, folded.
    pub words: Words,
    /// What callers say they need.
    pub needs: Arc<NeedModel>,
    places: Option<Arc<Gazetteer>>,
    common: Arc<HashSet<String>>,
}

impl Grammar {
    /// `words` of `language`, learnt `needs`, and the country's `places` where they are installed.
    pub fn new(
        language: &str,
        country: &str,
        date: &str,
        words: Words,
        needs: Arc<NeedModel>,
        places: Option<Arc<Gazetteer>>,
    ) -> Grammar {
        let words = words.folded();
        let common = Arc::new(words.common());
        Grammar {
            language: language.into(),
            country: country.into(),
            date: date.into(),
            words,
            needs,
            places,
            common,
        }
    }

    /// The gazetteer, where one is installed.
    pub fn places(&self) -> Option<&Gazetteer> {
        self.places.as_deref()
    }

    /// Folded tokens as this language is cut into words.
    pub fn tokens(&self, text: &str) -> Vec<String> {
        tokens(text)
    }

    /// The numbers that may begin at `at`: each end with its digits, shortest first.
    pub fn numbers_from(&self, tokens: &[String], at: usize) -> Vec<(usize, String)> {
        number::numbers_from(tokens, at, &self.words.numbers)
    }

    /// A street's name as it is written, and how well a known one matches (0..=1).
    pub(super) fn street(&self, said: &[String]) -> (String, f32) {
        let spoken: Vec<&str> = said.iter().map(String::as_str).collect();
        let known = self.places().and_then(|p| p.streets().best(&spoken));
        match known {
            Some((name, similarity)) if similarity >= 0.8 => (name.to_string(), similarity),
            _ => (title_case(&said.join(" ")), 0.0),
        }
    }

    /// Names of units that `said` may be.
    pub(super) fn unit_names(&self, said: &[String], level: Option<Level>) -> Vec<(NameId, f32)> {
        let (Some(places), Some(level)) = (self.places(), level) else { return Vec::new() };
        let spoken: Vec<&str> = said.iter().map(String::as_str).collect();
        let named = |n: &NameId| self.units(*n, level).next().is_some();
        let found = places.matches(&spoken).into_iter().map(|m| (m.name, m.similarity));
        found.filter(|(n, _)| named(n)).collect()
    }

    /// The units of `name` at `level` on this grammar's date.
    pub(super) fn units(&self, name: NameId, level: Level) -> impl Iterator<Item = UnitId> {
        let places = self.places();
        let units = places.into_iter().flat_map(move |p| p.units(name, &self.date));
        units.filter(move |u| places.is_some_and(|p| p.unit(*u).level == level))
    }

    /// True for words of everyday talk, which names seldom hold.
    pub(super) fn is_common_word(&self, token: &str) -> bool {
        self.common.contains(token)
    }

    /// 0..=1: how much `token` looks like a word of a person's name.
    pub(super) fn name_likeness(&self, token: &str) -> f32 {
        let Some(places) = self.places() else { return 0.3 };
        let lists = [places.given_names(), places.family_names(), places.middle_names()];
        let best = lists.into_iter().filter_map(|l| l.best(&[token])).map(|(_, s)| s);
        best.fold(0.0, f32::max)
    }

    /// A token as it is compared: tone marks where new spelling puts them, and the like.
    pub fn spelling(&self, token: &str) -> String {
        super::gazetteer::spelling(token)
    }

    /// Number words.
    pub fn numbers(&self) -> &NumberWords {
        &self.words.numbers
    }
}
