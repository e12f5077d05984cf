//! The shipped words of each language, for tests.

use super::{Grammar, NeedModel, Words};
use crate::speech::Transcript;
use std::sync::Arc;

fn words(file: &str) -> Words {
    toml::from_str::<Words>(file).expect("shipped words").folded()
}

/// The shipped Vietnamese words.
pub(crate) fn vi() -> Words {
    words(include_str!("../../prompts/languages/vi/words.toml"))
}

/// The shipped English words.
pub(crate) fn en() -> Words {
    words(include_str!("../../prompts/languages/en/words.toml"))
}

/// The shipped Korean words.
pub(crate) fn ko() -> Words {
    words(include_str!("../../prompts/languages/ko/words.toml"))
}

/// The shipped Czech words.
pub(crate) fn cs() -> Words {
    words(include_str!("../../prompts/languages/cs/words.toml"))
}

/// Words as a perfect recogniser hears them.
pub(crate) fn heard(text: &str) -> Transcript {
    Transcript::plain(text, 0.95)
}

/// The shipped need examples of a language.
fn examples(language: &str) -> &'static str {
    match language {
        "vi" => include_str!("../../prompts/languages/vi/needs.tsv"),
        "ko" => include_str!("../../prompts/languages/ko/needs.tsv"),
        "cs" => include_str!("../../prompts/languages/cs/needs.tsv"),
        _ => include_str!("../../prompts/languages/en/needs.tsv"),
    }
}

/// The grammar of a language in a country, without a gazetteer.
pub(crate) fn grammar(language: &str, country: &str) -> Grammar {
    let words = match language {
        "uk" => words(include_str!("../../prompts/languages/uk/words.toml")),
        "ru" => words(include_str!("../../prompts/languages/ru/words.toml")),
        "vi" => vi(),
        "ko" => ko(),
        "cs" => cs(),
        _ => en(),
    };
    let needs = Arc::new(NeedModel::learn(examples(language), &words));
    Grammar::new(language, country, jiff::civil::date(2026, 10, 1), words, needs, None)
}
