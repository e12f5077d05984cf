//! What the caller can tell from sound alone: when the bot begins to speak and when it is done.

use crate::audio::{AudioFrame, FRAME_MS, level};
use serde::Serialize;

/// A frame louder than this is sound ...
const SOUND_DBFS: f32 = -45.0;
/// ... and stays sound until it falls below this (comfort noise lies well below).
const QUIET_DBFS: f32 = -50.0;
/// One loud frame may be a click; this many in a row are speech.
const ONSET_FRAMES: u32 = 2;
/// Pauses shorter than this do not part one burst of sound from the next.
const BURST_GAP_MS: u64 = 200;

/// What the last frame told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Sound began after at least 200 ms without.
    Onset {
        /// Its first frame.
        at_ms: u64,
        /// When the sound before it ended.
        after_ms: Option<u64>,
    },
    /// A prompt began: the first onset after the end of the one before.
    PromptStarted {
        /// When.
        at_ms: u64,
    },
    /// The prompt is over: it has been quiet for long enough.
    PromptEnded {
        /// When it began.
        from_ms: u64,
        /// When its last sound ended.
        to_ms: u64,
    },
}

/// Listens to the bot's side frame by frame. Times are those of the 20 ms steps, in the caller's
/// clock, and so include the leg's jitter buffer.
#[derive(Debug, Clone)]
pub struct Ear {
    prompt_end_ms: u64,
    loud_frames: u32,
    loud_since_ms: u64,
    sounding: bool,
    /// One frame past the last sound.
    quiet_from_ms: Option<u64>,
    prompt_from_ms: Option<u64>,
    level_dbfs: f32,
    sound_ms: u64,
    /// Of the frames with sound: the sum of their mean squares.
    power: f64,
}

/// What was heard of the far end in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct FarSound {
    /// How long there was sound: frames of 20 ms louder than comfort noise.
    pub sound_ms: u64,
    /// How loud it was on average; null where there was none.
    pub level_dbfs: Option<f32>,
}

impl Ear {
    /// An ear that takes a prompt for ended after `prompt_end_ms` of quiet.
    pub fn new(prompt_end_ms: u64) -> Ear {
        Ear {
            prompt_end_ms,
            loud_frames: 0,
            loud_since_ms: 0,
            sounding: false,
            quiet_from_ms: None,
            prompt_from_ms: None,
            level_dbfs: -120.0,
            sound_ms: 0,
            power: 0.0,
        }
    }

    /// The next frame, taken from the leg at `now_ms`; appends what it told to `heard`.
    pub fn hear(&mut self, now_ms: u64, frame: &AudioFrame, heard: &mut Vec<Heard>) {
        let rms = level::rms(frame.samples());
        self.level_dbfs = level::dbfs(rms);
        if self.level_dbfs >= SOUND_DBFS {
            self.sound_ms += FRAME_MS;
            self.power += f64::from(rms) * f64::from(rms);
        }
        if self.sounding && self.level_dbfs >= QUIET_DBFS {
            self.quiet_from_ms = Some(now_ms + FRAME_MS);
        } else if self.level_dbfs >= SOUND_DBFS {
            self.loud_frames += 1;
            if self.loud_frames == 1 {
                self.loud_since_ms = now_ms;
            }
        } else {
            self.loud_frames = 0;
        }
        if !self.sounding && self.loud_frames >= ONSET_FRAMES {
            self.begin(now_ms, heard);
        }
        let quiet_ms = self.quiet_ms(now_ms);
        if quiet_ms >= BURST_GAP_MS {
            self.sounding = false;
        }
        if let Some(from_ms) = self.prompt_from_ms.filter(|_| quiet_ms >= self.prompt_end_ms) {
            self.prompt_from_ms = None;
            heard.push(Heard::PromptEnded { from_ms, to_ms: self.quiet_from_ms.unwrap_or(now_ms) });
        }
    }

    fn begin(&mut self, now_ms: u64, heard: &mut Vec<Heard>) {
        let at_ms = self.loud_since_ms;
        self.sounding = true;
        self.loud_frames = 0;
        let after_ms = self.quiet_from_ms.replace(now_ms + FRAME_MS);
        if self.prompt_from_ms.is_none() {
            self.prompt_from_ms = Some(at_ms);
            heard.push(Heard::PromptStarted { at_ms });
        }
        heard.push(Heard::Onset { at_ms, after_ms });
    }

