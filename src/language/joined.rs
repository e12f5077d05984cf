//! Words written together with what follows them: Korean endings and particles.

use super::Endings;

/// Longest word that is taken apart, in letters.
pub(super) const LETTERS_MAX: usize = 30;

/// The stem and the ending of `word`, every way it may be cut; the whole word first.
pub(super) fn cuts<'w>(word: &'w str, endings: &[&Endings]) -> Vec<(&'w str, &'w str)> {
    let mut found = vec![(word, "")];
    if word.chars().count() > LETTERS_MAX {
        return found;
    }
    for (at, _) in word.char_indices().skip(1) {
        let (stem, ending) = word.split_at(at);
        if endings.iter().any(|e| e.may_follow(stem, ending)) {
            found.push((stem, ending));
        }
    }
    found
}

/// The stem of `word` without its longest ending.
pub(super) fn without_ending<'w>(word: &'w str, endings: &Endings) -> &'w str {
    cuts(word, &[endings]).into_iter().map(|(stem, _)| stem).nth(1).unwrap_or(word)
}

impl Endings {
    /// True when `ending` is one of these and the last sound of `stem` lets it follow.
    pub(super) fn may_follow(&self, stem: &str, ending: &str) -> bool {
        let among = |list: &[String]| list.iter().any(|e| e == ending);
        among(&self.anywhere)
            || match stem.chars().next_back().and_then(ends_in_consonant) {
                Some(true) => among(&self.after_consonant),
                Some(false) => among(&self.after_vowel),
                None => among(&self.after_consonant) || among(&self.after_vowel),
            }
    }
}

/// Whether a Hangul syllable ends in a consonant; `None` for other letters.
///
/// The Unicode Standard, 3.12: 28 last sounds for each pair of a first and a middle one, 0 none.
fn ends_in_consonant(letter: char) -> Option<bool> {
    let code = u32::from(letter);
    (0xAC00..=0xD7A3).contains(&code).then(|| !(code - 0xAC00).is_multiple_of(28))
}

#[cfg(test)]
mod tests {
    use super::super::tests::ko;
    use super::*;

    #[test]
    fn endings_follow_their_sounds() {
        let ko = ko();
        let check = |word: &str, want: &str| {
            assert_eq!(without_ending(word, &ko.endings), want, "{word}");
        };
        check("김순자입니다", "김순자");
        check("박영호라고", "박영호");
        check("최미경이에요", "최미경");
        check("민지예요", "민지");
        check("강지훈이요", "강지훈");
        check("신정수요", "신정수");
        check("진달수라예", "진달수");
        check("정미숙이라니까요", "정미숙");
        check("김철수", "김철수");
        check("요", "요");
    }
}
