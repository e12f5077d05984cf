//! The words of one language, as `prompts/languages/<lang>/words.toml` holds them.

use serde::Deserialize;
use std::collections::BTreeMap;

/// All word lists of one language; folded (lower case, NFC) by [`Words::folded`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Phrases that agree.
    pub yes: Vec<String>,
    /// Phrases that deny.
    pub no: Vec<String>,
    /// "help".
    pub help: Vec<String>,
    /// "say that again".
    pub repeat: Vec<String>,
    /// "a person, please".
    pub operator: Vec<String>,
    /// "that is all, goodbye".
    pub stop: Vec<String>,
    /// Sounds and words that carry nothing ("uh", "well").
    pub fillers: Vec<String>,
    /// Before a new value in a correction ("is", "should be").
    pub is: Vec<String>,
    /// What callers call a slot or a part of it: `address.house = ["house number"]`.
    pub called: BTreeMap<String, Vec<String>>,
    /// Number words.
    pub numbers: NumberWords,
    /// Before a name.
    pub name_lead_in: Vec<String>,
    /// Titles and kinship words before a name.
    pub titles: Vec<String>,
    /// Where a name ends.
    pub name_ends: Vec<String>,
    /// Address words.
    pub address: AddressWords,
    /// Need category to its phrases.
    pub needs: BTreeMap<String, NeedWords>,
    /// A life may be at risk.
    pub emergency: Vec<String>,
    /// Phrases that look like an emergency and are none.
    #[serde(default)]
    pub no_emergency: Vec<String>,
}

/// Number words by what they do.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberWords {
    /// Word to value, 0 and up: `"twelve" = 12`.
    pub values: BTreeMap<String, u64>,
    /// Word to factor: `"hundred" = 100`.
    pub factors: BTreeMap<String, u64>,
    /// Words that may stand inside a number and mean nothing: "and", "linh".
    #[serde(default)]
    pub joints: Vec<String>,
    /// Words that repeat the next digit: `"double" = 2`.
    #[serde(default)]
    pub repeats: BTreeMap<String, usize>,
    /// Words for "/" in a house number.
    #[serde(default)]
    pub slashes: Vec<String>,
}

/// The words an address is made of.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressWords {
    /// Before an address.
    pub lead_in: Vec<String>,
    /// Before a house number and not part of it.
    pub number: Vec<String>,
    /// Words that end a street's name: "street", "road".
    #[serde(default)]
    pub street_suffixes: Vec<String>,
    /// Words before a unit's name, by part: `ward = ["phường", "xã"]`.
    #[serde(default)]
    pub prefixes: BTreeMap<String, Vec<String>>,
    /// Between street and place: "in".
    #[serde(default)]
    pub within: Vec<String>,
    /// How the parts are read together: `"{house} {street}, {locality}"`.
    pub format: String,
}

/// One need category.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeedWords {
    /// How it is read back and offered on the keys.
    pub label: String,
    /// Phrases that speak for it.
    pub phrases: Vec<String>,
}

impl Words {
    /// The same lists with every phrase folded as callers' words are.
    pub fn folded(mut self) -> Words {
        let lists = [
            &mut self.yes,
            &mut self.no,
            &mut self.help,
            &mut self.repeat,
            &mut self.operator,
            &mut self.stop,
            &mut self.fillers,
            &mut self.is,
            &mut self.name_lead_in,
            &mut self.titles,
            &mut self.name_ends,
            &mut self.emergency,
            &mut self.no_emergency,
            &mut self.address.lead_in,
            &mut self.address.number,
            &mut self.address.street_suffixes,
            &mut self.address.within,
        ];
        let maps = self.called.values_mut().chain(self.address.prefixes.values_mut());
        let needs = self.needs.values_mut().map(|n| &mut n.phrases);
        for phrase in lists.into_iter().chain(maps).chain(needs).flatten() {
            *phrase = super::fold(phrase);
        }
        self
    }
}
