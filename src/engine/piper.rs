//! Piper voices: neural, good English; one VITS model on one thread.
//!
//! `piper-rs` turns text into phonemes with espeak-ng inside, which is not thread-safe and gives
//! back words without the pauses between clauses. So the text is taken apart here, each clause is
//! turned into phonemes alone and behind a lock, and its own mark is put back: the model has learnt
//! to pause at `,` and to fall at `.`.

use super::sentence::{Clause, Sentence};
use super::{EngineError, Synthesizer, onnx};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

const ENGINE: &str = "piper";
/// Longer than any sentence of ours; beyond it the model ran away.
const SENTENCE_S_MAX: usize = 60;
/// How much slower than the voice was recorded, for ears on a telephone.
const SLOWER: f32 = 1.1;
/// The voice draws no random numbers: the same words always sound the same, so that what was heard
/// well once is heard well again, in tests as in calls.
const NO_NOISE: Option<f32> = Some(0.0);

/// espeak-ng inside this process keeps its voice and its text in globals.
static PHONEMES: Mutex<()> = Mutex::new(());

/// One installed Piper voice.
pub struct Piper {
    name: String,
    language: String,
    phoneme_voice: String,
    length_scale: f32,
    model: piper_rs::Piper,
}

impl Piper {
    /// Every installed voice's directory under `models_dir`, by name: those `piper-*` that hold an
    /// `.onnx` file.
    pub fn installed(models_dir: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(models_dir).into_iter().flatten().flatten();
        let mut dirs: Vec<PathBuf> = entries
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("piper-"))
            .map(|entry| entry.path())
            .filter(|dir| model_in(dir).is_some())
            .collect();
        dirs.sort();
        dirs
    }

    /// The language a voice in `dir` speaks, ISO 639-1, without loading it.
    pub fn language_of(dir: &Path) -> Result<String, EngineError> {
        Ok(language(&config(dir)?.espeak.voice))
    }

    /// Loads the voice in `dir` (`*.onnx` and `*.onnx.json`, as Piper publishes them) with the
    /// ONNX Runtime of `models_dir`.
    pub fn load(models_dir: &Path, dir: &Path) -> Result<Piper, EngineError> {
        onnx::init(models_dir)?;
        let config = config(dir)?;
        let file = model_in(dir).ok_or_else(|| missing(dir))?;
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let name = format!("{ENGINE}:{stem}");
        let phoneme_voice = config.espeak.voice.clone();
        let language = language(&phoneme_voice);
        let length_scale = config.inference.length_scale * SLOWER;
        let model = piper_rs::Piper::from_session(onnx::model(&file)?, config);
        Ok(Piper { name, language, phoneme_voice, length_scale, model })
    }

    /// The voice's language, ISO 639-1.
    pub fn language(&self) -> &str {
        &self.language
    }
}

impl Synthesizer for Piper {
    fn name(&self) -> &str {
        &self.name
    }

    fn speak(&mut self, sentence: &Sentence) -> Result<Vec<i16>, EngineError> {
        let phonemes = phonemes(sentence, &self.phoneme_voice)?;
        let (samples, rate_hz) = self
            .model
            .create(&phonemes, true, None, Some(self.length_scale), NO_NOISE, NO_NOISE)
            .map_err(broken)?;
        if samples.len() > SENTENCE_S_MAX * rate_hz as usize {
            return Err(broken("a sentence came out longer than a minute"));
        }
        super::sentence::for_telephone(&samples, rate_hz).map_err(broken)
    }
}

fn broken(reason: impl std::fmt::Display) -> EngineError {
    EngineError::Broken { engine: ENGINE, reason: reason.to_string() }
}

fn missing(dir: &Path) -> EngineError {
    let dir = dir.display();
    EngineError::Missing(format!("{dir}: no Piper voice is there; run `make models` to get it"))
}

fn model_in(dir: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(dir).ok()?.flatten().map(|entry| entry.path());
    files.filter(|file| file.extension().is_some_and(|e| e == "onnx")).min()
}

