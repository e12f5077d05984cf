//! What is true of a recorded call that a scenario made: the scenario knows what was meant, its
//! report when it was said, the journal which turn of the transcript that became.

use crate::call::{Speaker, SpokenTurn, TurnLog};
use crate::caller::report::CallReport;
use crate::caller::scenario::{Act, Scenario, Turn};
use crate::journal::{JournalError, Reader};
use crate::replay::{CallTruth, TurnTruth};
use crate::ticket::Priority;
use std::ops::Range;

/// Turns of one call that are read; a call has some dozens.
const TURNS_MAX: usize = 2_000;
/// The two clocks are compared by the bot's first sound, which is heard after it was begun: what
/// the caller says may stand in the journal up to so much later than the report has it.
const LATER_MS: u64 = 1_000;
/// And the recogniser is given a little from before the voice.
const EARLIER_MS: u64 = 400;

/// What is true of the call of `scenario` that `report` tells of and that `reader` has the journal
/// of. A turn of the caller's in which no known words were spoken, or only a part of them, has no
/// truth; one in which nothing was spoken at all is said to be empty.
pub fn truth_of(
    scenario: &Scenario,
    report: &CallReport,
    mut reader: Reader,
) -> Result<CallTruth, JournalError> {
    let mut turns = TurnLog::new(TURNS_MAX);
    reader.read_turns(&mut turns)?;
    let log: Vec<SpokenTurn> = turns.turns().iter().map(|turn| (**turn).clone()).collect();
    let first_play_ms = log.iter().find(|t| t.speaker == Speaker::Bot).map(|t| t.from_ms);
    let shift_ms = match (report.first_sound_ms, first_play_ms) {
        (Some(heard), Some(begun)) => heard.saturating_sub(begun),
        _ => 0,
    };
    let slots = scenario.expect.slots.iter();
    let known = slots.filter_map(|(slot, value)| Some((slot.clone(), value.words()?.to_owned())));
    let known = known.filter(|(slot, value)| !value.is_empty() && is_told(scenario, report, slot));
    let urgent = scenario.expect.priority.map(|p| p == Priority::Emergency);
    Ok(CallTruth {
        emergency: urgent.filter(|urgent| !urgent || is_told(scenario, report, "emergency")),
        slots: known.collect(),
        turns: labelled(&spoken(scenario, report, shift_ms), &log),
    })
}

/// Whether a turn that tells `what` came about; where the scenario marks none, that is not known.
fn is_told(scenario: &Scenario, report: &CallReport, what: &str) -> bool {
    let tells = |turn: &Turn| turn.tells.iter().any(|told| told == what);
    let mut done = report.turns.iter().filter_map(|turn| scenario.turns.get(turn.turn - 1));
    !scenario.turns.iter().any(tells) || done.any(tells)
}

/// Words of the caller's, and when they were said, in the journal's clock.
#[derive(Debug, Clone, PartialEq)]
struct Utterance {
    /// `None` where nobody wrote them down.
    words: Option<String>,
    at_ms: Range<u64>,
}

fn spoken(scenario: &Scenario, report: &CallReport, shift_ms: u64) -> Vec<Utterance> {
    let spoken = report.turns.iter().filter_map(|turn| {
        let written = scenario.turns.get(turn.turn - 1)?;
        let words = match &written.act {
            Act::Say(text) => Some(text.clone()),
            Act::Play(_) => written.words.clone(),
            _ => return None,
        };
        let from_ms = turn.at_ms.saturating_sub(shift_ms);
        // Who hangs up while they speak has not said it all.
        let (to_ms, words) = match turn.end_ms {
            Some(end_ms) => (end_ms.saturating_sub(shift_ms), words),
            None => (report.duration_ms, None),
        };
        Some(Utterance { words, at_ms: from_ms..to_ms })
    });
    spoken.collect()
}

/// The words of each turn of the caller's in `log`, where they are known.
fn labelled(spoken: &[Utterance], log: &[SpokenTurn]) -> Vec<TurnTruth> {
    let heard: Vec<&SpokenTurn> = log.iter().filter(|t| t.speaker == Speaker::Caller).collect();
    let parts = |utterance: &Utterance| {
        heard.iter().filter(|turn| overlaps(&utterance.at_ms, turn)).count()
    };
    let truth = |turn: &&SpokenTurn| {
        let said: Vec<&Utterance> =
            spoken.iter().filter(|utterance| overlaps(&utterance.at_ms, turn)).collect();
        let whole = said.iter().all(|utterance| parts(utterance) == 1);
        let words: Option<Vec<&str>> = said.iter().map(|u| u.words.as_deref()).collect();
        let text = words.filter(|_| whole)?.join(" ");
        Some(TurnTruth { turn: turn.number, text })
    };
    heard.iter().filter_map(truth).collect()
}

fn overlaps(spoken: &Range<u64>, turn: &SpokenTurn) -> bool {
    let to_ms = turn.to_ms.unwrap_or(u64::MAX);
    turn.from_ms < spoken.end + LATER_MS && spoken.start < to_ms + EARLIER_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(number: u32, speaker: Speaker, at_ms: Range<u64>) -> SpokenTurn {
        let (from_ms, to_ms, text) = (at_ms.start, Some(at_ms.end), "heard".into());
        SpokenTurn { number, speaker, text, from_ms, to_ms, settled: true }
    }

    fn said(words: &str, at_ms: Range<u64>) -> Utterance {
        Utterance { words: (!words.is_empty()).then(|| words.into()), at_ms }
    }

    fn check(spoken: &[Utterance], log: &[SpokenTurn], want: &[(u32, &str)]) {
        let got = labelled(spoken, log);
        let got: Vec<_> = got.iter().map(|t| (t.turn, t.text.as_str())).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn words_belong_to_the_turn_they_were_said_in() {
        let log = [
            turn(1, Speaker::Bot, 0..5_000),
            turn(2, Speaker::Caller, 6_100..6_700),
            turn(4, Speaker::Caller, 9_000..11_000),
            turn(5, Speaker::Keys, 12_000..12_000),
        ];
        let spoken = [said("Yes.", 5_700..6_500), said("Mary Smith.", 8_900..10_800)];
        check(&spoken, &log, &[(2, "Yes."), (4, "Mary Smith.")]);
    }

    #[test]
    fn what_was_parted_joined_unknown_or_never_said() {
        let log = [
            turn(2, Speaker::Caller, 1_000..2_000),
            turn(3, Speaker::Caller, 2_600..3_000),
            turn(5, Speaker::Caller, 10_000..14_000),
            turn(7, Speaker::Caller, 20_000..20_400),
            turn(9, Speaker::Caller, 30_000..31_000),
        ];
        let spoken = [
            said("in two", 1_000..3_000),
            said("one and", 10_000..11_000),
            said("two", 12_000..13_900),
            said("", 30_000..31_000),
        ];
        check(&spoken, &log, &[(5, "one and two"), (7, "")]);
    }
}
