//! Collect: the answers to one slot's question, from several readings to one value.

use super::{
    Answer, Dialogue, HEARINGS_MAX, MISSES_MAX, Move, Prompt, SlotKind, Stage, prompt::sounds_alike,
};
use crate::language::{
    AddressReadings, Mixed, SlotValue, YesNo, address_readings, combined, e164, find_phrase,
    mixed_beside, only_yes_no, spoken_number, tokens, unparsed_address,
};
use crate::speech::Transcript;
use crate::ticket::{Consent, SlotStatus};
use std::sync::Arc;

/// Of what is left when a reading is denied, the next is asked about with this share.
const NEXT_MIN: f32 = 0.6;
/// A second reading this close to the first is worth a question of its own.
const CLOSE: f32 = 0.6;

impl Dialogue {
    pub(super) fn slot(&mut self, slot: usize, answer: Answer<'_>) -> Move {
        self.keep(slot, answer);
        if let Answer::Keys("#") = answer {
            return self.give_up_slot(slot);
        }
        if let Some(next) = self.late_denial(slot, answer) {
            return next;
        }
        let heard = self.with_earlier(slot, answer);
        let answer = match (answer, &heard) {
            (Answer::Words(_, segment), Some(heard)) => Answer::Words(heard, segment),
            _ => answer,
        };
        let readings = self.readings(slot, answer);
        let volunteered = self.volunteer(Some(slot), answer, readings.first());
        self.take(slot, readings, volunteered, answer)
    }

    /// An answer in words with what earlier answers had at the same places. Digits are not mixed.
    fn with_earlier(&mut self, slot: usize, answer: Answer<'_>) -> Option<Transcript> {
        let Answer::Words(heard, _) = answer else { return None };
        if self.kind(slot) == SlotKind::Phone {
            return None;
        }
        let all = combined(heard, &self.hearings, &self.hotline.grammar);
        if self.hearings.len() == HEARINGS_MAX {
            self.hearings.remove(0);
        }
        self.hearings.push(heard.clone());
        Some(all)
    }

    /// Keeps the sound and the words of an answer with the slot it was given for.
    pub(super) fn keep(&mut self, slot: usize, answer: Answer<'_>) {
        if let Answer::Words(transcript, segment) = answer {
            let keep_sound = self.ticket.consent != Consent::Declined;
            let record = &mut self.ticket.slots[slot];
            if keep_sound {
                record.audio.push(segment);
            }
            record.heard.clone_from(&transcript.text);
        }
    }

    /// Accepts, asks about, or drops the best of `readings`, by its confidence.
    fn take(
        &mut self,
        slot: usize,
        readings: Vec<SlotValue>,
        mut say: Vec<Prompt>,
        answer: Answer<'_>,
    ) -> Move {
        let bands = &self.hotline.file.confidence;
        let (reject, confirm) = (bands.reject_below, bands.confirm_below);
        let words = self.plain_words(slot, &readings, answer);
        self.others.clone_from(&readings);
        let mut usable = readings.into_iter().filter(|r| r.confidence >= reject).chain(words);
        let Some(best) = usable.next() else {
            if say.is_empty() {
                return self.missed_slot(slot, answer);
            }
            // Something else was told: no miss, only not yet this.
            say.push(self.first_prompt());
            return self.asking(say);
        };
        let next = if self.kind(slot) == SlotKind::Phone {
            self.ask_confirmation(slot, best)
        } else if best.confidence >= confirm {
            self.accept(slot, &best, SlotStatus::Heard);
            self.acknowledge(slot)
        } else {
            match usable.next().filter(|second| second.confidence >= best.confidence * CLOSE) {
                Some(second) => self.ask_either(slot, best, second),
                None => self.ask_confirmation(slot, best),
            }
        };
        say.extend(next.say);
        Move { say, ..next }
    }

    /// A need in the caller's own words, for what no category is likely for.
    fn plain_words(
        &self,
        slot: usize,
        readings: &[SlotValue],
        answer: Answer<'_>,
    ) -> Option<SlotValue> {
        let Answer::Words(heard, _) = answer else { return None };
        let told = readings.first().filter(|_| self.kind(slot) == SlotKind::Need)?;
        let bands = &self.hotline.file.confidence;
        let unlikely = told.confidence < bands.reject_below;
        (unlikely && heard.confidence >= bands.confirm_below).then(|| SlotValue {
            value: told.value.clone(),
            parts: Vec::new(),
            confidence: heard.confidence,
        })
    }

