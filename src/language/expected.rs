//! What callers are likely to say, for a recogniser that can lean towards it.

use super::gazetteer::{Level, NameIndex, UnitId};
use super::{Grammar, fold};
use std::collections::BTreeSet;

impl Grammar {
    /// The most common words of persons' names, at most `most` of each list.
    pub fn expected_names(&self, most: usize) -> Vec<String> {
        let Some(places) = self.places() else { return Vec::new() };
        let lists = [places.family_names(), places.middle_names(), places.given_names()];
        let mut phrases = BTreeSet::new();
        for list in lists {
            phrases.extend(commonest(list, most));
        }
        phrases.into_iter().collect()
    }

    /// Units of `areas` (names of regions or districts; all of the country where none is given)
    /// with their unit words, and common streets: at most `most`, larger units first.
    pub fn expected_places(&self, areas: &[String], most: usize) -> Vec<String> {
        let Some(places) = self.places() else { return Vec::new() };
        let areas: Vec<UnitId> = areas.iter().flat_map(|area| self.area(area)).collect();
        let mut units: Vec<UnitId> = places
            .units_on(self.date)
            .filter(|u| areas.is_empty() || areas.iter().any(|a| places.is_within(*u, *a)))
            .collect();
        units.sort_by_key(|u| {
            let unit = places.unit(*u);
            (unit.level, std::cmp::Reverse(unit.population))
        });
        let mut phrases = Vec::new();
        let mut seen = BTreeSet::new();
        let named = units.into_iter().map(|u| {
            let unit = places.unit(u);
            fold(&format!("{} {}", unit.kind, unit.name))
        });
        for phrase in named.chain(commonest(places.streets(), most)) {
            // A number alone leans towards nothing.
            if phrases.len() < most && phrase.contains(' ') && seen.insert(phrase.clone()) {
                phrases.push(phrase);
            }
        }
        phrases
    }

    /// The regions or districts called `name`.
    pub fn area(&self, name: &str) -> Vec<UnitId> {
        let Some(places) = self.places() else { return Vec::new() };
        let found = places.matches(&self.tokens(name)).into_iter().filter(|m| m.similarity > 0.9);
        let at = |level| found.clone().flat_map(move |m| self.units(m.name, level));
        let units: Vec<UnitId> = at(Level::Region).map(|(u, _)| u).collect();
        if units.is_empty() { at(Level::District).map(|(u, _)| u).collect() } else { units }
    }
}

fn commonest(list: &NameIndex, most: usize) -> Vec<String> {
    let mut ids: Vec<_> = list.iter().collect();
    ids.sort_by_key(|id| std::cmp::Reverse(list.weight(*id)));
    ids.truncate(most);
    ids.into_iter().map(|id| fold(list.text(id))).collect()
}
