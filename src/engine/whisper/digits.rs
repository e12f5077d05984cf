//! Digits where digits are asked for.
//!
//! Left to itself the model writes most single digits as other words ("eight" as "Hey"). Led along
//! nothing but digits it finds them; and since it says what it thinks of each, who says something
//! else is not made to have said a number.

use super::decoder::{Decoded, Decoder, Token};
use super::turn::join;
use crate::engine::EngineError;
use crate::speech::{Alternative, RecognitionContext, Transcript};
use std::collections::HashSet;

/// A free transcript of several words that is as sure as this stands.
const FREE_SURE: f32 = 0.8;
/// More words than this are the decoder's loop, even of digits.
const WORDS_PER_S: f32 = 5.0;
const WORDS_SPARE: f32 = 1.0;
/// Digits less likely than this for each token, as a geometric mean, are not believed.
const LIKELY_MIN: f32 = 0.02;
/// Tokens at most: the longest telephone number has 15 digits (ITU-T E.164), most of them written
/// in tokens of several digits.
const TOKENS_MAX: usize = 32;

/// All that a digit may be written with.
pub struct Digits {
    /// Tokens of figures, and of what stands between them.
    figures: Vec<Token>,
    marks: Vec<Token>,
    /// The end, and the marks before it.
    ends: Vec<Token>,
    /// Digit words, each way to write one as tokens.
    words: Vec<Vec<Token>>,
    spoken: HashSet<String>,
}

impl Digits {
    /// Figures, and the words for digits among the phrases of `context`.
    pub fn of(context: &RecognitionContext, decoder: &Decoder) -> Digits {
        let whisper = decoder.context();
        let (mut figures, mut marks) = (Vec::new(), Vec::new());
        for token in 0..whisper.token_eot() {
            let Ok(bytes) = whisper.token_to_bytes(token) else { continue };
            let text = bytes.strip_prefix(b" ").unwrap_or(bytes);
            if !text.is_empty() && text.iter().all(u8::is_ascii_digit) {
                figures.push(token);
            } else if matches!(bytes, b"-" | b"," | b"." | b" ") {
                marks.push(token);
            }
        }
        let spoken: HashSet<String> =
            context.phrases.iter().map(|p| p.trim().to_lowercase()).collect();
        let mut words = Vec::new();
        for word in spoken.iter().filter(|w| !w.is_empty() && !w.contains('\0')) {
            let ways = [format!(" {word}"), format!(" {}", super::closed::capital(word))];
            words.extend(ways.iter().filter_map(|way| whisper.tokenize(way, 16).ok()));
        }
        words.retain(|way| !way.is_empty());
        let mut ends = vec![whisper.token_eot()];
        ends.extend(
            [".", "!", "?"].iter().flat_map(|m| whisper.tokenize(m, 4).unwrap_or_default()),
        );
        Digits { figures, marks, ends, words, spoken }
    }

    /// `free` if it is digits already or surely something else, or no digits are likely; else the
    /// likeliest digits. Speaks of the `seconds` of sound that `decoder` decoded last.
    pub fn reconsider(
        &self,
        free: Decoded,
        seconds: f32,
        language: &str,
        decoder: &mut Decoder,
    ) -> Result<Transcript, EngineError> {
        let heard = join([free].into_iter());
        let sure = heard.words.len() > 1 && heard.confidence >= FREE_SURE;
        let can_be_said = heard.words.len() as f32 <= WORDS_PER_S * seconds + WORDS_SPARE;
        if can_be_said && (sure || self.is_digits(&heard.text)) {
            return Ok(heard);
        }
        let (text, likely) = self.likeliest(language, decoder)?;
        if text.is_empty() || likely < LIKELY_MIN {
            return Ok(heard);
        }
        // Unlikely to be written, but likely among digits.
        let mut digits = Transcript::plain(text, likely.sqrt());
        if !heard.text.is_empty() {
            let Transcript { text, confidence, .. } = heard;
            digits.alternatives.push(Alternative { text, confidence });
        }
        Ok(digits)
    }

    fn is_digits(&self, text: &str) -> bool {
        let mut words = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
        let digits = |w: &str| {
            w.chars().all(|c| c.is_ascii_digit()) || self.spoken.contains(&w.to_lowercase())
        };
        !text.is_empty() && words.all(digits)
    }

    /// The likeliest digits, token by token, and the geometric mean of their probabilities.
    fn likeliest(
        &self,
        language: &str,
        decoder: &mut Decoder,
    ) -> Result<(String, f32), EngineError> {
        let whisper = decoder.context();
        let id = whisper_rs::get_lang_id(language).unwrap_or(0);
        // Without times: so closed answers are heard best.
        let mut path = vec![
            whisper.token_sot(),
            whisper.token_lang(id),
            whisper.token_transcribe(),
            whisper.token_not(),
        ];
        let start = path.len();
        // Tokens of a digit word begun and not yet ended.
        let mut word: Vec<Token> = Vec::new();
        let mut sum = 0.0;
        // Where the whole, its end included, was most likely: loops end before they begin.
        let (mut best, mut length) = (f32::NEG_INFINITY, 0);
        while path.len() < start + TOKENS_MAX && sum > best {
            let begun = path.len() > start;
            let allowed = self.next(&word, begun);
            let log = decoder.log_probabilities(&path)?;
            let of = |token: Token| log.get(token as usize).copied().unwrap_or(f32::MIN);
            let ended = sum + self.ends.iter().map(|&t| of(t).exp()).sum::<f32>().ln();
            if begun && word.is_empty() && ended > best {
                (best, length) = (ended, path.len() - start);
            }
            let next = allowed.into_iter().max_by(|&a, &b| of(a).total_cmp(&of(b)));
            let Some(token) = next else { break };
            sum += of(token);
            path.push(token);
            word.push(token);
            let ended = self.words.contains(&word);
            if word.len() == 1 && !self.begins(&word) || ended {
                word.clear();
            }
        }
        let mut bytes: Vec<u8> = Vec::new();
        for &token in &path[start..start + length] {
            bytes.extend(decoder.context().token_to_bytes(token).unwrap_or_default());
        }
        let likely = (best / (length + 1) as f32).exp();
        Ok((String::from_utf8_lossy(&bytes).trim().to_string(), likely))
    }

    fn begins(&self, word: &[Token]) -> bool {
        self.words.iter().any(|way| way.starts_with(word))
    }

    /// What may come behind the tokens of `word`.
    fn next(&self, word: &[Token], begun: bool) -> Vec<Token> {
        let longer =
            self.words.iter().filter(|way| way.len() > word.len() && way.starts_with(word));
        let mut allowed: Vec<Token> = longer.map(|way| way[word.len()]).collect();
        if word.is_empty() {
            allowed.extend(&self.figures);
            if begun {
                allowed.extend(&self.marks);
            }
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_figures_and_their_words() {
        let spoken = ["one", "oh"].map(String::from).into();
        let digits = Digits {
            figures: vec![1],
            marks: vec![2],
            ends: vec![0],
            words: vec![vec![7, 8]],
            spoken,
        };
        let check = |text: &str, want: bool| assert_eq!(digits.is_digits(text), want, "{text}");
        check("0912, 345-678.", true);
        check("One oh 5", true);
        check("one more", false);
        check("", false);
        assert_eq!(digits.next(&[], false), [7, 1]);
        assert_eq!(digits.next(&[], true), [7, 1, 2]);
        assert_eq!(digits.next(&[7], true), [8]);
    }
}
