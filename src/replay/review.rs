//! What a person judges of a call: marks from a closed list, the words that were really said.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Marks of one call.
const MARKS_MAX: usize = 100;
/// Turns of one call whose words are put right.
const TURNS_MAX: usize = 300;
/// Characters of a turn's words and of a note.
const TEXT_CHARS_MAX: usize = 4_000;
/// Characters of a slot's name.
pub const SLOT_CHARS_MAX: usize = 64;

/// What went wrong, in the field's words.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// Words were recognised wrong.
    Misrecognition,
    /// A slot has a value that the caller did not say.
    WrongSlotValue,
    /// The caller went on speaking when we had decided that the turn was over.
    CutOff,
    /// A prompt was cut by what was no speech of the caller's.
    FalseBargeIn,
    /// What the bot said was wrong, unclear or too long.
    BadPrompt,
    /// An emergency was told and not seen.
    MissedEmergency,
    /// Something else; the note says what.
    Other,
}

/// One mark, on a turn of the caller's, on a slot, or on the whole call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// What went wrong.
    pub kind: MarkKind,
    /// In which turn of the call's transcript, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub turn: Option<u32>,
    /// With which slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 64)]
    pub slot: Option<String>,
}

/// What was really said in a turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TurnTruth {
    /// Which turn of the call's transcript, from 1.
    #[schema(minimum = 1)]
    pub turn: u32,
    /// The words; empty where nothing was said.
    #[schema(max_length = 4_000)]
    pub text: String,
}

/// What a person makes of a call. It is kept in two halves, because [`Truthful`] goes with the
/// caller's data and the rest may stay.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// Somebody has looked at the call.
    pub reviewed: bool,
    /// What went wrong.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub marks: Vec<Mark>,
}

/// The half of a judgement that repeats what people said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Truthful {
    /// What was really said, turn by turn, where somebody wrote it down.
    #[serde(default)]
    #[schema(max_items = 300)]
    pub turns: Vec<TurnTruth>,
    /// What else is to be said of the call.
    #[serde(default)]
    #[schema(max_length = 4_000)]
    pub note: String,
}

impl Judgement {
    /// What is too much or too long, and what to do about it.
    pub fn problem(&self) -> Option<String> {
        if self.marks.len() > MARKS_MAX {
            return Some(format!("marks: give at most {MARKS_MAX}"));
        }
        let long = |m: &Mark| {
            m.slot.as_ref().is_some_and(|s| s.is_empty() || s.chars().count() > SLOT_CHARS_MAX)
        };
        let slot = || format!("marks: a slot's name has 1 to {SLOT_CHARS_MAX} characters");
        self.marks.iter().any(long).then(slot)
    }
}

impl Truthful {
    /// What is too much or too long, and what to do about it.
    pub fn problem(&self) -> Option<String> {
        if self.turns.len() > TURNS_MAX {
            return Some(format!("turns: give at most {TURNS_MAX}"));
        }
        let texts = self.turns.iter().map(|t| &t.text).chain([&self.note]);
        let long = texts.into_iter().any(|text| text.chars().count() > TEXT_CHARS_MAX);
        long.then(|| format!("turns, note: a text has at most {TEXT_CHARS_MAX} characters"))
    }

    /// True where nothing was written.
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty() && self.note.is_empty()
    }
}
