//! One caller's turn: from samples to the chunks the model takes, and back to a transcript.

use super::beam::Beam;
use super::bias::PhraseTrie;
use super::fbank::{BANDS, Fbank, HOP, WINDOW};
use super::memory::Memory;
use super::model::{CHUNK, CHUNK_FRAMES, CHUNKS_MAX, OUTPUTS, STRIDE_FRAMES};
use super::vocab::Vocab;
use crate::audio::level;
use crate::audio::resample::{RateError, Resampler};
use crate::engine::EngineError;
use crate::speech::Transcript;
use std::sync::Arc;

/// Zeros behind the last sample, at 16 kHz: 120 ms, or the last word is not heard to its end.
const PADDING: usize = 1_920;
/// A turn that peaks below -20 dBFS is raised ...
const QUIET_PEAK: u16 = 3_277;
/// ... to -6 dBFS, with one gain for the whole turn: a gain that follows the voice harms.
const RAISED_PEAK: f32 = 16_384.0;
/// At most 30 dB: what lies lower is the line's noise.
const GAIN_MAX: f32 = 32.0;
/// Voiced samples (8 kHz) after which the gain is judged for the first time: 400 ms.
const GAIN_SAMPLES: usize = 3_200;
/// Samples kept for another gain, at 8 kHz: three minutes.
const KEPT_SAMPLES_MAX: usize = 180 * 8_000;
/// The model's positions end: from 24 s on a turn is cut where 200 ms are silent, and where they
/// do end ([`CHUNKS_MAX`]) wherever it is.
const CUT_CHUNKS: usize = 60;
const CUT_BLANK_FRAMES: u32 = 5;

/// Features on their way through the model into the search.
pub struct Track {
    /// Frames not yet consumed.
    pub features: Vec<f32>,
    /// The model's.
    pub memory: Memory,
    /// The search.
    pub beam: Beam,
}

impl Track {
    fn new(phrases: Option<Arc<PhraseTrie>>) -> Track {
        Track { features: Vec::new(), memory: Memory::new(), beam: Beam::new(phrases) }
    }

    fn is_ready(&self) -> bool {
        self.features.len() >= CHUNK
    }

    /// The model has consumed one chunk: its rows of log probabilities went into the search.
    pub fn stepped(&mut self) {
        self.features.drain(..STRIDE_FRAMES * BANDS);
        let chunks = self.memory.chunks();
        let pause = self.beam.blank_frames() >= CUT_BLANK_FRAMES;
        if chunks >= CHUNKS_MAX || chunks >= CUT_CHUNKS && pause {
            self.memory = Memory::new();
        }
    }
}

/// Feeds one chunk's rows to the search.
pub fn search(beam: &mut Beam, rows: &[f32], vocab: &Vocab) {
    for row in rows.chunks_exact(OUTPUTS) {
        beam.frame(row, vocab);
    }
}

/// What the caller's side has asked for last; the later, the sooner it is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal {
    /// Words while they are spoken.
    Listen,
    /// The words so far are wanted as if nothing came after.
    Settle,
    /// The last words.
    Finish,
}

/// A turn from its first sample to its final transcript.
pub struct Turn {
    phrases: Option<Arc<PhraseTrie>>,
    /// No more than a few words are expected.
    is_short: bool,
    kept: Vec<i16>,
    peak: u16,
    voiced: usize,
    gain: f32,
    gain_judged: bool,
    up: Resampler,
    wide: Vec<f32>,
    live: Track,
    /// The live track as it would end here.
    tail: Option<Track>,
    /// The tail's words; holds until something voiced comes.
    answer: Option<Transcript>,
    goal: Goal,
    told: String,
}

/// What a turn has to say after a step.
pub enum Told {
    /// Nothing new.
    Nothing,
    /// The words so far changed.
    Interim(Transcript),
    /// The last words.
    Final(Transcript),
}