    /// A second miss of a name asks to spell it; what is missed for good goes to an operator.
    fn missed_slot(&mut self, slot: usize, answer: Answer<'_>) -> Move {
        let spell = self.kind(slot) == SlotKind::Name && matches!(answer, Answer::Words(..));
        self.miss(answer, |d| {
            if !spell {
                return d.give_up_slot(slot);
            }
            d.enter(Stage::Spelled(slot));
            let say = vec![d.first_prompt()];
            d.asking(say)
        })
    }

    pub(super) fn spelled(&mut self, slot: usize, answer: Answer<'_>) -> Move {
        self.keep(slot, answer);
        match self.readings(slot, answer).into_iter().next() {
            Some(reading) => self.ask_confirmation(slot, reading),
            None => self.give_up_slot(slot),
        }
    }

    pub(super) fn give_up_slot(&mut self, slot: usize) -> Move {
        let record = &self.ticket.slots[slot];
        let heard = Transcript::plain(record.heard.clone(), record.confidence);
        if self.kind(slot) == SlotKind::Address && record.value.is_empty() {
            // The caller's own words are a better start for the operator than nothing.
            let words = unparsed_address(&heard, &self.hotline.grammar);
            self.ticket.slots[slot].value = words.map(|w| w.value).unwrap_or_default();
        }
        self.leave_to_operator(slot);
        let kept = !self.ticket.slots[slot].audio.is_empty();
        let say = if kept { vec![self.text("left_to_operator")] } else { vec![] };
        self.select(say)
    }

    /// What the answer may say for `slot`, best first, without what the caller denied.
    pub(super) fn readings(&self, slot: usize, answer: Answer<'_>) -> Vec<SlotValue> {
        let mut readings = match answer {
            Answer::Words(heard, _) => self.readings_of(slot, heard),
            Answer::Keys(keys) => self.reading_of_keys(slot, keys).into_iter().collect(),
            Answer::Silence => Vec::new(),
        };
        readings.retain(|r| !self.is_rejected(slot, r));
        readings
    }

    pub(super) fn readings_of(&self, slot: usize, heard: &Transcript) -> Vec<SlotValue> {
        let grammar = &self.hotline.grammar;
        // A late or misplaced "yes" is nobody's name or street.
        if only_yes_no(&heard.text, &grammar.words) {
            return Vec::new();
        }
        match self.kind(slot) {
            SlotKind::Name => self.mixed(heard, &self.hotline.file.needs).names,
            SlotKind::Address => self.addresses_in(heard).addresses.clone(),
            SlotKind::Need => self.mixed(heard, &self.hotline.file.needs).needs,
            SlotKind::Phone => {
                let digits = spoken_number(&heard.text, &grammar.words.numbers);
                digits.map(|d| self.phone(&d, heard.confidence)).into_iter().collect()
            }
        }
    }

    /// The addresses in `heard`. Interim words are mostly the final ones too, and the same words
    /// are read for several slots: those read last are kept.
    pub(super) fn addresses_in(&self, heard: &Transcript) -> Arc<AddressReadings> {
        let mut last = self.addresses_read.borrow_mut();
        match &*last {
            Some((read, readings)) if read == heard => readings.clone(),
            _ => {
                let readings = Arc::new(address_readings(heard, &self.hotline.grammar));
                *last = Some((heard.clone(), readings.clone()));
                readings
            }
        }
    }

    pub(super) fn mixed(&self, heard: &Transcript, categories: &[String]) -> Mixed {
        mixed_beside(heard, &self.hotline.grammar, categories, &self.addresses_in(heard))
    }

    fn reading_of_keys(&self, slot: usize, keys: &str) -> Option<SlotValue> {
        match self.kind(slot) {
            SlotKind::Need => {
                let key: usize = keys.parse().ok()?;
                let category = self.hotline.file.needs.get(key.checked_sub(1)?)?;
                let label = &self.hotline.grammar.words.needs.get(category)?.label;
                let parts = vec![("category".to_string(), category.clone())];
                Some(SlotValue { value: label.clone(), parts, confidence: 1.0 })
            }
            SlotKind::Phone => (keys.len() >= 3).then(|| self.phone(keys, 1.0)),
            SlotKind::Name | SlotKind::Address => None,
        }
    }

    pub(super) fn phone(&self, digits: &str, confidence: f32) -> SlotValue {
        let number = e164(digits, &self.hotline.file.country);
        let value = number.unwrap_or_else(|| digits.to_string());
        SlotValue { value, parts: Vec::new(), confidence }
    }

