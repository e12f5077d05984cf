//! Patterns of words, as `words.toml` writes them for needs and emergencies.
//!
//! A pattern is words in their order. `breath*` stands for every word that begins so,
//! `can't|cannot` for either, `?is` for a word that may be missing, and `*` alone for up to three
//! words of any kind.
//! `cut & wrist` is both in either order, up to three words apart.

use std::collections::BTreeMap;

/// Words a lone `*` may stand for.
const GAP_WORDS_MAX: usize = 3;

/// One place of a pattern.
#[derive(Debug, Clone, PartialEq)]
enum Place {
    Gap,
    /// Any of these words; true for those that are only beginnings.
    Word {
        any_of: Vec<(String, bool)>,
        optional: bool,
    },
}

impl Place {
    fn read(written: &str) -> Place {
        if written == "*" {
            return Place::Gap;
        }
        let (written, optional) =
            written.strip_prefix('?').map_or((written, false), |rest| (rest, true));
        let any_of = written.split('|').map(|w| match w.strip_suffix('*') {
            Some(beginning) => (beginning.to_string(), true),
            None => (w.to_string(), false),
        });
        Place::Word { any_of: any_of.collect(), optional }
    }
}

/// Many patterns that are looked for at once, each with a group number.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Patterns {
    patterns: Vec<(u16, String, Vec<Place>)>,
    /// By the first letters of a first word.
    starts: BTreeMap<String, Vec<u32>>,
}

/// Where a pattern was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) group: u16,
    pub(super) pattern: u32,
    pub(super) from: usize,
    /// One past the last word.
    pub(super) to: usize,
}

impl Patterns {
    /// Adds `written` (lower case) under `group`.
    pub(super) fn add(&mut self, group: u16, written: &str) {
        match written.split_once(" & ") {
            Some((one, other)) => {
                self.add_ordered(group, &format!("{one} * {other}"), written);
                self.add_ordered(group, &format!("{other} * {one}"), written);
            }
            None => self.add_ordered(group, written, written),
        }
    }

    fn add_ordered(&mut self, group: u16, ordered: &str, written: &str) {
        let places: Vec<Place> = ordered.split_whitespace().map(Place::read).collect();
        let number = self.patterns.len() as u32;
        let mut keys = Vec::new();
        for place in &places {
            // A pattern that begins with a gap begins with what follows it.
            let Place::Word { any_of, optional } = place else { continue };
            keys.extend(any_of.iter().map(|(word, _)| key(word)));
            if !optional {
                break;
            }
        }
        if keys.is_empty() {
            return;
        }
        keys.sort();
        keys.dedup();
        for key in keys {
            self.starts.entry(key).or_default().push(number);
        }
        self.patterns.push((group, written.to_string(), places));
    }

    /// The patterns that may begin with `word`.
    fn tried_at(&self, word: &str) -> impl Iterator<Item = &u32> {
        let long = self.starts.get(&key(word));
        // A beginning of one letter is filed under that letter.
        let short = word.chars().nth(1).and_then(|_| self.starts.get(&word[..first_len(word)]));
        long.into_iter().chain(short).flatten()
    }

    /// The pattern as it is written.
    pub(super) fn written(&self, pattern: u32) -> &str {
        &self.patterns[pattern as usize].1
    }

    /// Every pattern in `said`, at its first place with its shortest stretch there.
    pub(super) fn find(&self, said: &[String]) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        for from in 0..said.len() {
            for &pattern in self.tried_at(&said[from]) {
                let (group, _, places) = &self.patterns[pattern as usize];
                if let Some(n) = matched(places, &said[from..]) {
                    found.push(Found { group: *group, pattern, from, to: from + n });
                }
            }
        }
        found
    }
}

/// Two letters are enough to find the few patterns worth trying.
fn key(word: &str) -> String {
    word.chars().take(2).collect()
}

/// Bytes of the first letter.
fn first_len(word: &str) -> usize {
    word.chars().next().map_or(0, char::len_utf8)
}

/// How many words `places` take at the start of `said`.
fn matched(places: &[Place], said: &[String]) -> Option<usize> {
    let Some((place, rest)) = places.split_first() else { return Some(0) };
    match place {
        Place::Gap => {
            let most = GAP_WORDS_MAX.min(said.len());
            (0..=most).find_map(|skipped| Some(skipped + matched(rest, &said[skipped..])?))
        }
        Place::Word { any_of, optional } => {
            let fits = |w: &String| {
                any_of.iter().any(|(of, beginning)| match beginning {
                    true => w.starts_with(of.as_str()),
                    false => w == of,
                })
            };
            let taken = said.split_first().filter(|(word, _)| fits(word));
            let taken = taken.and_then(|(_, left)| Some(1 + matched(rest, left)?));
            if *optional { taken.or_else(|| matched(rest, said)) } else { taken }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_and_where_they_are_found() {
        let check = |pattern: &str, said: &str, want: Option<(usize, usize)>| {
            let mut patterns = Patterns::default();
            patterns.add(7, pattern);
            let said: Vec<String> = said.split(' ').map(String::from).collect();
            let found = patterns.find(&said).first().map(|f| (f.from, f.to));
            assert_eq!(found, want, "{pattern}: {said:?}");
        };
        check("chest pain", "i have chest pain now", Some((2, 4)));
        check("chest pain", "chest and pain", None);
        check("can't|cannot breath*", "he cannot breathe", Some((1, 3)));
        check("chest * pain", "chest is full of pain", Some((0, 5)));
        check("chest * pain", "chest is so very full of pain", None);
        check("not ?my pain", "not pain", Some((0, 2)));
        check("not ?my pain", "not my pain", Some((0, 3)));
        check("cut & wrist*", "her wrists are cut", Some((1, 4)));
        check("cut & wrist*", "she cut both wrists", Some((1, 4)));
        check("숨* 못", "숨을 못 쉬어요", Some((0, 2)));
        check("* *", "anything", None);
        check("", "anything", None);
    }
}
