//! Whether a difference is more than chance: intervals by drawing the calls again, a test by
//! swapping what the two runs made of a call, and a correction for asking many questions at once.
//!
//! Pure: the same numbers and the same seed give the same answer. The unit that is drawn is the
//! call, since turns and slots of one call go wrong together.

#[cfg(test)]
mod tests;

use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};
use serde::{Deserialize, Serialize};

/// What an interval covers, of all the samples one might have taken.
pub const COVERAGE: f64 = 0.95;
/// Draws behind an interval.
const RESAMPLES: usize = 2_000;
/// Swaps drawn where there are too many to try them all.
const SWAPS: usize = 10_000;
/// With so many calls that differ, all swaps are tried: 2^12, because each has a mirror image.
const EXACT_CALLS_MAX: usize = 13;
/// Rounding must not make of two equal differences a larger and a smaller one.
const ROUNDING: f64 = 1e-9;

/// What one call adds to a ratio of sums, such as its word errors and its words.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Part {
    /// What is counted.
    pub numerator: f64,
    /// What it is counted of; 0 where the call says nothing about it.
    pub denominator: f64,
}

impl Part {
    /// `numerator` of `denominator`.
    pub fn new(numerator: f64, denominator: f64) -> Part {
        Part { numerator, denominator }
    }

    fn plus(self, other: Part) -> Part {
        Part::new(self.numerator + other.numerator, self.denominator + other.denominator)
    }

    fn times(self, weight: f64) -> Part {
        Part::new(self.numerator * weight, self.denominator * weight)
    }

    fn ratio(self) -> Option<f64> {
        (self.denominator > 0.0).then(|| self.numerator / self.denominator)
    }
}

/// The ratio of the sums, each call taken so often as `weights` says; `None` of nothing.
pub fn ratio(parts: &[Part], weights: &[u32]) -> Option<f64> {
    let mut sum = Part::default();
    for (part, &weight) in parts.iter().zip(weights) {
        sum.numerator += part.numerator * f64::from(weight);
        sum.denominator += part.denominator * f64::from(weight);
    }
    sum.ratio()
}

/// Where the true value is, as far as the calls tell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// The percentile bootstrap interval at [`COVERAGE`] (Efron and Tibshirani, An Introduction to the
/// Bootstrap, 1993, chapter 13) of a statistic of `calls` calls, which is told how often each was
/// drawn. `None` of fewer than two calls, or where the statistic has no value.
///
/// It knows no more than the calls: where none of few went wrong, it has no width.
pub fn interval(
    calls: usize,
    seed: u64,
    statistic: impl Fn(&[u32]) -> Option<f64>,
) -> Option<Interval> {
    interval_of(calls, RESAMPLES, &mut StdRng::seed_from_u64(seed), statistic)
}

fn interval_of(
    calls: usize,
    resamples: usize,
    rng: &mut StdRng,
    statistic: impl Fn(&[u32]) -> Option<f64>,
) -> Option<Interval> {
    if calls < 2 {
        return None;
    }
    let mut weights = vec![0; calls];
    let mut values = Vec::with_capacity(resamples);
    for _ in 0..resamples {
        weights.fill(0);
        for _ in 0..calls {
            weights[rng.random_range(0..calls)] += 1;
        }
        // A draw without a single call that tells something has no value.
        values.extend(statistic(&weights));
    }
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)? as f64;
    let at = |share: f64| values[(share * last).round() as usize];
    let tail = (1.0 - COVERAGE) / 2.0;
    Some(Interval { low: at(tail), high: at(1.0 - tail) })
}

/// What a paired test found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paired {
    /// Calls that differ.
    pub differing: usize,
    /// How often chance alone makes so large a difference, to either side; never 0.
    pub p: f64,
}

impl Paired {
    /// Whether so few calls differ that the test could never fall below `alpha`.
    pub fn is_hopeless(&self, alpha: f64) -> bool {
        // The difference as it is and its mirror image are always among the swaps.
        let swaps = 2f64.powi(self.differing.min(64) as i32);
        2.0 / swaps > alpha
    }
}

/// The paired permutation test of two ratios of sums over the same calls: were the runs the same,
/// each call's two results might as well have come the other way round. All swaps are tried where
/// few calls differ, else [`SWAPS`] are drawn, the observed one counted with them (Phipson and
/// Smyth 2010). `None` where one side has no value.
pub fn paired(pairs: &[(Part, Part)], seed: u64) -> Option<Paired> {
    paired_of(pairs, SWAPS, &mut StdRng::seed_from_u64(seed))
}

fn paired_of(pairs: &[(Part, Part)], swaps: usize, rng: &mut StdRng) -> Option<Paired> {
    let first = pairs.iter().fold(Part::default(), |sum, (a, _)| sum.plus(*a));
    let second = pairs.iter().fold(Part::default(), |sum, (_, b)| sum.plus(*b));
    let all = first.plus(second);
    let difference = |first: Part| {
        let second = all.plus(first.times(-1.0));
        Some((second.ratio()? - first.ratio()?).abs())
    };
    let observed = difference(first)? * (1.0 - ROUNDING);
    // What a swap of each call that differs does to the first side's sums.
    let steps: Vec<Part> =
        pairs.iter().filter(|(a, b)| a != b).map(|(a, b)| b.plus(a.times(-1.0))).collect();
    let differing = steps.len();
    // A swap that leaves one side without a value is no evidence against chance.
    let is_as_large = |first: Part| difference(first).is_none_or(|d| d >= observed);
    let p = if differing <= EXACT_CALLS_MAX {
        let masks = 1u64 << differing.saturating_sub(1);
        let large = (0..masks).filter(|&mask| is_as_large(swapped(first, &steps, || mask)));
        large.count() as f64 / masks as f64
    } else {
        let drawn = (0..swaps).filter(|_| is_as_large(swapped(first, &steps, || rng.next_u64())));
        (drawn.count() + 1) as f64 / (swaps + 1) as f64
    };
    Some(Paired { differing, p })
}

/// The first side's sums with those calls swapped whose bits are set; `bits` gives the next 64.
fn swapped(first: Part, steps: &[Part], mut bits: impl FnMut() -> u64) -> Part {
    let mut sum = first;
    for chunk in steps.chunks(64) {
        let mut mask = bits();
        for step in chunk {
            if mask & 1 == 1 {
                sum.numerator += step.numerator;
                sum.denominator += step.denominator;
            }
            mask >>= 1;
        }
    }
    sum
}

/// Holm's correction (1979): what each p becomes when all of them are asked at once, so that with
/// no difference anywhere the smallest falls below alpha no more often than alpha says.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut corrected = vec![0.0; p.len()];
    let mut before: f64 = 0.0;
    for (rank, &at) in order.iter().enumerate() {
        before = before.max(p[at] * (p.len() - rank) as f64).min(1.0);
        corrected[at] = before;
    }
    corrected
}
