//! Recorded calls through the same code again, on a virtual clock; and how well they were heard.

mod journal;
pub mod score;

pub use journal::{Divergence, Outcome, Replayable, journals_in, replay_journal};
