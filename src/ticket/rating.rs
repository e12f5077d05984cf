//! A caller's rating of the help they got.

use super::{Refused, Stage};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a caller thinks of the help they got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    /// 1 (bad) to 5 (good).
    pub score: u8,
    /// When it was given.
    pub at: Timestamp,
}

impl Rating {
    /// A rating of a ticket at `stage`: an error says why not now, or not so.
    pub fn new(stage: &Stage, score: u8, at: Timestamp) -> Result<Rating, Refused> {
        if !(1..=5).contains(&score) {
            let problem = format!("is {score}; give 1 (bad) to 5 (good)");
            return Err(Refused::Invalid { field: "score", problem });
        }
        // Not a merged one: the earlier ticket is worked, and rated.
        let ended = matches!(
            stage,
            Stage::Done { .. } | Stage::PutThrough | Stage::Unreached | Stage::Cancelled
        );
        let refused = Refused::Stage { stage: stage.name(), act: "rate" };
        ended.then_some(Rating { score, at }).ok_or(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticket::{Lease, TicketNumber};

    #[test]
    fn only_what_ended_is_rated() {
        let at = Timestamp::UNIX_EPOCH;
        let check = |stage: Stage, score, want: &str| {
            let got = Rating::new(&stage, score, at).map_or_else(|e| e.to_string(), |_| "".into());
            assert_eq!(got, want, "{stage:?}");
        };
        let done = || Stage::Done { disposition: "helped".into() };
        check(done(), 5, "");
        check(Stage::Unreached, 1, "");
        check(Stage::Cancelled, 2, "");
        check(Stage::PutThrough, 3, "");
        check(done(), 0, "score: is 0; give 1 (bad) to 5 (good)");
        check(done(), 6, "score: is 6; give 1 (bad) to 5 (good)");
        check(Stage::Open, 4, "the ticket is open, so it takes no rate");
        let lease = Lease { by: "anna".into(), until: at };
        check(Stage::Calling(lease), 4, "the ticket is calling, so it takes no rate");
        let merged = Stage::Merged { into: TicketNumber(1), was: Box::new(Stage::Open) };
        check(merged, 4, "the ticket is merged, so it takes no rate");
    }
}
