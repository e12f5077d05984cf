//! Case endings, and letters written one way and spoken another: Czech, Ukrainian, Russian.
//!
//! No dictionary: the ending is cut off, the last consonant's palatal series becomes one letter
//! (Praha, Praze; Прага, Празі) and a fleeting or alternating last vowel falls out (Львів,
//! Львові; Plzeň, Plzni). What falls together by mistake, the edit distance tells apart again.

/// Letters a stem keeps at least.
const STEM_LETTERS_MIN: usize = 3;

/// Endings of nouns and adjectives on plain letters, longest first.
const CYRILLIC_ENDINGS: &[&str] = &[
    "ими", "ами", "ями", "ого", "ому", "его", "ему", "ах", "ях", "ам", "ям", "ом", "ем", "ою",
    "ею", "ои", "еи", "ии", "ая", "яя", "ое", "ее", "ую", "юю", "их", "им", "ию", "ия", "а", "е",
    "и", "о", "у", "ю", "я",
];

/// Endings on plain letters, longest first.
const CZECH_ENDINGS: &[&str] = &[
    "ejch", "ejma", "eho", "emu", "iho", "imu", "ejm", "ami", "ama", "emi", "ima", "imi", "ech",
    "ich", "ach", "ej", "ou", "em", "im", "um", "am", "a", "e", "i", "o", "u",
];

/// One letter for those that Ukrainian and Russian spell differently; no soft or hard sign.
pub(super) fn cyrillic_plain(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    for c in word.chars() {
        match c {
            'ё' | 'є' | 'э' => plain.push('е'),
            'і' | 'ї' | 'ы' | 'й' => plain.push('и'),
            'ґ' => plain.push('г'),
            'щ' => plain.push('ш'),
            'ь' | 'ъ' => {}
            other => plain.push(other),
        }
    }
    plain
}

/// The stem of a Cyrillic word of plain letters.
pub(super) fn cyrillic_stem(plain: &str) -> String {
    let series = |c: char| match c {
        'з' | 'ж' => 'г',
        'ц' | 'ч' => 'к',
        'с' | 'ш' => 'х',
        other => other,
    };
    stem(plain, CYRILLIC_ENDINGS, "оеи", "аеиоуюя", series)
}

/// The stem of a Czech word of plain letters.
pub(super) fn czech_stem(plain: &str) -> String {
    let series = |c: char| match c {
        'z' | 'g' => 'h',
        'c' => 'k',
        other => other,
    };
    let one_i: String = plain
        .chars()
        .map(|c| if c == 'y' { 'i' } else { c })
        .map(|c| if c == 'w' { 'v' } else { c })
        .collect();
    stem(&one_i, CZECH_ENDINGS, "e", "aeiou", series)
}

fn stem(
    plain: &str,
    endings: &[&str],
    fleeting: &str,
    vowels: &str,
    series: impl Fn(char) -> char,
) -> String {
    let long_enough = |s: &&str| s.chars().count() >= STEM_LETTERS_MIN;
    let cut = endings.iter().find_map(|e| plain.strip_suffix(e).filter(long_enough));
    let mut letters: Vec<char> = cut.unwrap_or(plain).chars().collect();
    if let [.., before, vowel, last] = letters.as_slice()
        && fleeting.contains(*vowel)
        && !vowels.contains(*last)
        && (letters.len() > STEM_LETTERS_MIN || vowels.contains(*before))
    {
        letters.remove(letters.len() - 2);
    }
    if let Some(last) = letters.last_mut() {
        *last = series(*last);
    }
    letters.into_iter().collect()
}

/// The consonants of a Latin word, voiced and voiceless as one; a vowel in front stays as `a`.
pub(super) fn latin_bones(plain: &str) -> String {
    bones(plain, |c| match c {
        'a' | 'e' | 'i' | 'o' | 'u' | 'y' => Some('a'),
        'h' => None,
        'd' => Some('t'),
        'b' => Some('p'),
        'g' | 'q' | 'c' => Some('k'),
        'z' | 'x' | 'j' => Some('s'),
        'v' | 'w' => Some('f'),
        other => Some(other),
    })
}

/// The consonants of a Cyrillic word, voiced and voiceless as one; a vowel in front stays as `а`.
pub(super) fn cyrillic_bones(stem: &str) -> String {
    bones(stem, |c| match c {
        'а' | 'е' | 'и' | 'о' | 'у' | 'ю' | 'я' => Some('a'),
        'д' => Some('т'),
        'б' => Some('п'),
        'г' | 'х' => Some('к'),
        'з' | 'ж' | 'ш' | 'ц' | 'ч' => Some('с'),
        'в' => Some('ф'),
        other => Some(other),
    })
}

/// `class` gives the letter's class, `a` for a vowel.
fn bones(word: &str, class: impl Fn(char) -> Option<char>) -> String {
    let mut bones = String::with_capacity(word.len());
    for c in word.chars() {
        match class(c) {
            Some('a') if !bones.is_empty() => {}
            Some(kept) if !bones.ends_with(kept) => bones.push(kept),
            _ => {}
        }
    }
    bones
}
