//! Words that sound alike: what a recogniser makes of a word nobody measured.

use unicode_normalization::UnicodeNormalization;

/// The tone marks of Vietnamese as combining characters, with their names; none is level.
const TONES: [(char, &str); 5] = [
    ('\u{300}', "falling"),
    ('\u{301}', "rising"),
    ('\u{309}', "dipping"),
    ('\u{303}', "creaking"),
    ('\u{323}', "heavy"),
];
/// Initials as they are written, the longer of two first, and as they sound.
const INITIALS: [(&str, &str); 28] = [
    ("ngh", "ng"),
    ("ng", "ng"),
    ("nh", "nh"),
    ("kh", "kh"),
    ("gh", "g"),
    ("gi", "gi"),
    ("ph", "ph"),
    ("th", "th"),
    ("tr", "tr"),
    ("ch", "ch"),
    ("qu", "qu"),
    ("b", "b"),
    ("c", "c"),
    ("k", "c"),
    ("d", "d"),
    ("đ", "đ"),
    ("g", "g"),
    ("h", "h"),
    ("l", "l"),
    ("m", "m"),
    ("n", "n"),
    ("p", "p"),
    ("r", "r"),
    ("s", "s"),
    ("t", "t"),
    ("v", "v"),
    ("x", "x"),
    ("", ""),
];
/// Initials that are taken for each other, by dialect or over the telephone.
const INITIALS_ALIKE: [&[&str]; 15] = [
    &["tr", "ch"],
    &["s", "x"],
    &["l", "n"],
    &["d", "gi", "r", "v"],
    &["d", "đ", "t"],
    &["b", "v", "m"],
    &["t", "th"],
    &["c", "kh", "g"],
    &["h", "kh", "ph"],
    &["m", "n", "nh"],
    &["ng", "nh", ""],
    &["th", "s", "x", "kh"],
    &["qu", "v", "h"],
    &["ch", "t", "gi"],
    &["p", "b"],
];
const FINALS: [&str; 12] = ["ng", "nh", "ch", "n", "m", "t", "c", "p", "i", "y", "o", "u"];
const FINALS_ALIKE: [&[&str]; 7] = [
    &["n", "ng", "nh"],
    &["t", "c", "ch", "p"],
    &["m", "n", "ng"],
    &["i", "y"],
    &["o", "u"],
    &["n", ""],
    &["i", ""],
];
const VOWELS_ALIKE: [&[&str]; 9] = [
    &["a", "ă", "â"],
    &["e", "ê", "i"],
    &["o", "ô", "u", "oa"],
    &["ơ", "ư", "â", "ươ"],
    &["iê", "i", "ê", "yê"],
    &["uô", "u", "ô", "ua"],
    &["ia", "i", "ya"],
    &["ưa", "ư", "ươ"],
    &["uyê", "iê", "uy"],
];
/// Every rime of the language, without its tone.
const RIMES: &str = "a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp \
    ât âu ây e ec em en eng eo ep et ê êch êm ên ênh êp êt êu i ia ich iêc iêm iên iêng iêp iêt \
    iêu im in inh ip it iu o oa oac oach oai oam oan oang oanh oao oat oay oăc oăm oăn oăng oăt oc \
    oe oen oeo oet oi om on ong op ot ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt u ua uân uâng uât \
    uây uc uê uêch uênh ui um un ung uô uôc uôi uôm uôn uông uôt uơ up ut uy uya uych uyên uyêt \
    uynh uyt uyu ynh yt ư ưa ưc ưi ưng ươ ươc ươi ươm ươn ương ươp ươt ươu ưt ưu y yêm yên yêt yêu";

/// Which part of a syllable was heard wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The tone only.
    Tone,
    /// The initial only.
    Initial,
    /// The rime only.
    Rime,
    /// More than one of them.
    Several,
}

/// A Vietnamese syllable, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Syllable {
    initial: String,
    rime: String,
    tone: Option<char>,
}

impl Syllable {
    /// `None` for what is no Vietnamese syllable.
    fn parse(word: &str) -> Option<Syllable> {
        let is_tone = |c: &char| TONES.iter().any(|(mark, _)| mark == c);
        let tone = word.nfd().find(is_tone);
        let plain: String = word.nfd().filter(|c| !is_tone(c)).nfc().collect();
        let mut split = INITIALS.iter().filter_map(|&(written, initial)| {
            let rest = plain.strip_prefix(written)?;
            // "gì", "gìn" and "giêng" are gi + i, in, iêng.
            let rime = match (initial, rest.chars().next()) {
                ("gi", None | Some('n' | 'm' | 'ê')) => format!("i{rest}"),
                _ => rest.to_string(),
            };
            is_rime(&rime).then(|| Syllable { initial: initial.into(), rime, tone })
        });
        split.next()
    }

