//! Better thresholds, found by replaying calls whose truth is known.
//!
//! Two halves, each searched by itself because they hardly meet: when a turn is over (silences),
//! and when a reading is believed (confidence bands). Each has one cost, in the seconds of a
//! caller's time that things are worth; a bounded, seeded pattern search walks downhill on it
//! (Hooke & Jeeves 1961). What is found on one half of the calls is told of the other. And the
//! names and places that operators put right again and again become words to listen for.

mod biasing;
mod half;
mod search;

pub use biasing::{BiasingReport, CALLERS_MIN, Corrected, WordReport, biasing_of};
pub use half::{Half, Point, Tuned, Worths};
pub use search::{Curve, Found, Trial, search};
