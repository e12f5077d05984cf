//! A whole form with a simulated caller on a bad line, one read-back round long.
//!
//! The caller says the case's words to every open question, each time spoiled anew; knows what
//! is right; agrees to a right read-back, and denies a wrong one and says the words once more.
//! What stands on the ticket then is judged. Yes and no are given by the keys, which are not
//! misheard.

use super::judge::{fields, labelled, same};
use super::{Case, Failure, SlotScore};
use crate::dialogue::{Answer, Dialogue, Hotline, SlotKind};
use crate::language::SlotValue;
use crate::speech::{Expectation, SpeechSegment, Transcript};
use crate::ticket::{CallId, SlotStatus, Ticket};
use crate::time::MediaTime;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;

/// Hearings of one slot: the first, and one repetition.
const HEARINGS_MAX: usize = 2;
/// What the caller keys in to be called back on: nobody's, and not judged.
const CALLBACK_NUMBER: &str = "0900000000";
/// No form takes more answers.
const ANSWERS_MAX: usize = 40;

/// What became of the forms of one language.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RoundScore {
    /// Forms.
    pub forms: usize,
    /// Name, address and need right together.
    pub all_right: usize,
    /// Forms whose label holds a locality (a ward).
    pub localities: usize,
    /// Of these, with that locality on the ticket.
    pub localities_right: usize,
    /// name, address, need: `accepted` counts what was taken without asking about it alone.
    pub slots: HashMap<&'static str, SlotScore>,
    /// What stands wrongly on a ticket, in the order of the forms.
    pub failures: Vec<Failure>,
}

const SLOTS: [(&str, SlotKind); 3] =
    [("name", SlotKind::Name), ("address", SlotKind::Address), ("need", SlotKind::Need)];

/// Leads one form over `hotline` with the words of `case` as `hear` hears them, and counts it.
pub fn lead(
    case: &Case,
    hotline: Arc<Hotline>,
    hear: &mut dyn FnMut(&str) -> Transcript,
    score: &mut RoundScore,
) {
    let form = Form::led(case, hotline, hear);
    score.forms += 1;
    let mut all = true;
    for (slot, kind) in SLOTS {
        let Some(want) = labelled(&case.expected, slot) else { continue };
        let value = form.value(kind);
        let right = same(slot, want.trim(), &written(slot, &value), &form.hotline.grammar);
        all &= right;
        if !right {
            score.failures.push(Failure {
                lang: case.lang.clone(),
                slot: format!("form {slot}"),
                text: form.heard.join(" / "),
                expected: want.trim().to_string(),
                got: written(slot, &value),
                confidence: value.confidence,
            });
        }
        let counted = score.slots.entry(slot).or_default();
        counted.cases += 1;
        counted.exact += usize::from(right);
        if let Some(&(unasked, was_right)) = form.first_taken.get(slot) {
            counted.accepted += usize::from(unasked);
            counted.accepted_right += usize::from(unasked && was_right);
        }
        if slot == "address" {
            let locality = |fields: &str| fields.split('|').nth(2).unwrap_or("").to_string();
            let wanted = format!("||{}||", locality(want));
            if wanted != "||||" {
                score.localities += 1;
                let got = format!("||{}||", locality(&written(slot, &value)));
                let grammar = &form.hotline.grammar;
                score.localities_right += usize::from(same(slot, &wanted, &got, grammar));
            }
        }
    }
    score.all_right += usize::from(all);
}

fn written(slot: &str, value: &SlotValue) -> String {
    match slot {
        "address" => fields(value),
        "need" => value.part("category").to_string(),
        _ => value.value.clone(),
    }
}

/// One form on its way.
struct Form<'a> {
    case: &'a Case,
    hotline: Arc<Hotline>,
    dialogue: Dialogue,
    hearings: HashMap<String, usize>,
    /// What was heard, in order.
    heard: Vec<String>,
    /// Slot to whether its first value was taken without a question, and was right.
    first_taken: HashMap<&'static str, (bool, bool)>,
}

