//! Recorded calls through the same code again, on a virtual clock; and how well they were heard
//! and understood.

mod journal;
pub mod score;
pub mod understanding;

pub use journal::{Divergence, Outcome, Replayable, journals_in, replay_journal};
