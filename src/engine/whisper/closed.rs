//! Answers out of a closed set: what was heard freely is checked against what may be said.
//!
//! After a free decode the encoder's view of the sound is still in the state, so each phrase's
//! probability costs a few decoder steps. A phrase is taken only where the model itself finds it
//! likely: who says something else is not made to have said yes.

use super::decoder::{Decoded, Decoder, Token};
use super::turn::join;
use crate::engine::EngineError;
use crate::speech::{Alternative, Expectation, RecognitionContext, Transcript};
use std::collections::{BTreeMap, HashSet};

/// What all phrases together must have of the probability for one to be taken ...
const MASS_MIN: f32 = 0.1;
/// ... and the best of them among them.
const SHARE_MIN: f32 = 0.6;
/// A prefix less likely than this is not looked into.
const PREFIX_LOG_MIN: f32 = -5.0;
/// Decoder steps at most, about 4 ms each.
const STEPS_MAX: usize = 40;

/// The phrases of a closed expectation.
pub struct ClosedSet<'a> {
    phrases: &'a [String],
    /// Each way to write each phrase, in tokens.
    spellings: Vec<(usize, Vec<Token>)>,
    ends: Vec<Token>,
}

impl<'a> ClosedSet<'a> {
    /// The set of a closed expectation; `None` when anything may be said.
    pub fn of(context: &'a RecognitionContext, decoder: &Decoder) -> Option<ClosedSet<'a>> {
        let closed = matches!(context.expectation, Expectation::YesNo | Expectation::Choice);
        if !closed || context.phrases.is_empty() {
            return None;
        }
        let whisper = decoder.context();
        let tokens = |text: String| {
            // The only error is a phrase of more tokens than this, which no caller says.
            if text.contains('\0') { None } else { whisper.tokenize(&text, 32).ok() }
        };
        let mut spellings = Vec::new();
        for (index, phrase) in context.phrases.iter().enumerate() {
            let lower = phrase.trim().to_lowercase();
            let written: HashSet<String> =
                [capital(&lower), lower, phrase.trim().to_string()].into_iter().collect();
            let written = written.into_iter().filter(|w| !w.is_empty());
            let ways = written.filter_map(|w| tokens(format!(" {w}")));
            spellings.extend(ways.filter(|way| !way.is_empty()).map(|way| (index, way)));
        }
        let mut ends = vec![whisper.token_eot()];
        for mark in [".", ",", "!", "?"] {
            ends.extend(tokens(mark.into()).unwrap_or_default());
        }
        (!spellings.is_empty()).then_some(ClosedSet { phrases: &context.phrases, spellings, ends })
    }

    /// `free` if a phrase was heard in it or none is likely, else the likeliest phrase. Speaks of
    /// the sound `decoder` decoded last.
    pub fn reconsider(
        &self,
        free: Decoded,
        language: &str,
        decoder: &mut Decoder,
    ) -> Result<Transcript, EngineError> {
        let heard = join([free].into_iter());
        if self.phrases.iter().any(|phrase| contains(&heard.text, phrase)) {
            return Ok(heard);
        }
        let likely = self.likely(language, decoder)?;
        let mass: f32 = likely.iter().map(|l| l.1).sum();
        let Some(&(best, probability)) = likely.first() else { return Ok(heard) };
        let share = probability / mass;
        if mass < MASS_MIN || share < SHARE_MIN {
            return Ok(heard);
        }
        let alternative = |&(index, probability): &(usize, f32)| Alternative {
            text: self.phrases[index].clone(),
            confidence: probability,
        };
        let mut alternatives: Vec<Alternative> = likely[1..].iter().map(alternative).collect();
        if !heard.text.is_empty() {
            alternatives.push(Alternative { text: heard.text, confidence: heard.confidence });
        }
        // The phrase as such was unlikely to be written, but is likely among what may be said.
        let confidence = share * mass.sqrt();
        Ok(Transcript { alternatives, ..Transcript::plain(&self.phrases[best], confidence) })
    }

    /// The phrases with what the model finds each to be worth as the whole answer, best first.
    fn likely(
        &self,
        language: &str,
        decoder: &mut Decoder,
    ) -> Result<Vec<(usize, f32)>, EngineError> {
        let whisper = decoder.context();
        let language = whisper_rs::get_lang_id(language).unwrap_or(0);
        let start = [
            whisper.token_sot(),
            whisper.token_lang(language),
            whisper.token_transcribe(),
            whisper.token_not(),
        ];
        let mut worth: BTreeMap<usize, f32> = BTreeMap::new();
        // Prefixes still to be looked into, with their log probability.
        let mut open: Vec<(f32, Vec<Token>)> = vec![(0.0, Vec::new())];
        for _ in 0..STEPS_MAX {
            open.sort_by(|a, b| a.0.total_cmp(&b.0));
            let Some((log, prefix)) = open.pop() else { break };
            let path: Vec<Token> = start.iter().chain(&prefix).copied().collect();
            let next = decoder.log_probabilities(&path)?;
            let of = |token: Token| next.get(token as usize).copied().unwrap_or(f32::MIN);
            let whole = self.spellings.iter().filter(|(_, way)| *way == prefix);
            for (index, _) in whole {
                let end: f32 = self.ends.iter().map(|&t| of(t).exp()).sum();
                *worth.entry(*index).or_default() += log.exp() * end;
            }
            let longer = self.spellings.iter().map(|(_, way)| way);
            let longer = longer.filter(|way| way.len() > prefix.len() && way.starts_with(&prefix));
            let following: HashSet<Token> = longer.map(|way| way[prefix.len()]).collect();
            for token in following {
                let log = log + of(token);
                if log > PREFIX_LOG_MIN {
                    open.push((log, [&prefix[..], &[token]].concat()));
                }
            }
        }
        let mut likely: Vec<(usize, f32)> = worth.into_iter().collect();
        likely.sort_by(|a, b| b.1.total_cmp(&a.1));
        Ok(likely)
    }
}

/// `text` with its first letter a capital.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(chars).collect()
}

/// True when the words of `phrase` stand in `text` in a row.
fn contains(text: &str, phrase: &str) -> bool {
    let words = |s: &str| -> Vec<String> {
        let parts = s.split(|c: char| !c.is_alphanumeric() && c != '\'');
        parts.filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
    };
    let (text, phrase) = (words(text), words(phrase));
    !phrase.is_empty() && text.windows(phrase.len()).any(|w| w == phrase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_heard_as_whole_words() {
        let check = |text: &str, phrase: &str, want: bool| {
            assert_eq!(contains(text, phrase), want, "{text} / {phrase}");
        };
        check("Yes, that's right.", "that's right", true);
        check("I know.", "no", false);
        check("No.", "no", true);
        check("", "no", false);
        check("Nothing", "", false);
    }

    #[test]
    fn capitals() {
        assert_eq!((capital("đúng").as_str(), capital("").as_str()), ("Đúng", ""));
    }
}
