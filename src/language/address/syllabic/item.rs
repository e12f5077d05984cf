//! What stretches of a caller's words may be in an address, each with its weight of evidence.

use super::house::{self, HousePart};
use super::span::{Spans, UnitsFound};
use super::text::numbered_street;
use crate::language::Grammar;
use crate::language::address::item::{Field, UNKNOWN_PLACE, UNKNOWN_TOKENS_MAX, is_unknown_place};
use crate::language::gazetteer::UnitId;
use crate::language::text::phrase_at;
use std::rc::Rc;

/// Longest name of a street or a unit, in tokens.
const NAME_TOKENS_MAX: usize = 5;
/// Digits of the longest number that is a name.
const NAME_DIGITS_MAX: usize = 4;
/// Longest name of a hamlet, in tokens.
const HAMLET_TOKENS_MAX: usize = 4;
/// A name without its word must be this like a known one.
const BARE_SIMILARITY_MIN: f32 = 0.84;
/// A name of fewer syllables is seldom said without its unit word.
const BARE_TOKENS_MIN: usize = 2;
/// What it costs a house number that something is counted by it: "sáu miệng ăn".
const COUNTED: f32 = 2.0;
/// What it costs to end a number where it goes on.
const CUT: f32 = 0.9;

/// A street as it was said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Street {
    /// As it is written.
    pub(super) name: Rc<str>,
    /// A word said that it is a street.
    pub(super) named: bool,
    /// 0..=1: how like a known street's name it is.
    pub(super) known: f32,
}

/// A unit as it was said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct UnitSaid {
    pub(super) field: Field,
    /// Its name as it is written where it is not known.
    pub(super) said: Rc<str>,
    /// The unit word said before or behind it.
    pub(super) kind: Option<Rc<str>>,
    /// What it may be, with the similarity of the name.
    pub(super) units: UnitsFound,
}

/// What a stretch says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    /// A number, an alley, a flat: below the street.
    House(HousePart),
    /// A street.
    Street(Street),
    /// A hamlet or group: stands for the street where there is none. Smaller ones rank lower.
    Hamlet { rank: usize, name: String },
    /// A unit.
    Unit(UnitSaid),
    /// "No, I mean": what follows replaces what stood there.
    Repair,
}

/// One reading of the tokens `from..to`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) said: Said,
    pub(super) score: f32,
}

/// All items that start at `at`.
pub(super) fn items_at(at: usize, spans: &Spans) -> Vec<Item> {
    let (tokens, grammar) = (spans.tokens, spans.grammar);
    let mut items = Vec::new();
    let words = &grammar.words.address;
    if let Some(n) = phrase_at(tokens, at, &grammar.words.repairs) {
        items.push(Item { from: at, to: at + n, said: Said::Repair, score: 0.0 });
    }
    if spans.is_talk(at) || spans.is_inside(at) {
        return items;
    }
    let is_written = |to: usize| (at..to).all(|i| !spans.is_unwritten(i));
    for (to, part, score) in house::parts_at(at, spans) {
        if !is_written(to) {
            continue;
        }
        let counted = phrase_at(tokens, to, &grammar.words.numbers.counted).is_some();
        let score = score - if counted && part.label.is_empty() { COUNTED } else { 0.0 };
        let score = score - if part.marked { 0.0 } else { spans.person(at) };
        items.push(Item { from: at, to, said: Said::House(part), score });
    }
    for (to, name) in numbered_names(at, spans) {
        let street = Street { name: name.into(), named: true, known: 1.0 };
        items.push(Item { from: at, to, said: Said::Street(street), score: 1.6 });
    }
    if let Some(n) = phrase_at(tokens, at, &words.street_before) {
        for (to, name) in numbered_names(at + n, spans) {
            let street = Street { name: name.into(), named: true, known: 1.0 };
            items.push(Item { from: at, to, said: Said::Street(street), score: 2.8 });
        }
        named_streets(at, at + n, "", spans, &mut items);
    }
    if let Some(n) = phrase_at(tokens, at, &words.street_kept) {
        named_streets(at, at + n, &spans.written(at, at + n), spans, &mut items);
    }
    bare_streets(at, spans, &mut items);
    hamlets(at, spans, &mut items);
    for field in Field::UNITS {
        units(at, field, spans, &mut items);
    }
    if words.open_places {
        unknown_places(at, spans, &mut items);
    }
    items
}

/// "первого мая", "пятый микрорайон": a number and a word that makes it a street's name.
fn numbered_names(at: usize, spans: &Spans) -> Vec<(usize, String)> {
    let words = &spans.grammar.words.address.numbered_names;
    let named = spans.numbers(at).iter().filter_map(|(to, digits)| {
        let end = to + phrase_at(spans.tokens, *to, words)?;
        Some((end, format!("{digits} {}", spans.written(*to, end))))
    });
    named.collect()
}

