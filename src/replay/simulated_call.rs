//! One call on a virtual clock: the caller of a recording, the call's machine, and an engine that
//! hears as fast as it can.

use super::assessor::Assessor;
use super::impair::ImpairedLine;
use super::result::CallMeasures;
use super::simulated_caller::SimulatedCaller;
use super::tape::{Tape, words_of};
use super::truth::CallTruth;
use crate::audio::history::History;
use crate::audio::{AudioFrame, FRAME_MS};
use crate::call::{Call, HangupCause, Input, Output, PlayId, Speaker, SpokenTurn, TurnId};
use crate::dialogue::Hotline;
use crate::engine::{RecognitionEvent, Recognizer, StreamId};
use crate::ticket::TicketNumber;
use crate::time::CallTime;
use std::collections::VecDeque;
use std::sync::Arc;

/// A call that lasts so much longer than it did is broken off: nobody is there who would end it.
const LONGER_MAX: u64 = 3;
const FRAMES_MORE: u64 = 60_000 / FRAME_MS;
/// Where in the recording nothing is heard: the caller's room.
const NOWHERE: u32 = u32::MAX;

/// What hears the calls of one thread.
pub(super) struct Ear<'e> {
    pub(super) engine: &'e mut dyn Recognizer,
    /// Numbers its streams.
    pub(super) streams: &'e mut u64,
}

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// It waits for its engine.
    Waits,
    /// It is over.
    Over,
}

/// See the [module](self).
pub(super) struct SimulatedCall {
    call: Call,
    caller: SimulatedCaller,
    line: Option<ImpairedLine>,
    tape: Arc<Tape>,
    truth: Arc<CallTruth>,
    assessor: Assessor,
    history: History,
    /// What is being said, and how many frames are left of it.
    playing: Option<(PlayId, usize)>,
    stream: Option<(TurnId, StreamId)>,
    /// What is to be told, and at which frame.
    inbox: VecDeque<(u64, Input)>,
    frame: u64,
    frames_max: u64,
    /// Where in the recording each frame came from.
    heads: Vec<u32>,
    over: bool,
    heard_frames: u64,
}

impl SimulatedCall {
    /// The caller of `tape` calls `hotline`; their side goes through `line`.
    pub(super) fn new(
        tape: Arc<Tape>,
        hotline: Arc<Hotline>,
        truth: Arc<CallTruth>,
        line: Option<ImpairedLine>,
    ) -> SimulatedCall {
        let frames_max = tape.heard.len() as u64 * LONGER_MAX + FRAMES_MORE;
        SimulatedCall {
            call: Call::new(hotline.clone(), tape.header.caller.clone()).unprepared(),
            caller: SimulatedCaller::new(tape.clone(), truth.clone()),
            line,
            assessor: Assessor::new(hotline, truth.clone()),
            tape,
            truth,
            history: History::default(),
            playing: None,
            stream: None,
            inbox: VecDeque::from([(0, Input::Answered)]),
            frame: 0,
            frames_max,
            heads: Vec::new(),
            over: false,
            heard_frames: 0,
        }
    }

    /// The engine's stream that hears the caller now.
    pub(super) fn stream(&self) -> Option<StreamId> {
        self.stream.map(|(_, stream)| stream)
    }

    /// Frames that an engine heard so far.
    pub(super) fn heard_frames(&self) -> u64 {
        self.heard_frames
    }

    /// What the engine says of the call's stream.
    pub(super) fn heard(&mut self, event: RecognitionEvent) {
        let Some((turn, _)) = self.stream else { return };
        let input = match event {
            RecognitionEvent::Interim(transcript) => Input::Interim { turn, transcript },
            RecognitionEvent::Final(transcript) => Input::Final { turn, transcript },
            RecognitionEvent::Failed(_) => Input::EngineFailed { turn },
        };
        if !matches!(input, Input::Interim { .. }) {
            self.stream = None;
        }
        self.inbox.push_back((self.frame + self.tape.latency, input));
    }

    /// Whether `engine` has something to compute before the call can go on.
    pub(super) fn waits_for(&self, engine: &dyn Recognizer) -> bool {
        self.stream().is_some_and(|stream| engine.is_due(stream))
    }

    /// Goes on until the engine has something to compute, or to the end.
    pub(super) fn advance(&mut self, ear: &mut Ear<'_>) -> Progress {
        while !self.over {
            if self.waits_for(ear.engine) {
                return Progress::Waits;
            }
            self.step(ear);
            self.over |= self.frame >= self.frames_max;
        }
        if let Some((_, stream)) = self.stream.take() {
            ear.engine.cancel(stream);
        }
        Progress::Over
    }

    /// 20 ms, in the order in which a running call has them.
    fn step(&mut self, ear: &mut Ear<'_>) {
        let now = CallTime(self.frame * FRAME_MS);
        let (audible, finished) = self.mouth();
        self.news(now, ear);
        let callers = self.caller.frame();
        self.heads.push(callers.position.map_or(NOWHERE, |at| at as u32));
        let sound = match &mut self.line {
            Some(line) => line.frame(&callers.sound),
            None => callers.sound,
        };
        self.sound(now, &sound, audible, ear);
        self.frame += 1;
        if let Some(play) = finished {
            self.caller.prompt_over();
            self.input(now, Input::PromptFinished { play }, ear);
        }
        for act in callers.acts {
            self.input(now, act, ear);
        }
    }

