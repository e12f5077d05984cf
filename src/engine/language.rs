//! Which engine hears which language.

use super::{EngineError, Recognizer, RecognizerPool, ctc, vosk, whisper};
use crate::config::{EngineOverlay, RecognizerName};
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
    factory_over(language, models_dir, &EngineOverlay::default())
}

/// As [`factory_for`], but for what `overlay` changes.
pub fn factory_over(
    language: &str,
    models_dir: &Path,
    overlay: &EngineOverlay,
) -> Result<(&'static str, Factory), EngineError> {
    let models_dir = overlay.models_dir.as_deref().unwrap_or(models_dir);
    let vosk = || Ok(("vosk", Box::new(vosk::factory(language, models_dir)?) as Factory));
    let whisper = || Ok(("whisper", Box::new(whisper::factory(models_dir)?) as Factory));
    let ctc = || Ok(("ctc", Box::new(ctc::factory(models_dir, overlay.bonus)?) as Factory));
    let is_ctc = overlay.recognizer.map_or(language == "vi", |r| r == RecognizerName::Ctc);
    let refused = |key, reason: String| Err(EngineError::Overlay { key, reason });
    if is_ctc && language != "vi" {
        return refused("recognizer", format!("\"ctc\" hears vi, not {language}"));
    }
    if overlay.bonus.is_some() && !is_ctc {
        return refused("bonus", "only the recogniser \"ctc\" (vi) takes one".into());
    }
    if overlay.recognizer == Some(RecognizerName::Whisper) && !whisper::knows(language) {
        return refused("recognizer", format!("\"whisper\" does not hear {language}"));
    }
    match overlay.recognizer {
        Some(RecognizerName::Ctc) => return ctc(),
        Some(RecognizerName::Whisper) => return whisper(),
        Some(RecognizerName::Vosk) => return vosk(),
        None => {}
    }
    match language {
        "vi" => ctc(),
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
    fn an_overlay_chooses_another_and_says_what_cannot_be() {
        let dir = tempfile::tempdir().unwrap();
        let check = |language: &str, overlay: &EngineOverlay, want: &str| {
            let text = match factory_over(language, Path::new("elsewhere"), overlay) {
                Err(e) => e.to_string(),
                Ok((name, _)) => panic!("{language}: {name}"),
            };
            assert!(text.contains(want), "{text}");
        };
        let here = EngineOverlay { models_dir: Some(dir.path().into()), ..Default::default() };
        let of = |recognizer| EngineOverlay { recognizer: Some(recognizer), ..here.clone() };
        check("en", &here, &format!("{}/whisper", dir.path().display()));
        check("en", &of(RecognizerName::Vosk), "vosk-en");
        check("vi", &of(RecognizerName::Whisper), "whisper");
        check("en", &of(RecognizerName::Ctc), "[engine] recognizer: \"ctc\" hears vi, not en");
        let bonus = Some(crate::speech::Bonus::OPEN);
        check("en", &EngineOverlay { bonus, ..here.clone() }, "[engine] bonus: only");
        check("vi", &EngineOverlay { bonus, ..here.clone() }, "vi-ctc");
    }

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
