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

/// How full a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Lines in use.
    pub calls: usize,
    /// Lines there are: `limits.calls_max`.
    pub calls_max: usize,
    /// Calls refused since the start because all lines were in use.
    pub refused: u64,
    /// It takes no more calls: it is being stopped.
    pub is_stopping: bool,
}

/// The steps by which a server meets overload, the lightest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverloadStep {
    /// There are lines enough.
    Free,
    /// One line in ten is left, or fewer.
    NearlyFull,
    /// All lines are in use: calls are refused with 503 and Retry-After.
    Full,
    /// No more calls are taken: it is being stopped.
    Stopping,
}

impl Load {
    /// The step it is at.
    pub fn step(&self) -> OverloadStep {
        match self.calls_max.saturating_sub(self.calls) {
            _ if self.is_stopping => OverloadStep::Stopping,
            0 => OverloadStep::Full,
            left if left * 10 <= self.calls_max => OverloadStep::NearlyFull,
            _ => OverloadStep::Free,
        }
    }
}

impl Doorway {
    /// How full the server is; `None` where there is none.
    pub fn load(&self) -> Option<Load> {
        self.house.upgrade().map(|house| house.load())
    }

    /// The server's metrics, as OpenMetrics 1.0 text; `None` where there is none.
    pub fn metrics(&self) -> Option<String> {
        self.house.upgrade().map(|house| house.metrics())
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overload_has_steps() {
        let check = |calls: usize, is_stopping: bool, want: OverloadStep| {
            let load = Load { calls, calls_max: 60, refused: 0, is_stopping };
            assert_eq!(load.step(), want, "{load:?}");
        };
        check(0, false, OverloadStep::Free);
        check(53, false, OverloadStep::Free);
        check(54, false, OverloadStep::NearlyFull);
        check(59, false, OverloadStep::NearlyFull);
        check(60, false, OverloadStep::Full);
        check(3, true, OverloadStep::Stopping);
        let one = Load { calls: 0, calls_max: 1, refused: 0, is_stopping: false };
        assert_eq!(one.step(), OverloadStep::Free);
    }
}
