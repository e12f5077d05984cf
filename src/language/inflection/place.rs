//! Streets and places as a language that inflects names finds them in the gazetteer.

use super::{
    Gender, Inflected, StreetSaid, nominative_adjective, nominative_street, plural_places,
};
use crate::language::Grammar;
use crate::language::gazetteer::{Level, Match, UnitId};
use crate::language::spelling::similarity;
use crate::language::text::title_case;

/// Units one name is taken for at most.
const UNITS_MAX: usize = 400;
/// The same letters but for й and и, ё and е, or a mark.
const SAME_SIMILARITY: f32 = 0.965;
/// A name in another case is this like itself, in the gazetteer's eyes.
pub(in crate::language) const CASE_SIMILARITY: f32 = 0.92;
/// What the size of a place counts, where several are alike in some case.
const SIZE: f32 = 0.06;

impl Grammar {
    /// True where names are inflected, and found in any case.
    pub(in crate::language) fn inflects(&self) -> bool {
        self.inflected().is_some()
    }

    fn inflected(&self) -> Option<Inflected> {
        Inflected::of(&self.language)
    }

    /// True where the language is not the one the country's places are written in.
    fn is_foreign(&self) -> bool {
        self.inflected().is_some_and(|l| l.country() != self.country)
    }

    /// A street's name as it is written, and how well a known one matches (0..=1).
    pub(in crate::language) fn street_said(
        &self,
        said: &[String],
        case: StreetSaid,
    ) -> (String, f32) {
        let Some(language) = self.inflected() else { return self.street(said) };
        let known = |said: &[String]| {
            let streets = self.places()?.streets();
            let best = streets.matches(said).into_iter().next()?;
            Some((streets.text(best.name).to_string(), best.similarity))
        };
        // With endings cut off much is alike: only the same letters are the same name.
        let same = |said: &[String]| known(said).filter(|(_, s)| *s >= SAME_SIMILARITY);
        let split = |name: &str| name.split(' ').map(String::from).collect::<Vec<_>>();
        let is_known =
            |name: &str| same(&split(name)).is_some_and(|(_, s)| s > 0.999 || self.is_foreign());
        let inflected = nominative_street(said, case, language, is_known);
        let name = inflected.as_deref().map_or_else(|| said.to_vec(), split);
        let noun = case.oblique && inflected.is_none();
        let like = || known(said).filter(|(_, s)| noun && *s >= CASE_SIMILARITY);
        match same(&name).or_else(like) {
            // The gazetteer's spelling is another language's.
            Some((_, s)) if self.is_foreign() => (title_case(&name.join(" ")), s),
            Some((name, _)) => (name, 1.0),
            None => (title_case(&name.join(" ")), 0.0),
        }
    }

    /// The units of localities, districts and regions that `said` may name, with the similarity of
    /// the name.
    pub(in crate::language) fn units_by_level(&self, said: &[String]) -> [Vec<(UnitId, f32)>; 3] {
        let levels = [Level::Locality, Level::District, Level::Region];
        if self.inflected().is_some() {
            return levels.map(|level| self.units_said(said, level));
        }
        let all = self.units_named(said);
        let of = |level: Level| {
            all.iter().filter(|u| self.level_of(u.0) == Some(level)).copied().collect()
        };
        levels.map(of)
    }

    /// The street that `said` names in another case than the nominative.
    pub(in crate::language) fn street_in_another_case(&self, said: &[String]) -> Option<String> {
        let case = StreetSaid { gender: None, oblique: true };
        let name = nominative_street(said, case, self.inflected()?, |_| false)?;
        Some(title_case(&name))
    }

    /// The units of `level` that `said` may name, with the similarity of the name: larger ones a
    /// little likelier.
    fn units_said(&self, said: &[String], level: Level) -> Vec<(UnitId, f32)> {
        let Some(places) = self.places() else { return Vec::new() };
        let mut found: Vec<(UnitId, f32)> = Vec::new();
        for named in self.places_in_any_case(said) {
            for unit in places.units_ever(named.name) {
                let known = places.unit(unit);
                let fits = self.is_said_at(known.level, known.kind, level);
                if !fits || !places.exists(unit, self.date) || found.iter().any(|(u, _)| *u == unit)
                {
                    continue;
                }
                found.push((unit, named.similarity + self.larger(unit)));
                if found.len() >= UNITS_MAX {
                    return found;
                }
            }
        }
        found
    }

