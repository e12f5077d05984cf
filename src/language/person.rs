//! A caller's name out of the sentence they gave it in.

use super::text::{find_phrase, strip_leading, strip_trailing, title_case};
use super::{SlotValue, Words, tokens};

/// Names longer than this are a sentence, not a name.
const NAME_TOKENS_MAX: usize = 6;

/// The person's name in `text`, titles and kinship words stripped; `None` where none is left.
pub fn person_name(text: &str, confidence: f32, words: &Words) -> Option<SlotValue> {
    let all = tokens(text);
    let lead = words
        .name_lead_in
        .iter()
        .filter_map(|p| find_phrase(&all, p))
        .map(|(at, n)| at + n)
        .filter(|&end| end < all.len())
        .max();
    let mut name = &all[lead.unwrap_or(0)..];
    let introduced = lead.is_some();
    name = strip_leading(name, &words.fillers);
    name = strip_leading(name, &words.titles);
    let end = words.name_ends.iter().filter_map(|p| find_phrase(name, p)).map(|(at, _)| at);
    name = &name[..end.filter(|&at| at > 0).min().unwrap_or(name.len())];
    name = strip_trailing(name, &words.fillers);
    if name.is_empty() || name.iter().any(|t| t.chars().any(char::is_numeric)) {
        return None;
    }
    if name.len() > NAME_TOKENS_MAX {
        return None;
    }
    // A long answer without "my name is" may be something else.
    let doubt = if introduced || name.len() <= 4 { 1.0 } else { 0.7 };
    Some(SlotValue {
        value: title_case(&name.join(" ")),
        parts: Vec::new(),
        confidence: confidence * doubt,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{en, vi};
    use super::*;

    #[test]
    fn names() {
        let check = |words: Words, text: &str, want: Option<&str>| {
            let got = person_name(text, 1.0, &words).map(|v| v.value);
            assert_eq!(got.as_deref(), want, "{text}");
        };
        check(en(), "My name is Mary Johnson.", Some("Mary Johnson"));
        check(en(), "Mary Johnson", Some("Mary Johnson"));
        check(en(), "uh this is mrs mary johnson please", Some("Mary Johnson"));
        check(en(), "I'm John O'Brien and I live at 12 Elm Road", Some("John O'brien"));
        check(en(), "", None);
        check(en(), "12", None);
        check(en(), "um", None);
        check(vi(), "tôi tên là nguyễn thị hoa", Some("Nguyễn Thị Hoa"));
        check(vi(), "dạ em là trần văn nam ạ", Some("Trần Văn Nam"));
        check(vi(), "bà lê thị mai", Some("Lê Thị Mai"));
    }
}
