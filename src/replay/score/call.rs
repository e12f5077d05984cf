//! How one call went: what was asked and heard, how often, and how long the caller waited.

use crate::audio::{FRAME_MS, SAMPLE_RATE_HZ};
use crate::call::{Call, Input, Note, Output, Sound};
use crate::dialogue::{Hotline, SlotKind, SlotSpec};
use crate::journal::{Entry, JournalError, Reader};
use crate::language::{SlotValue, mixed, spoken_phone, tokens};
use crate::speech::{Expectation, Transcript};
use crate::time::CallTime;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Samples of the bot's that are louder belong to an answer.
const AUDIBLE: u16 = 64;

/// What a slot should have come to: the ticket's value after operators' corrections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// Which slot.
    pub slot: String,
    /// Its right value.
    pub value: String,
}

/// How a call went, as its journal tells it; nothing that was said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct CallScore {
    /// Times the caller began to speak.
    pub turns: u32,
    /// From the end of the caller's speech to the first sample of the answer, in milliseconds, one
    /// for each turn that was answered; none without a recording.
    pub gaps_ms: Vec<u64>,
    /// Times the caller was told that nothing was heard.
    pub no_inputs: u32,
    /// Times nothing could be made of an answer.
    pub not_understood: u32,
    /// Times the caller spoke over a prompt.
    pub barge_ins: u32,
    /// Times a prompt was cut and no word was heard.
    #[serde(default)]
    pub false_barge_ins: u32,
    /// Times the caller went on speaking after we had decided that the turn was over.
    #[serde(default)]
    pub cut_offs: u32,
    /// The form's slots, in its order.
    pub slots: Vec<SlotScore>,
}

/// How one slot was found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct SlotScore {
    /// Its name in the hotline's file.
    pub slot: String,
    /// Times the caller was asked whether it is right, the read-back of the whole aside.
    pub confirmations: u32,
    /// The right value's best place among the readings of an answer to its question, from 1; null
    /// where it was in none.
    pub rank: Option<u32>,
}

/// Whether two values of a slot are the same to a person: case, punctuation and spaces aside.
pub fn is_same_value(a: &str, b: &str) -> bool {
    tokens(a) == tokens(b)
}

/// Scores the call of `reader` on `hotline`, against what is true.
pub fn score_call(
    mut reader: Reader,
    hotline: Arc<Hotline>,
    truths: &[Truth],
) -> Result<CallScore, JournalError> {
    let call = Call::new(hotline.clone(), reader.header().caller.clone());
    let mut run = Run { call, hotline, truths, score: CallScore::default(), frames: 0, gap: None };
    let slot = |s: &SlotSpec| SlotScore { slot: s.name.clone(), ..SlotScore::default() };
    run.score.slots = run.hotline.file.slots.iter().map(slot).collect();
    while let Some(record) = reader.next() {
        let record = record?;
        match record.entry {
            Entry::In(input) => run.input(record.at, input, &reader),
            Entry::Out(output) => run.output(&output),
            Entry::Lost(_) => {}
        }
    }
    Ok(run.score)
}

/// Where the caller waits for an answer.
enum Gap {
    /// The caller's speech ended here, milliseconds into the recording.
    Thinking(u64),
    /// And the answer was begun, but is not heard yet.
    Answering(u64),
}

struct Run<'t> {
    call: Call,
    hotline: Arc<Hotline>,
    truths: &'t [Truth],
    score: CallScore,
    frames: u64,
    gap: Option<Gap>,
}

