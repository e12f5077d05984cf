//! The best ways through a caller's words: which stretch is which field, judged together.
//!
//! A beam search over [`Item`]s. Words outside the address cost nothing before it and behind it,
//! something inside it; units that lie in one another support each other.

use super::house::HousePart;
use super::item::{Item, Said, Street, UnitSaid, items_at};
use super::span::Spans;
use crate::language::Grammar;
use crate::language::address::item::Field;
use crate::language::gazetteer::UnitId;
use std::cmp::Ordering;
use std::rc::Rc;

/// Ways kept at each position.
const BEAM: usize = 40;
/// A word inside an address that belongs to no field.
const GAP: f32 = 0.35;
/// A word there that often stands between fields ("in").
const GAP_WITHIN: f32 = 0.05;
/// However much is said in between, the address may go on.
const GAP_MAX: f32 = 1.3;
/// A unit inside the other.
const WITHIN: f32 = 0.9;
/// A unit outside the other.
const OUTSIDE: f32 = -1.3;
/// Worth of the similarity of a unit's name; as in the items' scores.
const SIMILARITY: f32 = 1.6;
/// What may be skipped between a field and the "no, I mean" that takes it back.
const REPAIR_BEHIND_MAX: f32 = 0.4;
/// Likewise between that and the field said anew.
const REPAIR_BEFORE_MAX: f32 = 0.75;
/// A field said before the last one, and anew behind "no, I mean".
const REPLACED: f32 = 0.2;
/// A field said again without a word that takes the first one back.
const AGAIN: f32 = -0.9;
/// The same said again.
const SAID_AGAIN: f32 = 0.2;
/// A number that no word says to be a house, and no street beside it.
const LONE: f32 = -0.8;

/// One way through the words so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Path {
    pub(super) score: f32,
    pub(super) house: Rc<Vec<HousePart>>,
    pub(super) street: Option<Street>,
    /// Hamlets and groups with their rank.
    pub(super) hamlets: Rc<Vec<(usize, String)>>,
    pub(super) units: Vec<UnitSaid>,
    /// First and one past the last token used.
    pub(super) span: Option<(usize, usize)>,
    /// The tokens used, a bit each.
    pub(super) used: u128,
    last: Option<Field>,
    pub(super) gap: f32,
    /// Words that belong to no field, between fields.
    pub(super) skipped: usize,
    repairing: bool,
    /// "Uh" stands right before.
    hesitating: bool,
    /// The house number came without a word for it, and no street beside it so far.
    lone_number: bool,
}

/// The best ways through the words of `spans`, best first.
pub(super) fn paths(spans: &Spans) -> Vec<Path> {
    let (tokens, grammar) = (spans.tokens, spans.grammar);
    let mut beams: Vec<Vec<Path>> = vec![Vec::new(); tokens.len() + 1];
    beams[0].push(Path::default());
    for at in 0..tokens.len() {
        let here = narrowed(std::mem::take(&mut beams[at]));
        let items = items_at(at, spans);
        for path in here {
            for item in &items {
                if let Some(next) = path.with(item, grammar) {
                    beams[item.to].push(next);
                }
            }
            let free = spans.is_unwritten(at);
            beams[at + 1].push(if free { path } else { path.skipping(&tokens[at], grammar) });
        }
    }
    // Words behind the address cost nothing.
    let mut last = beams.pop().unwrap_or_default();
    for path in &mut last {
        path.gap = 0.0;
        let alone = path.street.is_none() && path.hamlets.is_empty() && path.house.len() == 1;
        path.score += if path.lone_number && alone { LONE } else { 0.0 };
    }
    narrowed(last)
}

