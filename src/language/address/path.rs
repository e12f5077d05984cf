//! The best ways through a caller's words: which stretch is which field, judged together.
//!
//! A beam search over [`Item`]s. Words outside the address cost nothing before it and behind it,
//! something inside it; units that lie in one another support each other.

use super::house::HousePart;
use super::item::{Field, Item, Said, items_at};
use crate::language::Grammar;
use crate::language::gazetteer::{NameId, UnitId};
use std::rc::Rc;

/// Ways kept at each position.
const BEAM: usize = 40;
/// Candidate units kept for one field.
const UNITS_MAX: usize = 400;
/// A word inside an address that belongs to no field.
const GAP: f32 = 0.35;
/// A unit inside the other.
const WITHIN: f32 = 0.9;
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
    last: Option<Field>,
    pub(super) gap: f32,
    repairing: bool,
}

/// The best ways through `tokens`, best first.
pub(super) fn paths(tokens: &[String], grammar: &Grammar) -> Vec<Path> {
    let mut beams: Vec<Vec<Path>> = vec![Vec::new(); tokens.len() + 1];
    beams[0].push(Path::default());
    for at in 0..tokens.len() {
        let here = std::mem::take(&mut beams[at]);
        let here = narrowed(here);
        let items = items_at(tokens, at, grammar);
        for path in &here {
            let mut skipped = path.clone();
            if path.span.is_some() && !grammar.words.fillers.contains(&tokens[at]) {
                let lead = grammar.words.address.within.contains(&tokens[at]);
                skipped.gap += if lead { 0.05 } else { GAP };
            }
            beams[at + 1].push(skipped);
            for item in &items {
                if let Some(next) = path.with(item, grammar) {
                    beams[item.to].push(next);
                }
            }
        }
    }
    narrowed(beams.pop().unwrap_or_default())
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
            && self.repairing == other.repairing
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
            next.repairing = next.span.is_some();
            next.gap = 0.0;
            return next.repairing.then_some(next);
        }
        next.score += item.score - next.gap;
        let adjacent = self.span.is_some_and(|(_, to)| to == item.from);
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
        next.repairing = false;
        next.last = Some(field);
        next.span = Some((self.span.map_or(item.from, |s| s.0), item.to));
        Some(next)
    }

    fn take(&mut self, item: &Item, adjacent: bool, grammar: &Grammar) -> Option<Field> {
        match &item.said {
            Said::House(part) => {
                let same = self.house.iter().position(|p| {
                    p.rank == part.rank && (p.rank == 0 || label(&p.text) == label(&part.text))
                });
                match same {
                    Some(i) if self.repairing => self.house[i] = part.clone(),
                    Some(_) => return None,
                    None => self.house.push(part.clone()),
                }
                // Where the number is said behind the street, it stands right behind it.
                if adjacent && self.last == Some(Field::Street) && street_first(grammar) {
                    self.score += 0.4;
                }
                Some(Field::House)
            }
            Said::Street { name, named } => {
                if (self.street.is_some() || self.hamlet.is_some()) && !self.repairing {
                    return None;
                }
                if !named {
                    // Just behind the house, or known, or nothing says that it is a street.
                    let behind_house = adjacent && self.last == Some(Field::House);
                    self.score += if behind_house { 0.5 } else { -0.45 };
                }
                if self.street.is_none() && name.starts_with(|c: char| c.is_ascii_digit()) {
                    self.score -= 1.0;
                }
                let name = completed(self.street.as_ref().map(|(old, _)| old.as_str()), name);
                self.street = Some((name, *named));
                Some(Field::Street)
            }
            Said::Hamlet(name) => {
                if self.hamlet.is_some() && !self.repairing {
                    return None;
                }
                self.hamlet = Some(name.clone());
                Some(Field::Street)
            }
            Said::Unit { field, said, kind, names } => {
                let at = self.units.iter().position(|u| u.field == *field);
                if let Some(at) = at {
                    if !self.repairing {
                        return None;
                    }
                    self.units.remove(at);
                }
                let units = candidates(*field, names, grammar);
                let mut new = UnitSaid {
                    field: *field,
                    said: said.clone(),
                    kind: kind.clone(),
                    units: Rc::new(units),
                };
                self.relate(&mut new, grammar);
                self.units.push(new);
                Some(*field)
            }
            Said::Repair => None,
        }
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
                self.score += OUTSIDE;
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
