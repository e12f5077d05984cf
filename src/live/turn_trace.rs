//! Where the time goes between a caller's last word and our first.

use super::metrics::{Metrics, Stage};
use crate::call::{Input, Output, TurnId};
use crate::speech::Expectation;
use std::sync::Arc;
use tokio::time::Instant;

/// What the wait is for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// For the caller's words to end.
    Words,
    /// For their transcript.
    Transcript,
    /// For what is said to them.
    Decision,
    /// For its first sample.
    Sound,
}

/// Follows a call's turns, one after the other, and tells the metrics of each that is answered.
pub(super) struct TurnTrace {
    metrics: Arc<Metrics>,
    turn: Option<(TurnId, Expectation)>,
    wait: Wait,
    /// When the last voiced frame came.
    voiced: Instant,
    /// When the last stage ended.
    since: Instant,
}

impl TurnTrace {
    /// Of a call that begins.
    pub(super) fn new(metrics: Arc<Metrics>, now: Instant) -> TurnTrace {
        TurnTrace { metrics, turn: None, wait: Wait::Words, voiced: now, since: now }
    }

    /// A frame with the caller's voice came.
    pub(super) fn voiced(&mut self, now: Instant) {
        if self.wait == Wait::Words {
            self.voiced = now;
        }
    }

    /// What the call is told.
    pub(super) fn input(&mut self, now: Instant, input: &Input) {
        match input {
            Input::Final { turn, .. } if self.waits(*turn, Wait::Transcript) => {
                self.passed(now, Stage::Recognition, Wait::Decision);
            }
            Input::EngineFailed { .. } | Input::Hangup(_) => self.turn = None,
            _ => {}
        }
    }

    /// What the call asks for.
    pub(super) fn output(&mut self, now: Instant, output: &Output) {
        match output {
            Output::Recognize { turn, context, .. } => {
                self.turn = Some((*turn, context.expectation));
                self.wait = Wait::Words;
            }
            Output::EndOfSpeech { turn } if self.waits(*turn, Wait::Words) => {
                self.since = self.voiced;
                self.passed(now, Stage::EndOfTurn, Wait::Transcript);
            }
            Output::Play { .. } if self.turn.is_some() && self.wait == Wait::Decision => {
                self.passed(now, Stage::Decision, Wait::Sound);
            }
            Output::AbandonTurn { .. } => self.turn = None,
            _ => {}
        }
    }

    /// A sample of a prompt goes out.
    pub(super) fn sounded(&mut self, now: Instant) {
        if self.wait != Wait::Sound {
            return;
        }
        self.passed(now, Stage::Speech, Wait::Words);
        if let Some((_, expectation)) = self.turn.take() {
            self.metrics.gap(expectation, self.since - self.voiced);
        }
    }

    fn waits(&self, turn: TurnId, wait: Wait) -> bool {
        self.wait == wait && self.turn.is_some_and(|(id, _)| id == turn)
    }

    fn passed(&mut self, now: Instant, stage: Stage, next: Wait) {
        if let Some((_, expectation)) = self.turn {
            self.metrics.stage(stage, expectation, now - self.since);
        }
        (self.since, self.wait) = (now, next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::PlayId;
    use crate::live::Load;
    use crate::speech::{RecognitionContext, Transcript};
    use crate::time::MediaTime;
    use std::time::Duration;

    const TURN: TurnId = TurnId(4);

    fn recognize() -> Output {
        let (language, expectation) = ("en".to_string(), Expectation::YesNo);
        let context = RecognitionContext { language, expectation, phrases: Vec::new().into() };
        Output::Recognize { turn: TURN, from: MediaTime(0), context }
    }

    #[test]
    fn an_answered_turn_is_told_by_its_stages() {
        let metrics = Arc::new(Metrics::new());
        let begun = Instant::now();
        let at = |ms| begun + Duration::from_millis(ms);
        let mut trace = TurnTrace::new(metrics.clone(), begun);
        trace.output(at(0), &recognize());
        trace.voiced(at(100));
        trace.output(at(420), &Output::EndOfSpeech { turn: TURN });
        // What is said over the answer belongs to the next turn.
        trace.voiced(at(450));
        let transcript = Transcript::plain("yes", 0.9);
        trace.input(at(460), &Input::Final { turn: TURN, transcript });
        trace.output(at(462), &Output::Play { play: PlayId(1), sounds: vec![] });
        trace.sounded(at(520));
        trace.sounded(at(540));
        let load = Load::of_lines(1);
        let text = metrics.text(load);
        let check = |line: &str| assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        check("spillway_turn_gap_seconds_sum{slot=\"closed\"} 0.42");
        check("spillway_turn_gap_seconds_count{slot=\"closed\"} 1");
        let sum = |stage: &str, s: &str| {
            check(&format!(
                "spillway_turn_stage_seconds_sum{{slot=\"closed\",stage=\"{stage}\"}} {s}"
            ));
        };
        sum("end_of_turn", "0.32");
        sum("recognition", "0.04");
        sum("decision", "0.002");
        sum("speech", "0.058");
    }
}
