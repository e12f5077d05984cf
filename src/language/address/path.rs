//! The best ways through a caller's words: which stretch is which field, judged together.
//!
//! A beam search over [`Item`]s. Words outside the address cost nothing before it and behind it,
//! something inside it; units that lie in one another support each other.

use super::house::{HousePart, NAME_RANK};
use super::item::{Field, Item, Said, items_at};
use crate::language::Grammar;
use crate::language::gazetteer::{Gazetteer, NameId, UnitId};
use crate::language::spelling::BREAK;
use crate::language::text::phrase_at;
use std::rc::Rc;

/// Ways kept at each position.
const BEAM: usize = 40;
/// Candidate units kept for one field.
const UNITS_MAX: usize = 400;
/// A word inside an address that belongs to no field.
const GAP: f32 = 0.35;
/// However much is told between the place and the street.
const GAP_MAX: f32 = 1.75;
/// A unit inside the other.
const WITHIN: f32 = 0.9;
/// Units of which it is not known whether one lies in the other.
const PERHAPS_WITHIN: f32 = 0.4;
/// A number behind a place, and no street.
const LOOSE: f32 = 1.5;
/// The name of a house just before its street.
const NAMED_HOUSE: f32 = 0.6;
/// Saying a street again behind "no, I mean", with another number.
const REPAIRED: f32 = 1.0;
/// A number so far from "no, I mean" is about something else.
const REPAIR_GAP_MAX: f32 = 0.75;
/// A place mended right away: "in Springfield, no, in Shelbyville".
const MENDED: f32 = 0.5;
/// Saying a field again.
const AGAIN: f32 = 0.2;
/// A unit outside the other.
const OUTSIDE: f32 = -1.3;

/// One unit field of a way.
#[derive(Debug, Clone)]
pub(super) struct UnitSaid {
    pub(super) field: Field,
    pub(super) said: String,
    pub(super) kind: Option<String>,
    /// What it may be, best first, with the similarity of its name.
    pub(super) units: Rc<Vec<(UnitId, f32)>>,
    /// What its item counted.
    score: f32,
}

/// One way through the words so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Path {
    pub(super) score: f32,
    pub(super) house: Vec<HousePart>,
    pub(super) street: Option<(String, bool)>,
    pub(super) hamlet: Option<String>,
    pub(super) units: Vec<UnitSaid>,
    /// First and one past the last token used.
    pub(super) span: Option<(usize, usize)>,
    /// The tokens used, a bit each.
    pub(super) used: u128,
    last: Option<Field>,
    pub(super) gap: f32,
    /// What was said before the last "no, I mean" and not since.
    stale: Stale,
    /// A bare number behind a place, which only a street makes a house.
    loose: bool,
    /// The last item is a place that only a larger unit right behind it makes one.
    unproved: bool,
}

/// Fields that may be said again.
#[derive(Debug, Clone, Default, PartialEq)]
struct Stale {
    house: bool,
    street: bool,
    units: Vec<Field>,
    /// The field right before the "no".
    behind: Option<Field>,
}

/// The best ways through `tokens`, best first.
pub(super) fn paths(tokens: &[String], grammar: &Grammar) -> Vec<Path> {
    let mut beams: Vec<Vec<Path>> = vec![Vec::new(); tokens.len() + 1];
    beams[0].push(Path::default());
    let mut idiom_ends = 0;
    for at in 0..tokens.len() {
        let idiom = phrase_at(tokens, at, &grammar.words.address.not_address);
        idiom_ends = idiom_ends.max(idiom.map_or(0, |n| at + n));
        let here = std::mem::take(&mut beams[at]);
        let here = narrowed(here);
        let items = if at < idiom_ends { Vec::new() } else { items_at(tokens, at, grammar) };
        for path in &here {
            let mut skipped = path.clone();
            // "Oh" may be a digit.
            let filler = grammar.words.fillers.contains(&tokens[at])
                && grammar.numbers_from(tokens, at).is_empty();
            let free = filler || tokens[at] == BREAK;
            if path.span.is_some() && !free {
                let lead = grammar.words.address.within.contains(&tokens[at]);
                skipped.gap = GAP_MAX.min(skipped.gap + if lead { 0.05 } else { GAP });
            }
            beams[at + 1].push(skipped);
            for item in &items {
                if let Some(next) = path.with(item, grammar) {
                    beams[item.to].push(next);
                }
            }
        }
    }
    let mut last = beams.pop().unwrap_or_default();
    last.iter_mut().filter(|p| p.loose || p.unproved).for_each(|p| p.score -= LOOSE);
    narrowed(last)
}