    /// Whether the bot is heard in this frame, and what it has said to its end.
    fn mouth(&mut self) -> (bool, Option<PlayId>) {
        let Some((play, left)) = &mut self.playing else { return (false, None) };
        if *left > 0 {
            *left -= 1;
            return (true, None);
        }
        let play = *play;
        self.playing = None;
        (false, Some(play))
    }

    fn news(&mut self, now: CallTime, ear: &mut Ear<'_>) {
        while let Some(at) = self.inbox.iter().position(|(at, _)| *at <= self.frame) {
            if let Some((_, input)) = self.inbox.remove(at) {
                self.input(now, input, ear);
            }
        }
    }

    fn sound(&mut self, now: CallTime, sound: &AudioFrame, audible: bool, ear: &mut Ear<'_>) {
        if self.over {
            return;
        }
        self.call.handle(now, Input::Audio(*sound));
        let voiced = self.call.is_voiced();
        self.assessor.frame(now, self.frame, voiced, audible.then_some(0));
        self.history.push(sound);
        if let Some((_, stream)) = self.stream {
            self.heard_frames += 1;
            ear.engine.audio(stream, sound.samples(), voiced);
        }
        self.drain(now, ear);
    }

    fn input(&mut self, now: CallTime, input: Input, ear: &mut Ear<'_>) {
        if self.over {
            return;
        }
        self.assessor.input(now, &input, &self.call);
        let hung_up = matches!(input, Input::Hangup(_));
        self.call.handle(now, input);
        self.assessor.handled(&self.call);
        self.drain(now, ear);
        self.over |= hung_up;
    }

    fn drain(&mut self, now: CallTime, ear: &mut Ear<'_>) {
        loop {
            let output = self.call.poll();
            self.assessor.output(now, &output, &self.call);
            match output {
                Output::Timeout(_) => return,
                Output::Play { play, sounds } => {
                    self.playing = Some((play, self.tape.frames_of(&sounds)));
                    self.caller.asked(&words_of(&sounds), &self.call);
                }
                Output::StopPlaying { play } => {
                    if self.playing.take_if(|(id, _)| *id == play).is_some() {
                        self.caller.prompt_over();
                    }
                }
                Output::Recognize { turn, from, context } => {
                    self.close(ear);
                    *ear.streams += 1;
                    let stream = StreamId(*ear.streams);
                    self.stream = Some((turn, stream));
                    match ear.engine.open(stream, &context) {
                        Ok(()) => {
                            for frame in self.history.since(from) {
                                self.heard_frames += 1;
                                ear.engine.audio(stream, frame.samples(), true);
                            }
                        }
                        Err(error) => self.heard(RecognitionEvent::Failed(error.to_string())),
                    }
                }
                Output::SpeechPaused { turn } => self.with(turn, |s| ear.engine.pause(s)),
                Output::EndOfSpeech { turn } => self.with(turn, |s| ear.engine.finish(s)),
                Output::AbandonTurn { turn } => {
                    if self.stream.is_some_and(|(id, _)| id == turn) {
                        self.close(ear);
                    }
                }
                Output::Hangup(_) => self.over = true,
                output => self.shell(output),
            }
        }
    }

    fn with(&self, turn: TurnId, act: impl FnOnce(StreamId)) {
        if let Some((_, stream)) = self.stream.filter(|(id, _)| *id == turn) {
            act(stream);
        }
    }

    fn close(&mut self, ear: &mut Ear<'_>) {
        if let Some((_, stream)) = self.stream.take() {
            ear.engine.cancel(stream);
        }
    }

    /// What the store and the network answer: as they did.
    fn shell(&mut self, output: Output) {
        let answer = match output {
            Output::SaveTicket(ticket) => {
                let (number, by) = self.tape.saved.unwrap_or((TicketNumber(1), None));
                let earlier = self.tape.earlier.clone();
                Input::TicketSaved { number, revision: ticket.revision, by, earlier }
            }
            Output::FindTicket { number } => {
                Input::TicketFound { number, standing: self.tape.found.clone() }
            }
            Output::Transfer { .. } if self.tape.transfer_failed => Input::TransferFailed,
            Output::Transfer { .. } => {
                Input::Hangup(self.tape.hung_up.unwrap_or(HangupCause::CallerHungUp))
            }
            _ => return,
        };
        self.inbox.push_back((self.frame + 1, answer));
    }

    /// How it went.
    pub(super) fn finish(self) -> CallMeasures {
        let SimulatedCall { assessor, caller, heads, tape, truth, .. } = self;
        let frame = |ms: u64| ((ms / FRAME_MS) as usize).min(heads.len());
        let said = |turn: &SpokenTurn| {
            let span = &heads[frame(turn.from_ms)..frame(turn.to_ms.unwrap_or(u64::MAX))];
            let known = |h: &&u32| **h != NOWHERE;
            let before = || heads[..frame(turn.from_ms)].iter().rev().find(known);
            let place = span.iter().find(known).or_else(before);
            let recording_ms = place.map_or(0, |at| u64::from(*at) * FRAME_MS);
            let truth = (turn.speaker == Speaker::Caller)
                .then(|| tape.truth(&truth, |frame| span.contains(&(frame as u32))));
            (recording_ms, truth.flatten())
        };
        let mut measures = assessor.finish(said);
        measures.improvised = caller.improvised();
        measures
    }
}
