//! The two clocks of a call: wall time since answer, and the media's sample count.

use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};

/// Milliseconds since the call was answered. Comes in from the shell; the core never reads a clock.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct CallTime(pub u64);

impl CallTime {
    /// Milliseconds since answer.
    pub fn as_ms(self) -> u64 {
        self.0
    }

    /// Milliseconds from `earlier` to `self`; 0 when `earlier` is later.
    pub fn since(self, earlier: CallTime) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<u64> for CallTime {
    type Output = CallTime;
    fn add(self, ms: u64) -> CallTime {
        CallTime(self.0.saturating_add(ms))
    }
}

impl Sub<u64> for CallTime {
    type Output = CallTime;
    fn sub(self, ms: u64) -> CallTime {
        CallTime(self.0.saturating_sub(ms))
    }
}

/// A position in the call's recording: samples at 8 kHz since answer.
///
/// Every 20 ms step of the call advances it by one frame, so it is also the sample index in
/// `audio.wav`, whichever way the network behaved.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MediaTime(pub u64);

impl MediaTime {
    /// Milliseconds since the start of the recording.
    pub fn as_ms(self) -> u64 {
        self.0 / 8
    }

    /// The position `ms` milliseconds into the recording.
    pub fn from_ms(ms: u64) -> MediaTime {
        MediaTime(ms.saturating_mul(8))
    }

    /// This position moved back by `ms` milliseconds, not before the start.
    pub fn back_ms(self, ms: u64) -> MediaTime {
        MediaTime(self.0.saturating_sub(ms.saturating_mul(8)))
    }
}
