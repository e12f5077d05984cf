//! What a replay of many calls is judged by: each figure's name, unit and good direction, and how
//! it is made of a call's measures.

use super::result::{CallMeasures, CallResult};
use super::score::{Errors, SlotScore};
use super::statistics::{Interval, Part, interval, ratio};
use serde::{Deserialize, Serialize};

/// What a figure counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Of a hundred.
    Percent,
    /// How many in a call, on average.
    PerCall,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// A number from 0 to 1.
    Fraction,
}

impl Unit {
    /// `value` without its unit's name, as precise as it is of use.
    pub fn number(self, value: f64) -> String {
        let decimals = match self {
            Unit::Percent | Unit::Seconds => 1,
            Unit::PerCall => 2,
            Unit::Milliseconds => 0,
            Unit::Fraction => 3,
        };
        let text = format!("{value:.decimals$}");
        // What is rounded to nothing has no sign.
        let is_zero = text.chars().all(|c| matches!(c, '-' | '0' | '.'));
        if is_zero { text.trim_start_matches('-').into() } else { text }
    }

    /// As it stands behind a number.
    pub fn sign(self) -> &'static str {
        match self {
            Unit::Percent => "%",
            Unit::PerCall | Unit::Fraction => "",
            Unit::Seconds => "s",
            Unit::Milliseconds => "ms",
        }
    }

    /// `value` with it.
    pub fn show(self, value: f64) -> String {
        format!("{} {}", self.number(value), self.sign()).trim_end().into()
    }
}

/// Which way a figure should go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// The more the better.
    Higher,
    /// The less the better.
    Lower,
}

/// One figure that a run of many calls comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metric {
    /// Its name in JSON, which stays as it is.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it counts in.
    pub unit: Unit,
    /// Which way it should go.
    pub better: Better,
}

/// How a figure is made of measures.
pub(super) enum Measure {
    /// The ratio of what each call adds.
    Ratio(fn(&CallMeasures) -> Part),
    /// The share of calls in which this slot was right.
    Slot(String),
    /// So many percent of all gaps are no longer.
    Gap(u64),
}

type Row = (&'static str, &'static str, Unit, Better, Measure);

fn per_call(count: u32) -> Part {
    Part::new(count.into(), 1.0)
}

fn percent(of: usize, all: usize) -> Part {
    Part::new(100.0 * of as f64, all as f64)
}

fn errors(errors: Option<Errors>) -> Part {
    errors.map_or_else(Part::default, |e| percent(e.edits, e.reference))
}

fn slots_exact(call: &CallMeasures) -> Part {
    let known: Vec<bool> = call.slots.iter().filter_map(|s| s.is_exact()).collect();
    percent(known.iter().filter(|exact| **exact).count(), known.len())
}

fn all_slots_exact(call: &CallMeasures) -> Part {
    let slots = slots_exact(call);
    let any = usize::from(slots.denominator > 0.0);
    percent(usize::from(slots.numerator == 100.0 * slots.denominator) * any, any)
}

/// The slots that were asked for and whose right value is known: a value told before its question
/// came stands among the readings of another answer.
fn ranked(call: &CallMeasures) -> impl Iterator<Item = &SlotScore> {
    call.score.slots.iter().filter(|score| {
        let known = |s: &super::SlotResult| s.slot == score.slot && s.truth.is_some();
        call.slots.iter().any(known) && call.turns.iter().any(|turn| turn.asked == score.slot)
    })
}

fn reciprocal_ranks(call: &CallMeasures) -> Part {
    let reciprocal = |score: &SlotScore| score.rank.map_or(0.0, |rank| 1.0 / f64::from(rank));
    Part::new(ranked(call).map(reciprocal).sum(), ranked(call).count() as f64)
}

fn gaps(call: &CallMeasures) -> Part {
    let gaps = &call.score.gaps_ms;
    Part::new(gaps.iter().sum::<u64>() as f64, gaps.len() as f64)
}

