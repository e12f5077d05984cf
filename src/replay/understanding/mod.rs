//! How well callers' words are understood: labelled cases, judged slot by slot.

mod case;
mod judge;
mod report;
mod round;

pub use case::{Case, CaseError, cases};
pub use judge::{Judged, judge};
pub use report::{SlotScore, UnderstandingReport};
pub use round::{RoundScore, lead};
