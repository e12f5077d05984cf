//! The figures of `spillway bench asr`, by language and source.

use super::clip;
use super::digits::{Digits, digit_phrases, digits};
use super::listen::{Heard, TRAILING_SILENCE_MS, listen};
use super::manifest::Entry;
use super::text::{Errors, characters, compare, normalize};
use crate::engine::{Recognizer, StreamId};
use crate::speech::{Expectation, RecognitionContext};
use serde::Serialize;
use std::collections::BTreeMap;

/// Everything measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// One for each language and source, in the manifest's order.
    pub groups: Vec<Group>,
    /// By language: recordings whose whole transcript is a yes or a no, heard as the answer to a
    /// yes/no question.
    pub yesno: BTreeMap<String, YesNo>,
    /// The same of recordings that say digits, heard as the answer to a question for a number.
    pub digits: BTreeMap<String, Digits>,
}

/// The figures of one language and source.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Group {
    /// ISO 639-1.
    pub lang: String,
    /// The manifest's source.
    pub source: String,
    /// The engine's name.
    pub engine: String,
    /// Recordings.
    pub clips: usize,
    /// Their length, without the silence added.
    pub seconds: f64,
    /// Word error rate in percent.
    pub wer: f64,
    /// Character error rate in percent, spaces left out.
    pub cer: f64,
    /// Recordings of which nothing was heard.
    pub empty: usize,
    /// Seconds of CPU for each second of sound, the silence included.
    pub rtf: f64,
    /// Median milliseconds from the end of the turn to its final transcript.
    pub final_ms_p50: f64,
    /// The same at 95 %.
    pub final_ms_p95: f64,
}

/// Answers to yes/no questions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct YesNo {
    /// Recordings that say yes.
    pub yes: usize,
    /// Recordings that say no.
    pub no: usize,
    /// Heard as what they say.
    pub right: usize,
    /// Yes heard as no or no as yes.
    pub swapped: usize,
    /// Nothing heard.
    pub empty: usize,
}

/// Words that are a whole answer, by language: yes, then no.
const YES_NO: [(&str, &[&str], &[&str]); 6] = [
    ("cs", &["ano", "jo"], &["ne"]),
    ("en", &["yes", "yeah", "correct", "right"], &["no", "nope", "wrong"]),
    ("ko", &["네", "예", "응"], &["아니요", "아니오", "아니"]),
    ("ru", &["да", "верно"], &["нет", "неверно"]),
    ("uk", &["так", "вірно"], &["ні", "невірно"]),
    ("vi", &["có", "đúng", "phải", "vâng", "dạ", "ừ"], &["không", "sai", "chưa"]),
];

fn yes_no_words(language: &str) -> Option<(&'static [&'static str], &'static [&'static str])> {
    YES_NO.iter().find(|row| row.0 == language).map(|row| (row.1, row.2))
}

/// The phrases that go down to the engine with a yes/no question; empty for a language without.
pub fn yes_no_phrases(language: &str) -> Vec<String> {
    let words = yes_no_words(language).unwrap_or_default();
    words.0.iter().chain(words.1).map(|w| w.to_string()).collect()
}

/// Yes, no or neither; a no anywhere makes it a no ("không đúng").
fn answer(language: &str, words: &[String]) -> Option<bool> {
    let (yes, no) = yes_no_words(language)?;
    let any = |of: &[&str]| words.iter().any(|w| of.contains(&w.as_str()));
    if any(no) {
        return Some(false);
    }
    any(yes).then_some(true)
}

