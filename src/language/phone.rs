//! Telephone numbers (ITU-T E.164).

use super::number::repair_at;
use super::text::find_phrase;
use super::{Grammar, NumberWords, digits_in};
use phonenumber::country::Id;
use phonenumber::metadata::DATABASE;
use phonenumber::{Mode, PhoneNumber};

/// `number` in E.164 (`+84...`) when it is a possible number of `country` (ISO 3166-1 alpha-2) or
/// an international one; `None` otherwise.
pub fn e164(number: &str, country: &str) -> Option<String> {
    checked(number, country, PhoneNumber::is_valid)
}

/// Loads what is known of the numbers of `country`: nearly a tenth of a second, for which no caller
/// should wait.
pub(super) fn load(country: &str) {
    e164("0123456789", country);
}

fn checked(number: &str, country: &str, check: fn(&PhoneNumber) -> bool) -> Option<String> {
    let digits: String =
        number.chars().filter(|c| c.is_ascii_digit() || *c == '+').take(20).collect();
    let country: Option<Id> = country.parse().ok();
    let parsed = phonenumber::parse(country, &digits).ok()?;
    check(&parsed).then(|| parsed.format().mode(Mode::E164).to_string())
}

/// The digits a caller said; `None` for fewer than three.
pub fn spoken_number(text: &str, words: &NumberWords) -> Option<String> {
    let digits = digits_in(text, words);
    (digits.len() >= 3).then_some(digits)
}

/// Shorter groups of digits are other numbers ("one moment").
const GROUP_DIGITS_MIN: usize = 2;
/// Ways to join the groups that are tried.
const CANDIDATES_MAX: usize = 40;
/// Likewise, for a number that is only possible.
const POSSIBLE_MAX: usize = 3;

/// The telephone number a caller said, in E.164, after corrections ("oh one two, no, oh one
/// three"); `None` where the words hold none.
pub fn spoken_phone(text: &str, grammar: &Grammar) -> Option<String> {
    let mut tokens = grammar.tokens(text);
    let extension = grammar.words.numbers.extensions.iter();
    if let Some(at) = extension.filter_map(|p| find_phrase(&tokens, p)).map(|(at, _)| at).min() {
        tokens.truncate(at);
    }
    let plus = tokens.iter().any(|t| t == "plus" || t.starts_with('+'));
    // "One eight hundred" is 1 800, and so is every hundred in a telephone number; where that
    // makes no number, or where hundreds are always counted, hundreds add up.
    let counted = grammar.words.numbers.one_digit_factors.contains(&100);
    let apart = if counted { [false, false] } else { [true, false] };
    let groups = apart.map(|apart| groups(&tokens, apart, grammar));
    let reading = |groups: &[Group], tried: usize, check: fn(&PhoneNumber) -> bool| {
        candidates(groups).take(tried).find_map(|digits| {
            let abroad = plus.then(|| checked(&format!("+{digits}"), &grammar.country, check));
            abroad.flatten().or_else(|| checked(&digits, &grammar.country, check))
        })
    };
    let valid = groups.iter().find_map(|g| reading(g, CANDIDATES_MAX, PhoneNumber::is_valid));
    let valid = valid.or_else(|| behind_code(&tokens, grammar));
    // Ranges not given out yet, or kept for films.
    valid.or_else(|| groups.iter().find_map(|g| reading(g, POSSIBLE_MAX, is_possible)))
}

/// The number behind its country's own code where the code is said as one number, which would go on
/// ("plus four hundred twenty, seven ..."); zeros and a plus may stand before it.
fn behind_code(tokens: &[String], grammar: &Grammar) -> Option<String> {
    let code = DATABASE.by_id(grammar.country.as_str())?.country_code().to_string();
    let ends = (0..tokens.len()).find_map(|at| {
        let mut ends = grammar.numbers_from(tokens, at).into_iter();
        let (end, _) = ends.find(|(_, digits)| *digits == code)?;
        Some((at, end))
    });
    let (at, end) = ends?;
    let before = digits_in(&tokens[..at].join(" "), &grammar.words.numbers);
    let digits = |group: &Group| group.digits.clone();
    let rest: String = groups(&tokens[end..], false, grammar).iter().map(digits).collect();
    let whole = format!("+{code}{rest}");
    let none_before = before.chars().all(|c| c == '0');
    none_before.then(|| checked(&whole, &grammar.country, PhoneNumber::is_valid)).flatten()
}

/// True for a number of a length and form its country has.
fn is_possible(number: &PhoneNumber) -> bool {
    let regions = DATABASE.by_code(&number.country().code()).unwrap_or_default();
    let national = number.national().to_string();
    regions.iter().any(|m| m.descriptors().general().is_match(&national))
}

