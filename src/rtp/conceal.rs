//! Loss concealment for G.711, after ITU-T G.711 Appendix I: the last pitch periods are repeated,
//! faded out within 60 ms, and blended into what is heard next.
//!
//! Unlike the appendix it delays nothing: where the appendix overlaps into samples held back for
//! 3.75 ms, a jump in the waveform is spread out here by a ramp that decays over a quarter period.

const HISTORY: usize = 390;
/// Pitch periods searched, samples: 200 to 66 Hz.
const PERIODS: std::ops::RangeInclusive<usize> = 40..=120;
/// Samples compared in the search: 20 ms.
const TEMPLATE: usize = 160;
/// 10 ms: the appendix' unit; the repetition is at full level in the first.
const UNIT: usize = 80;
/// From full level to silence in 50 ms more.
const LOST_FADE: f32 = 1.0 / (5 * UNIT) as f32;
/// From full level to silence when the far end stopped sending on purpose.
const REST_FADE: f32 = 1.0 / UNIT as f32;

/// Fills the holes of one stream of samples and smooths their edges.
#[derive(Debug, Clone)]
pub struct Concealer {
    /// The last samples put out.
    history: [i16; HISTORY],
    /// `history` as it was when the hole began.
    frozen: [i16; HISTORY],
    /// Samples of the running hole; 0 outside.
    lost: usize,
    period: usize,
    at: usize,
    /// The jump being spread out, what is left of it, and over how many samples.
    jump: f32,
    jump_left: usize,
    jump_over: usize,
    last_raw: f32,
    gain: f32,
    fade_left: usize,
    fade_over: usize,
}

impl Default for Concealer {
    fn default() -> Self {
        Concealer::new()
    }
}

impl Concealer {
    /// A concealer that has heard silence.
    pub fn new() -> Concealer {
        Concealer {
            history: [0; HISTORY],
            frozen: [0; HISTORY],
            lost: 0,
            period: *PERIODS.end(),
            at: HISTORY,
            jump: 0.0,
            jump_left: 0,
            jump_over: 1,
            last_raw: 0.0,
            gain: 0.0,
            fade_left: 0,
            fade_over: 1,
        }
    }

    /// Samples that were received; their beginning is blended with the end of a hole before them.
    pub fn heard(&mut self, run: &mut [i16]) {
        if self.lost > 0 {
            // 4 ms and 4 more for every 10 ms lost, 10 ms at most
            self.fade_over = (32 + 32 * (self.lost / UNIT)).min(UNIT);
            self.fade_left = self.fade_over;
            self.lost = 0;
        }
        for sample in run.iter_mut() {
            if self.fade_left == 0 {
                break;
            }
            let synthetic = self.gain * self.next_raw();
            let weight = self.fade_left as f32 / (self.fade_over + 1) as f32;
            *sample = clip(weight * synthetic + (1.0 - weight) * f32::from(*sample));
            self.fade_left -= 1;
        }
        self.remember(run);
    }

    /// A hole: overwrites `run` with the sound's likely continuation.
    pub fn lost(&mut self, run: &mut [i16]) {
        self.fill(run, |lost| if lost < UNIT { 0.0 } else { LOST_FADE });
    }

    /// The far end stopped sending on purpose: overwrites `run` with silence, softly.
    pub fn rest(&mut self, run: &mut [i16]) {
        self.fill(run, |_| REST_FADE);
    }

    fn fill(&mut self, run: &mut [i16], fade: impl Fn(usize) -> f32) {
        if self.lost == 0 {
            self.begin();
        }
        for sample in run.iter_mut() {
            *sample = clip(self.gain * self.next_raw());
            self.gain = (self.gain - fade(self.lost)).max(0.0);
            self.lost += 1;
        }
        self.remember(run);
    }

    fn begin(&mut self) {
        self.frozen = self.history;
        self.period = pitch_period(&self.history);
        self.at = HISTORY;
        self.last_raw = f32::from(self.history[HISTORY - 1]);
        self.gain = 1.0;
        self.jump_left = 0;
        self.fade_left = 0;
    }

    /// The next sample of the repetition: one period in the first 10 ms, then two, then three, so
    /// that it does not buzz.
    fn next_raw(&mut self) -> f32 {
        if self.gain == 0.0 {
            return 0.0;
        }
        if self.at >= HISTORY {
            let periods = (1 + self.lost / UNIT).min(3);
            self.at = HISTORY - periods * self.period;
            self.jump = self.last_raw - f32::from(self.frozen[self.at - 1]);
            self.jump_over = self.period / 4;
            self.jump_left = self.jump_over;
        }
        let ramp = self.jump * self.jump_left as f32 / self.jump_over as f32;
        self.jump_left = self.jump_left.saturating_sub(1);
        self.last_raw = f32::from(self.frozen[self.at]) + ramp;
        self.at += 1;
        self.last_raw
    }

