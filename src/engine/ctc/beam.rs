//! CTC prefix beam search (Hannun et al., arXiv:1408.2873) with phrase bias, frame by frame.

use super::bias::{PhraseTrie, Place};
use super::vocab::{BLANK, Token, Vocab};
use crate::speech::{Alternative, Transcript, Word};
use std::collections::HashMap;
use std::sync::Arc;

/// Hypotheses kept after each frame.
const WIDTH: usize = 16;
/// Tokens tried on each frame, and the least log probability of one that is tried.
const TOKENS_PER_FRAME: usize = 8;
const TOKEN_LOG_PROBABILITY_MIN: f32 = -9.0;
/// As above for a token that carries on an expected phrase.
const PHRASE_LOG_PROBABILITY_MIN: f32 = -12.0;
/// Above this a frame holds nothing but blank.
const SURE_BLANK: f32 = -0.001;
/// Milliseconds of one output frame.
pub const FRAME_MS: u32 = 40;
/// Further hypotheses in a transcript.
const ALTERNATIVES: usize = 6;

/// A piece in the tree of all prefixes, and where it was heard.
#[derive(Debug, Clone, Copy)]
struct Piece {
    before: u32,
    token: Token,
    first_frame: u32,
    last_frame: u32,
    /// The highest log probability the model gave this token here.
    peak: f32,
}

#[derive(Debug, Clone, Copy)]
struct Hypothesis {
    /// Its last piece; 0 is the empty beginning.
    piece: u32,
    /// Log probability of all alignments that end in blank, and of those that end in the piece.
    blank: f32,
    spoken: f32,
    place: Place,
    bias: f32,
}

impl Hypothesis {
    fn heard(&self) -> f32 {
        log_add(self.blank, self.spoken)
    }

    fn score(&self) -> f32 {
        self.heard() + self.bias
    }
}

/// The search over one turn.
#[derive(Clone)]
pub struct Beam {
    pieces: Vec<Piece>,
    next: HashMap<(u32, Token), u32>,
    hypotheses: Vec<Hypothesis>,
    phrases: Option<Arc<PhraseTrie>>,
    frames: u32,
    blank_frames: u32,
}

fn log_add(a: f32, b: f32) -> f32 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if low == f32::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}

impl Beam {
    /// Nothing heard yet.
    pub fn new(phrases: Option<Arc<PhraseTrie>>) -> Beam {
        let root = Piece { before: 0, token: BLANK, first_frame: 0, last_frame: 0, peak: f32::MIN };
        let empty = Hypothesis {
            piece: 0,
            blank: 0.0,
            spoken: f32::NEG_INFINITY,
            place: Place::default(),
            bias: 0.0,
        };
        Beam {
            pieces: vec![root],
            next: HashMap::new(),
            hypotheses: vec![empty],
            phrases,
            frames: 0,
            blank_frames: 0,
        }
    }

    /// Frames since anything but blank was likely.
    pub fn blank_frames(&self) -> u32 {
        self.blank_frames
    }

    /// The next frame's log probabilities, one for each token.
    pub fn frame(&mut self, log_probabilities: &[f32], vocab: &Vocab) {
        let blank = log_probabilities[BLANK as usize];
        self.blank_frames = if blank > -0.1 { self.blank_frames + 1 } else { 0 };
        if blank > SURE_BLANK {
            for hypothesis in &mut self.hypotheses {
                hypothesis.blank = hypothesis.heard() + blank;
                hypothesis.spoken = f32::NEG_INFINITY;
            }
        } else {
            self.extend(log_probabilities, &likely(log_probabilities), vocab);
        }
        self.frames += 1;
    }

    fn extend(&mut self, log_probabilities: &[f32], likely: &[Token], vocab: &Vocab) {
        let of = |token: Token| log_probabilities[token as usize];
        let mut kept: HashMap<u32, Hypothesis> = HashMap::with_capacity(WIDTH * 4);
        let mut tokens: Vec<Token> = Vec::new();
        for hypothesis in std::mem::take(&mut self.hypotheses) {
            let last = self.pieces[hypothesis.piece as usize].token;
            let stays = Hypothesis {
                blank: hypothesis.heard() + of(BLANK),
                spoken: hypothesis.spoken + of(last),
                ..hypothesis
            };
            self.hear_again(hypothesis.piece, of(last));
            merge(&mut kept, stays);
            tokens.clear();
            tokens.extend_from_slice(likely);
            if let Some(phrases) = &self.phrases {
                let expected = phrases.continuations(hypothesis.place);
                let heard = expected.filter(|&t| of(t) > PHRASE_LOG_PROBABILITY_MIN);
                tokens.extend(heard.filter(|t| !likely.contains(t)));
            }
            for &token in &tokens {
                // The same piece twice needs a blank between.
                let before = if token == last { hypothesis.blank } else { hypothesis.heard() };
                let spoken = before + of(token);
                if spoken == f32::NEG_INFINITY {
                    continue;
                }
                let piece = self.piece_after(hypothesis.piece, token, of(token));
                let (place, added) = match &self.phrases {
                    Some(p) => p.advance(hypothesis.place, token, vocab.starts_word(token)),
                    None => (Place::default(), 0.0),
                };
                let bias = hypothesis.bias + added;
                let blank = f32::NEG_INFINITY;
                merge(&mut kept, Hypothesis { piece, blank, spoken, place, bias });
            }
        }
        self.hypotheses.extend(kept.into_values());
        // The piece breaks ties, so that the map's order never shows.
        let order = |a: &Hypothesis, b: &Hypothesis| {
            b.score().total_cmp(&a.score()).then(a.piece.cmp(&b.piece))
        };
        self.hypotheses.sort_unstable_by(order);
        self.hypotheses.truncate(WIDTH);
    }