/// Runs `entries`, all of one language, through `engine`; `each` is told after each recording what
/// was said and heard. Groups are by source.
pub fn measure(
    engine: &mut dyn Recognizer,
    language: &str,
    entries: &[Entry],
    report: &mut Report,
    mut each: impl FnMut(&Entry, &Heard),
) -> anyhow::Result<()> {
    let mut sources: Vec<&str> = Vec::new();
    for entry in entries {
        if !sources.contains(&entry.source.as_str()) {
            sources.push(&entry.source);
        }
    }
    let mut stream = 0;
    for source in sources {
        let mut tally = Tally::default();
        for entry in entries.iter().filter(|e| e.source == source) {
            let samples = clip::telephone(&clip::load(&entry.file)?);
            let mut hear = |expectation, phrases: Vec<String>| {
                let phrases = phrases.into();
                stream += 1;
                let language = language.to_string();
                let context = RecognitionContext { language, expectation, phrases };
                listen(engine, StreamId(stream), &context, &samples)
            };
            let heard = hear(Expectation::Open, Vec::new());
            let said = normalize(language, &entry.transcript);
            tally.add(language, &said, &heard, samples.len());
            each(entry, &heard);
            if let ([word], Some(yes)) = (&said[..], answer(language, &said)) {
                // Twice: nothing is known about it above, here it is known what was asked.
                let heard = hear(Expectation::YesNo, yes_no_phrases(language));
                let words = normalize(language, &heard.transcript.text);
                let count = report.yesno.entry(language.into()).or_default();
                count.add(yes, answer(language, &words), words.is_empty());
                tracing::debug!(%word, heard = words.join(" "), "yes/no");
            }
            if let Some(said) = digits(language, &said) {
                let heard = hear(Expectation::Digits, digit_phrases(language));
                let words = spoken_digits(language, &heard.transcript.text);
                let count = report.digits.entry(language.into()).or_default();
                count.add(&said, digits(language, &words).as_deref());
                tracing::debug!(%said, heard = words.join(" "), "digits");
            }
        }
        report.groups.push(tally.group(language, source, engine.name()));
    }
    Ok(())
}

/// Normalised, but figure by figure: "12" is twelve to an address and one, two to a number.
fn spoken_digits(language: &str, text: &str) -> Vec<String> {
    let apart = |c: char| if c.is_ascii_digit() { format!(" {c} ") } else { c.to_string() };
    normalize(language, &text.chars().map(apart).collect::<String>())
}

impl YesNo {
    fn add(&mut self, yes: bool, heard: Option<bool>, empty: bool) {
        *(if yes { &mut self.yes } else { &mut self.no }) += 1;
        self.right += usize::from(heard == Some(yes));
        self.swapped += usize::from(heard == Some(!yes));
        self.empty += usize::from(empty);
    }
}

#[derive(Default)]
struct Tally {
    words: Errors,
    characters: Errors,
    clips: usize,
    empty: usize,
    seconds: f64,
    cpu_s: f64,
    final_ms: Vec<f64>,
}

impl Tally {
    fn add(&mut self, language: &str, said: &[String], heard: &Heard, samples: usize) {
        let words = normalize(language, &heard.transcript.text);
        self.words = self.words.plus(compare(said, &words));
        self.characters = self.characters.plus(compare(&characters(said), &characters(&words)));
        self.clips += 1;
        self.empty += usize::from(words.is_empty());
        self.seconds += samples as f64 / 8e3;
        self.cpu_s += heard.cpu_s;
        self.final_ms.push(heard.final_ms);
    }

    fn group(mut self, language: &str, source: &str, engine: &str) -> Group {
        self.final_ms.sort_by(f64::total_cmp);
        let silence = self.clips as f64 * TRAILING_SILENCE_MS as f64 / 1e3;
        Group {
            lang: language.into(),
            source: source.into(),
            engine: engine.into(),
            clips: self.clips,
            seconds: self.seconds,
            wer: self.words.percent(),
            cer: self.characters.percent(),
            empty: self.empty,
            rtf: self.cpu_s / (self.seconds + silence).max(f64::MIN_POSITIVE),
            final_ms_p50: percentile(&self.final_ms, 50),
            final_ms_p95: percentile(&self.final_ms, 95),
        }
    }
}

/// The smallest value that at least `percent` % of the sorted values do not exceed; 0 of none.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    super::percentile(sorted, percent).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        let check = |language: &str, text: &str, want: Option<bool>| {
            assert_eq!(answer(language, &normalize(language, text)), want, "{text}");
        };
        check("vi", "Đúng rồi", Some(true));
        check("vi", "không đúng", Some(false));
        check("vi", "trở lại", None);
        check("en", "Yes.", Some(true));
        check("xx", "yes", None);
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let values: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!((percentile(&values, 50), percentile(&values, 95)), (10.0, 19.0));
        assert_eq!(percentile(&[], 95), 0.0);
        assert_eq!(percentile(&[7.0], 50), 7.0);
    }

    #[test]
    fn a_swap_is_not_an_empty() {
        let mut count = YesNo::default();
        count.add(true, Some(true), false);
        count.add(false, Some(true), false);
        count.add(false, None, true);
        assert_eq!(count, YesNo { yes: 1, no: 2, right: 1, swapped: 1, empty: 1 });
    }
}
