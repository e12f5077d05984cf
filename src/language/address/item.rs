//! What stretches of a caller's words may be in an address, each with its weight of evidence.

use super::house::{self, HousePart};
use super::text::join;
use super::{czech, joined, suffixed};
use crate::language::Grammar;
use crate::language::gazetteer::{Level, NameId};
use crate::language::text::{phrase_at, phrase_ending};

/// Longest name of a street or a unit, in tokens.
const NAME_TOKENS_MAX: usize = 5;

/// Longest name of a place that nobody knows, in tokens.
pub(super) const UNKNOWN_TOKENS_MAX: usize = 2;
/// What such a place counts.
pub(super) const UNKNOWN_PLACE: f32 = 0.4;
/// A word this like a person's name is no place that nobody knows; less will do behind a given
/// name, and behind the rest of the address.
const PERSON_MIN: f32 = 0.7;
const FAMILY_MIN: f32 = 0.25;
const CALLER_MIN: f32 = 0.35;

/// A field of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Field {
    House,
    Street,
    Locality,
    District,
    Region,
}

impl Field {
    pub(super) const UNITS: [Field; 3] = [Field::Locality, Field::District, Field::Region];

    pub(super) fn name(self) -> &'static str {
        match self {
            Field::House => "house",
            Field::Street => "street",
            Field::Locality => "locality",
            Field::District => "district",
            Field::Region => "region",
        }
    }

    pub(super) fn of(level: Level) -> Field {
        match level {
            Level::Region => Field::Region,
            Level::District => Field::District,
            Level::Locality | Level::Quarter => Field::Locality,
        }
    }

    pub(super) fn level(self) -> Option<Level> {
        match self {
            Field::Locality => Some(Level::Locality),
            Field::District => Some(Level::District),
            Field::Region => Some(Level::Region),
            Field::House | Field::Street => None,
        }
    }
}

/// What a stretch says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    /// A number, an alley, a flat: below the street.
    House(HousePart),
    /// A street's name as it is written; `known` 0..=1 is how well a known street matches.
    Street { name: String, named: bool },
    /// A hamlet or group: stands for the street where there is none.
    Hamlet(String),
    /// A unit's name, with the names it may be and the unit word said before or behind it.
    Unit { field: Field, said: String, kind: Option<String>, names: Vec<(NameId, f32)> },
    /// Stands in an address and is no part of it.
    Skip,
    /// "I live at": house and street may be said anew.
    Restart,
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
pub(super) fn items_at(tokens: &[String], at: usize, grammar: &Grammar) -> Vec<Item> {
    let mut items = Vec::new();
    let words = &grammar.words.address;
    let starts_anew = phrase_at(tokens, at, &words.lead_in).filter(|_| words.bare_places);
    if let Some(n) = starts_anew {
        items.push(Item { from: at, to: at + n, said: Said::Restart, score: 0.0 });
    }
    if let Some(n) = phrase_at(tokens, at, &grammar.words.repairs) {
        items.push(Item { from: at, to: at + n, said: Said::Repair, score: 0.0 });
    }
    if !words.street_endings.is_empty() {
        joined::items_at(tokens, at, grammar, &mut items);
        return items;
    }
    for (to, part, score) in house::parts_at(tokens, at, grammar) {
        items.push(Item { from: at, to, said: Said::House(part), score });
    }
    if grammar.language == "cs" {
        czech::streets_at(tokens, at, grammar, &mut items);
        numbered_city(tokens, at, grammar, &mut items);
    } else {
        if let Some(n) = phrase_at(tokens, at, &words.street_before) {
            named_street(tokens, at, at + n, grammar, &mut items);
        }
        if words.bare_places {
            suffixed::items_at(tokens, at, grammar, &mut items);
        } else {
            bare_street(tokens, at, grammar, &mut items);
        }
    }
    hamlets(tokens, at, grammar, &mut items);
    unknown_place(tokens, at, grammar, &mut items);
    for field in Field::UNITS {
        units(tokens, at, field, grammar, &mut items);
    }
    items
}

/// Tokens no name can hold: unit words, number words before a house, repairs, plain fillers.
fn ends_name(tokens: &[String], at: usize, grammar: &Grammar) -> bool {
    let words = &grammar.words.address;
    let ends = [&words.street_before, &words.number, &words.within, &grammar.words.repairs];
    ends.iter().any(|list| phrase_at(tokens, at, list).is_some())
        || words.units.values().any(|u| phrase_at(tokens, at, &u.before).is_some())
        || phrase_at(tokens, at, &words.hamlets).is_some()
        || grammar.words.stop_words.contains(&tokens[at])
}

/// The ends a name beginning at `at` may have.
fn name_ends<'a>(
    tokens: &'a [String],
    at: usize,
    grammar: &'a Grammar,
) -> impl Iterator<Item = usize> + 'a {
    let most = tokens.len().min(at + NAME_TOKENS_MAX);
    let free = (at..most).take_while(move |&i| i == at || !ends_name(tokens, i, grammar));
    free.map(|i| i + 1)
}

