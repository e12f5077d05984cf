//! Folding and phrase search.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Lower case, NFC, no punctuation but what stands inside a token (`12/3`, `o'brien`, `+84`).
pub fn fold(text: &str) -> String {
    tokens(text).join(" ")
}

/// Characters of an answer that are read: four minutes of talk. Recognisers in a loop give more.
const CHARS_MAX: usize = 4_000;
/// Words of an answer that are read.
const TOKENS_MAX: usize = 600;
/// Characters of the longest word; the rest of a longer one is cut off.
const WORD_CHARS_MAX: usize = 60;

/// The folded tokens of `text`, as far as anybody talks.
pub fn tokens(text: &str) -> Vec<String> {
    let end = text.char_indices().nth(CHARS_MAX).map_or(text.len(), |(at, _)| at);
    let text = &text[..end];
    let lower: String = match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text.chars().flat_map(char::to_lowercase).collect(),
        _ => text.nfc().flat_map(char::to_lowercase).collect(),
    };
    let tokens = lower.split_whitespace().map(trim_token).filter(|t| !t.is_empty());
    tokens.take(TOKENS_MAX).collect()
}

/// Lower-case letters without tone and accent marks: what is left when they were heard wrongly, or
/// not typed.
pub fn without_marks(text: &str) -> String {
    let bare = |c: char| match c {
        'ł' => 'l',
        'ø' => 'o',
        'đ' => 'd',
        other => other,
    };
    text.nfd().filter(|c| !is_mark(*c)).map(bare).collect()
}

fn trim_token(token: &str) -> String {
    let keep = |c: char| c.is_alphanumeric() || is_mark(c) || c == '+';
    let word = token.trim_matches(|c: char| !keep(c));
    let end = word.char_indices().nth(WORD_CHARS_MAX).map_or(word.len(), |(at, _)| at);
    word[..end].replace('’', "'")
}

/// Combining marks belong to their letter (decomposed Vietnamese, Hangul jamo are letters).
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// Where the tokens of `phrase` stand in `tokens`: start and length in tokens.
pub fn find_phrase(tokens: &[String], phrase: &str) -> Option<(usize, usize)> {
    let at = (0..tokens.len()).find(|at| starts_with_phrase(&tokens[*at..], phrase))?;
    Some((at, phrase.split(' ').count()))
}

/// True when the words of `phrase` stand next to each other in `text`.
pub fn contains_phrase(text: &str, phrase: &str) -> bool {
    find_phrase(&tokens(text), phrase).is_some()
}

/// `token` with a Vietnamese tone mark where the older spelling puts it (`hoà` is `hòa`), so that
/// both spellings compare as one.
pub(super) fn spelling(token: &str) -> String {
    const TONES: [char; 5] = ['\u{300}', '\u{301}', '\u{303}', '\u{309}', '\u{323}'];
    let apart: Vec<char> = token.nfd().filter(|c| !TONES.contains(c)).collect();
    let tone = token.nfd().find(|c| TONES.contains(c));
    let plain: String = apart.into_iter().collect::<String>().nfc().collect();
    let Some(tone) = tone else { return plain };
    plain + &tone.to_string()
}

/// First letter of each word upper case, the rest as it is.
pub(crate) fn title_case(text: &str) -> String {
    let capital = |word: &str| {
        let mut chars = word.chars();
        match chars.next() {
            Some(first) => first.to_uppercase().chain(chars).collect::<String>(),
            None => String::new(),
        }
    };
    text.split_whitespace().map(capital).collect::<Vec<_>>().join(" ")
}

