//! Streets and units as they are written.

use super::{Gender, Inflected, adjective, replaced};

/// How a street was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::language) struct StreetSaid {
    /// Of the street word beside it.
    pub(in crate::language) gender: Option<Gender>,
    /// Behind a preposition or an inflected street word: the name is inflected too.
    pub(in crate::language) oblique: bool,
}

/// Endings of women's surnames in the Russian genitive, which streets are named with.
const WOMENS_GENITIVE: &[&str] = &["овой", "евой", "ёвой", "иной", "ыной"];

/// The written form of a street said as `words`; `known` tells names of streets.
///
/// A known name is taken as it is ("на шевченка"), then what an adjective's nominative makes
/// known; else adjectives are put in the nominative where the name is inflected.
pub(in crate::language) fn nominative_street(
    words: &[String],
    said: StreetSaid,
    language: Inflected,
    known: impl Fn(&str) -> bool,
) -> Option<String> {
    let as_said = words.join(" ");
    if known(&as_said) {
        return None;
    }
    let of = |any_case| all_adjectives(words, said.gender, any_case, language);
    if let Some(name) = of(true).or_else(|| of(false)).filter(|n| known(n)) {
        return Some(name);
    }
    if let Some(name) = nouns(words, language).into_iter().find(|n| known(n)) {
        return Some(name);
    }
    let genitive = WOMENS_GENITIVE.iter().any(|e| as_said.ends_with(e));
    (said.oblique && !genitive).then(|| of(false)).flatten()
}

/// A unit's name that is an adjective ("київській", "пермском") in the nominative.
pub(in crate::language) fn nominative_adjective(
    words: &[String],
    gender: Option<Gender>,
    language: Inflected,
) -> Option<String> {
    all_adjectives(words, gender, true, language)
}

/// Every word an adjective; the last may be a noun in -у ("полтавському шляху").
fn all_adjectives(
    words: &[String],
    gender: Option<Gender>,
    any_case: bool,
    language: Inflected,
) -> Option<String> {
    let (last, before) = words.split_last()?;
    let one = |w: &String| adjective::nominative(w, gender, any_case, language);
    let way = ["шляху", "шляхом", "шляхові"].contains(&last.as_str()) && !before.is_empty();
    let last = if way { "шлях".to_string() } else { one(last)? };
    let way = if way { Some(Gender::Masculine) } else { gender };
    let before = before.iter().map(|w| adjective::nominative(w, way, any_case, language));
    let mut all = before.collect::<Option<Vec<_>>>()?;
    all.push(last);
    Some(all.join(" "))
}

/// What a noun in the locative may be: "хрещатику", "сретенке", "арбате".
fn nouns(words: &[String], language: Inflected) -> Vec<String> {
    let [word] = words else { return Vec::new() };
    let endings: &[(&str, &str)] = match language {
        Inflected::Ukrainian => &[("у", ""), ("і", ""), ("ці", "ка"), ("і", "а"), ("олі", "іл")],
        Inflected::Russian => &[("е", ""), ("е", "а"), ("у", ""), ("у", "а"), ("и", "ь")],
    };
    endings.iter().filter_map(|(from, to)| replaced(word, from, to)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(String::from).collect()
    }

    #[test]
    fn streets() {
        let known = ["садовая", "крупской", "хрещатик", "сретенка", "арбат", "баумана", "садова"];
        let check = |language, said: &str, gender, oblique, want: &str| {
            let context = StreetSaid { gender, oblique };
            let got = nominative_street(&words(said), context, language, |n| known.contains(&n));
            assert_eq!(got.as_deref().unwrap_or(said), want, "{said}");
        };
        use Gender::{Feminine, Masculine, Neuter};
        let uk = Inflected::Ukrainian;
        check(uk, "сумській", None, true, "сумська");
        check(uk, "соборній", Some(Feminine), true, "соборна");
        check(uk, "поштовому", Some(Masculine), true, "поштовий");
        check(uk, "харківському", Some(Neuter), true, "харківське");
        check(uk, "полтавському шляху", None, true, "полтавський шлях");
        check(uk, "великій васильківській", None, true, "велика васильківська");
        check(uk, "успенсько-троїцькій", None, true, "успенсько-троїцька");
        check(uk, "верхній", Some(Feminine), true, "верхня");
        check(uk, "хрещатику", None, true, "хрещатик");
        check(uk, "шевченка", Some(Feminine), true, "шевченка");
        check(uk, "жуковського", Some(Feminine), true, "жуковського");
        check(uk, "лесі українки", Some(Feminine), true, "лесі українки");
        check(uk, "сумська", Some(Feminine), false, "сумська");
        check(uk, "садову", None, false, "садова");
        let ru = Inflected::Russian;
        check(ru, "тверской", None, true, "тверская");
        check(ru, "садовой", None, true, "садовая");
        check(ru, "крупской", Some(Feminine), true, "крупской");
        check(ru, "терешковой", Some(Feminine), true, "терешковой");
        check(ru, "баумана", None, true, "баумана");
        check(ru, "невском", None, true, "невский");
        check(ru, "морском", Some(Masculine), true, "морской");
        check(ru, "московском", Some(Neuter), true, "московское");
        check(ru, "рабочей", None, true, "рабочая");
        check(ru, "сретенке", None, true, "сретенка");
        check(ru, "арбате", None, true, "арбат");
        check(ru, "льва толстого", Some(Feminine), true, "льва толстого");
    }

    #[test]
    fn units() {
        let check = |language, said: &str, gender, want: &str| {
            let got = nominative_adjective(&words(said), gender, language);
            assert_eq!(got.as_deref().unwrap_or(said), want, "{said}");
        };
        use Gender::{Feminine, Masculine};
        check(Inflected::Ukrainian, "київській", Some(Feminine), "київська");
        check(Inflected::Ukrainian, "київської", Some(Feminine), "київська");
        check(Inflected::Ukrainian, "броварському", Some(Masculine), "броварський");
        check(Inflected::Russian, "московской", Some(Feminine), "московская");
        check(Inflected::Russian, "пермского", Some(Masculine), "пермский");
        check(Inflected::Russian, "кунгур", Some(Masculine), "кунгур");
    }
}
