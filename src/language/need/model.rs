//! The need classifier: learnt from example sentences (`prompts/languages/<lang>/needs.tsv`).
//!
//! Multinomial logistic regression (Hastie, Tibshirani, Friedman, *The Elements of Statistical
//! Learning*, 4.4) over words, word pairs and pieces of words, fitted by AdaGrad (Duchi et al.,
//! JMLR 12, 2011) in a fixed order: the same examples always give the same model.

use super::feature::{Features, features};
use super::lexicon::{Evidence, Lexicon};
use crate::language::{Words, tokens};
use std::collections::BTreeSet;

/// Passes over the examples.
const PASSES: usize = 4;
/// Step of AdaGrad.
const RATE: f32 = 0.5;
/// Every n-th word of an example is left out in a second copy, as recognisers lose words.
const DROPPED_EVERY: usize = 3;
/// Bins of the hashed features.
const BINS: usize = 1 << 16;
/// A prime above any number of examples: stepping by it visits each once.
const STRIDE: usize = 1_000_003;

/// The first bins are the lexicon's: five for alarms, then one for each category.
const LEXICON_BINS: usize = 256;
const ALARM_BIN: usize = 0;
const LEXICON_BIN: usize = 5;
/// Of a pattern; the words of a sentence have 1 together.
const LEXICON_WEIGHT: f32 = 0.7;
/// A pattern's first weight for its own category, before examples change it.
const LEXICON_TRUST: f32 = 2.0;
/// Where there is no example.
const LEXICON_TRUST_ALONE: f32 = 16.0;

/// The category of a life at risk.
pub(super) const EMERGENCY: &str = "EMERGENCY";
/// The label of what tells no need: names, addresses, numbers, "hold on".
const NONE: &str = "NONE";
/// How likely an emergency must be: with a phrase of `emergency` alone, with words that calm
/// beside it, and without any phrase.
const SURE_WITH_PHRASE: f32 = 0.35;
const SURE_AGAINST_CALM: f32 = 0.5;
const SURE_WITHOUT_PHRASE: f32 = 0.6;
/// A phrase with no more words beside it is an emergency however unlikely.
const WORDS_BESIDE_MAX: usize = 2;
/// A shorter sentence is no emergency without a phrase.
const WORDS_WITHOUT_PHRASE_MIN: usize = 6;

/// A life may be at risk.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// The phrase of `emergency` in `words.toml` that was heard; `None` where the whole sentence
    /// sounds like the examples of an emergency.
    pub phrase: Option<String>,
    /// 0..=1.
    pub likely: f32,
}

/// What callers need, learnt.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NeedModel {
    lexicon: Lexicon,
    /// Those of needs, then [`NONE`].
    categories: Vec<String>,
    /// Words of the examples of needs.
    vocabulary: BTreeSet<String>,
    /// By bin, then by category.
    weights: Vec<f32>,
}

impl NeedModel {
    /// Learns from lines `category<TAB>text` (a header line is skipped) and from the patterns of
    /// `words`: a category that only has patterns is known by them.
    pub fn learn(examples: &str, words: &Words) -> NeedModel {
        let needs = words.needs.iter().map(|(c, n)| (c.as_str(), n.phrases.as_slice()));
        NeedModel::from_lexicon(
            examples,
            Lexicon::new(&words.emergency, &words.no_emergency, needs),
        )
    }

    pub(super) fn from_lexicon(examples: &str, lexicon: Lexicon) -> NeedModel {
        let lines: Vec<(&str, Vec<String>)> = examples
            .lines()
            .skip(1)
            .filter_map(|l| l.split_once('\t'))
            .map(|(category, text)| (category, tokens(text)))
            .collect();
        let names = lines.iter().map(|(c, _)| *c);
        let names = names.chain(lexicon.categories().iter().map(String::as_str));
        let needs: BTreeSet<&str> = names.filter(|c| *c != NONE).collect();
        let categories: Vec<String> = needs.into_iter().chain([NONE]).map(String::from).collect();
        let weights = vec![0.0; BINS * categories.len()];
        let of_needs = lines.iter().filter(|(c, _)| *c != NONE);
        let vocabulary = of_needs.flat_map(|(_, said)| said).cloned().collect();
        let mut model = NeedModel { lexicon, weights, categories, vocabulary };
        let taught: BTreeSet<&str> = lines.iter().map(|(c, _)| *c).collect();
        model.trust_lexicon(&taught);
        let rows = model.rows(&lines);
        let is_taught = |c: &String| taught.contains(c.as_str());
        let mask: Vec<f32> =
            model.categories.iter().map(|c| f32::from(u8::from(is_taught(c)))).collect();
        model.fit(&rows, &mask);
        model
    }

    /// What is learnt from: every example, itself with words left out, and in one breath with one
    /// that tells no need, as callers tell who and where they are.
    fn rows(&self, lines: &[(&str, Vec<String>)]) -> Vec<(usize, Features)> {
        let nothing: Vec<&Vec<String>> =
            lines.iter().filter(|(c, _)| *c == NONE).map(|(_, said)| said).collect();
        let mut rows = Vec::new();
        for (i, (category, said)) in lines.iter().enumerate() {
            let of = self.categories.iter().position(|c| c == category).unwrap_or(0);
            rows.push((of, self.features(said)));
            for lost in 0..DROPPED_EVERY.min(said.len().saturating_sub(2)) {
                let kept = said.iter().enumerate().filter(|(i, _)| i % DROPPED_EVERY != lost);
                let kept: Vec<String> = kept.map(|(_, t)| t.clone()).collect();
                rows.push((of, self.features(&kept)));
            }
            if let Some(beside) = nothing.get((i * STRIDE) % nothing.len().max(1)) {
                let told = if i % 2 == 0 { [said, *beside] } else { [*beside, said] };
                rows.push((of, self.features(&told.map(Vec::as_slice).concat())));
            }
        }
        rows
    }

