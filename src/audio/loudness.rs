//! Bringing speech to the level of a telephone, and cutting the silence around it.

use super::level::rms;
use super::resample::to_i16;

/// What speech is brought to while it sounds: -18.4 dBFS, as loud as a near talker on a good line.
const SPEECH_RMS: f32 = 0.12;
/// No sample is louder: -3 dBFS leaves room for a PBX that adds gain.
const PEAK_MAX: f32 = 0.7079;
/// From here on peaks are bent, not cut.
const KNEE: f32 = 0.45;
/// Sound that is more than this raised is noise, not speech: +30 dB.
const GAIN_MAX: f32 = 31.6;
/// Length of the pieces whose loudness is looked at.
const PIECE: usize = 160;
/// A piece this far below the loudest one is silence: -40 dB.
const SILENCE_BELOW: f32 = 0.01;

/// Mono 8 kHz speech of -1..1 as 16 bits with one gain over all of it, so that its loud pieces
/// have an RMS of -19 dBFS or so (the limit takes some) and no sample passes -3 dBFS.
pub fn telephone_level(samples: &[f32]) -> Vec<i16> {
    let powers: Vec<f32> = samples.chunks(PIECE).map(power).collect();
    let loudest = powers.iter().copied().fold(0.0, f32::max);
    // Pauses do not count: within 20 dB of the loudest piece, after ITU-T P.56's idea of the
    // active speech level.
    let active: Vec<f32> = powers.into_iter().filter(|p| *p >= loudest / 100.0).collect();
    let level = (active.iter().sum::<f32>() / active.len().max(1) as f32).sqrt();
    if level <= 0.0 || !level.is_finite() {
        return vec![0; samples.len()];
    }
    let gain = (SPEECH_RMS / level).min(GAIN_MAX);
    let limited: Vec<f32> = samples.iter().map(|s| limit(s * gain)).collect();
    to_i16(&limited)
}

/// `samples` without their silent ends, but with `keep` samples of each: what is cut at the front
/// is time that a caller would wait for an answer.
pub fn trimmed(samples: &[i16], keep: usize) -> &[i16] {
    let loud: Vec<f32> = samples.chunks(PIECE).map(rms).collect();
    let floor = loud.iter().copied().fold(0.0, f32::max) * SILENCE_BELOW;
    let first = loud.iter().position(|l| *l > floor);
    let last = loud.iter().rposition(|l| *l > floor);
    match (first, last) {
        (Some(first), Some(last)) => {
            let start = (first * PIECE).saturating_sub(keep);
            let end = ((last + 1) * PIECE + keep).min(samples.len());
            &samples[start..end]
        }
        _ => &[],
    }
}

fn power(samples: &[f32]) -> f32 {
    samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32
}

/// Bends what is above the knee so that it stays below the largest peak allowed.
fn limit(sample: f32) -> f32 {
    let size = sample.abs();
    if size <= KNEE {
        return sample;
    }
    let room = PEAK_MAX - KNEE;
    (KNEE + room * ((size - KNEE) / room).tanh()).copysign(sample)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::{dbfs, peak};

    /// Bursts of a decaying 200 Hz buzz with pauses between: the crest of speech.
    fn talk(level: f32) -> Vec<f32> {
        (0..16_000)
            .map(|n| {
                let in_burst = n % 4_000 < 2_500;
                let decay = (-((n % 40) as f32) / 12.0).exp();
                if in_burst { level * decay } else { 0.0 }
            })
            .collect()
    }

    #[test]
    fn speech_of_any_level_comes_out_alike_and_never_clips() {
        for level in [0.02_f32, 0.1, 0.9, 5.0] {
            let sound = telephone_level(&talk(level));
            let top = dbfs(f32::from(peak(&sound)));
            let burst = dbfs(rms(&sound[320..2_400]));
            assert!(top <= -2.99, "level {level}: peak {top}");
            assert!((-21.0..=-18.0).contains(&burst), "level {level}: {burst} dBFS");
            assert_eq!(peak(&sound[2_600..3_900]), 0, "a pause stays silent");
        }
    }

    #[test]
    fn silence_and_broken_numbers_give_silence() {
        assert_eq!(telephone_level(&[0.0; 400]), [0; 400]);
        assert!(telephone_level(&[]).is_empty());
        assert_eq!(telephone_level(&[f32::NAN; 4]), [0; 4]);
        let hiss: Vec<f32> = (0..800).map(|n| if n % 2 == 0 { 1e-5 } else { -1e-5 }).collect();
        assert!(peak(&telephone_level(&hiss)) < 20, "noise is not raised to speech");
    }

    #[test]
    fn ends_are_cut_and_pauses_kept() {
        let mut sound = vec![0_i16; 4_000];
        sound[1_600..1_760].fill(5_000);
        sound[2_400..2_560].fill(5_000);
        let cut = trimmed(&sound, 80);
        assert_eq!(cut.len(), 80 + (2_560 - 1_600) + 80);
        assert_eq!(cut[80], 5_000);
        assert_eq!(cut[400], 0);
        assert!(trimmed(&[0; 500], 80).is_empty());
        assert_eq!(trimmed(&[7; 100], 80), [7; 100]);
    }
}
