//! The way in for calls that come through the console: a browser's microphone.

use super::board::RunningCall;
use super::clock::unix_ms;
use super::server::{House, new_call_id};
use crate::call::CallerFacts;
use crate::media::{FarEnd, WebSocketLeg};
use crate::ticket::TRIAL_BRANCH;
use std::sync::{Arc, Weak};
use tokio::sync::{OwnedSemaphorePermit, watch};

/// The fact by which a trial's ticket is known: it is the ticket's branch.
const TRIAL: (&str, &str) = ("x-branch", TRIAL_BRANCH);

/// Leads to a server's lines, as long as it runs; by default to nothing. Clones lead to the same.
#[derive(Clone, Default)]
pub struct Doorway {
    house: Weak<House>,
}

/// A free line, kept for one call.
pub struct Line {
    house: Arc<House>,
    line: OwnedSemaphorePermit,
}

impl Doorway {
    pub(super) fn to(house: &Arc<House>) -> Doorway {
        Doorway { house: Arc::downgrade(house) }
    }

    /// Takes a line for a trial; `None` when callers may need those that are free (a tenth of all,
    /// one at least, is theirs alone), or the server is stopping.
    pub fn line(&self) -> Option<Line> {
        let house = self.house.upgrade()?;
        let line = house.spare_line()?;
        Some(Line { house, line })
    }
}

impl Line {
    /// Answers a browser's call: where its messages go, and the call's state, whose last tells of
    /// its end. Inside a tokio runtime.
    pub fn connect(self) -> (FarEnd, watch::Receiver<Arc<RunningCall>>) {
        let (leg, far) = WebSocketLeg::new(self.house.media_timeout_s());
        let facts = CallerFacts {
            call_id: new_call_id(),
            caller_id: String::new(),
            called: String::new(),
            entrance: "websocket".into(),
            headers: vec![(TRIAL.0.into(), TRIAL.1.into())],
            answered_unix_ms: unix_ms(),
        };
        (far, self.house.connected(facts, Box::new(leg), self.line))
    }
}
