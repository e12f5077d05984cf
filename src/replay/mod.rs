//! Recorded calls through the same code again, on a virtual clock; how well they were heard and
//! understood; what people mark in them; calls made into tests that name nobody, or shown to
//! others; and what corrections teach.

mod assessor;
pub mod compare;
mod fixture;
pub mod impair;
mod journal;
mod metrics;
mod redacted;
mod replayer;
mod result;
mod results_file;
mod review;
mod runner;
pub mod score;
mod simulated_call;
mod simulated_caller;
pub mod statistics;
mod tape;
mod truth;
pub mod tune;
pub mod understanding;

pub use assessor::assess;
pub use fixture::{Fixture, FixtureError, Secrets, make_fixture};
pub use impair::{ImpairError, Impairment};
pub use journal::{Difference, Divergence, Outcome, Replayable, journals_in, replay_journal};
pub use metrics::{Better, Figure, Metric, Summary, Unit};
pub use redacted::{RedactError, RedactedCall, TRANSCRIPT_FILE, redact_call};
pub use replayer::{ReplayError, ReplayPlace, Replayed, Replayer};
pub use result::{
    CallMeasures, CallResult, Mode, RESULTS_VERSION, RunHeader, SlotResult, TurnResult,
};
pub use results_file::{Results, ResultsError, ResultsFile};
pub use review::{Judgement, Mark, MarkKind, SLOT_CHARS_MAX, Truthful, TurnTruth};
pub use runner::{Engines, Job, Open, Runner};
pub use truth::CallTruth;
