//! Addresses of languages whose street words stand behind the name and whose places are said
//! without unit words: "42 West Pine Street, Missoula, Montana".

use super::house;
use super::item::{Field, Item, Said};
use crate::language::Grammar;
use crate::language::gazetteer::NameId;
use crate::language::ordinal::{ordinal_at, write_ordinals};
use crate::language::spelling::BREAK;
use crate::language::text::name_case;
use crate::language::text::{phrase_at, phrase_ending};

/// Longest name of a street before its word, and of a place, in tokens.
const NAME_TOKENS_MAX: usize = 5;
/// A place said beyond the gazetteer has at most so many.
const UNKNOWN_TOKENS_MAX: usize = 3;
/// Names less like a place's are others.
const SIMILARITY_MIN: f32 = 0.8;
/// The same for counties and states, which are few and well known.
const LARGER_MIN: f32 = 0.88;

/// All such items that start at `at`.
pub(super) fn items_at(tokens: &[String], at: usize, grammar: &Grammar, items: &mut Vec<Item>) {
    for (to, part, score) in house::names_at(tokens, at, grammar) {
        items.push(Item { from: at, to, said: Said::House(part), score });
    }
    skipped(tokens, at, grammar, items);
    numbered_streets(tokens, at, grammar, items);
    streets(tokens, at, grammar, items);
    places(tokens, at, grammar, items);
}

/// "zip four six two", "sw1a 1aa", "[elgin] not elgar": in an address and no part of it.
fn skipped(tokens: &[String], at: usize, grammar: &Grammar, items: &mut Vec<Item>) {
    let words = &grammar.words;
    let code = |i: usize| {
        let digits = |t: &String| t.contains(|c: char| c.is_ascii_digit());
        tokens.get(i).is_some_and(|t| digits(t) || t.chars().count() == 1)
            || !grammar.numbers_from(tokens, i).is_empty()
    };
    let mut to = at;
    if let Some(n) = phrase_at(tokens, at, &words.address.post_codes) {
        to = (at + n..).find(|i| !code(*i)).unwrap_or(tokens.len());
    } else if mixed_code(&tokens[at]) {
        to = at + 1;
    } else if phrase_at(tokens, at, &words.contrasts).is_some() && at + 1 < tokens.len() {
        to = at + 2;
    }
    if to > at {
        items.push(Item { from: at, to: to.min(tokens.len()), said: Said::Skip, score: 0.0 });
    }
}

/// A token of a post code: letters and digits, and no ordinal or house number ("12a").
fn mixed_code(token: &str) -> bool {
    let letters = token.chars().filter(|c| c.is_ascii_alphabetic()).count();
    let digits = token.chars().filter(char::is_ascii_digit).count();
    let ordinal = ["st", "nd", "rd", "th"].iter().any(|s| token.ends_with(s));
    letters > 0 && digits > 0 && letters + digits == token.len() && !ordinal && letters > 1
}

/// "route nine", "avenue c", "east ninth street", "42nd street".
fn numbered_streets(tokens: &[String], at: usize, grammar: &Grammar, items: &mut Vec<Item>) {
    let words = &grammar.words.address;
    if let Some(n) = phrase_at(tokens, at, &words.street_numbered) {
        let mut ends: Vec<usize> =
            grammar.numbers_from(tokens, at + n).into_iter().map(|(to, _)| to).collect();
        let letter = tokens.get(at + n).is_some_and(|t| grammar.numbers().letters.contains_key(t));
        ends.extend(letter.then_some(at + n + 1));
        for to in ends {
            let number = grammar.numbers_from(&tokens[..to], at + n).pop().map(|(_, d)| d);
            let number = number.unwrap_or_else(|| tokens[to - 1].clone());
            let name = format!("{} {number}", tokens[at..at + n].join(" "));
            street(tokens, at, to, &name, 2.0 + 0.1 * (to - at) as f32, grammar, items);
        }
    }
    if let Some(n) = phrase_at(tokens, at, &words.street_kept) {
        for to in at + n + 1..=tokens.len().min(at + n + 2) {
            if ends_name(tokens, at + n, to - 1, grammar) {
                break;
            }
            let name = tokens[at..to].join(" ");
            street(tokens, at, to, &name, 1.8 - 0.05 * (to - at) as f32, grammar, items);
        }
    }
    let turned = phrase_at(tokens, at, &words.directions).unwrap_or(0);
    let Some((end, ordinal)) = ordinal_at(tokens, at + turned, grammar) else { return };
    let Some(n) = phrase_at(tokens, end, &words.street_after) else { return };
    let mut name: Vec<&str> = tokens[at..at + turned].iter().map(String::as_str).collect();
    name.push(&ordinal);
    name.extend(tokens[end..end + n].iter().map(String::as_str));
    let score = 2.1 + 0.25 * (end - at) as f32;
    street(tokens, at, end + n, &name.join(" "), score, grammar, items);
}

