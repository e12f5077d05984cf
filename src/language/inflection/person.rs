//! Persons' names as they are written.

use super::{Gender, Inflected, adjective, replaced};
use crate::language::PersonWords;

/// A patronymic: its nominative, whose it is, and whether it was said in the nominative.
struct Patronymic {
    written: String,
    gender: Gender,
    nominative: bool,
}

/// 0..=1: how much `word`, in any case, looks like a word of a person's name.
pub(in crate::language) fn name_likeness(
    word: &str,
    lists: &PersonWords,
    language: Inflected,
) -> f32 {
    let family = lists.families.contains(word) || lists.short.contains_key(word);
    if patronymic(word).is_some() || is_given(word, lists) || family {
        return 1.0;
    }
    let listed = given_name(word, true, None, lists).map_or(0.0, |_| 0.8);
    let said = lists.ending(word);
    let borne = |w: String| if lists.families.contains(&w) { 0.9 } else { lists.ending(&w) };
    let written = family_name(word, None, lists, language).map_or(0.0, |w| 0.9 * borne(w));
    said.max(written).max(listed)
}

/// `words` of a name in the nominative; `oblique` where the words before it ask for another case.
///
/// A patronymic or a given name in another case says so itself. `None` where nothing is inflected.
pub(in crate::language) fn nominative_name(
    words: &[String],
    oblique: bool,
    lists: &PersonWords,
    language: Inflected,
) -> Option<Vec<String>> {
    let patronymics: Vec<Option<Patronymic>> = words.iter().map(|w| patronymic(w)).collect();
    let of_patronymic = patronymics.iter().flatten().next();
    let mut oblique = oblique || of_patronymic.is_some_and(|p| !p.nominative);
    let mut gender = of_patronymic.map(|p| p.gender);
    let mut given: Vec<Option<String>> = vec![None; words.len()];
    for (i, word) in words.iter().enumerate().filter(|(i, _)| patronymics[*i].is_none()) {
        let Some(name) = given_name(word, oblique, gender, lists) else { continue };
        oblique |= name.written != *word && !is_given(word, lists);
        gender = gender.or(Some(name.gender));
        given[i] = Some(name.written);
    }
    if !oblique {
        return None;
    }
    let written = words.iter().enumerate().map(|(i, word)| match (&patronymics[i], &given[i]) {
        (Some(p), _) => p.written.clone(),
        (_, Some(name)) => name.clone(),
        _ => family_name(word, gender, lists, language).unwrap_or_else(|| word.clone()),
    });
    Some(written.collect())
}

/// True for a patronymic in any case.
pub(in crate::language) fn is_patronymic(word: &str) -> bool {
    patronymic(word).is_some()
}

fn patronymic(word: &str) -> Option<Patronymic> {
    const STEMS: &[&str] = &["івн", "ївн", "овн", "евн", "ёвн", "ічн", "ичн"];
    const FEMININE: &[&str] = &["а", "у", "и", "і", "ы", "е", "ою", "ой"];
    for ending in FEMININE {
        let stem = word.strip_suffix(ending).filter(|s| s.chars().count() >= 5);
        if let Some(stem) = stem.filter(|s| STEMS.iter().any(|m| s.ends_with(m))) {
            let written = format!("{stem}а");
            return Some(Patronymic {
                written,
                gender: Gender::Feminine,
                nominative: *ending == "а",
            });
        }
    }
    const SHORT: &[&str] =
        &["ильич", "ілліч", "лукич", "кузьмич", "никитич", "микитич", "саввич", "фомич", "хомич"];
    for ending in ["", "а", "у", "ем", "еві", "ові", "е", "і"] {
        let stem = word.strip_suffix(ending).filter(|s| s.chars().count() >= 5);
        let long = |s: &&str| ["ович", "евич", "ьич", "євич"].iter().any(|m| s.ends_with(m));
        if let Some(stem) = stem.filter(|s| long(s) || SHORT.contains(s)) {
            let (written, nominative) = (stem.to_string(), ending.is_empty());
            return Some(Patronymic { written, gender: Gender::Masculine, nominative });
        }
    }
    None
}

struct Given {
    written: String,
    gender: Gender,
}

/// True for a given name in the nominative.
fn is_given(word: &str, lists: &PersonWords) -> bool {
    lists.women.contains(word) || lists.men.contains(word)
}

