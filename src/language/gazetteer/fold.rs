//! What is left of a written word when what callers and recognisers confuse is taken away.
//!
//! Every word is kept in four spellings, each coarser than the one before:
//!
//! | | Vietnamese | Czech, Ukrainian, Russian | Korean | English |
//! |---|---|---|---|---|
//! | exact | letters and the tone as a digit | NFC lower case | NFC | NFC lower case |
//! | plain | no tones, no diacritics | no diacritics; и/і/ї, е/ё/є one | jamo | no diacritics |
//! | loose | dialects fall together | no case ending | like jamo one | like letters one |
//! | bones | (loose) | consonants | (loose) | consonants |

use super::slavic;
use super::vietnamese;
use crate::language::without_marks;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Letters of one word that are looked at; longer ones are not names.
const WORD_LETTERS_MAX: usize = 40;

/// How the language of a country's names is folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folding {
    /// Tones, diacritics, regional mergers.
    Vietnamese,
    /// Diacritics and case endings.
    Czech,
    /// Ukrainian and Russian: letters that callers of both exchange, and case endings.
    Cyrillic,
    /// Jamo.
    Korean,
    /// Plain Latin letters.
    English,
}

/// One word of a name or of a caller in all its foldings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub exact: String,
    pub plain: String,
    pub loose: String,
    pub bones: String,
    /// Where `loose` divides into what begins and what ends the word.
    pub onset_bytes: usize,
    /// Digits only: equal or different, never similar.
    pub is_number: bool,
}

impl Folding {
    /// The folding of the names of `country` (ISO 3166-1 alpha-2, lower case).
    pub fn of_country(country: &str) -> Folding {
        match country {
            "vn" => Folding::Vietnamese,
            "cz" | "sk" => Folding::Czech,
            "ua" | "ru" | "by" => Folding::Cyrillic,
            "kr" => Folding::Korean,
            _ => Folding::English,
        }
    }

    pub(super) fn from_code(code: u8) -> Option<Folding> {
        let all = [
            Folding::Vietnamese,
            Folding::Czech,
            Folding::Cyrillic,
            Folding::Korean,
            Folding::English,
        ];
        all.get(usize::from(code)).copied()
    }

    pub(super) fn code(self) -> u8 {
        self as u8
    }

    /// The words of `text`: they end at blanks, at hyphens and the like, and between letters and
    /// digits (`q1`, `10a`); apostrophes are dropped.
    pub(super) fn parts(self, text: &str) -> Vec<Part> {
        words(text).iter().map(|w| self.part(w)).collect()
    }

    fn part(self, word: &str) -> Part {
        if word.bytes().all(|b| b.is_ascii_digit()) {
            let number = word.trim_start_matches('0');
            let number = if number.is_empty() { "0" } else { number }.to_string();
            return Part {
                exact: number.clone(),
                plain: number.clone(),
                loose: number.clone(),
                onset_bytes: number.len(),
                bones: number,
                is_number: true,
            };
        }
        let (exact, plain, loose, onset_bytes, bones) = match self {
            Folding::Vietnamese => {
                let syllable = vietnamese::Syllable::of(word);
                let (loose, onset) = syllable.loose();
                (syllable.exact(), syllable.plain(), loose.clone(), onset, loose)
            }
            Folding::Korean => {
                let (plain, loose) = jamo(word);
                (word.to_string(), plain, loose.clone(), 0, loose)
            }
            Folding::Czech => {
                let plain = without_marks(word);
                // "Hradčův, Hradčově", "dvůr, dvora".
                let short = without_marks(&word.replace('ů', "o"));
                let (loose, bones) = (slavic::czech_stem(&short), slavic::latin_bones(&plain));
                with_bones(word, plain, loose, bones)
            }
            Folding::Cyrillic => {
                let plain = slavic::cyrillic_plain(word);
                let loose = slavic::cyrillic_stem(&plain);
                let bones = slavic::cyrillic_bones(&loose);
                with_bones(word, plain, loose, bones)
            }
            Folding::English => {
                let plain = without_marks(word);
                let (loose, bones) = (english_loose(&plain), slavic::latin_bones(&plain));
                with_bones(word, plain, loose, bones)
            }
        };
        Part { exact, plain, loose, bones, onset_bytes, is_number: false }
    }
}

