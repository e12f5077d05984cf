//! The read-back and what the caller says is wrong with it.

use super::prompt::spelled_digits;
use super::{Answer, DENIALS_MAX, Dialogue, Move, Prompt, SlotKind, Stage};
use crate::language::{SlotValue, YesNo, find_phrase, fold, numbers_to_digits, read_parts, tokens};
use crate::ticket::SlotStatus;

impl Dialogue {
    /// Reads the whole form back, or asks once more whether all is right after a change.
    pub(super) fn read_back(&mut self, mut say: Vec<Prompt>) -> Move {
        let known = |s: SlotStatus| matches!(s, SlotStatus::Heard | SlotStatus::Confirmed);
        let mut readable = Vec::new();
        for (slot, record) in self.ticket.slots.iter().enumerate() {
            if known(record.status) {
                let name = match self.kind(slot) {
                    SlotKind::Name => "summary_name",
                    SlotKind::Address => "summary_address",
                    SlotKind::Need => "summary_need",
                    SlotKind::Phone => "summary_phone",
                };
                readable.push(self.text_with(name, &self.spoken(slot, &record.value)));
            }
        }
        if readable.is_empty() {
            return self.close(say);
        }
        if !self.reviewing {
            say.push(self.text("summary_intro"));
            say.append(&mut readable);
        }
        self.reviewing = true;
        self.enter(Stage::ReadBack);
        say.push(self.first_prompt());
        self.asking(say)
    }

    /// A slot's value as it is read aloud.
    pub(super) fn spoken(&self, slot: usize, value: &str) -> String {
        if self.kind(slot) == SlotKind::Phone {
            spelled_digits(&self.dialled(value))
        } else {
            value.to_string()
        }
    }

    pub(super) fn read_back_answer(&mut self, answer: Answer<'_>) -> Move {
        match self.agreed(answer) {
            YesNo::Yes => {
                for record in &mut self.ticket.slots {
                    if record.status == SlotStatus::Heard {
                        record.status = SlotStatus::Confirmed;
                    }
                }
                let all = self.ticket.slots.iter().all(|s| s.status == SlotStatus::Confirmed);
                self.ticket.complete = all;
                self.close(vec![])
            }
            YesNo::No(rest) => self.deny(&rest, answer),
            YesNo::Unclear => {
                // "The street is Elm Road": a correction without a no.
                if let Answer::Words(t, _) = answer
                    && let Some(next) = self.correct(&t.text, answer)
                {
                    return next;
                }
                self.miss(answer, |d| d.let_operator_check())
            }
        }
    }

    fn let_operator_check(&mut self) -> Move {
        self.close(vec![self.text("operator_will_check")])
    }

    fn deny(&mut self, rest: &str, answer: Answer<'_>) -> Move {
        self.denials += 1;
        if self.denials >= DENIALS_MAX {
            return self.let_operator_check();
        }
        if let Some(next) = self.correct(rest, answer) {
            return next;
        }
        self.enter(Stage::Which);
        let say = vec![self.first_prompt()];
        self.asking(say)
    }

    pub(super) fn which(&mut self, answer: Answer<'_>) -> Move {
        let by_key = match answer {
            Answer::Keys(key) => key.parse::<usize>().ok().and_then(|k| k.checked_sub(1)),
            _ => None,
        };
        if let Some(slot) = by_key.filter(|&s| s < self.ticket.slots.len()) {
            return self.ask_anew(slot);
        }
        if let Answer::Words(t, _) = answer
            && let Some(next) = self.correct(&t.text, answer)
        {
            return next;
        }
        self.miss(answer, |d| d.let_operator_check())
    }

    /// Denies a slot's value and asks for it again.
    fn ask_anew(&mut self, slot: usize) -> Move {
        let record = &mut self.ticket.slots[slot];
        if !record.value.is_empty() {
            self.rejected[slot].push(record.value.clone());
        }
        record.status = SlotStatus::Empty;
        record.value.clear();
        record.parts.clear();
        self.select(vec![])
    }

