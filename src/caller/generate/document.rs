//! A generated scenario as it is written down.

use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A scenario's file.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Document {
    pub about: String,
    pub language: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    #[serde(rename = "turn")]
    pub turns: Vec<Turn>,
    pub expect: Expect,
}

/// One `[[turn]]`.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Turn {
    pub label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_if_asked: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tells: Vec<String>,
    #[serde(flatten)]
    pub act: Act,
}

/// What is done in a turn.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(super) enum Act {
    Say { say: String },
    Play { play: Vec<PathBuf>, words: String },
    Keys { keys: String },
    Wait { wait_ms: u64 },
    Silence { silence_ms: u64 },
    HangUp { hang_up: bool },
}

impl Default for Act {
    fn default() -> Self {
        Act::HangUp { hang_up: true }
    }
}

/// The `[expect]`: what is true of the call.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Expect {
    pub priority: &'static str,
    pub slots: BTreeMap<String, String>,
}

impl Turn {
    pub(super) fn telling(&mut self, what: &str) -> &mut Turn {
        self.tells.push(what.into());
        self
    }

    /// Done so many milliseconds into the prompt; at its end without.
    pub(super) fn barging_in(&mut self, at_ms: Option<u64>) -> &mut Turn {
        (self.after, self.at_ms) = (at_ms.map(|_| "barge_in"), at_ms);
        self
    }
}

impl Act {
    pub(super) fn say(words: impl Into<String>) -> Act {
        Act::Say { say: words.into() }
    }

    pub(super) fn keys(keys: impl Into<String>) -> Act {
        Act::Keys { keys: keys.into() }
    }
}
