//! Results that nobody ran, for tests.

use crate::call::Speaker;
use crate::replay::score::{CallScore, Errors, SlotScore};
use crate::replay::{
    CallMeasures, CallResult, Mode, RESULTS_VERSION, RunHeader, SlotResult, TurnResult,
};
use crate::ticket::{CallId, SlotStatus};

/// A run by audio without an overlay.
pub(crate) fn header() -> RunHeader {
    let (overlay, impair) = (None, None);
    let (spillway_replay, build) = (RESULTS_VERSION, "0.1.0".to_string());
    RunHeader { spillway_replay, build, mode: Mode::Audio, overlay, impair, seed: 1 }
}

fn turn(speaker: Speaker, asked: &str, text: &str, from_ms: u64) -> TurnResult {
    TurnResult {
        speaker,
        asked: asked.into(),
        text: text.into(),
        truth: None,
        confidence: (speaker == Speaker::Caller).then_some(0.9),
        from_ms,
        to_ms: from_ms + 2_000,
        recording_ms: from_ms,
        gap_ms: None,
        cut_off: false,
    }
}

fn slot(slot: &str, value: &str) -> SlotResult {
    let (status, truth) = (SlotStatus::Confirmed, Some(value.into()));
    SlotResult { slot: slot.into(), status, value: value.into(), confidence: 0.9, truth }
}

/// A short call in which all went well.
pub(crate) fn call(id: &str) -> CallResult {
    let place = |slot: &str| SlotScore { slot: slot.into(), confirmations: 1, rank: Some(1) };
    let score = CallScore {
        turns: 2,
        gaps_ms: vec![500, 700],
        slots: vec![place("name"), place("address")],
        ..CallScore::default()
    };
    let measures = CallMeasures {
        complete: true,
        duration_ms: 40_000,
        score,
        words: Some(Errors { edits: 1, reference: 20 }),
        slots: vec![slot("name", "Mary Miller"), slot("address", "12 Garden Street")],
        turns: vec![
            turn(Speaker::Bot, "", "Please tell me your name.", 0),
            turn(Speaker::Caller, "name", "my name is mary miller", 3_000),
            turn(Speaker::Bot, "", "Where do you live?", 6_000),
            turn(Speaker::Caller, "address", "twelve garden street", 9_000),
            turn(Speaker::Bot, "", "Thank you. Goodbye.", 12_000),
        ],
        ..CallMeasures::default()
    };
    CallResult {
        call: CallId(id.into()),
        journal: format!("calls/{id}/journal.jsonl").into(),
        hotline: "demo-en".into(),
        language: "en".into(),
        outcome: None,
        hotline_changed: false,
        measures: Some(Box::new(measures)),
        error: None,
    }
}
