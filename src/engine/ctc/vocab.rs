//! The pieces of words a CTC model speaks in.

use crate::engine::EngineError;
use std::collections::HashMap;
use std::path::Path;
use unicode_normalization::UnicodeNormalization;

/// Index of a piece in the model's output.
pub type Token = u32;
/// CTC's "nothing here".
pub const BLANK: Token = 0;
/// SentencePiece's mark of a word's beginning, U+2581.
const WORD_START: char = '\u{2581}';

/// All pieces the model may output.
pub struct Vocab {
    pieces: Vec<String>,
    tokens: HashMap<String, Token>,
    longest: usize,
}

impl Vocab {
    /// Reads lines `piece id`, ids counted from 0; only the first `outputs` are the model's.
    pub fn load(file: &Path, outputs: usize) -> Result<Vocab, EngineError> {
        let text = std::fs::read_to_string(file).map_err(|e| {
            EngineError::Missing(format!("{}: {e}; run `spillway models pull vi`", file.display()))
        })?;
        Vocab::parse(&text, outputs).map_err(|reason| {
            let reason = format!("{}: {reason}; pull the pack again", file.display());
            EngineError::Broken { engine: "ctc", reason }
        })
    }

    /// As [`Vocab::load`], of the file's text.
    pub fn parse(text: &str, outputs: usize) -> Result<Vocab, String> {
        let mut pieces = Vec::new();
        for (number, line) in text.lines().enumerate().take(outputs) {
            let (piece, id) = line.rsplit_once(' ').ok_or(format!("line {}: no id", number + 1))?;
            if id.parse() != Ok(number) {
                return Err(format!("line {}: id {id} is out of order", number + 1));
            }
            pieces.push(piece.to_string());
        }
        if pieces.len() < outputs {
            return Err(format!("{} pieces, the model has {outputs} outputs", pieces.len()));
        }
        let tokens = pieces.iter().cloned().zip(0..).collect();
        let longest = pieces.iter().map(|p| p.chars().count()).max().unwrap_or(0);
        Ok(Vocab { pieces, tokens, longest })
    }

    /// True when `token` begins a word.
    pub fn starts_word(&self, token: Token) -> bool {
        self.piece(token).starts_with(WORD_START)
    }

    fn piece(&self, token: Token) -> &str {
        self.pieces.get(token as usize).map_or("", String::as_str)
    }

    /// The token's letters without the mark of a word's beginning.
    pub fn letters(&self, token: Token) -> &str {
        self.piece(token).trim_start_matches(WORD_START)
    }

    /// `phrase` in the fewest pieces (the longest first where that leaves a choice); `None` when
    /// it holds something the model cannot say, or nothing. Case and punctuation do not matter.
    pub fn encode(&self, phrase: &str) -> Option<Vec<Token>> {
        let plain: String = phrase
            .nfc()
            .flat_map(char::to_lowercase)
            .map(|c| if c.is_alphanumeric() { c } else { ' ' })
            .collect();
        let mut tokens = Vec::new();
        for word in plain.split_whitespace() {
            tokens.extend(self.encode_word(word)?);
        }
        (!tokens.is_empty()).then_some(tokens)
    }

    fn encode_word(&self, word: &str) -> Option<Vec<Token>> {
        let letters: Vec<char> = std::iter::once(WORD_START).chain(word.chars()).collect();
        // best[i]: how to spell the letters from i on: number of pieces, first piece, its end.
        let mut best: Vec<Option<(usize, Token, usize)>> = vec![None; letters.len() + 1];
        best[letters.len()] = Some((0, BLANK, letters.len()));
        for start in (0..letters.len()).rev() {
            for end in (start + 1..=letters.len().min(start + self.longest)).rev() {
                let Some((rest, ..)) = best[end] else { continue };
                let piece: String = letters[start..end].iter().collect();
                let Some(&token) = self.tokens.get(&piece) else { continue };
                if best[start].is_none_or(|(pieces, ..)| rest + 1 < pieces) {
                    best[start] = Some((rest + 1, token, end));
                }
            }
        }
        let (mut tokens, mut at) = (Vec::new(), 0);
        while at < letters.len() {
            let (_, token, end) = best[at]?;
            tokens.push(token);
            at = end;
        }
        Some(tokens)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// `<blank>`, `▁có`, `▁không`, `▁kh`, `ông`, `▁đ`, `úng`, `i`.
    pub fn small() -> Vocab {
        let text = "<blank> 0\n▁có 1\n▁không 2\n▁kh 3\nông 4\n▁đ 5\núng 6\ni 7\n, 8\n";
        Vocab::parse(text, 8).unwrap()
    }

    #[test]
    fn phrases_take_the_fewest_pieces() {
        let check = |phrase: &str, want: Option<&[Token]>| {
            assert_eq!(small().encode(phrase).as_deref(), want, "{phrase}");
        };
        check("không", Some(&[2]));
        check("Không, đúng!", Some(&[2, 5, 6]));
        check("co\u{301}i", Some(&[1, 7]));
        check("xin", None);
        check("", None);
    }

    #[test]
    fn a_broken_file_is_refused_with_its_line() {
        let check = |text: &str, want: &str| {
            let Err(got) = Vocab::parse(text, 2) else { panic!("{text:?} accepted") };
            assert!(got.contains(want), "{got}");
        };
        check("a 0\nb", "line 2");
        check("a 0\nb 7", "out of order");
        check("a 0", "2 outputs");
    }
}
