//! Adjectives back to their nominative.

use super::{Gender, Inflected, replaced};

/// Stems with a soft `н`: верхня, нижняя.
const SOFT: &[&str] = &[
    "верхн",
    "нижн",
    "осінн",
    "літн",
    "середн",
    "крайн",
    "давн",
    "ранн",
    "дальн",
    "ближн",
    "задн",
    "сусідн",
    "новорічн",
    "осенн",
    "весенн",
    "летн",
    "зимн",
    "средн",
    "соседн",
    "древн",
    "передн",
];

/// Russian stems whose masculine ends in a stressed -ой.
const STRESSED: &[&str] = &[
    "морск",
    "донск",
    "городск",
    "заводск",
    "лесн",
    "степн",
    "речн",
    "полев",
    "кольцев",
    "берегов",
    "лугов",
    "боров",
    "портов",
    "больш",
    "земск",
    "областн",
    "родников",
];

/// The nominative of an adjective that is in another case (not the genitive of a name, unless
/// `any_case`); `None` where it is in the nominative or no adjective.
pub(super) fn nominative(
    word: &str,
    gender: Option<Gender>,
    any_case: bool,
    language: Inflected,
) -> Option<String> {
    let endings: &[(&str, Gender)] = match language {
        Inflected::Ukrainian => UKRAINIAN,
        Inflected::Russian => RUSSIAN,
    };
    let genitive = |e: &str| matches!(e, "ої" | "ьої" | "ого" | "ього" | "его");
    let here = endings.iter().filter(|(e, _)| word.ends_with(e) && (any_case || !genitive(e)));
    let (ending, of) = here.max_by_key(|(e, _)| e.len())?;
    let stem = word.strip_suffix(ending).filter(|s| s.chars().count() >= 2)?;
    let gender = match (of, gender) {
        // Masculine and neuter differ in the nominative only.
        (Gender::Masculine, Some(Gender::Neuter)) => Gender::Neuter,
        (Gender::Feminine, Some(Gender::Masculine | Gender::Neuter)) => return None,
        (Gender::Masculine, Some(Gender::Feminine)) => return None,
        (of, _) => *of,
    };
    // A bare -у is an adjective's only behind its suffix: "соборну", but "франку".
    let suffix = |s: &&&str| stem.ends_with(**s);
    if *ending == "у" && !["н", "ськ", "цьк", "зьк", "ов", "ев"].iter().any(|s| suffix(&s))
    {
        return None;
    }
    Some(format!("{stem}{}", nominative_ending(stem, gender, language)))
}

const UKRAINIAN: &[(&str, Gender)] = &[
    ("ій", Gender::Feminine),
    ("ої", Gender::Feminine),
    ("ьої", Gender::Feminine),
    ("ою", Gender::Feminine),
    ("ьою", Gender::Feminine),
    ("у", Gender::Feminine),
    ("ому", Gender::Masculine),
    ("ьому", Gender::Masculine),
    ("ого", Gender::Masculine),
    ("ього", Gender::Masculine),
    ("ім", Gender::Masculine),
    ("им", Gender::Masculine),
];

const RUSSIAN: &[(&str, Gender)] = &[
    ("ой", Gender::Feminine),
    ("ою", Gender::Feminine),
    ("ей", Gender::Feminine),
    ("ую", Gender::Feminine),
    ("юю", Gender::Feminine),
    ("ом", Gender::Masculine),
    ("ому", Gender::Masculine),
    ("ем", Gender::Masculine),
    ("ему", Gender::Masculine),
    ("ого", Gender::Masculine),
    ("его", Gender::Masculine),
    ("ым", Gender::Masculine),
    ("им", Gender::Masculine),
];

fn nominative_ending(stem: &str, gender: Gender, language: Inflected) -> &'static str {
    let soft = SOFT.iter().any(|s| stem.ends_with(s));
    let hushing = stem.ends_with(['ж', 'ш', 'ч', 'щ']);
    let back = hushing || stem.ends_with(['к', 'г', 'х']);
    let stressed = STRESSED.contains(&stem);
    match (language, gender) {
        (Inflected::Ukrainian, Gender::Feminine) => {
            if soft {
                "я"
            } else {
                "а"
            }
        }
        (Inflected::Ukrainian, Gender::Masculine) => {
            if soft {
                "ій"
            } else {
                "ий"
            }
        }
        (Inflected::Ukrainian, Gender::Neuter) => {
            if soft {
                "є"
            } else {
                "е"
            }
        }
        (Inflected::Russian, Gender::Feminine) => {
            if soft {
                "яя"
            } else {
                "ая"
            }
        }
        (Inflected::Russian, Gender::Masculine) if stressed => "ой",
        (Inflected::Russian, Gender::Masculine) => {
            if soft || back {
                "ий"
            } else {
                "ый"
            }
        }
        (Inflected::Russian, Gender::Neuter) => {
            if soft || hushing {
                "ее"
            } else {
                "ое"
            }
        }
    }
}

/// A surname that is declined like an adjective, back to its nominative.
pub(super) fn surname(word: &str, gender: Gender) -> Option<String> {
    let feminine: &[(&str, &str)] = &[
        ("скую", "ская"),
        ("цкую", "цкая"),
        ("ской", "ская"),
        ("цкой", "цкая"),
        ("скою", "ская"),
        ("ську", "ська"),
        ("цьку", "цька"),
        ("зьку", "зька"),
        ("ською", "ська"),
        ("цькою", "цька"),
        ("зькою", "зька"),
        ("ської", "ська"),
        ("цької", "цька"),
        ("зької", "зька"),
        ("ській", "ська"),
        ("ую", "ая"),
        ("юю", "яя"),
    ];
    let masculine: &[(&str, &str)] = &[
        ("ского", "ский"),
        ("цкого", "цкий"),
        ("ским", "ский"),
        ("цким", "цкий"),
        ("скому", "ский"),
        ("цкому", "цкий"),
        ("ського", "ський"),
        ("цького", "цький"),
        ("зького", "зький"),
        ("ським", "ський"),
        ("цьким", "цький"),
        ("зьким", "зький"),
        ("ському", "ський"),
        ("цькому", "цький"),
        ("зькому", "зький"),
    ];
    let endings = if gender == Gender::Feminine { feminine } else { masculine };
    endings.iter().find_map(|(from, to)| replaced(word, from, to))
}
