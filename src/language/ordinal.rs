//! Ordinals in the names of streets: "forty second street" is `42nd Street`, "fifth avenue" stays.
//!
//! Only languages whose words have ordinals that names are written with use this (English).

use super::{Grammar, NumberWords};

/// Ordinals up to this one are written as words.
const WORD_MAX: u64 = 10;

/// The ordinal that begins at `at`, the longest: its end and how it is written in a name.
pub(super) fn ordinal_at(
    tokens: &[String],
    at: usize,
    grammar: &Grammar,
) -> Option<(usize, String)> {
    let words = &grammar.words.numbers;
    if words.ordinals.is_empty() {
        return None;
    }
    let (end, value) = digits(tokens, at).or_else(|| spoken(tokens, at, words))?;
    Some((end, written(value, words)))
}

/// `tokens` with every ordinal as it is written in a name.
pub(super) fn write_ordinals(tokens: &[String], grammar: &Grammar) -> Vec<String> {
    let (mut at, mut out) = (0, Vec::with_capacity(tokens.len()));
    while let Some(token) = tokens.get(at) {
        let (end, written) =
            ordinal_at(tokens, at, grammar).unwrap_or_else(|| (at + 1, token.clone()));
        out.push(written);
        at = end;
    }
    out
}

/// `42nd`.
fn digits(tokens: &[String], at: usize) -> Option<(usize, u64)> {
    let token = tokens.get(at)?;
    let number = ["st", "nd", "rd", "th"].iter().find_map(|s| token.strip_suffix(s))?;
    Some((at + 1, number.parse().ok()?))
}

/// [hundreds] ["and"] [tens] ordinal.
fn spoken(tokens: &[String], at: usize, words: &NumberWords) -> Option<(usize, u64)> {
    let value = |i: usize| tokens.get(i).and_then(|t| words.values.get(t)).copied();
    let hundred = |i: usize| tokens.get(i).is_some_and(|t| words.factors.get(t) == Some(&100));
    let article = |i: usize| tokens.get(i).is_some_and(|t| words.articles.contains(t));
    let (mut i, mut sum) = (at, 0);
    if hundred(at + 1) && (article(at) || value(at).is_some_and(|v| (1..10).contains(&v))) {
        sum = 100 * value(at).unwrap_or(1);
        i = at + 2;
        if tokens.get(i).is_some_and(|t| words.joints.contains(t)) {
            i += 1;
        }
    }
    let tens = value(i).filter(|v| (20..100).contains(v) && v.is_multiple_of(10));
    let ordinal = |i: usize| {
        let token = tokens.get(i)?;
        let compound = token.split_once('-').and_then(|(tens, ones)| {
            let tens = words.values.get(tens).filter(|v| v.is_multiple_of(10))?;
            Some(tens + words.ordinals.get(ones).filter(|v| **v < 10)?)
        });
        words.ordinals.get(token).copied().or(compound)
    };
    if let Some(tens) = tens {
        let ones = ordinal(i + 1).filter(|v| *v < 10)?;
        return Some((i + 2, sum + tens + ones));
    }
    Some((i + 1, sum + ordinal(i).filter(|v| sum == 0 || *v < 100)?))
}

fn written(value: u64, words: &NumberWords) -> String {
    let word = words.ordinals.iter().find(|(_, v)| **v == value && value <= WORD_MAX);
    if let Some((word, _)) = word {
        return word.clone();
    }
    let ending = match (value % 10, value % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{value}{ending}")
}

#[cfg(test)]
mod tests {
    use super::super::tests::grammar;
    use super::*;

    #[test]
    fn names_of_streets() {
        let english = grammar("en", "US");
        let check = |said: &str, want: &str| {
            let written = write_ordinals(&english.tokens(said), &english);
            assert_eq!(written.join(" "), want, "{said}");
        };
        check("fifth avenue", "fifth avenue");
        check("5th avenue", "fifth avenue");
        check("forty second street", "42nd street");
        check("forty-second street", "42nd street");
        check("eleventh avenue", "11th avenue");
        check("one hundred and fourth street", "104th street");
        check("a hundred twenty third street", "123rd street");
        check("twenty street", "twenty street");
    }
}
