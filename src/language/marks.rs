//! Text typed without tones and diacritics, with them put back where the words and names of the
//! language tell which.

use super::{Grammar, tokens, without_marks};

/// Words of the longest phrase or name that is looked for.
const PHRASE_TOKENS_MAX: usize = 5;

/// From here on a name differs in its marks alone.
const SAME_LETTERS: f32 = 0.93;

/// `text` with its marks put back; as it is where it has marks, or the language has none.
///
/// The words around names and numbers are looked for first, names behind them and elsewhere; of
/// two words that differ in their marks only, the one of addresses is meant.
pub fn with_marks(text: &str, grammar: &Grammar) -> String {
    let tokens = tokens(text);
    let words = phrases(grammar);
    if !text.is_ascii() || words.iter().all(|w| w.is_ascii()) {
        return text.into();
    }
    let mut marked: Vec<String> = Vec::with_capacity(tokens.len());
    let (mut at, mut behind_word) = (0, false);
    while at < tokens.len() {
        let word = || phrase_at(&tokens[at..], &words);
        let name = || name_at(&tokens[at..], grammar);
        let found = if behind_word { name().or_else(word) } else { word().or_else(name) };
        let (count, written) = found.unwrap_or_else(|| (1, tokens[at].clone()));
        behind_word = is_before_name(&written, grammar);
        marked.push(written);
        at += count;
    }
    marked.join(" ")
}

/// The phrases that tell the parts of an address, the more telling first.
fn phrases(grammar: &Grammar) -> Vec<&String> {
    let (address, numbers) = (&grammar.words.address, &grammar.words.numbers);
    let units = address.units.values().flat_map(|unit| &unit.before);
    let parts = address.house_parts.iter().flat_map(|part| &part.said);
    let around = address.street_before.iter().chain(&address.number).chain(&address.hamlets);
    let counting = numbers.values.keys().chain(numbers.factors.keys()).chain(&numbers.joints);
    let between = numbers.slashes.iter().chain(&address.within);
    units.chain(around).chain(parts).chain(counting).chain(between).collect()
}

fn is_before_name(phrase: &String, grammar: &Grammar) -> bool {
    let address = &grammar.words.address;
    let mut units = address.units.values();
    units.any(|unit| unit.before.contains(phrase)) || address.street_before.contains(phrase)
}

/// The longest phrase that `tokens` begin with but for its marks.
fn phrase_at(tokens: &[String], phrases: &[&String]) -> Option<(usize, String)> {
    let longest = tokens.len().min(PHRASE_TOKENS_MAX);
    (1..=longest).rev().find_map(|count| {
        let said = tokens[..count].join(" ");
        let same = phrases.iter().find(|phrase| without_marks(phrase) == said)?;
        Some((count, same.to_string()))
    })
}

/// The longest name of a place or a street that `tokens` begin with but for its marks.
fn name_at(tokens: &[String], grammar: &Grammar) -> Option<(usize, String)> {
    let places = grammar.places()?;
    let longest = tokens.len().min(PHRASE_TOKENS_MAX);
    (2..=longest).rev().find_map(|count| {
        let said = &tokens[..count];
        let text = said.join(" ");
        [places.places(), places.streets()].into_iter().find_map(|names| {
            let best = names.matches(said).into_iter().next()?;
            let written = names.text(best.name).to_lowercase();
            let same = best.similarity >= SAME_LETTERS && without_marks(&written) == text;
            same.then_some((count, written))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::grammar;
    use super::*;
    use crate::language::gazetteer::{Draft, DraftUnit, Gazetteer, Level};
    use crate::language::{Grammar, NeedModel};
    use std::sync::Arc;

    fn vietnam() -> Grammar {
        let mut draft = Draft::new("vn");
        for name in ["Bến Nghé", "Hải Dương"] {
            draft.units.push(DraftUnit {
                name: name.into(),
                level: Level::Locality,
                kind: String::new(),
                code: String::new(),
                parents: vec![],
                from: 0,
                to: 0,
                population: 0,
            });
        }
        draft.streets.push(("Lê Lợi".into(), 1));
        let places = Gazetteer::from_bytes(&draft.to_bytes()).expect("sound");
        let bare = grammar("vi", "VN");
        let needs = Arc::new(NeedModel::default());
        Grammar::new("vi", "VN", bare.date, bare.words, needs, Some(Arc::new(places)))
    }

    #[test]
    fn marks_are_put_back_where_words_and_names_tell_them() {
        let vi = vietnam();
        let check = |text: &str, wanted: &str| assert_eq!(with_marks(text, &vi), wanted);
        check(
            "so muoi hai duong le loi phuong ben nghe quan sau",
            "số mười hai đường lê lợi phường bến nghé quận sáu",
        );
        // `hai` is a number, but behind the word for a province it begins a name.
        check("tinh hai duong", "tỉnh hải dương");
        check("xyz", "xyz");
        check("Phường ben nghe", "Phường ben nghe");
        assert_eq!(with_marks("twelve Main Street", &grammar("en", "US")), "twelve Main Street");
    }
}