    /// Names of places that `said` may be a case of.
    fn places_in_any_case(&self, said: &[String]) -> Vec<Match> {
        let (Some(places), Some(language)) = (self.places(), self.inflected()) else {
            return Vec::new();
        };
        let mut found = places.matches(said);
        let known = found.first().is_some_and(|m| m.similarity >= CASE_SIMILARITY);
        let Some((last, before)) = said.split_last().filter(|_| !known) else { return found };
        for nominative in plural_places(last, language) {
            let name = [before, &[nominative]].concat();
            let alike = places.matches(&name).into_iter();
            let same = alike.filter(|m| m.similarity >= CASE_SIMILARITY);
            found.splice(0..0, same.map(|m| Match { similarity: CASE_SIMILARITY, ..m }));
        }
        found
    }

    fn larger(&self, unit: UnitId) -> f32 {
        let Some(places) = self.places() else { return 0.0 };
        let known = places.unit(unit);
        let town = matches!(known.kind.to_lowercase().as_str(), "місто" | "город");
        let size = (known.population.max(1) as f32).log10() / 6.0;
        SIZE * size.min(1.0).max(if town { 0.7 } else { 0.0 })
    }

    /// True when units of `known` level are said where `level` is asked for.
    fn is_said_at(&self, known: Level, kind: &str, level: Level) -> bool {
        // A city that is a region of its own is said as a city.
        let cities = self.words.address.units.get("locality").map(|u| &u.before);
        let city = cities.is_some_and(|c| c.contains(&kind.to_lowercase()));
        match known {
            Level::Region => level == if city { Level::Locality } else { Level::Region },
            Level::Quarter => level == Level::District,
            other => other == level,
        }
    }

    /// The unit's name in this grammar's language: where that is not the country's, the other
    /// name, of those like the official one or `said`, most like the official one.
    pub(in crate::language) fn name_of(&self, unit: UnitId, said: &str) -> Option<String> {
        let places = self.places()?;
        let official = places.unit(unit).name;
        if !self.is_foreign() {
            return Some(official.to_string());
        }
        let ukrainian = |name: &str| name.contains(['і', 'ї', 'є', 'ґ', '\'', 'І', 'Ї', 'Є', 'Ґ']);
        let said: Vec<String> = crate::language::tokens(said);
        let official_words: Vec<&str> = official.split(' ').collect();
        let names = places.matches(&official_words).into_iter().chain(places.matches(&said));
        let own = names.filter(|m| places.units_ever(m.name).any(|u| u == unit));
        let others = own.map(|m| places.places().text(m.name));
        let others = others.filter(|name| *name != official && !ukrainian(name));
        let alike = |name: &&str| (1000.0 * similarity(name, official)) as u32;
        Some(others.max_by_key(alike).unwrap_or(official).to_string())
    }

    /// A unit's name that is not known as it is written beside `kind`, its unit word.
    pub(in crate::language) fn unknown_unit(
        &self,
        said: &[String],
        kind: Option<&str>,
    ) -> Option<String> {
        let language = self.inflected()?;
        let genders = &self.words.address.genders;
        let of = |(_, kinds): &(&String, &Vec<String>)| {
            kind.is_some_and(|kind| kinds.iter().any(|k| kind.starts_with(k.as_str())))
        };
        let gender = genders.iter().find(of).and_then(|(gender, _)| Gender::of(gender));
        let name = nominative_adjective(said, gender, language)?;
        Some(title_case(&name))
    }

    /// True for a number word of a language that inflects them.
    pub(in crate::language) fn is_inflected_number(&self, word: &str) -> bool {
        !self.words.numbers.forms.is_empty() && self.words.numbers.values.contains_key(word)
    }

    /// True for a given name that stands in the language's lists.
    pub(in crate::language) fn is_given_name(&self, word: &str) -> bool {
        self.words.person.women.contains(word) || self.words.person.men.contains(word)
    }

    /// True for words that are adjectives by their ending, in any case.
    pub(in crate::language) fn is_adjective(&self, word: &str) -> bool {
        let Some(language) = self.inflected() else { return false };
        ["ий", "ая", "ська", "цька", "зька"].iter().any(|e| word.ends_with(e))
            || nominative_adjective(&[word.to_string()], None, language).is_some()
    }

    /// True for a unit that is not called by its name alone: "Київська" needs its "область".
    pub(in crate::language) fn needs_word(&self, unit: UnitId) -> bool {
        const ADJECTIVES: &[&str] = &[
            "ська",
            "цька",
            "зька",
            "ський",
            "цький",
            "зький",
            "ская",
            "цкая",
            "ский",
            "цкий",
            "ный",
        ];
        let Some(places) = self.places().filter(|_| self.inflected().is_some()) else {
            return false;
        };
        let unit = places.unit(unit);
        unit.level != Level::Locality && ADJECTIVES.iter().any(|e| unit.name.ends_with(e))
    }
}
