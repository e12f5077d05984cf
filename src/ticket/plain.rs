//! Names as words that compare: no case, no points, one spelling, marks apart from their letters.

use crate::language::{fold, without_marks};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Vietnamese tones, which the older spelling puts on another vowel (`hoà`, `hòa`).
const TONES: [char; 5] = ['\u{300}', '\u{301}', '\u{303}', '\u{309}', '\u{323}'];

/// The words of `text`: letters and digits apart (`Q.1` and `Q1` are `q`, `1`), decomposed, with
/// tones behind their word; numbers without leading noughts.
pub(super) fn words(text: &str) -> Vec<String> {
    let text = fold(text).replace(['\'', '’', 'ʼ', '`'], "").replace('ё', "е");
    let mut spaced = String::with_capacity(text.len() * 2);
    let mut after_digit = None;
    for c in text.nfd() {
        let digit = c.is_ascii_digit();
        if !digit && !c.is_alphabetic() && !is_combining_mark(c) {
            spaced.push(' ');
            after_digit = None;
            continue;
        }
        if after_digit.is_some_and(|before| before != digit) {
            spaced.push(' ');
        }
        spaced.push(c);
        after_digit = Some(digit);
    }
    spaced.split_whitespace().map(tones_last).collect()
}

fn tones_last(word: &str) -> String {
    if is_number(word) {
        let digits = word.trim_start_matches('0');
        return if digits.is_empty() { "0" } else { digits }.into();
    }
    let (tones, letters): (String, String) = word.chars().partition(|c| TONES.contains(c));
    letters + &tones
}

/// True for a word of digits.
pub(super) fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
}

/// `text` as it is looked for: its words with a space between them, no marks, no points.
pub fn searchable(text: &str) -> String {
    without_marks(&words(text).join(" "))
}

/// Both with their marks where both have any, else both without: who types without marks means
/// any, who types them means these.
pub(super) fn even(a: &[String], b: &[String]) -> (Vec<String>, Vec<String>) {
    let bare = |words: &[String]| words.iter().map(|w| without_marks(w)).collect::<Vec<_>>();
    let (bare_a, bare_b) = (bare(a), bare(b));
    if bare_a == a || bare_b == b { (bare_a, bare_b) } else { (a.to_vec(), b.to_vec()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_compare_however_they_are_written() {
        let check = |a: &str, b: &str, want: bool| {
            let (a, b) = even(&words(a), &words(b));
            assert_eq!(a == b, want, "{a:?} {b:?}");
        };
        check("Q.1", "q1", true);
        check("Quận 1", "QUẬN 01", true);
        check("Quận 1", "Quận 10", false);
        check("Khánh Hoà", "Khánh Hòa", true);
        check("Bến Nghé", "Ben Nghe", true);
        check("Phú Lâm", "Phú Lãm", false);
        check("Đống Đa", "Dong Da", true);
        check("Зелёный Яр", "Зеленый Яр", true);
        check("Ростов-на-Дону", "Ростов на Дону", true);
        check("Кам'янське", "Кам’янське", true);
        check("Kroměříž", "Kromeriz", true);
        check("종로구", "종로구", true);
        check("종로구", "종로 구", false);
        check("", "", true);
    }

    proptest! {
        #[test]
        fn words_of_words_are_the_same(text in "[\\PC]{0,40}") {
            let once = words(&text);
            prop_assert_eq!(words(&once.join(" ")), once);
        }
    }
}
