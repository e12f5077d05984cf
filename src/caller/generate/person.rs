//! Who calls: a name and an address of the country's gazetteer, a telephone number.

use super::manner::Manner;
use super::{filled, one_of};
use crate::dialogue::Hotline;
use crate::language::gazetteer::{Gazetteer, Level, NameIndex, UnitId};
use crate::language::{addresses, tokens};
use crate::speech::Transcript;
use rand::Rng;
use rand::rngs::StdRng;

/// Names are drawn from so many of the most common.
const NAMES_MAX: usize = 400;
/// Places are drawn from so many of the largest.
const PLACES_MAX: usize = 200;
/// So often another name or place is drawn when one will not do.
const DRAWS_MAX: usize = 40;

/// Where somebody lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// As they say it.
    pub spoken: String,
    /// As an operator reads it.
    pub value: String,
}

/// Draws names and places.
pub(super) struct People<'h> {
    hotline: &'h Hotline,
    manner: &'h Manner,
    given: Vec<&'h str>,
    middle: Vec<&'h str>,
    family: Vec<&'h str>,
    streets: Vec<&'h str>,
    localities: Vec<UnitId>,
}

impl<'h> People<'h> {
    pub(super) fn new(hotline: &'h Hotline, manner: &'h Manner) -> Option<People<'h>> {
        let places = hotline.grammar.places()?;
        Some(People {
            hotline,
            manner,
            given: common(places.given_names()),
            middle: common(places.middle_names()),
            family: common(places.family_names()),
            streets: common(places.streets()),
            localities: localities(hotline, places),
        })
    }

    /// A full name.
    pub(super) fn name(&self, rng: &mut StdRng) -> String {
        let ends = |name: &str| self.manner.agreeing_endings.iter().any(|e| name.ends_with(&**e));
        let drawn = |list: &[&'h str], rng: &mut StdRng| {
            if list.is_empty() { "" } else { list[rng.random_range(0..list.len())] }
        };
        let given = drawn(&self.given, rng);
        let middle = drawn(&self.middle, rng);
        let family = (0..DRAWS_MAX).map(|_| drawn(&self.family, rng));
        let family = family.into_iter().find(|family| ends(family) == ends(given));
        let blanks = [("given", given), ("middle", middle), ("family", family.unwrap_or(""))];
        let name = filled(&self.manner.full_name, &blanks);
        name.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// A place that is written down as it is meant when each word of it is heard; `None` where
    /// none was found.
    pub(super) fn place(&self, rng: &mut StdRng) -> Option<Place> {
        (0..DRAWS_MAX).find_map(|_| self.drawn_place(rng))
    }

    fn drawn_place(&self, rng: &mut StdRng) -> Option<Place> {
        let template = one_of(&self.manner.places, rng)?;
        let places = self.hotline.grammar.places()?;
        let drawn = |list: &[&'h str], rng: &mut StdRng| match list.len() {
            0 => "",
            n => list[rng.random_range(0..n)],
        };
        let house = rng.random_range(1..=self.manner.houses_max).to_string();
        let street = drawn(&self.streets, rng);
        let mut blanks = vec![("house", house.as_str()), ("street", street)];
        let locality = self.localities.get(rng.random_range(0..self.localities.len().max(1)));
        let mut unit = locality.copied();
        while let Some(id) = unit {
            let row = places.unit(id);
            let (name, kind) = match row.level {
                Level::Region => ("region", "region_kind"),
                Level::District => ("district", "district_kind"),
                Level::Locality | Level::Quarter => ("locality", "locality_kind"),
            };
            blanks.extend([(name, row.name), (kind, row.kind)]);
            unit = places.parent_on(id, self.hotline.grammar.date);
        }
        let blank = |name: &str| blanks.iter().find(|(n, _)| *n == name).map_or("", |(_, v)| *v);
        let said = |name: &str| template.contains(&format!("{{{name}}}"));
        let spoken = filled(template, &blanks);
        let heard = Transcript::plain(spoken.clone(), 1.0);
        let reading = addresses(&heard, &self.hotline.grammar).into_iter().next()?;
        let parts = ["house", "street", "locality", "district", "region"];
        let meant = parts.into_iter().filter(|part| said(part)).all(|part| {
            let (wanted, read) = (tokens(blank(part)), tokens(reading.part(part)));
            !wanted.is_empty() && same_place(&wanted, &read)
        });
        meant.then_some(Place { spoken, value: reading.value })
    }

    /// A telephone number, as it is written internationally.
    pub(super) fn number(&self, rng: &mut StdRng) -> String {
        let pattern = one_of(&self.manner.numbers, rng).unwrap_or("");
        let digit = |c: char, rng: &mut StdRng| match c {
            '#' => char::from(b'0' + rng.random_range(0..10u8)),
            c => c,
        };
        pattern.chars().map(|c| digit(c, rng)).collect()
    }
}

/// Whether a part that was `read` is what was `wanted`; the short and the official name of a place
/// are both right.
fn same_place(wanted: &[String], read: &[String]) -> bool {
    let has = |all: &[String], some: &[String]| all.windows(some.len()).any(|w| w == some);
    let (wanted_text, read_text) = (wanted.join(" "), read.join(" "));
    !read.is_empty()
        && (has(read, wanted) || has(wanted, read) || wanted_text.starts_with(&read_text))
}

/// The most common of `names`; abbreviations and what holds figures are left out.
fn common(names: &NameIndex) -> Vec<&str> {
    let letters = |c: char| c.is_alphabetic() || matches!(c, ' ' | '\'' | '-');
    let mut ids: Vec<_> = names.iter().filter(|id| names.text(*id).chars().all(letters)).collect();
    ids.sort_by_key(|id| std::cmp::Reverse(names.weight(*id)));
    ids.truncate(NAMES_MAX);
    ids.into_iter().map(|id| names.text(id)).collect()
}

/// The largest towns and villages of the hotline's areas.
fn localities(hotline: &Hotline, places: &Gazetteer) -> Vec<UnitId> {
    let date = hotline.grammar.date;
    let areas: Vec<UnitId> = places
        .units_on(date)
        .filter(|id| hotline.file.areas.iter().any(|area| area == places.unit(*id).name))
        .collect();
    let served = |id: &UnitId| areas.is_empty() || areas.iter().any(|a| places.is_within(*id, *a));
    let there = places.units_on(date).filter(|id| places.unit(*id).level == Level::Locality);
    let mut units: Vec<UnitId> = there.filter(served).collect();
    units.sort_by_key(|id| std::cmp::Reverse(places.unit(*id).population));
    units.truncate(PLACES_MAX);
    units
}
