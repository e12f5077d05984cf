//! One whisper.cpp state: a piece of sound in, words with probabilities out.

use super::broken;
use crate::audio::resample;
use crate::engine::EngineError;
use crate::speech::{Expectation, RecognitionContext, Word};
use std::collections::HashMap;
use std::sync::Arc;
use whisper_rs::{FullParams, SamplingStrategy, WhisperContext, WhisperState};

/// Whisper's own token number.
pub type Token = i32;

/// Samples at 16 kHz below which whisper.cpp does not decode at all, with some room: 200 ms.
const SAMPLES_MIN: usize = 3_200;
/// Encoder positions: 50 for each second, and so many more for the words' end to be heard.
const POSITIONS_PER_S: f32 = 50.0;
const POSITIONS_SPARE: i32 = 128;
/// With fewer the decoder loops on single words: 12.2 % of words wrong with 400, 16.7 without. It
/// costs a short answer twice the time, so only where anything may be said.
const POSITIONS_MIN_OPEN: i32 = 400;
const POSITIONS_MAX: i32 = 1_500;
/// Nobody says more tokens a second.
const TOKENS_PER_S: f32 = 12.0;
const TOKENS_SPARE: i32 = 8;
/// Above this probability of "no speech" only words surer than e^-1 are believed (Radford et al.,
/// "Robust speech recognition via large-scale weak supervision", 2022, 4.5).
const NO_SPEECH: f32 = 0.6;
const SURE: f32 = 0.37;

/// Words a second that nobody reaches by saying the same again and again ...
const LOOP_WORDS_PER_S: f32 = 5.0;
/// ... and how often it must be said to be the decoder's loop.
const LOOP_TURNS_MIN: usize = 4;
/// No language has longer words; the decoder's loops have ("B-B-B-B-..." for a ringing tone).
const WORD_CHARS_MAX: usize = 40;
/// Words in one turn of a loop.
const LOOP_WORDS_MAX: usize = 4;

/// What one decode gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decoded {
    /// The words, punctuation attached.
    pub words: Vec<Word>,
    /// Probability that there is no speech.
    pub no_speech: f32,
}

impl Decoded {
    /// The same, `ms` later.
    pub fn later(mut self, ms: u32) -> Decoded {
        for word in &mut self.words {
            word.start_ms += ms;
            word.end_ms += ms;
        }
        self
    }
}

/// A state over the shared model.
pub struct Decoder {
    context: Arc<WhisperContext>,
    state: WhisperState,
    /// By language. `set_language` leaks its string, so it is called once for each; clones share.
    params: HashMap<String, FullParams<'static, 'static>>,
    /// Tokens whose keys and values are in the state's cache, from the start on.
    path: Vec<Token>,
    logits: Vec<f32>,
}

impl Decoder {
    /// A state of its own, about 70 MB.
    pub fn new(context: Arc<WhisperContext>) -> Result<Decoder, EngineError> {
        let state = context.create_state().map_err(broken)?;
        let (params, path, logits) = (HashMap::new(), Vec::new(), Vec::new());
        Ok(Decoder { context, state, params, path, logits })
    }

    /// The model's own names of things.
    pub fn context(&self) -> &WhisperContext {
        &self.context
    }

