//! Speech engines: recognisers and voices, each on threads of its own behind a bounded queue.
//!
//! An engine implements [`Recognizer`] as plain single-threaded code; [`RecognizerPool`] gives it
//! its threads, gathers the callers' frames into batches, bounds the queue, catches its panics and
//! turns them into [`RecognitionEvent::Failed`].

use crate::speech::{RecognitionContext, Transcript};
use sentence::Sentence;

pub mod announcer;
pub mod ctc;
pub mod espeak;
mod language;
pub mod onnx;
pub mod pack;
pub mod piper;
mod pool;
pub mod program;
mod queue_delay;
pub mod scripted;
pub mod sentence;
pub mod vosk;
pub mod whisper;

pub use language::{Factory, factory_for, factory_over, recognizer_for};
pub use pool::{Recognition, RecognizerPool};

/// One caller's turn inside an engine worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(pub u64);

/// What an engine says of a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum RecognitionEvent {
    /// Words so far; may change.
    Interim(Transcript),
    /// The last word of this stream.
    Final(Transcript),
    /// The engine cannot go on with this stream.
    Failed(String),
}

/// Why an engine cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A file or library is missing; the message names it and the command that mends it.
    #[error("{0}")]
    Missing(String),
    /// The engine refused or broke.
    #[error("{engine}: {reason}")]
    Broken {
        /// Which engine.
        engine: &'static str,
        /// Its words.
        reason: String,
    },
    /// An overlay asks for what cannot be.
    #[error("the overlay's [engine] {key}: {reason}")]
    Overlay {
        /// The key.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The bounded queue in front of the engine is full.
    #[error("{0}: queue full")]
    Overflow(&'static str),
}

/// What making a recogniser gives.
pub type Made = Result<Box<dyn Recognizer>, EngineError>;

/// A loaded model on one thread, recognising many streams at once.
///
/// Samples are 16-bit mono at 8 kHz; an engine resamples for itself. All methods are called from
/// one thread. A stream lives from `open` to its [`RecognitionEvent::Final`] or to `cancel`.
pub trait Recognizer {
    /// The engine's name for logs and reports, for example `ctc`.
    fn name(&self) -> &'static str;
    /// Begins a stream. An error fails this stream only.
    fn open(&mut self, stream: StreamId, context: &RecognitionContext) -> Result<(), EngineError>;
    /// The stream's next samples (any number); `voiced` says whether speech was found in them.
    fn audio(&mut self, stream: StreamId, samples: &[i16], voiced: bool);
    /// The caller paused: a good moment to compute the final words ahead.
    fn pause(&mut self, _stream: StreamId) {}
    /// No more samples: a final transcript is due.
    fn finish(&mut self, stream: StreamId);
    /// Nobody wants this stream any more.
    fn cancel(&mut self, stream: StreamId);
    /// Whether [`Recognizer::work`] may have something to say of the stream before it hears more:
    /// who feeds streams faster than they are spoken waits for it, so that words come when they
    /// would have come.
    fn is_due(&self, stream: StreamId) -> bool;
    /// How often [`Recognizer::work`] has to serve the stream until all it heard is computed.
    fn steps_due(&self, stream: StreamId) -> usize {
        usize::from(self.is_due(stream))
    }
    /// Streams that are at best due when [`Recognizer::work`] is called: as many are computed at
    /// once, for little more than one.
    fn batch(&self) -> usize {
        1
    }
    /// Does one batch of the work at hand and reports; true while there is more.
    fn work(&mut self, emit: &mut dyn FnMut(StreamId, RecognitionEvent)) -> bool;
}

/// A voice: text in, sound out.
pub trait Synthesizer {
    /// The voice's name, for example `piper:en_US-joe-medium`.
    fn name(&self) -> &str;
    /// One sentence, 16-bit mono samples at 8 kHz, at the level of a telephone, without silence
    /// around it.
    fn speak(&mut self, sentence: &Sentence) -> Result<Vec<i16>, EngineError>;
    /// Speaks `text`: `emit` gets sentence by sentence, with silence between.
    fn synthesize(
        &mut self,
        text: &str,
        emit: &mut dyn FnMut(Vec<i16>),
    ) -> Result<(), EngineError> {
        let mut gap = 0;
        for sentence in sentence::sentences(text) {
            let mut sound = vec![0; gap];
            sound.append(&mut self.speak(&sentence)?);
            emit(sound);
            gap = sentence::gap_samples(&sentence);
        }
        Ok(())
    }
}
