//! Everything below the street: the number, its letters and fractions, alleys, blocks, flats.

use super::span::Spans;
use crate::language::inflection::StreetSaid;
use crate::language::text::phrase_at;
use crate::language::{Grammar, HousePartWords};

/// A number of more digits is a telephone's.
const DIGITS_MAX: usize = 6;
/// Fractions of one number: `321/19/4`.
const FRACTIONS_MAX: usize = 4;
/// What it costs to end a number or code where it goes on.
const CUT: f32 = 0.9;
/// Longest name of a building, in tokens.
const NAME_TOKENS_MAX: usize = 4;

/// One element of the house field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HousePart {
    /// Elements are written in the order of their ranks; the number itself has rank 0.
    pub(super) rank: u8,
    /// Its label: `ngõ`; empty for the number itself.
    pub(super) label: String,
    /// Its number or name: `12/3B`, `Ngô Gia Tự`.
    pub(super) value: String,
    /// A word said that it is one.
    pub(super) marked: bool,
}

/// The house elements that start at `at`: end, element, score.
pub(super) fn parts_at(at: usize, spans: &Spans) -> Vec<(usize, HousePart, f32)> {
    let (tokens, grammar) = (spans.tokens, spans.grammar);
    let words = &grammar.words.address;
    let mut found = Vec::new();
    let before = phrase_at(tokens, at, &words.number);
    let number_at = at + before.unwrap_or(0);
    for (to, value, cut) in spans.codes(number_at).iter().cloned() {
        let marked = before.is_some();
        // A nought alone is a no.
        if value == "0" {
            continue;
        }
        let fraction = value.contains('/') || value.ends_with(char::is_alphabetic);
        let said = if marked { 1.5 } else { 0.2 } + if fraction { 0.4 } else { 0.0 };
        let score = said + 0.08 * (to - number_at) as f32 - if cut { CUT } else { 0.0 };
        if words.labels_behind && !marked {
            labels_behind(tokens, to, &value, grammar, &mut found);
        }
        found.push((to, HousePart { rank: 0, label: String::new(), value, marked }, score));
    }
    for part in &words.house_parts {
        let Some(n) = phrase_at(tokens, at, &part.said) else { continue };
        labelled(at, at + n, part, spans, &mut found);
    }
    found
}

/// "вісімдесят перша квартира", "сорок шостий будинок": `value` ends at `to`.
fn labels_behind(
    tokens: &[String],
    to: usize,
    value: &str,
    grammar: &Grammar,
    found: &mut Vec<(usize, HousePart, f32)>,
) {
    let words = &grammar.words.address;
    let mut put = |n: usize, rank: u8, label: &str, score: f32| {
        let (label, value) = (label.to_string(), value.to_string());
        found.push((to + n, HousePart { rank, label, value, marked: true }, score));
    };
    let ordinal = to > 0 && is_ordinal(&tokens[to - 1]);
    if let Some(n) = phrase_at(tokens, to, &words.number) {
        put(n, 0, "", if ordinal { 1.5 } else { 0.9 });
    }
    if !ordinal {
        return;
    }
    for part in &words.house_parts {
        if let Some(n) = phrase_at(tokens, to, &part.said) {
            put(n, part.rank, &part.write, 1.5);
        }
    }
}

/// True for a number word that places in a row, by its ending.
pub(super) fn is_ordinal(word: &str) -> bool {
    const ENDINGS: &[&str] = &["й", "ая", "ья", "ое", "ье", "ую", "му", "ої", "го", "ом", "ем"];
    const FEMININE: &[&str] = &["ша", "га", "тя", "та", "ма"];
    const CARDINAL: &[&str] = &["дев'яноста", "девяноста", "ста", "одной", "одній", "одного"];
    !CARDINAL.contains(&word) && ENDINGS.iter().chain(FEMININE).any(|e| word.ends_with(e))
}

