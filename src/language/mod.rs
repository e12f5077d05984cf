//! From words to slot values: numbers, names, addresses, needs, yes and no.
//!
//! The rules are here, the words are data (`prompts/languages/<lang>/`), so that a hotline can add
//! its dialect without a programmer. No rule refuses what the caller insists on: a value is a
//! reading of the words, and the words stay on the ticket beside it.

mod address;
mod correction;
mod deadline;
mod czech_name;
mod expected;
mod full_name;
pub mod gazetteer;
mod grammar;
mod hearings;
mod joined;
mod joined_name;
mod labelled_name;
mod marks;
mod memo;
mod inflection;
mod mixed;
mod need;
mod number;
mod ordinal;
mod person;
mod person_words;
mod phone;
mod spelling;
mod text;
mod words;
mod yes_no;

pub use address::{
    AddressReadings, address_readings, addresses, in_unit, is_detail, read_parts, unit_parts,
    units_like, unparsed_address, with_units,
};
pub use correction::new_value;
pub use deadline::DeadlineWords;
pub use grammar::Grammar;
pub use hearings::combined;
pub use marks::with_marks;
pub use mixed::{Mixed, mixed, mixed_beside};
pub use need::{Alarm, NeedModel, emergency, emergency_so_far, needs};
pub use number::{count_said, digits_in, numbers_to_digits};
pub use person::names;
pub use person_words::{JoinedNames, PersonWords, SpellingWords};
pub use phone::{e164, spoken_number, spoken_phone};
pub use text::{contains_phrase, ends_with_phrase, find_phrase, fold, tokens, without_marks};
pub use words::{AddressWords, Endings, HousePartWords, NeedWords, NumberWords, Words};
pub use yes_no::{YesNo, only_yes_no, yes_no};

#[cfg(test)]
pub(crate) mod tests;

/// A reading of the caller's words for one slot.
#[derive(Debug, Clone, PartialEq)]
pub struct SlotValue {
    /// What an operator reads.
    pub value: String,
    /// Its named parts, in reading order; empty where it has none.
    pub parts: Vec<(String, String)>,
    /// 0..=1: how likely this reading is what the caller meant.
    pub confidence: f32,
}

impl SlotValue {
    /// The part `name`, empty when there is none.
    pub fn part(&self, name: &str) -> &str {
        self.parts.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str())
    }
}