impl Turn {
    /// A turn that leans towards `phrases`; `is_short` when no more than a few words are expected.
    pub fn new(phrases: Option<Arc<PhraseTrie>>, is_short: bool) -> Result<Turn, EngineError> {
        Ok(Turn {
            live: Track::new(phrases.clone()),
            phrases,
            is_short,
            kept: Vec::new(),
            peak: 0,
            voiced: 0,
            gain: 1.0,
            gain_judged: false,
            up: upsampler()?,
            wide: Vec::new(),
            tail: None,
            answer: None,
            goal: Goal::Listen,
            told: String::new(),
        })
    }

    /// The next samples at 8 kHz.
    pub fn audio(&mut self, samples: &[i16], voiced: bool, fbank: &mut Fbank) {
        if self.goal == Goal::Finish {
            return;
        }
        if voiced {
            self.voiced += samples.len();
            self.tail = None;
            self.answer = None;
            self.goal = Goal::Listen;
        }
        self.peak = self.peak.max(level::peak(samples));
        if self.kept.len() + samples.len() <= KEPT_SAMPLES_MAX {
            self.kept.extend_from_slice(samples);
        } else {
            self.gain_judged = true;
        }
        self.up.push(&raised(samples, self.gain), &mut self.wide);
        fbank.drain(&mut self.wide, &mut self.live.features);
    }

    /// The words so far are wanted.
    pub fn settle(&mut self) {
        self.goal = self.goal.max(Goal::Settle);
    }

    /// The last words are wanted.
    pub fn finish(&mut self) {
        self.goal = Goal::Finish;
    }

    /// How soon it is wanted: the words of a short answer one step sooner than others, since
    /// its pause most likely is its end, and its end is near.
    pub fn urgency(&self) -> Goal {
        match self.goal {
            Goal::Listen if self.is_short => Goal::Settle,
            Goal::Settle if self.is_short => Goal::Finish,
            goal => goal,
        }
    }

    /// True when [`Turn::next`] would give something to compute or to say.
    pub fn has_work(&self) -> bool {
        match self.answer {
            Some(_) => self.goal == Goal::Finish,
            None => self.goal > Goal::Listen || self.live.is_ready(),
        }
    }

    /// Whether what it has to compute has to be computed in any case, or very likely.
    pub fn is_needed(&self) -> bool {
        self.goal == Goal::Finish || self.live.is_ready() || self.is_short
    }

    /// How many steps all of it takes.
    pub fn steps_due(&self) -> usize {
        if !self.has_work() {
            return 0;
        }
        let stride = STRIDE_FRAMES * BANDS;
        let whole = |track: &Track| track.features.len().saturating_sub(CHUNK - stride) / stride;
        // The end takes one step more.
        let end = usize::from(self.goal > Goal::Listen);
        self.tail.as_ref().map_or_else(|| whole(&self.live) + end, whole)
    }

    /// The track whose next chunk is due, if any.
    pub fn next(&mut self, fbank: &mut Fbank) -> Result<Option<&mut Track>, EngineError> {
        if self.answer.is_some() {
            return Ok(None);
        }
        if self.tail.is_none() {
            self.judge_gain(fbank)?;
            if self.live.is_ready() {
                return Ok(Some(&mut self.live));
            }
            if self.goal == Goal::Listen {
                return Ok(None);
            }
            self.tail = Some(self.cut_off(fbank));
        }
        Ok(self.tail.as_mut())
    }

    /// After the track that [`Turn::next`] gave has stepped (or there was none).
    pub fn told(&mut self, vocab: &Vocab) -> Told {
        if self.tail.as_ref().is_some_and(|tail| !tail.is_ready()) {
            self.answer = self.tail.take().map(|tail| tail.beam.transcript(vocab));
        }
        if self.goal == Goal::Finish {
            return self.answer.clone().map_or(Told::Nothing, Told::Final);
        }
        let settled = self.answer.clone();
        let words = settled.unwrap_or_else(|| self.live.beam.transcript(vocab));
        if words.text == self.told || words.text.is_empty() {
            return Told::Nothing;
        }
        self.told.clone_from(&words.text);
        Told::Interim(words)
    }

