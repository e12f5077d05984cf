//! How well speech is understood: error rates over labelled recordings.

mod clip;
mod listen;
mod manifest;
mod report;
mod text;

pub use clip::{load, telephone};
pub use listen::{Heard, listen};
pub use manifest::{Entry, ManifestError, read};
pub use report::{Group, Report, YesNo, measure, yes_no_phrases};
pub use text::{Errors, characters, compare, normalize};
