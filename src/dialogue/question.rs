//! What is asked, and how to listen for the answer.

use super::{Dialogue, Hotline, Prompt, SlotKind, Stage, prompt::spelled_digits};
use crate::language::e164;
use crate::speech::{Expectation, Patience, RecognitionContext};

/// Which keys answer a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// The first key is the answer.
    One,
    /// A number, closed by `#` or by a pause.
    Number,
}

/// A question and how to listen for its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The slot or stage, for the live view.
    pub slot: String,
    /// What goes to the recogniser; `None` where only sound or keys are wanted.
    pub context: Option<RecognitionContext>,
    /// How long to wait for more.
    pub patience: Patience,
    /// How long once the words so far answer it.
    pub settled_ms: u64,
    /// Which keys answer it.
    pub keys: Keys,
    /// The caller may speak over the prompt.
    pub interruptible: bool,
    /// Silence after the prompt that counts as no answer.
    pub no_input_ms: u64,
}

impl Dialogue {
    /// How to listen for an answer to the stage's question.
    pub(super) fn question(&self) -> Option<Question> {
        let waits = &self.hotline.file.waits;
        let (slot, expectation, silence_ms, keys) = match &self.stage {
            Stage::Consent => ("consent", Expectation::YesNo, waits.closed_ms, Keys::One),
            Stage::Slot(i) => {
                let name = self.hotline.file.slots[*i].name.as_str();
                match self.kind(*i) {
                    SlotKind::Name => (name, Expectation::Name, waits.name_ms, Keys::One),
                    SlotKind::Address => (name, Expectation::Address, waits.open_ms, Keys::One),
                    SlotKind::Need => (name, Expectation::Need, waits.open_ms, Keys::One),
                    SlotKind::Phone => (name, Expectation::Digits, waits.open_ms, Keys::Number),
                }
            }
            Stage::Confirm(i, _) | Stage::CallerId(i) => {
                let number = self.kind(*i) == SlotKind::Phone;
                let keys = if number { Keys::Number } else { Keys::One };
                let name = self.hotline.file.slots[*i].name.as_str();
                (name, Expectation::YesNo, waits.closed_ms, keys)
            }
            // "No" is often followed by what is right, so it is not cut at once; and more than
            // yes or no may be said, so the recogniser listens openly.
            Stage::ReadBack => ("read_back", Expectation::Open, waits.name_ms, Keys::One),
            Stage::Which => ("which", Expectation::Open, waits.name_ms, Keys::One),
            Stage::Rating => ("rating", Expectation::Digits, waits.closed_ms, Keys::One),
            Stage::Message => return Some(self.message_question()),
            Stage::Over => return None,
        };
        let context = RecognitionContext {
            language: self.hotline.file.language.clone(),
            expectation,
            phrases: self.phrases(expectation),
        };
        Some(Question {
            slot: slot.into(),
            context: (!self.keys_only).then_some(context),
            patience: Patience { silence_ms, speech_ms_max: waits.speech_ms_max },
            settled_ms: waits.settled_ms.min(silence_ms),
            keys,
            interruptible: self.stage != Stage::Consent,
            no_input_ms: waits.no_input_ms,
        })
    }

    fn message_question(&self) -> Question {
        let waits = &self.hotline.file.waits;
        Question {
            slot: "message".into(),
            context: None,
            patience: Patience { silence_ms: 4_000, speech_ms_max: waits.message_ms_max },
            settled_ms: 4_000,
            keys: Keys::One,
            interruptible: false,
            no_input_ms: waits.no_input_ms * 2,
        }
    }

    fn phrases(&self, expectation: Expectation) -> Vec<String> {
        let words = &self.hotline.grammar.words;
        match expectation {
            Expectation::YesNo => words.yes.iter().chain(&words.no).cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// The stage's question as it is asked first.
    pub(super) fn first_prompt(&self) -> Prompt {
        match &self.stage {
            Stage::Consent => self.text("ask_consent"),
            Stage::Slot(i) => self.text(match self.kind(*i) {
                SlotKind::Name => "ask_name",
                SlotKind::Address => "ask_address",
                SlotKind::Need => "ask_need",
                SlotKind::Phone => "ask_phone",
            }),
            Stage::Confirm(i, reading) => {
                if self.kind(*i) == SlotKind::Phone {
                    let digits = self.dialled(&reading.value);
                    self.text_with("confirm_phone", &spelled_digits(&digits))
                } else {
                    self.text_with("confirm_value", &reading.value)
                }
            }
            Stage::CallerId(_) => {
                let digits = self.dialled(&self.ticket.caller_id);
                self.text_with("confirm_caller_id", &spelled_digits(&digits))
            }
            Stage::ReadBack => self.text("ask_right"),
            Stage::Which => self.which_prompt(),
            Stage::Rating => self.text("ask_rating"),
            Stage::Message => self.text("leave_message"),
            Stage::Over => self.text("goodbye"),
        }
    }

    /// The stage's question for a caller who did not answer it: with the keys.
    pub(super) fn again(&self) -> Prompt {
        match &self.stage {
            Stage::Consent => self.text("ask_consent_again"),
            Stage::Slot(i) => match self.kind(*i) {
                SlotKind::Name => self.text("ask_name_again"),
                SlotKind::Address => self.text("ask_address_again"),
                SlotKind::Need => {
                    self.hotline.prompt("ask_need_again", &[("keys", &self.hotline.need_keys())])
                }
                SlotKind::Phone => self.text("ask_phone_again"),
            },
            Stage::ReadBack => self.text("ask_right_again"),
            _ => self.first_prompt(),
        }
    }

    fn which_prompt(&self) -> Prompt {
        let mut text = self.text("ask_which").text;
        for (spec, key) in self.hotline.file.slots.iter().zip(1..) {
            let label = self.text(label(spec.kind)).text;
            let key = key.to_string();
            let line = self.hotline.prompt("which_key", &[("key", &key), ("label", &label)]);
            text = format!("{text} {}", line.text);
        }
        Prompt { name: String::new(), text }
    }

    /// A number as people of the hotline's country say it: `+84903...` is `0903...` to them.
    pub(super) fn dialled(&self, number: &str) -> String {
        Hotline::national(number, &self.hotline.file.country)
    }
}

impl Hotline {
    /// `number` in the national form of `country`, or as it is where it has none.
    fn national(number: &str, country: &str) -> String {
        use phonenumber::Mode;
        let id = country.parse().ok();
        let parsed = phonenumber::parse(id, e164(number, country).as_deref().unwrap_or(number));
        match parsed {
            Ok(p) if p.country().id() == id => p.format().mode(Mode::National).to_string(),
            _ => number.to_string(),
        }
    }
}

/// The prompt that names a kind of slot.
pub(super) fn label(kind: SlotKind) -> &'static str {
    match kind {
        SlotKind::Name => "label_name",
        SlotKind::Address => "label_address",
        SlotKind::Need => "label_need",
        SlotKind::Phone => "label_phone",
    }
}