fn config(dir: &Path) -> Result<piper_rs::ModelConfig, EngineError> {
    let mut file = model_in(dir).ok_or_else(|| missing(dir))?.into_os_string();
    file.push(".json");
    let file = PathBuf::from(file);
    let text = std::fs::read(&file)
        .map_err(|e| EngineError::Missing(format!("{}: {e}; run `make models`", file.display())))?;
    serde_json::from_slice(&text).map_err(|e| broken(format!("{}: {e}", file.display())))
}

/// `en` of `en-us`.
fn language(phoneme_voice: &str) -> String {
    phoneme_voice.split('-').next().unwrap_or_default().to_lowercase()
}

/// The sentence's phonemes (IPA) with its own marks between the clauses.
fn phonemes(sentence: &Sentence, voice: &str) -> Result<String, EngineError> {
    let mut all = String::new();
    for Clause { words, mark } in &sentence.0 {
        let pieces = {
            let _alone = PHONEMES.lock().unwrap_or_else(|e| e.into_inner());
            espeak_rs::text_to_phonemes(words, voice, None).map_err(broken)?
        };
        let pieces: Vec<&str> = pieces
            .iter()
            .map(|piece| piece.trim_matches(|c: char| c.is_whitespace() || ".,;:?!".contains(c)))
            .filter(|piece| !piece.is_empty())
            .collect();
        if pieces.is_empty() {
            continue;
        }
        if !all.is_empty() {
            all.push(' ');
        }
        all.push_str(&pieces.join(" "));
        all.push(mark.sign());
    }
    if all.is_empty() {
        return Err(broken("nothing of a sentence could be turned into phonemes"));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::{dbfs, peak, rms};
    use std::time::Instant;

    /// The voice of the development machine, unless it is not installed.
    fn voice(test: &str) -> Option<Piper> {
        let models_dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let dir = models_dir.join("piper-en_US-joe-medium");
        if model_in(&dir).is_none() {
            eprintln!("SKIPPED: {test}: no voice in {}; run `make models`", dir.display());
            return None;
        }
        Some(Piper::load(&models_dir, &dir).unwrap())
    }

    fn say(voice: &mut Piper, text: &str) -> Vec<i16> {
        let mut sound = Vec::new();
        voice.synthesize(text, &mut |samples| sound.extend(samples)).unwrap();
        sound
    }

    /// Lengths in ms of the silences inside `sound`: 20 ms pieces below -45 dBFS.
    fn pauses_ms(sound: &[i16]) -> Vec<usize> {
        let quiet: Vec<bool> =
            sound.chunks(160).map(|c| dbfs(rms(c)) < -45.0).chain([false]).collect();
        let (mut pauses, mut run) = (Vec::new(), 0);
        for (n, quiet) in quiet.iter().enumerate() {
            if *quiet {
                run += 1;
            } else {
                if run > 1 && n > run {
                    pauses.push(run * 20);
                }
                run = 0;
            }
        }
        pauses
    }

    fn sentence(text: &str) -> Sentence {
        super::super::sentence::sentences(text).remove(0)
    }

    /// espeak-ng inside gives "one two three, four five" back as one run of words.
    #[test]
    fn clauses_keep_their_marks_and_words_stay_apart() {
        fn check(text: &str, marks: &str) {
            let phonemes = phonemes(&sentence(text), "en-us").unwrap();
            let kept: String = phonemes.chars().filter(|c| ".,;:?!".contains(*c)).collect();
            assert_eq!(kept, marks, "{text:?} -> {phonemes:?}");
            let words = text.split_whitespace().filter(|w| w.contains(char::is_alphanumeric));
            assert_eq!(phonemes.split(' ').count(), words.count(), "{text:?} -> {phonemes:?}");
        }
        check("Hello.", ".");
        check("Five five, two three.", ",.");
        check("First; second: third, is it right?", ";;,?");
        check("Yes! ", "!");
        check("5 5 5, 1 2 3", ",.");
    }

    #[test]
    fn phonemes_from_many_threads_are_those_of_one() {
        let texts = ["Good morning, caller.", "Xin chào, anh tên gì?", "Dobrý den, jak se máte?"];
        let voices = ["en-us", "vi", "cs"];
        let say = |n: usize| phonemes(&sentence(texts[n % 3]), voices[n % 3]).unwrap();
        let alone: Vec<String> = (0..3).map(say).collect();
        std::thread::scope(|scope| {
            for start in 0..4 {
                let alone = &alone;
                scope.spawn(move || {
                    for n in start..start + 100 {
                        assert_eq!(say(n), alone[n % 3]);
                    }
                });
            }
        });
    }

    #[test]
    fn what_espeak_cannot_say_is_an_error() {
        let odd =
            Sentence(vec![Clause { words: "a".into(), mark: super::super::sentence::Mark::Stop }]);
        assert!(phonemes(&odd, "no-such-voice").is_err());
        assert!(phonemes(&Sentence(vec![]), "en-us").is_err());
    }

    #[test]
    fn speech_has_the_level_of_a_telephone_and_its_pauses() {
        let Some(mut voice) = voice("speech_has_the_level_of_a_telephone_and_its_pauses") else {
            return;
        };
        assert_eq!(voice.language(), "en");
        assert_eq!(voice.name(), "piper:en_US-joe-medium");
        for text in [
            "Please say your name after the tone.",
            "Your number is 5 5 5, 1 2 3. Is that right?",
            "All our agents are busy; this is an automatic assistant, and this call is recorded.",
        ] {
            let sound = say(&mut voice, text);
            let active: Vec<i16> =
                sound.chunks(160).filter(|c| dbfs(rms(c)) > -40.0).flatten().copied().collect();
            let (top, level) = (dbfs(f32::from(peak(&sound))), dbfs(rms(&active)));
            eprintln!("{text}: peak {top:.1} dBFS, speech {level:.1} dBFS");
            assert!((-6.0..=-2.99).contains(&top), "{text}: peak {top}");
            assert!((-21.5..=-17.5).contains(&level), "{text}: {level}");
            assert!(dbfs(rms(&sound[..160])) < -35.0, "{text}: starts cut off");
        }
        let grouped = say(&mut voice, "5 5 5, 1 2 3");
        let pauses = pauses_ms(&grouped);
        eprintln!("pauses of 5 5 5, 1 2 3: {pauses:?}");
        assert!(pauses.iter().any(|ms| *ms >= 100), "no pause between the groups: {pauses:?}");
        let two = say(&mut voice, "That is all. Thank you.");
        let longest = pauses_ms(&two).into_iter().max().unwrap_or(0);
        assert!((280..=600).contains(&longest), "{longest} ms between two sentences");
    }

    #[test]
    fn the_first_sound_comes_after_one_sentence() {
        let Some(mut voice) = voice("the_first_sound_comes_after_one_sentence") else { return };
        say(&mut voice, "Warm.");
        let text = "Please say your name. Then say your address. Then say what you need.";
        let start = Instant::now();
        let mut at = Vec::new();
        let mut samples = 0;
        let emit = &mut |sound: Vec<i16>| {
            at.push(start.elapsed());
            samples += sound.len();
        };
        voice.synthesize(text, emit).unwrap();
        let rtf = start.elapsed().as_secs_f64() / (samples as f64 / 8_000.0);
        eprintln!("first sound after {:?}, real-time factor {rtf:.3}", at[0]);
        assert_eq!(at.len(), 3);
        assert!(at[0] * 2 < at[2], "{at:?}");
        let mut times: Vec<_> = (0..9)
            .map(|_| {
                let start = Instant::now();
                let ms = say(&mut voice, "Please say your name.").len() / 8;
                (start.elapsed(), ms)
            })
            .collect();
        times.sort();
        eprintln!("a sentence of {} ms took {:?} (median of 9)", times[4].1, times[4].0);
    }

    #[test]
    fn a_missing_or_broken_voice_says_how_to_mend_it() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Piper::installed(dir.path()).is_empty());
        let said = Piper::language_of(dir.path()).err().unwrap().to_string();
        assert!(said.contains("make models"), "{said}");
        let voice = dir.path().join("piper-xx");
        std::fs::create_dir(&voice).unwrap();
        std::fs::write(voice.join("xx.onnx"), b"?").unwrap();
        assert_eq!(Piper::installed(dir.path()), std::slice::from_ref(&voice));
        std::fs::write(voice.join("xx.onnx.json"), b"{}").unwrap();
        assert!(matches!(Piper::language_of(&voice), Err(EngineError::Broken { .. })));
    }
}
