//! The journal of a call: every input and output of [`crate::call`], as it happened, on disk.
//!
//! A call's folder holds [`JOURNAL_FILE`] and [`RECORDING_FILE`], plain, or sealed as
//! [`crate::seal`] tells. Opened, the journal is JSON, one object a line; the keys of a line are in
//! this order:
//!
//! ```text
//! {"spillway_journal":1,"build":"0.1.0","hotline":"demo","hotline_digest":"..",
//!  "caller":{..}}         the header, in one line
//! {"t":0,"in":"answered"}                  an input, t milliseconds after answer
//! {"t":0,"out":{"play":{..}}}              an output of the input before it
//! {"t":0,"audio":50}                       50 frames, the first at t, then one each 20 ms
//! {"t":1000,"audio":3,"steps":[21,19]}     3 frames, at t, t+21 and t+40
//! {"t":1060,"lost":{"frames":4,"records":1}}  the disk was too slow: these could not be kept
//! {"t":61000,"end":"finished"}             a HangupCause, or "interrupted" (written at recovery)
//! ```
//!
//! - The samples of the n-th audio frame are the n-th 20 ms of the recording's left channel.
//!   Where the recording was removed because the caller declined it, frames are read as silence
//!   and [`Reader::has_sound`] is false: such a call cannot be replayed, because the voice
//!   activity detector is part of the core and needs the sound itself. We do not keep the
//!   detector's decisions instead: they would say when somebody spoke who asked us not to record.
//! - [`Output::Timeout`] follows every input; one that repeats the one before it is left out.
//! - A line is written at once, an audio run when it ends or holds [`RUN_FRAMES_MAX`] frames, so
//!   that a killed process loses less than a second of it. A line without its line feed at the end
//!   of the file was being written when the process died, and is ignored.

use crate::call::{CallerFacts, HangupCause, Input, Output};
use crate::time::CallTime;
use serde::de::IntoDeserializer;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::path::PathBuf;

mod encoder;
mod reader;

pub use encoder::Encoder;
pub use reader::Reader;

/// The version of the format this build writes and reads.
pub const VERSION: u32 = 1;
/// The journal's file name in a call's folder.
pub const JOURNAL_FILE: &str = "journal.jsonl";
/// The recording's file name in a call's folder: stereo, left is the caller, right the bot.
pub const RECORDING_FILE: &str = "audio.wav";
/// Frames in one audio line at most: a second.
pub const RUN_FRAMES_MAX: usize = 50;

/// The journal's first line: all that a call is made of besides its inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`VERSION`].
    pub spillway_journal: u32,
    /// Version of the program that took the call.
    pub build: String,
    /// The hotline's name.
    pub hotline: String,
    /// SHA-256, in hexadecimal, of everything the hotline and its languages are made of.
    pub hotline_digest: String,
    /// The day whose administrative units addresses were read by (ISO 8601).
    #[serde(default)]
    pub units_as_of: String,
    /// What the network told us.
    pub caller: CallerFacts,
}

impl Header {
    /// The header of a call taken by this build.
    pub fn new(caller: CallerFacts, hotline: &str, digest: &str, units_as_of: &str) -> Header {
        Header {
            spillway_journal: VERSION,
            build: env!("CARGO_PKG_VERSION").into(),
            hotline: hotline.into(),
            hotline_digest: digest.into(),
            units_as_of: units_as_of.into(),
            caller,
        }
    }
}

/// How a journal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The call ended.
    Hangup(HangupCause),
    /// The process died in mid-call; found at the next start.
    Interrupted,
}

const INTERRUPTED: &str = "interrupted";

impl Serialize for Ending {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Ending::Hangup(cause) => cause.serialize(serializer),
            Ending::Interrupted => serializer.serialize_str(INTERRUPTED),
        }
    }
}

impl<'de> Deserialize<'de> for Ending {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Ending, D::Error> {
        let word = String::deserialize(deserializer)?;
        if word == INTERRUPTED {
            return Ok(Ending::Interrupted);
        }
        HangupCause::deserialize(word.into_deserializer()).map(Ending::Hangup)
    }
}

/// What could not be kept because the disk was too slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lost {
    /// Frames of sound; the recording has silence in their place.
    pub frames: u64,
    /// Journal lines.
    pub records: u64,
}

/// One thing that happened in a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// When, since answer.
    pub at: CallTime,
    /// What.
    pub entry: Entry,
}

/// What a [`Record`] tells of.
#[allow(clippy::large_enum_variant, reason = "most are frames, and one is held at a time")]
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// Something the shell told the call; frames are filled in from the recording.
    In(Input),
    /// Something the call asked of the shell.
    Out(Output),
    /// Something is missing here.
    Lost(Lost),
}

/// One line below the header; exactly one of the options is there (and `steps` only with `audio`).
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<I, O> {
    t: CallTime,
    #[serde(rename = "in", default = "none", skip_serializing_if = "Option::is_none")]
    input: Option<I>,
    #[serde(rename = "out", default = "none", skip_serializing_if = "Option::is_none")]
    output: Option<O>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audio: Option<usize>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    steps: Vec<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lost: Option<Lost>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<Ending>,
}

fn none<T>() -> Option<T> {
    None
}

impl<I, O> Line<I, O> {
    fn at(t: CallTime) -> Line<I, O> {
        Line { t, input: None, output: None, audio: None, steps: vec![], lost: None, end: None }
    }
}

/// Why a journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file could not be read.
    #[error("{file}: cannot be read: {reason}; check that it is there and readable")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// There is not one whole line in it: the process died as the call began.
    #[error(
        "{file}: is empty: the call was cut off before anything was written; delete its folder"
    )]
    Empty {
        /// The file.
        file: PathBuf,
    },
    /// Written by a build with another format.
    #[error(
        "{file}: journal version {found}, this build reads {VERSION}; use the build named in it"
    )]
    Version {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: u32,
    },
    /// Not what a journal may hold.
    #[error(
        "{file}: line {line} (byte {offset}): {reason}; the file was damaged or edited, take it \
         from a backup or leave the call out"
    )]
    Malformed {
        /// The file.
        file: PathBuf,
        /// From 1.
        line: u64,
        /// Where that line begins.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// Sealed, and cannot be opened.
    #[error(transparent)]
    Sealed(#[from] crate::seal::SealError),
    /// The recording does not fit the journal.
    #[error(
        "{file}: {reason}; if the process was killed in this call, `spillway serve` mends the \
         file at its next start"
    )]
    Recording {
        /// The recording.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
}