    pub(super) fn ask_confirmation(&mut self, slot: usize, reading: SlotValue) -> Move {
        let misses = self.misses;
        self.enter(Stage::Confirm(slot, reading));
        self.misses = misses;
        let say = vec![self.first_prompt()];
        self.asking(say)
    }

    fn ask_either(&mut self, slot: usize, first: SlotValue, second: SlotValue) -> Move {
        let misses = self.misses;
        self.enter(Stage::Either(slot, Box::new([first, second])));
        self.misses = misses;
        let say = vec![self.first_prompt()];
        self.asking(say)
    }

    pub(super) fn accept(&mut self, slot: usize, reading: &SlotValue, status: SlotStatus) {
        let phone = self.kind(slot) == SlotKind::Phone;
        let record = &mut self.ticket.slots[slot];
        record.value.clone_from(&reading.value);
        record.parts.clone_from(&reading.parts);
        record.confidence = reading.confidence;
        record.status = status;
        if phone {
            self.ticket.callback_number.clone_from(&reading.value);
        }
    }

    /// Implicit confirmation of `slot`, then on; after the first read-back it is read back alone.
    pub(super) fn acknowledge(&mut self, slot: usize) -> Move {
        let value = self.ticket.slots[slot].value.clone();
        if self.reviewing {
            let say = vec![self.text_with("changed", &self.spoken(slot, &value))];
            return self.select(say);
        }
        self.acknowledged = Some(slot);
        let say = vec![self.noted(slot)];
        self.select(say)
    }

    /// The words that tell that `slot` is written down.
    pub(super) fn noted(&self, slot: usize) -> Prompt {
        let name = match self.kind(slot) {
            SlotKind::Name => "ack_name",
            SlotKind::Address => "ack_address",
            SlotKind::Need => "ack_need",
            SlotKind::Phone => "ack_phone",
        };
        self.text_with(name, &self.ticket.slots[slot].value)
    }

    pub(super) fn confirm(&mut self, slot: usize, reading: SlotValue, answer: Answer<'_>) -> Move {
        if let (SlotKind::Phone, Answer::Keys(keys)) = (self.kind(slot), answer)
            && keys.len() >= 3
        {
            return self.ask_confirmation(slot, self.phone(keys, 1.0));
        }
        match self.agreed(answer) {
            YesNo::Yes => {
                self.accept(slot, &reading, SlotStatus::Confirmed);
                self.acknowledge(slot)
            }
            YesNo::No(rest) => {
                let corrected = self.replacement(slot, &reading, &rest, answer);
                self.reject(slot, &reading);
                self.after_denial(slot, corrected, answer)
            }
            YesNo::Unclear => {
                // The caller may just say it again, better.
                let said = self.readings(slot, answer).into_iter().next();
                match said.filter(|s| s.confidence >= self.hotline.file.confidence.reject_below) {
                    Some(same) if self.alike(slot, &same, &reading) => {
                        self.accept(slot, &reading, SlotStatus::Confirmed);
                        self.acknowledge(slot)
                    }
                    Some(other) if self.kind(slot) != SlotKind::Need => {
                        self.keep(slot, answer);
                        self.reject(slot, &reading);
                        self.ask_confirmation(slot, other)
                    }
                    _ => self.miss(answer, |d| {
                        // Heard but neither confirmed nor denied: the operator asks.
                        d.accept(slot, &reading, SlotStatus::Heard);
                        d.acknowledge(slot)
                    }),
                }
            }
        }
    }

    fn after_denial(
        &mut self,
        slot: usize,
        corrected: Option<SlotValue>,
        answer: Answer<'_>,
    ) -> Move {
        match corrected.filter(|r| !self.is_rejected(slot, r)) {
            Some(new) => {
                self.keep(slot, answer);
                self.ask_confirmation(slot, new)
            }
            None => match self.next_best(slot) {
                Some(next) => self.ask_confirmation(slot, next),
                None => {
                    self.stage = Stage::Slot(slot);
                    self.missed_slot(slot, answer)
                }
            },
        }
    }

    /// What else the last answer may have said, where that is likely, or where the slot is given
    /// up otherwise.
    fn next_best(&mut self, slot: usize) -> Option<SlotValue> {
        let mut others = std::mem::take(&mut self.others);
        others.retain(|r| !self.is_rejected(slot, r));
        let left: f32 = others.iter().map(|r| r.confidence).sum();
        let next = others.into_iter().next()?;
        let last = self.misses + 1 >= MISSES_MAX;
        (last || next.confidence >= left * NEXT_MIN).then_some(next)
    }

