//! One caller's turn: when to decode which part of it.

use super::closed::ClosedSet;
use super::decoder::{Decoded, Decoder};
use super::digits::Digits;
use super::doubt;
use crate::audio::{FRAME_SAMPLES, level};
use crate::engine::{EngineError, RecognitionEvent};
use crate::speech::{Expectation, RecognitionContext, Transcript, Word};

/// Words are told as surely as the `ctc` engine would tell them. Of its words at 0.5 a third are
/// right, of Whisper's six tenths (`spillway bench confusions`, Vietnamese and English).
const AS_CTC: f32 = 0.5;
/// Whisper hears 30 s at once. A longer turn is cut where it is quietest between these, in
/// samples at 8 kHz.
const PIECE_MIN: usize = 20 * 8_000;
const PIECE_MAX: usize = 28 * 8_000;
/// Voiced samples below which there is nothing to decode (60 ms): whisper makes words up.
const VOICED_MIN: usize = 3 * FRAME_SAMPLES;

/// A turn from its first sample to its final transcript.
pub struct Turn {
    context: RecognitionContext,
    /// Not yet decoded for good.
    samples: Vec<i16>,
    voiced: usize,
    /// What came before `samples` in a long turn.
    before: Vec<Decoded>,
    before_ms: u32,
    /// The whole turn's words; hold until something voiced comes.
    answer: Option<Transcript>,
    settle: bool,
    finish: bool,
}

impl Turn {
    /// Nothing heard yet.
    pub fn new(context: RecognitionContext) -> Turn {
        Turn {
            context,
            samples: Vec::new(),
            voiced: 0,
            before: Vec::new(),
            before_ms: 0,
            answer: None,
            settle: false,
            finish: false,
        }
    }

    /// The next samples at 8 kHz.
    pub fn audio(&mut self, samples: &[i16], voiced: bool) {
        if self.finish {
            return;
        }
        if voiced {
            self.voiced += samples.len();
            self.answer = None;
            self.settle = false;
        }
        self.samples.extend_from_slice(samples);
    }

    /// The words so far are wanted.
    pub fn settle(&mut self) {
        self.settle = true;
    }

    /// The last words are wanted.
    pub fn finish(&mut self) {
        self.finish = true;
    }

    /// 0 when there is nothing to do; more, the sooner.
    pub fn urgency(&self) -> u8 {
        match (self.finish, self.settle && self.answer.is_none()) {
            (true, _) => 3,
            (_, true) => 2,
            _ => u8::from(self.samples.len() > PIECE_MAX),
        }
    }

    /// Decodes one piece and says what came of it.
    pub fn step(&mut self, decoder: &mut Decoder) -> Result<Option<RecognitionEvent>, EngineError> {
        if self.samples.len() > PIECE_MAX {
            let cut = quietest(&self.samples, PIECE_MIN, PIECE_MAX);
            let piece: Vec<i16> = self.samples.drain(..cut).collect();
            let decoded = decoder.decode(&piece, &self.context)?;
            self.before.push(decoded.later(self.before_ms));
            self.before_ms += (cut / 8) as u32;
            self.answer = None;
            return Ok(None);
        }
        if self.answer.is_none() {
            self.answer = Some(self.decode(decoder)?);
        }
        let Some(answer) = self.answer.clone() else { return Ok(None) };
        Ok(if self.finish {
            Some(RecognitionEvent::Final(answer))
        } else {
            (!answer.text.is_empty()).then_some(RecognitionEvent::Interim(answer))
        })
    }

    fn decode(&self, decoder: &mut Decoder) -> Result<Transcript, EngineError> {
        if self.voiced < VOICED_MIN {
            return Ok(Transcript::default());
        }
        let free = decoder.decode(&self.samples, &self.context)?;
        if !self.before.is_empty() {
            let pieces = self.before.iter().cloned().chain([free.later(self.before_ms)]);
            return Ok(join(pieces));
        }
        let language = &self.context.language;
        if self.context.expectation == Expectation::Digits {
            let digits = Digits::of(&self.context, decoder);
            let seconds = self.samples.len() as f32 / 8e3;
            return digits.reconsider(free, seconds, language, decoder);
        }
        if let Some(closed) = ClosedSet::of(&self.context, decoder) {
            return closed.reconsider(free, language, decoder);
        }
        let mut heard = join([free].into_iter());
        heard.alternatives = doubt::alternatives(&heard, language, decoder)?;
        for word in &mut heard.words {
            word.confidence = word.confidence.powf(AS_CTC);
        }
        Ok(heard)
    }
}

/// The pieces of one turn as one transcript.
pub fn join(pieces: impl Iterator<Item = Decoded>) -> Transcript {
    let words: Vec<Word> = pieces.flat_map(|piece| piece.words).collect();
    let text = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
    // A geometric mean: one doubtful word makes the whole doubtful.
    let log: f32 = words.iter().map(|w| w.confidence.max(1e-6).ln()).sum();
    let confidence = if words.is_empty() { 0.0 } else { (log / words.len() as f32).exp() };
    Transcript { text, confidence, words, alternatives: Vec::new() }
}

/// The middle of the quietest 200 ms that begin between `min` and `max`.
fn quietest(samples: &[i16], min: usize, max: usize) -> usize {
    const SPAN: usize = 10 * FRAME_SAMPLES;
    let starts = (min..max.min(samples.len()).saturating_sub(SPAN)).step_by(FRAME_SAMPLES);
    let loudness = |&start: &usize| level::rms(&samples[start..start + SPAN]);
    let quiet = starts.min_by(|a, b| loudness(a).total_cmp(&loudness(b)));
    quiet.map_or(max.min(samples.len()), |start| start + SPAN / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_turn_is_cut_in_its_pause() {
        let mut samples: Vec<i16> = (0..40 * 8_000).map(|i| ((i % 50) * 200) as i16).collect();
        samples[23 * 8_000..23 * 8_000 + 4_000].fill(3);
        let cut = quietest(&samples, PIECE_MIN, PIECE_MAX);
        assert!((23 * 8_000..23 * 8_000 + 4_000).contains(&cut), "{cut}");
    }

    #[test]
    fn one_doubtful_word_makes_the_whole_doubtful() {
        let word =
            |text: &str, confidence| Word { text: text.into(), start_ms: 0, end_ms: 1, confidence };
        let decoded = Decoded { words: vec![word("a", 1.0), word("b", 0.25)], no_speech: 0.0 };
        let got = join([decoded].into_iter());
        assert_eq!((got.text.as_str(), got.confidence), ("a b", 0.5));
        assert_eq!(join(std::iter::empty()).confidence, 0.0);
    }
}