fn narrowed(mut paths: Vec<Path>) -> Vec<Path> {
    paths.sort_by(|a, b| (b.score - b.gap).total_cmp(&(a.score - a.gap)));
    let mut kept: Vec<Path> = Vec::with_capacity(BEAM);
    for path in paths {
        if kept.len() >= BEAM {
            break;
        }
        if !kept.iter().any(|k| k.says_as(&path)) {
            kept.push(path);
        }
    }
    kept
}

impl Path {
    fn says_as(&self, other: &Path) -> bool {
        self.last == other.last
            && self.house == other.house
            && self.street == other.street
            && self.hamlet == other.hamlet
            && self.stale == other.stale
            && (self.loose, self.unproved) == (other.loose, other.unproved)
            && self.span.map(|s| s.1) == other.span.map(|s| s.1)
            && self.units.len() == other.units.len()
            && self
                .units
                .iter()
                .zip(&other.units)
                .all(|(a, b)| a.field == b.field && a.said == b.said)
    }

    /// This way with `item` taken; `None` where it does not fit.
    fn with(&self, item: &Item, grammar: &Grammar) -> Option<Path> {
        let mut next = self.clone();
        if item.said == Said::Repair {
            let units = self.units.iter().map(|u| u.field).collect();
            next.stale = Stale { house: true, street: true, units, behind: self.last };
            next.gap = 0.0;
            return next.span.is_some().then_some(next);
        }
        if item.said == Said::Restart {
            (next.stale.house, next.stale.street) = (true, true);
            return next.span.is_some().then_some(next);
        }
        if item.said == Said::Skip {
            next.span = self.span.map(|(from, _)| (from, item.to));
            return next.span.is_some().then_some(next);
        }
        next.score += item.score - next.gap;
        let adjacent = self.span.is_some_and(|(_, to)| to == item.from);
        let larger = |f: Field| adjacent && self.last.is_some_and(|last| f > last);
        let proves = matches!(&item.said, Said::Unit { field, .. } if larger(*field));
        if self.unproved && !proves {
            return None;
        }
        let field = next.take(item, adjacent, grammar)?;
        if let Some(last) = self.last {
            let order = &grammar.words.address.order;
            let place = |f: Field| order.iter().position(|o| o == f.name()).unwrap_or(9);
            next.score += match place(field).cmp(&place(last)) {
                std::cmp::Ordering::Less => -0.3,
                std::cmp::Ordering::Equal => 0.0,
                std::cmp::Ordering::Greater => 0.1,
            };
        }
        next.gap = 0.0;
        next.last = Some(field);
        next.span = Some((self.span.map_or(item.from, |s| s.0), item.to));
        (item.from..item.to).for_each(|i| next.used |= 1 << (i & 127));
        Some(next)
    }

