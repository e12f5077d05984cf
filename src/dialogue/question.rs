//! What is asked, and how to listen for the answer.

use super::{Dialogue, Hotline, Prompt, SlotKind, Stage, prompt::spelled_digits};
use crate::language::{YesNo, e164, ends_with_phrase, tokens, yes_no};
use crate::speech::{Expectation, Patience, RecognitionContext, Transcript};

/// Fewer words are no whole address: house, street and two units.
const ADDRESS_WORDS_MIN: usize = 4;

/// Which keys answer a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// The first key is the answer.
    One,
    /// A number, closed by `#` or by a pause.
    Number,
}

/// How far the words so far answer the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Completeness {
    /// Nothing can be said yet.
    #[default]
    Open,
    /// They answer it: no need to wait long for more.
    Complete,
    /// They end in the middle of a phrase: "at number twelve, street ...".
    Dangling,
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
    /// How long when they end in the middle of a phrase.
    pub dangling_ms: u64,
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
            Stage::News(_) => ("news", Expectation::YesNo, waits.name_ms, Keys::One),
            Stage::StillNeeded(_) => {
                ("still_needed", Expectation::YesNo, waits.closed_ms, Keys::One)
            }
            Stage::TicketNumber => {
                ("ticket_number", Expectation::Digits, waits.open_ms, Keys::Number)
            }
            Stage::Slot(i) => {
                let name = self.hotline.file.slots[*i].name.as_str();
                let (silence_ms, keys) = match self.kind(*i) {
                    SlotKind::Name => (waits.name_ms, Keys::One),
                    SlotKind::Address | SlotKind::Need => (waits.open_ms, Keys::One),
                    SlotKind::Phone => (waits.open_ms, Keys::Number),
                };
                (name, self.expectation(*i), silence_ms, keys)
            }
            Stage::Spelled(i) => {
                let name = self.hotline.file.slots[*i].name.as_str();
                (name, Expectation::Name, waits.open_ms, Keys::One)
            }
            Stage::Either(i, _) => {
                let name = self.hotline.file.slots[*i].name.as_str();
                (name, self.expectation(*i), waits.name_ms, Keys::One)
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
            phrases: self.hotline.phrases(expectation),
        };
        // Nothing can be added to a number that is whole.
        let open = matches!(self.stage, Stage::Slot(i) if self.kind(i) != SlotKind::Phone);
        let settled_ms = if open { waits.filled_ms } else { waits.settled_ms };
        Some(Question {
            slot: slot.into(),
            context: (!self.keys_only).then_some(context),
            patience: Patience {
                silence_ms,
                speech_ms_max: waits.speech_ms_max,
                adapts: !expectation.is_closed(),
            },
            settled_ms: settled_ms.min(silence_ms),
            dangling_ms: silence_ms.saturating_add(silence_ms / 2),
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
            patience: Patience {
                silence_ms: 4_000,
                speech_ms_max: waits.message_ms_max,
                adapts: true,
            },
            settled_ms: 4_000,
            dangling_ms: 4_000,
            keys: Keys::One,
            interruptible: false,
            no_input_ms: waits.no_input_ms * 2,
        }
    }

    fn expectation(&self, slot: usize) -> Expectation {
        match self.kind(slot) {
            SlotKind::Name => Expectation::Name,
            SlotKind::Address => Expectation::Address,
            SlotKind::Need => Expectation::Need,
            SlotKind::Phone => Expectation::Digits,
        }
    }

    /// How far the words so far answer the question: it decides how long we wait for more.
    pub fn completeness(&self, interim: &Transcript) -> Completeness {
        let words = &self.hotline.grammar.words;
        let complete = match self.stage {
            Stage::Consent | Stage::CallerId(_) | Stage::StillNeeded(_) => {
                yes_no(&interim.text, words) != YesNo::Unclear
            }
            // A "no" here is often followed by what is right.
            Stage::Confirm(..) | Stage::ReadBack => yes_no(&interim.text, words) == YesNo::Yes,
            Stage::Slot(slot) if self.is_dangling(&interim.text) => {
                return if self.kind(slot) == SlotKind::Need {
                    Completeness::Open
                } else {
                    Completeness::Dangling
                };
            }
            Stage::Slot(slot) => self.is_filled(slot, interim),
            _ => false,
        };
        if complete { Completeness::Complete } else { Completeness::Open }
    }

    /// The words so far fill `slot` with nothing likely to follow.
    fn is_filled(&self, slot: usize, interim: &Transcript) -> bool {
        let words_min = match self.kind(slot) {
            // What is needed may always be told at more length.
            SlotKind::Need => return false,
            SlotKind::Name => 2,
            SlotKind::Address => ADDRESS_WORDS_MIN,
            SlotKind::Phone => 1,
        };
        // Reading is dear, and most words so far are few.
        if interim.text.split_whitespace().count() < words_min {
            return false;
        }
        // Most that is not filled is told by the best hypothesis alone.
        let best = Transcript { alternatives: Vec::new(), ..interim.clone() };
        self.fills(slot, &best) && (interim.alternatives.is_empty() || self.fills(slot, interim))
    }

    /// What `heard` says for `slot` is sure enough, and whole.
    fn fills(&self, slot: usize, heard: &Transcript) -> bool {
        let reading = self.readings_of(slot, heard).into_iter().next();
        let sure = self.hotline.file.confidence.confirm_below;
        let Some(reading) = reading.filter(|r| r.confidence >= sure) else { return false };
        match self.kind(slot) {
            SlotKind::Name => reading.value.split(' ').count() >= 2,
            SlotKind::Address => {
                let has = |part: &str| !reading.part(part).is_empty();
                let units = ["locality", "district", "region"].into_iter().filter(|u| has(u));
                has("house") && has("street") && units.count() >= 2
            }
            SlotKind::Phone => e164(&reading.value, &self.hotline.file.country).is_some(),
            SlotKind::Need => false,
        }
    }

    /// The last word wants another: "street", "number", "my name is", "uh".
    fn is_dangling(&self, text: &str) -> bool {
        let words = &self.hotline.grammar.words;
        let said = tokens(text);
        let units = words.address.units.values().map(|u| &u.before);
        let lists = [&words.address.number, &words.address.street_before, &words.name_lead_in];
        lists.into_iter().chain(units).flatten().any(|p| ends_with_phrase(&said, p))
    }

    /// The stage's question as it is asked first.
    pub(super) fn first_prompt(&self) -> Prompt {
        let tells_keys = matches!(self.stage, Stage::Consent | Stage::Slot(_) | Stage::ReadBack);
        if self.keys_only && tells_keys {
            return self.again();
        }
        match &self.stage {
            Stage::Consent => self.text("ask_consent"),
            Stage::TicketNumber => self.text("ask_ticket_number"),
            Stage::News(_) => self.text("ask_news"),
            Stage::StillNeeded(_) => self.text("ask_still_needed"),
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
                    let said = self.hotline.in_short(&self.said_as(*i, reading));
                    self.text_with("confirm_value", &said)
                }
            }
            Stage::Spelled(_) => self.text("ask_name_spelled"),
            Stage::Either(i, two) => {
                let [first, second] = [0, 1].map(|n| self.said_as(*i, &two[n]));
                self.hotline.prompt("ask_either", &[("first", &first), ("second", &second)])
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
