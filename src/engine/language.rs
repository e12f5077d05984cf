//! Which engine hears which language.

use super::{EngineError, Recognizer, RecognizerPool, ctc, vosk, whisper};
use std::path::Path;

/// Makes one engine, on the thread that is to run it.
pub type Factory = Box<dyn Fn() -> Result<Box<dyn Recognizer>, EngineError> + Send + Sync>;

/// The best engine installed for `language` (ISO 639-1) and how to make one: `ctc` for Vietnamese,
/// `whisper` for English, otherwise the language's Vosk model or, second best, `whisper`.
pub fn factory_for(
    language: &str,
    models_dir: &Path,
) -> Result<(&'static str, Factory), EngineError> {
    match language {
        "vi" => Ok(("ctc", Box::new(ctc::factory(models_dir)?))),
        "en" => Ok(("whisper", Box::new(whisper::factory(models_dir)?))),
        _ => match vosk::factory(language, models_dir) {
            Ok(factory) => Ok(("vosk", Box::new(factory))),
            Err(missing @ EngineError::Missing(_)) => match whisper::factory(models_dir) {
                Ok(factory) if whisper::knows(language) => Ok(("whisper", Box::new(factory))),
                _ => Err(missing),
            },
            Err(broken) => Err(broken),
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
