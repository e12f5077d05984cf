//! A recogniser that says what its script says: for tests of everything around it.

use super::{EngineError, RecognitionEvent, Recognizer, StreamId};
use crate::speech::{RecognitionContext, Transcript};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

/// One scripted answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// This transcript.
    Say(Transcript),
    /// The stream fails.
    Fail,
    /// Nothing ever comes.
    Hang,
    /// The engine panics.
    Panic,
}

/// Gives the next line of its script at each finished turn; an empty transcript when it runs out.
pub struct Scripted {
    lines: Arc<Mutex<VecDeque<Line>>>,
    heard: HashMap<StreamId, usize>,
    done: Vec<StreamId>,
}

impl Scripted {
    /// A recogniser over a script that several may share.
    pub fn new(lines: Arc<Mutex<VecDeque<Line>>>) -> Scripted {
        Scripted { lines, heard: HashMap::new(), done: Vec::new() }
    }
}

impl Recognizer for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn open(&mut self, stream: StreamId, _: &RecognitionContext) -> Result<(), EngineError> {
        self.heard.insert(stream, 0);
        Ok(())
    }

    fn audio(&mut self, stream: StreamId, samples: &[i16], _: bool) {
        *self.heard.entry(stream).or_default() += samples.len();
    }

    fn finish(&mut self, stream: StreamId) {
        self.done.push(stream);
    }

    fn cancel(&mut self, stream: StreamId) {
        self.heard.remove(&stream);
    }

    fn is_due(&self, stream: StreamId) -> bool {
        self.done.contains(&stream)
    }

    fn work(&mut self, emit: &mut dyn FnMut(StreamId, RecognitionEvent)) -> bool {
        for stream in std::mem::take(&mut self.done) {
            self.heard.remove(&stream);
            let line = self.lines.lock().map(|mut l| l.pop_front()).unwrap_or_default();
            match line {
                Some(Line::Say(t)) => emit(stream, RecognitionEvent::Final(t)),
                Some(Line::Fail) => emit(stream, RecognitionEvent::Failed("scripted".into())),
                Some(Line::Hang) => {}
                Some(Line::Panic) => panic!("scripted panic"),
                None => emit(stream, RecognitionEvent::Final(Transcript::default())),
            }
        }
        false
    }
}
