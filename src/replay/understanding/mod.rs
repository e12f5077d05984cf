//! How well callers' words are understood, and how a recogniser spoils them.

mod case;
mod confusions;
mod judge;
mod noise;
mod report;
mod round;
mod strange;
mod syllable;

pub use case::{Case, CaseError, cases};
pub use confusions::{Confusions, measure};
pub use judge::{Alarms, Judged, alarms, judge};
pub use noise::NoiseModel;
pub use report::{AlarmScore, Failure, SlotScore, UnderstandingReport};
pub use round::{RoundScore, lead};
pub use strange::Strange;
