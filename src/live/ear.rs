//! The recogniser's side of one call: history for the pre-roll, the running stream, its events.

use super::metrics::Metrics;
use crate::audio::history::History;
use crate::audio::{AudioFrame, FRAME_MS};
use crate::call::{Input, TurnId};
use crate::engine::{Recognition, RecognitionEvent, RecognizerPool};
use crate::speech::RecognitionContext;
use crate::time::MediaTime;
use prometheus_client::metrics::counter::Counter;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::mpsc::{Receiver, channel};

/// Events of one stream that may wait for the call's next tick.
const EVENTS_MAX: usize = 16;

struct Stream {
    turn: TurnId,
    recognition: Option<Recognition>,
    events: Receiver<RecognitionEvent>,
}

/// Feeds one call's audio to the recogniser, a turn at a time.
pub(super) struct Ear {
    pool: Option<Arc<RecognizerPool>>,
    /// Seconds of sound that went there.
    heard: Option<Counter<f64, AtomicU64>>,
    history: History,
    stream: Option<Stream>,
    failed: Vec<TurnId>,
}

impl Ear {
    /// An ear with the recogniser of the call's language; without one every turn fails.
    pub(super) fn new(pool: Option<Arc<RecognizerPool>>, metrics: &Metrics) -> Ear {
        let heard = pool.as_ref().map(|pool| metrics.heard_by(pool.name()));
        Ear { pool, heard, history: History::default(), stream: None, failed: Vec::new() }
    }

    /// The next frame, and whether there is speech in it.
    pub(super) fn frame(&mut self, frame: &AudioFrame, voiced: bool) {
        self.history.push(frame);
        self.feed(frame, voiced);
    }

    fn feed(&mut self, frame: &AudioFrame, voiced: bool) {
        let Some(stream) = &mut self.stream else { return };
        let Some(recognition) = &stream.recognition else { return };
        if let Err(error) = recognition.audio(frame.samples(), voiced) {
            tracing::warn!(%error, "a turn is lost to the recogniser");
            self.failed.push(stream.turn);
            self.stream = None;
        } else if let Some(heard) = &self.heard {
            heard.inc_by(FRAME_MS as f64 / 1e3);
        }
    }

    /// Opens a stream from `from` on, as far back as history goes.
    pub(super) fn open(&mut self, turn: TurnId, from: MediaTime, context: RecognitionContext) {
        self.stream = None;
        let (sender, events) = channel(EVENTS_MAX);
        let opened = self.pool.as_ref().map(|pool| pool.open(context, sender));
        match opened {
            Some(Ok(recognition)) => {
                self.stream = Some(Stream { turn, recognition: Some(recognition), events });
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "no recogniser for a turn");
                return self.failed.push(turn);
            }
            None => return self.failed.push(turn),
        }
        let frames: Vec<AudioFrame> = self.history.since(from).copied().collect();
        for frame in &frames {
            self.feed(frame, true);
        }
    }

    pub(super) fn pause(&mut self, turn: TurnId) {
        if let Some(recognition) = self.recognition_of(turn) {
            // A refused hint costs only the head start.
            let _ = recognition.pause();
        }
    }

    fn recognition_of(&mut self, turn: TurnId) -> Option<&Recognition> {
        let stream = self.stream.as_ref().filter(|s| s.turn == turn)?;
        stream.recognition.as_ref()
    }

    pub(super) fn finish(&mut self, turn: TurnId) {
        let Some(stream) = self.stream.as_mut().filter(|s| s.turn == turn) else { return };
        if let Some(Err(error)) = stream.recognition.take().map(Recognition::finish) {
            tracing::warn!(%error, "a turn's end is lost to the recogniser");
            self.failed.push(turn);
            self.stream = None;
        }
    }

    pub(super) fn abandon(&mut self, turn: TurnId) {
        if self.stream.as_ref().is_some_and(|s| s.turn == turn) {
            self.stream = None;
        }
    }

    /// What the engine said since the last time.
    pub(super) fn inputs(&mut self, inputs: &mut VecDeque<Input>) {
        inputs.extend(self.failed.drain(..).map(|turn| Input::EngineFailed { turn }));
        let Some(stream) = &mut self.stream else { return };
        let turn = stream.turn;
        while let Ok(event) = stream.events.try_recv() {
            inputs.push_back(match event {
                RecognitionEvent::Interim(transcript) => Input::Interim { turn, transcript },
                RecognitionEvent::Final(transcript) => Input::Final { turn, transcript },
                RecognitionEvent::Failed(reason) => {
                    tracing::warn!(reason, "the recogniser failed a turn");
                    Input::EngineFailed { turn }
                }
            });
        }
    }
}
