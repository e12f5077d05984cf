//! Tones: the signal before a message, and what is heard when no voice can speak.

use super::SAMPLE_RATE_HZ;
use std::f32::consts::{PI, TAU};

/// -12 dBFS: below speech, so that it does not startle an ear held close.
const AMPLITUDE: f32 = 8_230.0;
/// Rise and fall: a sharp edge clicks, and a click wakes voice activity detectors.
const EDGE_MS: u32 = 10;

/// A sine of `hz` for `ms` at 8 kHz with a peak of -12 dBFS and soft edges; silence where 8 kHz
/// cannot hold the frequency.
pub fn tone(hz: u16, ms: u16) -> Vec<i16> {
    let samples = u32::from(ms) * SAMPLE_RATE_HZ / 1000;
    if !(1..SAMPLE_RATE_HZ / 2).contains(&u32::from(hz)) {
        return vec![0; samples as usize];
    }
    let edge = (EDGE_MS * SAMPLE_RATE_HZ / 1000).min(samples / 2).max(1);
    (0..samples)
        .map(|n| {
            // The phase is counted in whole cycles first: f32 loses it after some seconds.
            let cycle = n * u32::from(hz) % SAMPLE_RATE_HZ;
            let wave = (TAU * cycle as f32 / SAMPLE_RATE_HZ as f32).sin();
            let inside = n.min(samples - 1 - n).min(edge);
            let gain = (1.0 - (PI * inside as f32 / edge as f32).cos()) / 2.0;
            (AMPLITUDE * gain * wave).round() as i16
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::{dbfs, peak};

    #[test]
    fn a_tone_has_its_length_level_pitch_and_soft_edges() {
        fn check(hz: u16, ms: u16) {
            let sound = tone(hz, ms);
            assert_eq!(sound.len(), usize::from(ms) * 8);
            let level = dbfs(f32::from(peak(&sound)));
            assert!((-12.5..=-11.9).contains(&level), "{hz} Hz: {level} dBFS");
            assert!(peak(&sound[..8]) < 400, "{hz} Hz begins with a click");
            assert!(peak(&sound[sound.len() - 8..]) < 400, "{hz} Hz ends with a click");
            let rises = sound.windows(2).filter(|w| w[0] < 0 && w[1] >= 0).count();
            let due = usize::from(hz) * usize::from(ms) / 1000;
            assert!(rises.abs_diff(due) <= 2, "{hz} Hz for {ms} ms: {rises} cycles, not {due}");
        }
        check(440, 300);
        check(1_400, 500);
        check(425, 60_000);
    }

    #[test]
    fn tones_that_cannot_be_are_silence() {
        assert!(tone(440, 0).is_empty());
        assert_eq!(tone(0, 10), [0; 80]);
        assert_eq!(tone(4_000, 10), [0; 80]);
        assert_eq!(tone(440, 1).len(), 8);
    }
}
