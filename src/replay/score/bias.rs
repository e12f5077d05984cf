//! What expected phrases do for the words they hold, and to those they do not.

use super::align::{Step, align};
use super::listen::listen;
use super::text::{Errors, compare, normalize};
use crate::engine::{Recognizer, StreamId};
use crate::speech::{Expectation, RecognitionContext};
use serde::Serialize;
use std::collections::BTreeSet;

/// A recording in which some words are of interest.
pub struct BiasClip {
    /// At 8 kHz.
    pub samples: Vec<i16>,
    /// What is said, normalised.
    pub said: Vec<String>,
    /// The words that are of a name, and those of a pair drawn by chance, as indexes into `said`.
    pub names: Vec<usize>,
    /// See `names`.
    pub drawn: Vec<usize>,
}

/// Words of interest and how many of them were heard wrong or not at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Score {
    /// How often they are said.
    pub words: usize,
    /// Substituted or deleted.
    pub wrong: usize,
}

impl Score {
    /// How many percent of the words were heard.
    pub fn recall(self) -> f64 {
        100.0 * (self.words - self.wrong) as f64 / self.words.max(1) as f64
    }

    /// By how many percent `with` has fewer errors; `None` where there were none.
    pub fn reduction(self, with: Score) -> Option<f64> {
        let (before, after) = (self.wrong as f64, with.wrong as f64);
        (self.wrong > 0).then(|| 100.0 * (before - after) / before)
    }

    fn add(&mut self, of: &[usize], right: &[bool]) {
        self.words += of.len();
        self.wrong += of.iter().filter(|&&i| !right[i]).count();
    }
}

/// All clips, heard with one list of phrases.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Biased {
    /// Recordings.
    pub clips: usize,
    /// Words of names.
    pub names: Score,
    /// Words of pairs drawn by chance.
    pub drawn: Score,
    /// Word error rate in percent.
    pub wer: f64,
    /// Recordings in which a distractor was heard, which nobody says.
    pub false_accepts: usize,
    /// Those distractors, each once.
    pub invented: BTreeSet<String>,
}

impl Biased {
    /// Hears `clips` as answers to a question for an address, with `phrases` expected.
    /// `distractors` (normalised) are said in none of them.
    pub fn hear(
        engine: &mut dyn Recognizer,
        language: &str,
        clips: &[&BiasClip],
        phrases: &[String],
        distractors: &[Vec<String>],
        mut each: impl FnMut(),
    ) -> Biased {
        let (mut all, mut errors) = (Biased::default(), Errors::default());
        let context = RecognitionContext {
            language: language.into(),
            expectation: Expectation::Address,
            phrases: phrases.to_vec().into(),
        };
        for (index, clip) in clips.iter().enumerate() {
            let heard = listen(engine, StreamId(index as u64), &context, &clip.samples);
            let heard = normalize(language, &heard.transcript.text);
            let mut right = vec![false; clip.said.len()];
            for step in align(&clip.said, &heard) {
                if let Step::Right(i, _) = step {
                    right[i] = true;
                }
            }
            all.clips += 1;
            all.names.add(&clip.names, &right);
            all.drawn.add(&clip.drawn, &right);
            errors = errors.plus(compare(&clip.said, &heard));
            let mut invented = distractors.iter().filter(|d| stands_in(d, &heard)).peekable();
            all.false_accepts += usize::from(invented.peek().is_some());
            all.invented.extend(invented.map(|d| d.join(" ")));
            each();
        }
        all.wer = errors.percent();
        all
    }
}

/// True when the words of `phrase` stand in `words` in a row.
fn stands_in(phrase: &[String], words: &[String]) -> bool {
    !phrase.is_empty() && words.windows(phrase.len()).any(|w| w == phrase)
}

impl BiasClip {
    /// A clip in which the words of `names` (normalised) and of `drawn` are of interest.
    pub fn new(
        samples: Vec<i16>,
        said: Vec<String>,
        names: &[Vec<String>],
        drawn: Option<usize>,
    ) -> BiasClip {
        let mut of_names = Vec::new();
        for name in names.iter().filter(|name| !name.is_empty()) {
            for (at, window) in said.windows(name.len()).enumerate() {
                if window == &name[..] {
                    of_names.extend(at..at + name.len());
                }
            }
        }
        of_names.sort_unstable();
        of_names.dedup();
        let drawn = drawn.map_or(Vec::new(), |at| vec![at, at + 1]);
        BiasClip { samples, said, names: of_names, drawn }
    }

    /// True when the words of `phrase` (normalised) are said.
    pub fn says(&self, phrase: &[String]) -> bool {
        stands_in(phrase, &self.said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::scripted::{Line, Scripted};
    use crate::speech::Transcript;
    use std::sync::{Arc, Mutex};

    fn words(text: &str) -> Vec<String> {
        normalize("vi", text)
    }

    #[test]
    fn names_and_inventions_are_counted() {
        let names = [words("Hồ Tây"), words("Hà Nội")];
        let said = words("ven hồ tây để kiếm sống");
        let clip = BiasClip::new(vec![0; 320], said, &names, Some(4));
        assert_eq!((&clip.names[..], &clip.drawn[..]), (&[1, 2][..], &[4, 5][..]));
        assert!(clip.says(&names[0]) && !clip.says(&names[1]));
        let line = Line::Say(Transcript::plain("ven hồ tay để huế kiếm sống", 1.0));
        let mut engine = Scripted::new(Arc::new(Mutex::new([line].into())));
        let distractors = [words("huế"), words("đà nẵng")];
        let got = Biased::hear(&mut engine, "vi", &[&clip], &[], &distractors, || {});
        assert_eq!(got.names, Score { words: 2, wrong: 1 });
        assert_eq!(got.drawn, Score { words: 2, wrong: 0 });
        assert_eq!((got.clips, got.false_accepts), (1, 1));
        assert_eq!(got.invented, BTreeSet::from(["huế".to_string()]));
        assert!((got.wer - 100.0 * 2.0 / 6.0).abs() < 1e-9);
    }

    #[test]
    fn reductions() {
        let score = |wrong| Score { words: 10, wrong };
        assert_eq!(score(4).reduction(score(1)), Some(75.0));
        assert_eq!(score(0).reduction(score(0)), None);
        assert_eq!(score(4).recall(), 60.0);
    }
}
