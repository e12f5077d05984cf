//! How well speech is understood: error rates over labelled recordings, and how calls went.

mod align;
mod bias;
mod call;
mod clip;
mod digits;
mod listen;
mod manifest;
mod report;
mod sums;
mod text;

pub use align::{Step, align};
pub use bias::{BiasClip, Biased, Score};
pub use call::{CallScore, SlotScore, is_same_value};
pub use clip::{load, telephone};
pub use digits::{Digits, digit_phrases};
pub use listen::{Heard, listen};
pub use manifest::{Entry, ManifestError, read};
pub use report::{Group, Report, YesNo, measure, yes_no_phrases};
pub use sums::{CallFacts, ScoreSums, SlotSums, percentile};
pub use text::{Errors, characters, compare, normalize, spelled};
