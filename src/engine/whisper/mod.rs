//! `whisper`: whisper.cpp, first for English and a second best elsewhere.
//!
//! It does not stream: a turn is decoded when the caller pauses, and that is the final transcript
//! if they say no more. One model is shared; each worker has a state of its own.

use super::{EngineError, Made, RecognitionEvent, Recognizer, StreamId};
use crate::speech::{Expectation, Phrases, RecognitionContext};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use whisper_rs::{WhisperContext, WhisperContextParameters};

mod closed;
mod decoder;
mod digits;
mod doubt;
mod turn;

use decoder::Decoder;
use turn::Turn;

/// The engine on one thread.
pub struct Whisper {
    decoder: Decoder,
    turns: BTreeMap<StreamId, Turn>,
}

/// True for the languages (ISO 639-1) the model was trained on.
pub fn knows(language: &str) -> bool {
    !language.contains('\0') && whisper_rs::get_lang_id(language).is_some()
}

/// How to make a [`Whisper`] out of the pack `models_dir/whisper-base`; loads the model at once.
pub fn factory(models_dir: &Path) -> Result<impl Fn() -> Made + Send + Sync + use<>, EngineError> {
    // Without the `log_backend` feature this swallows whisper.cpp's chatter.
    whisper_rs::install_logging_hooks();
    let file = weights(&models_dir.join("whisper-base"))?;
    let mut parameters = WhisperContextParameters::default();
    parameters.use_gpu(false);
    let context = WhisperContext::new_with_params(&file, parameters)
        .map_err(|e| broken(format!("{}: {e}; pull the pack again", file.display())))?;
    let context = Arc::new(context);
    Ok(move || {
        let mut decoder = Decoder::new(context.clone())?;
        // The first run of a state allocates its buffers: let it not be a caller's.
        let context = RecognitionContext {
            language: "en".into(),
            expectation: Expectation::Open,
            phrases: Phrases::default(),
        };
        decoder.decode(&[0; 8_000], &context)?;
        let engine: Box<dyn Recognizer> = Box::new(Whisper { decoder, turns: BTreeMap::new() });
        Ok(engine)
    })
}

/// The quantised weights, or the full ones they are made of.
fn weights(pack: &Path) -> Result<PathBuf, EngineError> {
    let files = ["ggml-base-q8_0.bin", "ggml-base-f16.bin", "ggml-base.bin"];
    let found = files.iter().map(|name| pack.join(name)).find(|file| file.is_file());
    found.ok_or_else(|| {
        EngineError::Missing(format!(
            "no {} in {}; run `spillway models pull en`",
            files[0],
            pack.display()
        ))
    })
}

fn broken(reason: impl std::fmt::Display) -> EngineError {
    EngineError::Broken { engine: "whisper", reason: reason.to_string() }
}

impl Recognizer for Whisper {
    fn name(&self) -> &'static str {
        "whisper"
    }

    fn open(&mut self, stream: StreamId, context: &RecognitionContext) -> Result<(), EngineError> {
        if !knows(&context.language) {
            return Err(broken(format!("it does not know the language {:?}", context.language)));
        }
        self.turns.insert(stream, Turn::new(context.clone()));
        Ok(())
    }

    fn audio(&mut self, stream: StreamId, samples: &[i16], voiced: bool) {
        if let Some(turn) = self.turns.get_mut(&stream) {
            turn.audio(samples, voiced);
        }
    }

    fn pause(&mut self, stream: StreamId) {
        if let Some(turn) = self.turns.get_mut(&stream) {
            turn.settle();
        }
    }

    fn finish(&mut self, stream: StreamId) {
        if let Some(turn) = self.turns.get_mut(&stream) {
            turn.finish();
        }
    }

    fn cancel(&mut self, stream: StreamId) {
        self.turns.remove(&stream);
    }

    fn is_due(&self, stream: StreamId) -> bool {
        self.turns.get(&stream).is_some_and(|turn| turn.urgency() > 0)
    }

    fn work(&mut self, emit: &mut dyn FnMut(StreamId, RecognitionEvent)) -> bool {
        // One decode at a time, who waits for a final first: the queue is looked at in between.
        let due = self.turns.iter().filter(|(_, turn)| turn.urgency() > 0);
        let Some(id) = due.max_by_key(|(_, turn)| turn.urgency()).map(|(id, _)| *id) else {
            return false;
        };
        if let Some(turn) = self.turns.get_mut(&id) {
            let event = match turn.step(&mut self.decoder) {
                Ok(event) => event,
                Err(e) => Some(RecognitionEvent::Failed(e.to_string())),
            };
            if let Some(event) = event {
                if !matches!(event, RecognitionEvent::Interim(_)) {
                    self.turns.remove(&id);
                }
                emit(id, event);
            }
        }
        self.turns.values().any(|turn| turn.urgency() > 0)
    }
}
