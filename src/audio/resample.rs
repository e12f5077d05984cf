//! Changing the sampling rate: rubato's FFT resampler, band-limited both ways.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _};

/// Rates that make sense for sound; a file or a header that says otherwise is broken.
const RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=192_000;

/// A sampling rate that no sound has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sampling rate of {0} Hz: 4000 to 192000 can be converted")]
pub struct RateError(pub u32);

/// A stream of mono samples taken from one rate to another.
///
/// The filter's delay is cut from the front and made up at [`Resampler::finish`], so sound stays
/// at its time and `n` samples become `round(n * to / from)`. It works in blocks of 20 ms (or the
/// least even number of samples that both rates divide, where that is more): pushing whole blocks,
/// the output lags the input by half a block.
pub struct Resampler {
    from_hz: u32,
    to_hz: u32,
    /// Absent when both rates are the same.
    fft: Option<Fft<f32>>,
    pending: Vec<f32>,
    block: Vec<f32>,
    delay_left: usize,
    taken: u64,
    given: u64,
}

impl Resampler {
    /// A resampler at the start of a stream.
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Resampler, RateError> {
        for rate in [from_hz, to_hz] {
            if !RATES_HZ.contains(&rate) {
                return Err(RateError(rate));
            }
        }
        let mut resampler = Resampler {
            from_hz,
            to_hz,
            fft: None,
            pending: Vec::new(),
            block: Vec::new(),
            delay_left: 0,
            taken: 0,
            given: 0,
        };
        if from_hz != to_hz {
            let (from, to) = (from_hz as usize, to_hz as usize);
            let fft = Fft::new(from, to, block_samples(from, to), 1, FixedSync::Both)
                .map_err(|_| RateError(from_hz))?;
            resampler.block = vec![0.0; fft.output_frames_max()];
            resampler.delay_left = fft.output_delay();
            resampler.fft = Some(fft);
        }
        Ok(resampler)
    }

    /// Takes `samples` (any number) and appends to `out` what is ready.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        self.taken += samples.len() as u64;
        let before = out.len();
        self.convert(samples, out);
        self.given += (out.len() - before) as u64;
    }

    /// Appends the rest of the stream to `out`; the next push begins another stream.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        let (from, to) = (u64::from(self.from_hz), u64::from(self.to_hz));
        let due = (self.taken * to + from / 2) / from;
        let mut missing = due.saturating_sub(self.given) as usize;
        while missing > 0 {
            let Some(fft) = &self.fft else { break };
            let silence = vec![0.0; fft.input_frames_next()];
            let mut tail = Vec::new();
            self.convert(&silence, &mut tail);
            tail.truncate(missing);
            missing -= tail.len();
            out.append(&mut tail);
        }
        self.pending.clear();
        (self.taken, self.given) = (0, 0);
        if let Some(fft) = &mut self.fft {
            fft.reset();
            self.delay_left = fft.output_delay();
        }
    }

    fn convert(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        let Some(fft) = &mut self.fft else {
            out.extend_from_slice(samples);
            return;
        };
        self.pending.extend_from_slice(samples);
        let mut at = 0;
        while let Some(input) = self.pending.get(at..at + fft.input_frames_next()) {
            let same = "one channel, and the sizes it asked for";
            let from = InterleavedSlice::new(input, 1, input.len()).expect(same);
            let frames = self.block.len();
            let mut to = InterleavedSlice::new_mut(&mut self.block, 1, frames).expect(same);
            let (took, gave) = fft.process_into_buffer(&from, &mut to, None).expect(same);
            let skip = self.delay_left.min(gave);
            self.delay_left -= skip;
            out.extend_from_slice(&self.block[skip..gave]);
            at += took;
        }
        self.pending.drain(..at);
    }
}

/// 20 ms at `from_hz`, as a whole and even number of the least blocks that both rates divide: the
/// filter's delay is half a block, and half of an odd block (441 at 22050 Hz) falls between two
/// samples, which shifts the sound.
fn block_samples(from_hz: usize, to_hz: usize) -> usize {
    let (mut divisor, mut rest) = (from_hz, to_hz);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    let least = from_hz / divisor;
    let even = if least.is_multiple_of(2) { least } else { 2 * least };
    (from_hz / 50).next_multiple_of(even)
}

/// All of `samples` from one rate to another: `round(n * to / from)` of them, at their time.
pub fn resample(samples: &[f32], from_hz: u32, to_hz: u32) -> Result<Vec<f32>, RateError> {
    let mut resampler = Resampler::new(from_hz, to_hz)?;
    let mut out = Vec::with_capacity(
        (samples.len() as u64 * u64::from(to_hz) / u64::from(from_hz)) as usize + 1,
    );
    resampler.push(samples, &mut out);
    resampler.finish(&mut out);
    Ok(out)
}

/// 16-bit samples as -1..1.
pub fn to_f32(samples: &[i16]) -> Vec<f32> {
    samples.iter().map(|&s| f32::from(s) / 32_768.0).collect()
}

