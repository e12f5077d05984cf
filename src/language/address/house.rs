//! Everything below the street: the number, its letters and fractions, alleys, blocks, flats.

use super::item::phrase_at;
use crate::language::Grammar;

/// A number of more digits is a telephone's.
pub(super) const DIGITS_MAX: usize = 6;

/// One element of the house field.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HousePart {
    /// Elements are written in the order of their ranks; the number itself has rank 0.
    pub(super) rank: u8,
    /// As it is written: `12/3B`, `ngõ 12`, `flat 3`.
    pub(super) text: String,
}

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
    for (to, text) in numbers_at(tokens, number_at, grammar) {
        let said = if before.is_some() { 1.6 } else { 0.7 };
        let score = said + 0.08 * (to - number_at) as f32;
        found.push((to, HousePart { rank: 0, text }, score));
    }
    for part in words.house_parts.iter().filter(|p| !p.behind) {
        let Some(n) = phrase_at(tokens, at, &part.said) else { continue };
        for (to, text) in numbers_at(tokens, at + n, grammar) {
            let text = format!("{} {text}", part.write);
            let score = 1.5 + 0.08 * (to - at) as f32;
            found.push((to, HousePart { rank: part.rank, text }, score));
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
        let letter = tokens.get(to).and_then(|t| numbers.letters.get(t));
        if let Some(letter) = letter {
            let text = format!("{digits}{letter}");
            let slashed = tokens.get(to + 1).is_some_and(|t| numbers.slashes.contains(t));
            for (end, more) in grammar.numbers_from(tokens, to + 2).into_iter().filter(|_| slashed)
            {
                found.push((end, format!("{text}/{more}")));
            }
            found.push((to + 1, text));
        }
        found.push((to, digits));
    }
    found
}

/// All elements in one field, smallest first.
pub(super) fn write(parts: &[HousePart]) -> String {
    let mut sorted: Vec<&HousePart> = parts.iter().collect();
    sorted.sort_by_key(|p| p.rank);
    sorted.iter().map(|p| p.text.as_str()).collect::<Vec<_>>().join(" ")
}