/// Puts a street with its word, and one with a direction behind it.
fn street(
    tokens: &[String],
    from: usize,
    to: usize,
    name: &str,
    score: f32,
    grammar: &Grammar,
    items: &mut Vec<Item>,
) {
    let prefixes = &grammar.words.name_prefixes;
    let cased = |name: &str| name_case(&initials(name), prefixes);
    let mut put = |to: usize, name: String, score: f32| {
        items.push(Item { from, to, said: Said::Street { name, named: true }, score });
    };
    put(to, cased(name), score);
    if let Some(n) = phrase_at(tokens, to, &grammar.words.address.directions) {
        let name = format!("{name} {}", tokens[to..to + n].join(" "));
        put(to + n, cased(&name), score + 0.35);
    }
}

/// The words of a street's name, "n w" and "nw" as NW.
fn initials(name: &str) -> Vec<String> {
    let letter = |w: &str| matches!(w, "n" | "s" | "e" | "w");
    let mut written: Vec<String> = Vec::new();
    let mut open = false;
    for word in name.split(' ') {
        let both = word.len() == 2 && word.chars().all(|c| letter(&c.to_string()));
        match written.last_mut() {
            Some(before) if open && letter(word) => before.push_str(&word.to_uppercase()),
            _ if letter(word) || both => written.push(word.to_uppercase()),
            _ => written.push(word.to_string()),
        }
        open = letter(word);
    }
    written
}

/// "west pine street", "the crescent", and whatever else may stand behind a house number.
fn streets(tokens: &[String], at: usize, grammar: &Grammar, items: &mut Vec<Item>) {
    let words = &grammar.words.address;
    let numeric = |i: usize| {
        grammar.numbers().factors.contains_key(&tokens[i])
            || !grammar.numbers_from(tokens, i).is_empty()
    };
    // "On Coronation Street": the word before the name.
    if phrase_at(tokens, at, &words.within).is_some() && tokens[at] != "the" {
        return;
    }
    let mut score = 1.75;
    for to in at + 1..tokens.len().min(at + NAME_TOKENS_MAX) + 1 {
        let last = &tokens[to - 1];
        if ends_name(tokens, at, to - 1, grammar) {
            break;
        }
        score -= if to > at + 1 { 0.05 } else { 0.0 };
        score -= if numeric(to - 1) { 1.3 } else { 0.0 };
        score -= if last.chars().count() == 1 { 0.5 } else { 0.0 };
        score -= if grammar.is_common_word(last) { 0.25 } else { 0.0 };
        let name = &tokens[at..to];
        // "Chapel Street, St Ives": no street is called Street.
        let word = to == at + 1 && phrase_at(tokens, at, &words.street_after).is_some();
        let suffix = phrase_at(tokens, to, &words.street_after);
        let twice = word && tokens.get(to).is_some_and(|t| t == last || t == "st");
        if let Some(n) = suffix.filter(|_| !twice && !saint(tokens, to, grammar)) {
            let whole = write_ordinals(&tokens[at..to + n], grammar).join(" ");
            // "Maple Ridge Road" is no Maple Ridge.
            let goes_on = phrase_at(tokens, to + n, &words.street_after).is_some()
                && !saint(tokens, to + n, grammar);
            let score = score - if goes_on { 0.7 } else { 0.0 };
            if last == "the" && grammar.is_common_word(&tokens[to]) {
                break;
            } else if last == "the" {
                let name = name_case(&tokens[at..to + n], &grammar.words.name_prefixes);
                let said = Said::Street { name, named: false };
                items.push(Item { from: at, to: to + n, said, score: 1.0 });
            } else {
                street(tokens, at, to + n, &whole, score, grammar, items);
            }
        }
        if let Some(n) = phrase_at(tokens, to, &words.street_behind) {
            let name = name_case(name, &grammar.words.name_prefixes);
            let said = Said::Street { name, named: true };
            items.push(Item { from: at, to: to + n, said, score: score - 0.1 * (to - at) as f32 });
        }
        let article = usize::from(name[0] == "the" && name.len() > 1);
        let common = name[article..].iter().any(|t| grammar.is_common_word(t));
        if !word && to - at <= UNKNOWN_TOKENS_MAX && !common {
            let name = name_case(name, &grammar.words.name_prefixes);
            let said = Said::Street { name, named: false };
            if !(at..to).any(numeric) {
                items.push(Item { from: at, to, said, score: 0.02 });
            }
        }
    }
}

/// "st" that is a saint: "The Esplanade, St Kilda".
fn saint(tokens: &[String], at: usize, grammar: &Grammar) -> bool {
    let town = tokens.get(at..at + 2).filter(|town| town[0] == "st");
    town.is_some_and(|town| {
        let named = grammar.places_named(town);
        named.iter().any(|(_, names)| names.first().is_some_and(|(_, like)| *like >= 0.95))
    })
}

