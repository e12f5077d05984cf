//! The last seconds of the caller's side: a turn begins before its first voiced frame.

use super::{AudioFrame, FRAME_SAMPLES};
use crate::time::MediaTime;
use std::collections::VecDeque;

/// Frames that are kept: two seconds.
const FRAMES: usize = 100;

/// The frames last heard, oldest first.
#[derive(Debug, Clone)]
pub struct History {
    frames: VecDeque<AudioFrame>,
    heard: MediaTime,
}

impl Default for History {
    fn default() -> Self {
        History { frames: VecDeque::with_capacity(FRAMES), heard: MediaTime(0) }
    }
}

impl History {
    /// The next frame.
    pub fn push(&mut self, frame: &AudioFrame) {
        if self.frames.len() == FRAMES {
            self.frames.pop_front();
        }
        self.frames.push_back(*frame);
        self.heard = MediaTime(self.heard.0 + FRAME_SAMPLES as u64);
    }

    /// The frames from `from` on, as far back as they are kept.
    pub fn since(&self, from: MediaTime) -> impl Iterator<Item = &AudioFrame> {
        let behind = self.heard.0.saturating_sub(from.0).div_ceil(FRAME_SAMPLES as u64);
        let behind = (behind as usize).min(self.frames.len());
        self.frames.range(self.frames.len() - behind..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_from_a_moment_on() {
        let mut history = History::default();
        for n in 0..150 {
            history.push(&AudioFrame([n; FRAME_SAMPLES]));
        }
        let first = |ms: u64| history.since(MediaTime::from_ms(ms)).map(|f| f.0[0]).next();
        assert_eq!((first(2_900), first(2_990)), (Some(145), Some(149)));
        assert_eq!((first(0), first(3_000)), (Some(50), None));
        assert_eq!(history.since(MediaTime::from_ms(2_500)).count(), 25);
    }
}
