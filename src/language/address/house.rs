//! Everything below the street: the number, its letters and fractions, alleys, blocks, flats.

use crate::language::Grammar;
use crate::language::text::name_case;
use crate::language::text::{phrase_at, phrase_ending};

/// A number of more digits is a telephone's.
pub(super) const DIGITS_MAX: usize = 6;

/// One element of the house field.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HousePart {
    /// Elements are written in the order of their ranks; the number itself has rank 0.
    pub(super) rank: u8,
    /// As it is written: `12/3B`, `ngõ 12`, `flat 3`.
    pub(super) text: String,
    /// A word said that it is one.
    pub(super) marked: bool,
}

/// Where names of houses stand among the elements.
pub(super) const NAME_RANK: u8 = 3;

/// The house elements that start at `at`: end, element, score.
pub(super) fn parts_at(
    tokens: &[String],
    at: usize,
    grammar: &Grammar,
) -> Vec<(usize, HousePart, f32)> {
    let words = &grammar.words.address;
    let mut found = Vec::new();
    let before = phrase_at(tokens, at, &words.number);
    let number_at = at + before.unwrap_or(0);
    // "[sixty] four": half of a number.
    let half = at > 0
        && words.bare_places
        && grammar.numbers_from(tokens, at - 1).iter().any(|(to, _)| *to > at);
    let cost = if half { 0.6 } else { 0.0 };
    for (to, text) in numbers_at(tokens, number_at, grammar) {
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        if words.bare_places && (text.starts_with('0') || letters > 1) {
            continue;
        }
        let said = if before.is_some() { 1.6 } else { 0.7 };
        let counted = phrase_at(tokens, to, &grammar.words.numbers.counted).is_some();
        let cost = cost + if counted && before.is_none() { 1.2 } else { 0.0 };
        let score = said + 0.08 * (to - number_at) as f32 - cost;
        let marked = before.is_some();
        found.push((to, HousePart { rank: 0, text, marked }, score));
    }
    for part in words.house_parts.iter().filter(|p| !p.behind) {
        let Some(n) = phrase_at(tokens, at, &part.said) else { continue };
        let letter = letter_at(tokens, at + n, grammar);
        for (to, text) in numbers_at(tokens, at + n, grammar).into_iter().chain(letter) {
            let text = format!("{} {text}", part.write);
            let score = 1.5 + 0.02 * (to - at) as f32;
            found.push((to, HousePart { rank: part.rank, text, marked: true }, score));
        }
    }
    found
}

/// Numbers with letters, fractions and "bis", from `at`: each end with its text.
fn numbers_at(tokens: &[String], at: usize, grammar: &Grammar) -> Vec<(usize, String)> {
    let numbers = &grammar.words.numbers;
    let mut found = Vec::new();
    for (to, digits) in grammar.numbers_from(tokens, at) {
        if digits.chars().filter(char::is_ascii_digit).count() > DIGITS_MAX {
            continue;
        }
        if let Some(n) = phrase_at(tokens, to, &numbers.halves) {
            found.push((to + n, format!("{digits} 1/2")));
        }
        ranges(tokens, to, &digits, grammar, &mut found);
        if let Some((end, letter)) = letter_at(tokens, to, grammar) {
            let text = format!("{digits}{letter}");
            let slashed = tokens.get(end).is_some_and(|t| numbers.slashes.contains(t));
            for (end, more) in grammar.numbers_from(tokens, end + 1).into_iter().filter(|_| slashed)
            {
                found.push((end, format!("{text}/{more}")));
            }
            found.push((end, text));
        }
        found.push((to, digits.to_uppercase()));
    }
    found
}

/// A letter behind a number, "as in boy" and all: its end and how it is written.
fn letter_at(tokens: &[String], at: usize, grammar: &Grammar) -> Option<(usize, String)> {
    let said = tokens.get(at)?;
    let letter = grammar.words.numbers.letters.get(said)?;
    let explained = phrase_at(tokens, at + 1, &grammar.words.spelling.as_in).map(|n| at + 1 + n);
    let word = explained.filter(|i| tokens.get(*i).is_some_and(|t| t.starts_with(said)));
    Some((word.map_or(at + 1, |i| i + 1), letter.clone()))
}

