//! `vosk`: Kaldi's streaming recogniser, for every language with a Vosk model.
//!
//! A new recogniser costs half a second at its first chunk, so recognisers are pooled and reset.
//! A closed expectation is heard twice: by a recogniser that knows its phrases only, and by the
//! open one, whose words stand when the caller said something else. Those two are each other's
//! alternative; Kaldi's own n-best list would cost the words their confidences.

use super::{EngineError, Made, RecognitionEvent, Recognizer, StreamId};
use crate::speech::{Alternative, RecognitionContext, Transcript, Word};
use ::vosk::{CompleteResult, DecodingState, LogLevel, Model};
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// The telephone's rate; Kaldi brings it to the model's own.
const SAMPLE_RATE_HZ: f32 = 8_000.0;
/// Samples given to Kaldi at once: 200 ms, which is also the pace of interim transcripts.
const CHUNK: usize = 1_600;
/// Recognisers made ready before the first caller.
const WARM: usize = 2;
/// Idle recognisers kept, about 32 MB each.
const IDLE_MAX: usize = 16;
/// Idle recognisers kept that know one set of phrases only, of all sets together.
const IDLE_CLOSED_MAX: usize = 8;
/// Stands for whatever is not in a grammar.
const UNKNOWN: &str = "[unk]";
/// Below this the phrase of a grammar is not believed and the open recogniser's words stand.
const CLOSED_CONFIDENCE_MIN: f32 = 0.5;
/// Kaldi gives no confidence for words that may still change.
const INTERIM_CONFIDENCE: f32 = 0.5;

/// The engine on one thread.
pub struct Vosk {
    pool: Pool,
    turns: BTreeMap<StreamId, Turn>,
    last: StreamId,
}

/// How to make a [`Vosk`] out of the pack `models_dir/vosk-<language>`; loads the model at once.
pub fn factory(
    language: &str,
    models_dir: &Path,
) -> Result<impl Fn() -> Made + Send + Sync + use<>, EngineError> {
    let model = load(language, models_dir)?;
    Ok(move || {
        let engine: Box<dyn Recognizer> = Box::new(Vosk::new(model.clone())?);
        Ok(engine)
    })
}

fn load(language: &str, models_dir: &Path) -> Result<Arc<Mutex<Model>>, EngineError> {
    let pack = models_dir.join(format!("vosk-{language}"));
    // libvosk prints and gives null for both; the first is common and deserves its own words.
    if !pack.is_dir() {
        return Err(EngineError::Missing(format!(
            "no {}; run `spillway models pull {language}`",
            pack.display()
        )));
    }
    ::vosk::set_log_level(LogLevel::Error);
    let model = Model::new(pack.to_string_lossy()).ok_or_else(|| {
        broken(format!("{} is no Vosk model; pull the pack again", pack.display()))
    })?;
    Ok(Arc::new(Mutex::new(model)))
}

fn broken(reason: impl std::fmt::Display) -> EngineError {
    EngineError::Broken { engine: "vosk", reason: reason.to_string() }
}

/// Recognisers at rest.
struct Pool {
    model: Arc<Mutex<Model>>,
    open: Vec<::vosk::Recognizer>,
    closed: VecDeque<(Vec<String>, ::vosk::Recognizer)>,
    created: usize,
}

impl Pool {
    fn model(&self) -> std::sync::MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn take_open(&mut self) -> Result<::vosk::Recognizer, EngineError> {
        if let Some(ready) = self.open.pop() {
            return Ok(ready);
        }
        let made = ::vosk::Recognizer::new(&self.model(), SAMPLE_RATE_HZ);
        self.warm(made)
    }

    /// A recogniser for these phrases; `None` when the model knows none of them.
    fn take_closed(&mut self, grammar: &[String]) -> Option<::vosk::Recognizer> {
        if let Some(at) = self.closed.iter().position(|(of, _)| of == grammar) {
            return self.closed.remove(at).map(|(_, ready)| ready);
        }
        let made = ::vosk::Recognizer::new_with_grammar(&self.model(), SAMPLE_RATE_HZ, grammar);
        // Models with a fixed graph refuse: then the open recogniser hears alone.
        self.warm(made).ok()
    }

    /// Takes the cost of the first chunk now.
    fn warm(
        &mut self,
        made: Option<::vosk::Recognizer>,
    ) -> Result<::vosk::Recognizer, EngineError> {
        let mut fresh = made.ok_or_else(|| broken("libvosk gave no recogniser"))?;
        self.created += 1;
        fresh.set_words(true);
        accept(&mut fresh, &[0; 4 * CHUNK])?;
        fresh.reset();
        Ok(fresh)
    }

    /// The phrases of a closed expectation as a grammar: what the model can hear, and the rest as
    /// one. `None` when there is none: libvosk crashes on an empty list.
    fn grammar(&self, context: &RecognitionContext) -> Option<Vec<String>> {
        if !context.expectation.is_closed() {
            return None;
        }
        let mut model = self.model();
        let mut known = |phrase: &str| {
            !phrase.is_empty() && phrase.split(' ').all(|w| model.find_word(w).is_some())
        };
        let phrases = context.phrases.iter().map(|p| plain(p));
        let mut grammar: Vec<String> = phrases.filter(|p| known(p)).collect();
        grammar.sort();
        grammar.dedup();
        if grammar.is_empty() {
            return None;
        }
        grammar.push(UNKNOWN.into());
        Some(grammar)
    }