/// The ends a name beginning at `at` may have.
fn name_ends<'a>(at: usize, most: usize, spans: &'a Spans) -> impl Iterator<Item = usize> + 'a {
    let most = spans.tokens.len().min(at + most);
    let free = (at..most)
        .take_while(move |&i| i == at || !spans.ends_name(i))
        .take_while(move |&i| !spans.is_talk(i));
    free.map(|i| i + 1)
}

/// The ends the name of a street beginning at `at` may have: known ones of `known_min` tokens hold
/// any words.
fn street_ends<'a>(
    at: usize,
    known_min: usize,
    spans: &'a Spans,
) -> impl Iterator<Item = usize> + 'a {
    let free: Vec<usize> = name_ends(at, NAME_TOKENS_MAX, spans).collect();
    let most = spans.tokens.len().min(at + NAME_TOKENS_MAX);
    let known = (at + free.len() + 1..=most).filter(move |&to| {
        let words = &spans.tokens[at..to];
        words.len() >= known_min
            && words.iter().any(|t| spans.grammar.words.stop_words.contains(t))
            && spans.street(at, to).1 >= 0.99
    });
    free.into_iter().chain(known)
}

/// "đường Lê Lợi", "вулиця Сумська": the word before it says that it is a street.
fn named_streets(at: usize, name_at: usize, kept: &str, spans: &Spans, items: &mut Vec<Item>) {
    let (tokens, grammar) = (spans.tokens, spans.grammar);
    let street = |name: &str, known: f32| Street {
        name: format!("{kept} {name}").trim().into(),
        named: true,
        known,
    };
    // "đường số mười bốn", "đường ba tháng hai": the number may go on past a name's end.
    let mut longest = None;
    for to in (name_at + 1..=tokens.len().min(name_at + 7)).rev() {
        let numbered = if kept.is_empty() {
            numbered_street(&tokens[name_at..to], grammar)
        } else {
            let code = spans.codes(name_at).iter().find(|(end, ..)| *end == to);
            code.map(|(_, code, _)| code.clone())
        };
        if let Some(name) = numbered {
            let cut = *longest.get_or_insert(to) > to;
            let score = 2.2 + 0.05 * (to - name_at) as f32 - if cut { CUT } else { 0.0 };
            items.push(Item { from: at, to, said: Said::Street(street(&name, 1.0)), score });
        }
    }
    for to in street_ends(name_at, 2, spans) {
        let (name, known) = spans.street(name_at, to);
        let odd = spans.odd(name_at, to);
        // "Улица Школьная".
        let last = &tokens[to - 1];
        let adjective = grammar.is_adjective(last) && !grammar.words.stop_words.contains(last);
        if known == 0.0 && 2 * odd > to - name_at && !adjective {
            continue;
        }
        let length = (to - name_at).min(3) as f32;
        let score = 1.6 + 1.2 * known + 0.08 * length - oddness(odd, known);
        items.push(Item { from: at, to, said: Said::Street(street(&name, known)), score });
    }
}

/// Words that join numbers, which no street is named by.
fn is_joint(token: &String, grammar: &Grammar) -> bool {
    let numbers = grammar.numbers();
    [&numbers.joints, &numbers.slashes, &numbers.points].iter().any(|list| list.contains(token))
        || numbers.factors.contains_key(token)
}

/// What everyday words cost in a name; little in a name that is known.
fn oddness(odd: usize, known: f32) -> f32 {
    odd as f32 * if known > 0.9 { 0.1 } else { 0.7 }
}

