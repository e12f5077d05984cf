//! The patterns of `words.toml` that speak for a need, for an emergency, or against one.

use super::pattern::{Found, Patterns};
use unicode_normalization::UnicodeNormalization;

/// Group of the patterns that say a life is at risk.
const EMERGENCY: u16 = 0;
/// Group of the patterns that take it back: "no chest pain", "last year", "what are the signs of".
const CALM: u16 = 1;
/// The categories' groups begin here.
const CATEGORIES: u16 = 2;

/// All patterns of one language.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Lexicon {
    patterns: Patterns,
    categories: Vec<String>,
}

/// What the patterns say about one sentence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Evidence {
    /// Numbers of the categories that are spoken for, each once.
    pub(super) categories: Vec<usize>,
    /// The first emergency pattern nothing takes back.
    pub(super) emergency: Option<u32>,
    /// How many different ones.
    pub(super) emergencies: usize,
    /// Words that do not belong to the longest of them.
    pub(super) beside: usize,
    /// Something speaks against an emergency.
    pub(super) calm: bool,
}

impl Lexicon {
    /// `needs`: categories with their patterns.
    pub(super) fn new<'a>(
        emergency: &[String],
        no_emergency: &[String],
        needs: impl Iterator<Item = (&'a str, &'a [String])>,
    ) -> Lexicon {
        let mut patterns = Patterns::default();
        let lower = |p: &String| p.nfc().flat_map(char::to_lowercase).collect::<String>();
        emergency.iter().for_each(|p| patterns.add(EMERGENCY, &lower(p)));
        no_emergency.iter().for_each(|p| patterns.add(CALM, &lower(p)));
        let mut categories = Vec::new();
        for (category, phrases) in needs {
            let group = CATEGORIES + categories.len() as u16;
            phrases.iter().for_each(|p| patterns.add(group, &lower(p)));
            categories.push(category.to_string());
        }
        Lexicon { patterns, categories }
    }

    /// The categories that have patterns or at least a name.
    pub(super) fn categories(&self) -> &[String] {
        &self.categories
    }

    /// The pattern as it is written.
    pub(super) fn written(&self, pattern: u32) -> &str {
        self.patterns.written(pattern)
    }

    pub(super) fn evidence(&self, said: &[String]) -> Evidence {
        let found = self.patterns.find(said);
        let calm: Vec<&Found> = found.iter().filter(|f| f.group == CALM).collect();
        let taken_back = |f: &Found| calm.iter().any(|c| c.from <= f.from && f.to <= c.to);
        let alarming = || found.iter().filter(|f| f.group == EMERGENCY && !taken_back(f));
        let longest = alarming().map(|f| f.to - f.from).max().unwrap_or(0);
        let mut emergencies: Vec<u32> = alarming().map(|f| f.pattern).collect();
        let emergency = emergencies.first().copied();
        emergencies.sort_unstable();
        emergencies.dedup();
        let mut categories: Vec<usize> = found
            .iter()
            .filter(|f| f.group >= CATEGORIES)
            .map(|f| usize::from(f.group - CATEGORIES))
            .collect();
        categories.sort_unstable();
        categories.dedup();
        let (emergencies, beside) = (emergencies.len(), said.len() - longest);
        Evidence { categories, emergency, emergencies, beside, calm: !calm.is_empty() }
    }
}
