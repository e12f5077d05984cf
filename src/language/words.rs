//! The words of one language, as `prompts/languages/<lang>/words.toml` holds them.

use super::{DeadlineWords, JoinedNames, PersonWords, SpellingWords};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// All word lists of one language; folded (lower case, NFC) by [`Words::folded`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Phrases that agree.
    pub yes: Vec<String>,
    /// Phrases that deny.
    pub no: Vec<String>,
    /// Those of them that, in the midst of a sentence, say that something is lacking: "no food".
    #[serde(default)]
    pub none: BTreeSet<String>,
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
    /// "No, I mean": what follows replaces what was just said.
    #[serde(default)]
    pub repairs: Vec<String>,
    /// "The first", when one of two is asked for.
    #[serde(default)]
    pub first: Vec<String>,
    /// "The second".
    #[serde(default)]
    pub second: Vec<String>,
    /// "I don't know", "maybe": neither yes nor no.
    #[serde(default)]
    pub unsure: Vec<String>,
    /// Words of everyday talk that names of people and places seldom hold.
    #[serde(default)]
    pub common_words: Vec<String>,
    /// Words no name of a person, street or place ever holds.
    #[serde(default)]
    pub stop_words: Vec<String>,
    /// What callers call a slot or a part of it: `address.house = ["house number"]`.
    pub called: BTreeMap<String, Vec<String>>,
    /// By when something happens.
    pub deadline: DeadlineWords,
    /// Number words.
    pub numbers: NumberWords,
    /// Places are often named like persons, and persons like places.
    #[serde(default)]
    pub persons_like_places: bool,
    /// Before a name.
    pub name_lead_in: Vec<String>,
    /// Those of them that come before much else: "I'm", "it's".
    #[serde(default)]
    pub weak_lead_in: Vec<String>,
    /// Family names, where they come first in a full name and are few.
    #[serde(default)]
    pub family_names: Vec<String>,
    /// Words that given and middle names are often made of, beside the gazetteer's.
    #[serde(default)]
    pub name_words: Vec<String>,
    /// Words that stand between a family name and a given one: "thị".
    #[serde(default)]
    pub middle_marks: Vec<String>,
    /// What letters are called where names are spelled out: "tê", "hát".
    #[serde(default)]
    pub letter_names: Vec<String>,
    /// Titles and kinship words before a name.
    pub titles: Vec<String>,
    /// Where a name ends.
    pub name_ends: Vec<String>,
    /// Right behind a name, which they introduce: "мене звати".
    #[serde(default)]
    pub name_behind: Vec<String>,
    /// Words for somebody else: a name right behind one is not the caller's.
    #[serde(default)]
    pub others: Vec<String>,
    /// Those of them that tell a name: "her name is".
    #[serde(default)]
    pub others_named: Vec<String>,
    /// Beginnings of family names that the next letter is a capital behind: "mc", "o'".
    #[serde(default)]
    pub name_prefixes: Vec<String>,
    /// Behind a value that was just corrected, and no part of it: "instead".
    #[serde(default)]
    pub value_ends: Vec<String>,
    /// "not": what follows is what was not meant.
    #[serde(default)]
    pub contrasts: Vec<String>,
    /// The same inside a correction, where these words deny or take back elsewhere: "ne".
    #[serde(default)]
    pub value_contrasts: Vec<String>,
    /// Behind what was wrong and before what is right, in languages that say both.
    #[serde(default)]
    pub denied_ends: Vec<String>,
    /// How names are spelled out.
    #[serde(default)]
    pub spelling: SpellingWords,
    /// Names of persons, beside the gazetteer's.
    #[serde(default)]
    pub person: PersonWords,
    /// Address words.
    pub address: AddressWords,
    /// Need category to its phrases.
    pub needs: BTreeMap<String, NeedWords>,
    /// Endings that are written together with the word before and close it: "입니다", "라고".
    #[serde(default)]
    pub endings: Endings,
    /// The same for particles, which may as well be a part of the word: "은", "가", "에서".
    #[serde(default)]
    pub particles: Endings,
    /// Names written as one word, the family name first.
    #[serde(default)]
    pub joined_names: JoinedNames,
    /// Patterns that say a life may be at risk: words in their order, `breath*` for words that
    /// begin
    /// so, `can't|cannot` for either, `?is` for a word that may be missing, `*` for up to three
    /// words, ` & ` between two parts in either order.
    pub emergency: Vec<String>,
    /// Patterns that take it back, or speak against it: "no chest pain", "last year".
    #[serde(default)]
    pub no_emergency: Vec<String>,
}

