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
    needs_in(heard, &all, categories, grammar)
}

/// The same told by `said`, what is left of the words beside an address; an emergency by all.
pub(super) fn needs_in(
    heard: &Transcript,
    said: &[String],
    categories: &[String],
    grammar: &Grammar,
) -> Vec<SlotValue> {
    let all = tokens(&heard.text);
    if strip_leading(&all, &grammar.words.fillers).is_empty() {
        return Vec::new();
    }
    let value = heard.text.trim().trim_end_matches(['.', ',', '!', '?']).trim().to_string();
    let mut ranked = grammar.needs.classify(said, categories);
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

/// Words that must follow before an alarm is believed of a caller who is still speaking.
const WORDS_BEHIND: usize = 3;
/// Unless the alarm is as likely as this.
const CERTAIN: f32 = 0.9;

/// Why `text`, the words so far of a caller who is still speaking, says that a life is at risk: as
/// [`emergency`], but the next words must not have taken it back ("chest pain | last year"), and
/// without a phrase it must be certain.
pub fn emergency_so_far(text: &str, grammar: &Grammar) -> Option<Alarm> {
    let said = tokens(text);
    let alarm = grammar.needs.emergency(&said)?;
    let before = || grammar.needs.emergency(&said[..said.len().saturating_sub(WORDS_BEHIND)]);
    let stands = alarm.phrase.is_some() && before().is_some();
    (alarm.likely >= CERTAIN || stands).then_some(alarm)
}

/// Why `text` says that a life is at risk now.
///
/// A phrase of `emergency` in `words.toml` raises the alarm where `no_emergency` does not take it
/// back ("no chest pain", "last year") and the sentence as a whole does not speak for another need.
pub fn emergency(text: &str, grammar: &Grammar) -> Option<Alarm> {
    grammar.needs.emergency(&tokens(text))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{en, vi};
    use super::super::{NeedWords, Words};
    use super::*;
    use std::sync::{Arc, LazyLock};

    fn grammar(language: &str, words: Words, examples: &str) -> Grammar {
        let needs = Arc::new(NeedModel::learn(examples, &words));
        Grammar::new(language, "VN", jiff::civil::date(2021, 9, 1), words, needs, None)
    }

    static UNTAUGHT: LazyLock<Grammar> = LazyLock::new(|| grammar("en", en(), ""));

    fn english() -> Grammar {
        grammar("en", en(), include_str!("../../../prompts/languages/en/needs.tsv"))
    }

    fn vietnamese() -> Grammar {
        grammar("vi", vi(), include_str!("../../../prompts/languages/vi/needs.tsv"))
    }

    #[test]
    fn needs_by_category() {
        let check = |grammar: &Grammar, said: &str, want: &str| {
            let heard = Transcript::plain(said, 1.0);
            let found = needs(&heard, grammar.needs.categories(), grammar);
            assert_eq!(found.first().map_or("", |n| n.part("category")), want, "{said}");
        };
        let english = english();
        check(&english, "we have no rice and no milk left", "FOOD");
        check(&english, "my benefit payment never came", "ALLOWANCE");
        check(&english, "an old man down the road lives alone and has nobody", "VULNERABLE");
        check(&english, "i want a real person please", "HUMAN");
        check(&english, "he cannot breathe and his lips are blue", "EMERGENCY");
        check(&english, "um er", "");
        check(&english, "", "");
        let vietnamese = vietnamese();
        check(&vietnamese, "nhà em hết gạo hết mì rồi", "FOOD");
        check(&vietnamese, "khi nào tới lượt chích mũi hai", "VACCINE");
        check(&vietnamese, "quán cà phê kế bên lén mở cửa", "VIOLATION");
    }

    #[test]
    fn emergencies_and_what_only_sounds_so() {
        let (english, vietnamese) = (english(), vietnamese());
        let check = |grammar: &Grammar, said: &str, want: bool| {
            let alarm = emergency(said, grammar);
            assert_eq!(alarm.is_some(), want, "{said}: {alarm:?}");
        };
        check(&english, "my father has collapsed and he won't wake up", true);
        check(&english, "the kitchen is on fire and my kids are upstairs", true);
        check(&english, "i want to kill myself", true);
        check(&english, "my uncle had a heart attack two years ago and needs new pills", false);
        check(&english, "she has no chest pain she wants to book a vaccination", false);
        check(&english, "what are the signs of a stroke", false);
        check(&english, "mary johnson", false);
        check(&vietnamese, "ba tôi khó thở quá môi tím hết rồi", true);
        check(&vietnamese, "má tôi hết khó thở rồi giờ hỏi uống thuốc gì", false);
        check(&vietnamese, "số mười hai đường lê lợi", false);
        assert_eq!(emergency_so_far("i'm dying", &english), None);
        assert!(emergency_so_far("he cannot breathe his lips are blue", &english).is_some());
    }

    #[test]
    fn a_hotlines_own_category_needs_only_patterns() {
        let mut words = en();
        let phrases = vec!["dog|dogs ?tag licence*".to_string(), "my dog & regist*".to_string()];
        words.needs.insert("DOGS".into(), NeedWords { label: "dog licences".into(), phrases });
        let examples = include_str!("../../../prompts/languages/en/needs.tsv");
        let grammar = grammar("en", words, examples);
        let heard = Transcript::plain("hello i must get a dog licence", 1.0);
        let first = needs(&heard, grammar.needs.categories(), &grammar).remove(0);
        assert_eq!(first.part("category"), "DOGS");
        assert!(first.confidence >= 0.55, "{}", first.confidence);
    }

    #[test]
    fn the_same_examples_give_the_same_model() {
        let examples = include_str!("../../../prompts/languages/vi/needs.tsv");
        assert_eq!(NeedModel::learn(examples, &vi()), NeedModel::learn(examples, &vi()));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn never_panics(text in "\\PC{0,200}") {
            let _ = emergency(&text, &UNTAUGHT);
            let _ = emergency_so_far(&text, &UNTAUGHT);
            let _ = needs(&Transcript::plain(&text, 0.9), UNTAUGHT.needs.categories(), &UNTAUGHT);
        }
    }
}
