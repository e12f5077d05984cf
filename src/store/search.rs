//! What tickets are found by: words of what callers told, however they are written.

use super::StoredTicket;
use crate::ticket::{SlotNames, searchable};

/// Words of one search that count.
const WORDS_MAX: usize = 8;
/// Digits from which on a telephone number is meant, and not a house's.
const TELEPHONE_DIGITS_MIN: usize = 5;

impl StoredTicket {
    /// The value of `slot` as it stands now: put right by an operator, or as the caller told it.
    pub fn value(&self, slot: &str) -> &str {
        let told = || self.ticket.value(slot);
        self.callback.corrected(slot).map_or_else(told, |c| c.value.as_str())
    }

    /// The part `part` of the value of `slot`, as it stands now; empty where it has none.
    pub fn part(&self, slot: &str, part: &str) -> &str {
        let told = || self.ticket.slot(slot).map_or(&[][..], |s| s.parts.as_slice());
        let parts = self.callback.corrected(slot).map_or_else(told, |c| c.parts.as_slice());
        parts.iter().find(|(name, _)| name == part).map_or("", |(_, value)| value.as_str())
    }

    /// The district of the address; where a country has none, the place.
    pub fn district(&self, slots: &SlotNames) -> &str {
        let district = self.part(&slots.address, "district");
        if district.is_empty() { self.part(&slots.address, "locality") } else { district }
    }

    pub(super) fn searched(&self, slots: &SlotNames) -> String {
        let digits = |number: &str| number.chars().filter(char::is_ascii_digit).collect::<String>();
        let (to, from) = (digits(&self.ticket.callback_number), digits(&self.ticket.caller_id));
        let mut words = vec![searchable(self.value(&slots.name))];
        words.push(searchable(self.value(&slots.address)));
        if from != to {
            words.push(from);
        }
        words.push(to);
        words.retain(|w| !w.is_empty());
        // A space before and behind each: words are found by their beginnings.
        format!(" {} ", words.join(" "))
    }
}

/// The patterns (of SQL's LIKE) that a ticket must fulfil: words by their beginnings, short numbers
/// whole, and a telephone number in any way of writing, or part of it.
pub(super) fn terms(query: &str) -> Vec<String> {
    let digits: String = query.chars().filter(char::is_ascii_digit).collect();
    let is_number = query.chars().all(|c| c.is_ascii_digit() || " +-()./".contains(c));
    if is_number && digits.len() >= TELEPHONE_DIGITS_MIN {
        // Without the trunk prefix or the access code: kept are numbers of E.164.
        return vec![format!("%{}%", digits.trim_start_matches('0'))];
    }
    let pattern = |word: &str| match word.bytes().all(|b| b.is_ascii_digit()) {
        true => format!("% {word} %"),
        false => format!("% {word}%"),
    };
    searchable(query).split(' ').filter(|w| !w.is_empty()).take(WORDS_MAX).map(pattern).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_of_words_or_of_a_telephone_number() {
        let check = |query: &str, want: &[&str]| assert_eq!(terms(query), want, "{query:?}");
        check("", &[]);
        check("%_", &[]);
        check("Nguyễn  Trãi 12/3", &["% nguyen%", "% trai%", "% 12 %", "% 3 %"]);
        check("0901 000 001", &["%901000001%"]);
        check("+84 (901) 000-001", &["%84901000001%"]);
        check("Đường 3", &["% duong%", "% 3 %"]);
        check("1234", &["% 1234 %"]);
        check(
            "a b c d e f g h i j",
            &["% a%", "% b%", "% c%", "% d%", "% e%", "% f%", "% g%", "% h%"],
        );
    }
}