impl Run<'_> {
    fn input(&mut self, now: CallTime, input: Input, reader: &Reader) {
        if let Input::Audio(_) = &input {
            self.heard(reader);
            self.frames += 1;
        }
        if let Input::Final { transcript, .. } = &input {
            self.rank(transcript);
            if transcript.text.trim().is_empty() {
                self.gap = None;
            }
        }
        // Only for the questions it asks: what came out is read from the journal.
        self.call.handle(now, input);
        while !matches!(self.call.poll(), Output::Timeout(_)) {}
    }

    /// Whether the answer is heard in the frame that was just read.
    fn heard(&mut self, reader: &Reader) {
        let Some(Gap::Answering(end_ms)) = self.gap else { return };
        let samples = reader.said().samples();
        if let Some(at) = samples.iter().position(|s| s.unsigned_abs() > AUDIBLE) {
            let begun = self.frames * FRAME_MS + at as u64 * 1_000 / u64::from(SAMPLE_RATE_HZ);
            self.score.gaps_ms.push(begun.saturating_sub(end_ms));
            self.gap = None;
        }
    }

    fn output(&mut self, output: &Output) {
        match output {
            Output::Note(Note::SpeechStarted { .. }) => {
                self.score.turns += 1;
                self.gap = None;
            }
            Output::Note(Note::SpeechEnded { end, .. }) => {
                self.gap = Some(Gap::Thinking(end.as_ms()));
            }
            Output::Note(Note::BargeIn { .. }) => self.score.barge_ins += 1,
            Output::Play { sounds, .. } => self.asked(sounds),
            _ => {}
        }
    }

    fn asked(&mut self, sounds: &[Sound]) {
        if let Some(Gap::Thinking(end_ms)) = self.gap {
            self.gap = Some(Gap::Answering(end_ms));
        }
        let says = |wanted: &str| {
            sounds.iter().any(|s| matches!(s, Sound::Prompt { name, .. } if name == wanted))
        };
        self.score.no_inputs += u32::from(says("no_input"));
        self.score.not_understood += u32::from(says("not_understood"));
        let Some(question) = self.call.question() else { return };
        let closed = question.context.as_ref().map(|c| c.expectation) == Some(Expectation::YesNo);
        let slot = self.score.slots.iter_mut().find(|s| s.slot == question.slot);
        if let Some(slot) = slot.filter(|_| closed) {
            slot.confirmations += 1;
        }
    }

    /// The place of the right value among what an answer may have said.
    fn rank(&mut self, heard: &Transcript) {
        let Some(question) = self.call.question() else { return };
        let Some(truth) = self.truths.iter().find(|t| t.slot == question.slot) else { return };
        let kind = self.hotline.file.slots.iter().find(|s| s.name == truth.slot).map(|s| s.kind);
        let Some(kind) = kind else { return };
        let readings = readings(kind, heard, &self.hotline);
        let found = readings.iter().position(|r| is_same_value(r, &truth.value));
        let Some(rank) = found.and_then(|at| u32::try_from(at + 1).ok()) else { return };
        if let Some(slot) = self.score.slots.iter_mut().find(|s| s.slot == truth.slot) {
            slot.rank = Some(slot.rank.map_or(rank, |before| before.min(rank)));
        }
    }
}

/// What `heard` may say for a slot of this kind, best first.
fn readings(kind: SlotKind, heard: &Transcript, hotline: &Hotline) -> Vec<String> {
    let values = |readings: Vec<SlotValue>| readings.into_iter().map(|r| r.value).collect();
    let all = || mixed(heard, &hotline.grammar, &hotline.file.needs);
    match kind {
        SlotKind::Name => values(all().names),
        SlotKind::Address => values(all().addresses),
        SlotKind::Need => values(all().needs),
        SlotKind::Phone => {
            let said = heard.hypotheses();
            said.filter_map(|(text, _)| spoken_phone(text, &hotline.grammar)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_same_value;

    #[test]
    fn values_that_a_person_would_call_the_same() {
        let check = |a, b, want| assert_eq!(is_same_value(a, b), want, "{a} {b}");
        check("12 Garden Street", "12 garden street", true);
        check("12 Garden  Street,", "12 Garden Street", true);
        check("Lê Lợi", "lê lợi", true);
        check("Lê Lợi", "Lê Lai", false);
        check("", "", true);
        check("", "Mary", false);
    }
}
