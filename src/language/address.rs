//! An address out of the sentence it was given in: house, street and the units it lies in.

use super::text::{find_phrase, strip_leading, strip_trailing, title_case};
use super::{AddressWords, SlotValue, Words, numbers_to_digits};

/// The address in `text` with its parts; `None` where no word of an address is left.
pub fn address(text: &str, confidence: f32, words: &Words) -> Option<SlotValue> {
    let spoken = clean(text, words);
    if spoken.is_empty() {
        return None;
    }
    let parts = if words.address.prefixes.is_empty() {
        suffix_parts(&spoken, &words.address)
    } else {
        prefix_parts(&spoken, &words.address)
    };
    let value = read_parts(&parts, &words.address.format);
    let value = if value.is_empty() { title_case(&spoken.join(" ")) } else { value };
    // Without a house number and a street there is not enough to find somebody's door.
    let known = |name: &str| parts.iter().any(|(n, _)| n == name);
    let doubt = if known("house") && known("street") { 1.0 } else { 0.8 };
    Some(SlotValue { value, parts, confidence: confidence * doubt })
}

/// Parts written together as the language does; missing parts leave no trace.
pub fn read_parts(parts: &[(String, String)], format: &str) -> String {
    let clauses = format.split(", ").map(|clause| {
        let mut any = false;
        let filled = clause.split(' ').filter_map(|word| {
            let Some(name) = word.strip_prefix('{').and_then(|w| w.strip_suffix('}')) else {
                return Some(word.to_string());
            };
            let value = parts.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
            any |= value.is_some();
            value
        });
        let clause = filled.collect::<Vec<_>>().join(" ");
        if any { clause } else { String::new() }
    });
    clauses.filter(|c| !c.is_empty()).collect::<Vec<_>>().join(", ")
}

/// The folded tokens of the address itself, numbers as digits; `,` stands where a comma stood.
fn clean(text: &str, words: &Words) -> Vec<String> {
    let mut spoken: Vec<String> = Vec::new();
    for clause in text.split(", ") {
        let tokens = numbers_to_digits(clause, &words.numbers);
        if !spoken.is_empty() && !tokens.is_empty() {
            spoken.push(COMMA.into());
        }
        spoken.extend(tokens);
    }
    let lead = words.address.lead_in.iter().filter_map(|p| find_phrase(&spoken, p));
    let from = lead.map(|(at, n)| at + n).filter(|&end| end < spoken.len()).max().unwrap_or(0);
    let mut spoken = &spoken[from..];
    loop {
        let rest = strip_leading(strip_leading(spoken, &words.fillers), &words.address.number);
        let rest = rest.strip_prefix(&[COMMA.to_string()]).unwrap_or(rest);
        if rest.len() == spoken.len() {
            return strip_trailing(rest, &words.fillers).to_vec();
        }
        spoken = rest;
    }
}

const COMMA: &str = ",";

fn is_comma(token: &str) -> bool {
    token == COMMA
}

fn is_house(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_digit())
}

/// "12th" said for "12": a house has no ordinal, and recognisers write "twelve station" so.
fn without_ordinal(house: &str) -> String {
    let cut = ["st", "nd", "rd", "th"].iter().find_map(|end| house.strip_suffix(end));
    let digits = cut.filter(|c| c.chars().all(|c| c.is_ascii_digit()));
    digits.unwrap_or(house).to_string()
}

/// English order: house, street up to its suffix or a comma, place.
fn suffix_parts(spoken: &[String], words: &AddressWords) -> Vec<(String, String)> {
    let mut parts = Vec::new();
    let mut rest = spoken;
    if let Some(at) = rest.iter().position(|t| is_house(t)) {
        parts.push(("house".to_string(), without_ordinal(&rest[at])));
        rest = &rest[at + 1..];
    }
    while rest.first().is_some_and(|t| is_comma(t)) {
        rest = &rest[1..];
    }
    let suffix = rest.iter().position(|t| words.street_suffixes.contains(t)).map(|i| i + 1);
    let comma = rest.iter().position(|t| is_comma(t));
    let within = rest.iter().position(|t| words.within.contains(t)).filter(|&i| i > 0);
    let end = suffix.or(comma).or(within).unwrap_or(rest.len());
    let (street, place) = rest.split_at(end);
    let join = |tokens: &[String]| {
        let kept: Vec<String> = tokens.iter().filter(|t| !is_comma(t)).cloned().collect();
        title_case(&strip_leading(&kept, &words.within).join(" "))
    };
    for (name, value) in [("street", join(street)), ("locality", join(place))] {
        if !value.is_empty() {
            parts.push((name.to_string(), value));
        }
    }
    parts
}

