//! Prompts that a person recorded: `languages/<language>/wav/<prompt>.wav`.

use crate::audio::SAMPLE_RATE_HZ;
use crate::audio::loudness::telephone_level;
use crate::audio::resample::resample;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A prompt longer than this is somebody's mistake.
const PROMPT_S_MAX: u32 = 300;

/// Recorded prompts as 8 kHz mono at the level of a telephone.
#[derive(Default)]
pub(super) struct Recordings(HashMap<(String, String), Arc<[i16]>>);

impl Recordings {
    /// Reads every recording below `prompts_dir`; what cannot be read is logged, and its text is
    /// spoken instead.
    pub(super) fn load(prompts_dir: &Path) -> Recordings {
        let mut recordings = Recordings::default();
        for language in languages(prompts_dir) {
            let dir = prompts_dir.join("languages").join(&language).join("wav");
            for file in files(&dir) {
                let name = file.file_stem().and_then(|stem| stem.to_str()).map(str::to_string);
                let Some(name) = name.filter(|_| file.extension().is_some_and(|e| e == "wav"))
                else {
                    continue;
                };
                match read(&file) {
                    Ok(sound) => {
                        recordings.0.insert((language.clone(), name), sound.into());
                    }
                    Err(reason) => tracing::error!(
                        file = %file.display(),
                        reason,
                        "a recorded prompt cannot be used and is spoken instead; \
                         save it again as a PCM wav"
                    ),
                }
            }
        }
        recordings
    }

    /// The recording of a language's prompt.
    pub(super) fn get(&self, language: &str, name: &str) -> Option<Arc<[i16]>> {
        if self.0.is_empty() || name.is_empty() {
            return None;
        }
        self.0.get(&(language.to_string(), name.to_string())).cloned()
    }
}

/// The languages that have a pack below `prompts_dir`, in order.
pub(super) fn languages(prompts_dir: &Path) -> Vec<String> {
    files(&prompts_dir.join("languages"))
        .into_iter()
        .filter(|path| path.is_dir())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_string()))
        .collect()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// A wav of any PCM or float format, rate and number of channels.
fn read(file: &Path) -> Result<Vec<i16>, String> {
    let mut reader = hound::WavReader::open(file).map_err(|e| e.to_string())?;
    let spec = reader.spec();
    if reader.duration() / spec.sample_rate.max(1) > PROMPT_S_MAX {
        return Err(format!("it is longer than {PROMPT_S_MAX} s"));
    }
    let samples: Result<Vec<f32>, hound::Error> = match spec.sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().collect(),
        hound::SampleFormat::Int => {
            let full = 2_f32.powi(i32::from(spec.bits_per_sample) - 1);
            reader.samples::<i32>().map(|s| Ok(s? as f32 / full)).collect()
        }
    };
    let samples = samples.map_err(|e| e.to_string())?;
    let channels = usize::from(spec.channels.max(1));
    let mono: Vec<f32> =
        samples.chunks(channels).map(|c| c.iter().sum::<f32>() / channels as f32).collect();
    let sound = resample(&mono, spec.sample_rate, SAMPLE_RATE_HZ).map_err(|e| e.to_string())?;
    if sound.is_empty() {
        return Err("it is empty".into());
    }
    Ok(telephone_level(&sound))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::{dbfs, rms};
    use std::f32::consts::TAU;

    fn write(file: &Path, spec: hound::WavSpec) {
        let mut writer = hound::WavWriter::create(file, spec).unwrap();
        for n in 0..spec.sample_rate {
            let wave = 0.1 * (TAU * 400.0 * n as f32 / spec.sample_rate as f32).sin();
            for _ in 0..spec.channels {
                match spec.sample_format {
                    hound::SampleFormat::Float => writer.write_sample(wave).unwrap(),
                    hound::SampleFormat::Int => {
                        let full = 2_f32.powi(i32::from(spec.bits_per_sample) - 1);
                        writer.write_sample((wave * full) as i32).unwrap();
                    }
                }
            }
        }
        writer.finalize().unwrap();
    }

    #[test]
    fn recordings_of_any_format_come_out_alike() {
        use hound::SampleFormat::{Float, Int};
        let dir = tempfile::tempdir().unwrap();
        let wavs = dir.path().join("languages/vi/wav");
        std::fs::create_dir_all(&wavs).unwrap();
        let formats = [
            (8_000, 1, 16, Int),
            (44_100, 2, 16, Int),
            (48_000, 1, 24, Int),
            (22_050, 1, 8, Int),
            (16_000, 2, 32, Float),
        ];
        for (n, (sample_rate, channels, bits_per_sample, sample_format)) in
            formats.into_iter().enumerate()
        {
            let spec = hound::WavSpec { channels, sample_rate, bits_per_sample, sample_format };
            write(&wavs.join(format!("p{n}.wav")), spec);
        }
        std::fs::write(wavs.join("broken.wav"), b"RIFF????WAVE").unwrap();
        std::fs::write(wavs.join("note.txt"), b"not a wav").unwrap();
        let recordings = Recordings::load(dir.path());
        assert_eq!(recordings.0.len(), formats.len());
        for n in 0..formats.len() {
            let sound = recordings.get("vi", &format!("p{n}")).unwrap();
            let level = dbfs(rms(&sound));
            assert_eq!(sound.len(), 8_000, "{:?}", formats[n]);
            assert!((-20.0..=-18.0).contains(&level), "{:?}: {level} dBFS", formats[n]);
        }
        assert!(recordings.get("vi", "broken").is_none());
        assert!(recordings.get("en", "p0").is_none());
        assert!(recordings.get("vi", "").is_none());
        assert_eq!(languages(dir.path()), ["vi"]);
    }
}
