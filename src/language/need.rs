//! What the caller needs, and whether a life is at risk.

use super::{SlotValue, Words, contains_phrase, find_phrase, text::strip_leading, tokens};

/// The need in `text`: the caller's words, with the category their words speak for, if any.
///
/// `categories` are those the hotline works with, in its order; ties go to the first.
pub fn need(
    text: &str,
    confidence: f32,
    categories: &[String],
    words: &Words,
) -> Option<SlotValue> {
    let all = tokens(text);
    if strip_leading(&all, &words.fillers).is_empty() {
        return None;
    }
    let weight = |category: &String| -> usize {
        let phrases = words.needs.get(category).map(|n| n.phrases.as_slice()).unwrap_or_default();
        let found = phrases.iter().filter(|p| find_phrase(&all, p).is_some());
        found.map(|p| p.split_whitespace().count()).sum()
    };
    let best = categories.iter().rev().map(|c| (weight(c), c)).max_by_key(|(w, _)| *w);
    let category = best.filter(|(w, _)| *w > 0).map(|(_, c)| c.clone());
    let parts = category.into_iter().map(|c| ("category".to_string(), c)).collect();
    let value = text.trim().trim_end_matches(['.', ',', '!', '?']).trim().to_string();
    Some(SlotValue { value, parts, confidence })
}

/// True when `text` holds an emergency phrase that no counter-phrase takes back.
pub fn is_emergency(text: &str, words: &Words) -> bool {
    let mut text = tokens(text);
    for phrase in &words.no_emergency {
        while let Some((at, n)) = find_phrase(&text, phrase) {
            text[at..at + n].fill(String::new());
        }
    }
    let text = text.join(" ");
    words.emergency.iter().any(|p| contains_phrase(&text, p))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{en, vi};
    use super::*;

    #[test]
    fn categories() {
        let known: Vec<String> = ["FOOD", "MEDICAL", "OTHER"].map(String::from).to_vec();
        let check = |words: Words, text: &str, want: Option<&str>| {
            let got = need(text, 1.0, &known, &words).expect(text);
            assert_eq!(got.parts.first().map(|p| p.1.as_str()), want, "{text}");
        };
        check(en(), "We have no food left.", Some("FOOD"));
        check(en(), "I need a doctor's advice", Some("MEDICAL"));
        check(en(), "My roof leaks.", None);
        check(vi(), "nhà tôi hết gạo rồi", Some("FOOD"));
        assert_eq!(need("uh", 1.0, &known, &en()), None);
    }

    #[test]
    fn emergencies() {
        let check = |words: Words, text: &str, want| {
            assert_eq!(is_emergency(text, &words), want, "{text}");
        };
        check(en(), "Help, my husband can't breathe!", true);
        check(en(), "she is unconscious", true);
        check(en(), "I'm not having chest pain, I need rice", false);
        check(en(), "we need food", false);
        check(vi(), "ba tôi khó thở quá", true);
        check(vi(), "tôi cần gạo", false);
    }
}
