//! The form a name is written in, from the case it was said in.
//!
//! "На сумській" is Сумська, "запишите на соколову веру" is Соколова Вера. Only rules of endings
//! and the language's lists of names; what no rule knows stays as it was said.

mod adjective;
mod person;
mod place;
mod street;

pub(super) use person::{is_patronymic, name_likeness, nominative_name};
pub(super) use place::CASE_SIMILARITY;
pub(super) use street::{StreetSaid, nominative_adjective, nominative_street};

/// A language whose names are inflected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inflected {
    /// Ukrainian.
    Ukrainian,
    /// Russian.
    Russian,
}

impl Inflected {
    /// The country whose places are written in it.
    pub(super) fn country(self) -> &'static str {
        match self {
            Inflected::Ukrainian => "UA",
            Inflected::Russian => "RU",
        }
    }

    /// `language` as ISO 639-1, where its names are inflected by rules that are known here.
    pub(super) fn of(language: &str) -> Option<Inflected> {
        match language {
            "uk" => Some(Inflected::Ukrainian),
            "ru" => Some(Inflected::Russian),
            _ => None,
        }
    }
}

/// Grammatical gender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gender {
    /// вулиця, область.
    Feminine,
    /// проспект, район.
    Masculine,
    /// шосе, село.
    Neuter,
}

impl Gender {
    /// `f`, `m` or `n`.
    pub(super) fn of(letter: &str) -> Option<Gender> {
        match letter {
            "f" => Some(Gender::Feminine),
            "m" => Some(Gender::Masculine),
            "n" => Some(Gender::Neuter),
            _ => None,
        }
    }

    /// True for a noun of this gender that is not in the nominative.
    pub(super) fn is_oblique(self, noun: &str) -> bool {
        match self {
            Gender::Feminine => !noun.ends_with(['а', 'я', 'ь', 'л', 'ц']),
            Gender::Masculine => noun.ends_with(['а', 'е', 'и', 'і', 'о', 'у', 'ю', 'я', 'м']),
            Gender::Neuter => false,
        }
    }
}

/// What a place's name in the genitive plural, or with a changing vowel, may be in the nominative.
pub(super) fn plural_places(word: &str, language: Inflected) -> Vec<String> {
    let endings: &[(&str, &str)] = match language {
        Inflected::Ukrainian => &[
            ("ців", "ці"),
            ("ів", "и"),
            ("ів", "і"),
            ("розі", "ріг"),
            ("рогу", "ріг"),
            ("рогом", "ріг"),
            ("ок", "ки"),
            ("ен", "ни"),
            ("ець", "ці"),
            ("", "и"),
            ("", "і"),
            ("ь", "і"),
        ],
        Inflected::Russian => &[
            ("ов", "ы"),
            ("ок", "ки"),
            ("ец", "цы"),
            ("ев", "и"),
            ("ен", "ны"),
            ("ей", "и"),
            ("", "ы"),
            ("", "и"),
        ],
    };
    let whole = |(from, to): &(&str, &str)| (word == *from).then(|| to.to_string());
    let consonant = |(from, _): &&(&str, &str)| {
        !from.is_empty() || !word.ends_with(['а', 'е', 'и', 'і', 'о', 'у', 'ю', 'я', 'й', 'ь', 'ы'])
    };
    let endings = endings.iter().filter(consonant);
    endings.filter_map(|e| whole(e).or_else(|| replaced(word, e.0, e.1))).collect()
}

/// Endings of verbs, abstract nouns and instrumental plurals, as below.
const UKRAINIAN_NO_NAMES: &str = "\
    ати ити іти ути яти ться тися тись ємо аємо имо аєте аєш ують ають яють увала ував ували \
    лася лись вся иться уть ють ять єте ите иш ими ами ями ння ття ство ість ає";
/// The same in Russian.
const RUSSIAN_NO_NAMES: &str = "\
    ать ить еть ться тись аем аете аешь ишь ают яют овала овал овали лась лись лся ился ится \
    ются аюсь уют ите ете ешь ими ыми ами ями ние ния ство ость ации ется ует ает";

/// True for a verb, an abstract noun or an instrumental plural by its ending; names seldom end so.
pub(super) fn is_no_name_by_ending(word: &str, language: Inflected) -> bool {
    let endings = match language {
        Inflected::Ukrainian => UKRAINIAN_NO_NAMES,
        Inflected::Russian => RUSSIAN_NO_NAMES,
    };
    word.chars().count() > 5 && endings.split(' ').any(|e| word.ends_with(e))
}

/// True for what may be a verb behind "я": "заболела", "подзвонив", "стою".
pub(super) fn is_predicate(word: &str, language: &str) -> bool {
    let endings: &[&str] = match language {
        "uk" => &["ла", "лася", "лась", "вся", "ила", "ав", "ив", "ував", "ю", "у"],
        "ru" => &["ла", "лась", "лся", "ал", "ил", "ел", "ю", "у", "юсь", "усь"],
        "cs" => &["la", "il", "al", "el", "ený", "ená", "aný", "aná"],
        _ => &[],
    };
    word.chars().count() > 3 && endings.iter().any(|e| word.ends_with(e))
}

/// `word` with its `ending` replaced, where it has it and a stem of two letters.
fn replaced(word: &str, ending: &str, by: &str) -> Option<String> {
    let stem = word.strip_suffix(ending)?;
    (stem.chars().count() >= 2).then(|| format!("{stem}{by}"))
}
