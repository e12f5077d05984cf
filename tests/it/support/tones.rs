//! Sounds that can be told apart again after a telephone line.

use spillway::audio::level::rms;
use spillway::audio::{AudioFrame, FRAME_SAMPLES};
use std::f32::consts::TAU;

const LOUD: f32 = 6_000.0;

/// The `n`-th frame of an endless tone.
pub fn tone(hz: u16, n: usize) -> AudioFrame {
    AudioFrame(std::array::from_fn(|i| {
        let t = (n * FRAME_SAMPLES + i) as f32 / 8_000.0;
        (LOUD * (TAU * f32::from(hz) * t).sin()) as i16
    }))
}

/// How much of a frame's power is in a tone of `hz`, 0 to 1; 0 in near silence.
pub fn share(frame: &[i16], hz: u16) -> f32 {
    let level = rms(frame);
    if level < 200.0 {
        return 0.0;
    }
    let (mut re, mut im) = (0.0, 0.0);
    for (i, &sample) in frame.iter().enumerate() {
        let phase = TAU * f32::from(hz) * i as f32 / 8_000.0;
        re += f32::from(sample) * phase.cos();
        im += f32::from(sample) * phase.sin();
    }
    let n = frame.len() as f32;
    let power = 2.0 * (re * re + im * im) / (n * n);
    (power / (level * level)).min(1.0)
}

/// True when a frame is little else than a tone of `hz`.
pub fn is_tone(frame: &[i16], hz: u16) -> bool {
    share(frame, hz) > 0.8
}