/// True where no name that began at `from` goes on.
fn ends_name(tokens: &[String], from: usize, at: usize, grammar: &Grammar) -> bool {
    let words = &grammar.words;
    let lists = [&words.address.number, &words.repairs, &words.fillers];
    // "Post Office Lane" is no office.
    let coded = |n: usize| {
        let letters = &words.numbers.letters;
        tokens.get(at + n).is_some_and(|t| letters.contains_key(t))
            || !grammar.numbers_from(tokens, at + n).is_empty()
    };
    let parts = words.address.house_parts.iter();
    let house = parts.filter_map(|p| phrase_at(tokens, at, &p.said)).any(coded);
    tokens[at] == BREAK
        || words.stop_words.contains(&tokens[at])
        || house
        || lists.iter().any(|list| phrase_at(tokens, at, list).is_some())
        || (at > from && phrase_at(tokens, at, &words.address.within).is_some())
}

/// Places without unit words, known ones and others.
fn places(tokens: &[String], at: usize, grammar: &Grammar, items: &mut Vec<Item>) {
    if grammar.words.stop_words.contains(&tokens[at]) {
        return;
    }
    let mut unknown = true;
    // "My name is Carter": no town.
    let lead_in = phrase_ending(&tokens[..at], &grammar.words.name_lead_in);
    let introduced = if lead_in.is_some_and(|n| n > 1) { 1.0 } else { 0.0 };
    for to in at + 1..tokens.len().min(at + NAME_TOKENS_MAX) + 1 {
        let said = &tokens[at..to];
        let stopped = grammar.words.stop_words.contains(&tokens[to - 1]);
        if stopped || tokens[to - 1] == BREAK {
            break;
        }
        let odd = said.iter().filter(|t| grammar.is_common_word(t)).count() as f32;
        for (level, names) in grammar.places_named(said) {
            let field = Field::of(level);
            let similarity = names.first().map_or(0.0, |n: &(NameId, f32)| n.1);
            let least = if field == Field::Locality { SIMILARITY_MIN } else { LARGER_MIN };
            if similarity < least {
                continue;
            }
            let Some(cost) = grammar.bare_cost(&names, level) else { continue };
            let odd = odd / said.len() as f32;
            let longer = if similarity >= 0.9 { 0.25 } else { 0.05 } * (to - at - 1) as f32;
            let score = 1.5 * similarity.powi(4) - 0.6 * odd + longer;
            let suffixes = &grammar.words.address.street_after;
            let street = phrase_at(tokens, to, suffixes).is_some()
                || (to == at + 1 && phrase_at(tokens, at, suffixes).is_some());
            let score = score - cost - introduced - if street { 0.6 } else { 0.0 };
            let name = name_case(said, &[]);
            let said = Said::Unit { field, said: name, kind: None, names };
            items.push(Item { from: at, to, said, score });
        }
        let suffix = phrase_at(tokens, to - 1, &grammar.words.address.street_after).is_some();
        let direction =
            to == at + 1 && phrase_at(tokens, at, &grammar.words.address.directions).is_some();
        // "Little Snoring", but nothing "little".
        let size = grammar.words.address.sizes.contains(&tokens[at]);
        unknown &= (odd == 0.0 || (odd == 1.0 && size))
            && !suffix
            && !ends_name(tokens, at, to - 1, grammar)
            && phrase_at(tokens, at, &grammar.words.address.within).is_none()
            && grammar.numbers_from(tokens, to - 1).is_empty()
            && tokens[to - 1].chars().count() > 1;
        if unknown && !direction && !(size && to == at + 1) && to - at <= UNKNOWN_TOKENS_MAX {
            let name = name_case(said, &grammar.words.name_prefixes);
            let field = Field::Locality;
            let said = Said::Unit { field, said: name, kind: None, names: Vec::new() };
            let score = 0.35 - 0.1 * (to - at - 1) as f32;
            items.push(Item { from: at, to, said, score });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::language::tests::grammar;
    use crate::language::{addresses, read_parts};
    use crate::speech::Transcript;

    #[test]
    fn addresses_without_a_gazetteer() {
        let english = grammar("en", "US");
        let check = |said: &str, want: &str| {
            let found = addresses(&Transcript::plain(said, 0.95), &english);
            let format = &english.words.address.format;
            let got = found.first().map(|a| read_parts(&a.parts, format)).unwrap_or_default();
            assert_eq!(got, want, "{said}");
        };
        check("12 Garden Street.", "12 Garden Street");
        check("twelve a garden street", "12A Garden Street");
        check(
            "it's one twenty one west pine street springfield",
            "121 West Pine Street, Springfield",
        );
        check("eight eighteen forty second street", "818 42nd Street");
        check(
            "twenty two fourteen fifth avenue apartment three b",
            "2214 apartment 3B Fifth Avenue",
        );
        check("flat three forty one high street", "41 flat 3 High Street");
        check("fourteen to sixteen mill street", "14-16 Mill Street");
        check("nineteen and a half cedar street", "19 1/2 Cedar Street");
        check("one thousand and one avenue c", "1001 Avenue C");
        check("six sixty six no wait six sixty eight larkspur lane", "668 Larkspur Lane");
        check("rose cottage church lane", "Rose Cottage Church Lane");
        check("two eleven first avenue north", "211 First Avenue North");
        check("no one lives here", "");
    }
}
