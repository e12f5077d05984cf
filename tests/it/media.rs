//! Legs over real sockets on loopback, stepped without waiting for anything.

mod audiosocket;
mod rtp;

use spillway::audio::AudioFrame;
use spillway::leg::{Leg, LegEvent};

/// 20 ms of a tone, the `step`th of it.
fn tone(hz: f32, amplitude: f32, step: usize) -> AudioFrame {
    let mut frame = AudioFrame::SILENCE;
    for (i, sample) in frame.0.iter_mut().enumerate() {
        let t = (step * 160 + i) as f32 / 8000.0;
        *sample = (amplitude * (std::f32::consts::TAU * hz * t).sin()) as i16;
    }
    frame
}

/// One step with silence.
fn quiet_step(leg: &mut dyn Leg, events: &mut Vec<LegEvent>) -> AudioFrame {
    leg.exchange(&AudioFrame::SILENCE, events)
}
