//! How the sound of a stream without numbers comes into the call: resampled, and through the same
//! jitter buffer as RTP.

use crate::audio::resample::Resampler;
use crate::audio::{FRAME_SAMPLES, SAMPLE_RATE_HZ};
use crate::rtp::{JitterBuffer, RtpHeader};

/// The way of the peer's sound into the call.
pub(super) struct Ears {
    pub(super) jitter: JitterBuffer,
    header: RtpHeader,
    /// The peer sent sound in the step before.
    pub(super) talking: bool,
    resampler: Option<(u32, Resampler)>,
    wide: Vec<f32>,
    narrow: Vec<f32>,
}

impl Ears {
    pub(super) fn new() -> Ears {
        let header =
            RtpHeader { marker: true, payload_type: 0, sequence: 0, timestamp: 0, ssrc: 0 };
        Ears {
            jitter: JitterBuffer::new(),
            header,
            talking: false,
            resampler: None,
            wide: Vec::new(),
            narrow: Vec::new(),
        }
    }

    /// Takes signed 16-bit little-endian samples of any rate; false when it cannot be converted.
    pub(super) fn hear(&mut self, rate_hz: u32, pcm: &[u8]) -> bool {
        let samples = pcm.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]]));
        self.narrow.clear();
        if rate_hz == SAMPLE_RATE_HZ {
            self.narrow.extend(samples.map(f32::from));
        } else {
            if self.resampler.as_ref().is_none_or(|(rate, _)| *rate != rate_hz) {
                let Ok(made) = Resampler::new(rate_hz, SAMPLE_RATE_HZ) else { return false };
                self.resampler = Some((rate_hz, made));
            }
            self.wide.clear();
            self.wide.extend(samples.map(f32::from));
            if let Some((_, resampler)) = &mut self.resampler {
                resampler.push(&self.wide, &mut self.narrow);
            }
        }
        for piece in self.narrow.chunks(FRAME_SAMPLES) {
            let mut frame = [0; FRAME_SAMPLES];
            for (sample, &value) in frame.iter_mut().zip(piece) {
                *sample = value.round() as i16; // saturates
            }
            // the stream has no numbers of its own: it is always the next one
            self.header.marker = !std::mem::replace(&mut self.talking, true);
            self.jitter.insert_samples(&self.header, &frame[..piece.len()]);
            self.header.sequence = self.header.sequence.wrapping_add(1);
            self.header.timestamp = self.header.timestamp.wrapping_add(piece.len() as u32);
        }
        true
    }
}
