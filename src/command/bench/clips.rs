//! Recordings of labelled cases, heard as a call would hear them.

use indicatif::ProgressBar;
use spillway::config::Config;
use spillway::dialogue::Hotline;
use spillway::engine::{Recognizer, StreamId, factory_for};
use spillway::replay::score::{Entry, listen, load, normalize, read, telephone};
use spillway::replay::understanding::Case;
use spillway::speech::{Expectation, RecognitionContext, Transcript};
use std::collections::HashMap;
use std::path::Path;

/// The recordings of a manifest, by language and words, and who hears them.
pub struct Clips {
    of_words: HashMap<(String, Vec<String>), Vec<Entry>>,
    engines: HashMap<String, Box<dyn Recognizer>>,
    streams: u64,
    bar: ProgressBar,
}

impl Clips {
    /// Those of `manifest`; `cases` keeps the cases that have one.
    pub fn open(config: &Config, manifest: &Path, cases: &mut Vec<Case>) -> anyhow::Result<Clips> {
        let mut of_words: HashMap<_, Vec<Entry>> = HashMap::new();
        for entry in read(manifest)? {
            let words = normalize(&entry.language, &entry.transcript);
            of_words.entry((entry.language.clone(), words)).or_default().push(entry);
        }
        let all = cases.len();
        cases.retain(|case| of_words.contains_key(&words_of(case)));
        let manifest = manifest.display();
        anyhow::ensure!(
            !cases.is_empty(),
            "{manifest}: none of the {all} cases has a recording there: a transcript must have \
             the words of the case"
        );
        let clips: usize = cases.iter().map(|case| of_words[&words_of(case)].len()).sum();
        eprintln!("{manifest}: {} of {all} cases have a recording, {clips} in all", cases.len());
        let mut engines: HashMap<String, Box<dyn Recognizer>> = HashMap::new();
        for case in cases.iter() {
            if !engines.contains_key(&case.lang) {
                let (_, factory) = factory_for(&case.lang, &config.models_dir)?;
                engines.insert(case.lang.clone(), factory()?);
            }
        }
        let bar = super::progress("heard", clips);
        Ok(Clips { of_words, engines, streams: 0, bar })
    }

    /// What each recording of `case` is heard as, where the question of its slot is asked.
    pub fn hear(&mut self, case: &Case, hotline: &Hotline) -> anyhow::Result<Vec<Transcript>> {
        let expectation = expectation(&case.slot);
        let context = RecognitionContext {
            language: case.lang.clone(),
            expectation,
            phrases: hotline.phrases(expectation),
        };
        let mut heard = Vec::new();
        for entry in &self.of_words[&words_of(case)] {
            let Some(engine) = self.engines.get_mut(&case.lang) else { continue };
            let samples = telephone(&load(&entry.file)?);
            self.streams += 1;
            let words = listen(&mut **engine, StreamId(self.streams), &context, &samples);
            if let Some(reason) = words.failed {
                anyhow::bail!("{}: {reason}", entry.file.display());
            }
            heard.push(words.transcript);
            self.bar.inc(1);
        }
        Ok(heard)
    }
}

fn words_of(case: &Case) -> (String, Vec<String>) {
    (case.lang.clone(), normalize(&case.lang, &case.text))
}

/// What the question of `slot` expects.
fn expectation(slot: &str) -> Expectation {
    match slot {
        "name" => Expectation::Name,
        "address" => Expectation::Address,
        "need" => Expectation::Need,
        "yesno" => Expectation::YesNo,
        "phone" => Expectation::Digits,
        _ => Expectation::Open,
    }
}