/// Number words by what they do.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberWords {
    /// Word to value, 0 and up: `"twelve" = 12`.
    #[serde(default)]
    pub values: BTreeMap<String, u64>,
    /// The same by value, for languages whose numbers have many forms: `2 = "два две двух"`.
    #[serde(default)]
    pub forms: BTreeMap<String, String>,
    /// Digits by their names, which may be counted ("two zeros"): `0 = "нуля нулів"`.
    #[serde(default)]
    pub nouns: BTreeMap<String, String>,
    /// [`NumberWords::nouns`] by word.
    #[serde(skip)]
    pub(super) named_digits: BTreeMap<String, u64>,
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
    /// Words for "-" in a house number.
    #[serde(default)]
    pub dashes: Vec<String>,
    /// Number words may be written as one: "이백삼", "dvacetpět".
    #[serde(default)]
    pub written_together: bool,
    /// Digits that do not stand with other counting words in one word: "구" with "아홉".
    #[serde(default)]
    pub plain_digits: Vec<String>,
    /// Factors that multiply one digit and no more: 100 where nobody says "twelve hundred".
    #[serde(default)]
    pub one_digit_factors: Vec<u64>,
    /// A factor without a number before it counts once: "백" is a hundred.
    #[serde(default)]
    pub factors_alone: bool,
    /// Ones before the tens in one word: `"pět" = 5` in "pětadvacet".
    #[serde(default)]
    pub ones_first: BTreeMap<String, u64>,
    /// What joins them: the "a" of "pětadvacet".
    #[serde(default)]
    pub ones_joint: String,
    /// What is counted, written together with the number: "번지", "명".
    #[serde(default)]
    pub counters: Vec<String>,
    /// Endings whose first sound rather is a digit of a cardinal: the "이" of "이요".
    #[serde(default)]
    pub weak_endings: Vec<String>,
    /// Endings behind a number; [`Words::folded`] puts the language's here.
    #[serde(skip)]
    pub endings: Vec<Endings>,
    /// Words for "." in a flat's number.
    #[serde(default)]
    pub points: Vec<String>,
    /// A joint between two digits is a zero: "một linh bốn" is 104.
    #[serde(default)]
    pub zero_joints: bool,
    /// A lone digit behind a factor counts its tenths: "một trăm hai" is 120.
    #[serde(default)]
    pub elliptic: bool,
    /// Phrases whose number words are none: "sinh năm".
    #[serde(default)]
    pub no_numbers: Vec<String>,
    /// Words for a letter or mark behind a house number: `"bê" = "B"`, `"bis" = "bis"`.
    #[serde(default)]
    pub letters: BTreeMap<String, String>,
    /// Words that place in a row: `"second" = 2`.
    #[serde(default)]
    pub ordinals: BTreeMap<String, u64>,
    /// Words that mean one before a factor: "a" hundred.
    #[serde(default)]
    pub articles: Vec<String>,
    /// Phrases that are one number: `"half a dozen" = 6`.
    #[serde(default)]
    pub phrases: BTreeMap<String, u64>,
    /// Half of the last factor more: "and a half", "rưỡi".
    #[serde(default)]
    pub halves: Vec<String>,
    /// Between the ends of a range: "to".
    #[serde(default)]
    pub ranges: Vec<String>,
    /// What is counted: "people".
    #[serde(default)]
    pub counted: Vec<String>,
    /// Before digits that are not the telephone number's: "extension".
    #[serde(default)]
    pub extensions: Vec<String>,
}

/// Endings by the sound they follow.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endings {
    /// Behind a syllable that ends in a consonant.
    #[serde(default)]
    pub after_consonant: Vec<String>,
    /// Behind a syllable that ends in a vowel.
    #[serde(default)]
    pub after_vowel: Vec<String>,
    /// Behind any.
    #[serde(default)]
    pub anywhere: Vec<String>,
}