impl Part {
    /// How the word begins, coarsely.
    pub(super) fn head(&self) -> &str {
        &self.loose[..self.onset_bytes]
    }

    /// How the word ends, coarsely.
    pub(super) fn tail(&self) -> &str {
        &self.loose[self.onset_bytes..]
    }
}

fn with_bones(
    word: &str,
    plain: String,
    loose: String,
    bones: String,
) -> (String, String, String, usize, String) {
    // About half of the word: an error is in one half or in the other.
    let middle = loose.char_indices().nth(loose.chars().count() / 2).map_or(0, |(i, _)| i);
    (word.to_string(), plain, loose, middle, bones)
}

/// NFC, lower case, in words.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![];
    let mut word = String::new();
    let mut letters = 0;
    let mut end = |word: &mut String, letters: &mut usize| {
        *letters = 0;
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    for c in text.nfc().flat_map(char::to_lowercase).nfc() {
        if matches!(c, '\'' | '’' | 'ʼ' | '`' | '´' | '\u{301}') {
            continue;
        }
        if !c.is_alphanumeric() && !is_combining_mark(c) {
            end(&mut word, &mut letters);
            continue;
        }
        let last_is_digit = word.ends_with(|l: char| l.is_ascii_digit());
        if !word.is_empty() && last_is_digit != c.is_ascii_digit() {
            end(&mut word, &mut letters);
        }
        letters += 1;
        if letters <= WORD_LETTERS_MAX {
            word.push(c);
        }
    }
    end(&mut word, &mut letters);
    words
}

/// Korean letters one by one; loosely with tense, aspirated and plain consonants as one and the
/// vowels that sound alike as one.
fn jamo(word: &str) -> (String, String) {
    let plain: String = word.nfd().collect();
    let like = |c: char| match c {
        'ᄁ' | 'ᄏ' => 'ᄀ',
        'ᄄ' | 'ᄐ' => 'ᄃ',
        'ᄈ' | 'ᄑ' => 'ᄇ',
        'ᄊ' => 'ᄉ',
        'ᄍ' | 'ᄎ' => 'ᄌ',
        'ᅢ' | 'ᅨ' | 'ᅤ' => 'ᅦ',
        'ᅫ' | 'ᅬ' => 'ᅰ',
        'ᅴ' => 'ᅵ',
        'ᆩ' | 'ᆿ' => 'ᆨ',
        'ᆺ' | 'ᆻ' | 'ᆽ' | 'ᆾ' | 'ᇀ' | 'ᇂ' => 'ᆮ',
        'ᇁ' | 'ᆹ' => 'ᆸ',
        other => other,
    };
    let loose = plain.chars().map(like).collect();
    (plain, loose)
}

/// English spellings of one sound as one.
fn english_loose(plain: &str) -> String {
    let mut loose = String::with_capacity(plain.len());
    let mut rest = plain;
    while let Some(c) = rest.chars().next() {
        let (as_one, length) = match rest.as_bytes() {
            [b'p', b'h', ..] => ('f', 2),
            [b'c', b'k', ..] | [b'q', b'u', ..] => ('k', 2),
            [b'g', b'h', ..] => ('g', 2),
            [b's', b'c', b'h', ..] => ('s', 3),
            [b'c', b'e' | b'i' | b'y', ..] => ('s', 1),
            [b'c', b'h', ..] => ('C', 2),
            [b'c', ..] => ('k', 1),
            [b'z', ..] => ('s', 1),
            [b'y', ..] => ('i', 1),
            _ => (c, c.len_utf8()),
        };
        if !loose.ends_with(as_one) {
            loose.push(as_one);
        }
        rest = &rest[length..];
    }
    loose
}
