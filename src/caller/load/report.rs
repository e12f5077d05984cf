//! What a load came to.

use super::{Outcome, Served, StepOutcome};
use crate::caller::{CallReport, PhoneError, Scenario, Side};
use crate::replay::score::percentile;
use crate::speech::AnswerKind;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// One call, as its caller saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// The scenario's file name.
    pub scenario: String,
    /// When it was dialled, milliseconds since the load began.
    pub from_ms: u64,
    /// From answer to the end; 0 where it was not answered.
    pub duration_ms: u64,
    /// When the caller spoke, milliseconds since the load began.
    pub spoke_ms: Vec<Range<u64>>,
    /// From INVITE to 200.
    pub answered_after_ms: Option<u64>,
    /// Why there was no call, or why it did not go as written.
    pub failure: Option<String>,
    /// It was hung up because the time was over.
    pub cut: bool,
    /// What was expected of the ticket and came true.
    pub right: BTreeSet<String>,
    /// What did not.
    pub wrong: BTreeSet<String>,
    /// The caller's answers, by their kind: when the caller ended, milliseconds since the load
    /// began, and how long it took until the bot was heard.
    pub gaps_ms: BTreeMap<AnswerKind, Vec<(u64, u64)>>,
}

impl CallRecord {
    /// What `report` tells of a call of `scenario`; `cut`: it was hung up from without.
    pub(super) fn new(
        scenario: &Scenario,
        from_ms: u64,
        report: Result<CallReport, PhoneError>,
        cut: bool,
    ) -> CallRecord {
        let name = scenario.file.file_name().unwrap_or_default().to_string_lossy();
        let mut record = CallRecord {
            scenario: name.into_owned(),
            from_ms,
            duration_ms: 0,
            spoke_ms: Vec::new(),
            answered_after_ms: None,
            failure: None,
            cut,
            right: BTreeSet::new(),
            wrong: BTreeSet::new(),
            gaps_ms: BTreeMap::new(),
        };
        match report {
            Ok(report) => record.fill(report),
            Err(e) => record.failure = Some(e.to_string()),
        }
        record
    }

    fn fill(&mut self, report: CallReport) {
        self.duration_ms = report.duration_ms;
        self.failure = report.failure.filter(|_| !self.cut);
        if let Side::Calling(reached) = &report.side {
            self.answered_after_ms = Some(reached.answered_after_ms);
        }
        let answered_ms = self.up_ms().start;
        for turn in report.turns.iter().filter(|turn| turn.is_speech()) {
            // Who hangs up in their midst has no end.
            let end_ms = turn.end_ms.unwrap_or(report.duration_ms);
            self.spoke_ms.push(answered_ms + turn.at_ms..answered_ms + end_ms);
            if let Some((gap_ms, expected)) = turn.gap_ms.zip(turn.expectation) {
                let gaps = self.gaps_ms.entry(expected.kind()).or_default();
                gaps.push((answered_ms + end_ms, gap_ms));
            }
        }
        if !self.cut {
            for check in report.expectations.iter().filter(|c| !c.on_prompt) {
                let told = if check.ok { &mut self.right } else { &mut self.wrong };
                told.insert(check.what.clone());
            }
        }
    }

    /// From answer to the end, milliseconds since the load began.
    fn up_ms(&self) -> Range<u64> {
        let answered_ms = self.from_ms + self.answered_after_ms.unwrap_or(0);
        answered_ms..answered_ms + self.duration_ms
    }

    /// The call was answered and went to its end.
    pub fn is_whole(&self) -> bool {
        self.duration_ms > 0 && !self.cut
    }
}

/// Percentiles by nearest rank.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// How many there were.
    pub count: usize,
    /// The median.
    pub p50: Option<u64>,
    /// 90 of 100 are no greater.
    pub p90: Option<u64>,
    /// 95 of 100.
    pub p95: Option<u64>,
    /// 99 of 100.
    pub p99: Option<u64>,
}

impl Percentiles {
    /// Of these.
    pub fn of(values: impl IntoIterator<Item = u64>) -> Percentiles {
        let mut values: Vec<u64> = values.into_iter().collect();
        values.sort_unstable();
        let rank = |percent| percentile(&values, percent);
        Percentiles {
            count: values.len(),
            p50: rank(50),
            p90: rank(90),
            p95: rank(95),
            p99: rank(99),
        }
    }
}

/// A load and what it came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadReport {
    /// Whom they called.
    pub target: String,
    /// What chance was drawn from.
    pub seed: u64,
    /// Seconds of sound that the recogniser manages in one on a core of its own, when it has
    /// nothing else to do (`doctor --capacity`).
    pub bare_speed: Option<f64>,
    /// When few called (`--baseline`): values that were looked at, and were right.
    pub values_right_alone: Option<(usize, usize)>,
    /// Of those calls, the ones with nothing wrong that was right in all others by the same
    /// scenario: no load is judged more strictly. Of so many can it be said.
    pub as_right_among_alone: Option<(usize, usize)>,
    /// What came of each number of callers.
    pub steps: Vec<StepReport>,
    /// Each call.
    pub calls: Vec<CallRecord>,
}