    fn give_back(&mut self, turn: Turn) {
        let Turn { mut open, closed, .. } = turn;
        if self.open.len() < IDLE_MAX {
            open.recognizer.reset();
            self.open.push(open.recognizer);
        }
        if let Some((grammar, mut voice)) = closed {
            voice.recognizer.reset();
            self.closed.push_back((grammar, voice.recognizer));
            if self.closed.len() > IDLE_CLOSED_MAX {
                self.closed.pop_front();
            }
        }
    }
}

/// Words and single spaces only: the grammar goes to libvosk as JSON that nobody escapes.
fn plain(phrase: &str) -> String {
    let kept: String =
        phrase.chars().map(|c| if c.is_alphanumeric() || c == '\'' { c } else { ' ' }).collect();
    kept.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn accept(
    recognizer: &mut ::vosk::Recognizer,
    samples: &[i16],
) -> Result<DecodingState, EngineError> {
    match recognizer.accept_waveform(samples).map_err(broken)? {
        DecodingState::Failed => Err(broken("decoding failed")),
        state => Ok(state),
    }
}

/// One recogniser at work and what it has settled on so far.
struct Ear {
    recognizer: ::vosk::Recognizer,
    words: Vec<Word>,
}

impl Ear {
    fn new(recognizer: ::vosk::Recognizer) -> Ear {
        Ear { recognizer, words: Vec::new() }
    }

    /// Kaldi ends an utterance at each silence it finds; the turn goes on.
    fn hear(&mut self, samples: &[i16]) -> Result<(), EngineError> {
        if accept(&mut self.recognizer, samples)? == DecodingState::Finalized {
            let words = words(self.recognizer.result());
            self.words.extend(words);
        }
        Ok(())
    }

    fn last_words(&mut self) -> Transcript {
        let words = words(self.recognizer.final_result());
        self.words.extend(words);
        let words = std::mem::take(&mut self.words);
        let sum: f32 = words.iter().map(|w| w.confidence).sum();
        let confidence = if words.is_empty() { 0.0 } else { sum / words.len() as f32 };
        Transcript { text: text(&words), confidence, words, alternatives: Vec::new() }
    }

    fn so_far(&mut self) -> String {
        let settled = text(&self.words);
        let partial = self.recognizer.partial_result().partial.replace(UNKNOWN, "");
        let parts = settled.split_whitespace().chain(partial.split_whitespace());
        parts.collect::<Vec<_>>().join(" ")
    }
}

fn words(result: CompleteResult<'_>) -> Vec<Word> {
    let Some(result) = result.single() else { return Vec::new() };
    let ms = |seconds: f32| (seconds.max(0.0) * 1e3) as u32;
    let word = |w: &::vosk::Word<'_>| Word {
        text: w.word.to_string(),
        start_ms: ms(w.start),
        end_ms: ms(w.end),
        confidence: w.conf.clamp(0.0, 1.0),
    };
    result.result.iter().filter(|w| w.word != UNKNOWN).map(word).collect()
}

