//! The gazetteer: a country's places with their days, and its names and streets.
//!
//! One file per country, built at set-up (`spillway models pull gazetteer-vn`). It finds names
//! by how they sound, knows which units bore a name on a day, what a unit became when borders
//! were redrawn, and what lies within what. It ranks and never refuses: a caller's place that is
//! not in it stays on the ticket as it was said.

mod draft;
mod edit;
mod fold;
mod index;
mod slavic;
mod unit;
mod vietnamese;

pub use draft::{Draft, DraftUnit};
pub use fold::Folding;
pub use index::{MATCHES_MAX, Match, NameId, NameIndex, SIMILARITY_MIN, SPAN_WORDS_MAX, Spoken};
pub use unit::{Level, Share, Unit, UnitId};

use jiff::civil::Date;
use std::ops::Range;

/// How many redrawings of borders are followed from one unit.
const REDRAWINGS_MAX: usize = 6;

/// Why a file is no gazetteer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GazetteerError {
    /// It begins otherwise.
    #[error("this is not a gazetteer file")]
    NotAGazetteer,
    /// Another version of Spillway built it.
    #[error("the file has layout {found}, this program reads layout {wanted}")]
    Version {
        /// The file's.
        found: u32,
        /// This program's.
        wanted: u32,
    },
    /// It was damaged.
    #[error("the file is damaged: {0}")]
    Corrupt(&'static str),
}

/// A country's places, names and streets.
#[derive(Debug)]
pub struct Gazetteer {
    country: String,
    places: NameIndex,
    units: Vec<UnitRow>,
    kinds: Vec<String>,
    /// Units that bear each name, as official name or as alias.
    named: Lists<u32>,
    children: Lists<u32>,
    parents: Lists<u32>,
    successors: Lists<(u32, Share)>,
    predecessors: Lists<(u32, Share)>,
    given_names: NameIndex,
    family_names: NameIndex,
    middle_names: NameIndex,
    streets: NameIndex,
}

#[derive(Debug)]
struct UnitRow {
    name: Box<str>,
    /// Its official name's id.
    name_id: NameId,
    code: Box<str>,
    level: Level,
    kind: u32,
    from: u32,
    to: u32,
    population: u32,
}

impl Gazetteer {
    /// Reads a file; whatever is wrong with it is an error.
    pub fn from_bytes(file: &[u8]) -> Result<Gazetteer, GazetteerError> {
        Ok(Gazetteer::new(Draft::from_bytes(file)?))
    }

