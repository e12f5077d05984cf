//! One call, from answer to goodbye.

mod hangup;
mod io;

pub use hangup::HangupCause;
pub use io::{CallerFacts, Input, Note, Output, PlayId, Sound, TurnId};
