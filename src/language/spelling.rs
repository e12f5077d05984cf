//! Names spelled out: "k o w a l c z y k", "c as in charlie", "smith with a y".

use super::text::{phrase_ending, starts_with_phrase};
use super::{Grammar, SpellingWords};

/// Stands where a spelling stood: no name goes across it.
pub(super) const BREAK: &str = ",";
/// Stands where something that is no name was said.
pub(super) const HOLE: &str = ";";
/// Fewer letters are a spelling only of a word just said.
const LETTERS_MIN: usize = 3;
/// As many letters are named where single letters may be words.
const NAMED_MIN: usize = 2;
/// How alike a said word must be to the spelled one to be it.
const SIMILARITY_MIN: f32 = 0.55;
/// The same for a word behind the spelling.
const BEHIND_MIN: f32 = 0.7;
/// How far a said word may stand from its spelling, in tokens.
const DISTANCE_MAX: usize = 8;

/// `tokens` with what was spelled in the place of what was said; the spelling becomes a
/// [`BREAK`].
pub(super) fn resolved(tokens: &[String], grammar: &Grammar) -> Vec<String> {
    let words = &grammar.words.spelling;
    if words.as_in.is_empty() {
        return tokens.to_vec();
    }
    let mut out: Vec<String> = Vec::with_capacity(tokens.len());
    // Spelled words and where they were spelled.
    let mut spelled: Vec<(usize, String)> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if let Some(end) = hint(tokens, at, grammar, &mut out) {
            at = end;
            continue;
        }
        // "Фамилия на букву ша, Шаповалова".
        let told = words.initials.iter().filter_map(|p| starts(tokens, at, p)).max();
        let letter = told.and_then(|n| Some(n + letter_at_token(tokens, at + n, words)?.1));
        if let Some(n) = letter {
            at += n;
            continue;
        }
        if let Some(found) = word_at(tokens, at, grammar) {
            let Spelled { end, word, named } = without_next_word(found, tokens, &out, grammar);
            if put(&word, named, &mut out, words) {
                spelled.push((out.len(), word));
                at = end;
                continue;
            }
        }
        let token = &tokens[at];
        let near = spelled.iter().filter(|(i, _)| out.len() - i <= DISTANCE_MAX);
        let alike = near.map(|(_, w)| (w, similarity(token, w)));
        let same = alike.filter(|(_, s)| *s >= BEHIND_MIN).max_by(|a, b| a.1.total_cmp(&b.1));
        let same = same.map(|(w, _)| w);
        out.push(same.unwrap_or(token).clone());
        at += 1;
    }
    out
}

/// A word spelled out.
struct Spelled {
    /// Behind its last token.
    end: usize,
    word: String,
    /// Letters said by names that are no words of everyday talk.
    named: usize,
}

/// `found` without a last letter that rather is the next word: "новак эн о вэ а ка а имя ...".
fn without_next_word(
    mut found: Spelled,
    tokens: &[String],
    out: &[String],
    grammar: &Grammar,
) -> Spelled {
    let (last, goes_on) = (&tokens[found.end - 1], found.end < tokens.len());
    let word = last.chars().count() == 1 && (goes_on && grammar.is_common_word(last));
    let shorter = found.word.strip_suffix(last.as_str()).filter(|_| word);
    if let Some(said) = shorter.filter(|w| out.iter().any(|t| t == w)) {
        found.word = said.to_string();
        found.end -= 1;
    }
    found
}

/// Puts a spelled word where it was said before, else at the end; false if it is none.
fn put(word: &str, named: usize, out: &mut Vec<String>, words: &SpellingWords) -> bool {
    let from = out.len().saturating_sub(DISTANCE_MAX);
    let like = |t: &String| similarity(t, word) >= SIMILARITY_MIN;
    let said = out[from..].iter().any(like);
    let mut letters: Vec<char> = word.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    let (length, led) = (letters.len(), phrase_ending(out, &words.lead_in).is_some());
    // Where single letters are words too, some of them must be named or announced.
    let told = words.letters.is_empty() || led || named >= NAMED_MIN;
    let too_short = word.chars().count() < LETTERS_MIN;
    if !said && (too_short || length < 2 || !told) || too_short && !words.letters.is_empty() {
        return false;
    }
    while let Some(n) = phrase_ending(out, &words.lead_in) {
        out.truncate(out.len() - n);
    }
    let from = from.min(out.len());
    for token in out[from..].iter_mut().filter(|t| like(t)) {
        *token = word.to_string();
    }
    out.push(if said { BREAK.into() } else { word.to_string() });
    true
}

