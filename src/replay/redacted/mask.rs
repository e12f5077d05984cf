//! Words that may name a caller, out of a text; the rest of it stays.

use crate::call::Sound;
use crate::dialogue::{Hotline, SlotKind};
use crate::replay::fixture::redact::{Personal, Run, Vocabulary, folded, is_form_of, runs};
use crate::speech::Expectation;
use std::collections::BTreeSet;

pub(super) const NAME: &str = "[name]";
pub(super) const ADDRESS: &str = "[address]";
pub(super) const NUMBER: &str = "[number]";
/// Words that no language pack has: whose they are, nobody knows.
pub(super) const WITHHELD: &str = "[withheld]";

/// Blanks of prompts that hold nothing of the caller's.
const HARMLESS: [&str; 7] = ["title", "recorded_by", "promise", "office", "keys", "key", "label"];
/// A prompt is told from another by so many letters of its text.
const LETTERS_MIN: usize = 6;

/// What is taken out of one call's texts.
pub(super) struct Mask<'v> {
    vocabulary: &'v Vocabulary,
    hotline: &'v Hotline,
    names: BTreeSet<String>,
    places: BTreeSet<String>,
    numbers: BTreeSet<String>,
}

/// A stretch of a text and what becomes of it.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Stays,
    /// It parts words, and goes where those around it go.
    Parts,
    /// A number word: it goes where it is not alone.
    Counts,
    Goes(&'static str),
}

impl<'v> Mask<'v> {
    /// For a call on `hotline` whose caller's values are `personal`.
    pub(super) fn new(
        vocabulary: &'v Vocabulary,
        hotline: &'v Hotline,
        personal: &[Personal],
    ) -> Mask<'v> {
        let words = |place: bool| -> BTreeSet<String> {
            let of_kind = personal.iter().filter(|p| p.place == place);
            of_kind.flat_map(|p| vocabulary.personal_words(p)).collect()
        };
        let counting = &hotline.grammar.words.numbers;
        let forms = counting.forms.values().chain(counting.nouns.values());
        let forms = forms.flat_map(|forms| forms.split_whitespace().map(folded));
        let values = counting.values.keys().map(|word| folded(word));
        let numbers = values.chain(forms).collect();
        Mask { vocabulary, hotline, names: words(false), places: words(true), numbers }
    }

    /// What an answer to `expectation` tells as a whole; `None` where it tells nothing personal.
    pub(super) fn telling(expectation: Expectation) -> Option<&'static str> {
        match expectation {
            Expectation::Name => Some(NAME),
            Expectation::Address => Some(ADDRESS),
            Expectation::Digits => Some(NUMBER),
            Expectation::Open => Some(WITHHELD),
            Expectation::Need | Expectation::YesNo | Expectation::Choice => None,
        }
    }

    /// What the caller said, in answer to a question for `telling`.
    pub(super) fn said(&self, text: &str, telling: Option<&'static str>) -> String {
        let runs = runs(text);
        let mut fates: Vec<Fate> = runs.iter().map(|run| self.fate(*run, telling)).collect();
        let beside = |fates: &[Fate], at: usize, step: isize| {
            let mut next = at.checked_add_signed(step);
            while next.and_then(|n| fates.get(n)) == Some(&Fate::Parts) {
                next = next.and_then(|n| n.checked_add_signed(step));
            }
            next.and_then(|n| fates.get(n)).copied()
        };
        for at in 0..fates.len() {
            if fates[at] != Fate::Counts {
                continue;
            }
            let counts = |f: Option<Fate>| matches!(f, Some(Fate::Counts | Fate::Goes(NUMBER)));
            let among = counts(beside(&fates, at, -1)) || counts(beside(&fates, at, 1));
            if among || telling.is_some() {
                fates[at] = Fate::Goes(NUMBER);
            }
        }
        joined(&runs, &fates)
    }

    fn fate(&self, run: Run<'_>, telling: Option<&'static str>) -> Fate {
        let word = match run {
            Run::Word(word) => folded(word),
            Run::Figures(_) => return Fate::Goes(NUMBER),
            Run::Other(_) => return Fate::Parts,
        };
        let known = if telling.is_some() { &self.vocabulary.own } else { &self.vocabulary.all };
        if let Some(label) = self.of_caller(&word) {
            Fate::Goes(label)
        } else if self.numbers.contains(&word) {
            Fate::Counts
        } else if known.contains(&word) {
            Fate::Stays
        } else {
            Fate::Goes(telling.unwrap_or(WITHHELD))
        }
    }

    /// What a word of the ticket's values, or a form of one, is.
    fn of_caller(&self, word: &str) -> Option<&'static str> {
        let own = &self.vocabulary.own;
        let is_in = |all: &BTreeSet<String>| is_form_of(word, all, own);
        is_in(&self.names).then_some(NAME).or(is_in(&self.places).then_some(ADDRESS))
    }

    /// Whether a value of the caller's, or a number, is in `text`, which may not be what was said.
    pub(super) fn tells(&self, text: &str) -> bool {
        let masked = self.said(text, None);
        [NAME, ADDRESS, NUMBER].iter().any(|label| masked.contains(label))
    }

    /// What the bot said; the second: whether something of the caller's was in it.
    pub(super) fn prompt(&self, sound: &Sound) -> (String, bool) {
        let Sound::Prompt { name, text, .. } = sound else { return (String::new(), false) };
        // A prompt that kept its name has no blanks.
        if !name.is_empty() && self.hotline.texts.get(name) == Some(text) {
            return (text.clone(), false);
        }
        let matching = self.hotline.texts.iter().filter_map(|(name, template)| {
            let filled = filled(template, text)?;
            (filled.letters >= LETTERS_MIN).then_some((name, filled))
        });
        let Some((name, filled)) = matching.max_by_key(|(_, filled)| filled.letters) else {
            return (self.label("", "", text).into(), true);
        };
        let harmless = filled.blanks.iter().all(|(blank, _)| HARMLESS.contains(blank));
        let number_of_place = name.starts_with("emergency");
        if (harmless || number_of_place) && self.secret(text).is_none() {
            return (text.clone(), false);
        }
        let fill = |(blank, value): &(&str, &str)| match HARMLESS.contains(blank) {
            true => (*value).to_string(),
            false => self.label(name, blank, value).to_string(),
        };
        let mut values = filled.blanks.iter().map(fill);
        let mut made = String::new();
        for literal in &filled.literals {
            made += literal;
            made += &values.next().unwrap_or_default();
        }
        (made.trim().to_string(), true)
    }

    /// What stands in the place of a prompt's `value`.
    fn label(&self, prompt: &str, blank: &str, value: &str) -> &'static str {
        let of = |kind: &str| prompt.ends_with(kind);
        match () {
            () if blank == "number" || of("phone") || of("caller_id") => NUMBER,
            () if of("name") => NAME,
            () if of("address") => ADDRESS,
            () => runs(value)
                .into_iter()
                .find_map(|run| match run {
                    Run::Word(word) => self.of_caller(&folded(word)),
                    _ => None,
                })
                .unwrap_or(WITHHELD),
        }
    }

    /// A word of the caller's values that no language pack has, where `text` holds one.
    pub(super) fn secret(&self, text: &str) -> Option<&'static str> {
        runs(text).into_iter().find_map(|run| match run {
            Run::Word(word) => {
                let word = folded(word);
                let secret = self.vocabulary.is_secret(&word);
                secret.then(|| self.of_caller(&word)).flatten()
            }
            _ => None,
        })
    }
}