    /// The live track with silence behind it, up to the end of a chunk.
    fn cut_off(&mut self, fbank: &mut Fbank) -> Track {
        let mut features = self.live.features.clone();
        let mut rest = self.wide.clone();
        if self.goal == Goal::Finish {
            // What is still inside the resampler: 10 ms, silent at a pause.
            self.up.push(&[0.0; 320], &mut rest);
        }
        let whole = features.len() / BANDS * HOP;
        let samples = whole + rest.len().max(WINDOW) + PADDING;
        let frames = (samples - WINDOW) / HOP + 1;
        let chunks = frames.saturating_sub(CHUNK_FRAMES).div_ceil(STRIDE_FRAMES) + 1;
        let missing = CHUNK_FRAMES + (chunks - 1) * STRIDE_FRAMES - features.len() / BANDS;
        rest.resize((missing - 1) * HOP + WINDOW, 0.0);
        fbank.drain(&mut rest, &mut features);
        Track { features, memory: self.live.memory.clone(), beam: self.live.beam.clone() }
    }

    /// Starts the turn anew when it is heard to be far too quiet, or was not after all.
    fn judge_gain(&mut self, fbank: &mut Fbank) -> Result<(), EngineError> {
        let early = !self.gain_judged && self.voiced >= GAIN_SAMPLES;
        let late = self.goal > Goal::Listen && self.voiced > 0;
        if !early && !late || self.kept.len() >= KEPT_SAMPLES_MAX {
            return Ok(());
        }
        self.gain_judged = true;
        let wanted = match self.peak {
            0 | QUIET_PEAK.. => 1.0,
            peak => (RAISED_PEAK / f32::from(peak)).min(GAIN_MAX),
        };
        // Up to 6 dB off is not worth a second run.
        if (0.5..=2.0).contains(&(wanted / self.gain)) {
            return Ok(());
        }
        self.gain = wanted;
        self.up = upsampler()?;
        self.wide.clear();
        self.live = Track::new(self.phrases.clone());
        self.up.push(&raised(&self.kept, wanted), &mut self.wide);
        fbank.drain(&mut self.wide, &mut self.live.features);
        Ok(())
    }
}

fn upsampler() -> Result<Resampler, EngineError> {
    let broken = |e: RateError| EngineError::Broken { engine: "ctc", reason: e.to_string() };
    Resampler::new(8_000, 16_000).map_err(broken)
}

/// Samples in 16-bit units, louder by `gain`.
fn raised(samples: &[i16], gain: f32) -> Vec<f32> {
    samples.iter().map(|&s| f32::from(s) * gain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_are_due() {
        let check = |heard_ms: usize, goal: Goal, want: usize, needed: bool| {
            let (mut fbank, mut turn) = (Fbank::new(), Turn::new(None, false).unwrap());
            turn.audio(&vec![1_000; heard_ms * 8], true, &mut fbank);
            match goal {
                Goal::Listen => {}
                Goal::Settle => turn.settle(),
                Goal::Finish => turn.finish(),
            }
            let got = (turn.steps_due(), turn.is_needed());
            assert_eq!(got, (want, needed), "{heard_ms} ms, {goal:?}");
        };
        check(0, Goal::Listen, 0, false);
        check(300, Goal::Listen, 0, false);
        check(300, Goal::Settle, 1, false);
        check(300, Goal::Finish, 1, true);
        check(1_000, Goal::Listen, 2, true);
        check(1_000, Goal::Settle, 3, true);
        check(4_000, Goal::Finish, 10, true);
    }

    #[test]
    fn the_pause_of_a_short_answer_is_its_end() {
        let check = |is_short: bool, needed: bool| {
            let (mut fbank, mut turn) = (Fbank::new(), Turn::new(None, is_short).unwrap());
            turn.audio(&[1_000; 2_400], true, &mut fbank);
            turn.settle();
            assert_eq!(turn.is_needed(), needed);
        };
        check(false, false);
        check(true, true);
    }
}
