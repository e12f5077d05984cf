//! Somebody calls again to ask about a ticket.

use super::{Callback, CallbackBy, Escalation, Stage, Ticket, TicketNumber};
use crate::language::e164;
use serde::{Deserialize, Serialize};

/// Fewer digits are guessed too easily to prove that somebody is the caller.
const DIGITS_MIN: usize = 7;

/// What a caller may be told of a ticket; nothing personal, for numbers can be guessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketStanding {
    /// Its number.
    pub number: TicketNumber,
    /// How far it is.
    pub progress: Progress,
    /// The promise is broken: the caller is owed an apology.
    #[serde(default)]
    pub late: bool,
    /// By when somebody will have called, where that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<CallbackBy>,
}

/// How far a ticket is, as a caller sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Somebody will call.
    Waiting,
    /// The responsible office will call.
    AtOffice(String),
    /// Nobody will call any more.
    Settled,
}

impl TicketStanding {
    /// Of ticket `number`; `by` is when somebody will have called.
    pub fn new(
        number: TicketNumber,
        callback: &Callback,
        by: Option<CallbackBy>,
    ) -> TicketStanding {
        let progress = match &callback.stage {
            Stage::Referred { office } => Progress::AtOffice(office.clone()),
            stage if stage.is_pending() || *stage == Stage::Taking => Progress::Waiting,
            _ => Progress::Settled,
        };
        let late = callback.escalation == Escalation::Overdue && progress != Progress::Settled;
        let by = by.filter(|_| progress == Progress::Waiting);
        TicketStanding { number, progress, late, by }
    }
}

/// What a call was about that asked for a ticket and told nothing new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inquiry {
    /// The ticket asked about.
    pub ticket: TicketNumber,
    /// The caller needs no call any more. It counts only from the number that is to be called back.
    pub withdraws: bool,
}

/// True when `given` is the telephone number of who called for `ticket`: the one to call back, as
/// understood or as put right since, or the one the call came from, written in any way, national or
/// international.
pub fn is_callers(given: &str, ticket: &Ticket, callback: &Callback) -> bool {
    let right = callback.corrections.iter().map(|c| &c.value);
    // Other slots are put right as well; numbers in them are houses.
    let right = right.filter(|value| !value.contains(char::is_alphabetic));
    let mut kept = [&ticket.callback_number, &ticket.caller_id].into_iter().chain(right);
    kept.any(|kept| is_same_phone(kept, given))
}

/// By the digits, where one may lack the country's code; and as the country of `kept` dials, since
/// some write a digit before the area's code that goes when the country's is there (Russia's 8).
fn is_same_phone(kept: &str, given: &str) -> bool {
    let digits = |number: &str| {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        digits.trim_start_matches('0').to_string()
    };
    let (a, b) = (digits(kept), digits(given));
    let (short, long) = if a.len() < b.len() { (&a, &b) } else { (&b, &a) };
    if short.len() < DIGITS_MIN {
        return false;
    }
    let country = || phonenumber::parse(None, kept).ok()?.country().id();
    long.ends_with(short.as_str())
        || country().is_some_and(|id| e164(given, id.as_ref()).as_deref() == Some(kept))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_written_in_many_ways() {
        let check = |kept: &str, given: &str, want: bool| {
            assert_eq!(is_same_phone(kept, given), want, "{kept:?} {given:?}");
        };
        for given in ["+84 903 123 456", "0903123456", "0084-903-123-456", "84903123456"] {
            check("+84903123456", given, true);
            check("0903123456", given, true);
        }
        check("+12025550143", "(202) 555-0143", true);
        check("+12025550143", "011 1 202 555 0143", true);
        check("+420601123456", "601 123 456", true);
        check("+79161234567", "8 916 123-45-67", true);
        check("+3612345678", "06 1 234 5678", true);
        check("+821012345678", "010-1234-5678", true);
        check("+84903123456", "0903123457", false);
        check("+84903123456", "03123456", true);
        check("+84903123456", "123456", false);
        check("+84903123456", "0000123456", false);
        check("+84903123456", "", false);
        check("", "", false);
        check("anonymous", "anonymous", false);
        check("1001", "1001", false);
    }

    proptest! {
        #[test]
        fn other_digits_are_another_number(
            national in "[1-9][0-9]{8}",
            at in 3usize..9,
            plus in 1u8..10,
        ) {
            let mut other = national.clone().into_bytes();
            other[at] = (other[at] - b'0' + plus) % 10 + b'0';
            let other = String::from_utf8(other).unwrap();
            let kept = format!("+84{national}");
            for way in ["", "0", "+84", "0084", "84 "] {
                let same = is_same_phone(&kept, &format!("{way}{national}"));
                prop_assert!(same);
                let other = format!("{way}{other}");
                prop_assert!(!is_same_phone(&kept, &other), "{}", other);
            }
        }

        #[test]
        fn anything_may_be_typed(kept in ".{0,30}", given in ".{0,30}") {
            is_same_phone(&kept, &given);
        }
    }
}
