//! Second thoughts: what else the least certain words may have been.
//!
//! The encoder's view of the sound is still in the state after a decode, so the decoder can be led
//! along its own words again, about 4 ms for each token, and be asked at a doubtful word for the
//! next best. A transcript without doubtful words costs nothing more.

use super::decoder::{Decoder, Token};
use crate::engine::EngineError;
use crate::speech::{Alternative, Transcript, Word};

/// A word less certain than this is doubted ...
const DOUBT: f32 = 0.7;
/// ... but no more than so many of a transcript, the least certain ones.
const DOUBTED_MAX: usize = 4;
/// Other words tried in the place of the least certain one and of each other.
const OTHERS_FIRST: usize = 2;
const OTHERS: usize = 1;
/// A beginning less likely than this is no alternative.
const LOG_MIN: f32 = -4.5;
/// Tokens led along at most: 40 are the first 3 or 4 s of a turn.
const TOKENS_MAX: usize = 40;
/// No other word has more tokens.
const WORD_TOKENS_MAX: usize = 5;

/// The alternatives of `transcript`, which was decoded last, best first.
pub fn alternatives(
    transcript: &Transcript,
    language: &str,
    decoder: &mut Decoder,
) -> Result<Vec<Alternative>, EngineError> {
    let mut doubted: Vec<usize> = (0..transcript.words.len()).collect();
    doubted.retain(|&i| transcript.words[i].confidence < DOUBT);
    let sure = |i: &usize| transcript.words[*i].confidence;
    doubted.sort_by(|a, b| sure(a).total_cmp(&sure(b)));
    doubted.truncate(DOUBTED_MAX);
    let Some(&least) = doubted.first() else { return Ok(Vec::new()) };
    let last = doubted.iter().copied().max().unwrap_or(0);
    let whisper = decoder.context();
    let id = whisper_rs::get_lang_id(language).unwrap_or(0);
    let mut path = vec![whisper.token_sot(), whisper.token_lang(id), whisper.token_transcribe()];
    // Words were decoded behind the time 0.00.
    path.push(whisper.token_beg());
    let mut found: Vec<Alternative> = Vec::new();
    for (i, word) in transcript.words.iter().enumerate().take(last + 1) {
        if path.len() > TOKENS_MAX {
            break;
        }
        let Ok(tokens) = decoder.context().tokenize(&format!(" {}", word.text), 32) else { break };
        if let Some(&first) = tokens.first().filter(|_| doubted.contains(&i)) {
            let count = if i == least { OTHERS_FIRST } else { OTHERS };
            for (other, share) in others(decoder, &path, first, word, count)? {
                let text = replaced(&transcript.words, i, &other);
                if found.iter().all(|a| a.text != text) {
                    found.push(Alternative { text, confidence: transcript.confidence * share });
                }
            }
        }
        path.extend(tokens);
    }
    found.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    Ok(found)
}

/// At most `count` other words behind `path` in the place of `word`, whose first token is `first`,
/// each with its probability against the word's, at most 1.
fn others(
    decoder: &mut Decoder,
    path: &[Token],
    first: Token,
    word: &Word,
    count: usize,
) -> Result<Vec<(String, f32)>, EngineError> {
    let end = decoder.context().token_eot();
    let log = decoder.log_probabilities(path)?;
    let own = log.get(first as usize).copied().unwrap_or(f32::MIN);
    let mut begun: Vec<(f32, Token)> = log.iter().copied().zip(0..end).collect();
    begun.retain(|&(log, token)| log > LOG_MIN && token != first);
    begun.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut others: Vec<(String, f32)> = Vec::new();
    for (log, token) in begun {
        if others.len() >= count {
            break;
        }
        if !begins_word(&bytes_of(decoder, token)) {
            continue;
        }
        let other = completed(decoder, path, token)?;
        let new = !plain(&other).is_empty() && plain(&other) != plain(&word.text);
        if new && others.iter().all(|(known, _)| plain(known) != plain(&other)) {
            others.push((other, (log - own).exp().min(1.0)));
        }
    }
    Ok(others)
}

/// The likeliest word behind `path` that begins with `token`.
fn completed(decoder: &mut Decoder, path: &[Token], token: Token) -> Result<String, EngineError> {
    let end = decoder.context().token_eot();
    let mut tokens = vec![token];
    let mut bytes = bytes_of(decoder, token);
    while tokens.len() < WORD_TOKENS_MAX {
        let longer: Vec<Token> = path.iter().chain(&tokens).copied().collect();
        let log = decoder.log_probabilities(&longer)?;
        let next = log.iter().zip(0..).max_by(|a, b| a.0.total_cmp(b.0)).map_or(end, |(_, t)| t);
        let more = bytes_of(decoder, next);
        if next >= end || !more.first().is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80) {
            break;
        }
        bytes.extend(more);
        tokens.push(next);
    }
    Ok(String::from_utf8_lossy(&bytes).trim().to_string())
}

fn bytes_of(decoder: &Decoder, token: Token) -> Vec<u8> {
    decoder.context().token_to_bytes(token).unwrap_or_default().to_vec()
}

/// True for a space with a letter or figure behind it: not for marks and ends of words.
fn begins_word(token: &[u8]) -> bool {
    matches!(token, [b' ', next, ..] if next.is_ascii_alphanumeric() || *next >= 0x80)
}

/// What counts as the same word.
fn plain(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn replaced(words: &[Word], at: usize, other: &str) -> String {
    let texts = words.iter().enumerate();
    let texts = texts.map(|(i, word)| if i == at { other } else { word.text.as_str() });
    texts.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_marks_make_no_other_word() {
        assert_eq!(plain("Smith,"), plain("smith"));
        assert_ne!(plain("Smith"), plain("Smyth"));
        assert_eq!(plain("..."), "");
    }

    #[test]
    fn marks_and_ends_begin_no_word() {
        let check = |token: &str, want: bool| {
            assert_eq!(begins_word(token.as_bytes()), want, "{token:?}");
        };
        check(" Smith", true);
        check(" đ", true);
        check("th", false);
        check(" -", false);
        check(".00", false);
        check(" ", false);
    }

    #[test]
    fn one_word_is_replaced() {
        let word = |text: &str| {
            let (start_ms, end_ms, confidence) = (0, 0, 0.5);
            Word { text: text.into(), start_ms, end_ms, confidence }
        };
        assert_eq!(replaced(&[word("John"), word("Smith")], 1, "Smyth"), "John Smyth");
    }
}
