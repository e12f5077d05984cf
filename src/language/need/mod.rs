//! What the caller needs, and whether a life is at risk.

mod feature;
mod lexicon;
mod model;
mod pattern;

pub use model::{Alarm, NeedModel};

use super::{Grammar, SlotValue, text::strip_leading, tokens};
use crate::speech::Transcript;
use model::EMERGENCY;

/// What `heard` may ask for, best first: the caller's words, with the category they speak for.
///
/// `categories` are those the hotline works with. Empty where nothing but fillers was said.
pub fn needs(heard: &Transcript, categories: &[String], grammar: &Grammar) -> Vec<SlotValue> {
    let all = tokens(&heard.text);
    if strip_leading(&all, &grammar.words.fillers).is_empty() {
        return Vec::new();
    }
    let value = heard.text.trim().trim_end_matches(['.', ',', '!', '?']).trim().to_string();
    let mut ranked = grammar.needs.classify(&all, categories);
    let alarm = grammar.needs.emergency(&all);
    if let Some(at) = ranked.iter().position(|(c, _)| c == EMERGENCY) {
        let (category, likely) = ranked.remove(at);
        match alarm {
            Some(_) => ranked.insert(0, (category, likely)),
            None => ranked.push((category, likely)),
        }
    }
    let reading = |(category, likely): (String, f32)| SlotValue {
        value: value.clone(),
        parts: vec![("category".into(), category)],
        confidence: heard.confidence * likely,
    };
    ranked.into_iter().take(3).map(reading).collect()
}

/// Why `text`, which may be cut off anywhere, says that a life is at risk now.
///
/// A phrase of `emergency` in `words.toml` raises the alarm where `no_emergency` does not take it
/// back ("no chest pain", "last year") and the sentence as a whole does not speak for another need.
pub fn emergency(text: &str, grammar: &Grammar) -> Option<Alarm> {
    grammar.needs.emergency(&tokens(text))
}