fn text(words: &[Word]) -> String {
    words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// A turn from its first sample to its final transcript.
struct Turn {
    open: Ear,
    closed: Option<(Vec<String>, Ear)>,
    waiting: Vec<i16>,
    finish: bool,
    told: String,
}

impl Turn {
    fn has_work(&self) -> bool {
        self.finish || self.waiting.len() >= CHUNK
    }

    /// Hears one chunk, or all that is left and the end.
    fn step(&mut self) -> Result<Option<RecognitionEvent>, EngineError> {
        let chunk: Vec<i16> = self.waiting.drain(..self.waiting.len().min(CHUNK)).collect();
        if !chunk.is_empty() {
            self.open.hear(&chunk)?;
            if let Some((_, ear)) = &mut self.closed {
                ear.hear(&chunk)?;
            }
        }
        if self.finish {
            let done = self.waiting.is_empty();
            return Ok(done.then(|| RecognitionEvent::Final(self.last_words())));
        }
        let so_far = self.open.so_far();
        if so_far.is_empty() || so_far == self.told {
            return Ok(None);
        }
        self.told.clone_from(&so_far);
        Ok(Some(RecognitionEvent::Interim(Transcript::plain(so_far, INTERIM_CONFIDENCE))))
    }

    fn last_words(&mut self) -> Transcript {
        let open = self.open.last_words();
        let Some((_, ear)) = &mut self.closed else { return open };
        let closed = ear.last_words();
        let believed = !closed.text.is_empty() && closed.confidence >= CLOSED_CONFIDENCE_MIN;
        let (mut taken, other) = if believed { (closed, open) } else { (open, closed) };
        if !other.text.is_empty() && other.text != taken.text {
            let Transcript { text, confidence, .. } = other;
            taken.alternatives.push(Alternative { text, confidence });
        }
        taken
    }
}

impl Vosk {
    fn new(model: Arc<Mutex<Model>>) -> Result<Vosk, EngineError> {
        let mut pool = Pool { model, open: Vec::new(), closed: VecDeque::new(), created: 0 };
        let ready: Vec<_> = (0..WARM).map(|_| pool.take_open()).collect::<Result<_, _>>()?;
        pool.open = ready;
        Ok(Vosk { pool, turns: BTreeMap::new(), last: StreamId(0) })
    }

    fn due(&self) -> Option<StreamId> {
        let waiting = |(id, turn): (&StreamId, &Turn)| turn.has_work().then_some(*id);
        let mut after = self.turns.range(StreamId(self.last.0 + 1)..).filter_map(waiting);
        after.next().or_else(|| self.turns.iter().find_map(waiting))
    }
}

impl Recognizer for Vosk {
    fn name(&self) -> &'static str {
        "vosk"
    }

    fn open(&mut self, stream: StreamId, context: &RecognitionContext) -> Result<(), EngineError> {
        let grammar = self.pool.grammar(context);
        let open = Ear::new(self.pool.take_open()?);
        let closed = grammar.and_then(|grammar| {
            let recognizer = self.pool.take_closed(&grammar)?;
            Some((grammar, Ear::new(recognizer)))
        });
        let (waiting, told) = (Vec::new(), String::new());
        self.turns.insert(stream, Turn { open, closed, waiting, finish: false, told });
        Ok(())
    }

    fn audio(&mut self, stream: StreamId, samples: &[i16], _voiced: bool) {
        if let Some(turn) = self.turns.get_mut(&stream).filter(|turn| !turn.finish) {
            turn.waiting.extend_from_slice(samples);
        }
    }

    fn finish(&mut self, stream: StreamId) {
        if let Some(turn) = self.turns.get_mut(&stream) {
            turn.finish = true;
        }
    }

    fn cancel(&mut self, stream: StreamId) {
        if let Some(turn) = self.turns.remove(&stream) {
            self.pool.give_back(turn);
        }
    }

    fn is_due(&self, stream: StreamId) -> bool {
        self.turns.get(&stream).is_some_and(Turn::has_work)
    }

    fn work(&mut self, emit: &mut dyn FnMut(StreamId, RecognitionEvent)) -> bool {
        let Some(id) = self.due() else { return false };
        self.last = id;
        match self.turns.get_mut(&id).map(Turn::step) {
            Some(Ok(Some(event))) => {
                if matches!(event, RecognitionEvent::Final(_)) {
                    self.cancel(id);
                }
                emit(id, event);
            }
            Some(Err(e)) => {
                // A recogniser that failed is not used again.
                self.turns.remove(&id);
                emit(id, RecognitionEvent::Failed(e.to_string()));
            }
            Some(Ok(None)) | None => {}
        }
        self.due().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::Expectation;

    fn korean() -> Option<Vosk> {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        match load("ko", &models) {
            Ok(model) => Some(Vosk::new(model).unwrap()),
            Err(e) => {
                eprintln!("SKIPPED: {e}");
                None
            }
        }
    }

    fn context(expectation: Expectation, phrases: &[&str]) -> RecognitionContext {
        let phrases = phrases.iter().map(|p| p.to_string()).collect::<Vec<_>>().into();
        RecognitionContext { language: "ko".into(), expectation, phrases }
    }

    #[test]
    fn recognisers_are_used_again() {
        let Some(mut engine) = korean() else { return };
        assert_eq!(engine.pool.created, WARM);
        let yes_no = context(Expectation::YesNo, &["네", "아니요"]);
        for round in 0..3 {
            engine.open(StreamId(round), &yes_no).unwrap();
            engine.audio(StreamId(round), &[0; 2_000], false);
            while engine.work(&mut |_, _| {}) {}
            if round == 1 {
                engine.cancel(StreamId(round));
            } else {
                engine.finish(StreamId(round));
                while engine.work(&mut |_, _| {}) {}
            }
            assert!(engine.turns.is_empty());
            // One for the grammar at the first round, none later.
            assert_eq!(engine.pool.created, WARM + 1, "round {round}");
        }
    }

    #[test]
    fn a_grammar_never_goes_down_empty_or_unescaped() {
        let Some(engine) = korean() else { return };
        let check = |expectation, phrases: &[&str], want: Option<&[&str]>| {
            let got = engine.pool.grammar(&context(expectation, phrases));
            let want = want.map(|w| w.iter().map(|p| p.to_string()).collect::<Vec<_>>());
            assert_eq!(got, want, "{phrases:?}");
        };
        check(Expectation::YesNo, &[], None);
        check(Expectation::YesNo, &["", "\"]", "xyzzyq"], None);
        check(Expectation::Open, &["네"], None);
        check(Expectation::Choice, &["\"네\", ", "네", "xyzzyq"], Some(&["네", UNKNOWN]));
    }
}
