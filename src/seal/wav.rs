//! The wav header of a recording: sealed files hold the samples alone, readers get it before them.

use crate::audio::SAMPLE_RATE_HZ;
use hound::{SampleFormat, WavSpec};

/// 16-bit stereo at 8 kHz: left is the caller, right the bot.
pub const SPEC: WavSpec = WavSpec {
    channels: 2,
    sample_rate: SAMPLE_RATE_HZ,
    bits_per_sample: 16,
    sample_format: SampleFormat::Int,
};

/// Bytes before the first sample: RIFF, fmt (16 bytes) and data chunk headers.
pub(crate) const WAV_HEADER_BYTES: u64 = 44;

/// The header of a wav with so many bytes of samples.
pub(crate) fn wav_header(data_bytes: u64) -> Vec<u8> {
    // Thirty-seven hours fit; what is longer has the sizes that stand for "to the end".
    let size = |n: u64| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    let mut header = SPEC.into_header_for_infinite_file();
    header[4..8].copy_from_slice(&size(data_bytes + WAV_HEADER_BYTES - 8));
    header[40..44].copy_from_slice(&size(data_bytes));
    header
}
