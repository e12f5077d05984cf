//! How a call went, told while its inputs and outputs pass by.

use super::result::{CallMeasures, SlotResult, TurnResult};
use super::score::{
    CallScore, Errors, SlotScore, characters, compare, is_same_value, normalize, spelled,
};
use super::truth::CallTruth;
use crate::audio::{AudioFrame, FRAME_MS, SAMPLE_RATE_HZ};
use crate::call::{
    Call, HangupCause, Input, Note, Output, Sound, Speaker, SpokenTurn, TurnId, TurnLog,
};
use crate::dialogue::Hotline;
use crate::journal::{Ending, Entry, JournalError, Reader};
use crate::speech::{Expectation, Transcript};
use crate::ticket::{Priority, Ticket};
use crate::time::CallTime;
use std::sync::Arc;

/// Turns of one call that are told of.
const TURNS_MAX: usize = 1_000;
/// Who speaks again so soon after we decided that the turn was over had not done: nobody answers a
/// question of which they heard so little.
const CUT_OFF_MS_MAX: u64 = 1_500;
/// Speech is heard in so many of the last six frames, as at the beginning of a turn.
const VOICED_FRAMES: u32 = 4;
const VOICED_WINDOW: u32 = 6;

/// Where the caller waits for an answer.
enum Gap {
    /// The caller's speech ended here, milliseconds since the answer.
    Thinking(u64),
    /// And the answer was begun, but is not heard yet.
    Answering(u64),
}

/// What is known of a caller's turn besides its words.
struct Known {
    /// The number of the turn in the log.
    number: u32,
    id: TurnId,
    asked: String,
    confidence: Option<f32>,
    gap_ms: Option<u64>,
    cut_off: bool,
    /// It stopped a prompt.
    barged_in: bool,
}

/// Watches one call.
pub(super) struct Assessor {
    hotline: Arc<Hotline>,
    truth: Arc<CallTruth>,
    score: CallScore,
    log: TurnLog,
    known: Vec<Known>,
    ticket: Option<Ticket>,
    gap: Option<Gap>,
    /// The caller's turn was declared over, and what they say until then belongs to it.
    over_until: Option<CallTime>,
    voiced: u32,
    barged_in: bool,
    /// The caller speaks; and whether the bot began to speak meanwhile (a life is at risk), so that
    /// nobody waits for an answer.
    speaking: bool,
    spoken_over: bool,
    /// The slot whose question is being answered.
    answered: Option<String>,
    latest: CallTime,
    ended: Option<HangupCause>,
}

impl Assessor {
    /// Of a call on `hotline` that begins.
    pub(super) fn new(hotline: Arc<Hotline>, truth: Arc<CallTruth>) -> Assessor {
        let slot = |name: &String| SlotScore { slot: name.clone(), ..SlotScore::default() };
        let slots = hotline.file.slots.iter().map(|s| slot(&s.name)).collect();
        Assessor {
            hotline,
            truth,
            score: CallScore { slots, ..CallScore::default() },
            log: TurnLog::new(TURNS_MAX),
            known: Vec::new(),
            ticket: None,
            gap: None,
            over_until: None,
            voiced: 0,
            barged_in: false,
            speaking: false,
            spoken_over: false,
            answered: None,
            latest: CallTime(0),
            ended: None,
        }
    }

    /// What the call is about to be told; `call` tells what it asks.
    pub(super) fn input(&mut self, now: CallTime, input: &Input, call: &Call) {
        self.latest = self.latest.max(now);
        match input {
            Input::Audio(_) => return,
            Input::Final { turn, transcript } => self.words(*turn, transcript, call),
            Input::Hangup(cause) => self.ended = Some(*cause),
            _ => {}
        }
        self.log.input(now, input);
    }

    /// A frame of the caller's was handled: whether there was speech in it, and how many
    /// milliseconds into the frame of the same time the bot's side begins to be heard.
    pub(super) fn frame(&mut self, now: CallTime, frame: u64, voiced: bool, audible: Option<u64>) {
        if let (Some(Gap::Answering(end_ms)), Some(ms)) = (&self.gap, audible) {
            let gap_ms = (frame * FRAME_MS + ms).saturating_sub(*end_ms);
            self.score.gaps_ms.push(gap_ms);
            if let Some(turn) = self.known.last_mut() {
                turn.gap_ms = Some(gap_ms);
            }
            self.gap = None;
        }
        self.voiced = (self.voiced << 1 | u32::from(voiced)) & ((1 << VOICED_WINDOW) - 1);
        let Some(until) = self.over_until else { return };
        if now > until {
            self.over_until = None;
        } else if self.voiced.count_ones() >= VOICED_FRAMES {
            self.over_until = None;
            self.score.cut_offs += 1;
            if let Some(turn) = self.known.last_mut() {
                turn.cut_off = true;
            }
        }
    }

