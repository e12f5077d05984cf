//! Process: what an answer means where the dialogue stands.

use super::{
    Answer, Dialogue, MISSES_MAX, Move, Prompt, SILENCES_MAX, SlotKind, Stage, UnclearConsent,
};
use crate::language::{
    SlotValue, YesNo, addresses, e164, is_emergency, names, needs, only_yes_no, spoken_number,
    tokens, unparsed_address, yes_no,
};
use crate::speech::Transcript;
use crate::ticket::{Consent, Priority, SlotStatus};

impl Dialogue {
    pub(super) fn process(&mut self, answer: Answer<'_>) -> Move {
        let closing = matches!(self.stage, Stage::Rating | Stage::Message | Stage::Over);
        if self.silences >= SILENCES_MAX && !closing {
            return self.close(vec![]);
        }
        match answer {
            Answer::Keys("*") => return self.repeat(),
            Answer::Keys("0") if !matches!(self.stage, Stage::Rating) => return self.operator(),
            Answer::Words(transcript, _) => {
                if let Some(next) = self.emergency_in(&transcript.text) {
                    return next;
                }
                if let Some(next) = self.universal(transcript) {
                    return next;
                }
            }
            _ => {}
        }
        match self.stage.clone() {
            Stage::Consent => self.consent(answer),
            Stage::Slot(slot) => self.slot(slot, answer),
            Stage::Confirm(slot, reading) => self.confirm(slot, reading, answer),
            Stage::CallerId(slot) => self.caller_id(slot, answer),
            Stage::ReadBack => self.read_back_answer(answer),
            Stage::Which => self.which(answer),
            Stage::Message => self.message(answer),
            Stage::Rating => self.rating(answer),
            Stage::Over => Move::default(),
        }
    }

    /// Emergency phrases pre-empt everything, once a call.
    pub(super) fn emergency_in(&mut self, text: &str) -> Option<Move> {
        let over = matches!(self.stage, Stage::Over | Stage::Rating);
        if over || self.ticket.priority == Priority::Emergency {
            return None;
        }
        if !is_emergency(text, &self.hotline.grammar.words) {
            return None;
        }
        self.ticket.priority = Priority::Emergency;
        let needs = (0..self.ticket.slots.len()).filter(|&i| self.kind(i) == SlotKind::Need);
        for slot in needs.collect::<Vec<_>>() {
            let record = &mut self.ticket.slots[slot];
            record.value = text.trim().into();
            record.heard = text.into();
            record.parts = vec![("category".into(), "EMERGENCY".into())];
            record.status = SlotStatus::Heard;
        }
        let number = self.hotline.file.emergency_number.clone();
        let transfer = self.hotline.file.emergency_transfer.clone();
        let name = if transfer.is_some() { "emergency_transfer" } else { "emergency" };
        let mut say = vec![self.hotline.prompt(name, &[("number", &number)])];
        if transfer.is_some() {
            return Some(Move { transfer, ..self.asking(say) });
        }
        // The need is known now; any other open question is asked again.
        if matches!(self.stage, Stage::Slot(i) if self.kind(i) == SlotKind::Need) {
            return Some(self.select(say));
        }
        say.push(self.first_prompt());
        Some(self.asking(say))
    }

    /// "Repeat", "operator", "help", "goodbye": only when nothing else is said.
    fn universal(&mut self, transcript: &Transcript) -> Option<Move> {
        let words = &self.hotline.grammar.words;
        let said = tokens(&transcript.text);
        let said: Vec<&String> = said.iter().filter(|t| !words.fillers.contains(t)).collect();
        let said = said.iter().map(|t| t.as_str()).collect::<Vec<_>>().join(" ");
        let is = |phrases: &[String]| phrases.contains(&said);
        if is(&words.repeat) {
            Some(self.repeat())
        } else if is(&words.operator) {
            Some(self.operator())
        } else if is(&words.help) {
            Some(self.asking(vec![self.again()]))
        } else if is(&words.stop) {
            Some(self.close(vec![]))
        } else {
            None
        }
    }

    fn repeat(&mut self) -> Move {
        let say = vec![self.first_prompt()];
        Move { tone: self.stage == Stage::Message, ..self.asking(say) }
    }

    fn operator(&mut self) -> Move {
        match self.hotline.file.operator.clone() {
            Some(to) => {
                let say = vec![self.text("transferring")];
                Move { transfer: Some(to), ..self.asking(say) }
            }
            None => {
                let say = vec![self.text("no_operator"), self.first_prompt()];
                self.asking(say)
            }
        }
    }

    /// An answer that could not be used: ask again with the keys, then `give_up`.
    pub(super) fn miss(
        &mut self,
        answer: Answer<'_>,
        give_up: impl FnOnce(&mut Dialogue) -> Move,
    ) -> Move {
        self.misses += 1;
        if self.misses >= MISSES_MAX {
            return give_up(self);
        }
        let silent = matches!(answer, Answer::Silence);
        let why = self.text(if silent { "no_input" } else { "not_understood" });
        let say = vec![why, self.again()];
        self.asking(say)
    }

    fn consent(&mut self, answer: Answer<'_>) -> Move {
        match self.agreed(answer) {
            YesNo::Yes => {
                self.ticket.consent = Consent::Given;
                self.select(vec![self.text("consent_given")])
            }
            YesNo::No(_) => self.decline(),
            YesNo::Unclear => self.miss(answer, |d| match d.hotline.file.unclear_consent {
                UnclearConsent::Keep => d.select(vec![]),
                UnclearConsent::Discard => d.decline(),
            }),
        }
    }