/// The words an address is made of.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressWords {
    /// Before an address.
    pub lead_in: Vec<String>,
    /// Before a house number and not part of it.
    pub number: Vec<String>,
    /// Fields in the order they are usually said: house, street, locality, district, region.
    pub order: Vec<String>,
    /// What stands below the street, with its label: alleys, blocks, flats.
    #[serde(default)]
    pub house_parts: Vec<HousePartWords>,
    /// Before a street's name and not written: "đường", "вулиця".
    #[serde(default)]
    pub street_before: Vec<String>,
    /// Behind a street's name and written with it: "street", "로".
    #[serde(default)]
    pub street_after: Vec<String>,
    /// Before a number or a letter and written with it: "route", "avenue".
    #[serde(default)]
    pub street_numbered: Vec<String>,
    /// Around a street's name and written with it: "north".
    #[serde(default)]
    pub directions: Vec<String>,
    /// First words of places' names that are words of everyday talk too: "little".
    #[serde(default)]
    pub sizes: Vec<String>,
    /// Last words of the names of houses: "cottage".
    #[serde(default)]
    pub house_kinds: Vec<String>,
    /// Before the name of a house: "the house is called".
    #[serde(default)]
    pub house_called: Vec<String>,
    /// Before a post code, which the gazetteer makes needless.
    #[serde(default)]
    pub post_codes: Vec<String>,
    /// Capitals that stand for a region where the text has small letters too: `IN = "indiana"`.
    #[serde(default)]
    pub abbreviations: BTreeMap<String, String>,
    /// Kinds of units as they are written before a number or with a full stop: "q" for "quận" in
    /// "Q1" and "Q.1".
    #[serde(default)]
    pub short_kinds: BTreeMap<String, String>,
    /// Words before or behind a street's name that are not written, by their gender: `f`, `m`, `n`.
    #[serde(default)]
    pub street_kinds: BTreeMap<String, Vec<String>>,
    /// Behind a street's name and not written; [`AddressWords::street_kinds`] too.
    #[serde(default)]
    pub street_behind: Vec<String>,
    /// House numbers and flats may be said before their words: "вісімдесят перша квартира".
    #[serde(default)]
    pub labels_behind: bool,
    /// Before a place: "in".
    #[serde(default)]
    pub place_leads: Vec<String>,
    /// Before a street said without its word: "on".
    #[serde(default)]
    pub street_leads: Vec<String>,
    /// The gazetteer lacks places: an unknown name beside a unit word is one, too.
    #[serde(default)]
    pub open_places: bool,
    /// Before what an address lies near, which is no part of it: "behind".
    #[serde(default)]
    pub landmarks: Vec<String>,
    /// Behind a number and a street's name together with it: "мая" of "1 Мая".
    #[serde(default)]
    pub numbered_names: Vec<String>,
    /// What stands below the street and is not written: entrances, floors.
    #[serde(default)]
    pub unwritten_parts: Vec<String>,
    /// Beginnings of unit words by their gender, for units whose names agree with them.
    #[serde(default)]
    pub genders: BTreeMap<String, Vec<String>>,
    /// Words of places' names that are written in another way too: `saint = "st"`.
    #[serde(default)]
    pub same: BTreeMap<String, String>,
    /// Street words stand behind the name and unit words are left out; places that the gazetteer
    /// lacks are said behind the street.
    #[serde(default)]
    pub bare_places: bool,
    /// Syllables are written apart, and unit words stand before the names.
    #[serde(default)]
    pub syllables: bool,
    /// Before a street's name and written with it: "quốc lộ".
    #[serde(default)]
    pub street_kept: Vec<String>,
    /// Before the number of a street that has no name: "Số" of "Số 7".
    #[serde(default)]
    pub numbered_street: String,
    /// Between day and month of a street that is a date: "ba tháng hai" is 3/2.
    #[serde(default)]
    pub date_joints: Vec<String>,
    /// Numbered groups of houses that stand for a street, smaller than hamlets: "tổ".
    #[serde(default)]
    pub groups: Vec<String>,
    /// Hamlets that stand for a street, written with their word: "ấp".
    #[serde(default)]
    pub hamlets: Vec<String>,
    /// Phrases of everyday talk whose words look like address words: "hàng xóm".
    #[serde(default)]
    pub not_address: Vec<String>,
    /// Endings of streets, where they are written together with the name: "로", "번길".
    #[serde(default)]
    pub street_endings: Vec<String>,
    /// Endings of hamlets: "리".
    #[serde(default)]
    pub hamlet_endings: Vec<String>,
    /// Units are written as callers say them, not as the gazetteer has them.
    #[serde(default)]
    pub as_said: bool,
    /// Cities with numbered quarters, by what callers say: `"Praha" = ["praha", "praze"]`.
    #[serde(default)]
    pub numbered: BTreeMap<String, Vec<String>>,
    /// Words around a unit's name, by field: locality, district, region.
    #[serde(default)]
    pub units: BTreeMap<String, UnitWords>,
    /// Between street and place: "in".
    #[serde(default)]
    pub within: Vec<String>,
    /// How the parts are read together: `"{house} {street}, {locality}"`.
    pub format: String,
}

/// One element below the street.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HousePartWords {
    /// Its label as it is written.
    pub write: String,
    /// What callers say for it.
    pub said: Vec<String>,
    /// Said and written behind the number, not before it: "호".
    #[serde(default)]
    pub behind: bool,
    /// Its place in the written field; the house number has 0.
    pub rank: u8,
    /// It may have a name instead of a number: "chung cư Ngô Gia Tự".
    #[serde(default)]
    pub named: bool,
}