    /// Indexes a draft.
    fn new(draft: Draft) -> Gazetteer {
        let folding = draft.folding;
        let rank: Vec<u32> = draft.units.iter().map(inhabitants).collect();
        let of_units = draft.units.iter().map(|u| u.name.as_str()).zip(0u32..);
        let of_aliases = draft.aliases.iter().map(|(name, unit)| (name.as_str(), *unit));
        let (texts, bearers): (Vec<&str>, Vec<u32>) = of_units.chain(of_aliases).unzip();
        let weights = bearers.iter().map(|unit| rank[*unit as usize]);
        let texts: Vec<(&str, u32)> = texts.into_iter().zip(weights).collect();
        let (places, ids) = NameIndex::new(folding, &texts);
        let mut bearers: Vec<(u32, u32)> = ids.iter().map(|name| name.0).zip(bearers).collect();
        // The largest bearer of a name is the likeliest.
        bearers.sort_by_key(|(_, unit)| std::cmp::Reverse(rank[*unit as usize]));
        let named = Lists::new(places.len(), bearers.into_iter());
        let count = draft.units.len();
        let pairs = || {
            draft.units.iter().enumerate().flat_map(|(child, unit)| {
                unit.parents.iter().map(move |parent| (child as u32, *parent))
            })
        };
        let successions = || draft.successions.iter().copied();
        let mut kinds: Vec<String> = draft.units.iter().map(|u| u.kind.clone()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let units = draft.units.iter().zip(&ids).map(|(unit, name_id)| UnitRow {
            name: unit.name.as_str().into(),
            name_id: *name_id,
            code: unit.code.as_str().into(),
            level: unit.level,
            kind: kinds.binary_search(&unit.kind).unwrap_or(0) as u32,
            from: unit.from,
            to: unit.to,
            population: unit.population,
        });
        Gazetteer {
            named,
            parents: Lists::new(count, pairs()),
            children: Lists::new(count, pairs().map(|(child, parent)| (parent, child))),
            successors: Lists::new(count, successions().map(|(o, n, share)| (o, (n, share)))),
            predecessors: Lists::new(count, successions().map(|(o, n, share)| (n, (o, share)))),
            given_names: NameIndex::new(folding, &draft.given_names).0,
            family_names: NameIndex::new(folding, &draft.family_names).0,
            middle_names: NameIndex::new(folding, &draft.middle_names).0,
            streets: NameIndex::new(folding, &draft.streets).0,
            units: units.collect(),
            kinds,
            places,
            country: draft.country,
        }
    }

    /// ISO 3166-1 alpha-2, lower case.
    pub fn country(&self) -> &str {
        &self.country
    }

    /// Names of places; their ids are those of [`Gazetteer::units`].
    pub fn places(&self) -> &NameIndex {
        &self.places
    }

    /// Given names.
    pub fn given_names(&self) -> &NameIndex {
        &self.given_names
    }

    /// Family names.
    pub fn family_names(&self) -> &NameIndex {
        &self.family_names
    }

    /// Middle names (vi) and patronymics (uk, ru).
    pub fn middle_names(&self) -> &NameIndex {
        &self.middle_names
    }

    /// Common names of streets, without the street word.
    pub fn streets(&self) -> &NameIndex {
        &self.streets
    }

    /// Folds an utterance once; its spans are good for every index of this gazetteer.
    pub fn spoken<S: AsRef<str>>(&self, tokens: &[S]) -> Spoken {
        Spoken::new(self.places.folding(), tokens)
    }

    /// The names of places most like `tokens` (without unit words, numbers as digits), best
    /// first, at most [`MATCHES_MAX`].
    pub fn matches<S: AsRef<str>>(&self, tokens: &[S]) -> Vec<Match> {
        self.places.matches(tokens)
    }

    /// The same for a span of a folded utterance.
    pub fn matches_span(&self, spoken: &Spoken, span: Range<usize>) -> Vec<Match> {
        self.places.matches_span(spoken, span)
    }

    /// The units that bear `name` on `date`, officially or as an alias.
    pub fn units(&self, name: NameId, date: Date) -> impl Iterator<Item = UnitId> + '_ {
        self.units_ever(name).filter(move |unit| self.exists(*unit, date))
    }