    /// As it is written.
    fn spell(&self) -> String {
        let front = self.rime.starts_with(['e', 'ê', 'i', 'y']);
        let initial = match self.initial.as_str() {
            "c" if front => "k",
            "g" if front => "gh",
            "ng" if front => "ngh",
            "gi" if self.rime.starts_with('i') => "g",
            other => other,
        };
        let letters: Vec<char> = self.rime.chars().collect();
        let vowels = letters.iter().take_while(|c| is_vowel(**c)).count();
        let marked = letters[..vowels].iter().rposition(|c| "ăâêôơư".contains(*c));
        let last = letters.len() - 1;
        let at = match (marked, vowels) {
            (Some(at), _) => at,
            (None, n) if n < letters.len() => n - 1,
            (None, 3) => 1,
            _ => 0,
        }
        .min(last);
        let mut word = initial.to_string();
        for (i, letter) in letters.into_iter().enumerate() {
            word.push(letter);
            word.extend(self.tone.filter(|_| i == at));
        }
        word.nfc().collect()
    }

    /// A syllable that ends in a stop has two tones only.
    fn may_have(&self, tone: Option<char>) -> bool {
        let stop = ["c", "ch", "p", "t"].iter().any(|end| self.rime.ends_with(end));
        !stop || matches!(tone, Some('\u{301}' | '\u{323}'))
    }

    fn alike(&self, part: Part) -> Vec<Syllable> {
        match part {
            Part::Tone => {
                let tones = TONES.iter().map(|(mark, _)| Some(*mark)).chain([None]);
                let other = tones.filter(|&t| t != self.tone && self.may_have(t));
                other.map(|tone| Syllable { tone, ..self.clone() }).collect()
            }
            Part::Initial => {
                let to = |initial: String| Syllable { initial, ..self.clone() };
                swaps(&self.initial, &INITIALS_ALIKE).map(to).collect()
            }
            Part::Rime => self.rimes().map(|rime| Syllable { rime, ..self.clone() }).collect(),
            Part::Several => {
                let first = self.alike(Part::Rime);
                first.iter().flat_map(|s| s.alike(Part::Tone)).collect()
            }
        }
    }

    /// Rimes of another vowel or another end, whose tone may stay.
    fn rimes(&self) -> impl Iterator<Item = String> + '_ {
        let end = FINALS.iter().find(|f| self.rime.ends_with(**f) && self.rime.len() > f.len());
        let end = end.copied().unwrap_or("");
        let vowel = self.rime[..self.rime.len() - end.len()].to_string();
        let ends = swaps(end, &FINALS_ALIKE).map({
            let vowel = vowel.clone();
            move |end| format!("{vowel}{end}")
        });
        let vowels = swaps(&vowel, &VOWELS_ALIKE).map(move |vowel| format!("{vowel}{end}"));
        let whole = swaps(&self.rime, &VOWELS_ALIKE);
        ends.chain(vowels).chain(whole).filter(|rime| {
            let rime = Syllable { rime: rime.clone(), ..self.clone() };
            rime.rime != self.rime && is_rime(&rime.rime) && rime.may_have(self.tone)
        })
    }
}

fn is_vowel(c: char) -> bool {
    "aăâeêioôơuưy".contains(c)
}

fn is_rime(rime: &str) -> bool {
    RIMES.split_whitespace().any(|r| r == rime)
}

/// The others of every group that holds `part`.
fn swaps<'a>(part: &str, groups: &'a [&'a [&'a str]]) -> impl Iterator<Item = String> + use<'a> {
    let part = part.to_string();
    let of = part.clone();
    let inside = groups.iter().filter(move |group| group.contains(&of.as_str()));
    let others = inside.flat_map(|group| group.iter());
    others.filter(move |other| **other != part).map(|other| other.to_string())
}

/// The class of a word by which error rates are counted: the tone of a Vietnamese syllable, else
/// how many letters the word has.
pub fn class(language: &str, word: &str) -> &'static str {
    if language == "vi" {
        let mark = word.nfd().find_map(|c| TONES.iter().find(|(tone, _)| *tone == c));
        return mark.map_or("level", |(_, name)| name);
    }
    match word.chars().count() {
        0..=3 => "short",
        4..=6 => "middle",
        _ => "long",
    }
}

/// Which part of `said` is another in `heard`; `None` where one is no Vietnamese syllable.
pub fn part(said: &str, heard: &str) -> Option<Part> {
    let (a, b) = (Syllable::parse(said)?, Syllable::parse(heard)?);
    Some(match (a.initial == b.initial, a.rime == b.rime, a.tone == b.tone) {
        (true, true, _) => Part::Tone,
        (false, true, true) => Part::Initial,
        (true, false, true) => Part::Rime,
        _ => Part::Several,
    })
}

