//! One utterance that fills several slots: "I'm Hoa Nguyen at 12 Elm Road, we have no rice left".

use super::{Grammar, SlotValue, addresses, names, needs};
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
    Mixed {
        names: names(heard, grammar),
        addresses: addresses(heard, grammar),
        needs: needs(heard, categories, grammar),
    }
}