    /// The words in `samples` (8 kHz, at most 30 s), freely decoded.
    pub fn decode(
        &mut self,
        samples: &[i16],
        context: &RecognitionContext,
    ) -> Result<Decoded, EngineError> {
        let scaled = resample::to_f32(samples);
        let mut wide = resample::resample(&scaled, 8_000, 16_000).map_err(broken)?;
        if wide.len() < SAMPLES_MIN {
            wide.resize(SAMPLES_MIN, 0.0);
        }
        let seconds = wide.len() as f32 / 16e3;
        let mut params = self.params(&context.language)?;
        let closed = matches!(context.expectation, Expectation::YesNo | Expectation::Choice);
        let least = if closed { POSITIONS_SPARE } else { POSITIONS_MIN_OPEN };
        let positions = (POSITIONS_PER_S * seconds).ceil() as i32 + POSITIONS_SPARE;
        params.set_audio_ctx(positions.clamp(least, POSITIONS_MAX));
        params.set_max_tokens((TOKENS_PER_S * seconds) as i32 + TOKENS_SPARE);
        self.path.clear();
        self.state.full(params, &wide).map_err(broken)?;
        let words = doubted(unlooped(self.words(), seconds));
        let mut decoded = Decoded { words, no_speech: 0.0 };
        if !decoded.words.is_empty() {
            // whisper.cpp's own figure reads a row of logits that was never computed.
            let start = self.context.token_sot();
            decoded.no_speech = self.probability(&[start], self.context.token_nosp())?;
            let log: f32 = decoded.words.iter().map(|w| w.confidence.max(1e-6).ln()).sum();
            let sure = (log / decoded.words.len() as f32).exp() >= SURE;
            if decoded.no_speech > NO_SPEECH && !sure {
                decoded.words.clear();
            }
        }
        Ok(decoded)
    }

    fn params(&mut self, language: &str) -> Result<FullParams<'static, 'static>, EngineError> {
        if let Some(params) = self.params.get(language) {
            return Ok(params.clone());
        }
        let id = whisper_rs::get_lang_id(language);
        let name =
            id.and_then(whisper_rs::get_lang_str).ok_or_else(|| broken("unknown language"))?;
        let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        params.set_language(Some(name));
        params.set_n_threads(1);
        params.set_translate(false);
        params.set_no_context(true);
        // Decoding with timestamps loses fewer short words, and gives the words their times.
        params.set_no_timestamps(false);
        params.set_token_timestamps(true);
        params.set_single_segment(true);
        params.set_temperature(0.0);
        params.set_temperature_inc(0.0);
        params.set_suppress_nst(true);
        params.set_print_progress(false);
        params.set_print_realtime(false);
        params.set_print_special(false);
        params.set_print_timestamps(false);
        self.params.insert(language.to_string(), params.clone());
        Ok(params)
    }

    /// The words of the last decode; a word is as sure as its tokens' geometric mean.
    fn words(&self) -> Vec<Word> {
        struct Open {
            bytes: Vec<u8>,
            start_cs: i64,
            end_cs: i64,
            log: f32,
            tokens: f32,
        }
        let mut open: Vec<Open> = Vec::new();
        for segment in self.state.as_iter() {
            for token in (0..segment.n_tokens()).filter_map(|i| segment.get_token(i)) {
                let Ok(bytes) = token.to_bytes() else { continue };
                if token.token_id() >= self.context.token_eot() {
                    continue;
                }
                let data = token.token_data();
                if open.is_empty() || bytes.starts_with(b" ") {
                    let (start_cs, end_cs) = (data.t0, data.t1);
                    open.push(Open { bytes: vec![], start_cs, end_cs, log: 0.0, tokens: 0.0 });
                }
                if let Some(word) = open.last_mut() {
                    word.bytes.extend_from_slice(bytes);
                    word.end_cs = data.t1;
                    word.log += data.p.max(1e-6).ln();
                    word.tokens += 1.0;
                }
            }
        }
        let word = |open: Open| Word {
            text: String::from_utf8_lossy(&open.bytes).trim().to_string(),
            start_ms: open.start_cs.clamp(0, 3_000) as u32 * 10,
            end_ms: open.end_cs.clamp(0, 3_000) as u32 * 10,
            confidence: (open.log / open.tokens).exp(),
        };
        // Dashes, dots and notes alone are no words.
        let spoken = |w: &Word| w.text.chars().any(char::is_alphanumeric);
        open.into_iter().map(word).filter(spoken).collect()
    }

    /// The probability of `next` behind `path` in the sound decoded last.
    pub fn probability(&mut self, path: &[Token], next: Token) -> Result<f32, EngineError> {
        let log = self.log_probabilities(path)?;
        Ok(log.get(next as usize).copied().unwrap_or(f32::NEG_INFINITY).exp())
    }

