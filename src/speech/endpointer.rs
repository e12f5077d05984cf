//! When a caller's turn begins and when it is over.

use super::SpeechSegment;
use crate::time::MediaTime;
use serde::{Deserialize, Serialize};

/// Sound before the first voiced frame that belongs to the turn: soft onsets are not voiced.
pub const PRE_ROLL_MS: u64 = 300;
/// A turn begins with this many voiced frames ...
const ONSET_FRAMES: u32 = 4;
/// ... among this many.
const ONSET_WINDOW: u32 = 6;
/// The voice detector goes on saying "voiced" for five frames after the last speech (the over-hang
/// of libfvad at 20 ms frames): that much silence has passed when the first unvoiced frame comes.
const OVER_HANG_MS: u64 = 100;
/// Silence after which the words are likely complete and a final may be computed ahead ...
const PAUSE_MS: u64 = 200;
/// ... and where so much is waited for anyway, half as much again: many breaths within a sentence
/// are shorter, and a final that is computed for nothing costs as much as half a second of speech.
const LONG_PATIENCE_MS: u64 = 800;
const LONG_PAUSE_MS: u64 = 300;
const FRAME_MS: u64 = crate::audio::FRAME_MS;

/// How long to wait for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patience {
    /// Silence that ends the turn.
    pub silence_ms: u64,
    /// The turn is cut here at the latest.
    pub speech_ms_max: u64,
    /// Who paused for longer before is given more. A yes or a number has no pauses in it.
    pub adapts: bool,
}

impl Patience {
    /// Silence after which the words are likely complete.
    fn pause_ms(self) -> u64 {
        if self.silence_ms >= LONG_PATIENCE_MS { LONG_PAUSE_MS } else { PAUSE_MS }
    }
}

/// What the last frame meant for the turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Nothing new.
    Unchanged,
    /// Speech began; the turn's audio starts here, pre-roll included.
    Started(MediaTime),
    /// The caller fell silent; maybe the end.
    Paused,
    /// The caller is done.
    Ended(SpeechSegment),
}

/// Decides from voiced and unvoiced frames when one turn begins and ends.
///
/// It learns the caller's own pauses within the call: who paused long inside a turn and then went
/// on is given more time in the next ones.
#[derive(Debug, Clone)]
pub struct Endpointer {
    recent: u32,
    running: Option<Running>,
    longest_pause_ms: u64,
}

#[derive(Debug, Clone)]
struct Running {
    start: MediaTime,
    last_voiced: MediaTime,
    voiced_run: u32,
    paused: bool,
}

impl Endpointer {
    /// Waiting for speech.
    pub fn new() -> Endpointer {
        Endpointer { recent: 0, running: None, longest_pause_ms: 0 }
    }

    /// True between `Started` and `Ended`.
    pub fn is_speaking(&self) -> bool {
        self.running.is_some()
    }

    /// Forgets a turn that nobody wants; what was learnt about the caller stays.
    pub fn reset(&mut self) {
        self.recent = 0;
        self.running = None;
    }

    /// The next frame, which ends at `end` in the recording.
    pub fn frame(&mut self, end: MediaTime, voiced: bool, patience: Patience) -> Endpoint {
        self.recent = (self.recent << 1 | u32::from(voiced)) & ((1 << ONSET_WINDOW) - 1);
        let Some(run) = &mut self.running else {
            return self.maybe_start(end, voiced);
        };
        if voiced {
            run.voiced_run += 1;
            let unvoiced = end.as_ms().saturating_sub(run.last_voiced.as_ms() + FRAME_MS);
            let gap = if unvoiced > 0 { unvoiced + OVER_HANG_MS } else { 0 };
            // One voiced frame after a long silence is more often a click than a word.
            if run.voiced_run >= 2 || gap < PAUSE_MS {
                self.longest_pause_ms = self.longest_pause_ms.max(gap.min(1_500));
                run.last_voiced = end;
                run.paused = false;
            }
        } else {
            run.voiced_run = 0;
        }
        let unvoiced = end.as_ms().saturating_sub(run.last_voiced.as_ms());
        let silence = if unvoiced > 0 { unvoiced + OVER_HANG_MS } else { 0 };
        let spoken = end.as_ms().saturating_sub(run.start.as_ms());
        let adapted = if patience.adapts { self.adapted(patience.silence_ms) } else { 0 };
        let wanted = patience.silence_ms.max(adapted);
        let run = self.running.as_mut().expect("running");
        if silence >= wanted || spoken >= patience.speech_ms_max {
            let segment = SpeechSegment { start: run.start, end: run.last_voiced };
            self.reset();
            return Endpoint::Ended(segment);
        }
        if silence >= patience.pause_ms() && !run.paused {
            run.paused = true;
            return Endpoint::Paused;
        }
        Endpoint::Unchanged
    }

