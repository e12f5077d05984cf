//! From words to slot values: numbers, names, addresses, needs, yes and no.
//!
//! The rules are here, the words are data (`prompts/languages/<lang>/words.toml`), so that a
//! hotline can add its dialect without a programmer. No rule refuses what the caller insists on:
//! a value is a reading of the words, and the words stay on the ticket beside it.

mod address;
pub mod gazetteer;
mod need;
mod number;
mod person;
mod phone;
mod text;
mod words;
mod yes_no;

pub use address::{address, read_parts};
pub use need::{is_emergency, need};
pub use number::{digits_in, numbers_to_digits};
pub use person::person_name;
pub use phone::{e164, spoken_number};
pub use text::{contains_phrase, find_phrase, fold, tokens};
pub use words::{AddressWords, NeedWords, NumberWords, Words};
pub use yes_no::{YesNo, only_yes_no, yes_no};

/// A reading of the caller's words for one slot.
#[derive(Debug, Clone, PartialEq)]
pub struct SlotValue {
    /// What an operator reads.
    pub value: String,
    /// Its named parts, in reading order; empty where it has none.
    pub parts: Vec<(String, String)>,
    /// 0..=1: the recogniser's confidence lowered by what the reading had to guess.
    pub confidence: f32,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::Words;

    fn words(text: &str) -> Words {
        toml::from_str::<Words>(text).expect("words.toml").folded()
    }

    pub(crate) fn en() -> Words {
        words(include_str!("../../prompts/languages/en/words.toml"))
    }

    pub(crate) fn vi() -> Words {
        words(include_str!("../../prompts/languages/vi/words.toml"))
    }

    pub(crate) fn ko() -> Words {
        words(include_str!("../../prompts/languages/ko/words.toml"))
    }
}
