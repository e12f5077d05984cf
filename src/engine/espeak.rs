//! espeak-ng: every language, plainly; the voice where no better one is installed.
//!
//! It runs as a program of its own (GPL-3.0), a sentence at a time: text goes in as standard
//! input, a wav comes out.

use super::program::{ProgramError, telephone_sound, wav_of};
use super::sentence::Sentence;
use super::{EngineError, Synthesizer};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const ENGINE: &str = "espeak-ng";
/// The program's own measure of words a minute. Its 175 gives some 230 short words, too fast for
/// old callers on a bad line; 115 gives about 150.
const PACE_WPM: &str = "115";
/// One sentence takes some 20 ms; a program that takes this long hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// espeak-ng speaking one language.
pub struct Espeak {
    name: String,
    program: PathBuf,
    language: String,
    patience: Duration,
}

impl Espeak {
    /// A voice for `language` (ISO 639-1), after asking the program whether it has one.
    pub fn new(language: &str) -> Result<Espeak, EngineError> {
        Espeak::of_program(Path::new(ENGINE), language, PATIENCE)
    }

    fn of_program(
        program: &Path,
        language: &str,
        patience: Duration,
    ) -> Result<Espeak, EngineError> {
        // It becomes an argument, and `variant` files are named by `+`.
        let fits = language.len() <= 12
            && language.starts_with(|c: char| c.is_ascii_alphabetic())
            && language.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if !fits {
            return Err(broken(format!("{language:?} is no language code")));
        }
        let name = format!("{ENGINE}:{language}");
        let language = language.to_lowercase();
        let espeak = Espeak { name, program: program.into(), language, patience };
        if espeak.run("a")?.is_empty() {
            return Err(broken(format!("it has no voice for `{}`", espeak.language)));
        }
        Ok(espeak)
    }

    fn run(&self, text: &str) -> Result<Vec<u8>, EngineError> {
        // -b 1 is UTF-8, -z leaves out the pause after the last sentence.
        let args = ["-b", "1", "-z", "-s", PACE_WPM, "-v", &self.language, "--stdin", "--stdout"];
        let mut command = Command::new(&self.program);
        match wav_of(command.args(args), text, self.patience) {
            Err(ProgramError::NotThere) => Err(EngineError::Missing(
                "espeak-ng, the voice of last resort, is not installed; \
                 run `apt-get install espeak-ng`"
                    .into(),
            )),
            Err(e) => Err(broken(e)),
            Ok(wav) => Ok(wav),
        }
    }
}

impl Synthesizer for Espeak {
    fn name(&self) -> &str {
        &self.name
    }

    fn speak(&mut self, sentence: &Sentence) -> Result<Vec<i16>, EngineError> {
        telephone_sound(&self.run(&plain(&sentence.text()))?).map_err(broken)
    }
}

fn broken(reason: impl std::fmt::Display) -> EngineError {
    EngineError::Broken { engine: ENGINE, reason: reason.to_string() }
}

