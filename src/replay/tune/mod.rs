//! What corrections teach.

mod biasing;

pub use biasing::{BiasingReport, CALLERS_MIN, Corrected, WordReport, biasing_of};