/// Samples of -1..1 as 16 bits, rounded; louder ones are clipped.
pub fn to_i16(samples: &[f32]) -> Vec<i16> {
    samples.iter().map(|s| (s * 32_768.0).round() as i16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::{dbfs, rms};
    use proptest::prelude::*;
    use std::f32::consts::TAU;

    fn sine(hz: f32, rate_hz: u32, samples: usize) -> Vec<f32> {
        (0..samples).map(|n| 0.5 * (TAU * hz * n as f32 / rate_hz as f32).sin()).collect()
    }

    /// The difference of two signals in their middle (a filter rings at sharp ends), in dBFS.
    fn error_dbfs(a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len());
        let edge = a.len() / 8;
        let inner = edge..a.len() - edge;
        let difference: Vec<f32> = inner.map(|n| a[n] - b[n]).collect();
        dbfs(rms(&to_i16(&difference)))
    }

    #[test]
    fn a_tone_keeps_its_pitch_level_and_time() {
        fn check(from_hz: u32, to_hz: u32, tone_hz: f32) {
            let sound = resample(&sine(tone_hz, from_hz, from_hz as usize), from_hz, to_hz);
            let error = error_dbfs(&sound.unwrap(), &sine(tone_hz, to_hz, to_hz as usize));
            assert!(error < -60.0, "{from_hz} -> {to_hz} at {tone_hz} Hz: {error} dBFS");
        }
        for from_hz in [11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000] {
            check(from_hz, 8_000, 300.0);
            check(from_hz, 8_000, 3_000.0);
        }
        check(8_000, 16_000, 300.0);
        check(8_000, 16_000, 3_000.0);
        check(16_000, 48_000, 3_000.0);
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_is_gone() {
        fn check(from_hz: u32, to_hz: u32, tone_hz: f32) {
            let sound = resample(&sine(tone_hz, from_hz, from_hz as usize), from_hz, to_hz);
            let sound = sound.unwrap();
            let level = error_dbfs(&sound, &vec![0.0; sound.len()]);
            assert!(level < -70.0, "{from_hz} -> {to_hz} at {tone_hz} Hz: {level} dBFS");
        }
        for tone_hz in [4_400.0, 5_000.0, 7_700.0] {
            check(22_050, 8_000, tone_hz);
            check(44_100, 8_000, tone_hz);
            check(48_000, 8_000, tone_hz);
            check(16_000, 8_000, tone_hz);
        }
    }

    #[test]
    fn a_frame_of_8_khz_gives_a_frame_of_16_khz_at_once() {
        let mut resampler = Resampler::new(8_000, 16_000).unwrap();
        let mut out = Vec::new();
        resampler.push(&[0.1; 160], &mut out);
        assert_eq!(out.len(), 160, "half a block is the filter's delay");
        resampler.push(&[0.1; 160], &mut out);
        assert_eq!(out.len(), 160 + 320);
        resampler.finish(&mut out);
        assert_eq!(out.len(), 640);
    }

    #[test]
    fn a_finished_resampler_begins_again() {
        let mut resampler = Resampler::new(22_050, 8_000).unwrap();
        let sound = sine(700.0, 22_050, 5_000);
        let (mut first, mut second) = (Vec::new(), Vec::new());
        resampler.push(&sound, &mut first);
        resampler.finish(&mut first);
        resampler.push(&sound, &mut second);
        resampler.finish(&mut second);
        assert_eq!(first, second);
    }

    #[test]
    fn rates_that_no_sound_has_are_refused() {
        assert_eq!(resample(&[0.0], 0, 8_000), Err(RateError(0)));
        assert_eq!(resample(&[0.0], 8_000, 4_000_000_000), Err(RateError(4_000_000_000)));
        assert_eq!(resample(&[], 44_100, 8_000), Ok(vec![]));
    }

    #[test]
    fn sixteen_bits_there_and_back_are_the_same() {
        let all = [i16::MIN, -1, 0, 1, i16::MAX];
        assert_eq!(to_i16(&to_f32(&all)), all);
        assert_eq!(to_i16(&[2.0, -2.0, f32::NAN]), [i16::MAX, i16::MIN, 0]);
    }

    proptest! {
        #[test]
        fn however_a_stream_is_cut_it_sounds_the_same(
            cuts in prop::collection::vec(0_usize..700, 0..12),
            rates in prop::sample::select(vec![
                (8_000_u32, 16_000_u32), (22_050, 8_000), (44_100, 8_000), (8_000, 8_000),
                (11_025, 8_000),
            ]),
        ) {
            let (from_hz, to_hz) = rates;
            let sound = sine(440.0, from_hz, cuts.iter().sum());
            let whole = resample(&sound, from_hz, to_hz).unwrap();
            let due = sound.len() as f64 * f64::from(to_hz) / f64::from(from_hz);
            prop_assert_eq!(whole.len(), due.round() as usize);
            let mut resampler = Resampler::new(from_hz, to_hz).unwrap();
            let (mut pieces, mut at) = (Vec::new(), 0);
            for cut in cuts {
                resampler.push(&sound[at..at + cut], &mut pieces);
                at += cut;
            }
            resampler.finish(&mut pieces);
            prop_assert_eq!(whole, pieces);
        }
    }
}