/// Vietnamese order: each unit's word stands before its name.
fn prefix_parts(spoken: &[String], words: &AddressWords) -> Vec<(String, String)> {
    let spoken: Vec<String> = spoken.iter().filter(|t| !is_comma(t)).cloned().collect();
    let spoken = spoken.as_slice();
    let prefix_at = |at: usize| {
        let here = words.prefixes.iter().flat_map(|(part, list)| {
            list.iter().filter_map(move |p| {
                find_phrase(&spoken[at..], p).filter(|&(i, _)| i == 0).map(|(_, n)| (part, n))
            })
        });
        here.max_by_key(|&(_, n)| n)
    };
    let mut parts: Vec<(String, String)> = Vec::new();
    let (mut part, mut from, mut at) = (None::<&String>, 0, 0);
    while at <= spoken.len() {
        let found = if at < spoken.len() { prefix_at(at) } else { None };
        if found.is_some() || at == spoken.len() {
            close_part(part, &spoken[from..at], &mut parts, words);
        }
        match found {
            Some((next, n)) => {
                part = Some(next);
                at += n;
                from = at;
            }
            None => at += 1,
        }
    }
    parts
}

/// What stood between two unit words. Before the first one it is house and street.
fn close_part(
    part: Option<&String>,
    said: &[String],
    parts: &mut Vec<(String, String)>,
    words: &AddressWords,
) {
    if said.is_empty() {
        return;
    }
    let mut put = |name: &str, value: &[String]| {
        if !value.is_empty() && !parts.iter().any(|(n, _)| n == name) {
            parts.push((name.to_string(), title_case(&value.join(" "))));
        }
    };
    let Some(part) = part else {
        let said = strip_leading(said, &words.number);
        match said.iter().position(|t| is_house(t)) {
            Some(at) => {
                put("house", &said[at..=at]);
                put("street", strip_leading(&said[at + 1..], &words.number));
            }
            None => put("street", said),
        }
        return;
    };
    // "đường số mười hai lê lợi": the number belongs to the house when a name follows it.
    let said = strip_leading(said, &words.number);
    if part == "street" && said.len() > 1 && is_house(&said[0]) {
        put("house", &said[..1]);
        put("street", &said[1..]);
    } else {
        put(part, said);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{en, vi};
    use super::*;

    fn check(words: &Words, text: &str, value: &str, parts: &[(&str, &str)]) {
        let got = address(text, 1.0, words).expect(text);
        let got_parts: Vec<(&str, &str)> =
            got.parts.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!((got.value.as_str(), got_parts.as_slice()), (value, parts), "{text}");
    }

    #[test]
    fn english() {
        let en = en();
        let garden = [("house", "12"), ("street", "Garden Street")];
        check(&en, "12 Garden Street.", "12 Garden Street", &garden);
        check(&en, "12th Garden Street.", "12 Garden Street", &garden);
        check(&en, "I live at twelve Garden Street", "12 Garden Street", &garden);
        let full = [("house", "12"), ("street", "Garden Street"), ("locality", "Springfield")];
        check(&en, "It's 12 Garden Street in Springfield", "12 Garden Street, Springfield", &full);
        check(&en, "12 Garden Street, Springfield.", "12 Garden Street, Springfield", &full);
        let broadway = [("house", "7"), ("street", "Broadway"), ("locality", "Newtown")];
        check(&en, "number seven, Broadway, Newtown", "7 Broadway, Newtown", &broadway);
        assert_eq!(address("", 1.0, &en), None);
        assert_eq!(address("um", 1.0, &en), None);
    }

    #[test]
    fn vietnamese() {
        let vi = vi();
        let parts =
            [("house", "12"), ("street", "Lê Lợi"), ("ward", "Bến Nghé"), ("district", "1")];
        let said = "tôi ở số mười hai đường lê lợi phường bến nghé quận một";
        check(&vi, said, "12 Lê Lợi, phường Bến Nghé, quận 1", &parts);
        let parts = [("house", "345"), ("street", "Trần Hưng Đạo")];
        check(&vi, "ba trăm bốn mươi lăm trần hưng đạo", "345 Trần Hưng Đạo", &parts);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,80}") {
            address(&text, 1.0, &en());
            address(&text, 1.0, &vi());
        }
    }
}
