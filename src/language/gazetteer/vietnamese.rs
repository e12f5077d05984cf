//! The Vietnamese syllable: letters, tone, and what dialects and telephones make of it.

use unicode_normalization::UnicodeNormalization;

/// A written syllable with the tone apart, so that `hoà` and `hòa` are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Syllable {
    /// Letters without the tone mark (`lơi`).
    letters: String,
    /// `0` level, `1` huyền, `2` sắc, `3` hỏi, `4` ngã, `5` nặng.
    tone: char,
}

/// Onsets that dialects or telephones confuse, longest first, and what they become.
const ONSETS: &[(&str, &str)] = &[
    ("ngh", "ŋ"),
    ("ng", "ŋ"),
    ("nh", "ɲ"),
    ("gh", "g"),
    ("gi", "d"),
    ("kh", "x"),
    ("ph", "f"),
    ("qu", "kw"),
    ("th", "θ"),
    ("tr", "c"),
    ("ch", "c"),
    ("đ", "đ"),
    ("b", "b"),
    ("c", "k"),
    ("d", "d"),
    ("g", "g"),
    ("h", "h"),
    ("k", "k"),
    ("l", "n"),
    ("m", "m"),
    ("n", "n"),
    ("p", "b"),
    ("r", "d"),
    ("s", "s"),
    ("t", "t"),
    ("v", "d"),
    ("x", "s"),
    ("w", "kw"),
];

/// Final consonants of which each region keeps fewer.
const CODAS: &[(&str, &str)] =
    &[("ng", "n"), ("nh", "n"), ("ch", "t"), ("c", "t"), ("k", "t"), ("t", "t"), ("n", "n")];

impl Syllable {
    /// Reads a lower-case word.
    pub(super) fn of(word: &str) -> Syllable {
        let mut tone = '0';
        let mut kept = String::with_capacity(word.len() + 4);
        for c in word.nfd() {
            match c {
                '\u{300}' => tone = '1',
                '\u{301}' => tone = '2',
                '\u{309}' => tone = '3',
                '\u{303}' => tone = '4',
                '\u{323}' => tone = '5',
                _ => kept.push(c),
            }
        }
        Syllable { letters: kept.nfc().collect(), tone }
    }

    /// Letters and tone.
    pub(super) fn exact(&self) -> String {
        format!("{}{}", self.letters, self.tone)
    }

    /// No tone, no diacritics, d for đ.
    pub(super) fn plain(&self) -> String {
        plain(&self.letters)
    }

    /// The syllable with regional mergers made, and the bytes of its onset.
    pub(super) fn loose(&self) -> (String, usize) {
        let letters = self.letters.as_str();
        let (onset, rime) = ONSETS
            .iter()
            .find_map(|(from, to)| letters.strip_prefix(from).map(|rest| (*to, (*from, rest))))
            .map_or(("", letters), |(to, (from, rest))| {
                // In `gì`, `gìn` the i is onset and vowel at once.
                let vowel_follows = rest.starts_with(|c: char| "aăâeêioôơuưy".contains(c));
                (to, if from == "gi" && !vowel_follows { &letters[1..] } else { rest })
            });
        let rime = plain(rime).replace('y', "i");
        let (body, coda) = CODAS
            .iter()
            .find_map(|(from, to)| rime.strip_suffix(from).map(|body| (body, *to)))
            .unwrap_or((&rime, ""));
        (format!("{onset}{body}{coda}"), onset.len())
    }
}

fn plain(letters: &str) -> String {
    letters
        .nfd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .map(|c| if c == 'đ' { 'd' } else { c })
        .collect()
}

/// How like two words of the same letters are, by what their exact forms say of tone and
/// diacritics.
pub(super) fn same_letters_similarity(spoken: &str, name: &str, plain: &str) -> f32 {
    let (spoken_letters, spoken_tone) = split_tone(spoken);
    let (name_letters, name_tone) = split_tone(name);
    let is_bare = spoken_tone == "0" && spoken_letters == plain;
    match (spoken_letters == name_letters, spoken_tone == name_tone) {
        // Most dialects south of the Red River delta have one tone for hỏi and ngã.
        (true, _) if matches!((spoken_tone, name_tone), ("3", "4") | ("4", "3")) => 0.97,
        _ if is_bare => 0.95,
        (true, _) => 0.92,
        (false, true) => 0.90,
        (false, false) => 0.87,
    }
}

/// True when the tones of two exact forms differ and the spoken one has a tone at all.
pub(super) fn tones_clash(spoken: &str, name: &str) -> bool {
    let (spoken_tone, name_tone) = (split_tone(spoken).1, split_tone(name).1);
    spoken_tone != name_tone && spoken_tone != "0"
}

fn split_tone(exact: &str) -> (&str, &str) {
    exact.split_at(exact.len().saturating_sub(1))
}
