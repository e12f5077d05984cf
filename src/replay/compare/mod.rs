//! Two replays of the same calls: what got better, what got worse, and whether that is more than
//! chance.

mod calls;
#[cfg(test)]
pub(crate) mod made_up;
pub mod report;
#[cfg(test)]
mod tests;
mod text;
mod turns;

pub use calls::{CallVerdict, Change, Divergence, PairedCall, SaidOtherwise};
pub use turns::{Stretch, TurnPair};

use super::metrics::{Metric, Series, metrics, valued};
use super::statistics::{Interval, Paired, holm, interval, paired};
use super::{Better, CallMeasures, CallResult, Results, RunHeader};
use crate::ticket::CallId;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a comparison may be asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// How often a change that is none may be called better or worse, over all figures together.
    pub alpha: f64,
    /// What resamples and swaps are drawn from.
    pub seed: u64,
}

/// What the calls say about one figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The second run is better, and chance makes that rarely.
    Better,
    /// It is worse, and chance makes that rarely.
    Worse,
    /// Chance makes such a difference often enough, or too few calls differ to tell.
    NoEvidence,
    /// A figure without a test of its own.
    NotTested,
}

impl Verdict {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::NoEvidence => "no evidence",
            Verdict::NotTested => "not tested",
        }
    }
}

/// One figure of both runs, over the calls that both have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// Which.
    #[serde(flatten)]
    pub metric: Metric,
    /// The first run's value.
    pub a: Option<f64>,
    /// Where its true value is, at 95 %.
    pub a_interval: Option<Interval>,
    /// The second run's value.
    pub b: Option<f64>,
    /// Where its true value is.
    pub b_interval: Option<Interval>,
    /// The second's less the first's.
    pub difference: Option<f64>,
    /// Where the true difference is: calls are drawn in pairs.
    pub difference_interval: Option<Interval>,
    /// Calls that differ in it; null without a test.
    pub differing: Option<usize>,
    /// How often chance alone makes so large a difference; null without a test.
    pub p: Option<f64>,
    /// The same after Holm's correction for all figures tested; null where so few calls differ that
    /// the test could not have found anything, which costs the others nothing.
    pub p_holm: Option<f64>,
    /// What follows from it.
    pub verdict: Verdict,
}

/// One of the two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run<'r> {
    /// Its results file.
    pub file: &'r Path,
    /// What was replayed how.
    pub header: &'r RunHeader,
    /// Calls in it.
    pub calls: usize,
    /// Calls that the other run does not have.
    pub only_here: Vec<&'r CallId>,
    /// Calls of both that could not be replayed here, and why.
    pub failed: Vec<Failed<'r>>,
}

/// A call that could not be replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Failed<'r> {
    /// Which.
    pub call: &'r CallId,
    /// Why.
    pub error: &'r str,
}

/// Two runs side by side.
#[derive(Debug, Serialize)]
pub struct Comparison<'r> {
    /// The first run, which the second is measured by.
    pub a: Run<'r>,
    /// The second.
    pub b: Run<'r>,
    /// See [`Options`].
    pub alpha: f64,
    /// Calls that both runs replayed: all figures are of these.
    pub paired: usize,
    /// Calls that the first run replayed and the second could not.
    pub lost: usize,
    /// The figures, in the order they are told.
    pub figures: Vec<Compared>,
    /// What is said otherwise, most often first.
    pub said: Vec<SaidOtherwise>,
    /// The calls that do not go the same way, those that changed most first.
    pub calls: Vec<PairedCall<'r>>,
    /// What both runs made of each call, for the report's plots.
    #[serde(skip)]
    measures: Vec<(&'r CallMeasures, &'r CallMeasures)>,
}

/// Why two runs cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    /// They have not a single call in common that both replayed.
    #[error(
        "{a} and {b}: there is no call that both runs replayed, so there is nothing to compare; \
         both must be of the same recordings"
    )]
    NothingInCommon {
        /// The first run's file.
        a: PathBuf,
        /// The second's.
        b: PathBuf,
    },
    /// Calls are paired by their ids.
    #[error(
        "{file}: call {call} is in it twice, as {first} and as {second}; replay each recording once"
    )]
    Twice {
        /// The run's file.
        file: PathBuf,
        /// The call.
        call: CallId,
        /// Its journal.
        first: PathBuf,
        /// The other one.
        second: PathBuf,
    },
}

/// A run's results and where they were read from.
pub type Source<'r> = (&'r Path, &'r Results);