/// "fourteen to sixteen": the far end is larger and not much.
fn ranges(
    tokens: &[String],
    at: usize,
    from: &str,
    grammar: &Grammar,
    found: &mut Vec<(usize, String)>,
) {
    let Some(n) = phrase_at(tokens, at, &grammar.words.numbers.ranges) else { return };
    let Ok(low) = from.parse::<u32>() else { return };
    for (to, digits) in grammar.numbers_from(tokens, at + n) {
        if digits.parse().is_ok_and(|high: u32| high > low && high - low <= 100) {
            found.push((to, format!("{from}-{digits}")));
        }
    }
}

/// The names of houses that start at `at`: "rose cottage", "the house is called hillcrest".
pub(super) fn names_at(
    tokens: &[String],
    at: usize,
    grammar: &Grammar,
) -> Vec<(usize, HousePart, f32)> {
    let words = &grammar.words.address;
    let named = |from: usize, to: usize, marked: bool| {
        let text = name_case(&tokens[from..to], &grammar.words.name_prefixes);
        HousePart { rank: NAME_RANK, text, marked }
    };
    let free = |i: usize| {
        tokens.get(i).is_some_and(|t| !grammar.words.stop_words.contains(t))
            && grammar.numbers_from(tokens, i).is_empty()
    };
    let mut found = Vec::new();
    let within = |i: usize| phrase_at(tokens, i, &words.within).is_some();
    if let Some(n) = phrase_at(tokens, at, &words.house_called) {
        let from = at + n;
        let inside = |to: usize| to == from + 1 || !within(to - 1);
        for to in (from + 1..=from + 3).take_while(|to| free(to - 1) && inside(*to)) {
            let odd = tokens[from..to].iter().filter(|t| grammar.is_common_word(t)).count() as f32;
            found.push((to, named(from, to, true), 1.6 - 0.5 * odd + 0.05 * (to - from) as f32));
        }
    }
    // "The Willows, Chapel Street".
    let suffix = |i: usize| phrase_at(tokens, i, &words.street_after).is_some();
    let plain = |i: usize| free(i) && !suffix(i) && !grammar.is_common_word(&tokens[i]);
    if tokens[at] == "the" && plain(at + 1) && (at + 3..at + 6).any(suffix) {
        found.push((at + 2, named(at, at + 2, false), 0.4));
    }
    // "My name is Ivan Petrenko": no house.
    let lead_in = phrase_ending(&tokens[..at], &grammar.words.name_lead_in);
    let introduced = if lead_in.is_some_and(|n| n > 1) { 1.0 } else { 0.0 };
    let borne = |t: &String| !grammar.is_common_word(t) && grammar.name_likeness(t) >= 0.95;
    for to in (at + 1..=at + 4).take_while(|to| free(to - 1)) {
        let own = to >= at + 3 || !grammar.is_common_word(&tokens[at]);
        // "The house [number] ninety three".
        let numbered = words.number.contains(&tokens[to - 1])
            && tokens.get(to).is_some_and(|_| !grammar.numbers_from(tokens, to).is_empty());
        let article = usize::from(tokens[at] == "the");
        if (at + article..to).any(within) || tokens[at].chars().count() == 1 || numbered {
            break;
        }
        if to >= at + 2 && own && phrase_at(tokens, to - 1, &words.house_kinds) == Some(1) {
            // "[Ciara Hennigan] Fuchsia Lodge": a given name and a family name before it.
            let given = to.checked_sub(4).filter(|_| to > at + 2);
            let person = if given.is_some_and(|i| borne(&tokens[i])) { 0.4 } else { 0.0 };
            let score = 0.9 + 0.05 * (to - at) as f32 - introduced - person;
            found.push((to, named(at, to, false), score));
        }
    }
    found
}

/// All elements in one field, smallest first.
pub(super) fn write(parts: &[HousePart]) -> String {
    let mut sorted: Vec<&HousePart> = parts.iter().collect();
    sorted.sort_by_key(|p| p.rank);
    sorted.iter().map(|p| p.text.as_str()).collect::<Vec<_>>().join(" ")
}
