//! Which engine hears which language.

use super::{EngineError, Recognizer, RecognizerPool, ctc, vosk, whisper};
use std::path::Path;

/// Makes one engine, on the thread that is to run it.
pub type Factory = Box<dyn Fn() -> Result<Box<dyn Recognizer>, EngineError> + Send + Sync>;

/// The best engine installed for `language` (ISO 639-1) and how to make one: `ctc` for Vietnamese,
/// `whisper` for English; for Korean `whisper`, else its Vosk model; for others the other way
/// round.
///
/// Of 15 clips of Koreans talking on the telephone `whisper` mishears 58 % of the words, the small
/// Vosk model all of them.
pub fn factory_for(
    language: &str,
    models_dir: &Path,
) -> Result<(&'static str, Factory), EngineError> {
    let vosk = || Ok(("vosk", Box::new(vosk::factory(language, models_dir)?) as Factory));
    let whisper = || Ok(("whisper", Box::new(whisper::factory(models_dir)?) as Factory));
    match language {
        "vi" => Ok(("ctc", Box::new(ctc::factory(models_dir)?))),
        "en" => whisper(),
        "ko" => match whisper() {
            Err(EngineError::Missing(_)) => vosk(),
            made => made,
        },
        _ => match vosk() {
            Err(missing @ EngineError::Missing(_)) if whisper::knows(language) => {
                whisper().or(Err(missing))
            }
            made => made,
        },
    }
}

/// `workers` threads of the best engine installed for `language`, loaded and warm.
pub fn recognizer_for(
    language: &str,
    models_dir: &Path,
    workers: usize,
) -> Result<RecognizerPool, EngineError> {
    let (name, factory) = factory_for(language, models_dir)?;
    RecognizerPool::start(name, workers, factory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_pack_is_named_with_its_cure() {
        let dir = tempfile::tempdir().unwrap();
        let check = |language: &str| match factory_for(language, dir.path()) {
            Err(EngineError::Missing(text)) => {
                let cure = format!("spillway models pull {language}");
                assert!(text.contains(&cure), "{text}");
            }
            Err(other) => panic!("{language}: {other}"),
            Ok((name, _)) => panic!("{language}: {name}"),
        };
        for language in ["vi", "en", "ko", "cs", "uk", "ru"] {
            check(language);
        }
    }
}
