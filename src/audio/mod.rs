//! Audio as the whole house sees it: mono, 16-bit, 8 kHz, in frames of 20 ms.

use crate::time::MediaTime;

pub mod g711;
pub mod history;
pub mod level;
pub mod loudness;
pub mod resample;
pub mod tone;

/// Samples a second inside the house; engines resample for themselves.
pub const SAMPLE_RATE_HZ: u32 = 8_000;
/// Samples in one frame.
pub const FRAME_SAMPLES: usize = 160;
/// Milliseconds in one frame.
pub const FRAME_MS: u64 = 20;

/// 20 ms of mono sound: 160 samples of 16 bits at 8 kHz.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AudioFrame(pub [i16; FRAME_SAMPLES]);

impl AudioFrame {
    /// Digital silence.
    pub const SILENCE: AudioFrame = AudioFrame([0; FRAME_SAMPLES]);

    /// The frame's samples.
    pub fn samples(&self) -> &[i16; FRAME_SAMPLES] {
        &self.0
    }

    /// A frame of up to 160 samples, the rest silence.
    pub fn padded(samples: &[i16]) -> AudioFrame {
        let mut frame = AudioFrame::SILENCE;
        let n = samples.len().min(FRAME_SAMPLES);
        frame.0[..n].copy_from_slice(&samples[..n]);
        frame
    }
}

impl Default for AudioFrame {
    fn default() -> Self {
        AudioFrame::SILENCE
    }
}

impl std::fmt::Debug for AudioFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AudioFrame(peak {})", level::peak(&self.0))
    }
}

/// The span of one frame in media time.
pub const FRAME: MediaTime = MediaTime(FRAME_SAMPLES as u64);
