//! A caller made of real SIP and RTP that follows a scenario: the demo, the test driver and the
//! load driver.
//!
//! [`Scenario`] is what is written; [`voice`] makes its lines; [`CallerScript`] performs them as a
//! machine without IO: an [`Ear`] tells when the bot's prompt is over, a [`Line`] where the
//! caller's own speech ends. [`place`] is the shell around it: dials, gives it 20 ms after 20 ms,
//! follows the call's journal for the words, prints the [`Conversation`] and reports. A
//! [`Telephone`] is the same from the other side: it waits for a call and answers it.
//!
//! Gaps are measured on the caller's side of the line, in steps of 20 ms, from the packet with the
//! last voiced sample of the caller to the first frame with sound that the caller's jitter buffer
//! gives: both jitter buffers are in them, as they are in what a caller feels.

mod conversation;
mod ear;
mod expect;
pub mod generate;
mod label;
mod line;
pub mod load;
mod page;
mod pattern;
mod phone;
mod report;
mod scenario;
mod script;
mod telephone;
pub mod voice;
mod words;

pub use conversation::Conversation;
pub use ear::{Ear, FarSound, Heard};
pub use expect::{Check, Expectations, Outcome, Party};
pub use label::truth_of;
pub use line::Line;
pub use page::{Paint, Role};
pub use pattern::{AnyOf, Pattern};
pub use phone::{PhoneError, PhoneOptions, local_ip_towards, place};
pub use report::{
    Answer, CallReport, Diary, Gaps, HeardReport, Reached, Rung, Side, Stages, TurnReport,
    gap_lines,
};
pub use scenario::{Act, After, AnswerSpec, Pace, Refuse, Scenario, ScenarioError, Turn};
pub use script::{Action, CallerScript, Cue, CueAct, Event, Failure};
pub use telephone::Telephone;
pub use voice::{VoiceError, cues, shown};
pub use words::{JournalTail, Said};