    /// Log probabilities of every token behind `path` (not empty) in the sound decoded last.
    pub fn log_probabilities(&mut self, path: &[Token]) -> Result<&[f32], EngineError> {
        let same = self.path.iter().zip(path).take_while(|(a, b)| a == b).count();
        // The last token is always computed: its row is what is wanted. One by one, because only
        // the first row of a batch can be read.
        let known = same.min(path.len().saturating_sub(1));
        self.path.truncate(known);
        for &token in &path[known..] {
            self.state.decode(&[token], self.path.len(), 1).map_err(broken)?;
            self.path.push(token);
        }
        let logits = self.state.get_logits().map_err(broken)?;
        let high = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = logits.iter().map(|l| (l - high).exp()).sum();
        let all = high + sum.ln();
        self.logits.clear();
        self.logits.extend(logits.iter().map(|l| l - all));
        Ok(&self.logits)
    }
}

/// The decoder's known failure: it says the same few words until its tokens run out. Such a loop
/// is said once; a caller's own "no, no, no, no" is slower and stays.
fn unlooped(mut words: Vec<Word>, seconds: f32) -> Vec<Word> {
    words.retain(|w| w.text.chars().count() <= WORD_CHARS_MAX);
    let spoken = |w: &Word| -> String {
        w.text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let plain: Vec<String> = words.iter().map(spoken).collect();
    for size in 1..=LOOP_WORDS_MAX.min(plain.len()) {
        for start in 0..=plain.len() - size {
            let unit = &plain[start..start + size];
            let turns = plain[start..].chunks_exact(size).take_while(|c| *c == unit).count();
            let looping = (turns * size) as f32 > LOOP_WORDS_PER_S * seconds;
            if turns >= LOOP_TURNS_MIN && looping {
                // What follows a loop comes out of the loop as well.
                words.truncate(start + size);
                return words;
            }
        }
    }
    words
}

/// One word again and again in capitals is how subtitles write a sound ("BEEP BEEP BEEP BEEP" for
/// a ringing tone). It may as well be a caller who shouts, so the words stay, half as sure.
fn doubted(mut words: Vec<Word>) -> Vec<Word> {
    let capitals =
        |w: &Word| w.text.chars().any(char::is_uppercase) && w.text == w.text.to_uppercase();
    let same = |w: &Word| w.text.trim_end_matches(['.', ',', '!']) == first_of(&words);
    if words.len() >= LOOP_TURNS_MIN && words.iter().all(|w| capitals(w) && same(w)) {
        words.iter_mut().for_each(|w| w.confidence /= 2.0);
    }
    words
}

fn first_of(words: &[Word]) -> &str {
    words.first().map_or("", |w| w.text.trim_end_matches(['.', ',', '!']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtitled_sounds_are_doubted() {
        let check = |text: &str, want: f32| {
            let word = |text: &str| {
                let (start_ms, end_ms, confidence) = (0, 0, 0.8);
                Word { text: text.into(), start_ms, end_ms, confidence }
            };
            let words = doubted(text.split(' ').map(word).collect());
            assert!(words.iter().all(|w| w.confidence == want), "{words:?}");
        };
        check("BEEP BEEP BEEP BEEP BEEP", 0.4);
        check("HELP! HELP! HELP! HELP!", 0.4);
        check("no, no, no, no", 0.8);
        check("HELP! HELP! my HOUSE BURNS", 0.8);
    }

    #[test]
    fn loops_are_said_once() {
        let check = |text: &str, seconds: f32, want: &str| {
            let word = |text: &str| {
                let (start_ms, end_ms, confidence) = (0, 0, 0.9);
                Word { text: text.into(), start_ms, end_ms, confidence }
            };
            let words = text.split_whitespace().map(word).collect();
            let got: Vec<String> = unlooped(words, seconds).into_iter().map(|w| w.text).collect();
            assert_eq!(got.join(" "), want, "{text}");
        };
        check("January January january January January January January Janu", 1.1, "January");
        check("4, 5, 4, 5, 4, 5, 4, 5, 4, 4", 0.8, "4, 5,");
        check("so zero zero zero zero zero zero", 0.9, "so zero");
        check("no no no no", 1.5, "no no no no");
        check("one one two", 0.3, "one one two");
        check("", 0.3, "");
    }
}
