//! A recording as the telephone would have carried it.

use crate::audio::{SAMPLE_RATE_HZ, g711, resample};
use anyhow::Context;
use std::path::Path;

/// The wav file as 16-bit mono at 8 kHz; channels are mixed.
pub fn load(file: &Path) -> anyhow::Result<Vec<i16>> {
    let mut reader =
        hound::WavReader::open(file).with_context(|| format!("{}: no wav", file.display()))?;
    let spec = reader.spec();
    let scale = 1.0 / (1u64 << (spec.bits_per_sample.clamp(1, 32) - 1)) as f32;
    let samples: Vec<f32> = match spec.sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>()?,
        hound::SampleFormat::Int => {
            let scaled = reader.samples::<i32>().map(|s| s.map(|s| s as f32 * scale));
            scaled.collect::<Result<_, _>>()?
        }
    };
    let channels = usize::from(spec.channels.max(1));
    let mono: Vec<f32> =
        samples.chunks(channels).map(|c| c.iter().sum::<f32>() / channels as f32).collect();
    let narrow = resample::resample(&mono, spec.sample_rate, SAMPLE_RATE_HZ)?;
    Ok(narrow.into_iter().map(|s| (s * 32_768.0).round() as i16).collect())
}

/// The samples after a G.711 mu-law line.
pub fn telephone(samples: &[i16]) -> Vec<i16> {
    samples.iter().map(|&s| g711::decode_mulaw(g711::encode_mulaw(s))).collect()
}