/// The given name that `word` is a form of.
fn given_name(
    word: &str,
    oblique: bool,
    gender: Option<Gender>,
    lists: &PersonWords,
) -> Option<Given> {
    let woman = |written: String| Given { written, gender: Gender::Feminine };
    let man = |written: String| Given { written, gender: Gender::Masculine };
    let inflected = || {
        let women = WOMEN.iter().filter_map(|(from, to)| replaced(word, from, to));
        let mut women = women.filter(|n| lists.women.contains(n.as_str())).map(woman);
        let men = MEN.iter().filter_map(|(from, to)| replaced(word, from, to));
        let whole = WHOLE.iter().filter(|(from, _)| *from == word).map(|(_, to)| to.to_string());
        let mut men = whole.chain(men).filter(|n| lists.men.contains(n.as_str())).map(man);
        match gender {
            Some(Gender::Feminine) => women.next(),
            Some(_) => men.next(),
            None => women.next().or_else(|| men.next()),
        }
    };
    let as_said = || {
        let fits = |of: Gender| gender.is_none_or(|g| g == of);
        let she =
            (lists.women.contains(word) && fits(Gender::Feminine)).then(|| woman(word.into()));
        she.or_else(|| {
            (lists.men.contains(word) && fits(Gender::Masculine)).then(|| man(word.into()))
        })
    };
    if oblique { inflected().or_else(as_said) } else { as_said().or_else(inflected) }
}

const WOMEN: &[(&str, &str)] = &[
    ("ією", "ія"),
    ("ію", "ія"),
    ("ії", "ія"),
    ("ией", "ия"),
    ("ию", "ия"),
    ("ии", "ия"),
    ("ою", "а"),
    ("ой", "а"),
    ("ею", "я"),
    ("ей", "я"),
    ("єю", "я"),
    ("ею", "а"),
    ("ей", "а"),
    ("у", "а"),
    ("ю", "я"),
    ("и", "а"),
    ("ы", "а"),
    ("і", "а"),
    ("і", "я"),
    ("е", "а"),
    ("е", "я"),
    ("и", "я"),
    ("ї", "я"),
    ("ов'ю", "ов"),
    ("овью", "овь"),
    ("ові", "ов"),
    ("ови", "овь"),
];

const MEN: &[(&str, &str)] = &[
    ("а", ""),
    ("я", "й"),
    ("я", "ь"),
    ("я", ""),
    ("а", "о"),
    ("ом", ""),
    ("ом", "о"),
    ("ем", "й"),
    ("єм", "й"),
    ("ем", "ь"),
    ("ем", ""),
    ("у", "а"),
    ("ю", "я"),
    ("ою", "а"),
    ("ой", "а"),
    ("ею", "я"),
    ("ей", "я"),
    ("єю", "я"),
    ("у", ""),
    ("ю", "й"),
    ("ю", "ь"),
    ("ові", ""),
    ("ові", "о"),
    ("еві", ""),
    ("єві", "й"),
    ("и", "а"),
    ("ы", "а"),
    ("е", "а"),
];

/// Given names whose stem changes.
const WHOLE: &[(&str, &str)] = &[
    ("петра", "пётр"),
    ("петром", "пётр"),
    ("петру", "пётр"),
    ("павла", "павел"),
    ("павлом", "павел"),
    ("павлу", "павел"),
    ("льва", "лев"),
    ("львом", "лев"),
    ("фёдора", "фёдор"),
    ("федора", "федір"),
    ("федором", "федір"),
    ("якова", "яків"),
    ("яковом", "яків"),
    ("антона", "антон"),
    ("прокопа", "прокіп"),
    ("сидора", "сидір"),
    ("йосипа", "йосип"),
];

/// A family name in the nominative: one that is known before what its ending says.
fn family_name(
    word: &str,
    gender: Option<Gender>,
    lists: &PersonWords,
    language: Inflected,
) -> Option<String> {
    if lists.families.contains(word) {
        return Some(word.to_string());
    }
    let masculine = MEN.iter().filter(|_| !matches!(gender, Some(Gender::Feminine)));
    let rules = masculine.chain(MASCULINE).chain(FEMININE_NOUNS);
    let known = rules.filter_map(|(from, to)| replaced(word, from, to));
    let mut known = known.filter(|w| lists.families.contains(w));
    known.next().or_else(|| surname(word, gender, language))
}

/// A family name in the nominative.
fn surname(word: &str, gender: Option<Gender>, language: Inflected) -> Option<String> {
    let feminine = matches!(gender, Some(Gender::Feminine));
    if feminine || gender.is_none() {
        let adjective = adjective::surname(word, Gender::Feminine);
        let found = adjective.or_else(|| ending(word, FEMININE));
        if found.is_some() {
            return found;
        }
    }
    if feminine {
        return ending(word, FEMININE_NOUNS);
    }
    let of_language = match language {
        Inflected::Ukrainian => UKRAINIAN,
        Inflected::Russian => RUSSIAN,
    };
    let adjective = adjective::surname(word, Gender::Masculine);
    adjective.or_else(|| ending(word, of_language)).or_else(|| ending(word, MASCULINE))
}