    fn remember(&mut self, run: &[i16]) {
        let run = &run[run.len().saturating_sub(HISTORY)..];
        self.history.copy_within(run.len().., 0);
        self.history[HISTORY - run.len()..].copy_from_slice(run);
    }
}

fn clip(sample: f32) -> i16 {
    sample.round() as i16 // saturates
}

/// The lag at which the newest 20 ms look most like what came before them.
fn pitch_period(history: &[i16; HISTORY]) -> usize {
    let start = HISTORY - TEMPLATE;
    let mut best = (0.0, *PERIODS.end());
    for lag in PERIODS {
        let (mut product, mut energy) = (0.0f32, 1.0f32);
        for at in start..HISTORY {
            let (now, then) = (f32::from(history[at]), f32::from(history[at - lag]));
            product += now * then;
            energy += then * then;
        }
        let likeness = product / energy.sqrt();
        if likeness > best.0 {
            best = (likeness, lag);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hz: f32, from: usize, n: usize) -> Vec<i16> {
        let turn = std::f32::consts::TAU * hz / 8000.0;
        (from..from + n).map(|i| (8000.0 * (turn * i as f32).sin()) as i16).collect()
    }

    fn steepest(samples: &[i16]) -> i32 {
        samples.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs()).max().unwrap()
    }

    // 100 ms of a tone, `lost` samples of hole, 100 ms of the tone again
    fn with_hole(hz: f32, phase: usize, lost: usize) -> Vec<i16> {
        let mut concealer = Concealer::new();
        let mut out = Vec::new();
        for (from, n, gone) in
            [(phase, 800, false), (phase + 800, lost, true), (phase + 800 + lost, 800, false)]
        {
            for run in sine(hz, from, n).chunks_mut(160) {
                if gone {
                    concealer.lost(run)
                } else {
                    concealer.heard(run)
                }
                out.extend_from_slice(run);
            }
        }
        out
    }

    #[test]
    fn short_holes_are_hardly_noticed() {
        for hz in [100.0, 130.0, 180.0] {
            for phase in [0, 13, 29, 47] {
                let out = with_hole(hz, phase, 80);
                let clean = sine(hz, phase, out.len());
                let error: f64 = out[800..880]
                    .iter()
                    .zip(&clean[800..880])
                    .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
                    .sum();
                let power: f64 = clean[800..880].iter().map(|s| f64::from(*s).powi(2)).sum();
                let snr_db = 10.0 * (power / error.max(1.0)).log10();
                assert!(snr_db > 15.0, "{hz} Hz, phase {phase}: {snr_db:.1} dB");
            }
        }
    }

    #[test]
    fn no_clicks_at_the_seams() {
        for hz in [90.0, 143.0, 210.0, 333.0] {
            let natural = steepest(&sine(hz, 0, 800));
            for lost in [40, 80, 160, 320, 480, 960] {
                for phase in 0..20 {
                    let out = with_hole(hz, phase * 7, lost);
                    // 330 is the slope of the 10 ms blend at full level
                    let allowed = natural + natural / 2 + 330;
                    let got = steepest(&out[800 - 160..]);
                    assert!(got <= allowed, "{hz} Hz, {lost} lost: {got} > {allowed}");
                }
            }
        }
    }

    #[test]
    fn silent_after_60_ms() {
        let out = with_hole(150.0, 0, 1600);
        assert!(out[800..900].iter().any(|s| s.unsigned_abs() > 4000));
        assert!(out[800 + 480..800 + 1600].iter().all(|&s| s == 0));
    }

    #[test]
    fn rest_is_silent_after_10_ms() {
        let mut concealer = Concealer::new();
        concealer.heard(&mut sine(150.0, 0, 160));
        let mut run = [9; 160];
        concealer.rest(&mut run);
        assert!(run[UNIT..].iter().all(|&s| s == 0) && run[..40].iter().any(|&s| s != 0));
    }

    #[test]
    fn nothing_before_the_first_sound() {
        let mut concealer = Concealer::new();
        let mut run = [9; 160];
        concealer.lost(&mut run);
        assert_eq!(run, [0; 160]);
    }

    #[test]
    fn nothing_lost_nothing_changed() {
        let mut concealer = Concealer::new();
        let clean = sine(440.0, 0, 1600);
        let mut out = clean.clone();
        out.chunks_mut(160).for_each(|run| concealer.heard(run));
        assert_eq!(out, clean);
    }
}