impl Form<'_> {
    fn led<'a>(
        case: &'a Case,
        hotline: Arc<Hotline>,
        hear: &mut dyn FnMut(&str) -> Transcript,
    ) -> Form<'a> {
        let call = CallId("bench".into());
        let dialogue = Dialogue::new(hotline.clone(), call, "", Vec::new());
        let (hearings, first_taken, heard) = Default::default();
        let mut form = Form { case, hotline, dialogue, hearings, heard, first_taken };
        let mut question = form.dialogue.begin().ask;
        for _ in 0..ANSWERS_MAX {
            let Some(asked) = question else { break };
            if asked.slot == "rating" {
                break;
            }
            let open = asked.context.map(|c| c.expectation) != Some(Expectation::YesNo);
            question = form.answer(&asked.slot, open, hear);
            form.note_taken();
        }
        form
    }

    fn answer(
        &mut self,
        slot: &str,
        open: bool,
        hear: &mut dyn FnMut(&str) -> Transcript,
    ) -> Option<crate::dialogue::Question> {
        let keys = match slot {
            "consent" => Some("1".to_string()),
            "callback_number" if open => Some(CALLBACK_NUMBER.into()),
            "callback_number" => Some("1".into()),
            "read_back" => Some(if self.wrong_slot().is_some() { "2" } else { "1" }.to_string()),
            "which" => Some(self.wrong_slot().map_or(1, |i| i + 1).to_string()),
            _ => match self.dialogue.asking_about() {
                Some(read) => self.choice(slot, read),
                None if !open => Some("1".into()),
                None => None,
            },
        };
        if let Some(keys) = keys {
            return self.dialogue.heard(Answer::Keys(&keys)).ask;
        }
        let hearings = self.hearings.entry(slot.to_string()).or_default();
        *hearings += 1;
        if *hearings > HEARINGS_MAX {
            return self.dialogue.heard(Answer::Keys("#")).ask;
        }
        let transcript = hear(&self.case.text);
        self.heard.push(format!("{slot}: {}", transcript.text));
        let segment = SpeechSegment { start: MediaTime(0), end: MediaTime(8_000) };
        self.dialogue.heard(Answer::Words(&transcript, segment)).ask
    }

    /// 1 or 2 for the reading that is right; where none is, 2 denies one reading, and of two the
    /// caller says the words again.
    fn choice(&self, slot: &str, read: &[SlotValue]) -> Option<String> {
        let right = read.iter().position(|r| self.is_right(slot, r));
        let repeat = self.hearings.get(slot).is_none_or(|n| *n < HEARINGS_MAX);
        match (right, read.len()) {
            (Some(i), 2) => Some((i + 1).to_string()),
            (Some(_), _) => Some("1".into()),
            (None, 2) if repeat => None,
            (None, 2) => Some("#".into()),
            (None, _) => Some("2".into()),
        }
    }

    fn is_right(&self, slot: &str, value: &SlotValue) -> bool {
        let want = labelled(&self.case.expected, slot).unwrap_or("");
        same(slot, want.trim(), &written(slot, value), &self.hotline.grammar)
    }

    /// The first slot that stands wrongly on the ticket and may still be said again.
    fn wrong_slot(&self) -> Option<usize> {
        let slots = &self.dialogue.ticket().slots;
        slots.iter().position(|record| {
            let known = SLOTS.iter().any(|(name, _)| *name == record.slot);
            let repeat = self.hearings.get(&record.slot).is_none_or(|n| *n < HEARINGS_MAX);
            let value = SlotValue {
                value: record.value.clone(),
                parts: record.parts.clone(),
                confidence: record.confidence,
            };
            known && repeat && !self.is_right(&record.slot, &value)
        })
    }

    /// Notes, for each slot that has its first value now, whether it was asked about.
    fn note_taken(&mut self) {
        for (slot, kind) in SLOTS {
            let Some(record) = self.dialogue.ticket().slot(slot) else { continue };
            if self.first_taken.contains_key(slot) || record.status == SlotStatus::Empty {
                continue;
            }
            let unasked = record.status == SlotStatus::Heard;
            let right = self.is_right(slot, &self.value(kind));
            self.first_taken.insert(slot, (unasked, right));
        }
    }

    fn value(&self, kind: SlotKind) -> SlotValue {
        let ticket: &Ticket = self.dialogue.ticket();
        let specs = &self.hotline.file.slots;
        let at = specs.iter().position(|s| s.kind == kind);
        let record = at.map(|i| &ticket.slots[i]);
        record.map_or(SlotValue { value: String::new(), parts: Vec::new(), confidence: 0.0 }, |r| {
            SlotValue { value: r.value.clone(), parts: r.parts.clone(), confidence: r.confidence }
        })
    }
}
