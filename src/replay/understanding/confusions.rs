//! What a recogniser makes of what is said, counted.

use super::syllable;
use crate::engine::{Recognizer, StreamId};
use crate::replay::impair::Noise;
use crate::replay::score::{self, Entry, Step, align, normalize, spelled};
use crate::speech::{Expectation, RecognitionContext, Transcript};
use rand::Rng;
use std::collections::BTreeMap;

/// Bins of a confidence between 0 and 1.
const BINS: usize = 20;

/// Counts over many turns; the statistics behind [`super::NoiseModel`]. The text form is a table
/// of `kind`, `said`, `heard`, `count`; [`Confusions::to_tsv`] explains its kinds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Confusions {
    /// ISO 639-1.
    pub language: String,
    counts: BTreeMap<(String, String, String), u64>,
}

/// Explains the table at its head.
const COLUMNS: &str = "\
# kind, said, heard, count, tab-separated; counted over words, normalised and in lower case:
# words       how many were heard right, substituted, deleted; and how many inserted
# class       the same by class: a Vietnamese syllable's tone, else short (1-3 letters), middle,
#             long
# after       whether a word was right or wrong (heard) behind one that was right or wrong (said)
# confidence  of right and wrong words in bins of 0.05, named by their lower edge
# nbest       wrong words that stand right in an alternative (found) or in none (missed)
# alternatives  turns by their number of alternatives
# rank        confidence of the first, second, ... alternative in the same bins
# delete, insert, pair  words not heard, words made up, and words heard as another
";

impl Confusions {
    /// Nothing counted yet.
    pub fn new(language: &str) -> Confusions {
        Confusions { language: language.into(), counts: BTreeMap::new() }
    }

    fn count(&mut self, kind: &str, said: &str, heard: &str) {
        *self.counts.entry((kind.into(), said.into(), heard.into())).or_default() += 1;
    }

    /// One turn: the words that were said, normalised, and what was heard.
    pub fn add(&mut self, said: &[String], transcript: &Transcript) {
        let language = self.language.clone();
        let (heard, confidences) = heard_words(&language, transcript);
        let steps = align(said, &heard);
        let found = self.found(said, transcript);
        let mut before = "";
        for step in steps {
            let (kind, word) = match step {
                Step::Right(i, _) => ("right", Some(i)),
                Step::Substituted(i, _) => ("substituted", Some(i)),
                Step::Deleted(i) => ("deleted", Some(i)),
                Step::Inserted(_) => ("inserted", None),
            };
            self.count("words", "", kind);
            let right = kind == "right";
            if let Step::Right(_, j) | Step::Substituted(_, j) | Step::Inserted(j) = step {
                self.count("confidence", truth(right), &bin(confidences[j]));
            }
            match step {
                Step::Substituted(i, j) => self.count("pair", &said[i], &heard[j]),
                Step::Deleted(i) => self.count("delete", &said[i], ""),
                Step::Inserted(j) => self.count("insert", "", &heard[j]),
                Step::Right(..) => {}
            }
            let Some(i) = word else { continue };
            self.count("class", syllable::class(&language, &said[i]), kind);
            if !before.is_empty() {
                self.count("after", before, truth(right));
            }
            before = truth(right);
            if !right {
                self.count("nbest", "", if found[i] { "found" } else { "missed" });
            }
        }
        self.count("alternatives", "", &transcript.alternatives.len().to_string());
        for (rank, alternative) in transcript.alternatives.iter().enumerate() {
            self.count("rank", &(rank + 1).to_string(), &bin(alternative.confidence));
        }
    }

    /// Takes in what another has counted.
    pub fn merge(&mut self, other: &Confusions) {
        for (key, count) in &other.counts {
            *self.counts.entry(key.clone()).or_default() += count;
        }
    }

    /// For each word that was said, whether an alternative has it.
    fn found(&self, said: &[String], transcript: &Transcript) -> Vec<bool> {
        let mut found = vec![false; said.len()];
        for alternative in &transcript.alternatives {
            for step in align(said, &normalize(&self.language, &alternative.text)) {
                if let Step::Right(i, _) = step {
                    found[i] = true;
                }
            }
        }
        found
    }

    /// How often `heard` was counted for `said` in `kind`.
    pub fn of(&self, kind: &str, said: &str, heard: &str) -> u64 {
        let key = (kind.to_string(), said.to_string(), heard.to_string());
        self.counts.get(&key).copied().unwrap_or(0)
    }

