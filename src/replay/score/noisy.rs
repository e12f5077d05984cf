//! A recording with a noisy room around it.

use super::clip;
use rand::Rng;
use std::path::PathBuf;

/// Sounds to lay over recordings.
pub struct Noise {
    sounds: Vec<Vec<i16>>,
}

impl Noise {
    /// Reads the wav `files`; an error when there is none or one is silent.
    pub fn load(files: &[PathBuf]) -> anyhow::Result<Noise> {
        anyhow::ensure!(!files.is_empty(), "no noise: name wav files with --noise");
        let mut sounds = Vec::new();
        for file in files {
            let sound = clip::load(file)?;
            anyhow::ensure!(power(&sound) > 0.0, "{}: silent", file.display());
            sounds.push(sound);
        }
        Ok(Noise { sounds })
    }

    /// `samples` with one of the sounds, from a place of chance on, `snr_db` below them; measured
    /// over the whole recording.
    pub fn over(&self, samples: &[i16], snr_db: f64, rng: &mut impl Rng) -> Vec<i16> {
        let sound = &self.sounds[rng.random_range(0..self.sounds.len())];
        let start = rng.random_range(0..sound.len());
        let noise: Vec<i16> =
            sound.iter().cycle().skip(start).take(samples.len()).copied().collect();
        let loud = power(&noise);
        let gain = match loud > 0.0 {
            true => (power(samples) / loud / 10f64.powf(snr_db / 10.0)).sqrt(),
            false => 0.0,
        };
        let mixed = samples.iter().zip(&noise).map(|(&s, &n)| f64::from(s) + gain * f64::from(n));
        mixed.map(|s| s.round().clamp(-32_768.0, 32_767.0) as i16).collect()
    }
}

/// Mean square.
fn power(samples: &[i16]) -> f64 {
    let sum: f64 = samples.iter().map(|&s| f64::from(s).powi(2)).sum();
    sum / samples.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn the_noise_is_as_loud_as_asked() {
        let wave = |period: usize, height: i16| -> Vec<i16> {
            (0..8_000).map(|i| if i % period < period / 2 { height } else { -height }).collect()
        };
        let noise = Noise { sounds: vec![wave(14, 50)] };
        let voice = wave(40, 4_000);
        let mut rng = rand::rngs::StdRng::seed_from_u64(1);
        let mixed = noise.over(&voice, 6.0, &mut rng);
        let added: Vec<i16> = mixed.iter().zip(&voice).map(|(m, v)| m - v).collect();
        let snr_db = 10.0 * (power(&voice) / power(&added)).log10();
        assert!((snr_db - 6.0).abs() < 0.1, "{snr_db}");
    }
}
