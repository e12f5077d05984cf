//! From voiced frames to words: voice activity, end of turn, transcripts.

use crate::time::MediaTime;
use serde::{Deserialize, Serialize};

mod bonus;
mod endpointer;
mod noise_floor;
mod phrases;
mod voice_activity;

pub use bonus::Bonus;
pub use endpointer::{Endpoint, Endpointer, PRE_ROLL_MS, Patience};
pub use phrases::Phrases;
pub use voice_activity::VoiceActivity;

/// One stretch of the caller's speech in the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeechSegment {
    /// First sample, pre-roll included.
    pub start: MediaTime,
    /// One past the last voiced sample.
    pub end: MediaTime,
}

/// One recognised word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// As the engine spells it.
    pub text: String,
    /// Milliseconds from the start of the segment.
    pub start_ms: u32,
    /// Milliseconds from the start of the segment.
    pub end_ms: u32,
    /// 0..=1, the engine's own.
    pub confidence: f32,
}

/// One of an engine's n-best hypotheses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alternative {
    /// The words.
    pub text: String,
    /// 0..=1, comparable only within one transcript.
    pub confidence: f32,
}

/// Words that the alternatives of what was said in pieces may have in all.
const READ_WORDS_MAX: usize = 120;

/// What an engine heard in one segment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Transcript {
    /// Best hypothesis; empty when nothing was understood.
    pub text: String,
    /// 0..=1, the engine's own, over the whole text.
    pub confidence: f32,
    /// Timed words, where the engine gives them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<Word>,
    /// Further hypotheses, best first, without the best.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Alternative>,
}

impl Transcript {
    /// The best hypothesis and the alternatives, each with its confidence, best first.
    pub fn hypotheses(&self) -> impl Iterator<Item = (&str, f32)> {
        let others = self.alternatives.iter().map(|a| (a.text.as_str(), a.confidence));
        std::iter::once((self.text.as_str(), self.confidence)).chain(others)
    }

    /// 0..=1: how likely anything was said at all.
    pub fn words_likely(&self) -> f32 {
        if !self.text.trim().is_empty() {
            return 1.0;
        }
        self.alternatives.iter().map(|a| a.confidence).sum()
    }

    /// These words and those of `next`, whose segment began `later_ms` after this one's.
    pub fn followed_by(&self, next: &Transcript, later_ms: u32) -> Transcript {
        let [words, more] = [self, next].map(|t| t.text.split_whitespace().count());
        let alternatives_max = self.alternatives.len().max(next.alternatives.len());
        // Each is read whole, and of a long story they differ in a word.
        let alternatives_max = alternatives_max.min(READ_WORDS_MAX / (words + more).max(1));
        let of = |first: &str, second: &str| format!("{first} {second}").trim().to_owned();
        let mut alternatives: Vec<Alternative> = self
            .hypotheses()
            .flat_map(|(first, likely)| {
                let both = move |(second, then): (&str, f32)| Alternative {
                    text: of(first, second),
                    confidence: likely * then,
                };
                next.hypotheses().map(both)
            })
            .skip(1)
            .collect();
        alternatives.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        alternatives.truncate(alternatives_max);
        let confidence = self.confidence * words as f32 + next.confidence * more as f32;
        let later = |word: &Word| Word {
            start_ms: word.start_ms.saturating_add(later_ms),
            end_ms: word.end_ms.saturating_add(later_ms),
            ..word.clone()
        };
        Transcript {
            text: of(&self.text, &next.text),
            confidence: confidence / (words + more).max(1) as f32,
            words: self.words.iter().cloned().chain(next.words.iter().map(later)).collect(),
            alternatives,
        }
    }

    /// A transcript of plain words at one confidence.
    pub fn plain(text: impl Into<String>, confidence: f32) -> Transcript {
        Transcript { text: text.into(), confidence, ..Transcript::default() }
    }
}

/// What the dialogue expects to hear, so that the recogniser can lean towards it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// Anything.
    Open,
    /// A person's name.
    Name,
    /// An address.
    Address,
    /// What the caller needs.
    Need,
    /// Yes or no.
    YesNo,
    /// A string of digits.
    Digits,
    /// One of a few named choices.
    Choice,
}

/// How an answer is given, by which it is told how long callers wait for what comes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// With a word or two: nothing comes after them.
    Closed,
    /// Digit by digit, with pauses.
    Number,
    /// In the caller's own words.
    Open,
}

impl AnswerKind {
    /// Every kind.
    pub const ALL: [AnswerKind; 3] = [AnswerKind::Closed, AnswerKind::Number, AnswerKind::Open];

    /// As it is told.
    pub fn name(self) -> &'static str {
        match self {
            AnswerKind::Closed => "closed",
            AnswerKind::Number => "number",
            AnswerKind::Open => "open",
        }
    }
}

impl Expectation {
    /// How such an answer is given.
    pub fn kind(self) -> AnswerKind {
        match self {
            Expectation::YesNo | Expectation::Choice => AnswerKind::Closed,
            Expectation::Digits => AnswerKind::Number,
            Expectation::Open | Expectation::Name | Expectation::Address | Expectation::Need => {
                AnswerKind::Open
            }
        }
    }

    /// True where only a few answers make sense.
    pub fn is_closed(self) -> bool {
        self.kind() != AnswerKind::Open
    }
}

/// What goes down to the engine with the first sample of a turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecognitionContext {
    /// ISO 639-1, for example `vi`.
    pub language: String,
    /// What is expected.
    pub expectation: Expectation,
    /// Words and phrases likely in the answer; for a closed expectation, all of them.
    #[serde(default, skip_serializing_if = "no_phrases")]
    pub phrases: Phrases,
}

fn no_phrases(phrases: &Phrases) -> bool {
    phrases.is_empty() && !phrases.is_only_named()
}
