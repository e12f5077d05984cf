//! How much of the form a caller is asked: the more calls there are, the less.

use super::{Dialogue, Move, SlotKind};
use crate::language::e164;
use crate::ticket::SlotStatus;
use serde::{Deserialize, Serialize};

/// How much a caller is asked; the later, the less, the shorter the call and the less of the
/// machine it takes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// All slots.
    #[default]
    Full,
    /// What is needed, and the telephone number.
    Short,
    /// The same by keys, without a recogniser.
    Keys,
    /// Nothing: the calling number is noted, and the caller is told so.
    Number,
}

/// The fact by which an operator knows why a ticket holds little.
const FACT: &str = "form";

impl Form {
    /// Nothing is left out.
    pub fn is_full(&self) -> bool {
        *self == Form::Full
    }

    /// As it is written in tickets and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Form::Full => "full",
            Form::Short => "short",
            Form::Keys => "keys",
            Form::Number => "number",
        }
    }
}

impl Dialogue {
    /// The same for a caller who is asked no more than `form`. Who calls without a number is asked
    /// for it by keys at least.
    pub fn cut_to(mut self, form: Form) -> Dialogue {
        if form.is_full() {
            return self;
        }
        let known = e164(&self.ticket.caller_id, &self.hotline.file.country).is_some();
        self.form = if known { form } else { form.min(Form::Keys) };
        self.ticket.facts.push((FACT.into(), self.form.name().into()));
        self.keys_only = self.form >= Form::Keys;
        for slot in 0..self.ticket.slots.len() {
            if matches!(self.kind(slot), SlotKind::Name | SlotKind::Address) {
                self.ticket.slots[slot].status = SlotStatus::OperatorToComplete;
            }
        }
        self
    }

    /// The whole of a call of which only the number is kept.
    pub(super) fn note_number(&mut self) -> Move {
        let number = self.hotline.file.emergency_number.clone();
        let say = vec![self.hotline.prompt("number_noted", &[("number", &number)])];
        Move { discard_recording: true, ..self.goodbye_after(say) }
    }
}