/// A person's name as it is written: capitals behind hyphens and behind `prefixes` ("mc", "o'"),
/// which may be said as a word of their own.
pub(super) fn name_case(tokens: &[String], prefixes: &[String]) -> String {
    let mut words: Vec<String> = Vec::with_capacity(tokens.len());
    let mut open = String::new();
    for token in tokens {
        // "o reilly", "mc carthy".
        let alone = prefixes.iter().find(|p| p.trim_end_matches('\'') == token);
        match alone {
            Some(prefix) if open.is_empty() => open = prefix.clone(),
            _ => words.push(std::mem::take(&mut open) + token),
        }
    }
    if !open.is_empty() {
        words.push(open.trim_end_matches('\'').to_string());
    }
    let written = words.iter().map(|word| {
        let parts = word.split('-').map(|part| {
            if let Some((before, behind)) = part.split_once('\'').filter(|(_, b)| b.len() > 2) {
                return format!("{}'{}", title_case(before), title_case(behind));
            }
            let prefix = prefixes.iter().filter(|p| part.starts_with(p.as_str()));
            let prefix = prefix.max_by_key(|p| p.len()).map_or("", |p| p.as_str());
            let rest = &part[prefix.len()..];
            // Macey and Machado are no Macs.
            let own = prefix.len() < 3 || rest.len() > 4;
            if !prefix.is_empty() && rest.len() > 1 && own {
                format!("{}{}", title_case(prefix), title_case(rest))
            } else {
                title_case(part)
            }
        });
        parts.collect::<Vec<_>>().join("-")
    });
    written.collect::<Vec<_>>().join(" ")
}

/// Drops every leading phrase of `phrases` (longest first), repeatedly.
pub(super) fn strip_leading<'a>(mut tokens: &'a [String], phrases: &[String]) -> &'a [String] {
    while let Some(n) = phrase_at(tokens, 0, phrases) {
        tokens = &tokens[n..];
    }
    tokens
}

/// True when `tokens` begin with the words of `phrase`.
pub(super) fn starts_with_phrase(tokens: &[String], phrase: &str) -> bool {
    // Most phrases end here: lists are long.
    let Some(first) = tokens.first().filter(|t| is_word_edge(phrase, t.len())) else {
        return false;
    };
    let Some(mut rest) = phrase.strip_prefix(first.as_str()) else { return false };
    let mut ahead = tokens[1..].iter();
    while let Some(more) = rest.strip_prefix(' ') {
        let next = ahead.next().and_then(|token| more.strip_prefix(token.as_str()));
        let Some(next) = next else { return false };
        rest = next;
    }
    rest.is_empty()
}

/// True when `phrase` is cut between words, or not at all, before its byte `at`.
fn is_word_edge(phrase: &str, at: usize) -> bool {
    phrase.as_bytes().get(at).map_or(at == phrase.len(), |b| *b == b' ')
}

/// True when `tokens` end with the words of `phrase`.
pub fn ends_with_phrase(tokens: &[String], phrase: &str) -> bool {
    let Some(last) = tokens.last() else { return false };
    let Some(before) = phrase.len().checked_sub(last.len()) else { return false };
    let edge = before == 0 || phrase.as_bytes()[before - 1] == b' ';
    let mut back = tokens.iter().rev();
    edge && phrase.ends_with(last.as_str())
        && phrase.rsplit(' ').all(|word| back.next().is_some_and(|token| token == word))
}

/// The longest of `phrases` that stands at `at`, in tokens.
pub(super) fn phrase_at(tokens: &[String], at: usize, phrases: &[String]) -> Option<usize> {
    let here = tokens.get(at..)?;
    let standing = phrases.iter().filter(|p| starts_with_phrase(here, p));
    standing.map(|p| p.split(' ').count()).max()
}

/// The longest of `phrases` that `tokens` end with, in tokens.
pub(super) fn phrase_ending(tokens: &[String], phrases: &[String]) -> Option<usize> {
    let ending = phrases.iter().filter(|p| ends_with_phrase(tokens, p));
    ending.map(|p| p.split(' ').count()).max()
}

/// Drops every trailing phrase of `phrases`, repeatedly.
pub(super) fn strip_trailing<'a>(mut tokens: &'a [String], phrases: &[String]) -> &'a [String] {
    while let Some(n) = phrase_ending(tokens, phrases) {
        tokens = &tokens[..tokens.len() - n];
    }
    tokens
}
