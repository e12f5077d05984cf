//! The lists a recogniser leans towards, lengthened by what operators had to put right.
//!
//! A rare name is personal data: only what several callers said gets into a list or a report.

use crate::dialogue::{Biasing, Hotline, SlotKind};
use crate::language::{fold, tokens};
use crate::speech::Expectation;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A word has to come from so many different callers.
pub const CALLERS_MIN: usize = 3;

/// A name or an address as the bot understood it, and as an operator put it right. What nobody
/// corrected says nothing here and may be left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Corrected {
    /// Who called: their number. All who withhold it count as one.
    pub caller: String,
    /// The slot's kind; only names and addresses count.
    pub kind: SlotKind,
    /// The bot's value.
    pub told: String,
    /// The right one.
    pub right: String,
}

/// A word of a name, or a place, that was put right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WordReport {
    /// As it stands in a list: in small letters.
    pub word: String,
    /// Of a place, and not of a name.
    pub place: bool,
    /// How often.
    pub corrected: usize,
    /// By how many different callers it was said.
    pub callers: usize,
    /// At which place of the phrases it stood already, from 1; `None`: it did not.
    pub listed_at: Option<usize>,
    /// It gets into the list; `false` of what stood there and of what the full list has no room
    /// for.
    pub added: bool,
}

/// What corrections come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BiasingReport {
    /// The words, the most corrected first.
    pub words: Vec<WordReport>,
    /// Words that too few callers said; which, is their secret.
    pub held_back: usize,
    /// The hotline's lists with the new words behind its own.
    pub biasing: Biasing,
}

impl BiasingReport {
    /// The overlay that has the lists; `None` where nothing is new.
    pub fn overlay(&self) -> Option<String> {
        let list = |words: &[String]| toml::Value::from(words.to_vec()).to_string();
        let Biasing { names, places } = &self.biasing;
        self.words.iter().any(|word| word.added).then(|| {
            format!("[hotline.biasing]\nnames = {}\nplaces = {}\n", list(names), list(places))
        })
    }
}

/// How often a word was put right, and by whom it was said.
#[derive(Default)]
struct Count {
    corrected: usize,
    callers: BTreeSet<String>,
}

/// What `corrected` calls to `hotline` teach. The order of the calls does not count.
pub fn biasing_of(hotline: &Hotline, corrected: &[Corrected]) -> BiasingReport {
    let mut counts: BTreeMap<(bool, String), Count> = BTreeMap::new();
    for call in corrected {
        let place = call.kind == SlotKind::Address;
        let words = match call.kind {
            SlotKind::Name => names_put_right(&call.told, &call.right),
            SlotKind::Address => places_put_right(&call.told, &call.right),
            SlotKind::Need | SlotKind::Phone => continue,
        };
        for word in words {
            let count = counts.entry((place, word)).or_default();
            count.corrected += 1;
            count.callers.insert(call.caller.clone());
        }
    }
    let all = counts.len();
    counts.retain(|_, count| count.callers.len() >= CALLERS_MIN);
    let held_back = all - counts.len();
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse((count.corrected, count.callers.len())));
    let mut biasing = hotline.file.biasing.clone();
    let mut report = |((place, word), count): ((bool, String), Count)| {
        let expectation = if place { Expectation::Address } else { Expectation::Name };
        let at = hotline.phrases(expectation).iter().position(|phrase| *phrase == word);
        let list = if place { &mut biasing.places } else { &mut biasing.names };
        let added = at.is_none() && list.len() < Biasing::PHRASES_MAX && Biasing::takes(&word);
        if added {
            list.push(word.clone());
        }
        let (corrected, callers) = (count.corrected, count.callers.len());
        WordReport { word, place, corrected, callers, listed_at: at.map(|at| at + 1), added }
    };
    let words = counts.into_iter().map(&mut report).collect();
    BiasingReport { words, held_back, biasing }
}

