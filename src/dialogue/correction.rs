//! The read-back and what the caller says is wrong with it.

use super::prompt::spelled_digits;
use super::{Answer, DENIALS_MAX, Dialogue, Move, Prompt, SlotKind, Stage};
use crate::language::{
    SlotValue, YesNo, find_phrase, fold, is_detail, new_value, read_parts, tokens,
};
use crate::speech::Transcript;
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
            self.hotline.in_short(value)
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
        let denied = self.standing(slot);
        if !denied.value.is_empty() {
            self.reject(slot, &denied);
        }
        let record = &mut self.ticket.slots[slot];
        record.status = SlotStatus::Empty;
        record.value.clear();
        record.parts.clear();
        self.select(vec![])
    }

    /// A correction in the caller's words: which slot, and the new value if they said it.
    pub(super) fn correct(&mut self, text: &str, answer: Answer<'_>) -> Option<Move> {
        let (slot, ..) = self.target(text)?;
        let old = self.standing(slot);
        let bands = &self.hotline.file.confidence;
        let usable = self.replacement(slot, &old, text, answer).filter(|r| {
            !self.is_rejected(slot, r) && r.value != old.value && r.confidence >= bands.reject_below
        });
        let Some(reading) = usable else { return Some(self.ask_anew(slot)) };
        self.reject(slot, &old);
        self.keep(slot, answer);
        self.accept(slot, &reading, SlotStatus::Heard);
        Some(self.acknowledge(slot))
    }

    /// What stands on the ticket for `slot`.
    pub(super) fn standing(&self, slot: usize) -> SlotValue {
        let record = &self.ticket.slots[slot];
        let (value, parts) = (record.value.clone(), record.parts.clone());
        SlotValue { value, parts, confidence: record.confidence }
    }

    /// True when `text` says which slot is meant.
    pub(super) fn names_a_slot(&self, text: &str) -> bool {
        self.target(text).is_some()
    }

    /// What `text`, the words behind a denial, puts in the place of `old`.
    ///
    /// An address keeps the parts that were not said again: "no, number seven".
    pub(super) fn replacement(
        &self,
        slot: usize,
        old: &SlotValue,
        text: &str,
        answer: Answer<'_>,
    ) -> Option<SlotValue> {
        let sure = if let Answer::Words(t, _) = answer { t.confidence } else { 1.0 };
        let named = self.target(text).filter(|(target, ..)| *target == slot);
        let is_address = self.kind(slot) == SlotKind::Address;
        // "It is 14 Garden Street": the word that names the slot ends its value.
        let ends = is_address && named.as_ref().is_some_and(|(.., value)| value.is_empty());
        let (part, value) = match named {
            Some((_, part, value)) if !ends => (part, value),
            _ => (None, text.to_string()),
        };
        let heard = Transcript::plain(value.as_str(), sure);
        let new = self.readings_of(slot, &heard).into_iter().next();
        let new = new.filter(|r| !ends || !r.part("house").is_empty());
        if ends && new.is_none() {
            return None;
        }
        if !is_address || old.parts.is_empty() {
            return new;
        }
        let format = &self.hotline.grammar.words.address.format;
        let said = match (part, new) {
            (Some(part), Some(new)) if !new.part(&part).is_empty() => new.parts,
            (Some(part), _) => {
                let value = new_value(&value, &self.hotline.grammar)?;
                vec![(part, value)]
            }
            (None, Some(new)) => new.parts,
            (None, None) => {
                // A number alone is the house's.
                let value = new_value(&value, &self.hotline.grammar)?;
                let house = value.starts_with(|c: char| c.is_ascii_digit());
                house.then(|| vec![("house".to_string(), value)])?
            }
        };
        let mut parts: Vec<(String, String)> = old.parts.clone();
        let renewed = |name: &str| said.iter().any(|(n, _)| is_detail(name) && name.starts_with(n));
        parts.retain(|(name, _)| !renewed(name));
        for (name, value) in said {
            match parts.iter_mut().find(|(n, _)| *n == name) {
                Some((_, v)) => *v = value,
                None => parts.push((name, value)),
            }
        }
        let value = read_parts(&parts, format);
        (!value.is_empty()).then_some(SlotValue { value, parts, confidence: sure })
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
        let mut rest = after_tokens(text, at + n);
        // "... is not seventy, it is seventy two": the last "is" opens the value.
        let behind = tokens(&rest);
        let opened = words.is.iter().filter_map(|p| {
            (0..behind.len()).rev().find_map(|i| {
                find_phrase(&behind[i..], p).filter(|&(at, _)| at == 0).map(|(_, n)| i + n)
            })
        });
        if let Some(from) = opened.max() {
            rest = after_tokens(&rest, from);
        }
        // "The name is wrong" names no new value.
        if words.no.contains(&fold(&rest)) {
            rest.clear();
        }
        Some((slot, part, rest))
    }
}

/// The original words of `text` behind its first `n` tokens.
fn after_tokens(text: &str, n: usize) -> String {
    let kept = text.split_whitespace().filter(|w| !tokens(w).is_empty());
    kept.skip(n).collect::<Vec<_>>().join(" ")
}
