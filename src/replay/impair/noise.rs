//! What sounds around a caller.

use crate::audio::level::rms;
use crate::audio::loudness::active_level;
use crate::audio::{FRAME_SAMPLES, SAMPLE_RATE_HZ};
use crate::replay::score::load;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Made noise repeats after ten seconds.
const MADE_SAMPLES: usize = 10 * SAMPLE_RATE_HZ as usize;
/// RMS of made noise: loud enough to keep its shape in 16 bits, and never clipped.
const MADE_RMS: f32 = 2_000.0;
/// Babble repeats after half a minute ...
const BABBLE_SAMPLES: usize = 30 * SAMPLE_RATE_HZ as usize;
/// ... and has so many voices at most: more are a hiss.
const VOICES_MAX: usize = 8;
/// Frames of a voice this far below its active level (15.9 dB, P.56's margin) are pauses.
const PAUSE: f32 = 0.16;

/// What a line's noise is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    /// Voices, mixed.
    Babble,
    /// As loud at all frequencies.
    White,
    /// 3 dB less with each octave.
    Pink,
    /// A recording, by the name it was given.
    File(String, Arc<[i16]>),
}

impl Source {
    /// The wav file of this name.
    pub(super) fn file(name: &str) -> Result<Source, String> {
        let sound = load(Path::new(name)).map_err(|e| format!("{e:#}"))?;
        match rms(&sound) > 0.0 {
            true => Ok(Source::File(name.into(), sound.into())),
            false => Err(format!("{name}: is silent")),
        }
    }

    /// The noise itself; `voices` are babble.
    pub(super) fn sound(&self, voices: &Arc<[i16]>, chance: &mut StdRng) -> Arc<[i16]> {
        match self {
            Source::Babble => voices.clone(),
            Source::White => levelled(&white(chance)).into(),
            Source::Pink => levelled(&pink(&white(chance))).into(),
            Source::File(_, sound) => sound.clone(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Babble => "babble",
            Source::White => "white",
            Source::Pink => "pink",
            Source::File(name, _) => name,
        })
    }
}

/// Samples that are normally distributed (Irwin and Hall: the sum of twelve even ones).
fn white(chance: &mut StdRng) -> Vec<f32> {
    let mut sample = || (0..12).map(|_| chance.random_range(-0.5..0.5)).sum();
    (0..MADE_SAMPLES).map(|_| sample()).collect()
}

/// White noise filtered to pink within half a decibel (Paul Kellet's "economy" filter).
fn pink(white: &[f32]) -> Vec<f32> {
    let mut b = [0.0_f32; 3];
    let mut sample = |w: f32| {
        b[0] = 0.997_65 * b[0] + 0.099_046 * w;
        b[1] = 0.963 * b[1] + 0.296_516_4 * w;
        b[2] = 0.57 * b[2] + 1.052_691_3 * w;
        b[0] + b[1] + b[2] + 0.184_8 * w
    };
    white.iter().map(|&w| sample(w)).collect()
}

fn levelled(samples: &[f32]) -> Vec<i16> {
    let power = samples.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>();
    let level = (power / samples.len().max(1) as f64).sqrt() as f32;
    let gain = if level > 0.0 { MADE_RMS / level } else { 0.0 };
    samples.iter().map(|s| (s * gain).round() as i16).collect()
}

/// Up to eight of the `voices` talking at once, equally loud and without their pauses: what is
/// heard in a room full of people. Empty where nobody speaks. The same from the same `seed`.
pub fn babble(voices: &[Vec<i16>], seed: u64) -> Vec<i16> {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut talk: Vec<(f32, Vec<i16>)> = voices.iter().filter_map(|v| talking(v)).collect();
    let mut mixed = vec![0.0_f32; if talk.is_empty() { 0 } else { BABBLE_SAMPLES }];
    for _ in 0..VOICES_MAX.min(talk.len()) {
        let (level, voice) = talk.swap_remove(chance.random_range(0..talk.len()));
        let start = chance.random_range(0..voice.len());
        let sound = voice.iter().cycle().skip(start);
        mixed.iter_mut().zip(sound).for_each(|(m, &s)| *m += f32::from(s) / level);
    }
    levelled(&mixed)
}

/// A voice's active level and its frames without the pauses; `None` of a silent one.
fn talking(voice: &[i16]) -> Option<(f32, Vec<i16>)> {
    let level = active_level(voice);
    let active = voice.chunks_exact(FRAME_SAMPLES).filter(|f| rms(f) >= PAUSE * level);
    let samples: Vec<i16> = active.flatten().copied().collect();
    (level > 0.0 && !samples.is_empty()).then_some((level, samples))
}

/// A sound without an end, at some loudness.
#[derive(Debug)]
pub(super) struct Bed {
    sound: Arc<[i16]>,
    at: usize,
    gain: f32,
}

impl Bed {
    /// `sound` from sample `at` on, its RMS brought to `level`.
    pub(super) fn new(sound: Arc<[i16]>, at: usize, level: f32) -> Bed {
        let own = rms(&sound);
        Bed { sound, at, gain: if own > 0.0 { level / own } else { 0.0 } }
    }

    /// The next sample; 0 of an empty sound.
    pub(super) fn next(&mut self) -> f32 {
        let sample = self.sound.get(self.at).copied().unwrap_or(0);
        self.at = (self.at + 1) % self.sound.len().max(1);
        f32::from(sample) * self.gain
    }
}

/// Sounds to lay over whole recordings.
pub struct Noise {
    sounds: Vec<Vec<i16>>,
}

impl Noise {
    /// Reads the wav `files`; an error when there is none or one is silent.
    pub fn load(files: &[PathBuf]) -> anyhow::Result<Noise> {
        anyhow::ensure!(!files.is_empty(), "no noise: name wav files with --noise");
        let mut sounds = Vec::new();
        for file in files {
            let sound = load(file)?;
            anyhow::ensure!(rms(&sound) > 0.0, "{}: silent", file.display());
            sounds.push(sound);
        }
        Ok(Noise { sounds })
    }

    /// `samples` with one of the sounds, from a place of chance on, `snr_db` below them; measured
    /// over the whole recording.
    pub fn over(&self, samples: &[i16], snr_db: f64, chance: &mut impl Rng) -> Vec<i16> {
        let sound = &self.sounds[chance.random_range(0..self.sounds.len())];
        let start = chance.random_range(0..sound.len());
        let heard: Vec<i16> =
            sound.iter().cycle().skip(start).take(samples.len()).copied().collect();
        let level = rms(samples) * 10f32.powf(-snr_db as f32 / 20.0);
        let mut bed = Bed::new(heard.into(), 0, level);
        samples.iter().map(|&s| (f32::from(s) + bed.next()).round() as i16).collect()
    }
}
