//! What a call should have come to, as far as somebody knows.

use super::fixture::EXPECTED_FILE;
use super::review::TurnTruth;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// What is true of a call: an operator's last word on its ticket, a reviewer's on what was said,
/// or the `expected.toml` beside its journal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CallTruth {
    /// A life was at risk; `None` where nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<bool>,
    /// The slots' right values; those that nobody knows are left out.
    #[serde(default)]
    pub slots: BTreeMap<String, String>,
    /// What was really said, by turn of the call's transcript.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<TurnTruth>,
}

impl CallTruth {
    /// What stands in the `expected.toml` of `folder`; nothing where there is none. The error names
    /// file and line.
    pub fn in_folder(folder: &Path) -> Result<CallTruth, String> {
        let file = folder.join(EXPECTED_FILE);
        match std::fs::read_to_string(&file) {
            Ok(text) => toml::from_str(&text).map_err(|e| format!("{}: {e}", file.display())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(CallTruth::default()),
            Err(e) => Err(format!("{}: cannot be read: {e}", file.display())),
        }
    }

    /// The right value of `slot`, where somebody knows it.
    pub fn slot(&self, slot: &str) -> Option<&str> {
        self.slots.get(slot).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// What was really said in `turn` of the transcript, where somebody wrote it down.
    pub fn turn(&self, turn: u32) -> Option<&str> {
        self.turns.iter().find(|t| t.turn == turn).map(|t| t.text.as_str())
    }
}
