//! Log mel filter bank features, computed as Kaldi's `compute-fbank-feats` does.

use realfft::num_complex::Complex32;
use realfft::{RealFftPlanner, RealToComplex};
use std::sync::Arc;

/// Mel bands in one feature frame.
pub const BANDS: usize = 80;
/// Samples between frames: 10 ms at 16 kHz.
pub const HOP: usize = 160;
/// Samples in one frame: 25 ms at 16 kHz.
pub const WINDOW: usize = 400;
const FFT_SIZE: usize = 512;
const SAMPLE_RATE_HZ: f32 = 16_000.0;
const LOW_HZ: f32 = 20.0;
const HIGH_HZ: f32 = 7_600.0;
const PRE_EMPHASIS: f32 = 0.97;

/// One triangular filter over FFT bins.
struct Band {
    first_bin: usize,
    weights: Vec<f32>,
}

/// The tables and buffers of the transform, shared by all streams of a thread.
pub struct Fbank {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    bands: Vec<Band>,
    frame: Vec<f32>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

impl Default for Fbank {
    fn default() -> Fbank {
        Fbank::new()
    }
}

impl Fbank {
    /// 25 ms frames every 10 ms at 16 kHz, Povey window, 80 bands from 20 to 7600 Hz, no dither.
    pub fn new() -> Fbank {
        let fft = RealFftPlanner::<f32>::new().plan_fft_forward(FFT_SIZE);
        Fbank {
            window: povey_window(),
            bands: mel_bands(),
            frame: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
        }
    }

    /// Turns every whole frame of `samples` (16 kHz, in 16-bit units) into `BANDS` values appended
    /// to `features` and removes from `samples` what no later frame needs.
    pub fn drain(&mut self, samples: &mut Vec<f32>, features: &mut Vec<f32>) {
        let mut at = 0;
        while let Some(frame) = samples.get(at..at + WINDOW) {
            self.one(frame, features);
            at += HOP;
        }
        samples.drain(..at);
    }

    fn one(&mut self, samples: &[f32], features: &mut Vec<f32>) {
        let mean = samples.iter().sum::<f32>() / WINDOW as f32;
        let mut before = samples[0] - mean;
        for (i, &sample) in samples.iter().enumerate() {
            let centred = sample - mean;
            self.frame[i] = (centred - PRE_EMPHASIS * before) * self.window[i];
            before = centred;
        }
        self.frame[WINDOW..].fill(0.0);
        self.fft
            .process_with_scratch(&mut self.frame, &mut self.spectrum, &mut self.scratch)
            .expect("the buffers come from this very plan");
        for band in &self.bands {
            let bins = &self.spectrum[band.first_bin..];
            let energy: f32 = band.weights.iter().zip(bins).map(|(w, c)| w * c.norm_sqr()).sum();
            features.push(energy.max(f32::EPSILON).ln());
        }
    }
}

/// Kaldi's own window: a Hann window to the power of 0.85.
fn povey_window() -> Vec<f32> {
    let step = std::f64::consts::TAU / (WINDOW - 1) as f64;
    (0..WINDOW).map(|i| (0.5 - 0.5 * (step * i as f64).cos()).powf(0.85) as f32).collect()
}

fn mel(hz: f32) -> f32 {
    1127.0 * (1.0 + hz / 700.0).ln()
}

fn mel_bands() -> Vec<Band> {
    let (low, high) = (mel(LOW_HZ), mel(HIGH_HZ));
    let width = (high - low) / (BANDS as f32 + 1.0);
    let band = |index: usize| {
        let left = low + index as f32 * width;
        let (centre, right) = (left + width, left + 2.0 * width);
        let weight = |bin: usize| {
            let at = mel(bin as f32 * SAMPLE_RATE_HZ / FFT_SIZE as f32);
            if at <= centre { (at - left) / width } else { (right - at) / width }
        };
        let bins: Vec<usize> = (0..FFT_SIZE / 2).filter(|&bin| weight(bin) > 0.0).collect();
        Band {
            first_bin: bins.first().copied().unwrap_or(0),
            weights: bins.into_iter().map(weight).collect(),
        }
    };
    (0..BANDS).map(band).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f32, n: usize) -> Vec<f32> {
        let step = std::f32::consts::TAU * hz / SAMPLE_RATE_HZ;
        (0..n).map(|i| 8_000.0 * (step * i as f32).sin()).collect()
    }

    #[test]
    fn a_tone_lights_up_its_band() {
        for hz in [300.0, 1_000.0, 3_000.0, 7_000.0] {
            let (mut samples, mut features) = (tone(hz, WINDOW), Vec::new());
            Fbank::new().drain(&mut samples, &mut features);
            assert_eq!(features.len(), BANDS);
            let loudest = (0..BANDS).max_by(|&a, &b| features[a].total_cmp(&features[b])).unwrap();
            let width = (mel(HIGH_HZ) - mel(LOW_HZ)) / 81.0;
            let expected = (mel(hz) - mel(LOW_HZ)) / width - 1.0;
            assert!((loudest as f32 - expected).abs() <= 1.0, "{hz} Hz: {loudest} {expected}");
        }
    }

    #[test]
    fn streaming_gives_what_the_whole_gives_and_keeps_only_what_is_needed() {
        let all = tone(440.0, 5_000);
        let (mut whole, mut want) = (all.clone(), Vec::new());
        let mut fbank = Fbank::new();
        fbank.drain(&mut whole, &mut want);
        assert_eq!(want.len() / BANDS, (5_000 - WINDOW) / HOP + 1);
        let (mut buffer, mut got) = (Vec::new(), Vec::new());
        for piece in all.chunks(313) {
            buffer.extend_from_slice(piece);
            fbank.drain(&mut buffer, &mut got);
            assert!(buffer.len() < WINDOW);
        }
        assert_eq!(got, want);
    }

    #[test]
    fn silence_is_the_floor() {
        let (mut samples, mut features) = (vec![0.0; WINDOW], Vec::new());
        Fbank::new().drain(&mut samples, &mut features);
        assert!(features.iter().all(|&f| f == f32::EPSILON.ln()));
    }
}
