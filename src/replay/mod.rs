//! Recorded calls through the same code again, on a virtual clock; how well they were heard and
//! understood; what people mark in them; and calls made into tests that name nobody.

mod fixture;
pub mod impair;
mod journal;
mod replayer;
mod result;
mod review;
pub mod score;
mod truth;
pub mod understanding;

pub use fixture::{Fixture, FixtureError, Secrets, make_fixture};
pub use journal::{Divergence, Outcome, Replayable, journals_in, replay_journal};
pub use replayer::{ReplayError, ReplayPlace, Replayed, Replayer};
pub use result::{
    CallMeasures, CallResult, Mode, RESULTS_VERSION, RunHeader, SlotResult, TurnResult,
};
pub use review::{Judgement, Mark, MarkKind, SLOT_CHARS_MAX, Truthful, TurnTruth};
pub use truth::CallTruth;
