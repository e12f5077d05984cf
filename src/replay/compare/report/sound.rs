//! The sound around a moment of a recording, small enough to stand in a page.

use crate::audio::g711::encode_mulaw;
use crate::audio::{AudioFrame, FRAME_MS, SAMPLE_RATE_HZ};
use crate::call::Input;
use crate::journal::{Entry, Reader};
use crate::seal::Keys;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::path::Path;

/// How much is heard of what led there.
const BEFORE_MS: u64 = 6_000;
/// And of what came of it.
const AFTER_MS: u64 = 10_000;
/// The format's tag for mu-law (RFC 2361).
const WAVE_FORMAT_MULAW: u16 = 7;

/// Some seconds of a recording, both sides in one.
pub(super) struct Clip {
    /// Where it begins in the recording, in milliseconds.
    pub(super) from_ms: u64,
    /// Where it ends.
    pub(super) to_ms: u64,
    /// A wav, 8 kHz mu-law, as a `data:` address.
    pub(super) address: String,
}

/// Cuts it out of the recording beside `journal`, sealed or not; the error says why there is none.
pub(super) fn clip(journal: &Path, keys: Option<&Keys>, moment_ms: u64) -> Result<Clip, String> {
    let mut reader = Reader::open(journal, keys).map_err(|e| e.to_string())?;
    if !reader.has_sound() {
        return Err("the recording is not there: the caller declined it, or it was removed".into());
    }
    let from_ms = moment_ms.saturating_sub(BEFORE_MS) / FRAME_MS * FRAME_MS;
    let mut at_ms = 0;
    let mut sound = Vec::new();
    while at_ms < moment_ms + AFTER_MS {
        let Some(record) = reader.next() else { break };
        let record = record.map_err(|e| e.to_string())?;
        if let Entry::In(Input::Audio(heard)) = record.entry {
            if at_ms >= from_ms {
                mix(&heard, reader.said(), &mut sound);
            }
            at_ms += FRAME_MS;
        }
    }
    if sound.is_empty() {
        return Err(format!("the recording ends {:.1} s after answer", at_ms as f64 / 1e3));
    }
    let address = format!("data:audio/wav;base64,{}", STANDARD.encode(wav(&sound)));
    Ok(Clip { from_ms, to_ms: at_ms, address })
}

fn mix(heard: &AudioFrame, said: &AudioFrame, sound: &mut Vec<u8>) {
    let both = heard.samples().iter().zip(said.samples());
    sound.extend(both.map(|(left, right)| encode_mulaw(left.saturating_add(*right))));
}

/// A wav of mu-law octets; the library that writes the recordings knows linear samples only.
fn wav(octets: &[u8]) -> Vec<u8> {
    let length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
    let rate = SAMPLE_RATE_HZ.to_le_bytes();
    let format = [
        &18u32.to_le_bytes()[..],
        &WAVE_FORMAT_MULAW.to_le_bytes(),
        &1u16.to_le_bytes(), // channel
        &rate,
        &rate,               // bytes a second
        &1u16.to_le_bytes(), // bytes of a sample
        &8u16.to_le_bytes(), // bits of a sample
        &0u16.to_le_bytes(), // nothing more
    ]
    .concat();
    let count = [&4u32.to_le_bytes()[..], &length.to_le_bytes()].concat();
    let pad = &[0][..octets.len() % 2];
    let chunks = [b"WAVEfmt ", &format[..], b"fact", &count, b"data", &length.to_le_bytes()];
    let body = [&chunks.concat(), octets, pad].concat();
    let size = u32::try_from(body.len()).unwrap_or(u32::MAX);
    [b"RIFF", &size.to_le_bytes()[..], &body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wav_of_mu_law() {
        let wav = wav(&[0xff, 0x80, 0x00]);
        assert_eq!(wav.len(), 58 + 4);
        assert_eq!((&wav[..4], &wav[8..16]), (&b"RIFF"[..], &b"WAVEfmt "[..]));
        assert_eq!(wav[4..8], 54u32.to_le_bytes());
        assert_eq!(wav[50..58], [b'd', b'a', b't', b'a', 3, 0, 0, 0]);
    }
}