    fn hear_again(&mut self, piece: u32, log_probability: f32) {
        if piece != 0 && log_probability > TOKEN_LOG_PROBABILITY_MIN {
            let piece = &mut self.pieces[piece as usize];
            // Later sound of the same piece, not a later word that happens to be alike.
            if self.frames <= piece.last_frame + 1 {
                piece.last_frame = self.frames;
                piece.peak = piece.peak.max(log_probability);
            }
        }
    }

    fn piece_after(&mut self, before: u32, token: Token, log_probability: f32) -> u32 {
        let new = self.pieces.len() as u32;
        let index = *self.next.entry((before, token)).or_insert(new);
        let frame = self.frames;
        if index == new {
            let (first_frame, last_frame, peak) = (frame, frame, log_probability);
            self.pieces.push(Piece { before, token, first_frame, last_frame, peak });
        } else if log_probability > self.pieces[index as usize].peak {
            let piece = &mut self.pieces[index as usize];
            (piece.first_frame, piece.last_frame) = (frame, frame);
            piece.peak = log_probability;
        }
        index
    }

    /// The best hypothesis with its words, and the next best ones.
    pub fn transcript(&self, vocab: &Vocab) -> Transcript {
        let finished = |h: &Hypothesis| {
            h.score() + self.phrases.as_ref().map_or(0.0, |phrases| phrases.finish(h.place))
        };
        let mut ranked: Vec<(f32, u32)> =
            self.hypotheses.iter().map(|h| (finished(h), h.piece)).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let Some(&(best, piece)) = ranked.first() else { return Transcript::default() };
        let all: f32 = ranked.iter().map(|&(score, _)| (score - best).exp()).sum();
        let words = self.words(piece, vocab);
        let text = join(&words);
        let mut alternatives: Vec<Alternative> = Vec::new();
        for &(score, piece) in &ranked[1..] {
            let other = join(&self.words(piece, vocab));
            let confidence = (score - best).exp() / all;
            match alternatives.iter_mut().find(|a| a.text == other) {
                Some(same) => same.confidence += confidence,
                None if other != text && !other.is_empty() => {
                    alternatives.push(Alternative { text: other, confidence });
                }
                None => {}
            }
        }
        alternatives.truncate(ALTERNATIVES);
        let sum: f32 = words.iter().map(|w| w.confidence).sum();
        let confidence = if words.is_empty() { 0.0 } else { sum / words.len() as f32 };
        Transcript { text, confidence, words, alternatives }
    }

    /// Words of the hypothesis that ends in `piece`; a word is as sure as its pieces' mean.
    fn words(&self, piece: u32, vocab: &Vocab) -> Vec<Word> {
        let mut path = Vec::new();
        let mut at = piece;
        while at != 0 {
            path.push(self.pieces[at as usize]);
            at = path[path.len() - 1].before;
        }
        let mut words: Vec<(Word, f32, f32)> = Vec::new();
        for piece in path.into_iter().rev() {
            let end_ms = (piece.last_frame + 1) * FRAME_MS;
            match words.last_mut() {
                Some((word, log, pieces)) if !vocab.starts_word(piece.token) => {
                    word.text.push_str(vocab.letters(piece.token));
                    word.end_ms = end_ms.max(word.end_ms);
                    (*log, *pieces) = (*log + piece.peak, *pieces + 1.0);
                }
                _ => {
                    let text = vocab.letters(piece.token).to_string();
                    let start_ms = piece.first_frame * FRAME_MS;
                    let word = Word { text, start_ms, end_ms, confidence: 0.0 };
                    words.push((word, piece.peak, 1.0));
                }
            }
        }
        let sure = |(word, log, pieces): (Word, f32, f32)| {
            let confidence = (log / pieces).exp().clamp(0.0, 1.0);
            Word { confidence, ..word }
        };
        words.into_iter().map(sure).filter(|w| !w.text.is_empty()).collect()
    }
}