/// "đường Lê Lợi", "вулиця Сумська": the unit word says it is a street.
fn named_street(
    tokens: &[String],
    at: usize,
    name_at: usize,
    grammar: &Grammar,
    items: &mut Vec<Item>,
) {
    if name_at >= tokens.len() || grammar.words.address.within.contains(&tokens[name_at]) {
        return;
    }
    for to in name_ends(tokens, name_at, grammar) {
        let (name, known) = grammar.street(&tokens[name_at..to]);
        let strange = strangeness(&tokens[name_at..to], grammar);
        let score = 1.6 + 1.2 * known + 0.05 * (to - name_at) as f32 - 0.8 * strange;
        items.push(Item { from: at, to, said: Said::Street { name, named: true }, score });
    }
}

/// A street without its word: known, or with its suffix, or just behind a house number.
fn bare_street(tokens: &[String], at: usize, grammar: &Grammar, items: &mut Vec<Item>) {
    let words = &grammar.words.address;
    if grammar.words.stop_words.contains(&tokens[at]) {
        return;
    }
    for to in name_ends(tokens, at, grammar) {
        let suffixed = phrase_at(tokens, to, &words.street_after);
        if let Some(n) = suffixed {
            let end = to + n;
            let (name, known) = grammar.street(&tokens[at..end]);
            let score = 1.6 + 0.8 * known - 0.1 * (to - at - 1) as f32;
            items.push(Item { from: at, to: end, said: Said::Street { name, named: true }, score });
        }
        // "Кропоткина сто Иван": streets bear no given names in the nominative.
        if to == at + 1 && grammar.is_given_name(&tokens[at]) {
            continue;
        }
        let (name, known) = grammar.street(&tokens[at..to]);
        let strange = strangeness(&tokens[at..to], grammar);
        let score = 1.1 * known + 0.02 - 0.5 * strange;
        items.push(Item { from: at, to, said: Said::Street { name, named: false }, score });
    }
}

/// 0..=1: the share of `tokens` that names seldom hold.
fn strangeness(tokens: &[String], grammar: &Grammar) -> f32 {
    let odd = tokens.iter().filter(|t| grammar.is_common_word(t)).count();
    odd as f32 / tokens.len().max(1) as f32
}

/// "tổ mười hai ấp ba".
fn hamlets(tokens: &[String], at: usize, grammar: &Grammar, items: &mut Vec<Item>) {
    let words = &grammar.words.address;
    let (mut i, mut said): (usize, Vec<String>) = (at, Vec::new());
    while let Some(n) = phrase_at(tokens, i, &words.hamlets) {
        let name_at = i + n;
        let number = grammar.numbers_from(tokens, name_at).into_iter().last();
        let (to, name) = match number {
            Some((to, digits)) => (to, digits),
            None => match name_ends(tokens, name_at.min(tokens.len()), grammar).nth(1) {
                Some(to) => (to, join(&tokens[name_at..to])),
                None => return,
            },
        };
        said.push(format!("{} {name}", tokens[i..i + n].join(" ")));
        i = to;
        let said = Said::Hamlet(said.join(" "));
        items.push(Item { from: at, to, said, score: 1.5 });
    }
}

fn units(tokens: &[String], at: usize, field: Field, grammar: &Grammar, items: &mut Vec<Item>) {
    let Some(words) = grammar.words.address.units.get(field.name()) else { return };
    if let Some(n) = phrase_at(tokens, at, &words.before).filter(|n| at + n < tokens.len()) {
        let kind = Some(tokens[at..at + n].join(" "));
        for (to, said, names) in names_at(tokens, at + n, field, grammar) {
            let best = names.first().map_or(0.0, |m| m.1);
            let score = if names.is_empty() { 0.6 } else { 0.6 + 1.6 * best };
            let strange = strangeness(&tokens[at + n..to], grammar);
            let score = score + longer(to - at - n, best) + 0.05 * n as f32 - 0.8 * strange;
            let said = Said::Unit { field, said, kind: kind.clone(), names };
            items.push(Item { from: at, to, said, score });
        }
    }
    for (to, said, names) in names_at(tokens, at, field, grammar) {
        if let Some(n) = phrase_at(tokens, to, &words.after) {
            let kind = Some(tokens[to..to + n].join(" "));
            let best = names.first().map_or(0.0, |m| m.1);
            let score = 0.7 + 1.6 * best;
            let (said, names) = (said.clone(), names.clone());
            let said = Said::Unit { field, said, kind, names };
            items.push(Item { from: at, to: to + n, said, score });
        }
        let best = names.first().map_or(0.0, |m| m.1);
        let bare = !grammar.words.address.bare_places;
        let bare = bare && !words.needs_word;
        if bare && best >= 0.75 && !said.starts_with(|c: char| c.is_ascii_digit()) {
            let common = strangeness(&tokens[at..to], grammar);
            let score = 1.5 * best * best + longer(to - at, best) - 0.6 * common;
            let said = Said::Unit { field, said, kind: None, names };
            items.push(Item { from: at, to, said, score });
        }
    }
}