/// Text without what the program takes for something else: `[[...]]` is phoneme code.
fn plain(text: &str) -> String {
    text.chars().map(|c| if "[]<>".contains(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::{dbfs, peak, rms};
    use std::os::unix::fs::PermissionsExt;
    use std::time::Instant;

    fn voice(test: &str, language: &str) -> Option<Espeak> {
        match Espeak::new(language) {
            Err(EngineError::Missing(e)) => {
                eprintln!("SKIPPED: {test}: {e}");
                None
            }
            voice => Some(voice.unwrap()),
        }
    }

    fn say(voice: &mut Espeak, text: &str) -> Vec<i16> {
        let mut sound = Vec::new();
        voice.synthesize(text, &mut |samples| sound.extend(samples)).unwrap();
        sound
    }

    #[test]
    fn every_language_of_ours_is_spoken_at_the_level_of_a_telephone() {
        for (language, text) in [
            ("en", "Please say your name."),
            ("vi", "Xin anh chị cho biết họ và tên."),
            ("cs", "Řekněte prosím své jméno."),
            ("uk", "Скажіть, будь ласка, своє ім'я."),
            ("ru", "Скажите, пожалуйста, ваше имя."),
            ("ko", "성함을 말씀해 주세요."),
        ] {
            let Some(mut voice) = voice("every_language_of_ours_is_spoken", language) else {
                return;
            };
            let sound = say(&mut voice, text);
            let active: Vec<i16> =
                sound.chunks(160).filter(|c| dbfs(rms(c)) > -40.0).flatten().copied().collect();
            let (top, level) = (dbfs(f32::from(peak(&sound))), dbfs(rms(&active)));
            assert!((6_000..40_000).contains(&sound.len()), "{language}: {} samples", sound.len());
            assert!((-6.5..=-2.99).contains(&top), "{language}: peak {top}");
            assert!((-22.0..=-17.5).contains(&level), "{language}: {level}");
        }
    }

    #[test]
    fn the_pace_is_that_of_old_ears() {
        let Some(mut voice) = voice("the_pace_is_that_of_old_ears", "en") else { return };
        let text = "The water came into the house last night and we have nothing left to eat, \
                    so please send somebody with rice and some clean water as soon as you can";
        let words = text.split_whitespace().count() as f64;
        let pace = words / (say(&mut voice, text).len() as f64 / 8_000.0 / 60.0);
        eprintln!("{pace:.0} words a minute");
        assert!((125.0..=180.0).contains(&pace), "{pace} words a minute");
    }

    #[test]
    fn odd_texts_are_spoken_or_nothing() {
        let Some(mut voice) = voice("odd_texts_are_spoken_or_nothing", "en") else { return };
        assert!(say(&mut voice, " ... ").is_empty());
        for text in ["-v --help", "--stdout", "a\0b", "[[x", "<b>bold", "$(id) `id`", "名前", "1."]
        {
            let sound = say(&mut voice, text);
            assert!(sound.len() > 800 && peak(&sound) > 3_000, "{text:?}: {}", sound.len());
        }
        let code = say(&mut voice, "[[h@l'oU]]");
        let plain = say(&mut voice, "h@l'oU");
        assert_eq!(code, plain, "what a caller spelled is not phoneme code");
        let mut pieces = 0;
        voice.synthesize(&"many words ".repeat(500), &mut |_| pieces += 1).unwrap();
        assert!(pieces > 15, "a huge text comes in {pieces} pieces");
    }

    #[test]
    fn a_language_it_does_not_have_is_refused() {
        if voice("a_language_it_does_not_have_is_refused", "en").is_none() {
            return;
        }
        for language in ["zz", "", "-v", "en; id", "../en", "x".repeat(99).as_str()] {
            assert!(matches!(Espeak::new(language), Err(EngineError::Broken { .. })), "{language}");
        }
    }

    #[test]
    fn a_missing_program_says_how_to_get_it() {
        match Espeak::of_program(Path::new("no-such-espeak"), "en", PATIENCE) {
            Err(EngineError::Missing(text)) => {
                assert!(text.contains("apt-get install espeak-ng"), "{text}");
            }
            _ => panic!("it is not there"),
        }
    }

    /// Programs that do not do what they should, instead of espeak-ng.
    #[test]
    fn a_program_that_dies_hangs_or_babbles_is_an_error_in_time() {
        let dir = tempfile::tempdir().unwrap();
        for (n, script) in [
            "kill -9 $$",
            "cat >/dev/null; kill -9 $$",
            "exec sleep 1000",
            "exec >&-; exec sleep 1000",
            "cat >/dev/null; echo this is no wav",
            "exec yes",
            "exit 1",
        ]
        .iter()
        .enumerate()
        {
            let program = dir.path().join(format!("voice-{n}"));
            std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
            let start = Instant::now();
            let patience = Duration::from_millis(300);
            let mut voice =
                Espeak { name: "test".into(), program, language: "en".into(), patience };
            let said = voice.speak(&super::super::sentence::sentences("Hello.")[0]);
            assert!(matches!(said, Err(EngineError::Broken { .. })), "{script}: {said:?}");
            assert!(start.elapsed() < Duration::from_secs(5), "{script}: {:?}", start.elapsed());
        }
    }
}
