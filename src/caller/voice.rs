//! The caller's own voice: the scenario's lines as sound, made before anything is dialled.

use crate::audio::SAMPLE_RATE_HZ;
use crate::audio::resample::{resample, to_i16};
use crate::caller::line::Line;
use crate::caller::scenario::{Act, Scenario, Turn};
use crate::caller::script::{Cue, CueAct};
use crate::engine::espeak::Espeak;
use crate::engine::piper::Piper;
use crate::engine::program::Program;
use crate::engine::{EngineError, Synthesizer};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The prefix of a Piper voice's folder under `models_dir`.
const PIPER: &str = "piper-";
/// Before the command of a program that speaks; see [`Program`].
const PROGRAM: &str = "program:";
/// Longer than anything a caller says in one turn.
const WAV_S_MAX: u32 = 600;

/// Why a scenario's lines could not be made.
#[derive(Debug, thiserror::Error)]
pub enum VoiceError {
    /// No such voice.
    #[error("{file}: voice: {wanted:?} is not installed; expected one of: {installed}")]
    Unknown {
        /// The scenario.
        file: PathBuf,
        /// As written.
        wanted: String,
        /// What could be written.
        installed: String,
    },
    /// The voice would not speak.
    #[error("{place}: {source}")]
    Engine {
        /// File, and line where it is a turn's.
        place: String,
        /// Why.
        source: EngineError,
    },
    /// The sound cannot be used.
    #[error("{place}: {reason}; expected a wav of 8 to 48 kHz with speech in it")]
    Sound {
        /// File and line of the turn.
        place: String,
        /// Why.
        reason: String,
    },
}

/// The cues of `scenario`, its lines spoken by a voice out of `models_dir` and its wavs read.
///
/// Blocks while it speaks, some 100 ms a line; loads a voice only when there is a line to say.
pub fn cues(scenario: &Scenario, models_dir: &Path) -> Result<Vec<Cue>, VoiceError> {
    let mut voice: Option<Box<dyn Synthesizer>> = None;
    let mut spoken: HashMap<String, Arc<Line>> = HashMap::new();
    let mut cues = Vec::with_capacity(scenario.turns.len());
    for turn in &scenario.turns {
        let place = || format!("{}:{}", scenario.file.display(), turn.line);
        let act = match &turn.act {
            Act::Say(text) => match spoken.get(text) {
                Some(line) => CueAct::Speak(line.clone()),
                None => {
                    let voice = match &mut voice {
                        Some(voice) => voice,
                        none => none.insert(open(scenario, models_dir)?),
                    };
                    let line = Arc::new(say(voice.as_mut(), text, &place)?);
                    spoken.insert(text.clone(), line.clone());
                    CueAct::Speak(line)
                }
            },
            Act::Play(files) => CueAct::Speak(Arc::new(played(files, &place)?)),
            Act::Keys(keys) => CueAct::Press(keys.clone()),
            Act::Wait { ms } => CueAct::Wait { ms: *ms },
            Act::Silence { ms } => CueAct::Silence { ms: *ms },
            Act::HangUp => CueAct::HangUp,
        };
        cues.push(Cue { after: turn.after, act, only_if_asked: turn.only_if_asked.clone() });
    }
    Ok(cues)
}

/// What the conversation shows for `turn`; `None` for a hang-up, which is told when it happens.
pub fn shown(turn: &Turn) -> Option<String> {
    let seconds = |ms: u64| ms as f64 / 1_000.0;
    match &turn.act {
        Act::Say(text) => Some(text.clone()),
        Act::Play(files) => Some(format!("(plays {})", listed(files))),
        Act::Keys(keys) => Some(keys.iter().map(|k| format!("[{}]", k.as_char())).collect()),
        Act::Wait { ms } => Some(format!("(thinks for {:.1} s)", seconds(*ms))),
        Act::Silence { ms } => Some(format!("(is silent for {:.1} s)", seconds(*ms))),
        Act::HangUp => None,
    }
}