/// The letters said one by one from `at`, with marks, doubles and "as in".
fn word_at(tokens: &[String], at: usize, grammar: &Grammar) -> Option<Spelled> {
    let words = &grammar.words.spelling;
    let (mut i, mut word, mut letters, mut named) = (at, String::new(), 0, 0);
    while let Some(token) = tokens.get(i) {
        let repeat = grammar.words.numbers.repeats.get(token).copied();
        let letter_at = i + usize::from(repeat.is_some());
        let Some((letter, n)) = letter_at_token(tokens, letter_at, words) else {
            let mark = words.marks.get(token).filter(|_| letters > 0);
            let filler = grammar.words.fillers.contains(token) && letters > 0;
            let filler = filler && !words.lead_in.contains(token);
            let goes_on = letter_at_token(tokens, i + 1, words).is_some();
            match mark {
                Some(mark) if goes_on => word.push_str(mark),
                _ if filler && goes_on => {}
                _ => break,
            }
            i += 1;
            continue;
        };
        letters += letter.chars().count();
        let name = &tokens[letter_at];
        named += usize::from(name.chars().count() > 1 && !grammar.is_common_word(name));
        word.push_str(&letter.repeat(repeat.unwrap_or(1)));
        i = letter_at + n;
        let explained = words.as_in.iter().filter_map(|p| Some((p, starts(tokens, i, p)?)));
        let explained = explained.map(|(_, n)| n).max();
        let same = |n: usize| tokens.get(i + n).is_some_and(|t| t.starts_with(&letter));
        if let Some(n) = explained.filter(|n| same(*n)) {
            i += n + 1;
        }
    }
    (letters >= 2).then_some(Spelled { end: i, word, named })
}

/// The letter at `at`, by itself or by its name, and its tokens: "мягкий знак".
fn letter_at_token(tokens: &[String], at: usize, words: &SpellingWords) -> Option<(String, usize)> {
    let token = tokens.get(at)?;
    let pair = tokens.get(at + 1).map(|next| format!("{token} {next}"));
    let pair = pair.and_then(|name| words.letters.get(&name)).map(|letter| (letter.clone(), 2));
    let name = || words.letters.get(token).map(|letter| (letter.clone(), 1));
    pair.or_else(name).or_else(|| chained(token).map(|letters| (letters, 1)))
}

/// A letter, or letters written with points or hyphens between them.
fn chained(token: &str) -> Option<String> {
    let one = |s: &str| s.chars().count() == 1 && s.chars().all(char::is_alphabetic);
    if one(token) {
        return Some(token.to_string());
    }
    let parts: Vec<&str> = token.split(['-', '.']).collect();
    (parts.len() >= 2 && parts.iter().all(|p| one(p))).then(|| parts.concat())
}