impl<'r> Comparison<'r> {
    /// `b` measured by `a`.
    pub fn of(
        a: Source<'r>,
        b: Source<'r>,
        options: Options,
    ) -> Result<Comparison<'r>, CompareError> {
        let (first, second) = (by_id(a)?, by_id(b)?);
        // In the first file's order.
        let calls = a.1.calls.iter();
        let both: Vec<(&CallResult, &CallResult)> =
            calls.filter_map(|call| Some((call, *second.get(&call.call)?))).collect();
        let measured = |(a, b): &(&'r CallResult, &'r CallResult)| {
            Some((a.measures.as_deref()?, b.measures.as_deref()?))
        };
        let measures: Vec<(&CallMeasures, &CallMeasures)> =
            both.iter().filter_map(measured).collect();
        if measures.is_empty() {
            return Err(CompareError::NothingInCommon { a: a.0.into(), b: b.0.into() });
        }
        let lost = both.iter().filter(|(a, b)| a.measures.is_some() && b.measures.is_none());
        let (calls, said) = calls::paired_calls(&both);
        let run = |(file, results): Source<'r>, other: &Calls<'r>, failed| Run {
            file,
            header: &results.header,
            calls: results.calls.len(),
            only_here: only_in(results, other),
            failed,
        };
        Ok(Comparison {
            a: run(a, &second, both.iter().filter_map(|(a, _)| failed(a)).collect()),
            b: run(b, &first, both.iter().filter_map(|(_, b)| failed(b)).collect()),
            alpha: options.alpha,
            paired: measures.len(),
            lost: lost.count(),
            figures: figures(&measures, options),
            said,
            calls,
            measures,
        })
    }

    /// The figures with this verdict.
    pub fn figures_with(&self, verdict: Verdict) -> impl Iterator<Item = &Compared> {
        self.figures.iter().filter(move |figure| figure.verdict == verdict)
    }

    /// Whether the second run is worse: in a figure, with evidence, or because it lost calls.
    pub fn is_worse(&self) -> bool {
        self.lost > 0 || self.figures_with(Verdict::Worse).next().is_some()
    }

    /// How many calls got better or worse, or changed without being either.
    pub fn count(&self, verdict: CallVerdict) -> usize {
        self.calls.iter().filter(|call| call.verdict == verdict).count()
    }
}

type Calls<'r> = BTreeMap<&'r CallId, &'r CallResult>;

fn by_id<'r>((file, results): Source<'r>) -> Result<Calls<'r>, CompareError> {
    let mut calls = Calls::new();
    for call in &results.calls {
        if let Some(before) = calls.insert(&call.call, call) {
            return Err(CompareError::Twice {
                file: file.into(),
                call: call.call.clone(),
                first: before.journal.clone(),
                second: call.journal.clone(),
            });
        }
    }
    Ok(calls)
}

fn only_in<'r>(results: &'r Results, other: &Calls<'r>) -> Vec<&'r CallId> {
    results.calls.iter().map(|c| &c.call).filter(|call| !other.contains_key(call)).collect()
}

fn failed(result: &CallResult) -> Option<Failed<'_>> {
    let error = result.error.as_deref().unwrap_or("no reason was given");
    result.measures.is_none().then_some(Failed { call: &result.call, error })
}

fn figures(pairs: &[(&CallMeasures, &CallMeasures)], options: Options) -> Vec<Compared> {
    let first: Vec<&CallMeasures> = pairs.iter().map(|(a, _)| *a).collect();
    let second: Vec<&CallMeasures> = pairs.iter().map(|(_, b)| *b).collect();
    let both: Vec<&CallMeasures> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
    let mut figures: Vec<Compared> = metrics(&both)
        .into_iter()
        .map(|(metric, measure)| {
            let a = Series::of(&measure, &first);
            let b = Series::of(&measure, &second);
            compared(metric, &a, &b, pairs.len(), options)
        })
        .collect();
    let tested = figures.iter_mut().filter(|figure| figure.p_holm.is_some());
    let mut tested: Vec<&mut Compared> = tested.collect();
    let corrected = holm(&tested.iter().filter_map(|figure| figure.p_holm).collect::<Vec<_>>());
    for (figure, p) in tested.iter_mut().zip(corrected) {
        figure.p_holm = Some(p);
        if p <= options.alpha {
            let is_higher = figure.difference > Some(0.0);
            let is_better = is_higher == (figure.metric.better == Better::Higher);
            figure.verdict = if is_better { Verdict::Better } else { Verdict::Worse };
        }
    }
    figures
}

/// One figure; its `p_holm` is not yet corrected, and where it is none there is nothing to correct.
fn compared(metric: Metric, a: &Series, b: &Series, calls: usize, options: Options) -> Compared {
    let (value_a, a_interval) = valued(a, calls, options.seed);
    let (value_b, b_interval) = valued(b, calls, options.seed);
    let minus = |a: Option<f64>, b: Option<f64>| Some(b? - a?);
    let drawn = |weights: &[u32]| minus(a.at(weights), b.at(weights));
    let test = tested(a, b, options.seed);
    let difference = minus(value_a, value_b);
    Compared {
        metric,
        a: value_a,
        a_interval,
        b: value_b,
        b_interval,
        difference,
        difference_interval: difference.and_then(|_| interval(calls, options.seed, drawn)),
        differing: test.map(|test| test.differing),
        p: test.map(|test| test.p),
        // Which figures can be left out of the correction hangs on which calls differ, not on how
        // (Tarone 1990), so leaving them out spends nothing of alpha.
        p_holm: test.filter(|test| !test.is_hopeless(options.alpha)).map(|test| test.p),
        verdict: if test.is_some() { Verdict::NoEvidence } else { Verdict::NotTested },
    }
}

fn tested(a: &Series, b: &Series, seed: u64) -> Option<Paired> {
    let (Series::Ratio(a), Series::Ratio(b)) = (a, b) else { return None };
    paired(&a.iter().copied().zip(b.iter().copied()).collect::<Vec<_>>(), seed)
}
