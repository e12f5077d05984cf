//! A caller made of real SIP and RTP that follows a scenario: the demo, the test driver and the
//! load driver.
//!
//! [`CallerScript`] is the caller as a machine without IO; [`Ear`] tells when the bot's prompt is
//! over, [`Line`] where the caller's own speech ends. Around it, the shell dials, follows the
//! call's journal for the words, and reports.

mod ear;
mod expect;
mod line;
mod pattern;
mod scenario;
mod script;

pub use ear::{Ear, Heard};
pub use expect::{Check, Expectations, Outcome, Party};
pub use line::Line;
pub use pattern::{AnyOf, Pattern};
pub use scenario::{Act, After, Pace, Scenario, ScenarioError, Turn};
pub use script::{Action, CallerScript, Cue, CueAct, Event, Failure};