/// "with a y", "with two r's", "without an h": mends the word before; gives the end.
fn hint(tokens: &[String], at: usize, grammar: &Grammar, out: &mut Vec<String>) -> Option<usize> {
    let words = &grammar.words.spelling;
    let longest = |list: &[String]| list.iter().filter_map(|p| starts(tokens, at, p)).max();
    let (with, without) = (longest(&words.with), longest(&words.without));
    // "with a k and two r's"
    let joint = usize::from(grammar.words.numbers.joints.contains(&tokens[at]));
    let mut i = at + with.max(without).unwrap_or(joint);
    let count = tokens.get(i).and_then(|t| count(t, grammar)).filter(|_| without.is_none());
    i += usize::from(count.is_some());
    let plural = |t: &String| t.strip_suffix("'s").or(t.strip_suffix('s')).map(String::from);
    let first = tokens.get(i)?;
    let letter = |t: &str| t.chars().count() == 1 && t.chars().all(char::is_alphabetic);
    let several = plural(first).filter(|t| letter(t) && count.is_some());
    let mut letters = several.clone().or_else(|| letter(first).then(|| first.clone()))?;
    i += 1;
    while let Some(next) = tokens.get(i).filter(|t| several.is_none() && letter(t)) {
        // "with a p h", but "with a k k a t h y": the word's own letters follow.
        let more = format!("{letters}{next}");
        if !words.swaps.contains_key(&more) {
            break;
        }
        letters = more;
        i += 1;
    }
    let tail = words.tails.iter().filter_map(|p| starts(tokens, i, p)).max();
    let pronoun = matches!(letters.as_str(), "i" | "a");
    let said = with.is_some() || several.is_some() || without.is_some();
    if !said || (pronoun && tail.is_none() && with.is_none() && without.is_none_or(|n| n < 2)) {
        return None;
    }
    let spoken = out.iter_mut().rev().take(3).find(|t| *t != BREAK)?;
    if grammar.is_common_word(spoken) {
        // "there's no e on the end": what is spelled tells it.
        return tail.map(|n| i + n);
    }
    *spoken = match (without, count) {
        (Some(_), _) => without_letter(spoken, &letters),
        (None, Some(n)) => times(spoken, &letters, n),
        (None, None) => with_letter(spoken, &letters, words),
    };
    out.push(BREAK.into());
    Some(i + tail.unwrap_or(0))
}

fn count(token: &str, grammar: &Grammar) -> Option<usize> {
    let numbers = &grammar.words.numbers;
    let value = numbers.values.get(token).filter(|v| (1..=2).contains(*v)).map(|v| *v as usize);
    value.or_else(|| numbers.repeats.get(token).copied().filter(|n| *n == 2))
}

fn with_letter(word: &str, letter: &str, words: &SpellingWords) -> String {
    if word.contains(letter) {
        return word.to_string();
    }
    let swaps = words.swaps.get(letter).into_iter().flatten();
    let mended = swaps.filter(|(from, _)| word.contains(from.as_str())).map(|(from, to)| {
        if from.is_empty() { format!("{word}{to}") } else { word.replacen(from.as_str(), to, 1) }
    });
    mended.into_iter().next().unwrap_or_else(|| word.to_string())
}

fn without_letter(word: &str, letter: &str) -> String {
    match word.rfind(letter) {
        Some(at) => format!("{}{}", &word[..at], &word[at + letter.len()..]),
        None => word.to_string(),
    }
}

fn times(word: &str, letter: &str, n: usize) -> String {
    let double = letter.repeat(2);
    match (word.contains(&double), n) {
        (true, 1) => word.replacen(&double, letter, 1),
        (false, 2) => match word.rfind(letter) {
            Some(at) => format!("{}{letter}{}", &word[..at], &word[at..]),
            None => word.to_string(),
        },
        _ => word.to_string(),
    }
}

fn starts(tokens: &[String], at: usize, phrase: &str) -> Option<usize> {
    starts_with_phrase(tokens.get(at..)?, phrase).then(|| phrase.split(' ').count())
}

/// 0..=1: one less the share of letters that differ (Levenshtein).
pub(super) fn similarity(a: &str, b: &str) -> f32 {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let longest = a.len().max(b.len());
    if longest == 0 || longest > 24 {
        return 0.0;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    1.0 - row[b.len()] as f32 / longest as f32
}

#[cfg(test)]
mod tests {
    use super::super::tests::grammar;
    use super::*;

    #[test]
    fn spelled_names() {
        let english = grammar("en", "US");
        let check = |said: &str, want: &str| {
            let got = resolved(&english.tokens(said), &english);
            assert_eq!(got.join(" "), want, "{said}");
        };
        check("kowalczyk k o w a l c z y k", "kowalczyk ,");
        check("smith s m y t h", "smyth ,");
        check("Smith, S-M-Y-T-H.", "smyth ,");
        check("that's c as in charlie o l e", "cole");
        check("reilly r e i double l y", "reilly ,");
        check("smith with a y", "smyth ,");
        check("stephen with a p h", "stephen ,");
        check("brown with an e", "browne ,");
        check("sarah without an h", "sara ,");
        check("kathy with a k k a t h y", "kathy , ,");
        check("o l u and then", "olu and then");
        check("i live at a place", "i live at a place");
    }
}
