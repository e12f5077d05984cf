//! The words persons' names are made of and spelled with, as `words.toml` holds them.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Names of persons in languages that inflect them.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonWords {
    /// Women's given names.
    #[serde(default)]
    pub women: BTreeSet<String>,
    /// Men's given names.
    #[serde(default)]
    pub men: BTreeSet<String>,
    /// Family names that no ending tells.
    #[serde(default)]
    pub families: BTreeSet<String>,
    /// Short forms with the given names they stand for: `"саша" = "Александр Александра"`.
    #[serde(default)]
    pub short: BTreeMap<String, String>,
    /// Before a name in another case than the nominative: "запишите на".
    #[serde(default)]
    pub oblique_lead_in: Vec<String>,
    /// Ending of a word to how much it looks like a person's name, 0..=1: `"енко" = 0.8`.
    #[serde(default)]
    pub endings: BTreeMap<String, f32>,
    /// Endings of words that are names only if they are known ones: "ing".
    #[serde(default)]
    pub no_endings: Vec<String>,
}

impl PersonWords {
    /// Folds every word as callers' words are.
    pub(super) fn fold(&mut self) {
        for names in [&mut self.women, &mut self.men, &mut self.families] {
            *names = names.iter().map(|n| super::fold(n)).collect();
        }
        let short = std::mem::take(&mut self.short).into_iter();
        self.short = short.map(|(name, full)| (super::fold(&name), super::fold(&full))).collect();
        self.oblique_lead_in.iter_mut().for_each(|phrase| *phrase = super::fold(phrase));
    }

    /// 0..=1: how much the end of `word` is a name's.
    pub(super) fn ending(&self, word: &str) -> f32 {
        let ends = |(e, _): &(&String, &f32)| word.len() > e.len() + 2 && word.ends_with(*e);
        let longest = self.endings.iter().filter(ends).max_by_key(|(e, _)| e.len());
        longest.map_or(0.0, |(_, likeness)| *likeness)
    }

    /// True for a word that its ending makes something else than a name.
    pub(super) fn is_no_name(&self, word: &str) -> bool {
        let ends =
            |e: &String| word.ends_with(e.as_str()) && word.chars().count() > e.chars().count() + 2;
        self.no_endings.iter().any(ends)
    }

    /// True where `short` is said for the given name `full`: "саша", "александр".
    pub(super) fn is_short_for(&self, short: &str, full: &str) -> bool {
        self.short.get(short).is_some_and(|all| all.split(' ').any(|name| name == full))
    }
}

/// How names are spelled out: "c as in charlie", "smith with a y"; empty lists for languages whose
/// callers do not.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpellingWords {
    /// Between a letter and a word that begins with it: "as in".
    pub as_in: Vec<String>,
    /// Before a spelled name: "that's".
    #[serde(default)]
    pub lead_in: Vec<String>,
    /// Before the letter a name begins with: "на букву".
    #[serde(default)]
    pub initials: Vec<String>,
    /// Letters by their names, where those are words: `"эн" = "н"`.
    #[serde(default)]
    pub letters: BTreeMap<String, String>,
    /// Marks by their names: `hyphen = "-"`.
    #[serde(default)]
    pub marks: BTreeMap<String, String>,
    /// Before a letter the name is written with.
    #[serde(default)]
    pub with: Vec<String>,
    /// Before a letter the name is written without.
    #[serde(default)]
    pub without: Vec<String>,
    /// Behind such a letter: "on the end".
    #[serde(default)]
    pub tails: Vec<String>,
    /// Letter to what it may replace, the likeliest first, and by what; nothing is replaced by
    /// putting it at the end: `y = [["i", "y"]]`, `e = [["", "e"]]`.
    #[serde(default)]
    pub swaps: BTreeMap<String, Vec<(String, String)>>,
}

/// What names written as one word are made of.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinedNames {
    /// Family names.
    #[serde(default)]
    pub families: Vec<String>,
    /// Syllables given names are often made of.
    #[serde(default)]
    pub syllables: String,
    /// Before a family name that is told alone: "성은".
    #[serde(default)]
    pub family_lead_in: Vec<String>,
    /// Before a given name that is told alone: "이름은".
    #[serde(default)]
    pub given_lead_in: Vec<String>,
    /// Behind a family name that is told alone: "씨", "가".
    #[serde(default)]
    pub family_marks: Vec<String>,
    /// Said behind each syllable when a name is told politely or spelled: "자".
    #[serde(default)]
    pub syllable_marks: Vec<String>,
    /// Behind the name of somebody else: "씨", "님".
    #[serde(default)]
    pub others: Vec<String>,
}
