//! Where a text may be taken apart for a voice: sentences, and the clauses in them.

use crate::audio::SAMPLE_RATE_HZ;
use crate::audio::loudness::{telephone_level, trimmed};
use crate::audio::resample::resample;

/// A sentence longer than this is cut at a space: a voice's first sound comes after one sentence,
/// and its memory grows with the sentence.
const SENTENCE_CHARS_MAX: usize = 240;

/// Silence kept before the first sound and after the last: 20 ms and no clipped consonants.
const EDGE_SAMPLES: usize = 160;

/// A voice's sentence at `rate_hz` as calls want it: 8 kHz, telephone level, trimmed; an error says
/// what is wrong with it.
pub(super) fn for_telephone(samples: &[f32], rate_hz: u32) -> Result<Vec<i16>, String> {
    let samples = resample(samples, rate_hz, SAMPLE_RATE_HZ).map_err(|e| e.to_string())?;
    let sound = trimmed(&telephone_level(&samples), EDGE_SAMPLES).to_vec();
    if sound.is_empty() { Err("a sentence came out silent".into()) } else { Ok(sound) }
}

/// The end of a clause, as the voices know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A short pause: commas, brackets, dashes.
    Comma,
    /// A longer one: `;` and `:`.
    Semicolon,
    /// The end of a statement.
    Stop,
    /// The end of a question.
    Question,
    /// The end of an exclamation.
    Exclamation,
}

impl Mark {
    /// The mark as it is written.
    pub fn sign(self) -> char {
        match self {
            Mark::Comma => ',',
            Mark::Semicolon => ';',
            Mark::Stop => '.',
            Mark::Question => '?',
            Mark::Exclamation => '!',
        }
    }

    fn ends_sentence(self) -> bool {
        matches!(self, Mark::Stop | Mark::Question | Mark::Exclamation)
    }

    /// The mark that `sign` makes; `next` follows it. In figures and in words (3.5, 1,000, 7:30,
    /// 12/4, o'clock) there is none.
    fn of(sign: char, next: Option<char>) -> Option<Mark> {
        let closes = next.is_none_or(|c| c.is_whitespace() || "\"'”’»)]".contains(c));
        match sign {
            ',' if closes => Some(Mark::Comma),
            ';' | ':' if closes => Some(Mark::Semicolon),
            '.' if closes || next == Some('.') => Some(Mark::Stop),
            '?' => Some(Mark::Question),
            '!' => Some(Mark::Exclamation),
            '…' | '。' | '।' | '؟' => Some(Mark::Stop),
            '(' | ')' | '[' | ']' | '—' | '–' | '、' | '،' | '，' => Some(Mark::Comma),
            _ => None,
        }
    }
}

/// Words spoken in one breath, and the mark after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Without the mark; at least one letter or digit.
    pub words: String,
    /// What follows.
    pub mark: Mark,
}

/// Clauses up to the end of a statement or a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence(pub Vec<Clause>);

impl Sentence {
    /// The sentence as text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for clause in &self.0 {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&clause.words);
            text.push(clause.mark.sign());
        }
        text
    }

    /// Whether the voice falls at its end; a piece cut out of a long sentence goes on.
    pub fn is_whole(&self) -> bool {
        self.0.last().is_some_and(|clause| clause.mark.ends_sentence())
    }
}

/// The sentences of `text` in order; text without a letter or a digit has none.
///
/// A line's end is a sentence's end. Taking [`Sentence::text`] apart again gives one sentence.
pub fn sentences(text: &str) -> Vec<Sentence> {
    let mut builder = Builder::default();
    for line in text.lines() {
        let mut signs = line.chars().peekable();
        let mut before = None;
        while let Some(sign) = signs.next() {
            match Mark::of(sign, signs.peek().copied()) {
                Some(Mark::Stop) if sign == '.' && builder.in_abbreviation() => {
                    builder.words.push('.');
                }
                Some(mark) => builder.end_clause(mark),
                // A hyphen between spaces is a dash.
                None if sign == '-'
                    && before.is_none_or(char::is_whitespace)
                    && signs.peek().is_some_and(|c| c.is_whitespace()) =>
                {
                    builder.end_clause(Mark::Comma);
                }
                None => builder.push(sign),
            }
            before = Some(sign);
        }
        builder.end_clause(Mark::Stop);
    }
    builder.done
}

/// Samples of silence between two sentences of one text: 300 ms, or 80 ms where a long sentence
/// was cut.
pub fn gap_samples(before: &Sentence) -> usize {
    let gap_ms = if before.is_whole() { 300 } else { 80 };
    gap_ms * SAMPLE_RATE_HZ as usize / 1000
}

#[derive(Default)]
struct Builder {
    words: String,
    clauses: Vec<Clause>,
    chars: usize,
    done: Vec<Sentence>,
}