/// The words of the right name that the bot did not have, each once.
fn names_put_right(told: &str, right: &str) -> BTreeSet<String> {
    let had: BTreeSet<String> = tokens(told).into_iter().collect();
    tokens(right).into_iter().filter(|word| !had.contains(word) && !has_digit(word)).collect()
}

/// The parts of the right address that the bot did not have, without house numbers, each once.
fn places_put_right(told: &str, right: &str) -> BTreeSet<String> {
    let had = tokens(told);
    let part = |part: &str| -> Option<String> {
        let words: Vec<String> =
            tokens(&fold(part)).into_iter().filter(|word| !has_digit(word)).collect();
        let new = words.iter().any(|word| !had.contains(word));
        new.then(|| words.join(" "))
    };
    right.split([',', ';', '\n']).filter_map(part).collect()
}

fn has_digit(word: &str) -> bool {
    word.chars().any(char::is_numeric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Overlay, load_hotline, load_hotline_over};

    fn call(caller: &str, kind: SlotKind, told: &str, right: &str) -> Corrected {
        Corrected { caller: caller.into(), kind, told: told.into(), right: right.into() }
    }

    #[test]
    fn what_several_callers_said_is_listed_and_can_be_laid_over() {
        use SlotKind::{Address, Name, Phone};
        let config = Config { models_dir: "no-models".into(), ..Config::default() };
        let hotline = load_hotline(&config, "demo-en", "2026-01-01").unwrap().hotline;
        let calls = [
            call("+1", Name, "Anna O'Bryan", "Anna Obrien"),
            call("+2", Name, "Peter", "Peter Obrien"),
            call("+3", Name, "Obi", "obrien"),
            call("+1", Name, "", "Obrien"),
            // One caller, and callers without a number, are one.
            call("", Name, "", "Zebulon"),
            call("", Name, "", "Zebulon"),
            call("+9", Name, "", "Zebulon"),
            call("+1", Address, "12 Mill Road", "12b Orchard Street, Mill Road"),
            call("+2", Address, "", "7 Orchard Street"),
            call("+3", Address, "Oak Street", "Orchard street"),
            call("+4", Phone, "1", "2"),
        ];
        let report = biasing_of(&hotline, &calls);
        let line = |w: &WordReport| format!("{} {} {}", w.word, w.corrected, w.callers);
        let lines: Vec<String> = report.words.iter().map(line).collect();
        assert_eq!(lines, ["obrien 4 3", "orchard street 3 3"]);
        assert!(report.words.iter().all(|w| w.added && w.listed_at.is_none()));
        assert_eq!(report.held_back, 1, "Zebulon");
        let text = report.overlay().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("biasing.toml");
        std::fs::write(&file, &text).unwrap();
        let overlay = Overlay::load(&file).unwrap();
        let over = load_hotline_over(&config, "demo-en", "2026-01-01", Some(&overlay));
        let over = over.unwrap().hotline;
        assert_eq!(over.phrases(Expectation::Name)[0], "obrien");
        assert_eq!(over.phrases(Expectation::Address)[0], "orchard street");
        let again = biasing_of(&over, &calls);
        assert_eq!((again.words[0].listed_at, again.words[0].added), (Some(1), false));
        assert_eq!(again.overlay(), None);
    }

    #[test]
    fn a_full_list_takes_no_more() {
        let config = Config { models_dir: "no-models".into(), ..Config::default() };
        let hotline = load_hotline(&config, "demo-en", "2026-01-01").unwrap().hotline;
        let word = |n: usize| {
            let letter = |n: usize| char::from(b'a' + (n % 26) as u8);
            format!("x{}{}", letter(n), letter(n / 26))
        };
        let calls: Vec<Corrected> = (0..3 * (Biasing::PHRASES_MAX + 5))
            .map(|n| call(&format!("+{}", n % 3), SlotKind::Name, "", &word(n / 3)))
            .collect();
        let report = biasing_of(&hotline, &calls);
        assert_eq!(report.words.iter().filter(|w| w.added).count(), Biasing::PHRASES_MAX);
        assert_eq!(report.biasing.names.len(), Biasing::PHRASES_MAX);
    }
}
