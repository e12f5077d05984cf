//! Bringing speech to the level of a telephone, and cutting the silence around it.

use super::SAMPLE_RATE_HZ;
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

/// P.56: the envelope's time constant, seconds ...
const ENVELOPE_S: f64 = 0.03;
/// ... how long speech goes on after it fell below a threshold, samples: 200 ms ...
const HANGOVER: u32 = SAMPLE_RATE_HZ / 5;
/// ... how far below the active level the threshold has to lie, decibels ...
const MARGIN_DB: f64 = 15.9;
/// ... and how many thresholds there are, from 1 up, each twice the one below.
const THRESHOLDS: usize = 15;

/// The active speech level of 8 kHz `samples`: their RMS while somebody speaks, in sample units,
/// after method B of ITU-T P.56 (1993); 0 where nobody does.
pub fn active_level(samples: &[i16]) -> f32 {
    let decay = (-1.0 / (f64::from(SAMPLE_RATE_HZ) * ENVELOPE_S)).exp();
    let (mut rising, mut envelope, mut power) = (0.0, 0.0, 0.0);
    let mut active = [(0_u64, HANGOVER); THRESHOLDS];
    for &sample in samples {
        let size = f64::from(sample.unsigned_abs());
        power += size * size;
        rising = decay * rising + (1.0 - decay) * size;
        envelope = decay * envelope + (1.0 - decay) * rising;
        for (at, (count, since)) in active.iter_mut().enumerate() {
            *since = if envelope >= f64::from(1_u32 << at) { 0 } else { since.saturating_add(1) };
            *count += u64::from(*since <= HANGOVER);
        }
    }
    let level = |at: usize| match active[at].0 {
        0 => None,
        count => Some(10.0 * (power / count as f64).log10()),
    };
    let margin = |at: usize| level(at).map(|db| (db, db - 6.0206 * at as f64));
    // The level rises with the threshold, but slower: where it is the margin above is in between.
    let mut below: Option<(f64, f64)> = None;
    for at in 0..THRESHOLDS {
        let Some((db, over)) = margin(at) else { break };
        if over <= MARGIN_DB {
            let share = below.map_or(1.0, |(_, b)| (b - MARGIN_DB) / (b - over).max(1e-9));
            let from = below.map_or(db, |(db, _)| db);
            return 10f64.powf((from + share * (db - from)) / 20.0) as f32;
        }
        below = Some((db, over));
    }
    below.map_or(0.0, |(db, _)| if power > 0.0 { 10f64.powf(db / 20.0) as f32 } else { 0.0 })
}

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
    fn the_active_level_leaves_pauses_out() {
        let buzz: Vec<i16> = talk(0.3).iter().map(|s| (s * 32_768.0) as i16).collect();
        let spoken = dbfs(rms(&buzz[..2_500]));
        let mut call = vec![0; 40_000];
        for at in [0, 10_000, 22_000, 34_000] {
            call[at..at + 2_500].copy_from_slice(&buzz[..2_500]);
        }
        let level = dbfs(active_level(&call));
        assert!(dbfs(rms(&call)) < spoken - 5.0);
        // The hangover is a part of what is active.
        assert!((spoken - 3.5..=spoken).contains(&level), "{level} dBFS of {spoken}");
        let quiet: Vec<i16> = call.iter().map(|s| s / 16).collect();
        assert!((level - dbfs(active_level(&quiet)) - 24.1).abs() < 0.3);
        let hum: Vec<i16> = (0..16_000).map(|n| if n % 40 < 20 { 900 } else { -900 }).collect();
        assert!((dbfs(active_level(&hum)) - dbfs(900.0)).abs() < 0.3);
        assert_eq!((active_level(&[]), active_level(&[0; 800])), (0.0, 0.0));
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
