//! How loud a line is while its caller is silent: other people, a television, the street.

use crate::audio::{AudioFrame, FRAME_SAMPLES};

/// Frames that one level is the mean of: a last loud one counts for as long as the voice detector
/// hangs on.
const FRAMES: usize = 6;
/// Levels that the floor is looked for in: those of the last 10 s. Nobody talks for so long without
/// a breath; who did would be their own floor.
const LEVELS: usize = 84;
/// The quietest levels may be drop-outs of the line; the floor is the one above so many.
const DROP_OUTS: usize = 2;
/// Below the step of a G.711 coder there is nothing to tell apart (power, squared sample units).
const POWER_MIN: f32 = 64.0;

/// Minimum statistics over the frames' powers (after R. Martin, "Noise power spectral density
/// estimation based on optimal smoothing and minimum statistics", 2001, in one band).
#[derive(Debug, Clone)]
pub(super) struct NoiseFloor {
    powers: [f32; FRAMES],
    levels: [f32; LEVELS],
    frames: usize,
    floor: f32,
}

impl NoiseFloor {
    /// Of a line that was not listened to yet.
    pub(super) fn new() -> NoiseFloor {
        let (powers, levels) = ([0.0; FRAMES], [0.0; LEVELS]);
        NoiseFloor { powers, levels, frames: 0, floor: POWER_MIN }
    }

    /// Takes in the next frame and tells how many times the floor's power the last 120 ms have.
    pub(super) fn ratio(&mut self, frame: &AudioFrame) -> f32 {
        let energy: i64 = frame.samples().iter().map(|&s| i64::from(i32::from(s).pow(2))).sum();
        self.powers[self.frames % FRAMES] = energy as f32 / FRAME_SAMPLES as f32;
        self.frames += 1;
        let level = self.powers.iter().sum::<f32>() / FRAMES as f32;
        if self.frames.is_multiple_of(FRAMES) {
            self.levels[(self.frames / FRAMES - 1) % LEVELS] = level;
            self.floor = self.lowest().max(POWER_MIN);
        }
        level / self.floor
    }

    fn lowest(&self) -> f32 {
        let mut levels = self.levels;
        *levels.select_nth_unstable_by(DROP_OUTS, f32::total_cmp).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds frames of square waves, `(amplitude, frames)`, and tells the last ratio in dB.
    fn check(runs: &[(i16, usize)], want_db: f32) {
        let mut floor = NoiseFloor::new();
        let mut ratio = 0.0;
        for &(amplitude, frames) in runs {
            for _ in 0..frames {
                ratio = floor.ratio(&AudioFrame([amplitude; FRAME_SAMPLES]));
            }
        }
        let got_db = 10.0 * ratio.log10();
        assert!((got_db - want_db).abs() < 0.1, "{runs:?}: {got_db} dB, want {want_db}");
    }

    #[test]
    fn stands_where_the_line_is_quietest() {
        // Nothing is known of a line that was not heard for 10 s.
        check(&[(1_000, 10)], 41.9);
        check(&[(100, 600)], 0.0);
        check(&[(100, 600), (1_000, 50)], 20.0);
        // Through a long talk without any pause the caller becomes the floor.
        check(&[(100, 600), (1_000, 504)], 0.0);
        // A drop-out is no floor, silence is.
        check(&[(100, 600), (0, 12), (1_000, 50)], 20.0);
        check(&[(100, 600), (0, 100), (1_000, 50)], 41.9);
    }
}