/// "ngõ mười hai", "lô bê", "chung cư ngô gia tự": from `at`, its name from `name_at`.
fn labelled(
    at: usize,
    name_at: usize,
    words: &HousePartWords,
    spans: &Spans,
    found: &mut Vec<(usize, HousePart, f32)>,
) {
    let (tokens, grammar) = (spans.tokens, spans.grammar);
    let label = words.write.clone();
    let marked = true;
    let mut put = |to: usize, value: String, score: f32| {
        let part = HousePart { rank: words.rank, label: label.clone(), value, marked };
        found.push((to, part, score));
    };
    // "hẻm số năm"
    let number_at =
        name_at + phrase_at(tokens, name_at, &grammar.words.address.number).unwrap_or(0);
    for (to, value, cut) in spans.codes(number_at).iter().cloned() {
        put(to, value, 1.5 + 0.08 * (to - at) as f32 - if cut { CUT } else { 0.0 });
    }
    if let Some(letter) = tokens.get(name_at).and_then(|t| grammar.numbers().letters.get(t)) {
        put(name_at + 1, letter.clone(), 1.4);
    }
    if !words.named {
        return;
    }
    for to in name_at + 1..=tokens.len().min(name_at + NAME_TOKENS_MAX) {
        if spans.ends_name(to - 1) {
            break;
        }
        let name = &tokens[name_at..to];
        let odd = name.iter().filter(|t| grammar.is_common_word(t)).count() as f32;
        let (_, known) = grammar.street_said(name, StreetSaid::default());
        let score = 1.1 + 0.12 * name.len().min(3) as f32 + 0.5 * known - 0.7 * odd;
        put(to, spans.written(name_at, to).to_string(), score);
    }
}

/// Numbers with letters, fractions and "bis", from `at`: each end with its text, and whether the
/// number goes on there.
pub(super) fn codes_at(
    tokens: &[String],
    at: usize,
    grammar: &Grammar,
) -> Vec<(usize, String, bool)> {
    let letters = &grammar.numbers().letters;
    let mut found = Vec::new();
    extend(tokens, at, String::new(), FRACTIONS_MAX, grammar, &mut found);
    // "xê tám": a letter before the number.
    if let Some(letter) = tokens.get(at).and_then(|t| letters.get(t)).filter(|l| l.len() == 1) {
        extend(tokens, at + 1, letter.clone(), FRACTIONS_MAX, grammar, &mut found);
    }
    found.retain(|(_, code)| code.chars().filter(char::is_ascii_digit).count() <= DIGITS_MAX + 4);
    let longest = found.iter().map(|f| f.0).max().unwrap_or(at);
    found.into_iter().map(|(to, code)| (to, code, to < longest)).collect()
}

/// `code` with the numbers at `at` behind it.
fn extend(
    tokens: &[String],
    at: usize,
    code: String,
    fractions: usize,
    grammar: &Grammar,
    found: &mut Vec<(usize, String)>,
) {
    let numbers = grammar.numbers();
    for (to, digits) in grammar.numbers_from(tokens, at) {
        if digits.split('/').any(|d| d.len() > DIGITS_MAX) {
            continue;
        }
        let text = format!("{code}{digits}");
        found.push((to, text.clone()));
        let Some(letter) = letter_at(tokens, to, grammar) else { continue };
        let text = format!("{text}{letter}");
        found.push((to + 1, text.clone()));
        let slashed = tokens.get(to + 1).is_some_and(|t| numbers.slashes.contains(t));
        if slashed && fractions > 0 {
            extend(tokens, to + 2, format!("{text}/"), fractions - 1, grammar, found);
        }
    }
}

/// The letter behind a number that ends at `at`; a conjunction before everyday words is none.
fn letter_at<'a>(tokens: &[String], at: usize, grammar: &'a Grammar) -> Option<&'a String> {
    let token = tokens.get(at)?;
    let letter = grammar.numbers().letters.get(token)?;
    let goes_on = |next: &String| {
        grammar.is_common_word(next)
            && grammar.words.address.house_parts.iter().all(|p| !p.said.contains(next))
    };
    let conjunction = grammar.words.address.labels_behind && grammar.is_common_word(token);
    (!conjunction || !tokens.get(at + 1).is_some_and(goes_on)).then_some(letter)
}

/// All elements in one field, smallest first.
pub(super) fn write(parts: &[HousePart]) -> String {
    let mut sorted: Vec<&HousePart> = parts.iter().collect();
    sorted.sort_by_key(|p| p.rank);
    let text = |p: &&HousePart| format!("{} {}", p.label, p.value).trim().to_string();
    sorted.iter().map(text).collect::<Vec<_>>().join(" ")
}
