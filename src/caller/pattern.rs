//! What a scenario expects of a text: words compared as people compare them, or a regex.

use regex::Regex;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// A text to compare with: plain words, or `regex:` and a regular expression.
///
/// Plain words are compared without regard to case, punctuation, white space and Unicode
/// composition; a regex sees the text as it is (`(?i)` ignores case).
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    regex: Option<Regex>,
}

impl Pattern {
    /// Reads `source`; the error says what is wrong with the regex.
    pub fn new(source: impl Into<String>) -> Result<Pattern, regex::Error> {
        let source = source.into();
        let regex = source.strip_prefix("regex:").map(|r| Regex::new(r.trim())).transpose()?;
        Ok(Pattern { source, regex })
    }

    /// True when the whole of `text` is meant.
    pub fn matches(&self, text: &str) -> bool {
        match &self.regex {
            Some(regex) => regex.is_match(text),
            None => folded(text) == folded(&self.source),
        }
    }

    /// True when `text` contains it, in whole words.
    pub fn found_in(&self, text: &str) -> bool {
        match &self.regex {
            Some(regex) => regex.is_match(text),
            None => format!(" {} ", folded(text)).contains(&format!(" {} ", folded(&self.source))),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pattern, D::Error> {
        Pattern::new(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

/// One or several patterns, any of which is right.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct AnyOf(Vec<Pattern>);

impl AnyOf {
    /// These very words.
    pub fn plain(words: impl Into<String>) -> AnyOf {
        AnyOf(vec![Pattern { source: words.into(), regex: None }])
    }

    /// True when one of them is the whole of `text`.
    pub fn matches(&self, text: &str) -> bool {
        self.0.iter().any(|p| p.matches(text))
    }

    /// The words it stands for, where they are the only right ones.
    pub fn words(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Pattern { source, regex: None }] => Some(source),
            _ => None,
        }
    }

    /// True when one of them is `number`, compared by its digits and a leading `+`.
    pub fn matches_number(&self, number: &str) -> bool {
        self.0.iter().any(|p| match p.regex {
            Some(_) => p.matches(number),
            None => dialled(&p.source) == dialled(number),
        })
    }
}

impl fmt::Display for AnyOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, pattern) in self.0.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { " | " })?;
            if pattern.source.is_empty() { f.write_str("(empty)")? } else { pattern.fmt(f)? }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for AnyOf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<AnyOf, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = AnyOf;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, or a list of strings of which any one is right")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<AnyOf, E> {
                Ok(AnyOf(vec![Pattern::new(text).map_err(E::custom)?]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<AnyOf, A::Error> {
                let mut patterns = Vec::new();
                while let Some(pattern) = seq.next_element()? {
                    patterns.push(pattern);
                }
                if patterns.is_empty() {
                    return Err(A::Error::custom("the list is empty; give at least one string"));
                }
                Ok(AnyOf(patterns))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

/// `text` in lower case with one space between words and nothing else but letters and digits.
pub fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let lower = text.nfkc().flat_map(char::to_lowercase);
    for c in lower.nfc() {
        if c.is_alphanumeric() {
            out.push(c);
        } else if c != '\'' && c != '’' && !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out.trim().to_owned()
}

/// A telephone number without its spaces, dots, dashes and brackets.
fn dialled(number: &str) -> String {
    let kept = |(i, c): &(usize, char)| c.is_ascii_digit() || (*c == '+' && *i == 0);
    number.trim().chars().enumerate().filter(kept).map(|(_, c)| c).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_texts_are_compared_as_people_do() {
        fn check(pattern: &str, text: &str, want: bool) {
            assert_eq!(Pattern::new(pattern).unwrap().matches(text), want, "{pattern} ~ {text}");
        }
        check("Mary Smith", " mary  SMITH.", true);
        check("Mary Smith", "Mary Smithson", false);
        check("12, Church Street", "12 church street", true);
        check("12 Church Street", "121 Church Street", false);
        check("O'Brien", "O’Brien", true);
        // Composed and decomposed Vietnamese are the same words; other tones are not.
        check("Nguy\u{1ec5}n", "nguye\u{302}\u{303}n", true);
        check("Lê Lợi", "Lê Lới", false);
        check("", "...", true);
        check("regex:^1[0-9] ", "12 Church Street", true);
        check("regex:^1[0-9] ", "2 Church Street", false);
    }

    #[test]
    fn prompts_are_searched_for_whole_words() {
        fn check(pattern: &str, text: &str, want: bool) {
            assert_eq!(Pattern::new(pattern).unwrap().found_in(text), want, "{pattern} in {text}");
        }
        check("your name", "What is your name, please?", true);
        check("name", "What is your surname?", false);
        check("regex:(?i)NAME", "What is your surname?", true);
        check("address", "What is your name?", false);
    }

    #[test]
    fn numbers_are_compared_by_their_digits() {
        fn check(pattern: &str, number: &str, want: bool) {
            let any = AnyOf(vec![Pattern::new(pattern).unwrap()]);
            assert_eq!(any.matches_number(number), want, "{pattern} ~ {number}");
        }
        check("+1 (555) 010-0123", "+15550100123", true);
        check("0555 010", "+555010", false);
        check("regex:0123$", "+15550100123", true);
    }
}