/// Before the slots, each by itself.
fn outcomes() -> [Row; 4] {
    use Better::{Higher, Lower};
    use Measure::Ratio;
    use Unit::Percent;
    [
        (
            "completion",
            "calls completed",
            Percent,
            Higher,
            Ratio(|c| percent(c.complete.into(), 1)),
        ),
        (
            "emergency_missed",
            "emergencies missed",
            Percent,
            Lower,
            Ratio(|c| c.emergency_missed.map_or_else(Part::default, |m| percent(m.into(), 1))),
        ),
        ("all_slots_exact", "calls, all slots right", Percent, Higher, Ratio(all_slots_exact)),
        ("slots_exact", "slots right", Percent, Higher, Ratio(slots_exact)),
    ]
}

/// After them.
fn course() -> [Row; 14] {
    use Better::{Higher, Lower};
    use Measure::{Gap, Ratio};
    use Unit::{Fraction, Milliseconds, PerCall, Percent, Seconds};
    let first = |c: &CallMeasures| {
        percent(ranked(c).filter(|s| s.rank == Some(1)).count(), ranked(c).count())
    };
    let confirmations =
        |c: &CallMeasures| per_call(c.score.slots.iter().map(|s| s.confirmations).sum());
    let cut_offs = |c: &CallMeasures| percent(c.score.cut_offs as usize, c.score.turns as usize);
    let duration = |c: &CallMeasures| Part::new(c.duration_ms as f64 / 1e3, 1.0);
    [
        ("rank_first", "right value read first", Percent, Higher, Ratio(first)),
        ("rank_reciprocal", "mean reciprocal rank", Fraction, Higher, Ratio(reciprocal_ranks)),
        ("confirmations", "confirmations", PerCall, Lower, Ratio(confirmations)),
        ("turns", "caller's turns", PerCall, Lower, Ratio(|c| per_call(c.score.turns))),
        ("duration", "duration", Seconds, Lower, Ratio(duration)),
        ("gap", "gap, mean", Milliseconds, Lower, Ratio(gaps)),
        ("gap_p50", "gap, median", Milliseconds, Lower, Gap(50)),
        ("gap_p95", "gap, 95 of 100", Milliseconds, Lower, Gap(95)),
        (
            "false_barge_ins",
            "false barge-ins",
            PerCall,
            Lower,
            Ratio(|c| per_call(c.score.false_barge_ins)),
        ),
        ("cut_offs", "turns cut off", Percent, Lower, Ratio(cut_offs)),
        ("no_inputs", "no-inputs", PerCall, Lower, Ratio(|c| per_call(c.score.no_inputs))),
        (
            "not_understood",
            "not understood",
            PerCall,
            Lower,
            Ratio(|c| per_call(c.score.not_understood)),
        ),
        ("wer", "word error rate", Percent, Lower, Ratio(|c| errors(c.words))),
        ("cer", "character error rate", Percent, Lower, Ratio(|c| errors(c.characters))),
    ]
}

/// All figures, in the order they are told; each slot whose right value `calls` know has its own.
pub(super) fn metrics(calls: &[&CallMeasures]) -> Vec<(Metric, Measure)> {
    let mut slots: Vec<&str> = Vec::new();
    for slot in calls.iter().flat_map(|call| &call.slots).filter(|slot| slot.truth.is_some()) {
        if !slots.contains(&&*slot.slot) {
            slots.push(&slot.slot);
        }
    }
    let row = |(name, title, unit, better, measure): Row| {
        (Metric { name: name.into(), title: title.into(), unit, better }, measure)
    };
    let slot = |slot: &str| {
        let (name, title) = (format!("slot_exact.{slot}"), format!("{slot} right"));
        let metric = Metric { name, title, unit: Unit::Percent, better: Better::Higher };
        (metric, Measure::Slot(slot.into()))
    };
    let slots = slots.into_iter().map(slot);
    outcomes().map(row).into_iter().chain(slots).chain(course().map(row)).collect()
}

