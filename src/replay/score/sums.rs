//! What many calls come to.

use super::call::CallScore;
use crate::replay::Outcome;
use serde::Serialize;
use utoipa::ToSchema;

/// What is counted of one call.
#[derive(Debug, Clone, Copy)]
pub struct CallFacts<'c> {
    /// The caller confirmed the whole at the read-back.
    pub complete: bool,
    /// Slots that somebody judged, and whether the bot had them right.
    pub slots: &'c [(&'c str, bool)],
    /// From answer to end; `None` for a call that was cut off.
    pub duration_ms: Option<u64>,
    /// What the last replay came to.
    pub outcome: Option<&'c Outcome>,
    /// How it went, where it was scored.
    pub score: Option<&'c CallScore>,
    /// Marks that people put on it.
    pub marks: usize,
    /// Somebody has looked at it.
    pub reviewed: bool,
}

/// Counts over a list of calls, each with how many calls it is of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct ScoreSums {
    /// Calls.
    pub calls: u32,
    /// Calls whose caller confirmed the whole.
    pub complete: u32,
    /// Mean duration, in milliseconds; null without a call that ended.
    pub duration_ms: Option<u64>,
    /// Calls that were scored: the figures below are theirs.
    pub scored: u32,
    /// Turns of callers.
    pub turns: u64,
    /// Turns that were answered: the gaps are theirs.
    pub gaps: u64,
    /// Median gap, in milliseconds.
    pub gap_ms_p50: Option<u64>,
    /// 95th percentile of the gaps, in milliseconds.
    pub gap_ms_p95: Option<u64>,
    /// Times callers were told that nothing was heard.
    pub no_inputs: u64,
    /// Times callers spoke over a prompt.
    pub barge_ins: u64,
    /// Questions whether a value is right.
    pub confirmations: u64,
    /// Replays that came out the same.
    pub same: u32,
    /// Replays that came out otherwise.
    pub diverged: u32,
    /// Calls with marks.
    pub marked: u32,
    /// Calls that somebody looked at.
    pub reviewed: u32,
    /// By slot, in order of name.
    pub slots: Vec<SlotSums>,
    #[serde(skip)]
    all_gaps: Vec<u64>,
    #[serde(skip)]
    durations: (u64, u64),
}

/// How often a slot was right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SlotSums {
    /// Its name.
    pub slot: String,
    /// Calls in which somebody judged it.
    pub judged: u32,
    /// Calls in which the bot had it right.
    pub exact: u32,
}

impl ScoreSums {
    /// Over `calls`.
    pub fn of<'c>(calls: impl IntoIterator<Item = CallFacts<'c>>) -> ScoreSums {
        let mut sums = ScoreSums::default();
        for call in calls {
            sums.add(&call);
        }
        sums.all_gaps.sort_unstable();
        sums.gaps = sums.all_gaps.len() as u64;
        sums.gap_ms_p50 = percentile(&sums.all_gaps, 50);
        sums.gap_ms_p95 = percentile(&sums.all_gaps, 95);
        sums.duration_ms = sums.durations.0.checked_div(sums.durations.1);
        sums.slots.sort_by(|a, b| a.slot.cmp(&b.slot));
        sums
    }

    fn add(&mut self, call: &CallFacts<'_>) {
        self.calls += 1;
        self.complete += u32::from(call.complete);
        if let Some(ms) = call.duration_ms {
            self.durations = (self.durations.0 + ms, self.durations.1 + 1);
        }
        self.same += u32::from(matches!(call.outcome, Some(Outcome::Same { .. })));
        self.diverged += u32::from(matches!(call.outcome, Some(Outcome::Diverged(_))));
        self.marked += u32::from(call.marks > 0);
        self.reviewed += u32::from(call.reviewed);
        for &(slot, exact) in call.slots {
            let known = self.slots.iter().position(|s| s.slot == slot);
            let at = known.unwrap_or_else(|| {
                self.slots.push(SlotSums { slot: slot.into(), judged: 0, exact: 0 });
                self.slots.len() - 1
            });
            self.slots[at].judged += 1;
            self.slots[at].exact += u32::from(exact);
        }
        let Some(score) = call.score else { return };
        self.scored += 1;
        self.turns += u64::from(score.turns);
        self.all_gaps.extend(&score.gaps_ms);
        self.no_inputs += u64::from(score.no_inputs);
        self.barge_ins += u64::from(score.barge_ins);
        self.confirmations += score.slots.iter().map(|s| u64::from(s.confirmations)).sum::<u64>();
    }
}

/// The smallest of `sorted` that at least `percent` % of them do not exceed (nearest rank); `None`
/// of nothing.
pub fn percentile<T: Copy>(sorted: &[T], percent: usize) -> Option<T> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_calls() {
        let score = |gaps_ms: &[u64], turns| CallScore {
            turns,
            gaps_ms: gaps_ms.to_vec(),
            ..CallScore::default()
        };
        let (first, second) = (score(&[100, 300], 3), score(&[200], 1));
        let same = Outcome::Same { frames: 1, inputs: 1, outputs: 1 };
        let call = CallFacts {
            complete: true,
            slots: &[("name", true), ("address", false)],
            duration_ms: Some(40),
            outcome: Some(&same),
            score: Some(&first),
            marks: 0,
            reviewed: true,
        };
        let other = CallFacts {
            complete: false,
            slots: &[("name", false)],
            duration_ms: Some(60),
            outcome: None,
            score: Some(&second),
            marks: 2,
            reviewed: false,
        };
        let unscored = CallFacts { slots: &[], duration_ms: None, score: None, ..other };
        let sums = ScoreSums::of([call, other, unscored]);
        assert_eq!((sums.calls, sums.complete, sums.scored, sums.turns), (3, 1, 2, 4));
        assert_eq!((sums.gaps, sums.gap_ms_p50, sums.gap_ms_p95), (3, Some(200), Some(300)));
        assert_eq!((sums.duration_ms, sums.same, sums.diverged), (Some(50), 1, 0));
        assert_eq!((sums.marked, sums.reviewed), (2, 1));
        let slots: Vec<_> = sums.slots.iter().map(|s| (&*s.slot, s.judged, s.exact)).collect();
        assert_eq!(slots, [("address", 1, 0), ("name", 2, 1)]);
        assert_eq!(ScoreSums::of([]).gap_ms_p50, None);
    }
}
