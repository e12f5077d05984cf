//! Where the time goes between a caller's last word and the answer's first sound.

use super::{Gaps, TurnReport, seconds};
use crate::caller::words::Said;
use serde::Serialize;

/// The parts of a gap in milliseconds, by the server's journal; what the line takes is in the
/// first and the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stages {
    /// From the last voiced sample until the turn is taken for over.
    pub end_of_turn_ms: u64,
    /// Until its final words are there.
    pub recognition_ms: u64,
    /// Until it is decided what is said.
    pub decision_ms: u64,
    /// Until the first sound of that is heard.
    pub speech_ms: u64,
}

impl Stages {
    /// Those of `turn`, with what was `said` `shift_ms` later in its clock; `None` where it was not
    /// answered, or not by words.
    pub(super) fn of(turn: &TurnReport, said: &[Said], shift_ms: u64) -> Option<Stages> {
        let end = turn.end_ms?;
        let answered = end + turn.gap_ms?;
        let at = |said: &Said| said.at_ms() + shift_ms;
        let until = said.iter().take_while(|s| at(s) <= answered);
        let is_end = |s: &&Said| matches!(s, Said::EndOfTurn { .. }) && at(s) >= turn.at_ms;
        let over = until.clone().filter(is_end).last().map(at)?;
        let mut after = until.skip_while(|s| at(s) < over);
        let heard = after.find(|s| matches!(s, Said::Heard { .. })).map(at)?;
        let bot = after.find(|s| matches!(s, Said::Bot { .. })).map(at)?;
        Some(Stages {
            end_of_turn_ms: over.saturating_sub(end),
            recognition_ms: heard - over,
            decision_ms: bot - heard,
            speech_ms: answered - bot,
        })
    }

    /// The medians of `all` in a line; empty where there are none.
    pub fn line(all: &[Stages]) -> String {
        let part = |name: &str, part: fn(&Stages) -> u64| {
            let median = Gaps::of(all.iter().map(part)).p50_ms?;
            Some(format!("{name} {}", seconds(median)))
        };
        let parts = [
            part("end of turn", |s| s.end_of_turn_ms),
            part("recognition", |s| s.recognition_ms),
            part("decision", |s| s.decision_ms),
            part("speech", |s| s.speech_ms),
        ];
        match parts.into_iter().flatten().collect::<Vec<_>>().join(", ") {
            parts if parts.is_empty() => parts,
            parts => format!("  of it (medians): {parts}\n"),
        }
    }
}
