//! Mixed initiative: what callers say that was not asked for.

use super::{Answer, Dialogue, Move, Prompt, SlotKind};
use crate::language::{SlotValue, YesNo, contains_phrase, is_detail, needs, tokens, yes_no};
use crate::speech::Transcript;
use crate::ticket::{Consent, SlotStatus};

/// A need nobody asked for counts from this confidence on.
const NEED_CONFIDENCE_MIN: f32 = 0.7;
/// Words beside the answer itself, before they are looked at for a need.
const NEED_WORDS_MIN: usize = 3;
/// Longer talk behind a no is not about the one value that was just read back.
const DENIAL_WORDS_MAX: usize = 12;

impl Dialogue {
    /// Fills the empty slots but `asked` from an answer; gives the words that tell of it.
    pub(super) fn volunteer(
        &mut self,
        asked: Option<usize>,
        answer: Answer<'_>,
        reading: Option<&SlotValue>,
    ) -> Vec<Prompt> {
        let Answer::Words(heard, segment) = answer else { return Vec::new() };
        let mut told = Vec::new();
        for slot in 0..self.ticket.slots.len() {
            if Some(slot) == asked || !self.is_open(slot) {
                continue;
            }
            let Some(value) = self.volunteered(slot, heard, reading) else { continue };
            if self.is_rejected(slot, &value) {
                continue;
            }
            self.accept(slot, &value, SlotStatus::Heard);
            let record = &mut self.ticket.slots[slot];
            record.heard.clone_from(&heard.text);
            if self.ticket.consent != Consent::Declined {
                record.audio.push(segment);
            }
            told.push(self.noted(slot));
        }
        told
    }

    /// True where a value is still welcome: not given yet, or given up.
    fn is_open(&self, slot: usize) -> bool {
        let status = self.ticket.slots[slot].status;
        matches!(status, SlotStatus::Empty | SlotStatus::OperatorToComplete)
    }

    /// A value for `slot` in an answer that was asked for something else, if it is beyond doubt.
    fn volunteered(
        &self,
        slot: usize,
        heard: &Transcript,
        reading: Option<&SlotValue>,
    ) -> Option<SlotValue> {
        let grammar = &self.hotline.grammar;
        // What was given up is better read back doubtful than left to an operator.
        let given_up = self.ticket.slots[slot].status == SlotStatus::OperatorToComplete;
        let bands = &self.hotline.file.confidence;
        let sure = if given_up { bands.reject_below } else { bands.confirm_below };
        match self.kind(slot) {
            SlotKind::Name => {
                let lead_in = &grammar.words.name_lead_in;
                let introduced =
                    given_up || lead_in.iter().any(|p| contains_phrase(&heard.text, p));
                let names = || self.mixed(heard, &[]).names.into_iter().next();
                let name = introduced.then(names)??;
                (name.confidence >= sure).then_some(name)
            }
            SlotKind::Address => {
                let address = self.addresses_in(heard).addresses.first().cloned()?;
                let fields = address.parts.iter().filter(|(n, _)| !is_detail(n)).count();
                (fields >= 2 && address.confidence >= sure).then_some(address)
            }
            SlotKind::Need => {
                let beside = without(&heard.text, reading);
                if tokens(&beside).len() < NEED_WORDS_MIN {
                    return None;
                }
                let beside = Transcript::plain(beside, heard.confidence);
                let need = needs(&beside, &self.hotline.file.needs, grammar).into_iter().next()?;
                let told = !matches!(need.part("category"), "" | "OTHER" | "HUMAN");
                (told && need.confidence >= NEED_CONFIDENCE_MIN).then_some(need)
            }
            SlotKind::Phone => None,
        }
    }

    /// "No, my name is Hoan": the answer to the next question corrects what was just acknowledged.
    pub(super) fn late_denial(&mut self, asked: usize, answer: Answer<'_>) -> Option<Move> {
        let before = self.acknowledged.take().filter(|&slot| slot != asked)?;
        let Answer::Words(heard, segment) = answer else { return None };
        let words = &self.hotline.grammar.words;
        let first = tokens(&heard.text).into_iter().next()?;
        let denies = words.no.iter().any(|p| p.split(' ').next() == Some(first.as_str()));
        let YesNo::No(rest) = yes_no(&heard.text, words) else { return None };
        if !denies || rest.is_empty() || tokens(&rest).len() > DENIAL_WORDS_MAX {
            return None;
        }
        if self.names_a_slot(&rest) {
            return self.correct(&rest, answer);
        }
        let old = self.standing(before);
        let new = self.replacement(before, &old, &rest, answer)?;
        let sure = self.hotline.file.confidence.confirm_below;
        // The denial may as well open the answer itself: "no rice left".
        let own = self.readings(asked, answer).into_iter().next();
        let own_sure = own.map_or(0.0, |r| r.confidence);
        if new.confidence < sure || own_sure >= new.confidence {
            return None;
        }
        self.reject(before, &old);
        if self.ticket.consent != Consent::Declined {
            self.ticket.slots[asked].audio.retain(|s| *s != segment);
        }
        self.ticket.slots[asked].heard.clear();
        self.keep(before, answer);
        self.accept(before, &new, SlotStatus::Heard);
        Some(self.acknowledge(before))
    }
}

/// The words of `text` that are not in `reading`.
fn without(text: &str, reading: Option<&SlotValue>) -> String {
    let Some(reading) = reading else { return text.to_string() };
    let mut used = tokens(&reading.value);
    used.extend(reading.parts.iter().flat_map(|(_, v)| tokens(v)));
    let left = text.split_whitespace().filter(|w| tokens(w).iter().all(|t| !used.contains(t)));
    left.collect::<Vec<_>>().join(" ")
}