/// What kind of value a slot of `kind` takes, where that is the caller's own.
pub(super) fn is_personal(kind: SlotKind) -> bool {
    kind != SlotKind::Need
}

/// The runs that stay, and a label for each row of those that go.
fn joined(runs: &[Run<'_>], fates: &[Fate]) -> String {
    let mut made = String::new();
    let mut gone: Option<&'static str> = None;
    let mut parted = String::new();
    for (run, fate) in runs.iter().zip(fates) {
        match fate {
            Fate::Parts => parted += run.text(),
            Fate::Goes(label) => {
                if gone != Some(*label) {
                    made += &parted;
                    made += label;
                }
                gone = Some(*label);
                parted.clear();
            }
            Fate::Stays | Fate::Counts => {
                made += &parted;
                made += run.text();
                gone = None;
                parted.clear();
            }
        }
    }
    made + &parted
}

/// A template and what stands in its blanks.
struct Filled<'t> {
    literals: Vec<&'t str>,
    blanks: Vec<(&'t str, &'t str)>,
    /// Letters of the template itself.
    letters: usize,
}

/// How `template` came to `text`; `None` where it did not.
fn filled<'t>(template: &'t str, text: &'t str) -> Option<Filled<'t>> {
    let (mut literals, mut names) = (vec![], vec![]);
    let mut rest = template.trim();
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        literals.push(before);
        names.push(name);
        rest = after;
    }
    literals.push(rest);
    let mut left = text.trim().strip_prefix(literals[0].trim_start())?;
    let mut blanks = Vec::new();
    for (name, literal) in names.iter().zip(&literals[1..]) {
        let last = blanks.len() + 1 == names.len();
        let at = if last { left.len().checked_sub(literal.len())? } else { left.find(literal)? };
        let value = left.get(..at)?;
        left = left.get(at..)?.strip_prefix(literal)?;
        blanks.push((*name, value));
    }
    let letters = literals.concat().chars().filter(|c| c.is_alphabetic()).count();
    (left.is_empty() && !names.is_empty()).then_some(Filled { literals, blanks, letters })
}