/// The Piper voices of `language` that are installed, as scenarios name them.
pub fn installed(language: &str, models_dir: &Path) -> Vec<String> {
    let speaks = |dir: &PathBuf| Piper::language_of(dir).is_ok_and(|its| its == language);
    let dirs = Piper::installed(models_dir);
    dirs.into_iter().filter(speaks).map(|dir| piper_name(&dir)).collect()
}

fn piper_name(dir: &Path) -> String {
    let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    format!("piper:{}", name.strip_prefix(PIPER).unwrap_or(&name))
}

/// The voice the scenario names, else its language's Piper voice, else espeak-ng.
fn open(scenario: &Scenario, models_dir: &Path) -> Result<Box<dyn Synthesizer>, VoiceError> {
    let engine = |source| VoiceError::Engine { place: scenario.file.display().to_string(), source };
    if let Some(command) = scenario.voice.as_deref().and_then(|v| v.strip_prefix(PROGRAM)) {
        let folder = scenario.file.parent().unwrap_or(Path::new(""));
        return Ok(Box::new(Program::new(command, folder).map_err(engine)?));
    }
    let dirs = Piper::installed(models_dir);
    let named = |dir: &PathBuf| piper_name(dir);
    let dir = match &scenario.voice {
        Some(wanted) if wanted == "espeak" => None,
        Some(wanted) => match dirs.iter().find(|dir| named(dir) == *wanted) {
            Some(dir) => Some(dir),
            None => {
                let mut installed = vec!["espeak".to_owned(), format!("{PROGRAM} COMMAND")];
                installed.extend(dirs.iter().map(named));
                return Err(VoiceError::Unknown {
                    file: scenario.file.clone(),
                    wanted: wanted.clone(),
                    installed: installed.join(", "),
                });
            }
        },
        None => {
            let speaks = |dir: &&PathBuf| {
                Piper::language_of(dir).is_ok_and(|language| language == scenario.language)
            };
            dirs.iter().find(speaks)
        }
    };
    match dir {
        Some(dir) => Ok(Box::new(Piper::load(models_dir, dir).map_err(engine)?)),
        None => Ok(Box::new(Espeak::new(&scenario.language).map_err(engine)?)),
    }
}

fn say(
    voice: &mut dyn Synthesizer,
    text: &str,
    place: &dyn Fn() -> String,
) -> Result<Line, VoiceError> {
    let mut sound = Vec::new();
    voice
        .synthesize(text, &mut |samples| sound.extend(samples))
        .map_err(|source| VoiceError::Engine { place: place(), source })?;
    let silent = || VoiceError::Sound {
        place: place(),
        reason: format!("{} says nothing for {text:?}", voice.name()),
    };
    Line::new(&sound).ok_or_else(silent)
}

/// The files' paths, for people.
pub(super) fn listed(files: &[PathBuf]) -> String {
    let paths: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    paths.join(", ")
}

/// The wavs in `files`, with a breath between them.
fn played(files: &[PathBuf], place: &dyn Fn() -> String) -> Result<Line, VoiceError> {
    let mut lines = files.iter().map(|file| read(file, place));
    let nothing = || VoiceError::Sound { place: place(), reason: "plays no file".into() };
    let first = lines.next().ok_or_else(nothing)??;
    lines.try_fold(first, |line, next| Ok(line.followed_by(&next?)))
}