fn narrowed(mut paths: Vec<Path>) -> Vec<Path> {
    let worth = |p: &Path| p.score - 0.5 * p.gap;
    paths.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
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
            && self.hamlets == other.hamlets
            && self.repairing == other.repairing
            && self.span.map(|s| s.1) == other.span.map(|s| s.1)
            && self.units.len() == other.units.len()
            && self
                .units
                .iter()
                .zip(&other.units)
                .all(|(a, b)| a.field == b.field && a.said == b.said)
    }

    /// This way with the next token belonging to no field.
    fn skipping(mut self, token: &String, grammar: &Grammar) -> Path {
        self.hesitating = grammar.words.fillers.contains(token);
        if self.span.is_some() && !self.hesitating {
            let within = grammar.words.address.within.contains(token);
            self.gap += if within { GAP_WITHIN } else { GAP };
            self.gap = self.gap.min(GAP_MAX);
        }
        self
    }

    /// This way with `item` taken; `None` where it does not fit.
    fn with(&self, item: &Item, grammar: &Grammar) -> Option<Path> {
        let mut next = self.clone();
        if item.said == Said::Repair {
            // Far behind, "no" is about something else.
            next.repairing = next.span.is_some() && next.gap <= REPAIR_BEHIND_MAX;
            next.gap = 0.0;
            return next.repairing.then_some(next);
        }
        next.repairing &= next.gap <= REPAIR_BEFORE_MAX;
        next.score += item.score - next.gap;
        let adjacent = self.span.is_some_and(|(_, to)| to == item.from);
        let field = next.take(item, adjacent, grammar)?;
        if let Some(last) = self.last {
            let order = &grammar.words.address.order;
            let place = |f: Field| order.iter().position(|o| o == f.name()).unwrap_or(9);
            next.score += match place(field).cmp(&place(last)) {
                Ordering::Less => -0.15,
                Ordering::Equal => 0.0,
                Ordering::Greater => 0.1,
            };
        }
        if next.repairing && self.last != Some(field) {
            next.score += if self.holds(field) { REPLACED } else { -0.4 };
        }
        next.skipped += (self.gap / GAP) as usize;
        next.gap = 0.0;
        (next.repairing, next.hesitating) = (false, false);
        next.last = Some(field);
        next.used |= (item.from..item.to).fold(0, |bits, i| bits | 1 << (i & 127));
        next.span = Some((self.span.map_or(item.from, |s| s.0), item.to));
        Some(next)
    }

    fn holds(&self, field: Field) -> bool {
        match field {
            Field::House => !self.house.is_empty(),
            Field::Street => self.street.is_some() || !self.hamlets.is_empty(),
            unit => self.units.iter().any(|u| u.field == unit),
        }
    }

    /// A field that is already filled: `None` where saying it again makes no sense.
    fn again(&mut self) -> Option<()> {
        if !self.repairing {
            self.score += AGAIN;
        }
        Some(())
    }

    fn take(&mut self, item: &Item, adjacent: bool, grammar: &Grammar) -> Option<Field> {
        match &item.said {
            Said::House(part) => self.take_house(part, adjacent, grammar),
            Said::Street(street) => self.take_street(street, adjacent),
            Said::Hamlet { rank, name } => {
                if let Some(at) = self.hamlets.iter().position(|h| h.0 == *rank) {
                    self.again()?;
                    Rc::make_mut(&mut self.hamlets).remove(at);
                }
                Rc::make_mut(&mut self.hamlets).push((*rank, name.clone()));
                Some(Field::Street)
            }
            Said::Unit(unit) => {
                if let Some(at) = self.units.iter().position(|u| u.field == unit.field) {
                    let old = &self.units[at];
                    let same = |u: &&(UnitId, f32)| old.units.iter().any(|o| o.0 == u.0);
                    let both: Vec<(UnitId, f32)> =
                        unit.units.iter().filter(same).copied().collect();
                    if !both.is_empty() && !self.repairing {
                        // "ngày xưa thuộc bình dương giờ là thành phố hồ chí minh".
                        self.units[at].units = Rc::new(both);
                        self.score += SAID_AGAIN - item.score;
                        return Some(unit.field);
                    }
                    if unit.kind.is_none() && !self.repairing {
                        return None;
                    }
                    self.again()?;
                    self.units.remove(at);
                }
                let mut unit = unit.clone();
                self.relate(&mut unit, grammar);
                let field = unit.field;
                self.units.push(unit);
                Some(field)
            }
            Said::Repair => None,
        }
    }

    fn take_house(&mut self, part: &HousePart, adjacent: bool, grammar: &Grammar) -> Option<Field> {
        let same = |p: &HousePart| p.rank == part.rank && p.label == part.label;
        match self.house.iter().position(same) {
            Some(at) if self.repairing => Rc::make_mut(&mut self.house)[at] = part.clone(),
            Some(at) if part.marked || self.hesitating => {
                self.again()?;
                Rc::make_mut(&mut self.house)[at] = part.clone();
            }
            Some(_) => return None,
            None => Rc::make_mut(&mut self.house).push(part.clone()),
        }
        // "lê lợi mười hai": the number right behind its street.
        let behind_street = adjacent && self.last == Some(Field::Street) && self.street.is_some();
        if behind_street && (!part.marked || street_first(grammar)) {
            self.score += 0.5;
        }
        if !part.marked {
            self.lone_number = !behind_street;
        }
        Some(Field::House)
    }

    fn take_street(&mut self, street: &Street, adjacent: bool) -> Option<Field> {
        if !self.hamlets.is_empty() && !street.named && street.known == 0.0 {
            return None;
        }
        if self.street.is_some() {
            if !street.named && !self.repairing {
                return None;
            }
            self.again()?;
        }
        let numbered = |p: &HousePart| p.value.contains(|c: char| c.is_ascii_digit());
        let behind_house =
            adjacent && self.last == Some(Field::House) && self.house.last().is_some_and(numbered);
        if behind_house && self.lone_number {
            self.score += 0.5;
            self.lone_number = false;
        }
        if !street.named && !behind_house && street.known > 0.0 && street.known < 0.93 {
            self.score -= 0.5;
        }
        if !street.named {
            // Just behind the house, or known, or nothing says that it is a street.
            self.score += if behind_house { 0.5 } else { -0.6 };
        }
        let digit = |c: char| c.is_ascii_digit();
        if self.street.is_none() && street.name.starts_with(digit) && !street.name.contains('/') {
            self.score -= 1.0;
        }
        let name = completed(self.street.as_ref().map(|old| &*old.name), &street.name);
        self.street = Some(Street { name, ..street.clone() });
        Some(Field::Street)
    }

    /// Narrows the new field's candidates and the others' to those that lie in one another.
    fn relate(&mut self, new: &mut UnitSaid, grammar: &Grammar) {
        for old in &mut self.units {
            if old.units.is_empty() || new.units.is_empty() {
                continue;
            }
            let (upper, lower) =
                if old.field > new.field { (&mut *old, &mut *new) } else { (&mut *new, &mut *old) };
            let fits = |l: &UnitId, u: &UnitId| grammar.is_within(*l, *u);
            let low = |l: &(UnitId, f32)| upper.units.iter().any(|(u, _)| fits(&l.0, u));
            let lows: Vec<(UnitId, f32)> = lower.units.iter().filter(|l| low(l)).copied().collect();
            let high = |u: &(UnitId, f32)| lows.iter().any(|(l, _)| fits(l, &u.0));
            let highs: Vec<(UnitId, f32)> =
                upper.units.iter().filter(|u| high(u)).copied().collect();
            // Names less like the words cost what the items' scores had counted for the best ones.
            let loss = best(&lower.units) - best(&lows) + best(&upper.units) - best(&highs);
            let worth = WITHIN - SIMILARITY * loss;
            if lows.is_empty() || worth < OUTSIDE {
                self.score += OUTSIDE;
                continue;
            }
            self.score += worth;
            lower.units = Rc::new(lows);
            upper.units = Rc::new(highs);
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
fn completed(old: Option<&str>, new: &Rc<str>) -> Rc<str> {
    let digit = |c: char| c.is_ascii_digit();
    match old.and_then(|old| old.find(digit).map(|at| &old[..at])) {
        Some(name) if new.starts_with(digit) && !new.contains('/') => format!("{name}{new}").into(),
        _ => new.clone(),
    }
}

fn best(units: &[(UnitId, f32)]) -> f32 {
    units.iter().map(|u| u.1).fold(0.0, f32::max)
}
