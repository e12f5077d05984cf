//! Addresses whose unit words are written together with the names, as in Korean: "강남구",
//! "테헤란로", "천이백삼호". Recognisers write them with or without a blank before the unit word.

use super::house::HousePart;
use super::item::{Field, Item, Said};
use crate::language::joined::cuts;
use crate::language::{Grammar, number};

/// Longest name with its parts, in tokens.
const TOKENS_MAX: usize = 6;

/// All items of such a language that start at `at`.
pub(super) fn items_at(tokens: &[String], at: usize, grammar: &Grammar, items: &mut Vec<Item>) {
    house(tokens, at, grammar, items);
    let endings = [&grammar.words.endings, &grammar.words.particles];
    let mut word = String::new();
    for to in at + 1..=tokens.len().min(at + TOKENS_MAX) {
        let next = &tokens[to - 1];
        if to > at + 1 && !goes_on(next, grammar) {
            break;
        }
        word.push_str(next);
        for (stem, _) in cuts(&word, &endings) {
            if !grammar.words.stop_words.iter().any(|w| w == stem) {
                named(stem, at, to, grammar, items);
            }
        }
    }
    districts_of_cities(tokens, at, grammar, items);
}

/// True where `token` may be split off the name before it: numbers and unit words.
fn goes_on(token: &str, grammar: &Grammar) -> bool {
    let words = &grammar.words;
    let unit_words = words.address.units.values().flat_map(|u| &u.endings);
    let mut endings = unit_words
        .chain(words.address.units.values().flat_map(|u| &u.numbered_endings))
        .chain(&words.address.street_endings)
        .chain(&words.address.hamlet_endings);
    let stems = cuts(token, &[&words.endings, &words.particles]);
    stems.iter().any(|(stem, _)| {
        let bare = endings.clone().find_map(|e| stem.strip_suffix(e.as_str())).unwrap_or(stem);
        bare.is_empty() || number::whole_number(bare, &words.numbers).is_some()
    }) || endings.any(|e| e == token)
}

/// Numbers, blocks, flats.
fn house(tokens: &[String], at: usize, grammar: &Grammar, items: &mut Vec<Item>) {
    let words = &grammar.words;
    for (to, digits) in grammar.numbers_from(tokens, at) {
        let count = digits.chars().filter(char::is_ascii_digit).count();
        if count > super::house::DIGITS_MAX {
            continue;
        }
        let rest = number::behind_number(&tokens[to - 1], &words.numbers);
        let counted = if rest.is_empty() {
            tokens.get(to).map(|t| (t.clone(), to + 1))
        } else {
            Some((rest.clone(), to))
        };
        if let Some((behind, end)) = counted {
            for (stem, _) in cuts(&behind, &[&words.endings, &words.particles]) {
                let parts = words.address.house_parts.iter().filter(|p| p.behind);
                for part in parts.filter(|p| p.said.iter().any(|s| s == stem)) {
                    let text = format!("{digits}{}", part.write);
                    let said = Said::House(HousePart { rank: part.rank, text, marked: true });
                    items.push(Item { from: at, to: end, said, score: 1.5 });
                }
            }
        }
        let both = [&words.endings, &words.particles];
        let counts =
            cuts(&rest, &both).iter().any(|(s, _)| words.numbers.counters.iter().any(|c| c == s));
        if !counts && !words.stop_words.contains(&tokens[at]) {
            // One digit may be any short word.
            let score = if count > 1 { 0.6 } else { 0.1 };
            let said = Said::House(HousePart { rank: 0, text: digits, marked: false });
            items.push(Item { from: at, to, said, score });
        }
    }
}

/// What the name `word` with its unit word may be.
fn named(word: &str, from: usize, to: usize, grammar: &Grammar, items: &mut Vec<Item>) {
    let words = &grammar.words.address;
    let odd = if grammar.is_common_word(word) { 1.5 } else { 0.0 };
    let mut push = |said: Said, score: f32| {
        items.push(Item { from, to, said, score: score - odd });
    };
    if let Some((stem, ending)) = with_ending(word, &words.street_endings) {
        let (name, plain) = street(stem, ending, grammar);
        let short = if stem.chars().count() < 2 { 0.3 } else { 0.0 };
        push(Said::Street { name, named: true }, if plain { 0.8 - short } else { 1.4 });
    }
    if with_ending(word, &words.hamlet_endings).is_some_and(|(s, _)| s.chars().count() > 1) {
        push(Said::Hamlet(word.to_string()), 0.8);
    }
    for field in Field::UNITS {
        let Some(unit) = words.units.get(field.name()) else { continue };
        let short = unit
            .names
            .iter()
            .find(|(short, long)| *short == word || long.iter().any(|l| l == word));
        if let Some((short, _)) = short {
            let names = known(word, field, grammar);
            push(Said::Unit { field, said: short.clone(), kind: None, names }, 1.4);
        }
        let numbered = with_ending(word, &unit.numbered_endings)
            .filter(|(s, _)| trailing_number(s, grammar).is_some_and(|(n, _)| !n.is_empty()));
        let ended = with_ending(word, &unit.endings).or(numbered);
        let mut names = known(word, field, grammar);
        if let Some((stem, ending)) = ended {
            let said = with_digits(stem, ending, names.is_empty(), grammar);
            if names.is_empty() && said != word {
                names = known(&said, field, grammar);
            }
            let score = evidence(&names, grammar) + 0.2 * (stem.chars().count() > 1) as u8 as f32;
            push(Said::Unit { field, said, kind: None, names }, score);
        } else if let Some(full) = names.first().and_then(|(n, _)| full_name(*n, field, grammar)) {
            let score = if field == Field::Locality { 0.7 } else { 0.95 };
            push(Said::Unit { field, said: full, kind: None, names }, score);
        }
    }
}