    /// The rows of `kind`: said, heard, count.
    pub fn rows<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a str, u64)> {
        let rows = self.counts.range((kind.to_string(), String::new(), String::new())..);
        let inside = rows.take_while(move |((k, ..), _)| k == kind);
        inside.map(|((_, said, heard), count)| (said.as_str(), heard.as_str(), *count))
    }

    /// Word error rate in percent.
    pub fn wer(&self) -> f64 {
        let [right, substituted, deleted, inserted] =
            ["right", "substituted", "deleted", "inserted"].map(|k| self.of("words", "", k) as f64);
        let said = right + substituted + deleted;
        100.0 * (substituted + deleted + inserted) / said.max(1.0)
    }

    /// The table, with `about` (one line) at its head.
    pub fn to_tsv(&self, about: &str) -> String {
        let mut text = format!("# {about}\n{COLUMNS}language\t{}\t\t1\n", self.language);
        for ((kind, said, heard), count) in &self.counts {
            text += &format!("{kind}\t{said}\t{heard}\t{count}\n");
        }
        text
    }

    /// Reads [`Confusions::to_tsv`]; an error names the line.
    pub fn from_tsv(text: &str) -> Result<Confusions, String> {
        let mut read = Confusions::default();
        for (number, line) in text.lines().enumerate().filter(|(_, l)| !l.starts_with('#')) {
            let wrong = || format!("line {}: not kind, said, heard, count", number + 1);
            let fields: Vec<&str> = line.split('\t').collect();
            let [kind, said, heard, count] = fields[..] else { return Err(wrong()) };
            let count: u64 = count.parse().map_err(|_| wrong())?;
            if kind == "language" {
                read.language = said.into();
            } else {
                read.counts.insert((kind.into(), said.into(), heard.into()), count);
            }
        }
        if read.language.is_empty() {
            return Err("no line `language`".into());
        }
        Ok(read)
    }
}

fn truth(right: bool) -> &'static str {
    if right { "right" } else { "wrong" }
}

/// The lower edge of the bin of `confidence`.
fn bin(confidence: f32) -> String {
    let bin = ((confidence.clamp(0.0, 1.0) * BINS as f32) as usize).min(BINS - 1);
    format!("{:.2}", bin as f32 / BINS as f32)
}

/// The width of a bin.
pub const BIN: f32 = 1.0 / BINS as f32;

/// The transcript's words as they are compared, each with its confidence.
fn heard_words(language: &str, transcript: &Transcript) -> (Vec<String>, Vec<f32>) {
    if transcript.words.is_empty() {
        let words = normalize(language, &transcript.text);
        let confidences = vec![transcript.confidence; words.len()];
        return (words, confidences);
    }
    let each = transcript.words.iter().flat_map(|word| {
        let plain = normalize(language, &word.text);
        plain.into_iter().map(|w| (w, word.confidence)).collect::<Vec<_>>()
    });
    each.unzip()
}

/// Runs `entries` through `engine`, over a telephone line and, where `noise` is given, with noise
/// so many decibel below the voice (one of several of chance), and counts what is heard in answer
/// to an open question. `each` is told after each recording.
pub fn measure(
    engine: &mut dyn Recognizer,
    entries: &[Entry],
    noise: Option<(&Noise, f64)>,
    rng: &mut impl Rng,
    confusions: &mut Confusions,
    mut each: impl FnMut(),
) -> anyhow::Result<()> {
    let language = confusions.language.clone();
    for (index, entry) in entries.iter().enumerate() {
        let clean = score::load(&entry.file)?;
        let mixed = match noise {
            Some((noise, snr_db)) => noise.over(&clean, snr_db, rng),
            None => clean,
        };
        let context = RecognitionContext {
            language: language.clone(),
            expectation: Expectation::Open,
            phrases: Vec::new().into(),
        };
        let stream = StreamId(index as u64);
        let heard = score::listen(engine, stream, &context, &score::telephone(&mixed));
        confusions.add(&spelled(&language, &entry.transcript), &heard.transcript);
        each();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::{Alternative, Word};

    fn word(text: &str, confidence: f32) -> Word {
        Word { text: text.into(), start_ms: 0, end_ms: 0, confidence }
    }

    #[test]
    fn a_turn_is_counted_and_read_back() {
        let said = normalize("vi", "phường hai quận mười một");
        let transcript = Transcript {
            text: "phường hài quận mười à".into(),
            confidence: 0.8,
            words: [("phường", 0.99), ("hài", 0.4), ("quận", 1.0), ("mười", 0.9), ("à", 0.02)]
                .map(|(text, confidence)| word(text, confidence))
                .into(),
            alternatives: vec![Alternative {
                text: "phường hai quận mười".into(),
                confidence: 0.2,
            }],
        };
        let mut counted = Confusions::new("vi");
        counted.add(&said, &transcript);
        let check = |kind: &str, said: &str, heard: &str, want: u64| {
            assert_eq!(counted.of(kind, said, heard), want, "{kind} {said} {heard}");
        };
        check("words", "", "right", 3);
        check("words", "", "substituted", 2);
        check("pair", "hai", "hài", 1);
        check("class", "level", "substituted", 1);
        check("after", "right", "wrong", 2);
        check("after", "wrong", "right", 1);
        check("confidence", "wrong", "0.40", 1);
        check("confidence", "right", "0.95", 2);
        check("nbest", "", "found", 1);
        check("nbest", "", "missed", 1);
        check("rank", "1", "0.20", 1);
        assert_eq!(counted.wer(), 40.0);
        assert_eq!(Confusions::from_tsv(&counted.to_tsv("made here")), Ok(counted));
    }

    #[test]
    fn a_broken_table_is_refused_with_its_line() {
        let check = |text: &str, want: &str| {
            assert!(Confusions::from_tsv(text).unwrap_err().contains(want), "{text}");
        };
        check("language\tvi\t\t1\npair\ta\tb\n", "line 2");
        check("language\tvi\t\tmany\n", "line 1");
        check("# nothing\n", "language");
    }
}
