//! The sixteen telephone keys.

use serde::{Deserialize, Serialize};

/// One key of a telephone: `0`-`9`, `*`, `#`, `A`-`D` (RFC 4733 table 3, events 0-15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "char", into = "char")]
pub struct DtmfDigit(u8);

const KEYS: &[u8; 16] = b"0123456789*#ABCD";

impl DtmfDigit {
    /// The key of RFC 4733 event `code`; `None` above 15.
    pub fn from_event(code: u8) -> Option<DtmfDigit> {
        (code < 16).then_some(DtmfDigit(code))
    }

    /// Its RFC 4733 event code, 0..=15.
    pub fn event(self) -> u8 {
        self.0
    }

    /// The key as printed.
    pub fn as_char(self) -> char {
        KEYS[usize::from(self.0)] as char
    }

    /// 0..=9 for the number keys.
    pub fn number(self) -> Option<u8> {
        (self.0 < 10).then_some(self.0)
    }
}

/// The character is on no telephone key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a telephone key (0-9, *, #, A-D)")]
pub struct NotAKey(char);

impl TryFrom<char> for DtmfDigit {
    type Error = NotAKey;
    fn try_from(c: char) -> Result<DtmfDigit, NotAKey> {
        let at = KEYS.iter().position(|&k| k as char == c.to_ascii_uppercase());
        at.map(|i| DtmfDigit(i as u8)).ok_or(NotAKey(c))
    }
}

impl From<DtmfDigit> for char {
    fn from(d: DtmfDigit) -> char {
        d.as_char()
    }
}
