//! One utterance that fills several slots: "I'm Hoa Nguyen at 12 Elm Road, we have no rice left".

use super::address::{AddressReadings, address_readings, is_detail};
use super::need::needs_in;
use super::person::{names, names_among};
use super::spelling::HOLE;
use super::{Grammar, SlotValue, tokens};
use crate::speech::Transcript;

/// What one utterance says for each kind of slot, best reading first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mixed {
    /// Persons' names.
    pub names: Vec<SlotValue>,
    /// Addresses.
    pub addresses: Vec<SlotValue>,
    /// Needs.
    pub needs: Vec<SlotValue>,
}

/// Reads `heard` for all slots at once.
pub fn mixed(heard: &Transcript, grammar: &Grammar, categories: &[String]) -> Mixed {
    mixed_beside(heard, grammar, categories, &address_readings(heard, grammar))
}

/// The same, where the addresses in `heard` are known.
pub fn mixed_beside(
    heard: &Transcript,
    grammar: &Grammar,
    categories: &[String],
    known: &AddressReadings,
) -> Mixed {
    let AddressReadings { addresses, rests } = known;
    let place_alone = addresses.first().is_some_and(is_place_alone);
    // Numbers and names of streets tell nothing of a need; a place alone may be a word of it.
    let beside = |rest: &Vec<String>| rest.iter().filter(|t| *t != HOLE).cloned().collect();
    let said: Vec<String> = match rests.first() {
        Some(rest) if !place_alone => beside(rest),
        _ => tokens(&heard.text),
    };
    let needs = needs_in(heard, &said, categories, grammar);
    let named =
        if place_alone { names(heard, grammar) } else { names_among(heard, rests, grammar) };
    Mixed { names: named, addresses: addresses.clone(), needs }
}

/// True for a place's name and nothing more, which may as well be a person's: "Mary Johnson".
fn is_place_alone(address: &SlotValue) -> bool {
    address.parts.iter().filter(|(name, _)| !is_detail(name)).count() < 2
}
