//! What is known of the stretches of one utterance, looked up once each.

use super::house::{codes_at, is_ordinal};
use super::text::{numbered_street, written};
use crate::language::address::item::Field;
use crate::language::gazetteer::UnitId;
use crate::language::inflection::{Gender, StreetSaid};
use crate::language::text::{phrase_at, phrase_ending};
use crate::language::{Grammar, tokens};
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

/// Units a stretch may name, with the similarity of the name.
pub(super) type UnitsFound = Rc<Vec<(UnitId, f32)>>;

/// A street as it is written, and how well a known one matches, by how it was said.
type StreetsFound = Vec<(StreetSaid, (Rc<str>, f32))>;

/// Longest name of a person, in tokens.
const NAME_TOKENS_MAX: usize = 4;
/// A word is a person's name from this likeness on.
const KNOWN_MIN: f32 = 0.93;
/// Where the gazetteer lacks places, names less like a known one are unknown.
const OPEN_SIMILARITY_MIN: f32 = 0.75;

/// What was looked up of the stretches of an answer: its hypotheses have most of them in common.
#[derive(Default)]
pub(in crate::language::address) struct Lookups(RefCell<BTreeMap<Vec<String>, Rc<Stretch>>>);

/// A stretch of words.
struct Stretch {
    /// As a name is written.
    written: Rc<str>,
    /// What exactly these words name, by level.
    named: OnceCell<[UnitsFound; 3]>,
    /// What they may name, with a number or a letter at their end as such.
    units: OnceCell<[UnitsFound; 3]>,
    streets: RefCell<StreetsFound>,
}

impl Lookups {
    fn of(&self, said: &[String], grammar: &Grammar) -> Rc<Stretch> {
        if let Some(known) = self.0.borrow().get(said) {
            return known.clone();
        }
        let (written, streets) = (written(said, grammar).into(), RefCell::default());
        let (named, units) = (OnceCell::new(), OnceCell::new());
        let found = Rc::new(Stretch { written, named, units, streets });
        self.0.borrow_mut().insert(said.to_vec(), found.clone());
        found
    }
}

/// One utterance and what was looked up in it.
pub(super) struct Spans<'a> {
    pub(super) tokens: &'a [String],
    pub(super) grammar: &'a Grammar,
    /// Tokens of everyday phrases that look like address words.
    talk: Vec<bool>,
    /// Tokens inside an address word of several tokens: "phố" of "khu phố".
    inside: Vec<bool>,
    /// Tokens that are part of an address and not written: entrances, floors.
    unwritten: Vec<bool>,
    lookups: &'a Lookups,
    /// Of each token, and of the end.
    places: Vec<Place>,
}

/// What begins at a token.
#[derive(Default)]
struct Place {
    numbers: OnceCell<Vec<(usize, String)>>,
    codes: OnceCell<Vec<(usize, String, bool)>>,
    ends_name: OnceCell<bool>,
    person: OnceCell<f32>,
    /// By their ends.
    stretches: RefCell<Vec<(usize, Rc<Stretch>)>>,
}