/// A longer name that is known says more.
fn longer(tokens: usize, similarity: f32) -> f32 {
    (if similarity >= 0.9 { 0.4 } else { 0.05 }) * tokens.saturating_sub(1) as f32
}

/// True where `from..to` is likely a place that nobody knows: a word before it ("in") or the street
/// behind it says that it is one, or nothing but a place is left to be said; no words of everyday
/// talk or of needs, no numbers, no person.
pub(super) fn is_unknown_place(
    tokens: &[String],
    from: usize,
    to: usize,
    grammar: &Grammar,
) -> bool {
    let words = &grammar.words.address;
    let before = from.checked_sub(1);
    let led = before.is_some_and(|i| words.place_leads.contains(&tokens[i]));
    let street = phrase_at(tokens, to, &words.street_before).is_some();
    // "Улица Советская, дом пять, Новосибирск."
    let numbered = |i: usize| !grammar.numbers_from(tokens, i).is_empty();
    let last = to == tokens.len() && before.is_some_and(numbered) && grammar.places().is_none();
    let likeness = |i: usize| grammar.name_likeness(&tokens[i]);
    // Behind a given name a family's may stand, and the caller's at the end.
    let behind_name = before.is_some_and(|i| likeness(i) >= PERSON_MIN);
    let person = match (behind_name, last) {
        (true, _) => FAMILY_MIN,
        (false, true) => CALLER_MIN,
        (false, false) => PERSON_MIN,
    };
    let plain = |i: usize| {
        let token = &tokens[i];
        // "Старая Рачейка".
        let described = i == from && to > from + 1 && grammar.is_adjective(token);
        let talk = || grammar.is_common_word(token) || grammar.needs.knows_word(token);
        token.chars().count() > 2
            && token.chars().all(|c| c.is_alphabetic() || c == '-')
            && (described || !talk() && likeness(i) < person)
            && !numbered(i)
    };
    let introduced = || phrase_ending(&tokens[..from], &grammar.words.name_lead_in).is_some();
    (led || street || last) && (from..to).all(plain) && !introduced()
}

/// A place beyond the gazetteer.
fn unknown_place(tokens: &[String], at: usize, grammar: &Grammar, items: &mut Vec<Item>) {
    for to in name_ends(tokens, at, grammar).take(UNKNOWN_TOKENS_MAX) {
        if is_unknown_place(tokens, at, to, grammar) {
            let said = join(&tokens[at..to]);
            let (field, names) = (Field::Locality, Vec::new());
            // Its place is as good as a unit word.
            let said = Said::Unit { field, said, kind: Some(String::new()), names };
            items.push(Item { from: at, to, said, score: UNKNOWN_PLACE });
        }
    }
}

/// "v Praze pět": cities whose quarters are numbers.
fn numbered_city(tokens: &[String], at: usize, grammar: &Grammar, items: &mut Vec<Item>) {
    const QUARTERS_MAX: u32 = 22;
    let cities = &grammar.words.address.numbered;
    let Some((city, _)) = cities.iter().find(|(_, said)| said.contains(&tokens[at])) else {
        return;
    };
    for (to, digits) in grammar.numbers_from(tokens, at + 1) {
        if digits.parse().is_ok_and(|n: u32| (1..=QUARTERS_MAX).contains(&n)) {
            let said = [city.to_lowercase(), digits.clone()];
            let mut names = grammar.unit_names(&said, Some(Level::Locality));
            names.retain(|(_, similarity)| *similarity >= 0.98);
            let said = format!("{city} {digits}");
            let said = Said::Unit { field: Field::Locality, said, kind: None, names };
            items.push(Item { from: at, to, said, score: 2.0 });
        }
    }
}

type Named = (usize, String, Vec<(NameId, f32)>);

/// The names of `field`'s level that may begin at `at`.
fn names_at(tokens: &[String], at: usize, field: Field, grammar: &Grammar) -> Vec<Named> {
    let mut found: Vec<Named> = Vec::new();
    if at >= tokens.len() || grammar.words.stop_words.contains(&tokens[at]) {
        return found;
    }
    let words = grammar.words.address.units.get(field.name());
    let strict = words.is_some_and(|w| w.needs_word);
    for (to, digits) in grammar.numbers_from(tokens, at) {
        let names = grammar.unit_names(std::slice::from_ref(&digits), field.level());
        found.push((to, digits, names));
    }
    let spoken = grammar.words.numbers.written_together;
    for to in name_ends(tokens, at, grammar) {
        if spoken && !grammar.numbers_from(tokens, to - 1).is_empty() {
            break;
        }
        let mut names = grammar.unit_names(&tokens[at..to], field.level());
        if strict {
            // Not the quarters that may stand for one.
            names.retain(|(name, _)| grammar.is_of_level(*name, field.level()));
        }
        found.push((to, join(&tokens[at..to]), names));
    }
    found
}