    /// "Lê Lợi or Lê Lai?": by name, by "the first", by the keys 1 and 2.
    pub(super) fn either(&mut self, slot: usize, two: [SlotValue; 2], answer: Answer<'_>) -> Move {
        let chosen = match answer {
            Answer::Keys("1") => Some(0),
            Answer::Keys("2") => Some(1),
            Answer::Words(heard, _) => self.chosen(slot, &two, heard),
            _ => None,
        };
        if let Some(i) = chosen {
            self.accept(slot, &two[i], SlotStatus::Confirmed);
            return self.acknowledge(slot);
        }
        match self.agreed(answer) {
            YesNo::No(rest) => {
                let corrected = self.replacement(slot, &two[0], &rest, answer);
                two.iter().for_each(|r| self.reject(slot, r));
                self.after_denial(slot, corrected, answer)
            }
            YesNo::Yes | YesNo::Unclear => match self.said_instead(slot, &two, answer) {
                Some(other) => self.ask_confirmation(slot, other),
                None => self.miss(answer, |d| {
                    let [first, _] = two;
                    d.accept(slot, &first, SlotStatus::Heard);
                    d.acknowledge(slot)
                }),
            },
        }
    }

    /// What callers say who hear that none of `asked` is right and say it again, better.
    fn said_instead(
        &mut self,
        slot: usize,
        asked: &[SlotValue],
        answer: Answer<'_>,
    ) -> Option<SlotValue> {
        let heard = self.with_earlier(slot, answer)?;
        let mut said = self.readings_of(slot, &heard);
        said.retain(|r| !self.is_rejected(slot, r));
        let usable = self.hotline.file.confidence.reject_below;
        let other = |r: &SlotValue| !asked.iter().any(|a| self.alike(slot, a, r));
        let found = said.iter().find(|r| other(r) && r.confidence >= usable)?.clone();
        self.keep(slot, answer);
        asked.iter().for_each(|r| self.reject(slot, r));
        self.others = said;
        Some(found)
    }

    /// Which of `two` the caller's words mean.
    fn chosen(&self, slot: usize, two: &[SlotValue; 2], heard: &Transcript) -> Option<usize> {
        let said = tokens(&heard.text);
        let words = &self.hotline.grammar.words;
        let named = |phrases: &[String]| phrases.iter().any(|p| find_phrase(&said, p).is_some());
        match (named(&words.first), named(&words.second)) {
            (true, false) => return Some(0),
            (false, true) => return Some(1),
            _ => {}
        }
        let readings = self.readings_of(slot, heard);
        let as_read = |i: usize| readings.iter().position(|r| self.alike(slot, r, &two[i]));
        match (as_read(0), as_read(1)) {
            (Some(a), Some(b)) => return Some(usize::from(b < a)),
            (Some(_), None) => return Some(0),
            (None, Some(_)) => return Some(1),
            (None, None) => {}
        }
        // What only one of them holds.
        let [a, b] = [0, 1].map(|i| tokens(&self.said_as(slot, &two[i])));
        let own = |mine: &[String], other: &[String]| {
            mine.iter().filter(|t| !other.contains(t) && said.contains(t)).count()
        };
        match own(&a, &b).cmp(&own(&b, &a)) {
            std::cmp::Ordering::Greater => Some(0),
            std::cmp::Ordering::Less => Some(1),
            std::cmp::Ordering::Equal => None,
        }
    }

    /// True when both readings would be put to the caller in the same words.
    fn alike(&self, slot: usize, a: &SlotValue, b: &SlotValue) -> bool {
        sounds_alike(&self.said_as(slot, a), &self.said_as(slot, b))
    }

    pub(super) fn caller_id(&mut self, slot: usize, answer: Answer<'_>) -> Move {
        if let Some(other) = self.readings(slot, answer).into_iter().next() {
            return self.ask_confirmation(slot, other);
        }
        let calling = self.phone(&self.ticket.caller_id.clone(), 1.0);
        match self.agreed(answer) {
            YesNo::Yes => {
                self.accept(slot, &calling, SlotStatus::Confirmed);
                self.acknowledge(slot)
            }
            YesNo::No(_) => {
                self.reject(slot, &calling);
                self.enter(Stage::Slot(slot));
                let say: Vec<Prompt> = vec![self.first_prompt()];
                self.asking(say)
            }
            YesNo::Unclear => self.miss(answer, |d| {
                d.accept(slot, &calling, SlotStatus::Heard);
                d.acknowledge(slot)
            }),
        }
    }
}