impl Builder {
    fn push(&mut self, sign: char) {
        if sign.is_whitespace() || sign.is_control() {
            if self.chars >= SENTENCE_CHARS_MAX {
                self.end_clause(Mark::Comma);
            } else if !self.words.is_empty() && !self.words.ends_with(' ') {
                self.words.push(' ');
            }
            return;
        }
        self.words.push(sign);
        self.chars += 1;
        // Nothing that can be said has words this long.
        if self.chars >= 2 * SENTENCE_CHARS_MAX {
            self.end_clause(Mark::Comma);
        }
    }

    /// Titles and initials that a name or an address may hold: "Mrs. Hoa", "St. James", "J. Novak".
    fn in_abbreviation(&self) -> bool {
        let word = self.words.rsplit(' ').next().unwrap_or("");
        let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
        initial || ["Mr", "Mrs", "Ms", "Dr", "St", "No", "Apt", "Nr"].contains(&word)
    }

    fn end_clause(&mut self, mark: Mark) {
        let words = std::mem::take(&mut self.words);
        let words = words.trim();
        if words.chars().any(char::is_alphanumeric) {
            self.clauses.push(Clause { words: words.to_string(), mark });
        } else if let Some(last) = self.clauses.last_mut() {
            // "Really?!" and "(here)." are one end: the stronger mark stands.
            if mark.ends_sentence() && !last.mark.ends_sentence() {
                last.mark = mark;
            }
        }
        if mark.ends_sentence() || self.chars >= SENTENCE_CHARS_MAX {
            self.end_sentence();
        }
    }

    fn end_sentence(&mut self) {
        self.chars = 0;
        if !self.clauses.is_empty() {
            self.done.push(Sentence(std::mem::take(&mut self.clauses)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Clauses are parted by `|`, sentences by ` / `.
    fn check(text: &str, expected: &str) {
        let clause = |c: &Clause| format!("{}{}", c.words, c.mark.sign());
        let join = |s: &Sentence| s.0.iter().map(clause).collect::<Vec<_>>().join("|");
        let got: Vec<String> = sentences(text).iter().map(join).collect();
        assert_eq!(got.join(" / "), expected, "{text:?}");
    }

    #[test]
    fn texts_are_taken_apart_where_a_speaker_pauses() {
        check("Hello.", "Hello.");
        check("no end", "no end.");
        check("5 5 5, 1 2 3", "5 5 5,|1 2 3.");
        check("Your name, please? Thank you!", "Your name,|please? / Thank you!");
        check("one; two: three", "one;|two;|three.");
        check("one\ntwo", "one. / two.");
        check("Really?! Yes...", "Really? / Yes.");
        check("He said \"stop.\" Then", "He said \"stop. / \" Then.");
        check("a (b) c", "a,|b,|c.");
        check("rice - and water", "rice,|and water.");
        check("twenty-one o'clock", "twenty-one o'clock.");
        check("at 7:30, 3.5 km, 1,000 people", "at 7:30,|3.5 km,|1,000 people.");
        check(
            "Mrs. Hoa, 12 St. James Street. J. Novak.",
            "Mrs. Hoa,|12 St. James Street. / J. Novak.",
        );
        check("Xin chào. Anh tên gì ạ?", "Xin chào. / Anh tên gì ạ?");
        check("네. 알겠습니다。", "네. / 알겠습니다.");
    }

    #[test]
    fn what_cannot_be_said_is_nothing() {
        for text in ["", " \n\t", "...", "?!", "—", "\0\u{7}", "( - )"] {
            check(text, "");
        }
        check("-v en", "-v en.");
        check("a\0b", "a b.");
    }

    #[test]
    fn long_sentences_are_cut_at_a_space() {
        let cut = sentences(&"word ".repeat(1_000));
        assert!(cut.len() > 10);
        assert!(cut.iter().all(|s| s.text().chars().count() < 2 * SENTENCE_CHARS_MAX));
        assert!(!cut[0].is_whole() && gap_samples(&cut[0]) == 640);
        let glued = sentences(&"x".repeat(5_000));
        assert!(glued.iter().all(|s| s.text().chars().count() <= 2 * SENTENCE_CHARS_MAX + 1));
    }

    proptest! {
        #[test]
        fn nothing_sayable_is_lost_and_a_sentence_is_one_sentence(text in "\\PC{0,400}") {
            let sayable =
                |t: &str| -> String { t.chars().filter(|c| c.is_alphanumeric()).collect() };
            let all = sentences(&text);
            let joined: Vec<String> = all.iter().map(Sentence::text).collect();
            prop_assert_eq!(sayable(&joined.concat()), sayable(&text));
            for sentence in all.iter().filter(|s| s.is_whole()) {
                let again = sentences(&sentence.text());
                prop_assert_eq!(again.len(), 1, "{:?}", sentence);
            }
        }
    }
}