    fn take(&mut self, item: &Item, adjacent: bool, grammar: &Grammar) -> Option<Field> {
        match &item.said {
            Said::House(part) => self.house(part, item.score, adjacent, grammar),
            Said::Street { name, named } => {
                let again = self.street.as_ref().is_some_and(|(old, _)| old == name);
                if again {
                    let repaired = if self.stale.street { REPAIRED } else { AGAIN };
                    self.score += repaired - item.score;
                } else if self.street.is_some() || self.hamlet.is_some() {
                    let better = *named || self.street.as_ref().is_none_or(|(_, named)| !named);
                    if !better || !std::mem::take(&mut self.stale.street) {
                        return None;
                    }
                    // The name of the other house.
                    self.house.retain(|p| p.rank < NAME_RANK);
                }
                if !named && !again {
                    // Just behind the house, or known, or nothing says that it is a street.
                    let behind_house = adjacent && self.last == Some(Field::House);
                    self.score += if behind_house { 0.5 } else { -0.45 };
                }
                let joined = !grammar.words.address.street_endings.is_empty();
                let number = joined && name.starts_with(|c: char| c.is_ascii_digit());
                if self.street.is_none() && number {
                    self.score -= 1.0;
                }
                let house_named =
                    adjacent && self.house.last().is_some_and(|p| p.rank == NAME_RANK);
                self.score += if house_named && *named && !again { NAMED_HOUSE } else { 0.0 };
                let name = completed(self.street.as_ref().map(|(old, _)| old.as_str()), name);
                self.street = Some((self.without_house(&name), *named));
                self.stale.street = false;
                self.loose = false;
                Some(Field::Street)
            }
            Said::Hamlet(name) => {
                if self.hamlet.is_some() && !std::mem::take(&mut self.stale.street) {
                    return None;
                }
                self.hamlet = Some(name.clone());
                Some(Field::Street)
            }
            Said::Unit { .. } => self.unit(item, adjacent, grammar),
            Said::Repair | Said::Restart | Said::Skip => None,
        }
    }

    fn unit(&mut self, item: &Item, adjacent: bool, grammar: &Grammar) -> Option<Field> {
        let Said::Unit { field, said, kind, names } = &item.said else { return None };
        let at = self.units.iter().position(|u| u.field == *field);
        // Nothing but its place behind the street or before a larger unit says that it
        // is one.
        let behind_street = adjacent && self.last == Some(Field::Street);
        self.unproved = names.is_empty() && kind.is_none() && !behind_street;
        if let Some(at) = at {
            if self.units[at].said == *said {
                self.score += AGAIN - item.score;
                return Some(*field);
            }
            self.stale.units.iter().position(|f| f == field)?;
            let mended = self.stale.behind == Some(*field);
            self.score += if mended { MENDED } else { 0.0 };
            self.score -= self.units.remove(at).score;
        }
        self.stale.units.retain(|f| f != field);
        let units = candidates(*field, names, grammar);
        let mut new = UnitSaid {
            field: *field,
            said: said.clone(),
            kind: kind.clone(),
            units: Rc::new(units),
            score: item.score,
        };
        self.relate(&mut new, grammar);
        self.units.push(new);
        Some(*field)
    }

    fn house(
        &mut self,
        part: &HousePart,
        score: f32,
        adjacent: bool,
        grammar: &Grammar,
    ) -> Option<Field> {
        if part.rank == 0 && !adjacent {
            // "The blue house on the corner": a description.
            self.house.retain(|p| p.marked || p.rank != NAME_RANK);
        }
        let same = self.house.iter().position(|p| {
            p.rank == part.rank && (p.rank == 0 || label(&p.text) == label(&part.text))
        });
        match same {
            Some(i) if self.house[i].text == part.text && (part.marked || self.stale.house) => {
                self.score += AGAIN - score;
            }
            Some(i) if self.stale.house && self.gap <= REPAIR_GAP_MAX => {
                self.house[i] = part.clone()
            }
            Some(_) => return None,
            None => self.house.push(part.clone()),
        }
        self.stale.house &= part.rank > 0;
        // Where the number is said behind the street, it stands right behind it.
        if adjacent && self.last == Some(Field::Street) && street_first(grammar) {
            self.score += 0.4;
        }
        // Where the street comes first, villages without streets have their numbers there.
        let behind_place =
            !street_first(grammar) && self.last.is_some_and(|f| f >= Field::Locality);
        self.loose |= behind_place && !part.marked;
        if part.rank == NAME_RANK
            && let Some((street, named)) = self.street.take()
        {
            self.street = Some((self.without_house(&street), named));
        }
        Some(Field::House)
    }