/// What so many callers came to. Calls count where they were dialled, gaps where they were heard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Callers.
    pub calls_at_once: usize,
    /// How long all of them called, seconds.
    pub full_s: f64,
    /// Over what time they began, seconds.
    pub ramp_s: f64,
    /// The fewest calls that were up in any second of the full load.
    pub up_min: usize,
    /// How many were up on average.
    pub up_mean: f64,
    /// Share of the calls' time within the full load in which their callers spoke.
    pub talk_share: f64,
    /// Calls that were answered.
    pub answered: usize,
    /// Calls that were not.
    pub refused: usize,
    /// Calls that went to their end otherwise than written.
    pub failed: usize,
    /// Why calls did not go as written, and how many of them.
    pub failures: BTreeMap<String, usize>,
    /// Of calls that went to their end: values of the ticket that were looked at, and were right.
    pub values_right: (usize, usize),
    /// Of these calls, those with nothing wrong that was right when few called (`--baseline`).
    pub as_right_as_alone: Option<(usize, usize)>,
    /// How long callers waited within the full load for what comes after their answer, by its
    /// kind, milliseconds; every kind is there.
    pub gap_ms: BTreeMap<AnswerKind, Percentiles>,
    /// What the server told; null where it was not asked.
    pub served: Option<Served>,
    /// Processor cores that the callers themselves took.
    pub callers_cores: f64,
}

impl LoadReport {
    /// Counts `outcome`; `baseline` are calls by the same scenarios when few called.
    pub fn new(
        target: &str,
        seed: u64,
        outcome: Outcome,
        baseline: Option<&[CallRecord]>,
    ) -> LoadReport {
        let Outcome { calls, steps } = outcome;
        let steps = steps.iter().map(|step| StepReport::new(step, &calls, baseline)).collect();
        let (target, bare_speed) = (target.into(), None);
        LoadReport {
            target,
            seed,
            bare_speed,
            values_right_alone: baseline.map(|calls| values_right(calls.iter())),
            as_right_among_alone: baseline.map(as_right_among),
            steps,
            calls,
        }
    }
}

impl StepReport {
    fn new(
        outcome: &StepOutcome,
        calls: &[CallRecord],
        baseline: Option<&[CallRecord]>,
    ) -> StepReport {
        let StepOutcome { step, from_ms, full_ms, up } = outcome;
        let dialled = *from_ms..full_ms.end;
        let dialled = || calls.iter().filter(|c| dialled.contains(&c.from_ms));
        let whole = || dialled().filter(|c| c.is_whole());
        let gaps_of = |kind| {
            let all = calls.iter().filter_map(|c| c.gaps_ms.get(&kind)).flatten();
            let within = all.filter(|(at, _)| full_ms.contains(at)).map(|(_, gap)| *gap);
            (kind, Percentiles::of(within))
        };
        StepReport {
            calls_at_once: step.calls,
            full_s: outcome.full_s(),
            ramp_s: step.ramp.as_secs_f64(),
            up_min: up.iter().copied().min().unwrap_or(0),
            up_mean: outcome.up_mean(),
            talk_share: talk_share(calls, full_ms),
            answered: dialled().filter(|c| c.duration_ms > 0).count(),
            refused: dialled().filter(|c| c.duration_ms == 0 && !c.cut).count(),
            failed: whole().filter(|c| c.failure.is_some()).count(),
            failures: counted(dialled().filter_map(|c| c.failure.as_deref())),
            values_right: values_right(dialled()),
            as_right_as_alone: baseline.map(|baseline| as_right(whole(), baseline)),
            gap_ms: AnswerKind::ALL.map(gaps_of).into(),
            served: None,
            callers_cores: 0.0,
        }
    }
}

fn counted<'w>(words: impl Iterator<Item = &'w str>) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    words.for_each(|word| *times.entry(word.to_owned()).or_default() += 1);
    times
}

/// Of calls that went to their end: values that were looked at, and were right.
fn values_right<'a>(calls: impl Iterator<Item = &'a CallRecord>) -> (usize, usize) {
    let whole = calls.filter(|c| c.is_whole());
    whole.fold((0, 0), |(right, all), c| {
        (right + c.right.len(), all + c.right.len() + c.wrong.len())
    })
}

/// Of what lies within `full_ms`, the share in which callers spoke.
fn talk_share(calls: &[CallRecord], full_ms: &Range<u64>) -> f64 {
    let within =
        |time: &Range<u64>| time.end.min(full_ms.end).saturating_sub(time.start.max(full_ms.start));
    let talked: u64 = calls.iter().flat_map(|call| &call.spoke_ms).map(within).sum();
    let all: u64 = calls.iter().map(|call| within(&call.up_ms())).sum();
    talked as f64 / all.max(1) as f64
}

