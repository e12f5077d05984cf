//! What is tuned: a hotline's values, their bounds, and what a setting costs.

use crate::dialogue::HotlineFile;
use crate::replay::{CallMeasures, CallResult, SlotResult};
use crate::ticket::SlotStatus;
use serde::Serialize;

/// One half of the thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Half {
    /// Silences that end a turn: cut-offs against the gap.
    EndOfTurn,
    /// Confidence bands: wrong values against questions.
    Confirmation,
}

/// What things are worth, in seconds of a caller's time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Worths {
    /// A turn that was cut off: the caller says it again, and is annoyed.
    pub cut_off_s: f64,
    /// A wrong value that stands on the ticket: somebody rings in vain, or drives to a wrong house.
    pub wrong_s: f64,
    /// A question whether a value is right.
    pub confirmation_s: f64,
    /// A slot that is left to the operator, who has to ask again.
    pub left_s: f64,
}

impl Default for Worths {
    fn default() -> Self {
        Worths { cut_off_s: 10.0, wrong_s: 120.0, confirmation_s: 6.0, left_s: 30.0 }
    }
}

/// A value that is tuned.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tuned {
    /// Its table in the hotline's file.
    pub table: &'static str,
    /// Its key there.
    pub key: &'static str,
    /// What it is now: milliseconds, or a confidence.
    pub value: f64,
    /// The smallest and largest that make sense.
    pub bounds: (f64, f64),
    /// It is written without decimals.
    pub whole: bool,
}

impl Tuned {
    /// The same with another value: within its bounds, in steps of 10 ms or of a hundredth.
    pub fn at(&self, value: f64) -> Tuned {
        let step = if self.whole { 10.0 } else { 0.01 };
        let value = (value.clamp(self.bounds.0, self.bounds.1) / step).round() * step;
        // A hundredth is no binary fraction: what is written is what is meant.
        let value = if self.whole { value } else { (value * 100.0).round() / 100.0 };
        Tuned { value, ..self.clone() }
    }

    /// As it is written.
    pub fn shown(&self) -> String {
        if self.whole { format!("{:.0}", self.value) } else { format!("{:.2}", self.value) }
    }
}

/// What a setting came to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// What is paid: the mean gap in ms, or questions for each call.
    pub price: f64,
    /// What is gained against: cut-offs in 100 turns, or wrong values in 100 slots.
    pub harm: f64,
    /// Both, in seconds of a caller's time.
    pub cost_s: f64,
}

impl Half {
    /// Its values in `file`.
    pub fn values(self, file: &HotlineFile) -> Vec<Tuned> {
        let wait = |key, value: u64, bounds| {
            let (table, value) = ("waits", value as f64);
            Tuned { table, key, value, bounds, whole: true }
        };
        let band = |key, value: f32, bounds| {
            let (table, value) = ("confidence", (f64::from(value) * 100.0).round() / 100.0);
            Tuned { table, key, value, bounds, whole: false }
        };
        let (waits, bands) = (&file.waits, &file.confidence);
        match self {
            Half::EndOfTurn => vec![
                wait("closed_ms", waits.closed_ms, (200.0, 1_500.0)),
                wait("settled_ms", waits.settled_ms, (200.0, 1_000.0)),
                wait("name_ms", waits.name_ms, (300.0, 2_500.0)),
                wait("open_ms", waits.open_ms, (400.0, 3_000.0)),
                wait("filled_ms", waits.filled_ms, (200.0, 2_000.0)),
            ],
            Half::Confirmation => vec![
                band("reject_below", bands.reject_below, (0.05, 0.6)),
                band("confirm_below", bands.confirm_below, (0.1, 0.98)),
            ],
        }
    }

    /// True where these values can stand beside each other.
    pub fn fits(self, values: &[Tuned]) -> bool {
        self == Half::EndOfTurn || values[0].value <= values[1].value
    }

    /// The two figures that are traded for each other, and what they cost, over `results`: of ends
    /// of turns the mean gap in ms and cut-offs in 100 turns; of confirmations questions for each
    /// call and wrong values in 100 known slots.
    pub fn point(self, results: &[CallResult], worths: &Worths) -> Point {
        let calls: Vec<_> = results.iter().filter_map(|r| r.measures.as_deref()).collect();
        let count = calls.len().max(1) as f64;
        let sum =
            |of: &dyn Fn(&CallMeasures) -> f64| -> f64 { calls.iter().map(|call| of(call)).sum() };
        match self {
            Half::EndOfTurn => {
                let gaps = sum(&|c| c.score.gaps_ms.len() as f64);
                let gap_ms = sum(&|c| c.score.gaps_ms.iter().sum::<u64>() as f64) / gaps.max(1.0);
                let turns = sum(&|c| f64::from(c.score.turns)).max(1.0);
                let cut_offs = sum(&|c| f64::from(c.score.cut_offs)) / turns;
                let cost_s = gap_ms / 1e3 + worths.cut_off_s * cut_offs;
                Point { price: gap_ms, harm: 100.0 * cut_offs, cost_s }
            }
            Half::Confirmation => {
                let asked = |c: &CallMeasures| {
                    c.score.slots.iter().map(|s| f64::from(s.confirmations)).sum::<f64>()
                };
                let slots = |is: &dyn Fn(&SlotResult) -> bool| {
                    let of = |c: &CallMeasures| {
                        c.slots.iter().filter(|s| s.truth.is_some() && is(s)).count() as f64
                    };
                    sum(&of)
                };
                let left = |s: &SlotResult| {
                    matches!(s.status, SlotStatus::Empty | SlotStatus::OperatorToComplete)
                };
                let wrong = slots(&|s| !left(s) && s.is_exact() == Some(false));
                let open = slots(&left);
                let known = slots(&|_| true).max(1.0);
                let asked = sum(&asked);
                let cost =
                    worths.wrong_s * wrong + worths.left_s * open + worths.confirmation_s * asked;
                let (price, harm) = (asked / count, 100.0 * wrong / known);
                Point { price, harm, cost_s: cost / count }
            }
        }
    }
}
