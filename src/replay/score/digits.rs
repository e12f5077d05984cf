//! Digits as answers.

use serde::Serialize;

/// Answers to questions for a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Digits {
    /// Recordings that say digits.
    pub clips: usize,
    /// All digits heard, and no others.
    pub right: usize,
    /// Nothing heard, or no digits.
    pub none: usize,
}

/// The words of 0 to 9, by language, ways to say one apart by `/`. Not Vietnamese, where
/// zero is no.
const WORDS: [(&str, [&str; 10]); 5] = [
    (
        "cs",
        ["nula", "jedna/jeden", "dva/dvě", "tři", "čtyři", "pět", "šest", "sedm", "osm", "devět"],
    ),
    ("en", ["zero/oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]),
    ("ko", ["영/공", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구"]),
    (
        "ru",
        ["ноль/нуль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять"],
    ),
    ("uk", ["нуль", "один", "два", "три", "чотири", "п'ять", "шість", "сім", "вісім", "дев'ять"]),
];

/// The words that go down to the engine with a question for a number.
pub fn digit_phrases(language: &str) -> Vec<String> {
    let row = WORDS.iter().find(|row| row.0 == language);
    let words = row.iter().flat_map(|row| row.1.iter()).flat_map(|w| w.split('/'));
    words.map(str::to_string).collect()
}

/// The digits of words that are nothing else, such as `zero nine 12`; `None` for other words.
pub fn digits(language: &str, words: &[String]) -> Option<String> {
    let row = WORDS.iter().find(|row| row.0 == language)?;
    let mut all = String::new();
    for word in words {
        if word.chars().all(|c| c.is_ascii_digit()) {
            all += word;
        } else {
            let value = row.1.iter().position(|ways| ways.split('/').any(|w| w == word))?;
            all += &value.to_string();
        }
    }
    (!all.is_empty()).then_some(all)
}

impl Digits {
    /// Counts one recording.
    pub fn add(&mut self, said: &str, heard: Option<&str>) {
        self.clips += 1;
        self.right += usize::from(heard == Some(said));
        self.none += usize::from(heard.is_none());
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::normalize;
    use super::*;

    #[test]
    fn words_and_figures_are_digits() {
        let check = |language: &str, text: &str, want: Option<&str>| {
            assert_eq!(digits(language, &normalize(language, text)).as_deref(), want, "{text}");
        };
        check("en", "Zero nine, 1 oh", Some("0910"));
        check("ru", "ноль 12", Some("012"));
        check("en", "one more", None);
        check("en", "", None);
        check("vi", "một", None);
        assert!(digit_phrases("uk").contains(&"п'ять".to_string()));
        assert!(digit_phrases("vi").is_empty());
    }

    #[test]
    fn counts() {
        let mut count = Digits::default();
        count.add("1", Some("1"));
        count.add("1", Some("12"));
        count.add("1", None);
        assert_eq!(count, Digits { clips: 3, right: 1, none: 1 });
    }
}