    /// A street's name without the name of the house said before it.
    fn without_house(&self, street: &str) -> String {
        let houses = self.house.iter().filter(|p| p.rank == NAME_RANK);
        let rest = houses.filter_map(|p| street.strip_prefix(p.text.as_str())?.strip_prefix(' '));
        rest.filter(|r| r.contains(' ')).map(String::from).next().unwrap_or_else(|| street.into())
    }

    /// Narrows the new field's candidates and the others' to those that lie in one another.
    fn relate(&mut self, new: &mut UnitSaid, grammar: &Grammar) {
        let Some(places) = grammar.places() else { return };
        for old in &mut self.units {
            if old.units.is_empty() || new.units.is_empty() {
                continue;
            }
            let (upper, lower) =
                if old.field > new.field { (&*old, &*new) } else { (&*new, &*old) };
            let fits = |l: &UnitId| upper.units.iter().any(|(u, _)| places.is_within(*l, *u));
            let lows: Vec<(UnitId, f32)> =
                lower.units.iter().filter(|(l, _)| fits(l)).copied().collect();
            if lows.is_empty() {
                let pairs = || {
                    let of = |l: UnitId| upper.units.iter().map(move |(u, _)| (l, *u));
                    lower.units.iter().flat_map(move |(l, _)| of(*l)).take(UNITS_MAX)
                };
                let perhaps = pairs().any(|(l, u)| perhaps_within(l, u, places));
                self.score += if perhaps { PERHAPS_WITHIN } else { OUTSIDE };
                continue;
            }
            let holds = |u: &UnitId| lows.iter().any(|(l, _)| places.is_within(*l, *u));
            let highs: Vec<(UnitId, f32)> =
                upper.units.iter().filter(|(u, _)| holds(u)).copied().collect();
            self.score += WITHIN;
            let (lows, highs) = (Rc::new(lows), Rc::new(highs));
            if old.field > new.field {
                (old.units, new.units) = (highs, lows);
            } else {
                (new.units, old.units) = (highs, lows);
            }
        }
    }
}

/// True where the house number is said behind the street.
fn street_first(grammar: &Grammar) -> bool {
    let order = &grammar.words.address.order;
    let place = |f: Field| order.iter().position(|o| o == f.name());
    place(Field::Street) < place(Field::House)
}

/// A street of which only the number was said again ("상도로 17길, no, 18길").
fn completed(old: Option<&str>, new: &str) -> String {
    let digit = |c: char| c.is_ascii_digit();
    match old.and_then(|old| old.find(digit).map(|at| &old[..at])) {
        Some(name) if new.starts_with(digit) => format!("{name}{new}"),
        _ => new.to_string(),
    }
}

/// True where both lie in one unit and nothing says in which of `upper`'s like `lower` lies.
fn perhaps_within(lower: UnitId, upper: UnitId, places: &Gazetteer) -> bool {
    let level = places.unit(upper).level;
    let unknown = places.parents(lower).all(|p| places.unit(p).level != level);
    unknown && places.parents(upper).any(|p| places.is_within(lower, p))
}

/// The label of a house element: `ngõ` of `ngõ 12`.
fn label(text: &str) -> &str {
    text.rsplit_once(' ').map_or("", |(label, _)| label)
}

fn candidates(field: Field, names: &[(NameId, f32)], grammar: &Grammar) -> Vec<(UnitId, f32)> {
    let Some(level) = field.level() else { return Vec::new() };
    let mut found: Vec<(UnitId, f32)> = Vec::new();
    for (name, similarity) in names {
        for (unit, share) in grammar.units(*name, level) {
            if found.len() < UNITS_MAX && !found.iter().any(|(u, _)| *u == unit) {
                found.push((unit, similarity * share));
            }
        }
    }
    found
}
