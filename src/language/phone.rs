//! Telephone numbers (ITU-T E.164).

use super::{NumberWords, digits_in};
use phonenumber::Mode;
use phonenumber::country::Id;

/// `number` in E.164 (`+84...`) when it is a possible number of `country` (ISO 3166-1 alpha-2) or
/// an international one; `None` otherwise.
pub fn e164(number: &str, country: &str) -> Option<String> {
    let digits: String =
        number.chars().filter(|c| c.is_ascii_digit() || *c == '+').take(20).collect();
    let country: Option<Id> = country.parse().ok();
    let parsed = phonenumber::parse(country, &digits).ok()?;
    parsed.is_valid().then(|| parsed.format().mode(Mode::E164).to_string())
}

/// The digits a caller said; `None` for fewer than three.
pub fn spoken_number(text: &str, words: &NumberWords) -> Option<String> {
    let digits = digits_in(text, words);
    (digits.len() >= 3).then_some(digits)
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
}