/// A run of digits; `repaired` when the caller corrected themselves before it.
struct Group {
    digits: String,
    repaired: bool,
}

fn groups(tokens: &[String], apart: bool, grammar: &Grammar) -> Vec<Group> {
    let (mut found, mut at, mut repaired) = (Vec::<Group>::new(), 0, false);
    while at < tokens.len() {
        let Some((end, digits)) = number_at(tokens, at, apart, grammar) else {
            let repair = repair_at(tokens, at, grammar);
            repaired |= repair.is_some();
            at += repair.unwrap_or(1);
            continue;
        };
        found.push(Group { digits, repaired });
        repaired = false;
        at = end;
    }
    found
}

/// The longest number at `at`; `apart` ends it behind each "hundred" or "thousand".
fn number_at(
    tokens: &[String],
    at: usize,
    apart: bool,
    grammar: &Grammar,
) -> Option<(usize, String)> {
    let numbers = &grammar.words.numbers;
    let factor = |t: &String| numbers.factors.get(t).is_some_and(|f| *f >= 100);
    let mut found = grammar.numbers_from(tokens, at);
    if apart && let Some(i) = (at + 1..tokens.len()).find(|i| factor(&tokens[*i])) {
        // Behind a factor, and before the number that it multiplies.
        found.retain(|(end, _)| *end == i + 1 && i == at + 1 || *end < i);
    }
    let (end, said) = found.pop().or_else(|| {
        let token = tokens[at].trim_start_matches(['+', '(']);
        token.starts_with(|c: char| c.is_ascii_digit()).then(|| (at + 1, token.to_string()))
    })?;
    Some((end, said.chars().filter(char::is_ascii_digit).collect()))
}

/// What the groups may be together, the likeliest first.
fn candidates(groups: &[Group]) -> impl Iterator<Item = String> + use<> {
    let join = |groups: &[&Group]| groups.iter().map(|g| g.digits.as_str()).collect::<String>();
    let all: Vec<&Group> = groups.iter().collect();
    let mut found = Vec::new();
    if let Some(last) = groups.iter().rposition(|g| g.repaired) {
        let (before, after) = (join(&all[..last]), join(&all[last..]));
        found.push(after.clone());
        // As many digits are taken back as are said anew, or fewer or more.
        let mut back: Vec<usize> = (0..=before.len()).collect();
        back.sort_by_key(|n| n.abs_diff(after.len()));
        found.extend(back.into_iter().map(|n| format!("{}{after}", &before[..before.len() - n])));
    }
    found.push(join(&all));
    let long = |min: usize| {
        let long = all.iter().filter(|g| g.digits.len() >= min);
        join(&long.copied().collect::<Vec<_>>())
    };
    found.push(long(GROUP_DIGITS_MIN));
    found.push(long(GROUP_DIGITS_MIN + 1));
    found.extend(all.iter().map(|g| g.digits.clone()));
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn international_form() {
        let check = |number: &str, country: &str, want: Option<&str>| {
            assert_eq!(e164(number, country).as_deref(), want, "{number} {country}");
        };
        check("0903 123 456", "VN", Some("+84903123456"));
        check("+84 903 123 456", "US", Some("+84903123456"));
        check("(415) 555-0132", "US", Some("+14155550132"));
        check("777 123 456", "CZ", Some("+420777123456"));
        check("12", "VN", None);
        check("", "VN", None);
        check("anonymous", "US", None);
    }

    #[test]
    fn said_aloud() {
        use super::super::tests::grammar;
        let check = |said: &str, country: &str, want: Option<&str>| {
            assert_eq!(spoken_phone(said, &grammar("en", country)).as_deref(), want, "{said}");
        };
        check("oh two oh seven nine four six oh three double one", "GB", Some("+442079460311"));
        check("oh seven seven hundred nine hundred four five six", "GB", Some("+447700900456"));
        check(
            "plus four four two oh seven nine four six oh three one one",
            "US",
            Some("+442079460311"),
        );
        check("one eight hundred five five five oh one nine nine", "US", Some("+18005550199"));
        let again = "five oh three five five five oh one two no oh one three two";
        check(again, "US", Some("+15035550132"));
        check("my number is 415-555-0132 extension 12", "US", Some("+14155550132"));
        check("i have no phone", "US", None);
        let czech = "plus čtyři sta dvacet sedm tři tři jedna jedna jedna dva dva dva";
        let read = spoken_phone(czech, &grammar("cs", "CZ"));
        assert_eq!(read.as_deref(), Some("+420733111222"));
    }
}
