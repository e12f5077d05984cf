//! Recorded calls through the same code again, on a virtual clock.

mod journal;

pub use journal::{Divergence, Outcome, Replayable, journals_in, replay_journal};
