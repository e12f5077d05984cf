//! Each call of two runs: whether it went better or worse, and from where on it went otherwise.

use super::turns::{TurnPair, align_turns};
use crate::call::Speaker;
use crate::replay::{CallMeasures, CallResult};
use crate::ticket::CallId;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How a call went in the second run, measured by the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallVerdict {
    /// Better.
    Better,
    /// Worse.
    Worse,
    /// Other words were said, which came to the same.
    Otherwise,
}

/// By how much a call changed: more is better throughout. The first that is not 0 decides, in this
/// order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct Change {
    /// Emergencies seen.
    pub emergencies: i64,
    /// Slots right.
    pub slots: i64,
    /// Completed or not.
    pub completion: i64,
    /// Confirmations spared.
    pub confirmations: i64,
    /// Words heard right.
    pub words: i64,
}

impl Change {
    fn of(a: &CallMeasures, b: &CallMeasures) -> Change {
        let missed = |c: &CallMeasures| i64::from(c.emergency_missed == Some(true));
        let right =
            |c: &CallMeasures| c.slots.iter().filter(|s| s.is_exact() == Some(true)).count() as i64;
        let asked = |c: &CallMeasures| {
            c.score.slots.iter().map(|s| i64::from(s.confirmations)).sum::<i64>()
        };
        let wrong = |c: &CallMeasures| c.words.map_or(0, |words| words.edits as i64);
        Change {
            emergencies: missed(a) - missed(b),
            slots: right(b) - right(a),
            completion: i64::from(b.complete) - i64::from(a.complete),
            confirmations: asked(a) - asked(b),
            words: if a.words.is_some() && b.words.is_some() { wrong(a) - wrong(b) } else { 0 },
        }
    }

    /// How much it is, whichever way.
    fn size(self) -> Change {
        Change {
            emergencies: self.emergencies.abs(),
            slots: self.slots.abs(),
            completion: self.completion.abs(),
            confirmations: self.confirmations.abs(),
            words: self.words.abs(),
        }
    }

    fn verdict(self) -> CallVerdict {
        match self.cmp(&Change::default()) {
            std::cmp::Ordering::Less => CallVerdict::Worse,
            std::cmp::Ordering::Equal => CallVerdict::Otherwise,
            std::cmp::Ordering::Greater => CallVerdict::Better,
        }
    }

    /// In words, what changed only; empty of nothing. Confirmations and word errors are told as
    /// they are counted: fewer is better.
    pub fn to_text(self) -> String {
        let counts = [
            ("emergencies seen", self.emergencies),
            ("slots right", self.slots),
            ("completed", self.completion),
            ("confirmations", -self.confirmations),
            ("word errors", -self.words),
        ];
        let changed = counts.iter().filter(|(_, count)| *count != 0);
        changed.map(|(what, count)| format!("{what} {count:+}")).collect::<Vec<_>>().join(", ")
    }
}

/// Where a call begins to go otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Divergence {
    /// Who speaks there.
    pub speaker: Speaker,
    /// Where in the recording, in milliseconds.
    pub recording_ms: u64,
    /// What is said in the first run; null where that turn is not there.
    pub a: Option<String>,
    /// In the second.
    pub b: Option<String>,
}

/// A call that does not go the same way in both runs.
#[derive(Debug, Serialize)]
pub struct PairedCall<'r> {
    /// Which.
    pub call: &'r CallId,
    /// Better or worse.
    pub verdict: CallVerdict,
    /// By how much.
    pub change: Change,
    /// Its first turn that is another; null where all that was said is the same.
    pub divergence: Option<Divergence>,
    /// What the first run made of it.
    #[serde(skip)]
    pub a: &'r CallResult,
    /// The second.
    #[serde(skip)]
    pub b: &'r CallResult,
    /// Their turns side by side.
    #[serde(skip)]
    pub turns: Vec<TurnPair<'r>>,
}

/// Words that one run says and the other does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SaidOtherwise {
    /// Who says them.
    pub speaker: Speaker,
    /// In the first run; empty where there is nothing.
    pub a: String,
    /// In the second.
    pub b: String,
    /// How often.
    pub times: usize,
    /// In how many calls.
    pub calls: usize,
}

/// All pairs that differ, those that changed most first, and what is said otherwise in them.
pub(super) fn paired_calls<'r>(
    pairs: &[(&'r CallResult, &'r CallResult)],
) -> (Vec<PairedCall<'r>>, Vec<SaidOtherwise>) {
    let mut calls: Vec<PairedCall<'r>> = pairs.iter().filter_map(|(a, b)| paired(a, b)).collect();
    // Stable: of equal changes the file's order.
    calls.sort_by_key(|call| std::cmp::Reverse(call.change.size()));
    let said = said_otherwise(&calls);
    (calls, said)
}

fn paired<'r>(a: &'r CallResult, b: &'r CallResult) -> Option<PairedCall<'r>> {
    let (first, second) = (a.measures.as_deref()?, b.measures.as_deref()?);
    let turns = align_turns(&first.turns, &second.turns);
    let change = Change::of(first, second);
    let divergence = turns.iter().find(|pair| !pair.is_same()).map(|pair| Divergence {
        speaker: pair.speaker(),
        recording_ms: pair.recording_ms(),
        a: pair.a.map(|turn| turn.text.clone()),
        b: pair.b.map(|turn| turn.text.clone()),
    });
    if change == Change::default() && divergence.is_none() {
        return None;
    }
    Some(PairedCall { call: &a.call, verdict: change.verdict(), change, divergence, a, b, turns })
}

fn said_otherwise(calls: &[PairedCall<'_>]) -> Vec<SaidOtherwise> {
    type Places<'c> = (Speaker, usize, BTreeSet<&'c CallId>);
    let mut found: BTreeMap<(&'static str, String, String), Places<'_>> = BTreeMap::new();
    for call in calls {
        for pair in call.turns.iter().filter(|pair| !pair.is_same()) {
            let speaker = pair.speaker();
            for stretch in pair.stretches().into_iter().filter(|stretch| !stretch.is_same()) {
                let key = (name(speaker), stretch.a, stretch.b);
                let places = found.entry(key).or_insert((speaker, 0, BTreeSet::new()));
                places.1 += 1;
                places.2.insert(call.call);
            }
        }
    }
    let told = |((_, a, b), (speaker, times, calls)): (_, Places<'_>)| SaidOtherwise {
        speaker,
        a,
        b,
        times,
        calls: calls.len(),
    };
    let mut said: Vec<SaidOtherwise> = found.into_iter().map(told).collect();
    said.sort_by_key(|said| std::cmp::Reverse((said.times, said.calls)));
    said
}

/// Who speaks, for people.
pub(super) fn name(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::Bot => "bot",
        Speaker::Caller => "caller",
        Speaker::Keys => "keys",
    }
}