/// The words around the names of one level's units.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitWords {
    /// Before the name: "phường".
    #[serde(default)]
    pub before: Vec<String>,
    /// Behind the name: "county".
    #[serde(default)]
    pub after: Vec<String>,
    /// Never said without its word.
    #[serde(default)]
    pub needs_word: bool,
    /// Written together with the name and a part of it: "구".
    #[serde(default)]
    pub endings: Vec<String>,
    /// The same, only behind a number: the "가" of "종로3가".
    #[serde(default)]
    pub numbered_endings: Vec<String>,
    /// Units with the short names they are written by: `"서울" = ["서울시", "서울특별시"]`.
    #[serde(default)]
    pub names: BTreeMap<String, Vec<String>>,
}

/// One need category.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeedWords {
    /// How it is read back and offered on the keys.
    pub label: String,
    /// Patterns (as in `emergency`) that speak for it, beside the language's examples
    /// (`needs.tsv`).
    #[serde(default)]
    pub phrases: Vec<String>,
}

impl Words {
    /// The same lists with every phrase folded as callers' words are.
    pub fn folded(mut self) -> Words {
        let kinds: Vec<String> = self.address.street_kinds.values().flatten().cloned().collect();
        self.address.street_before.extend(kinds.iter().cloned());
        self.address.street_behind.extend(kinds);
        self.numbers.values.extend(by_word(&self.numbers.forms));
        self.numbers.named_digits = by_word(&self.numbers.nouns);
        self.person.fold();
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
            &mut self.name_behind,
            &mut self.others,
            &mut self.others_named,
            &mut self.weak_lead_in,
            &mut self.contrasts,
            &mut self.value_contrasts,
            &mut self.value_ends,
            &mut self.address.street_numbered,
            &mut self.address.directions,
            &mut self.address.house_kinds,
            &mut self.address.sizes,
            &mut self.address.house_called,
            &mut self.address.post_codes,
            &mut self.address.lead_in,
            &mut self.address.number,
            &mut self.repairs,
            &mut self.first,
            &mut self.second,
            &mut self.unsure,
            &mut self.common_words,
            &mut self.stop_words,
            &mut self.address.street_before,
            &mut self.address.street_after,
            &mut self.address.hamlets,
            &mut self.address.street_kept,
            &mut self.address.date_joints,
            &mut self.address.groups,
            &mut self.address.not_address,
            &mut self.family_names,
            &mut self.name_words,
            &mut self.letter_names,
            &mut self.middle_marks,
            &mut self.denied_ends,
            &mut self.numbers.no_numbers,
            &mut self.address.within,
            &mut self.address.street_leads,
            &mut self.address.landmarks,
            &mut self.address.street_behind,
            &mut self.address.place_leads,
            &mut self.address.numbered_names,
            &mut self.address.unwritten_parts,
        ];
        let units = self.address.units.values_mut().flat_map(|u| [&mut u.before, &mut u.after]);
        let house = self.address.house_parts.iter_mut().map(|h| &mut h.said);
        let maps = self.called.values_mut().chain(units).chain(house);
        for phrase in lists.into_iter().chain(maps).flatten() {
            *phrase = super::fold(phrase);
        }
        self.numbers.endings = vec![self.endings.clone(), self.particles.clone()];
        self
    }

    /// Words of everyday talk: the list itself and the single words of the other lists.
    pub(super) fn common(&self) -> BTreeSet<String> {
        let lists = [
            &self.common_words,
            &self.stop_words,
            &self.fillers,
            &self.yes,
            &self.no,
            &self.is,
            &self.name_lead_in,
            &self.address.lead_in,
        ];
        let words = lists.into_iter().flatten().flat_map(|p| p.split(' '));
        // Inflected numbers are alike to many names.
        let numbers = self.numbers.values.keys().filter(|_| !self.numbers.forms.is_empty());
        let words = words.chain(numbers.map(String::as_str));
        let names = [&self.name_words, &self.family_names, &self.titles];
        let named = |w: &&str| {
            names.into_iter().flatten().any(|n| n == w) && !self.common_words.iter().any(|c| c == w)
        };
        words.filter(|w| self.name_words.is_empty() || !named(w)).map(String::from).collect()
    }
}

/// Each word of lists that are kept by value.
fn by_word(lists: &BTreeMap<String, String>) -> BTreeMap<String, u64> {
    let each = lists.iter().filter_map(|(value, words)| Some((value.parse().ok()?, words)));
    each.flat_map(|(value, words)| words.split_whitespace().map(move |w| (super::fold(w), value)))
        .collect()
}
