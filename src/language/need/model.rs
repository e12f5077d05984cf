//! The need classifier: learnt from example sentences (`prompts/languages/<lang>/needs.tsv`).

use crate::language::tokens;
use std::collections::HashMap;

/// A naive Bayes classifier over words and word pairs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NeedModel {
    categories: Vec<String>,
    weights: HashMap<String, Vec<f32>>,
    prior: Vec<f32>,
}

impl NeedModel {
    /// Learns from lines `category<TAB>text` (a header line is skipped).
    pub fn learn(examples: &str) -> NeedModel {
        let lines = examples.lines().skip(1).filter_map(|l| l.split_once('\t'));
        let mut counts: HashMap<String, HashMap<String, f32>> = HashMap::new();
        for (category, text) in lines {
            let of = counts.entry(category.to_string()).or_default();
            for feature in features(&tokens(text)) {
                *of.entry(feature).or_default() += 1.0;
            }
        }
        let mut categories: Vec<String> = counts.keys().cloned().collect();
        categories.sort();
        let mut all: Vec<&String> = counts.values().flat_map(HashMap::keys).collect();
        all.sort();
        all.dedup();
        let totals: Vec<f32> = categories
            .iter()
            .map(|c| counts[c].values().sum::<f32>() + 0.3 * all.len() as f32)
            .collect();
        let weight = |f: &String| -> Vec<f32> {
            let each = categories.iter().zip(&totals);
            each.map(|(c, t)| ((counts[c].get(f).unwrap_or(&0.0) + 0.3) / t).ln()).collect()
        };
        let weights = all.iter().map(|f| ((*f).clone(), weight(f))).collect();
        let prior = vec![0.0; categories.len()];
        NeedModel { categories, weights, prior }
    }

    /// All categories it knows.
    pub fn categories(&self) -> &[String] {
        &self.categories
    }

    /// `known` categories with their likelihoods (0..=1), best first.
    pub fn classify(&self, said: &[String], known: &[String]) -> Vec<(String, f32)> {
        let mut scores = self.prior.clone();
        for feature in features(said) {
            if let Some(weights) = self.weights.get(&feature) {
                scores.iter_mut().zip(weights).for_each(|(s, w)| *s += w);
            }
        }
        let best = scores.iter().copied().fold(f32::MIN, f32::max);
        let likely: Vec<f32> = scores.iter().map(|s| ((s - best) * 0.5).exp()).collect();
        let sum: f32 = likely.iter().sum();
        let each = self.categories.iter().cloned().zip(likely.iter().map(|l| l / sum));
        let mut ranked: Vec<(String, f32)> = each.filter(|(c, _)| known.contains(c)).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked
    }
}

fn features(said: &[String]) -> Vec<String> {
    let pairs = said.windows(2).map(|w| w.join(" "));
    said.iter().cloned().chain(pairs).collect()
}
