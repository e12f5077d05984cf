//! What the caller needs, and whether a life is at risk.

mod model;

pub use model::NeedModel;

use super::{Grammar, SlotValue, Words, contains_phrase, find_phrase, text::strip_leading, tokens};
use crate::speech::Transcript;

/// What `heard` may ask for, best first: the caller's words, with the category they speak for.
///
/// `categories` are those the hotline works with. Empty where nothing but fillers was said.
pub fn needs(heard: &Transcript, categories: &[String], grammar: &Grammar) -> Vec<SlotValue> {
    let all = tokens(&heard.text);
    if strip_leading(&all, &grammar.words.fillers).is_empty() {
        return Vec::new();
    }
    let value = heard.text.trim().trim_end_matches(['.', ',', '!', '?']).trim().to_string();
    let ranked = grammar.needs.classify(&all, categories);
    let reading = |(category, likely): (String, f32)| SlotValue {
        value: value.clone(),
        parts: vec![("category".into(), category)],
        confidence: heard.confidence * likely,
    };
    ranked.into_iter().take(3).map(reading).collect()
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