/// One figure over many calls, for any weighting of them.
pub(super) enum Series {
    /// What each call adds to a ratio.
    Ratio(Vec<Part>),
    /// A percentile of all gaps.
    Percentile {
        /// Each gap and the call it is of, shortest first.
        gaps: Vec<(u64, usize)>,
        /// Of a hundred gaps, so many are no longer.
        percent: u64,
    },
}

impl Series {
    /// `measure` of `calls`.
    pub(super) fn of(measure: &Measure, calls: &[&CallMeasures]) -> Series {
        match measure {
            Measure::Ratio(part) => Series::Ratio(calls.iter().map(|call| part(call)).collect()),
            Measure::Slot(name) => {
                let exact = |call: &&CallMeasures| {
                    let slot = call.slots.iter().find(|slot| slot.slot == *name);
                    slot.and_then(|slot| slot.is_exact())
                };
                let part = |e: Option<bool>| e.map_or_else(Part::default, |e| percent(e.into(), 1));
                Series::Ratio(calls.iter().map(exact).map(part).collect())
            }
            Measure::Gap(percent) => {
                let of_call = |(call, measures): (usize, &&CallMeasures)| {
                    measures.score.gaps_ms.iter().map(move |gap| (*gap, call)).collect::<Vec<_>>()
                };
                let mut gaps: Vec<_> = calls.iter().enumerate().flat_map(of_call).collect();
                gaps.sort_unstable();
                Series::Percentile { gaps, percent: *percent }
            }
        }
    }

    /// Its value with each call taken so often; `None` of nothing.
    pub(super) fn at(&self, weights: &[u32]) -> Option<f64> {
        match self {
            Series::Ratio(parts) => ratio(parts, weights),
            Series::Percentile { gaps, percent } => {
                let weight = |call: usize| u64::from(weights[call]);
                let all: u64 = gaps.iter().map(|(_, call)| weight(*call)).sum();
                let mut seen = 0;
                let reached = gaps.iter().find(|(_, call)| {
                    seen += weight(*call);
                    all > 0 && seen * 100 >= all * percent
                });
                reached.map(|(gap, _)| *gap as f64)
            }
        }
    }

    /// Calls that say something about it.
    pub(super) fn calls(&self) -> usize {
        match self {
            Series::Ratio(parts) => parts.iter().filter(|part| part.denominator > 0.0).count(),
            Series::Percentile { gaps, .. } => {
                let mut calls: Vec<usize> = gaps.iter().map(|(_, call)| *call).collect();
                calls.sort_unstable();
                calls.dedup();
                calls.len()
            }
        }
    }
}

/// One figure of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Which.
    #[serde(flatten)]
    pub metric: Metric,
    /// Its value in its unit; null where no call says anything about it.
    pub value: Option<f64>,
    /// Where the true value is, at 95 %; null of fewer than two calls.
    pub interval: Option<Interval>,
    /// Calls it is of.
    pub calls: usize,
}

/// What a run comes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Calls in it.
    pub calls: usize,
    /// Of these, calls that could not be replayed: they are in no figure.
    pub failed: usize,
    /// The figures, in the order they are told.
    pub figures: Vec<Figure>,
}