fn join(words: &[Word]) -> String {
    words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// Two ways to the same prefix are one hypothesis.
fn merge(kept: &mut HashMap<u32, Hypothesis>, new: Hypothesis) {
    kept.entry(new.piece)
        .and_modify(|old| {
            old.blank = log_add(old.blank, new.blank);
            old.spoken = log_add(old.spoken, new.spoken);
        })
        .or_insert(new);
}

/// The most likely tokens but blank.
fn likely(log_probabilities: &[f32]) -> Vec<Token> {
    let mut best: Vec<(f32, Token)> = Vec::with_capacity(TOKENS_PER_FRAME + 1);
    let mut floor = TOKEN_LOG_PROBABILITY_MIN;
    for (token, &log_probability) in (0..).zip(log_probabilities).skip(1) {
        if log_probability > floor {
            let at = best.partition_point(|&(p, _)| p >= log_probability);
            best.insert(at, (log_probability, token));
            if best.len() > TOKENS_PER_FRAME {
                best.pop();
                floor = best[TOKENS_PER_FRAME - 1].0;
            }
        }
    }
    best.into_iter().map(|(_, token)| token).collect()
}

#[cfg(test)]
mod tests {
    use super::super::vocab::tests::small;
    use super::*;
    use crate::speech::Bonus;

    /// Frames given as the tokens they hold with their probabilities; the rest is shared out.
    fn search(frames: &[&[(Token, f32)]], phrases: &[&str]) -> Transcript {
        let vocab = small();
        let phrases: Vec<String> = phrases.iter().map(|p| p.to_string()).collect();
        let bonus = Bonus { token: 2.0, word: 2.0 };
        let mut beam = Beam::new(PhraseTrie::new(&phrases, &vocab, bonus).map(Arc::new));
        for frame in frames {
            let named: f32 = frame.iter().map(|f| f.1).sum();
            let mut row = [((1.0 - named).max(0.0) / 8.0 + 1e-7).ln(); 8];
            for &(token, probability) in *frame {
                row[token as usize] = probability.ln();
            }
            beam.frame(&row, &vocab);
        }
        beam.transcript(&vocab)
    }

    #[test]
    fn repeats_fold_and_blanks_part() {
        let check = |tokens: &[Token], want: &str| {
            let frames: Vec<[(Token, f32); 1]> = tokens.iter().map(|&t| [(t, 0.99)]).collect();
            let frames: Vec<&[(Token, f32)]> = frames.iter().map(|f| &f[..]).collect();
            assert_eq!(search(&frames, &[]).text, want, "{tokens:?}");
        };
        check(&[0, 0, 0], "");
        check(&[0, 1, 1, 0], "có");
        check(&[1, 0, 1], "có có");
        check(&[5, 6, 0, 2], "đúng không");
        check(&[], "");
    }

    #[test]
    fn many_weak_alignments_beat_one_strong() {
        // Greedy would say nothing (blank leads each frame); the sum over alignments says "có".
        let frame: &[(Token, f32)] = &[(0, 0.52), (1, 0.48)];
        assert_eq!(search(&[frame, frame], &[]).text, "có");
    }

    #[test]
    fn an_expected_phrase_wins_a_close_race_only() {
        let close: &[(Token, f32)] = &[(1, 0.6), (2, 0.3)];
        assert_eq!(search(&[close], &[]).text, "có");
        assert_eq!(search(&[close], &["không"]).text, "không");
        let clear: &[(Token, f32)] = &[(1, 0.97), (2, 0.02)];
        assert_eq!(search(&[clear], &["không"]).text, "có");
    }

    #[test]
    fn words_carry_time_and_confidence_and_others_follow() {
        let silence: &[(Token, f32)] = &[(0, 0.9999)];
        let got = search(
            &[silence, silence, &[(5, 0.9)], &[(6, 0.8)], silence, &[(1, 0.7), (2, 0.29)]],
            &[],
        );
        assert_eq!(got.text, "đúng có");
        let times: Vec<_> = got.words.iter().map(|w| (w.start_ms, w.end_ms)).collect();
        assert_eq!(times, [(80, 160), (200, 240)]);
        assert!((got.words[0].confidence - 0.72f32.sqrt()).abs() < 0.01, "{got:?}");
        assert!((got.words[1].confidence - 0.7).abs() < 0.01, "{got:?}");
        assert_eq!(got.alternatives[0].text, "đúng không");
        let sum: f32 = got.alternatives.iter().map(|a| a.confidence).sum();
        assert!(sum < 1.0 && got.alternatives[0].confidence > 0.2, "{got:?}");
    }
}