/// A street without its word: known, or with its suffix, or just behind a house number.
fn bare_streets(at: usize, spans: &Spans, items: &mut Vec<Item>) {
    let (tokens, grammar) = (spans.tokens, spans.grammar);
    let words = &grammar.words.address;
    if grammar.words.stop_words.contains(&tokens[at]) {
        return;
    }
    let syllables = !words.numbered_street.is_empty();
    for to in street_ends(at, 3, spans) {
        if let Some(n) = phrase_at(tokens, to, &words.street_after) {
            let end = to + n;
            let (name, known) = spans.street(at, end);
            let score = 1.6 + 0.8 * known - 0.1 * (to - at - 1) as f32;
            let street = Street { name, named: true, known };
            items.push(Item { from: at, to: end, said: Said::Street(street), score });
        }
        if let Some(n) = phrase_at(tokens, to, &words.street_behind) {
            let (name, known) = spans.street(at, to);
            let score = 1.3 + 1.2 * known - 0.1 * (to - at - 1) as f32;
            let score = score - oddness(spans.odd(at, to), known);
            let street = Street { name, named: true, known };
            items.push(Item { from: at, to: to + n, said: Said::Street(street), score });
        }
        let (name, known) = spans.street(at, to);
        if known < 0.9 && to == at + 1 && grammar.words.fillers.contains(&tokens[at]) {
            continue;
        }
        let length = (to - at).min(3) as f32;
        let number = known == 0.0 && !spans.numbers(at).is_empty();
        let led = at > 0 && words.street_leads.contains(&tokens[at - 1]);
        let led = if led { 0.7 } else { 0.0 };
        let likely = known.powi(4);
        let score = 1.1 * likely + 0.1 * length + led - oddness(spans.odd(at, to), known);
        let score = score - if number { 0.8 } else { 0.0 } - spans.person(at);
        let odd = tokens[at..to].iter().filter(|t| is_joint(t, grammar)).count();
        let score = score - if known < 0.9 { 0.7 * odd as f32 } else { 0.0 };
        let one = syllables && to == at + 1;
        let score = score - if one { 0.4 } else { 0.0 };
        if one && known < 0.99 && known > 0.0 {
            continue;
        }
        let street = Street { name, named: false, known };
        items.push(Item { from: at, to, said: Said::Street(street), score });
    }
    for to in at + 3..=tokens.len().min(at + 7) {
        if !tokens[at..to].iter().any(|t| words.date_joints.contains(t)) {
            continue;
        }
        let date = numbered_street(&tokens[at..to], grammar);
        if let Some(name) = date.filter(|d| d.contains('/')) {
            let street = Street { name: name.into(), named: false, known: 1.0 };
            items.push(Item { from: at, to, said: Said::Street(street), score: 1.0 });
        }
    }
}

/// "tổ mười hai", "ấp tây lân", "khu phố bình đức một".
fn hamlets(at: usize, spans: &Spans, items: &mut Vec<Item>) {
    let (tokens, grammar) = (spans.tokens, spans.grammar);
    let words = &grammar.words.address;
    let group = phrase_at(tokens, at, &words.groups);
    let hamlet = phrase_at(tokens, at, &words.hamlets);
    let Some(n) = group.max(hamlet) else { return };
    let rank = if group > hamlet { 0 } else { 1 };
    let label = tokens[at..at + n].join(" ");
    let mut put = |to: usize, name: &str, score: f32| {
        let said = Said::Hamlet { rank, name: format!("{label} {name}") };
        items.push(Item { from: at, to, said, score });
    };
    let number_at = at + n + phrase_at(tokens, at + n, &words.number).unwrap_or(0);
    for (to, code, cut) in spans.codes(number_at) {
        put(*to, code, 1.5 + 0.05 * (to - at) as f32 - if *cut { CUT } else { 0.0 });
    }
    if rank == 0 {
        return;
    }
    for to in name_ends(at + n, HAMLET_TOKENS_MAX, spans) {
        let said = &tokens[at + n..to];
        let name = spans.written(at + n, to);
        let numbered = name.ends_with(|c: char| c.is_ascii_digit())
            || said.len() > 1 && { grammar.numbers().letters.contains_key(&said[said.len() - 1]) };
        let closed = to == tokens.len() || spans.ends_name(to);
        let number = !spans.numbers(at + n).is_empty();
        let score = 1.0
            + [0.0, 0.05, 0.3, 0.25, 0.15][said.len().min(4)]
            + if numbered { 0.15 } else { 0.0 }
            + if closed { 0.1 } else { 0.0 }
            - if number { 0.5 } else { 0.0 };
        put(to, &name, score - 0.7 * spans.odd(at + n, to) as f32);
    }
}

