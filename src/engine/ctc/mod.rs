//! `ctc`: Vietnamese, streaming, a conformer with CTC output run by ONNX Runtime.
//!
//! samples -> [`fbank`] -> [`model`] (up to eight streams at once) -> [`beam`] with [`bias`].

use super::{EngineError, Made, RecognitionEvent, Recognizer, StreamId, onnx};
use crate::speech::{Bonus, RecognitionContext};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

mod beam;
mod bias;
mod fbank;
mod likeness;
mod memory;
mod model;
mod turn;
mod vocab;

use bias::Tries;
pub use fbank::Fbank;
pub(super) use likeness::Likeness;
use memory::Memory;
pub(super) use memory::{Kind, LAYERS};
pub(super) use model::POSITIONS;
use model::{BATCH_MAX, Model};
use turn::{Told, Track, Turn};
use vocab::Vocab;

/// The model's file in its pack. `models pull` makes it, out of the model as its makers ship it:
/// a pack that has only that was pulled by an older Spillway.
pub(super) const STATELESS: &str = "stateless.onnx";

/// More streams that wait are more than can be served soon.
const WAITING_MAX: usize = 2 * BATCH_MAX;

/// The engine on one thread.
pub struct Ctc {
    model: Model,
    vocab: Arc<Vocab>,
    tries: Arc<Tries>,
    /// Instead of the expectation's own.
    bonus: Option<Bonus>,
    fbank: Fbank,
    turns: BTreeMap<StreamId, Turn>,
    /// The stream served last, so that none starves when there are more than a batch holds.
    last: StreamId,
}

/// How to make a [`Ctc`] out of the pack `models_dir/vi-ctc`; checks at once that all is there.
/// With a `bonus` phrases are worth that, whatever is expected.
pub fn factory(
    models_dir: &Path,
    bonus: Option<Bonus>,
) -> Result<impl Fn() -> Made + Send + Sync + use<>, EngineError> {
    let pack = models_dir.join("vi-ctc");
    let file: PathBuf = pack.join(STATELESS);
    if !file.is_file() {
        return Err(EngineError::Missing(format!(
            "no {}; run `spillway models pull vi`",
            file.display()
        )));
    }
    onnx::init(models_dir)?;
    let vocab = Arc::new(Vocab::load(&pack.join("vocab.txt"), model::OUTPUTS)?);
    let tries = Arc::new(Tries::default());
    Ok(move || {
        let mut model = Model::load(&file)?;
        // The first run of a session is slow: let it not be a caller's.
        model.step(&mut [(&mut Memory::new(), &[0.0; model::CHUNK])], |_, _| {})?;
        let engine: Box<dyn Recognizer> = Box::new(Ctc {
            model,
            vocab: vocab.clone(),
            tries: tries.clone(),
            bonus,
            fbank: Fbank::new(),
            turns: BTreeMap::new(),
            last: StreamId(0),
        });
        Ok(engine)
    })
}

impl Ctc {
    /// One batched step over the streams that have something to compute or to say, which go to
    /// `served`: those nearest to their end first, in turn. When more wait than can be served
    /// soon, what a pause might come to is computed last. A failure is every one's failure.
    fn step(&mut self, served: &mut Vec<StreamId>) -> Result<(), EngineError> {
        let last = self.last;
        let mut waiting: Vec<(StreamId, &mut Turn)> =
            self.turns.iter_mut().map(|(id, turn)| (*id, turn)).collect();
        waiting.retain(|(_, turn)| turn.has_work());
        let overloaded = waiting.len() > WAITING_MAX;
        let wanted = |turn: &Turn| (!overloaded || turn.is_needed()).then(|| turn.urgency());
        waiting.sort_by_key(|(id, turn)| (Reverse(wanted(turn)), *id <= last));
        let mut tracks: Vec<&mut Track> = Vec::with_capacity(BATCH_MAX);
        for (id, turn) in waiting {
            if tracks.len() == BATCH_MAX {
                break;
            }
            served.push(id);
            tracks.extend(turn.next(&mut self.fbank)?);
        }
        if tracks.is_empty() {
            return Ok(());
        }
        let (mut streams, mut beams) = (Vec::new(), Vec::new());
        for track in &mut tracks {
            streams.push((&mut track.memory, &track.features[..model::CHUNK]));
            beams.push(&mut track.beam);
        }
        let vocab = &self.vocab;
        self.model.step(&mut streams, |i, rows| turn::search(beams[i], rows, vocab))?;
        tracks.into_iter().for_each(Track::stepped);
        Ok(())
    }
}

impl Recognizer for Ctc {
    fn name(&self) -> &'static str {
        "ctc"
    }

    fn open(&mut self, stream: StreamId, context: &RecognitionContext) -> Result<(), EngineError> {
        let bonus = self.bonus.unwrap_or(Bonus::of(context.expectation));
        let phrases = self.tries.of(&context.phrases, &self.vocab, bonus);
        self.turns.insert(stream, Turn::new(phrases, context.expectation.is_closed())?);
        Ok(())
    }

    fn audio(&mut self, stream: StreamId, samples: &[i16], voiced: bool) {
        if let Some(turn) = self.turns.get_mut(&stream) {
            turn.audio(samples, voiced, &mut self.fbank);
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
        self.turns.get(&stream).is_some_and(Turn::has_work)
    }

    fn steps_due(&self, stream: StreamId) -> usize {
        self.turns.get(&stream).map_or(0, Turn::steps_due)
    }

    fn batch(&self) -> usize {
        BATCH_MAX
    }

    fn work(&mut self, emit: &mut dyn FnMut(StreamId, RecognitionEvent)) -> bool {
        let mut served = Vec::new();
        let stepped = self.step(&mut served);
        for id in served {
            self.last = id;
            if let Err(e) = &stepped {
                self.turns.remove(&id);
                emit(id, RecognitionEvent::Failed(e.to_string()));
                continue;
            }
            match self.turns.get_mut(&id).map_or(Told::Nothing, |t| t.told(&self.vocab)) {
                Told::Nothing => {}
                Told::Interim(words) => emit(id, RecognitionEvent::Interim(words)),
                Told::Final(words) => {
                    self.turns.remove(&id);
                    emit(id, RecognitionEvent::Final(words));
                }
            }
        }
        self.turns.values().any(Turn::has_work)
    }
}