/// How many of `calls` have nothing wrong that was right in `baseline`, and of how many that can be
/// said.
fn as_right<'a>(
    calls: impl Iterator<Item = &'a CallRecord>,
    baseline: &[CallRecord],
) -> (usize, usize) {
    let alone = right_of(baseline.iter());
    let judged = calls.filter_map(|call| {
        let right = alone.get(call.scenario.as_str())?;
        Some(call.failure.is_none() && right.is_subset(&call.right))
    });
    judged.fold((0, 0), |(right, all), is_right| (right + usize::from(is_right), all + 1))
}

/// As [`as_right`], each of `calls` beside all others.
fn as_right_among(calls: &[CallRecord]) -> (usize, usize) {
    let judged =
        calls.iter().enumerate().filter(|(_, call)| call.is_whole()).filter_map(|(i, c)| {
            let others = calls.iter().enumerate().filter(|(other, _)| *other != i);
            let right = right_of(others.map(|(_, call)| call)).remove(c.scenario.as_str())?;
            Some(c.failure.is_none() && right.is_subset(&c.right))
        });
    judged.fold((0, 0), |(right, all), is_right| (right + usize::from(is_right), all + 1))
}

/// What was right in each call of a scenario.
fn right_of<'a>(
    calls: impl Iterator<Item = &'a CallRecord>,
) -> BTreeMap<&'a str, BTreeSet<String>> {
    let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for call in calls.filter(|c| c.is_whole() && c.failure.is_none()) {
        let right = found.entry(&call.scenario).or_insert_with(|| call.right.clone());
        right.retain(|what| call.right.contains(what));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::load::LoadStep;
    use std::time::Duration;

    fn call(scenario: &str, from_ms: u64, right: &[&str], wrong: &[&str]) -> CallRecord {
        let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        CallRecord {
            scenario: scenario.into(),
            from_ms,
            duration_ms: 60_000,
            spoke_ms: std::iter::once(from_ms + 10_000..from_ms + 16_000).collect(),
            answered_after_ms: Some(20),
            failure: None,
            cut: false,
            right: set(right),
            wrong: set(wrong),
            gaps_ms: [(AnswerKind::Closed, vec![(from_ms + 20_000, 400)])].into(),
        }
    }

    #[test]
    fn counted_against_the_same_calls_alone() {
        let second = Duration::from_secs(1);
        let mut cut = call("a", 200_000, &[], &[]);
        cut.cut = true;
        let refused = CallRecord { duration_ms: 0, ..call("a", 210_000, &[], &[]) };
        let calls = vec![
            call("a", 0, &["name"], &[]),
            call("a", 100_000, &["name"], &["need"]),
            call("b", 150_000, &[], &["name"]),
            call("unknown", 160_000, &["name"], &[]),
            cut,
            refused,
        ];
        let step = LoadStep { calls: 2, ramp: 30 * second };
        let full_ms = 30_000..205_000;
        let first = StepOutcome { step, from_ms: 0, full_ms, up: vec![2, 1, 2] };
        let step = LoadStep { calls: 9, ramp: second };
        let full_ms = 206_000..300_000;
        let next = StepOutcome { step, from_ms: 205_000, full_ms, up: vec![] };
        let outcome = Outcome { calls, steps: vec![first, next] };
        // What was right once and wrong once alone is not asked for.
        let baseline = [
            call("a", 0, &["name", "need"], &[]),
            call("a", 0, &["name"], &["need"]),
            call("b", 0, &["name"], &[]),
        ];
        let report = LoadReport::new("sip:x", 1, outcome, Some(&baseline));
        let [first, next] = &report.steps[..] else { panic!("{:?}", report.steps) };
        assert_eq!((first.answered, first.refused, first.failed), (5, 0, 0));
        assert_eq!((next.answered, next.refused, next.failed), (0, 1, 0));
        // Three times six seconds, of the calls' 194.94 within the full load.
        assert!((first.talk_share - 18.0 / 194.96).abs() < 1e-9, "{}", first.talk_share);
        assert_eq!((first.up_min, first.values_right, first.full_s), (1, (3, 5), 175.0));
        assert_eq!(first.as_right_as_alone, Some((2, 3)));
        assert_eq!(report.values_right_alone, Some((4, 5)));
        // Of the two by "a" one lacks what the other has; "b" was called once.
        assert_eq!(report.as_right_among_alone, Some((1, 2)));
        // The first call's answer was before all had begun, the last two's after the step.
        let closed = |step: &StepReport| step.gap_ms[&AnswerKind::Closed].clone();
        assert_eq!((closed(first).count, closed(first).p99), (3, Some(400)));
        assert_eq!((closed(next).count, next.gap_ms[&AnswerKind::Open].count), (2, 0));
    }
}