impl<'a> Spans<'a> {
    pub(super) fn new(
        tokens: &'a [String],
        lookups: &'a Lookups,
        grammar: &'a Grammar,
    ) -> Spans<'a> {
        let mut talk = vec![false; tokens.len()];
        for at in 0..tokens.len() {
            let n = phrase_at(tokens, at, &grammar.words.address.not_address).unwrap_or(0);
            talk[at..at + n].fill(true);
        }
        let mut unwritten = vec![false; tokens.len()];
        for at in 0..tokens.len() {
            let near = phrase_at(tokens, at, &grammar.words.address.landmarks).unwrap_or(0);
            let named = tokens.len().min(at + near + 1);
            if near > 0 {
                talk[at..named].fill(true);
                unwritten[at..named].fill(true);
            }
        }
        let inside = inside(tokens, grammar);
        for at in 0..tokens.len() {
            let range = unwritten_part(tokens, at, grammar);
            talk[range.clone()].fill(true);
            unwritten[range].fill(true);
        }
        let places = (0..=tokens.len()).map(|_| Place::default()).collect();
        Spans { tokens, grammar, talk, inside, unwritten, lookups, places }
    }

    /// True inside an address word of several tokens.
    pub(super) fn is_inside(&self, at: usize) -> bool {
        self.inside[at]
    }

    /// True for what is part of an address and not written.
    pub(super) fn is_unwritten(&self, at: usize) -> bool {
        self.unwritten[at]
    }

    /// True where no address element is said.
    pub(super) fn is_talk(&self, at: usize) -> bool {
        self.talk[at]
    }

    /// The numbers that may begin at `at`: each end with its digits, shortest first.
    pub(super) fn numbers(&self, at: usize) -> &[(usize, String)] {
        let find = || self.grammar.numbers_from(self.tokens, at);
        self.places.get(at).map_or(&[], |p| p.numbers.get_or_init(find))
    }

    /// As [`codes_at`].
    pub(super) fn codes(&self, at: usize) -> &[(usize, String, bool)] {
        let find = || codes_at(self.tokens, at, self.grammar);
        self.places.get(at).map_or(&[], |p| p.codes.get_or_init(find))
    }

    /// True where no name goes on: at unit words, number words before a house, repairs, plain
    /// fillers.
    pub(super) fn ends_name(&self, at: usize) -> bool {
        *self.places[at].ends_name.get_or_init(|| self.find_end_of_name(at))
    }

    fn find_end_of_name(&self, at: usize) -> bool {
        let (tokens, words) = (self.tokens, &self.grammar.words.address);
        let ends = [
            &words.street_before,
            &words.street_kept,
            &words.number,
            &words.within,
            &words.groups,
            &words.hamlets,
            &self.grammar.words.repairs,
        ];
        ends.iter().any(|list| phrase_at(tokens, at, list).is_some())
            || words.units.values().any(|u| phrase_at(tokens, at, &u.before).is_some())
            || words.house_parts.iter().any(|p| {
                let n = phrase_at(tokens, at, &p.said);
                n.is_some_and(|n| p.named || !self.codes(at + n).is_empty())
            })
            || self.grammar.words.stop_words.contains(&tokens[at])
    }

    fn stretch(&self, from: usize, to: usize) -> Rc<Stretch> {
        let mut known = self.places[from].stretches.borrow_mut();
        if let Some((_, stretch)) = known.iter().find(|(end, _)| *end == to) {
            return stretch.clone();
        }
        let stretch = self.lookups.of(&self.tokens[from..to], self.grammar);
        known.push((to, stretch.clone()));
        stretch
    }

    /// `from..to` as a name is written.
    pub(super) fn written(&self, from: usize, to: usize) -> Rc<str> {
        self.stretch(from, to).written.clone()
    }

    /// How little a name that starts at `at` without a word for it is likely a place's: it goes on
    /// behind a family name, or a person is introduced there.
    pub(super) fn person(&self, at: usize) -> f32 {
        *self.places[at].person.get_or_init(|| self.find_person(at))
    }

    fn find_person(&self, at: usize) -> f32 {
        let words = &self.grammar.words;
        let (before, behind) = self.tokens.split_at(at);
        let is_family = |t: &String| words.family_names.contains(t);
        let is_mark = |t: &String| words.middle_marks.contains(t);
        let is_name = |t: &String| self.grammar.name_likeness(t) >= KNOWN_MIN;
        // A family's name may be a given one too: "nguyễn minh châu".
        let whole = (2..=3).any(|n| match before.len().checked_sub(n + 1).map(|i| &before[i..]) {
            Some([first, rest @ ..]) => is_family(first) && rest.iter().all(is_name),
            _ => false,
        });
        let family = match before {
            [.., mark] if is_mark(mark) => {
                before.iter().rev().find(|t| !is_mark(t)).is_some_and(is_family)
            }
            [.., family] => is_family(family) && !whole,
            [] => false,
        };
        // "tên bảy, nguyễn văn bảy".
        let again = |t: &&String| behind.iter().take(NAME_TOKENS_MAX).any(|b| b == *t);
        let said = before.len() - before.iter().rev().take_while(again).count();
        let introduced =
            [at, said].iter().any(|&n| phrase_ending(&before[..n], &words.name_lead_in).is_some());
        if introduced {
            1.2
        } else if family {
            0.8
        } else {
            0.0
        }
    }

    /// How many words of everyday talk stand in `from..to`.
    pub(super) fn odd(&self, from: usize, to: usize) -> usize {
        self.tokens[from..to].iter().filter(|t| self.grammar.is_common_word(t)).count()
    }

    /// The units of `field`'s level that `name` may be.
    pub(super) fn named(&self, name: &[String], field: Field) -> UnitsFound {
        of_level(self.named_by(&self.lookups.of(name, self.grammar), name), field)
    }

    fn named_by<'s>(&self, stretch: &'s Stretch, name: &[String]) -> &'s [UnitsFound; 3] {
        stretch.named.get_or_init(|| {
            let mut all = self.grammar.units_by_level(name);
            if self.grammar.words.address.open_places {
                // An unknown name is likelier than a far likeness.
                all.iter_mut().for_each(|found| found.retain(|u| u.1 >= OPEN_SIMILARITY_MIN));
            }
            all.map(Rc::new)
        })
    }

    /// The units of `field`'s level that `from..to` may name, with a number or a letter at its end
    /// as such.
    pub(super) fn units(&self, from: usize, to: usize, field: Field) -> UnitsFound {
        let stretch = self.stretch(from, to);
        let units = stretch.units.get_or_init(|| {
            let said = &self.tokens[from..to];
            let mut units = self.named_by(&stretch, said).clone();
            let name = tokens(&stretch.written);
            if name != said {
                let other = self.lookups.of(&name, self.grammar);
                let best = |found: &UnitsFound| found.iter().map(|u| u.1).fold(0.0, f32::max);
                for (plain, other) in units.iter_mut().zip(self.named_by(&other, &name)) {
                    if best(other) > best(plain) {
                        plain.clone_from(other);
                    }
                }
            }
            units
        });
        of_level(units, field)
    }

    /// The street `from..to` as it is written, and how well a known one matches (0..=1).
    pub(super) fn street(&self, from: usize, to: usize) -> (Rc<str>, f32) {
        let (stretch, case) = (self.stretch(from, to), self.street_case(from, to));
        let mut streets = stretch.streets.borrow_mut();
        if let Some((_, found)) = streets.iter().find(|(of_case, _)| *of_case == case) {
            return found.clone();
        }
        let (name, known) = self.look_up_street(from, to, case);
        let found: (Rc<str>, f32) = (name.into(), known);
        streets.push((case, found.clone()));
        found
    }

    /// The case a street's name was said in, by the words around it.
    fn street_case(&self, from: usize, to: usize) -> StreetSaid {
        let words = &self.grammar.words.address;
        let before = from.checked_sub(1).map(|i| &self.tokens[i]);
        let led = before.is_some_and(|t| words.street_leads.contains(t));
        let kinds =
            words.street_kinds.iter().filter_map(|(g, kinds)| Some((Gender::of(g)?, kinds)));
        let kind_at = |token: Option<&String>| {
            let token = token?;
            let mut kinds = kinds.clone();
            let (gender, _) = kinds.find(|(_, kinds)| kinds.contains(token))?;
            Some((gender, gender.is_oblique(token)))
        };
        match kind_at(before).or_else(|| kind_at(self.tokens.get(to))) {
            Some((gender, oblique)) => StreetSaid { gender: Some(gender), oblique: oblique || led },
            None => StreetSaid { gender: None, oblique: led },
        }
    }

    fn look_up_street(&self, from: usize, to: usize, case: StreetSaid) -> (String, f32) {
        let said = &self.tokens[from..to];
        let (name, known) = self.grammar.street_said(said, case);
        // "hoàng diệu hai": known with the number as such.
        let digits = tokens(&self.written(from, to));
        if digits != said {
            let other = self.grammar.street_said(&digits, case);
            if other.1 > known {
                return other;
            }
        }
        let letter = said.last().and_then(|t| self.grammar.numbers().letters.get(t));
        // A known street with a letter behind it: "trần hưng đạo bê".
        if let Some(letter) = letter.filter(|_| said.len() > 2 && known < 1.0) {
            let (name, known) = self.grammar.street_said(&said[..said.len() - 1], case);
            return (format!("{name} {letter}"), known);
        }
        // Known by its words, written as a date: "Ba Tháng Hai".
        let date = numbered_street(&tokens(&name), self.grammar).filter(|n| n.contains('/'));
        (date.unwrap_or(name), known)
    }
}

