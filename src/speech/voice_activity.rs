//! Voiced or not, frame by frame.

use crate::audio::{AudioFrame, SAMPLE_RATE_HZ};
use webrtc_vad::{SampleRate, Vad, VadMode};

/// The WebRTC voice activity detector over 20 ms frames at 8 kHz.
pub struct VoiceActivity {
    vad: Vad,
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
        }
    }

    /// True when the frame holds speech. Digital silence is never speech.
    pub fn is_voiced(&mut self, frame: &AudioFrame) -> bool {
        self.vad.is_voice_segment(frame.samples()).unwrap_or(false)
    }
}

impl Default for VoiceActivity {
    fn default() -> Self {
        Self::new()
    }
}