/// `word` cut before the longest of `endings` it has.
fn with_ending<'w>(word: &'w str, endings: &[String]) -> Option<(&'w str, &'w str)> {
    let stems = endings.iter().filter_map(|e| word.strip_suffix(e.as_str()));
    let stem = stems.filter(|s| !s.is_empty()).min_by_key(|s| s.len())?;
    Some((stem, &word[stem.len()..]))
}

fn evidence(names: &[(crate::language::gazetteer::NameId, f32)], grammar: &Grammar) -> f32 {
    match (names.is_empty(), grammar.places()) {
        (false, _) => 1.3,
        (true, Some(_)) => 0.2,
        (true, None) => 0.7,
    }
}

/// Names that are written just so.
fn known(
    word: &str,
    field: Field,
    grammar: &Grammar,
) -> Vec<(crate::language::gazetteer::NameId, f32)> {
    let mut names = grammar.unit_names(&[word.to_string()], field.level());
    names.retain(|(_, similarity)| *similarity >= 0.99);
    names
}

/// The name with its unit word, for one that was said without.
fn full_name(
    name: crate::language::gazetteer::NameId,
    field: Field,
    grammar: &Grammar,
) -> Option<String> {
    let places = grammar.places()?;
    let (unit, _) = *grammar.units(name, field.level()?).first()?;
    Some(places.unit(unit).name.to_string())
}

/// A street as it is written, and whether no number stands in it: numbers before the last unit
/// word are digits, but for the "one" of a short name ("정자일로", "가산디지털1로", "상도로18길").
fn street(stem: &str, ending: &str, grammar: &Grammar) -> (String, bool) {
    let Some((name, digits)) = trailing_number(stem, grammar) else {
        return (format!("{stem}{ending}"), true);
    };
    let numbered = name.is_empty()
        || with_ending(&name, &grammar.words.address.street_endings).is_some()
        || ending.chars().count() > 1
        || name.chars().count() > 2;
    if numbered {
        (format!("{name}{digits}{ending}"), name.is_empty())
    } else {
        (format!("{stem}{ending}"), true)
    }
}

/// A place with the number of its part in digits: "상도1동".
fn with_digits(stem: &str, ending: &str, unknown: bool, grammar: &Grammar) -> String {
    match trailing_number(stem, grammar).filter(|_| unknown) {
        Some((name, digits)) if name.chars().count() > 1 => format!("{name}{digits}{ending}"),
        _ => format!("{stem}{ending}"),
    }
}

/// `stem` cut before the longest number it ends with.
fn trailing_number(stem: &str, grammar: &Grammar) -> Option<(String, String)> {
    let cuts = stem.char_indices().map(|(at, _)| stem.split_at(at));
    let mut read = cuts.filter_map(|(name, tail)| {
        let digits = number::whole_number(tail, &grammar.words.numbers)?;
        if digits.starts_with('0') {
            return None;
        }
        Some((name.to_string(), digits))
    });
    read.next()
}

/// "수원시 영통구": a city and its district are one field.
fn districts_of_cities(tokens: &[String], at: usize, grammar: &Grammar, items: &mut Vec<Item>) {
    let district = |i: &&Item| matches!(i.said, Said::Unit { field: Field::District, .. });
    let of_city = |i: &&Item| matches!(&i.said, Said::Unit { said, .. } if said.ends_with('시'));
    let cities: Vec<Item> = items.iter().filter(district).filter(of_city).cloned().collect();
    for city in cities {
        let mut inner = Vec::new();
        let mut word = String::new();
        for to in city.to + 1..=tokens.len().min(city.to + 2) {
            word.push_str(&tokens[to - 1]);
            for (stem, _) in cuts(&word, &[&grammar.words.endings, &grammar.words.particles]) {
                if stem.ends_with('구') && stem.chars().count() > 1 {
                    named(stem, city.to, to, grammar, &mut inner);
                }
            }
        }
        for part in inner.iter().filter(district) {
            let (Said::Unit { said: outer, .. }, Said::Unit { said, names, .. }) =
                (&city.said, &part.said)
            else {
                continue;
            };
            let said = Said::Unit {
                field: Field::District,
                said: format!("{outer} {said}"),
                kind: None,
                names: names.clone(),
            };
            let score = city.score + part.score;
            items.push(Item { from: at, to: part.to, said, score });
        }
    }
}