/// Words like `word` but for `part` of it; in other languages than Vietnamese, and for foreign
/// words there, but for one letter. Never `word` itself; may be empty.
pub fn alike(language: &str, word: &str, part: Part) -> Vec<String> {
    let syllable = if language == "vi" { Syllable::parse(word) } else { None };
    let mut words: Vec<String> = match syllable {
        Some(syllable) => syllable.alike(part).iter().map(Syllable::spell).collect(),
        None => letters_alike(word),
    };
    words.retain(|w| w != word && !w.is_empty());
    words.sort();
    words.dedup();
    words
}

/// Letters that sound alike in the Latin and Cyrillic scripts.
const LETTERS_ALIKE: [&str; 22] = [
    "aeo", "ieyě", "ouů", "aá", "eé", "ií", "bpv", "dtď", "gkc", "fv", "szc", "mn", "rl", "wv",
    "аоя", "еиэі", "уюо", "бпв", "дт", "гкхґ", "зсж", "мн",
];
/// Hangul syllables: 19 initials x 21 vowels x 28 finals from U+AC00 on (Unicode 3.12).
const HANGUL: u32 = 0xAC00;
const HANGUL_SYLLABLES: u32 = 19 * 21 * 28;

/// Every word with one letter another or, in words of four letters and more, left out.
fn letters_alike(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    let mut words = Vec::new();
    for (at, &letter) in letters.iter().enumerate() {
        let mut with = |other: Option<char>| {
            let mut new = letters.clone();
            new.splice(at..=at, other);
            words.push(new.into_iter().collect());
        };
        let groups = LETTERS_ALIKE.iter().filter(|group| group.contains(letter));
        groups.flat_map(|g| g.chars()).filter(|&c| c != letter).for_each(|c| with(Some(c)));
        hangul_alike(letter).into_iter().for_each(|c| with(Some(c)));
        if letters.len() >= 4 && letter.is_alphabetic() {
            with(None);
        }
    }
    words
}

/// The same block with a neighbouring initial, vowel or final, or without its final.
fn hangul_alike(block: char) -> Vec<char> {
    let Some(index) = u32::from(block).checked_sub(HANGUL).filter(|i| *i < HANGUL_SYLLABLES) else {
        return Vec::new();
    };
    let (initial, vowel, last) = (index / 588, index / 28 % 21, index % 28);
    let beside = [
        ((initial + 1) % 19, vowel, last),
        (initial, (vowel + 1) % 21, last),
        (initial, (vowel + 4) % 21, last),
        (initial, vowel, if last == 0 { 4 } else { 0 }),
        (initial, vowel, if last == 4 { 21 } else { 4 }),
    ];
    let block = |(i, v, l): (u32, u32, u32)| char::from_u32(HANGUL + i * 588 + v * 28 + l);
    beside.into_iter().filter_map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syllables_come_apart_and_together() {
        for word in "nghĩa gì gìn già quý quấy hóa khỏe thủy hoàn huỳnh khuya mưa cười người kiên \
                     nghiêng ghế kể xoáy thuở túy yên ý ông được trường đặng giữ giêng mười xã \
                     tuyết uỷ oanh em ăn ấp"
            .split_whitespace()
        {
            let syllable = Syllable::parse(word).unwrap_or_else(|| panic!("{word}"));
            // The one spelling with two customs.
            let want = if word == "uỷ" { "ủy" } else { word };
            assert_eq!(syllable.spell(), want, "{syllable:?}");
        }
        assert_eq!(Syllable::parse("karaoke"), None);
        assert_eq!(Syllable::parse(""), None);
    }

    #[test]
    fn parts() {
        let check = |said: &str, heard: &str, want: Option<Part>| {
            assert_eq!(part(said, heard), want, "{said} {heard}");
        };
        check("hai", "hài", Some(Part::Tone));
        check("trâu", "châu", Some(Part::Initial));
        check("lan", "lang", Some(Part::Rime));
        check("lan", "nàng", Some(Part::Several));
        check("lan", "xyz", None);
    }

    #[test]
    fn neighbours_sound_alike_and_can_be_said() {
        let check = |word: &str, part: Part, some: &str| {
            let got = alike("vi", word, part);
            assert!(got.iter().any(|w| w == some), "{word} {part:?}: {got:?}");
            for other in got {
                assert!(Syllable::parse(&other).is_some(), "{word}: {other}");
            }
        };
        check("trần", Part::Initial, "chần");
        check("lan", Part::Rime, "lang");
        check("nghĩa", Part::Tone, "nghỉa");
        check("một", Part::Tone, "mốt");
        check("hoàng", Part::Several, "hoán");
        assert_eq!(alike("vi", "một", Part::Tone), ["mốt"]);
        assert!(alike("en", "smith", Part::Rime).contains(&"smit".to_string()));
        assert!(!alike("ko", "서울", Part::Rime).is_empty());
        assert!(alike("en", "", Part::Rime).is_empty());
    }

    #[test]
    fn classes() {
        let got = ["một", "hai", "bà"].map(|w| class("vi", w));
        assert_eq!((got, class("en", "one")), (["heavy", "level", "falling"], "short"));
    }
}
