//! One language as it is spoken in one country on one day: everything a reading needs.

use super::gazetteer::{Folding, Gazetteer, Level, NameId, NameIndex, Share, UnitId};
use super::hearings::{self, ClosedWord};
use super::inflection::{self, Inflected};
use super::memo::Memo;
use super::need::NeedModel;
use super::text::title_case;
use super::{NumberWords, Words, number, phone, tokens};
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What the name of a unit that no longer exists is worth.
const PAST: f32 = 0.97;
/// Units one name is taken for at most.
const UNITS_MAX: usize = 800;

/// Words, need examples and places of one language in one country, as of one date.
#[derive(Debug, Clone)]
pub struct Grammar {
    /// ISO 639-1.
    pub language: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// The day whose units are meant.
    pub date: Date,
    /// The language's words, folded.
    pub words: Words,
    /// What callers say they need.
    pub needs: Arc<NeedModel>,
    places: Option<Arc<Gazetteer>>,
    common: Arc<BTreeSet<String>>,
    /// How like some person's name words are.
    known_names: Arc<Memo<f32>>,
    /// Single words that addresses and names are held together by, sorted.
    pub(super) closed_words: Arc<[ClosedWord]>,
}

impl Grammar {
    /// `words` of `language`, learnt `needs`, and the country's `places` where they are installed.
    pub fn new(
        language: &str,
        country: &str,
        date: Date,
        words: Words,
        needs: Arc<NeedModel>,
        places: Option<Arc<Gazetteer>>,
    ) -> Grammar {
        let words = words.folded();
        let common = Arc::new(words.common());
        phone::load(country);
        let closed_words = hearings::closed_words(&words).into();
        Grammar {
            language: language.into(),
            country: country.into(),
            date,
            words,
            needs,
            places,
            common,
            known_names: Arc::default(),
            closed_words,
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
        let known = self.places().and_then(|p| {
            let best = p.streets().matches(said).into_iter().next()?;
            Some((p.streets().text(best.name).to_string(), best.similarity))
        });
        match known {
            Some((name, similarity)) if similarity >= 0.8 => (name, similarity),
            _ => (title_case(&said.join(" ")), 0.0),
        }
    }

    /// Names of units of `level` that `said` may be, with their similarity.
    pub(super) fn unit_names(&self, said: &[String], level: Option<Level>) -> Vec<(NameId, f32)> {
        let (Some(places), Some(level)) = (self.places(), level) else { return Vec::new() };
        let found = places.matches(said).into_iter().map(|m| (m.name, m.similarity));
        found.filter(|(n, _)| !self.units(*n, level).is_empty()).collect()
    }

    /// The levels `said` may be a unit of, with the names it may be, best first.
    pub(super) fn places_named(&self, said: &[String]) -> Vec<(Level, Vec<(NameId, f32)>)> {
        let Some(places) = self.places() else { return Vec::new() };
        let mut found: Vec<(NameId, f32)> = Vec::new();
        for said in self.spellings(said) {
            let alike = places.matches(&said).into_iter().map(|m| (m.name, m.similarity));
            let new = alike.filter(|(name, _)| !found.iter().any(|(known, _)| known == name));
            found.extend(new.collect::<Vec<_>>());
        }
        found.sort_by(|a, b| b.1.total_cmp(&a.1));
        let of = |level: Level| {
            let named = found.iter().copied();
            named.filter(|(name, _)| !self.units(*name, level).is_empty()).collect()
        };
        let levels = [Level::Locality, Level::District, Level::Region].map(|l| (l, of(l)));
        levels.into_iter().filter(|(_, names): &(_, Vec<_>)| !names.is_empty()).collect()
    }

    /// `said`, and with a word written in the other way ("saint" and "st").
    fn spellings(&self, said: &[String]) -> Vec<Vec<String>> {
        let same = &self.words.address.same;
        let other = |t: &String| same.get(t).unwrap_or(t).clone();
        let mut spellings = vec![said.to_vec()];
        if said.iter().any(|t| same.contains_key(t)) {
            spellings.push(said.iter().map(other).collect());
        }
        spellings
    }

    /// What it costs that the best of `names` was said without its unit word; `None` where nobody
    /// leaves it out (a county of the United States).
    pub(super) fn bare_cost(&self, names: &[(NameId, f32)], level: Level) -> Option<f32> {
        let places = self.places()?;
        let bare = |(name, _): &(NameId, f32)| {
            self.units(*name, level).iter().any(|(u, _)| places.unit(*u).kind.is_empty())
        };
        match level {
            Level::District => names.first().is_some_and(bare).then_some(0.2),
            _ => Some(0.0),
        }
    }

    /// True where a unit of just that level bears `name`.
    pub(super) fn is_of_level(&self, name: NameId, level: Option<Level>) -> bool {
        let (Some(places), Some(level)) = (self.places(), level) else { return false };
        self.units(name, level).iter().any(|(unit, _)| places.unit(*unit).level == level)
    }

    /// The units of this grammar's date that `name` stands for at `level`; what an old name went
    /// to in parts counts less.
    pub(super) fn units(&self, name: NameId, level: Level) -> Vec<(UnitId, f32)> {
        let Some(places) = self.places() else { return Vec::new() };
        let mut found: Vec<(UnitId, f32)> = Vec::new();
        for ever in places.units_ever(name) {
            for (unit, share) in places.as_of(ever, self.date) {
                let of = places.unit(unit).level;
                let quarter = of == Level::Quarter && level != Level::Region;
                let known = found.iter().any(|(u, _)| *u == unit);
                if (of == level || quarter) && !known {
                    found.push((unit, if share == Share::All { 1.0 } else { 0.9 }));
                }
            }
        }
        found
    }

    /// The units that `said` may name, of this grammar's date or earlier ones, with the
    /// similarity of the name: what no longer exists a little less, and so what became of it.
    pub(super) fn units_named(&self, said: &[String]) -> Vec<(UnitId, f32)> {
        let Some(places) = self.places() else { return Vec::new() };
        let mut found: Vec<(UnitId, f32)> = Vec::new();
        for named in places.matches(said) {
            for unit in places.units_ever(named.name) {
                let later = places.unit(unit).valid_from.is_some_and(|from| from > self.date);
                if later {
                    continue;
                }
                if places.exists(unit, self.date) {
                    found.push((unit, named.similarity));
                } else {
                    let today = self.units_today(unit).into_iter();
                    let today = today.map(|(u, _)| (u, PAST * named.similarity));
                    found.extend(today.chain([(unit, PAST * named.similarity)]));
                }
                if found.len() >= UNITS_MAX {
                    break;
                }
            }
        }
        // Of the same unit the best name.
        found.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        found.dedup_by_key(|(unit, _)| *unit);
        found.sort_by(|a, b| b.1.total_cmp(&a.1));
        found
    }

    /// How high a unit stands.
    pub(super) fn level_of(&self, unit: UnitId) -> Option<Level> {
        self.places().map(|p| p.unit(unit).level)
    }

    /// True when the unit `low` lies in `high` or did so once.
    pub(super) fn is_within(&self, low: UnitId, high: UnitId) -> bool {
        self.places().is_some_and(|p| p.is_within(low, high))
    }

    /// What the unit is on this grammar's date: itself, or what its ground went to at its own
    /// level; empty where there are no such units any more.
    pub(super) fn units_today(&self, unit: UnitId) -> Vec<(UnitId, Share)> {
        let Some(places) = self.places() else { return Vec::new() };
        let level = places.unit(unit).level;
        let mut today = places.as_of(unit, self.date);
        today.retain(|(u, _)| places.unit(*u).level == level);
        today
    }

    /// True for words of everyday talk, which names seldom hold.
    pub(super) fn is_common_word(&self, token: &str) -> bool {
        let no_name = |language| {
            inflection::is_no_name_by_ending(token, language) && !self.is_given_name(token)
        };
        self.common.contains(token) || Inflected::of(&self.language).is_some_and(no_name)
    }

    /// True where a person's name has cases.
    pub(super) fn inflects_persons(&self) -> bool {
        matches!(self.language.as_str(), "uk" | "ru" | "cs")
    }

    /// True for a name of the father's in any case: "петрівна", "петровича".
    pub(super) fn is_patronymic(&self, token: &str) -> bool {
        inflection::is_patronymic(token)
    }

    /// True for what may be a verb behind "I", and nobody is called by.
    pub(super) fn is_predicate(&self, token: &str) -> bool {
        inflection::is_predicate(token, &self.language) && self.name_likeness(token) < 0.7
    }

    /// The place that `said` names in another case than the nominative.
    pub(super) fn place_in_another_case(&self, said: &[String]) -> Option<String> {
        let places = self.places().filter(|_| self.declines())?;
        let alike = |list: &NameIndex| {
            let best = list.matches(said).into_iter().next()?;
            let name = list.text(best.name);
            (best.similarity >= 0.92 && name.split(' ').count() == said.len()).then(|| name.into())
        };
        alike(places.places()).or_else(|| alike(places.streets()).filter(|_| !self.inflects()))
    }

    /// True where places' names have cases.
    pub(super) fn declines(&self) -> bool {
        let folding = self.places().map(|p| p.places().folding());
        matches!(folding, Some(Folding::Czech | Folding::Cyrillic))
    }

    /// True where a street or a family bears `said` as it is.
    pub(super) fn is_street_or_family(&self, said: &[String]) -> bool {
        let Some(places) = self.places() else { return false };
        let same = |m: Option<&str>| m.is_some_and(|name| super::fold(name) == said.join(" "));
        [places.streets(), places.family_names()].into_iter().any(|list| {
            let best = list.matches(said).into_iter().next();
            same(best.map(|m| list.text(m.name)))
        })
    }

    /// True for a word that callers tell their needs with; where every name has its cases, be it
    /// a name too ("света"), and elsewhere where it is like one only by its case ("hoří").
    pub(super) fn is_everyday(&self, token: &str) -> bool {
        let name = if self.inflects_persons() { 0.97 } else { 0.7 };
        self.needs.knows_word(token) && (self.inflects() || self.name_likeness(token) < name)
    }

    /// True where `token` alone is written as a place's name is.
    pub(super) fn is_place(&self, token: &str) -> bool {
        let best = self.places().and_then(|p| p.matches(&[token]).into_iter().next());
        best.is_some_and(|m| m.similarity >= 0.99)
    }

    /// 0..=1: how much `token` looks like a word of a person's name.
    pub(super) fn name_likeness(&self, token: &str) -> f32 {
        if token.contains('-') {
            // A name of two is as likely as either.
            let parts = token.split('-').filter(|p| p.chars().count() > 2);
            return parts.map(|p| self.name_likeness(p)).fold(0.0, f32::max);
        }
        let words = &self.words;
        if words.family_names.iter().chain(&words.name_words).any(|n| n == token) {
            return 1.0;
        }
        let inflected = Inflected::of(&self.language);
        if let Some(language) = inflected {
            let likeness = inflection::name_likeness(token, &self.words.person, language);
            if likeness > 0.0 {
                return likeness;
            }
        }
        let Some(places) = self.places() else { return 0.3 };
        let best = self.known_names.of(token, || {
            let lists = [places.given_names(), places.family_names(), places.middle_names()];
            // "Malá" is Mr Malý's wife.
            let husband = token.strip_suffix('á').filter(|_| self.language == "cs");
            let forms = [Some(token.to_string()), husband.map(|stem| format!("{stem}ý"))];
            let forms = || forms.iter().flatten();
            let alike = |l: &NameIndex| {
                forms().filter_map(|f| l.matches(&[f]).first().copied()).collect::<Vec<_>>()
            };
            let best = lists.into_iter().flat_map(alike);
            best.map(|m| m.similarity).fold(0.0, f32::max)
        });
        // With endings cut off, everyday words are like some name.
        if inflected.is_some() && best < inflection::CASE_SIMILARITY { 0.0 } else { best }
    }

    /// A token as it is compared: tone marks where new spelling puts them, and the like.
    pub fn spelling(&self, token: &str) -> String {
        super::text::spelling(token)
    }

    /// Number words.
    pub fn numbers(&self) -> &NumberWords {
        &self.words.numbers
    }
}