    /// What came out; `call` tells what it asks now.
    pub(super) fn output(&mut self, now: CallTime, output: &Output, call: &Call) {
        self.log.output(now, output);
        match output {
            Output::Note(Note::SpeechStarted { turn }) => self.turn_begins(*turn, call),
            Output::Note(Note::SpeechEnded { end, .. }) => {
                self.speaking = false;
                self.gap = (!self.spoken_over).then_some(Gap::Thinking(end.as_ms()));
                self.over_until = Some(now + CUT_OFF_MS_MAX);
                self.voiced = 0;
            }
            Output::Note(Note::BargeIn { .. }) => {
                self.score.barge_ins += 1;
                self.barged_in = true;
            }
            Output::Play { sounds, .. } => self.asked(sounds, call),
            Output::SaveTicket(ticket) => self.ticket = Some((**ticket).clone()),
            Output::Hangup(cause) => self.ended = Some(*cause),
            _ => {}
        }
    }

    fn turn_begins(&mut self, id: TurnId, call: &Call) {
        self.score.turns += 1;
        (self.speaking, self.spoken_over) = (true, false);
        self.gap = None;
        let number = self.log.turns().back().map_or(0, |turn| turn.number);
        let barged_in = std::mem::take(&mut self.barged_in);
        let (asked, confidence, gap_ms) = (call.asked().to_string(), None, None);
        self.known.push(Known { number, id, asked, confidence, gap_ms, cut_off: false, barged_in });
    }

    fn words(&mut self, id: TurnId, heard: &Transcript, call: &Call) {
        let empty = heard.text.trim().is_empty();
        if let Some(turn) = self.known.iter_mut().rev().find(|t| t.id == id) {
            turn.confidence = Some(heard.confidence);
            self.score.false_barge_ins += u32::from(turn.barged_in && empty);
        }
        if empty {
            self.gap = None;
        }
        self.answered = call.question().map(|question| question.slot.clone());
    }

    fn asked(&mut self, sounds: &[Sound], call: &Call) {
        self.spoken_over |= self.speaking;
        if let Some(Gap::Thinking(end_ms)) = self.gap {
            self.gap = Some(Gap::Answering(end_ms));
        }
        let says = |wanted: &str| {
            sounds.iter().any(|s| matches!(s, Sound::Prompt { name, .. } if name == wanted))
        };
        self.score.no_inputs += u32::from(says("no_input"));
        self.score.not_understood += u32::from(says("not_understood"));
        let Some(question) = call.question() else { return };
        let closed = question.context.as_ref().map(|c| c.expectation) == Some(Expectation::YesNo);
        let slot = self.score.slots.iter_mut().find(|s| s.slot == question.slot);
        if let Some(slot) = slot.filter(|_| closed) {
            slot.confirmations += 1;
        }
    }

    /// What it was told was handled: the place of the right value among what an answer may have
    /// said.
    pub(super) fn handled(&mut self, call: &Call) {
        let Some(slot) = self.answered.take() else { return };
        let Some(truth) = self.truth.slot(&slot) else { return };
        let found = call.last_readings().iter().position(|r| is_same_value(&r.value, truth));
        let Some(rank) = found.and_then(|at| u32::try_from(at + 1).ok()) else { return };
        if let Some(slot) = self.score.slots.iter_mut().find(|s| s.slot == slot) {
            slot.rank = Some(slot.rank.map_or(rank, |before| before.min(rank)));
        }
    }