fn of_level(units: &[UnitsFound; 3], field: Field) -> UnitsFound {
    let level = Field::UNITS.iter().position(|f| *f == field);
    level.map(|at| units[at].clone()).unwrap_or_default()
}

fn inside(tokens: &[String], grammar: &Grammar) -> Vec<bool> {
    let words = &grammar.words.address;
    let lists = [&words.groups, &words.hamlets, &words.street_before, &words.street_kept];
    let units = words.units.values().map(|u| &u.before);
    let house = words.house_parts.iter().map(|p| &p.said);
    let lists: Vec<&Vec<String>> = lists.into_iter().chain(units).chain(house).collect();
    let mut inside = vec![false; tokens.len()];
    for at in 0..tokens.len() {
        let longest = lists.iter().filter_map(|list| phrase_at(tokens, at, list)).max();
        inside[at + 1..at + longest.unwrap_or(1)].fill(true);
    }
    inside
}

/// "другий під'їзд", "этаж пять", the word standing at `at`.
fn unwritten_part(tokens: &[String], at: usize, grammar: &Grammar) -> Range<usize> {
    let Some(n) = phrase_at(tokens, at, &grammar.words.address.unwritten_parts) else {
        return at..at;
    };
    let value = |i: usize| grammar.numbers().values.get(&tokens[i]).copied();
    let last = at.checked_sub(1).filter(|&i| value(i).is_some());
    let ordinal = |i: &usize| is_ordinal(&tokens[*i]);
    if let Some(last) = last.filter(ordinal) {
        let tens = |i: &usize| value(*i).is_some_and(|v| v % 10 == 0 && (20..100).contains(&v));
        let ones = value(last).is_some_and(|v| v < 10);
        let from = last.checked_sub(1).filter(|i| ones && tens(i)).unwrap_or(last);
        return from..at + n;
    }
    let number = grammar.numbers_from(tokens, at + n).pop();
    at..number.map_or(at + n, |(to, _)| to)
}
