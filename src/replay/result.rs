//! What calls came to in one replay of many: a file of JSON lines that can be gone on with, and
//! that two replays are compared by.
//!
//! The first line is a [`RunHeader`], each further one a [`CallResult`]. The file holds what
//! callers said; it is made for its owner alone.

use super::journal::Outcome;
use super::score::{CallScore, Errors};
use crate::call::{HangupCause, Speaker};
use crate::ticket::{CallId, SlotStatus};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The version of the format this build writes and reads.
pub const RESULTS_VERSION: u32 = 1;

/// What was replayed how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The journal's inputs once more; the scores are those of the call as it was recorded.
    Journal,
    /// The engines once more on the caller's sound.
    Audio,
}

/// The first line: two results can only be joined where it is the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunHeader {
    /// [`RESULTS_VERSION`].
    pub spillway_replay: u32,
    /// The version of the program.
    pub build: String,
    /// What was done.
    pub mode: Mode,
    /// What the overlay changes, as it was written; `None` without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlay: Option<String>,
    /// What the line does to the caller's side, as it was written; `None` where nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impair: Option<String>,
    /// What chance is drawn from.
    pub seed: u64,
}

/// What one call came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallResult {
    /// The call; where its journal cannot be read, the name of its folder.
    pub call: CallId,
    /// Its journal.
    pub journal: PathBuf,
    /// The hotline.
    pub hotline: String,
    /// ISO 639-1.
    pub language: String,
    /// Whether the journal's inputs came to the same; of [`Mode::Audio`] only that there is no
    /// sound to be heard again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The hotline's files are not those the call was taken with.
    #[serde(default)]
    pub hotline_changed: bool,
    /// How it went; `None` where it could not be replayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measures: Option<Box<CallMeasures>>,
    /// Why it could not be replayed, with file and place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How one call went.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallMeasures {
    /// The caller confirmed the whole at the read-back.
    pub complete: bool,
    /// From answer to end, in milliseconds.
    pub duration_ms: u64,
    /// Why it ended; `None` where the recording ends before the call.
    pub ended: Option<HangupCause>,
    /// A life was at risk and the call did not see it; `None` where nobody says whether it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency_missed: Option<bool>,
    /// Turns, gaps, confirmations and what else is counted.
    pub score: CallScore,
    /// Word errors of the turns whose true words are known; `None` where none are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Errors>,
    /// The same by character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub characters: Option<Errors>,
    /// The form, in its order.
    pub slots: Vec<SlotResult>,
    /// Who said what, in order.
    pub turns: Vec<TurnResult>,
    /// Answers that the recording does not hold, because nobody was asked then: of
    /// [`Mode::Audio`], where keys or silence stood for the caller's voice.
    #[serde(default)]
    pub improvised: u32,
}

/// What one slot came to. How often it was confirmed and at which place of the readings the right
/// value stood, [`CallScore`] tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotResult {
    /// Its name in the hotline's file.
    pub slot: String,
    /// How far it came.
    pub status: SlotStatus,
    /// What the ticket says; empty where nothing was understood.
    pub value: String,
    /// The ticket's confidence in it, 0..=1.
    pub confidence: f32,
    /// What it should say; `None` where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truth: Option<String>,
}

/// One side's turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TurnResult {
    /// Who.
    pub speaker: Speaker,
    /// The slot or stage that was asked, of a caller's turn; empty of the bot's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub asked: String,
    /// The prompt's text, the words that were heard, the keys.
    pub text: String,
    /// What was really said, where somebody wrote it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truth: Option<String>,
    /// How sure the recogniser is of its words, 0..=1; `None` of prompts and keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// Its beginning, milliseconds since the answer.
    pub from_ms: u64,
    /// Its end.
    pub to_ms: u64,
    /// Where in the recording it begins, in milliseconds: in a replay by audio the caller answers
    /// when they are asked, which may be sooner or later than it was.
    pub recording_ms: u64,
    /// From its end to the first sample of the answer, in milliseconds; `None` where none came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap_ms: Option<u64>,
    /// The caller went on speaking after we had decided that the turn was over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut_off: bool,
}

impl SlotResult {
    /// Whether the ticket says what it should; `None` where nobody knows.
    pub fn is_exact(&self) -> Option<bool> {
        self.truth.as_ref().map(|truth| super::score::is_same_value(truth, &self.value))
    }
}