    /// A correction in the caller's words: which slot, and the new value if they said it.
    fn correct(&mut self, text: &str, answer: Answer<'_>) -> Option<Move> {
        let (slot, part, value) = self.target(text)?;
        let sure = if let Answer::Words(t, _) = answer { t.confidence } else { 1.0 };
        let reading = match part {
            Some(part) => self.changed_part(slot, &part, &value, sure),
            None => self.reading_of(slot, &value, sure),
        };
        let old = self.ticket.slots[slot].value.clone();
        let bands = &self.hotline.file.confidence;
        let usable = reading.filter(|r| {
            !self.is_rejected(slot, &r.value)
                && r.value != old
                && r.confidence >= bands.reject_below
        });
        let Some(reading) = usable else { return Some(self.ask_anew(slot)) };
        self.rejected[slot].push(old);
        if let Answer::Words(t, segment) = answer {
            let record = &mut self.ticket.slots[slot];
            record.audio.push(segment);
            record.heard.clone_from(&t.text);
        }
        self.accept(slot, &reading, SlotStatus::Heard);
        Some(self.acknowledge(slot))
    }

    /// Which slot (and part) the words name, and the words behind the name.
    fn target(&self, text: &str) -> Option<(usize, Option<String>, String)> {
        let words = &self.hotline.grammar.words;
        let said = tokens(text);
        let mut best: Option<(usize, usize, &str)> = None;
        for (key, phrases) in &words.called {
            for (at, n) in phrases.iter().filter_map(|p| find_phrase(&said, p)) {
                if best.is_none_or(|(_, most, _)| n > most) {
                    best = Some((at, n, key));
                }
            }
        }
        let (at, n, key) = best?;
        let (name, part) = match key.split_once('.') {
            Some((name, part)) => (name, Some(part.to_string())),
            None => (key, None),
        };
        let slot = self.ticket.slots.iter().position(|s| s.slot == name)?;
        let kept: Vec<&str> = text.split_whitespace().filter(|w| !tokens(w).is_empty()).collect();
        let mut rest = kept.get(at + n..).unwrap_or_default().join(" ");
        // "... is not seventy, it is seventy two": the last "is" opens the value.
        let behind = tokens(&rest);
        let opened = words.is.iter().filter_map(|p| {
            (0..behind.len()).rev().find_map(|i| {
                find_phrase(&behind[i..], p).filter(|&(at, _)| at == 0).map(|(_, n)| i + n)
            })
        });
        if let Some(from) = opened.max() {
            let kept: Vec<&str> =
                rest.split_whitespace().filter(|w| !tokens(w).is_empty()).collect();
            rest = kept.get(from..).unwrap_or_default().join(" ");
        }
        // "The name is wrong" names no new value.
        if words.no.contains(&fold(&rest)) {
            rest.clear();
        }
        Some((slot, part, rest))
    }

    /// The slot's value with one part replaced.
    fn changed_part(&self, slot: usize, part: &str, value: &str, sure: f32) -> Option<SlotValue> {
        let said = numbers_to_digits(value, &self.hotline.grammar.words.numbers);
        let new = if part == "house" {
            said.into_iter().find(|t| t.starts_with(|c: char| c.is_ascii_digit()))?
        } else {
            let whole = self.reading_of(slot, value, sure)?;
            let street = whole.parts.into_iter().find(|(n, _)| n == part);
            street.map_or(whole.value, |(_, v)| v)
        };
        let mut parts = self.ticket.slots[slot].parts.clone();
        match parts.iter_mut().find(|(n, _)| n == part) {
            Some((_, v)) => *v = new,
            None => parts.insert(0, (part.to_string(), new)),
        }
        let value = read_parts(&parts, &self.hotline.grammar.words.address.format);
        (!value.is_empty()).then_some(SlotValue { value, parts, confidence: sure })
    }
}