impl Summary {
    /// Of `results`, with intervals drawn from `seed`.
    pub fn of<'r>(results: impl IntoIterator<Item = &'r CallResult>, seed: u64) -> Summary {
        let results: Vec<&CallResult> = results.into_iter().collect();
        let measured: Vec<&CallMeasures> =
            results.iter().filter_map(|result| result.measures.as_deref()).collect();
        let figure = |(metric, measure): (Metric, Measure)| {
            let series = Series::of(&measure, &measured);
            let (value, interval) = valued(&series, measured.len(), seed);
            Figure { metric, value, interval, calls: series.calls() }
        };
        let figures = metrics(&measured).into_iter().map(figure).collect();
        Summary { calls: results.len(), failed: results.len() - measured.len(), figures }
    }

    /// As a table for people.
    pub fn to_text(&self) -> String {
        let width = self.figures.iter().map(|f| f.metric.title.chars().count()).max().unwrap_or(0);
        let mut text = format!("{:width$}  {:>10}  {:^20}  {:>5}\n", "", "", "95 %", "calls");
        for Figure { metric, value, interval, calls } in &self.figures {
            let value = value.map_or("-".into(), |value| metric.unit.show(value));
            let interval = interval_text(metric.unit, *interval);
            let title = &metric.title;
            text += &format!("{title:width$}  {value:>10}  {interval:^20}  {calls:>5}\n");
        }
        text
    }
}

/// The value of a series over `calls` calls, and where the true one is.
pub(super) fn valued(series: &Series, calls: usize, seed: u64) -> (Option<f64>, Option<Interval>) {
    let value = series.at(&vec![1; calls]);
    (value, value.and_then(|_| interval(calls, seed, |weights| series.at(weights))))
}

/// An interval, without the unit; empty where there is none.
pub(super) fn interval_text(unit: Unit, interval: Option<Interval>) -> String {
    let text = |i: Interval| format!("{} to {}", unit.number(i.low), unit.number(i.high));
    interval.map(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::compare::made_up::call;

    fn figure(summary: &Summary, name: &str) -> (Option<f64>, usize) {
        let found = summary.figures.iter().find(|figure| figure.metric.name == name);
        found.map(|figure| (figure.value, figure.calls)).expect("a figure of this name")
    }

    #[test]
    fn figures_of_two_calls() {
        let mut calls = [call("one"), call("two"), call("three")];
        let two = calls[1].measures.as_mut().expect("measures");
        two.complete = false;
        two.duration_ms = 60_000;
        two.emergency_missed = Some(true);
        two.words = Some(Errors { edits: 3, reference: 20 });
        two.slots[1].value = "7 Hill Road".into();
        two.score.slots[1].rank = Some(2);
        two.score.gaps_ms = vec![1_000, 2_000];
        two.score.cut_offs = 1;
        (calls[2].measures, calls[2].error) = (None, Some("journal.jsonl: line 3".into()));
        let summary = Summary::of(&calls, 1);
        assert_eq!((summary.calls, summary.failed), (3, 1));
        let check = |name, value, of| assert_eq!(figure(&summary, name), (value, of), "{name}");
        check("completion", Some(50.0), 2);
        check("emergency_missed", Some(100.0), 1);
        check("slots_exact", Some(75.0), 2);
        check("all_slots_exact", Some(50.0), 2);
        check("slot_exact.name", Some(100.0), 2);
        check("slot_exact.address", Some(50.0), 2);
        check("rank_first", Some(75.0), 2);
        check("rank_reciprocal", Some(0.875), 2);
        check("confirmations", Some(2.0), 2);
        check("duration", Some(50.0), 2);
        check("gap", Some((500.0 + 700.0 + 1_000.0 + 2_000.0) / 4.0), 2);
        check("gap_p50", Some(700.0), 2);
        check("gap_p95", Some(2_000.0), 2);
        check("cut_offs", Some(25.0), 2);
        check("wer", Some(10.0), 2);
        check("cer", None, 0);
        let text = summary.to_text();
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        assert!(text.contains("calls completed"), "{text}");
    }

    #[test]
    fn numbers_as_people_read_them() {
        assert_eq!(Unit::Percent.show(87.46), "87.5 %");
        assert_eq!(Unit::PerCall.show(1.0), "1.00");
        assert_eq!(Unit::Milliseconds.show(-0.2), "0 ms");
        assert_eq!(Unit::Milliseconds.show(-12.0), "-12 ms");
    }
}