    /// A caller who paused for nearly as long as we would wait gets a quarter more than that pause,
    /// at most a quarter more than the usual patience: the call hears who goes on after all to
    /// their end, and all others would wait for nothing.
    fn adapted(&self, silence_ms: u64) -> u64 {
        (self.longest_pause_ms * 5 / 4).min(silence_ms * 5 / 4)
    }

    fn maybe_start(&mut self, end: MediaTime, voiced: bool) -> Endpoint {
        if self.recent.count_ones() < ONSET_FRAMES {
            return Endpoint::Unchanged;
        }
        debug_assert!(voiced);
        let start = end.back_ms(u64::from(ONSET_WINDOW) * FRAME_MS + PRE_ROLL_MS);
        self.running = Some(Running { start, last_voiced: end, voiced_run: 1, paused: false });
        Endpoint::Started(start)
    }
}

impl Default for Endpointer {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { silence_ms: 500, speech_ms_max: 10_000, adapts: true };

    /// Runs "v" (voiced) and "." (unvoiced) runs of frames: `("v", 10)`.
    fn check(runs: &[(char, u32)], want: &[&str]) {
        check_with(PATIENCE, runs, want);
    }

    fn check_with(patience: Patience, runs: &[(char, u32)], want: &[&str]) {
        let mut endpointer = Endpointer::new();
        let mut got = Vec::new();
        let mut at = MediaTime(0);
        for &(kind, n) in runs {
            for _ in 0..n {
                at = MediaTime(at.0 + 160);
                match endpointer.frame(at, kind == 'v', patience) {
                    Endpoint::Unchanged => {}
                    Endpoint::Started(s) => got.push(format!("start {}", s.as_ms())),
                    Endpoint::Paused => got.push(format!("pause @{}", at.as_ms())),
                    Endpoint::Ended(s) => {
                        got.push(format!(
                            "end {}-{} @{}",
                            s.start.as_ms(),
                            s.end.as_ms(),
                            at.as_ms()
                        ));
                    }
                }
            }
        }
        assert_eq!(got, want);
    }

    #[test]
    fn a_word_and_its_end() {
        let want = ["start 660", "pause @1700", "end 660-1600 @2000"];
        check(&[('.', 50), ('v', 30), ('.', 40)], &want);
    }

    #[test]
    fn a_breath_within_an_open_answer_is_no_pause() {
        let patience = Patience { silence_ms: 900, ..PATIENCE };
        let runs = [('.', 50), ('v', 30), ('.', 7), ('v', 13), ('.', 60)];
        check_with(patience, &runs, &["start 660", "pause @2200", "end 660-2000 @2800"]);
    }

    #[test]
    fn a_click_is_no_speech() {
        check(&[('.', 50), ('v', 3), ('.', 60), ('v', 2), ('.', 50)], &[]);
    }

    #[test]
    fn a_pause_inside_a_turn_makes_us_more_patient() {
        let want = ["start 660", "pause @1700", "pause @2260", "end 660-2160 @2660"];
        check(&[('.', 50), ('v', 30), ('.', 18), ('v', 10), ('.', 60)], &want);
    }

    #[test]
    fn endless_noise_is_cut() {
        let mut endpointer = Endpointer::new();
        let ends = (1..=2_000u64)
            .filter(|&i| {
                let at = MediaTime(i * 160);
                matches!(endpointer.frame(at, true, PATIENCE), Endpoint::Ended(_))
            })
            .count();
        assert!((3..=4).contains(&ends), "{ends}");
    }
}
