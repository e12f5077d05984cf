//! Voiced or not, frame by frame.

use super::noise_floor::NoiseFloor;
use crate::audio::{AudioFrame, SAMPLE_RATE_HZ};
use webrtc_vad::{SampleRate, Vad, VadMode};

/// How far above the line's floor the caller is, as a ratio of powers (7 dB): what is less loud is
/// somebody else. Measured with babble of eight voices 15 and 10 dB below the caller's: at 6 dB it
/// still makes a turn and a half of its own in each call, at 8 and 10 dB more of the caller's own
/// answers are lost.
const ABOVE_FLOOR: f32 = 5.0;

/// The WebRTC voice activity detector over 20 ms frames at 8 kHz, deaf to speech that goes on
/// behind the caller: people around, a television.
pub struct VoiceActivity {
    vad: Vad,
    floor: NoiseFloor,
}

// SAFETY: `Vad` owns one heap-allocated `Fvad` that nothing else points to; libfvad keeps no
// thread-local or global state, so the value may move between threads (it is not shared: no Sync).
#[allow(unsafe_code)]
unsafe impl Send for VoiceActivity {}

impl VoiceActivity {
    /// A detector at the "aggressive" setting: telephone noise is mostly not speech to it.
    pub fn new() -> VoiceActivity {
        debug_assert_eq!(SAMPLE_RATE_HZ, 8_000);
        VoiceActivity {
            vad: Vad::new_with_rate_and_mode(SampleRate::Rate8kHz, VadMode::Aggressive),
            floor: NoiseFloor::new(),
        }
    }

    /// True when the frame holds the caller's speech. Digital silence is never speech.
    pub fn is_voiced(&mut self, frame: &AudioFrame) -> bool {
        let is_near = self.floor.ratio(frame) >= ABOVE_FLOOR;
        self.vad.is_voice_segment(frame.samples()).unwrap_or(false) && is_near
    }
}

impl Default for VoiceActivity {
    fn default() -> Self {
        Self::new()
    }
}
