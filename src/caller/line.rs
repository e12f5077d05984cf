//! One thing the caller says: samples, and where the speech in them ends.

use crate::audio::{AudioFrame, FRAME_SAMPLES, level};

/// Samples judged together when looking for the speech's ends: 10 ms.
const BLOCK: usize = 80;
/// Below the loudest block by this much is no speech ...
const BELOW_PEAK_DB: f32 = 35.0;
/// ... and neither is anything below this.
const FLOOR_DBFS: f32 = -50.0;
/// Sound kept after the last speech, so that a soft ending is not cut.
const TAIL: usize = 800;
/// Between two lines: 250 ms, in which nobody's turn is over yet.
const BREATH: usize = 2_000;

/// A spoken line at 8 kHz, without the silence around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    samples: Vec<i16>,
    speech_end: usize,
}

impl Line {
    /// Cuts leading and trailing silence off `samples`; `None` when there is no speech in them.
    pub fn new(samples: &[i16]) -> Option<Line> {
        let levels: Vec<f32> = samples.chunks(BLOCK).map(|b| level::dbfs(level::rms(b))).collect();
        let peak = levels.iter().copied().fold(f32::MIN, f32::max);
        let floor = FLOOR_DBFS.max(peak - BELOW_PEAK_DB);
        let first = levels.iter().position(|&l| l > floor)?;
        let last = levels.iter().rposition(|&l| l > floor)?;
        let start = first.saturating_sub(2) * BLOCK;
        let end = ((last + 1) * BLOCK).min(samples.len());
        let stop = (end + TAIL).min(samples.len());
        Some(Line { samples: samples[start..stop].to_vec(), speech_end: end - start })
    }

    /// This line, a breath, and `next`.
    pub fn followed_by(mut self, next: &Line) -> Line {
        self.samples.truncate(self.speech_end);
        let next_at = self.speech_end + BREATH;
        self.samples.resize(next_at, 0);
        self.samples.extend(&next.samples);
        Line { samples: self.samples, speech_end: next_at + next.speech_end }
    }

    /// Milliseconds of speech.
    pub fn speech_ms(&self) -> u64 {
        self.speech_end as u64 / 8
    }

    /// Frames to send.
    pub fn frames(&self) -> usize {
        self.samples.len().div_ceil(FRAME_SAMPLES)
    }

    /// The frame at `index`; silence past the end.
    pub fn frame(&self, index: usize) -> AudioFrame {
        let from = (index * FRAME_SAMPLES).min(self.samples.len());
        AudioFrame::padded(&self.samples[from..])
    }

    /// The index of the frame with the last sample of speech.
    pub fn last_speech_frame(&self) -> usize {
        (self.speech_end - 1) / FRAME_SAMPLES
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A 1 kHz square wave of `n` samples: its level is its amplitude.
    pub(crate) fn tone(amplitude: i16, n: usize) -> Vec<i16> {
        (0..n).map(|i| if i / 4 % 2 == 0 { amplitude } else { -amplitude }).collect()
    }

    #[test]
    fn silence_around_the_speech_is_cut_and_its_end_found() {
        let sound = [vec![0; 8_000], tone(8_000, 4_000), vec![0; 16_000]].concat();
        let line = Line::new(&sound).expect("speech");
        assert_eq!((line.speech_ms(), line.last_speech_frame()), (520, 25));
        assert_eq!(line.frames(), (160usize + 4_000 + 800).div_ceil(160));
        assert_eq!(line.frame(0), AudioFrame::SILENCE);
        assert_eq!(level::peak(line.frame(25).samples()), 8_000);
        assert_eq!(line.frame(26), AudioFrame::SILENCE);
        assert_eq!(line.frame(1_000), AudioFrame::SILENCE);
    }

    #[test]
    fn a_noisy_tail_is_no_speech() {
        let sound = [tone(8_000, 4_000), tone(60, 16_000)].concat();
        assert_eq!(Line::new(&sound).expect("speech").speech_ms(), 500);
    }

    #[test]
    fn nothing_said_is_no_line() {
        assert_eq!(Line::new(&[]), None);
        assert_eq!(Line::new(&tone(20, 8_000)), None);
    }
}