fn units(at: usize, field: Field, spans: &Spans, items: &mut Vec<Item>) {
    let (tokens, grammar) = (spans.tokens, spans.grammar);
    let Some(words) = grammar.words.address.units.get(field.name()) else { return };
    let words_behind: Vec<_> =
        grammar.words.address.units.values().map(|u| &u.after).filter(|l| !l.is_empty()).collect();
    // Where the gazetteer has every place, an unknown one is none.
    let complete = grammar.places().is_some() && !grammar.words.address.open_places;
    let unknown = if complete { 0.35 } else { 0.9 };
    if let Some(n) = phrase_at(tokens, at, &words.before) {
        let kind = Some(Rc::from(tokens[at..at + n].join(" ")));
        for (to, said, units, cut) in names_at(at + n, field, spans) {
            let best = units.iter().map(|u| u.1).fold(0.0, f32::max);
            if units.is_empty() && !complete && spans.odd(at + n, to) > 0 {
                continue;
            }
            let score = if units.is_empty() { unknown } else { 0.6 + 1.6 * best };
            let length = 0.05 * (to - at).min(4) as f32;
            let score = score + length - oddness(spans.odd(at + n, to), best);
            let score = score - if cut { CUT } else { 0.0 };
            let said = unit_name(said, &tokens[at + n..to], &units, kind.as_deref(), grammar);
            let said = Said::Unit(UnitSaid { field, said, kind: kind.clone(), units });
            items.push(Item { from: at, to, said, score });
        }
    }
    for (to, said, units, _) in names_at(at, field, spans) {
        let best = units.iter().map(|u| u.1).fold(0.0, f32::max);
        if let Some(n) = phrase_at(tokens, to, &words.after) {
            let (kind, units) = (Some(Rc::from(tokens[to..to + n].join(" "))), units.clone());
            let name = &tokens[at..to];
            let said = unit_name(said.clone(), name, &units, kind.as_deref(), grammar);
            if units.is_empty() && !complete && spans.odd(at, to) > 0 {
                continue;
            }
            let known = if units.is_empty() { unknown } else { 0.7 + 1.6 * best };
            let score = known - oddness(spans.odd(at, to), best);
            let said = Said::Unit(UnitSaid { field, said, kind, units });
            items.push(Item { from: at, to: to + n, said, score });
        }
        // "всеволожский район": the name goes with the word behind it.
        let goes_on = words_behind.iter().any(|list| phrase_at(tokens, to, list).is_some());
        if goes_on && grammar.is_adjective(&tokens[to - 1])
            || grammar.is_inflected_number(&tokens[at])
        {
            continue;
        }
        let alone = |u: &(UnitId, f32)| !grammar.needs_word(u.0);
        let units = if units.iter().all(alone) {
            units
        } else {
            Rc::new(units.iter().filter(|u| alone(u)).copied().collect())
        };
        let best = units.iter().map(|u| u.1).fold(0.0, f32::max);
        if best >= BARE_SIMILARITY_MIN && !said.starts_with(|c: char| c.is_ascii_digit()) {
            // Names are short, and small places have names like any words.
            let small = field == Field::Locality && !grammar.inflects();
            let base = if small { 0.9 } else { 1.5 };
            let short = to - at < BARE_TOKENS_MIN && !grammar.inflects();
            let score = base * best.powi(4) - if short { 0.6 } else { 0.0 };
            // "Біла Церква" is a name whole.
            let whole = best >= 0.99 && to > at + 1 && grammar.inflects();
            let score = score - if whole { 0.1 } else { 0.6 } * spans.odd(at, to) as f32;
            let led = at > 0 && grammar.words.address.place_leads.contains(&tokens[at - 1]);
            let score = score + if led { 0.3 } else { 0.0 };
            let person = !led && tokens[at..to].iter().any(|t| grammar.is_given_name(t));
            let score = score - if person { 0.8 } else { 0.0 } - spans.person(at);
            let said = Said::Unit(UnitSaid { field, said, kind: None, units });
            items.push(Item { from: at, to, said, score });
        }
    }
}

/// A place beyond the gazetteer.
fn unknown_places(at: usize, spans: &Spans, items: &mut Vec<Item>) {
    let (tokens, grammar) = (spans.tokens, spans.grammar);
    for to in name_ends(at, UNKNOWN_TOKENS_MAX, spans) {
        let known = !spans.units(at, to, Field::Locality).is_empty();
        if !known && is_unknown_place(tokens, at, to, grammar) {
            let said = spans.written(at, to);
            let units = UnitsFound::default();
            let said = UnitSaid { field: Field::Locality, said, kind: None, units };
            items.push(Item { from: at, to, said: Said::Unit(said), score: UNKNOWN_PLACE });
        }
    }
}

/// A unit's name as it is written where the gazetteer does not know it.
fn unit_name(
    written: Rc<str>,
    said: &[String],
    units: &UnitsFound,
    kind: Option<&str>,
    grammar: &Grammar,
) -> Rc<str> {
    let inflected = if units.is_empty() { grammar.unknown_unit(said, kind) } else { None };
    inflected.map_or(written, Rc::from)
}

/// The names of `field`'s level that may begin at `at`: end, as written, candidates, whether it is
/// a number that goes on.
fn names_at(at: usize, field: Field, spans: &Spans) -> Vec<(usize, Rc<str>, UnitsFound, bool)> {
    let mut found = Vec::new();
    if at >= spans.tokens.len() {
        return found;
    }
    let numbers = spans.numbers(at);
    let longest = numbers.last().map_or(at, |n| n.0);
    for (to, digits) in numbers.iter().filter(|(_, digits)| digits.len() <= NAME_DIGITS_MAX) {
        let units = spans.named(std::slice::from_ref(digits), field);
        found.push((*to, digits.as_str().into(), units, *to < longest));
    }
    for to in name_ends(at, NAME_TOKENS_MAX, spans) {
        let name = spans.written(at, to);
        found.push((to, name, spans.units(at, to, field), false));
    }
    found
}