    fn decline(&mut self) -> Move {
        self.ticket.consent = Consent::Declined;
        for record in &mut self.ticket.slots {
            record.audio.clear();
        }
        let say = vec![self.text("consent_declined")];
        Move { discard_recording: true, ..self.select(say) }
    }

    /// Yes or no by words or by the keys 1 and 2.
    pub(super) fn agreed(&self, answer: Answer<'_>) -> YesNo {
        match answer {
            Answer::Words(t, _) => yes_no(&t.text, &self.hotline.grammar.words),
            Answer::Keys("1") => YesNo::Yes,
            Answer::Keys("2") => YesNo::No(String::new()),
            _ => YesNo::Unclear,
        }
    }

    fn slot(&mut self, slot: usize, answer: Answer<'_>) -> Move {
        if let Answer::Words(transcript, segment) = answer {
            let keep_sound = self.ticket.consent != Consent::Declined;
            let record = &mut self.ticket.slots[slot];
            if keep_sound {
                record.audio.push(segment);
            }
            record.heard.clone_from(&transcript.text);
        }
        if let Answer::Keys("#") = answer {
            return self.give_up_slot(slot);
        }
        let reading = self.reading(slot, answer).filter(|r| !self.is_rejected(slot, &r.value));
        let bands = &self.hotline.file.confidence;
        match reading {
            Some(r) if r.confidence >= bands.reject_below => {
                let sure = r.confidence >= bands.confirm_below;
                if self.kind(slot) == SlotKind::Phone || !sure {
                    return self.ask_confirmation(slot, r);
                }
                self.accept(slot, &r, SlotStatus::Heard);
                self.acknowledge(slot)
            }
            _ => self.miss(answer, |d| d.give_up_slot(slot)),
        }
    }

    fn give_up_slot(&mut self, slot: usize) -> Move {
        self.leave_to_operator(slot);
        let kept = !self.ticket.slots[slot].audio.is_empty();
        let say = if kept { vec![self.text("left_to_operator")] } else { vec![] };
        self.select(say)
    }

    /// What the answer says for `slot`.
    pub(super) fn reading(&self, slot: usize, answer: Answer<'_>) -> Option<SlotValue> {
        match answer {
            Answer::Words(t, _) => self.reading_of(slot, &t.text, t.confidence),
            Answer::Keys(keys) => self.reading_of_keys(slot, keys),
            Answer::Silence => None,
        }
    }

    pub(super) fn reading_of(&self, slot: usize, text: &str, sure: f32) -> Option<SlotValue> {
        let grammar = &self.hotline.grammar;
        let heard = Transcript::plain(text, sure);
        // A late or misplaced "yes" is nobody's name or street.
        if only_yes_no(text, &grammar.words) {
            return None;
        }
        match self.kind(slot) {
            SlotKind::Name => names(&heard, grammar).into_iter().next(),
            SlotKind::Address => {
                let first = addresses(&heard, grammar).into_iter().next();
                first.or_else(|| unparsed_address(&heard, grammar))
            }
            SlotKind::Need => needs(&heard, &self.hotline.file.needs, grammar).into_iter().next(),
            SlotKind::Phone => {
                spoken_number(text, &grammar.words.numbers).map(|digits| self.phone(&digits, sure))
            }
        }
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

    fn phone(&self, digits: &str, confidence: f32) -> SlotValue {
        let number = e164(digits, &self.hotline.file.country);
        SlotValue {
            value: number.unwrap_or_else(|| digits.to_string()),
            parts: Vec::new(),
            confidence,
        }
    }

    pub(super) fn ask_confirmation(&mut self, slot: usize, reading: SlotValue) -> Move {
        let misses = self.misses;
        self.enter(Stage::Confirm(slot, reading));
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
        let name = match self.kind(slot) {
            SlotKind::Name => "ack_name",
            SlotKind::Address => "ack_address",
            SlotKind::Need => "ack_need",
            SlotKind::Phone => "ack_phone",
        };
        let say = vec![self.text_with(name, &value)];
        self.select(say)
    }

    fn confirm(&mut self, slot: usize, reading: SlotValue, answer: Answer<'_>) -> Move {
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
                self.rejected[slot].push(reading.value);
                let sure = if let Answer::Words(t, _) = answer { t.confidence } else { 0.0 };
                let corrected = self.reading_of(slot, &rest, sure);
                match corrected.filter(|r| !self.is_rejected(slot, &r.value)) {
                    Some(new) => self.ask_confirmation(slot, new),
                    None => {
                        self.stage = Stage::Slot(slot);
                        self.miss(answer, |d| d.give_up_slot(slot))
                    }
                }
            }
            YesNo::Unclear => self.miss(answer, |d| {
                // Heard but neither confirmed nor denied: the operator asks.
                d.accept(slot, &reading, SlotStatus::Heard);
                d.acknowledge(slot)
            }),
        }
    }

    fn caller_id(&mut self, slot: usize, answer: Answer<'_>) -> Move {
        if let Some(other) = self.reading(slot, answer) {
            return self.ask_confirmation(slot, other);
        }
        let calling = self.phone(&self.ticket.caller_id.clone(), 1.0);
        match self.agreed(answer) {
            YesNo::Yes => {
                self.accept(slot, &calling, SlotStatus::Confirmed);
                self.acknowledge(slot)
            }
            YesNo::No(_) => {
                self.rejected[slot].push(calling.value);
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
