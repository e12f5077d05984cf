//! Prompt texts with their blanks filled in.

use super::Hotline;
use crate::language::tokens;

/// One thing to say: a prompt of the language pack, filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// Its name in the pack; empty where blanks were filled, for which no recording can exist.
    pub name: String,
    /// The words.
    pub text: String,
}

/// The blanks of a text: the `name`s in `{name}`.
pub(super) fn blanks(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

impl Hotline {
    /// The prompt `name` with `values` in its blanks. A blank without a value reads as nothing.
    pub fn prompt(&self, name: &str, values: &[(&str, &str)]) -> Prompt {
        let template = self.texts.get(name).map_or("", String::as_str);
        let mut text = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let Some((blank, after)) = after.split_once('}') else {
                rest = after;
                break;
            };
            text.push_str(values.iter().find(|(n, _)| *n == blank).map_or("", |(_, v)| v));
            rest = after;
        }
        text.push_str(rest);
        let fixed = blanks(template).next().is_none();
        Prompt { name: if fixed { name.into() } else { String::new() }, text: text.trim().into() }
    }

    /// The prompts that never change, to be synthesised before the first call.
    pub fn fixed_prompts(&self) -> Vec<Prompt> {
        let file = &self.file;
        let own = [("title", file.title.as_str()), ("recorded_by", file.recorded_by.as_str())];
        let mut prompts: Vec<Prompt> = super::hotline::PROMPTS
            .iter()
            .filter(|(_, blanks)| blanks.iter().all(|b| own.iter().any(|(n, _)| n == b)))
            .map(|(name, _)| self.prompt(name, &own))
            .collect();
        prompts.push(self.prompt("ask_need_again", &[("keys", &self.need_keys())]));
        prompts
    }

    /// "For food press 1. For medical advice press 2. ..."
    pub(super) fn need_keys(&self) -> String {
        let keys = self.file.needs.iter().zip(1..=9).map(|(need, key)| {
            let label =
                self.grammar.words.needs.get(need).map_or(need.as_str(), |n| n.label.as_str());
            self.prompt("need_key", &[("key", &key.to_string()), ("label", label)]).text
        });
        keys.collect::<Vec<_>>().join(" ")
    }
}

/// Digits to be read one by one, in groups of three with a pause between: `5 5 5, 0 1 2, 3`.
pub(super) fn spelled_digits(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    let groups = digits
        .chunks(3)
        .map(|group| group.iter().map(char::to_string).collect::<Vec<_>>().join(" "));
    groups.collect::<Vec<_>>().join(", ")
}

/// True when two readings say the same to a caller's ear.
pub(super) fn sounds_alike(a: &str, b: &str) -> bool {
    tokens(a) == tokens(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_in_groups() {
        assert_eq!(spelled_digits("+84903123456"), "8 4 9, 0 3 1, 2 3 4, 5 6");
        assert_eq!(spelled_digits(""), "");
    }

    #[test]
    fn blanks_are_found() {
        assert_eq!(blanks("a {b} c {d}").collect::<Vec<_>>(), ["b", "d"]);
        assert_eq!(blanks("a } b { c").count(), 0);
    }
}