    /// The call is over. `said` tells of a caller's turn where in the recording it begins, in
    /// milliseconds, and what was really said.
    pub(super) fn finish(
        mut self,
        said: impl Fn(&SpokenTurn) -> (u64, Option<String>),
    ) -> CallMeasures {
        self.log.end();
        let language = self.hotline.file.language.clone();
        let (mut words, mut letters) = (None, None);
        let turns: Vec<_> = self.log.turns().iter().cloned().collect();
        let turns = turns.iter().map(|turn| {
            let (recording_ms, truth) = match turn.speaker {
                Speaker::Bot => (said(turn).0, None),
                Speaker::Keys | Speaker::Caller => said(turn),
            };
            let truth = truth.filter(|_| turn.speaker == Speaker::Caller);
            if let Some(truth) = &truth {
                let (said, heard) = (spelled(&language, truth), normalize(&language, &turn.text));
                add(&mut words, compare(&said, &heard));
                add(&mut letters, compare(&characters(&said), &characters(&heard)));
            }
            self.turn(turn, recording_ms, truth)
        });
        let turns: Vec<TurnResult> = turns.collect();
        let ticket = self.ticket.as_ref();
        CallMeasures {
            complete: ticket.is_some_and(|t| t.complete),
            duration_ms: self.latest.as_ms(),
            ended: self.ended,
            emergency_missed: self.truth.emergency.map(|emergency| {
                emergency && ticket.is_none_or(|t| t.priority != Priority::Emergency)
            }),
            slots: ticket.map(|t| self.slots(t)).unwrap_or_default(),
            score: self.score,
            words,
            characters: letters,
            turns,
            improvised: 0,
        }
    }

    fn turn(&self, turn: &SpokenTurn, recording_ms: u64, truth: Option<String>) -> TurnResult {
        let known = self.known.iter().find(|k| k.number == turn.number);
        TurnResult {
            speaker: turn.speaker,
            asked: known.map(|k| k.asked.clone()).unwrap_or_default(),
            text: turn.text.clone(),
            truth,
            confidence: known.and_then(|k| k.confidence),
            from_ms: turn.from_ms,
            to_ms: turn.to_ms.unwrap_or(self.latest.as_ms()),
            recording_ms,
            gap_ms: known.and_then(|k| k.gap_ms),
            cut_off: known.is_some_and(|k| k.cut_off),
        }
    }

    fn slots(&self, ticket: &Ticket) -> Vec<SlotResult> {
        let slot = |s: &crate::ticket::SlotRecord| SlotResult {
            slot: s.slot.clone(),
            status: s.status,
            value: s.value.clone(),
            confidence: s.confidence,
            truth: self.truth.slot(&s.slot).map(str::to_string),
        };
        ticket.slots.iter().map(slot).collect()
    }
}

fn add(sum: &mut Option<Errors>, more: Errors) {
    *sum = Some(sum.map_or(more, |sum| sum.plus(more)));
}

/// Samples of the bot's that are louder belong to an answer.
const AUDIBLE: u16 = 64;

/// How the call of `reader` went as it was recorded, on `hotline` and by what is true of it.
pub fn assess(
    mut reader: Reader,
    hotline: Arc<Hotline>,
    truth: Arc<CallTruth>,
) -> Result<CallMeasures, JournalError> {
    // Only for the questions it asks: what came out is read from the journal.
    let mut call = Call::new(hotline.clone(), reader.header().caller.clone()).unprepared();
    let mut assessor = Assessor::new(hotline, truth.clone());
    let mut frames = 0;
    while let Some(record) = reader.next() {
        let record = record?;
        let now = record.at;
        match record.entry {
            Entry::In(input) => {
                assessor.input(now, &input, &call);
                let heard = matches!(input, Input::Audio(_));
                call.handle(now, input);
                assessor.handled(&call);
                while !matches!(call.poll(), Output::Timeout(_)) {}
                if heard {
                    let audible = audible_ms(reader.said());
                    assessor.frame(now, frames, call.is_voiced(), audible);
                    frames += 1;
                }
            }
            Entry::Out(output) => assessor.output(now, &output, &call),
            Entry::Lost(_) => {}
        }
    }
    if let Some((_, Ending::Hangup(cause))) = reader.ending() {
        assessor.ended = Some(cause);
    }
    let said = |turn: &SpokenTurn| (turn.from_ms, truth.turn(turn.number).map(str::to_string));
    Ok(assessor.finish(said))
}

/// Where in the frame the bot begins to be heard.
fn audible_ms(said: &AudioFrame) -> Option<u64> {
    let at = said.samples().iter().position(|s| s.unsigned_abs() > AUDIBLE)?;
    Some(at as u64 * 1_000 / u64::from(SAMPLE_RATE_HZ))
}