    /// When the running prompt began; `None` between prompts.
    pub fn prompt_from_ms(&self) -> Option<u64> {
        self.prompt_from_ms
    }

    /// When the last sound ended so far; `None` before the first.
    pub fn last_sound_ms(&self) -> Option<u64> {
        self.quiet_from_ms
    }

    /// How loud the last frame was.
    pub fn level_dbfs(&self) -> f32 {
        self.level_dbfs
    }

    /// What was heard so far.
    pub fn far_sound(&self) -> FarSound {
        let frames = self.sound_ms / FRAME_MS;
        let mean = || level::dbfs((self.power / frames as f64).sqrt() as f32);
        FarSound { sound_ms: self.sound_ms, level_dbfs: (frames > 0).then(mean) }
    }

    fn quiet_ms(&self, now_ms: u64) -> u64 {
        self.quiet_from_ms.map_or(0, |from| (now_ms + FRAME_MS).saturating_sub(from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::line::tests::tone;

    /// Runs of (level in sample units, frames) and what is heard in them.
    fn check(runs: &[(i16, u64)], want: &[Heard]) {
        let mut ear = Ear::new(700);
        let (mut heard, mut now_ms) = (Vec::new(), 0);
        for &(level, frames) in runs {
            for _ in 0..frames {
                ear.hear(now_ms, &AudioFrame::padded(&tone(level, 160)), &mut heard);
                now_ms += FRAME_MS;
            }
        }
        assert_eq!(heard, want, "{runs:?}");
    }

    #[test]
    fn a_prompt_begins_with_its_first_frame_and_ends_after_700_ms_of_quiet() {
        let want = [
            Heard::PromptStarted { at_ms: 1_000 },
            Heard::Onset { at_ms: 1_000, after_ms: None },
            Heard::PromptEnded { from_ms: 1_000, to_ms: 2_000 },
        ];
        check(&[(0, 50), (8_000, 50), (0, 35)], &want);
        check(&[(0, 50), (8_000, 50), (0, 34)], &want[..2]);
        // Comfort noise is quiet.
        check(&[(20, 50), (8_000, 50), (20, 35)], &want);
    }

    #[test]
    fn pauses_between_sentences_do_not_end_a_prompt_but_begin_a_burst() {
        let want = [
            Heard::PromptStarted { at_ms: 0 },
            Heard::Onset { at_ms: 0, after_ms: None },
            Heard::Onset { at_ms: 1_600, after_ms: Some(1_000) },
            Heard::PromptEnded { from_ms: 0, to_ms: 2_600 },
        ];
        check(&[(8_000, 50), (0, 30), (8_000, 50), (0, 40)], &want);
    }

    #[test]
    fn words_do_not_begin_a_burst_each() {
        let want = [Heard::PromptStarted { at_ms: 0 }, Heard::Onset { at_ms: 0, after_ms: None }];
        check(&[(8_000, 10), (0, 9), (8_000, 10), (0, 9), (8_000, 10)], &want);
    }

    #[test]
    fn sound_is_measured_where_there_is_some() {
        let mut ear = Ear::new(700);
        assert_eq!(ear.far_sound(), FarSound::default());
        for (level, frames) in [(20, 50), (8_000, 30), (0, 10), (8_000, 20)] {
            for _ in 0..frames {
                ear.hear(0, &AudioFrame::padded(&tone(level, 160)), &mut Vec::new());
            }
        }
        let FarSound { sound_ms, level_dbfs } = ear.far_sound();
        assert_eq!(sound_ms, 1_000);
        assert!(
            level_dbfs.is_some_and(|l| (l - level::dbfs(8_000.0)).abs() < 0.1),
            "{level_dbfs:?}"
        );
    }

    #[test]
    fn clicks_and_noise_are_no_prompt() {
        check(&[(0, 10), (8_000, 1), (0, 10), (8_000, 1), (0, 40)], &[]);
        check(&[(60, 200)], &[]);
    }

    #[test]
    fn a_fading_word_is_sound_until_the_lower_threshold() {
        // -47 dBFS lies between the thresholds: not enough to begin, enough to go on.
        let faint = 140;
        check(&[(faint, 100)], &[]);
        let want = [Heard::PromptStarted { at_ms: 0 }, Heard::Onset { at_ms: 0, after_ms: None }];
        check(&[(8_000, 10), (faint, 100)], &want);
    }
}