/// The wav in `file`, of any PCM or float format, as it is but for rate and channels.
fn read(file: &Path, place: &dyn Fn() -> String) -> Result<Line, VoiceError> {
    let bad = |reason: String| VoiceError::Sound {
        place: place(),
        reason: format!("{}: {reason}", file.display()),
    };
    let mut reader = hound::WavReader::open(file).map_err(|e| bad(e.to_string()))?;
    let spec = reader.spec();
    if reader.duration() / spec.sample_rate.max(1) > WAV_S_MAX {
        return Err(bad(format!("is longer than {WAV_S_MAX} s")));
    }
    let samples: Result<Vec<f32>, hound::Error> = match spec.sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().collect(),
        hound::SampleFormat::Int => {
            let full = 2_f32.powi(i32::from(spec.bits_per_sample) - 1);
            reader.samples::<i32>().map(|s| Ok(s? as f32 / full)).collect()
        }
    };
    let samples = samples.map_err(|e| bad(e.to_string()))?;
    let channels = usize::from(spec.channels.max(1));
    let mono: Vec<f32> =
        samples.chunks(channels).map(|c| c.iter().sum::<f32>() / channels as f32).collect();
    let sound =
        resample(&mono, spec.sample_rate, SAMPLE_RATE_HZ).map_err(|e| bad(e.to_string()))?;
    Line::new(&to_i16(&sound)).ok_or_else(|| bad("has no speech in it".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(dir: &Path, body: &str) -> Scenario {
        let text = format!("language = 'en'\n{body}");
        Scenario::parse(&dir.join("a.toml"), &text).expect("scenario")
    }

    fn write(file: &Path, rate_hz: u32, amplitude: i16) {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: rate_hz,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut wav = hound::WavWriter::create(file, spec).expect("wav");
        for n in 0..rate_hz {
            let loud = n < rate_hz / 2;
            let wave = (n as f32 * 2_500.0 / rate_hz as f32).sin() * f32::from(amplitude);
            wav.write_sample(if loud { wave as i16 } else { 0 }).expect("sample");
        }
        wav.finalize().expect("wav");
    }

    #[test]
    fn wavs_become_lines_whatever_their_rate() {
        let dir = tempfile::tempdir().expect("dir");
        for rate_hz in [8_000, 16_000, 44_100] {
            write(&dir.path().join("line.wav"), rate_hz, 9_000);
            let cues = cues(&scenario(dir.path(), "[[turn]]\nplay = 'line.wav'"), dir.path());
            let Ok([Cue { act: CueAct::Speak(line), .. }]) = cues.as_deref() else {
                panic!("{rate_hz}: {cues:?}")
            };
            assert!((490..=520).contains(&line.speech_ms()), "{rate_hz}: {}", line.speech_ms());
        }
    }

    #[test]
    fn a_list_of_wavs_is_one_line_with_breaths() {
        let dir = tempfile::tempdir().expect("dir");
        write(&dir.path().join("line.wav"), 8_000, 9_000);
        let turn = "[[turn]]\nplay = ['line.wav', 'line.wav']";
        let cues = cues(&scenario(dir.path(), turn), dir.path());
        let Ok([Cue { act: CueAct::Speak(line), .. }]) = cues.as_deref() else {
            panic!("{cues:?}")
        };
        assert!((1_240..=1_280).contains(&line.speech_ms()), "{}", line.speech_ms());
    }

    #[test]
    fn what_cannot_be_spoken_names_the_turn() {
        fn check(dir: &Path, body: &str, want: &str) {
            let error = cues(&scenario(dir, body), dir).expect_err(body).to_string();
            assert!(error.contains(want), "{error}");
        }
        let dir = tempfile::tempdir().expect("dir");
        write(&dir.path().join("mute.wav"), 8_000, 0);
        std::fs::write(dir.path().join("broken.wav"), b"RIFF????WAVE").expect("file");
        check(dir.path(), "[[turn]]\nplay = 'mute.wav'", "a.toml:2: ");
        check(dir.path(), "[[turn]]\nplay = 'mute.wav'", "no speech in it");
        check(dir.path(), "[[turn]]\nplay = 'broken.wav'", "a.toml:2: ");
        let body = "voice = 'piper:nobody'\n[[turn]]\nsay = 'a'";
        check(dir.path(), body, "\"piper:nobody\" is not installed; expected one of: espeak");
    }
}
