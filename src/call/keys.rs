//! Keys pressed so far, and when they are an answer.

use super::{Answer, Call, Timer, Turn};
use crate::dialogue::Keys;
use crate::rtp::DtmfDigit;
use crate::speech::{Expectation, Transcript};
use crate::time::CallTime;

/// After a 1 or 2 that may be yes or no: whoever keys in a number is faster than this.
const CHOICE_MS: u64 = 1_200;
/// More keys than any number has are dropped.
const KEYS_MAX: usize = 20;

/// Keys pressed so far for the running question.
#[derive(Debug, Default)]
pub(super) struct KeyBuffer(String);

impl KeyBuffer {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// 1 for yes, 2 for no; or the first key of a number.
    fn may_be_all(&self) -> bool {
        matches!(self.0.as_str(), "1" | "2")
    }

    fn push(&mut self, key: char) {
        if self.0.len() < KEYS_MAX {
            self.0.push(key);
        }
    }
}

impl Call {
    /// A key interrupts at once and outweighs whatever is being said.
    pub(super) fn dtmf(&mut self, now: CallTime, digit: DtmfDigit) {
        let Some(question) = &self.question else { return };
        let (plan, message) = (question.keys, question.slot == "message");
        let context = question.context.as_ref();
        let confirms = context.is_none_or(|c| c.expectation == Expectation::YesNo);
        let key = digit.as_char();
        if message {
            return self.message_closed_by_key(now);
        }
        self.stop_playing();
        self.abandon_turn();
        self.timers.clear(Timer::NoInput);
        match (plan, key) {
            (Keys::Number, '#') if !self.keys.is_empty() => self.keys_complete(now),
            (Keys::Number, '0'..='9') => {
                self.keys.push(key);
                let wait = self.inter_digit_ms();
                let wait =
                    if self.keys.may_be_all() && confirms { wait.min(CHOICE_MS) } else { wait };
                self.timers.set(Timer::InterDigit, now + wait);
            }
            (Keys::One | Keys::Number, '#' | '*') | (Keys::One, '0'..='9') => {
                self.keys.clear();
                self.keys.push(key);
                self.keys_complete(now);
            }
            _ => self.arm_no_input(now),
        }
    }

    pub(super) fn keys_complete(&mut self, now: CallTime) {
        self.timers.clear(Timer::InterDigit);
        let keys = std::mem::take(&mut self.keys).0;
        self.answer(now, Answer::Keys(&keys));
    }

    /// `#` ends a message; what was said so far is kept.
    fn message_closed_by_key(&mut self, now: CallTime) {
        let said = self.turn.as_ref().map(|turn: &Turn| turn.so_far(self.media));
        match said {
            Some(segment) => self.answer(now, Answer::Words(&Transcript::default(), segment)),
            None => self.answer(now, Answer::Silence),
        }
    }
}