    /// The units that ever bore `name`, those with more inhabitants first.
    pub fn units_ever(&self, name: NameId) -> impl Iterator<Item = UnitId> + '_ {
        self.named.of(name.0).iter().map(|unit| UnitId(*unit))
    }

    /// All units there are on `date`, parents before their children.
    pub fn units_on(&self, date: Date) -> impl Iterator<Item = UnitId> + '_ {
        self.all_units().filter(move |unit| self.exists(*unit, date))
    }

    /// All units there ever were.
    pub fn all_units(&self) -> impl Iterator<Item = UnitId> + use<> {
        (0..self.units.len() as u32).map(UnitId)
    }

    /// The unit at this place in the file ([`UnitId::index`]).
    pub fn unit_at(&self, index: u32) -> Option<UnitId> {
        ((index as usize) < self.units.len()).then_some(UnitId(index))
    }

    /// What is known of a unit.
    pub fn unit(&self, id: UnitId) -> Unit<'_> {
        let row = &self.units[id.0 as usize];
        // The file was refused if a day was none.
        let day = |day| unit::date(day).unwrap_or(None);
        Unit {
            name: &row.name,
            level: row.level,
            kind: &self.kinds[row.kind as usize],
            code: &row.code,
            valid_from: day(row.from),
            valid_to: day(row.to),
            population: row.population,
        }
    }

    /// The unit with the official code `code` on `date`; where there was none, the last one. Codes
    /// outlive their units: a merged ward takes one of the old codes.
    pub fn with_code(&self, code: &str, date: Date) -> Option<UnitId> {
        let coded = |id: &UnitId| !code.is_empty() && *self.units[id.0 as usize].code == *code;
        let then = self.all_units().filter(coded).find(|id| self.exists(*id, date));
        then.or_else(|| self.all_units().filter(coded).last())
    }

    /// The id of a unit's official name.
    pub fn name_of(&self, unit: UnitId) -> NameId {
        self.units[unit.0 as usize].name_id
    }

    /// True when the unit exists on `date`.
    pub fn exists(&self, unit: UnitId, date: Date) -> bool {
        let (row, day) = (&self.units[unit.0 as usize], unit::day(Some(date)));
        row.from <= day && (row.to == 0 || day <= row.to)
    }

    /// The unit it lies in: the first of [`Gazetteer::parents`].
    pub fn parent(&self, unit: UnitId) -> Option<UnitId> {
        self.parents(unit).next()
    }

    /// The units it lay in, the present or last one first.
    pub fn parents(&self, unit: UnitId) -> impl Iterator<Item = UnitId> + '_ {
        self.parents.of(unit.0).iter().map(|parent| UnitId(*parent))
    }

    /// The unit it lies in on `date`, else the first it ever lay in.
    pub fn parent_on(&self, unit: UnitId, date: Date) -> Option<UnitId> {
        self.parents(unit).find(|p| self.exists(*p, date)).or_else(|| self.parent(unit))
    }

    /// The units directly in it on `date`.
    pub fn children(&self, unit: UnitId, date: Date) -> impl Iterator<Item = UnitId> + '_ {
        let all = self.children.of(unit.0).iter().map(|child| UnitId(*child));
        all.filter(move |child| self.exists(*child, date))
    }

    /// True when `child` lies in `ancestor` at any depth and on any day, or is it.
    pub fn is_within(&self, child: UnitId, ancestor: UnitId) -> bool {
        // Parents come before their children, so this ends.
        child == ancestor
            || (child > ancestor && self.parents(child).any(|p| self.is_within(p, ancestor)))
    }

    /// What an old unit is on `date`: itself, or everything its ground went to.
    pub fn successors(&self, unit: UnitId, date: Date) -> Vec<(UnitId, Share)> {
        self.redrawn(unit, date, &self.successors)
    }

    /// What a new unit was on `date`: itself, or everything its ground was taken from.
    pub fn predecessors(&self, unit: UnitId, date: Date) -> Vec<(UnitId, Share)> {
        self.redrawn(unit, date, &self.predecessors)
    }

    /// The units on `date` that a unit of any time stands for.
    pub fn as_of(&self, unit: UnitId, date: Date) -> Vec<(UnitId, Share)> {
        let row = &self.units[unit.0 as usize];
        if row.from > unit::day(Some(date)) {
            self.predecessors(unit, date)
        } else {
            self.successors(unit, date)
        }
    }

    fn redrawn(
        &self,
        unit: UnitId,
        date: Date,
        next: &Lists<(u32, Share)>,
    ) -> Vec<(UnitId, Share)> {
        let mut there: Vec<(UnitId, Share)> = vec![];
        let mut open = vec![(unit, Share::All)];
        for _ in 0..REDRAWINGS_MAX {
            let mut further: Vec<(UnitId, Share)> = vec![];
            for (unit, share) in open {
                if self.exists(unit, date) {
                    remember(&mut there, unit, share);
                    continue;
                }
                for (other, part) in next.of(unit.0) {
                    remember(&mut further, UnitId(*other), share.max(*part));
                }
            }
            open = further;
        }
        there
    }
}

/// A unit's inhabitants; where they are not known, what is usual at its level.
fn inhabitants(unit: &DraftUnit) -> u32 {
    match (unit.population, unit.level) {
        (0, Level::Region) => 1_000_000,
        (0, Level::District) => 50_000,
        (0, Level::Locality | Level::Quarter) => 500,
        (known, _) => known,
    }
}

/// Notes a unit once, with the larger share.
fn remember(units: &mut Vec<(UnitId, Share)>, unit: UnitId, share: Share) {
    match units.iter_mut().find(|(known, _)| *known == unit) {
        Some((_, known)) => *known = share.min(*known),
        None => units.push((unit, share)),
    }
}

/// A list for each of many, in one piece of memory.
#[derive(Debug)]
struct Lists<T> {
    starts: Vec<u32>,
    items: Vec<T>,
}

impl<T: Copy> Lists<T> {
    /// `pairs` of owner (below `owners`) and item; each owner's items keep their order.
    fn new(owners: usize, pairs: impl Iterator<Item = (u32, T)>) -> Lists<T> {
        let mut pairs: Vec<(u32, T)> = pairs.collect();
        pairs.sort_by_key(|(owner, _)| *owner);
        let mut starts = vec![0u32; owners + 1];
        for (owner, _) in &pairs {
            starts[*owner as usize + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        Lists { starts, items: pairs.into_iter().map(|(_, item)| item).collect() }
    }

    fn of(&self, owner: u32) -> &[T] {
        let owner = owner as usize;
        match (self.starts.get(owner), self.starts.get(owner + 1)) {
            (Some(start), Some(end)) => &self.items[*start as usize..*end as usize],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests;