fn ending(word: &str, endings: &[(&str, &str)]) -> Option<String> {
    endings.iter().find_map(|(from, to)| replaced(word, from, to))
}

const FEMININE: &[(&str, &str)] = &[
    ("ову", "ова"),
    ("еву", "ева"),
    ("єву", "єва"),
    ("ёву", "ёва"),
    ("іну", "іна"),
    ("ину", "ина"),
    ("їну", "їна"),
    ("ыну", "ына"),
    ("овою", "ова"),
    ("евою", "ева"),
    ("євою", "єва"),
    ("іною", "іна"),
    ("овой", "ова"),
    ("евой", "ева"),
    ("ёвой", "ёва"),
    ("иной", "ина"),
    ("ыной", "ына"),
    ("ової", "ова"),
    ("евої", "ева"),
];

const FEMININE_NOUNS: &[(&str, &str)] =
    &[("ою", "а"), ("ой", "ая"), ("ею", "я"), ("у", "а"), ("ю", "я")];

const UKRAINIAN: &[(&str, &str)] = &[
    ("енка", "енко"),
    ("енком", "енко"),
    ("енку", "енко"),
    ("енкові", "енко"),
    ("ього", "ій"),
    ("ого", "ий"),
    ("аря", "ар"),
    ("арем", "ар"),
    ("ця", "ець"),
    ("цем", "ець"),
    ("вка", "вко"),
    ("чка", "чко"),
    ("йка", "йко"),
    ("шка", "шко"),
    ("рка", "рко"),
];

const RUSSIAN: &[(&str, &str)] = &[
    ("енка", "енко"),
    ("енком", "енко"),
    ("ого", "ый"),
    ("его", "ий"),
    ("ца", "ец"),
    ("цом", "ец"),
];

const MASCULINE: &[(&str, &str)] = &[
    ("овим", "ов"),
    ("евим", "ев"),
    ("євим", "єв"),
    ("овым", "ов"),
    ("евым", "ев"),
    ("ёвым", "ёв"),
    ("иным", "ин"),
    ("іним", "ін"),
    ("ая", "ай"),
    ("ея", "ей"),
    ("ія", "ій"),
    ("ия", "ий"),
    ("оя", "ой"),
    ("я", "ь"),
    ("а", ""),
    ("ою", "а"),
    ("ею", "я"),
    ("ом", ""),
    ("ем", "ь"),
    ("у", "а"),
    ("ю", "я"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let lists = PersonWords {
            women: ["галина", "оксана", "віра", "вера", "прасковья", "марія", "олександра"]
                .map(String::from)
                .into(),
            men: ["богдан", "сергій", "сергей", "микола", "пётр", "іван", "олександр"]
                .map(String::from)
                .into(),
            ..PersonWords::default()
        };
        let check = |language, said: &str, oblique, want: &str| {
            let words: Vec<String> = said.split(' ').map(String::from).collect();
            let got = nominative_name(&words, oblique, &lists, language);
            assert_eq!(got.unwrap_or(words).join(" "), want, "{said}");
        };
        let uk = Inflected::Ukrainian;
        check(uk, "шевчука богдана івановича", true, "шевчук богдан іванович");
        check(uk, "галиною", false, "галина");
        check(uk, "лисенко віру павлівну", false, "лисенко віра павлівна");
        check(uk, "ткаченка сергія", true, "ткаченко сергій");
        check(uk, "шевчука олександра", true, "шевчук олександр");
        check(uk, "олександра шевчук", false, "олександра шевчук");
        check(uk, "ковальську марію", true, "ковальська марія");
        check(uk, "миколу кравця", true, "микола кравець");
        check(uk, "іван степанович", false, "іван степанович");
        let ru = Inflected::Russian;
        check(ru, "прасковьей ивановной молчановой", false, "прасковья ивановна молчанова");
        check(ru, "соколову веру степановну", true, "соколова вера степановна");
        check(ru, "петра сергеевича белова", true, "пётр сергеевич белов");
        check(ru, "зайцева", true, "зайцев");
        check(ru, "жуковскую", true, "жуковская");
        check(ru, "смирнова татьяна николаевна", false, "смирнова татьяна николаевна");
    }
}
