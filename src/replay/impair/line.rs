//! One call's line: each frame through noise, gain and network.

use super::Impairment;
use super::network::{Network, NetworkStats};
use super::noise::Bed;
use crate::audio::AudioFrame;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;

/// The level a caller is taken to speak at who does not: -26 dBFS, as ITU-T P.56 is used to
/// level speech for tests.
const SPEECH_RMS: f32 = 1_642.0;

/// A line that does to each frame of one call what [`Impairment`] says.
pub struct ImpairedLine {
    noise: Option<Bed>,
    gain: f32,
    network: Network,
}

impl ImpairedLine {
    pub(super) fn new(
        impairment: &Impairment,
        seed: u64,
        speech: f32,
        voices: &Arc<[i16]>,
    ) -> ImpairedLine {
        // Two sources of chance: the network does the same with and without noise.
        let mut chance = StdRng::seed_from_u64(seed);
        let network = Network::new(impairment, StdRng::from_rng(&mut chance));
        let noise = impairment.noise.as_ref().map(|(source, snr_db)| {
            let sound = source.sound(voices, &mut chance);
            let start = chance.random_range(0..sound.len().max(1));
            let speech = if speech > 0.0 { speech } else { SPEECH_RMS };
            Bed::new(sound, start, speech * ratio(-snr_db))
        });
        ImpairedLine { noise, gain: ratio(impairment.gain_db), network }
    }

    /// What is heard while the caller's side is `frame`: at the jitter buffer's distance behind it,
    /// and at that of the longest delay.
    pub fn frame(&mut self, frame: &AudioFrame) -> AudioFrame {
        let mut sound = |sample: i16| {
            let noise = self.noise.as_mut().map_or(0.0, Bed::next);
            // The conversion clips.
            ((f32::from(sample) + noise) * self.gain).round() as i16
        };
        self.network.exchange(&AudioFrame(frame.0.map(&mut sound)))
    }

    /// What the network did so far.
    pub fn stats(&self) -> NetworkStats {
        self.network.stats()
    }
}

/// Decibels as a factor of amplitude.
fn ratio(db: f32) -> f32 {
    10f32.powf(db / 20.0)
}