    /// Before anything is learnt, a category's own patterns speak for it; where there is no example
    /// to learn from, they must do alone.
    fn trust_lexicon(&mut self, taught: &BTreeSet<&str>) {
        let n = self.categories.len();
        let trust = |category: &str| match taught.contains(category) {
            true => LEXICON_TRUST,
            false => LEXICON_TRUST_ALONE,
        };
        for (i, category) in self.lexicon.categories().iter().enumerate() {
            let Some(c) = self.categories.iter().position(|k| k == category) else { continue };
            self.weights[(LEXICON_BIN + i) * n + c] = trust(category);
        }
        if let Some(c) = self.categories.iter().position(|k| k == EMERGENCY) {
            self.weights[ALARM_BIN * n + c] = trust(EMERGENCY);
        }
    }

    /// True for a word that callers tell their needs with.
    pub(in crate::language) fn knows_word(&self, token: &str) -> bool {
        self.vocabulary.contains(token)
    }

    fn features(&self, said: &[String]) -> Features {
        let Evidence { categories, emergency, emergencies, calm, .. } = self.lexicon.evidence(said);
        let mut found = features(said, BINS - LEXICON_BINS);
        found.iter_mut().for_each(|(bin, _)| *bin += LEXICON_BINS as u32);
        let share = LEXICON_WEIGHT / (categories.len().max(1) as f32).sqrt();
        found.extend(categories.into_iter().map(|c| ((LEXICON_BIN + c) as u32, share)));
        let alarms = [
            (emergency.is_some(), ALARM_BIN),
            (emergency.is_some() && !calm, ALARM_BIN + 1),
            (emergencies > 1, ALARM_BIN + 2),
            (calm, ALARM_BIN + 3),
            (emergency.is_some() && calm, ALARM_BIN + 4),
        ];
        let alarms = alarms.into_iter().filter(|(is, _)| *is);
        found.extend(alarms.map(|(_, bin)| (bin as u32, LEXICON_WEIGHT)));
        found
    }

    /// AdaGrad, with one sum of squares for each bin; `taught` is 1 for categories with examples
    /// and 0 for those that must not learn from others' that they never happen.
    fn fit(&mut self, rows: &[(usize, Features)], taught: &[f32]) {
        let n = self.categories.len();
        let mut squares = vec![1e-6_f32; BINS];
        for pass in 0..PASSES {
            for i in 0..rows.len() {
                // Far steps mix the categories, and no chance is in it.
                let (of, row) = &rows[(i * STRIDE + pass) % rows.len()];
                let likely = self.likely(row);
                let error = |(c, l): (usize, &f32)| taught[c] * (l - f32::from(u8::from(c == *of)));
                let errors: Vec<f32> = likely.iter().enumerate().map(error).collect();
                let wrong: f32 = errors.iter().map(|e| e * e).sum();
                for &(bin, value) in row {
                    let square = &mut squares[bin as usize];
                    *square += wrong * value * value;
                    let step = RATE * value / square.sqrt();
                    let weights = &mut self.weights[bin as usize * n..][..n];
                    weights.iter_mut().zip(&errors).for_each(|(w, e)| *w -= step * e);
                }
            }
        }
    }

    /// The probability of every category.
    fn likely(&self, row: &Features) -> Vec<f32> {
        let n = self.categories.len();
        let mut scores = vec![0.0_f32; n];
        for &(bin, value) in row {
            let weights = &self.weights[bin as usize * n..][..n];
            scores.iter_mut().zip(weights).for_each(|(s, w)| *s += w * value);
        }
        let best = scores.iter().copied().fold(f32::MIN, f32::max);
        scores.iter_mut().for_each(|s| *s = (*s - best).exp());
        let sum: f32 = scores.iter().sum();
        scores.iter_mut().for_each(|s| *s /= sum);
        scores
    }

    /// All categories of needs it knows.
    pub fn categories(&self) -> &[String] {
        self.categories.split_last().map_or(&[], |(_, needs)| needs)
    }

    /// Why a life may be at risk, with the probability that the caller says so.
    pub(super) fn emergency(&self, said: &[String]) -> Option<Alarm> {
        let evidence = self.lexicon.evidence(said);
        let learnt = self.categories.iter().position(|c| c == EMERGENCY);
        let likely = learnt.map(|c| self.likely(&self.features(said))[c]);
        let phrase = evidence.emergency.map(|p| self.lexicon.written(p).to_string());
        let enough = match (&phrase, evidence.calm) {
            (None, _) => SURE_WITHOUT_PHRASE,
            (Some(_), false) if evidence.beside <= WORDS_BESIDE_MAX => 0.0,
            (Some(_), false) => SURE_WITH_PHRASE,
            (Some(_), true) => SURE_AGAINST_CALM,
        };
        let alarmed = match likely {
            Some(_) if phrase.is_none() && said.len() < WORDS_WITHOUT_PHRASE_MIN => false,
            Some(likely) => likely >= enough,
            None => phrase.is_some() && !evidence.calm,
        };
        alarmed.then(|| Alarm { phrase, likely: likely.unwrap_or(1.0) })
    }

    /// `known` categories with their likelihoods (0..=1), best first.
    pub fn classify(&self, said: &[String], known: &[String]) -> Vec<(String, f32)> {
        let likely = self.likely(&self.features(said));
        let each = self.categories.iter().cloned().zip(likely);
        let mut ranked: Vec<(String, f32)> = each.filter(|(c, _)| known.contains(c)).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked
    }
}
