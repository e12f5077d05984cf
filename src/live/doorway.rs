//! The way in for calls that come through the console: a browser's microphone.

use super::board::RunningCall;
use super::clock::unix_ms;
use super::server::{House, new_call_id};
use crate::call::CallerFacts;
use crate::dialogue::Form;
use crate::media::{FarEnd, WebSocketLeg};
use crate::ticket::TRIAL_BRANCH;
use std::sync::{Arc, Weak};
use std::time::Duration;
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
    /// How long callers' words wait for the recogniser while others' are computed.
    pub queue: Duration,
    /// What the next caller is asked.
    pub form: Form,
    /// It takes no more calls: it is being stopped.
    pub is_stopping: bool,
}

/// The steps by which a server meets overload, the lightest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverloadStep {
    /// Callers are asked all that the hotline wants to know.
    Free,
    /// They are asked what they need, and for their number.
    Short,
    /// The same by keys alone.
    Keys,
    /// Their number is noted.
    Number,
    /// All lines are in use: calls are refused with 503 and Retry-After.
    Full,
    /// No more calls are taken: it is being stopped.
    Stopping,
}

impl Load {
    #[cfg(test)]
    pub(super) fn of_lines(calls_max: usize) -> Load {
        let (queue, form) = (Duration::ZERO, Form::Full);
        Load { calls: 0, calls_max, refused: 0, queue, form, is_stopping: false }
    }

    /// The step it is at.
    pub fn step(&self) -> OverloadStep {
        match self.form {
            _ if self.is_stopping => OverloadStep::Stopping,
            _ if self.calls >= self.calls_max => OverloadStep::Full,
            Form::Full => OverloadStep::Free,
            Form::Short => OverloadStep::Short,
            Form::Keys => OverloadStep::Keys,
            Form::Number => OverloadStep::Number,
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
            form: self.house.form(),
        };
        (far, self.house.connected(facts, Box::new(leg), self.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overload_has_steps() {
        let check = |calls: usize, form: Form, is_stopping: bool, want: OverloadStep| {
            let load = Load { calls, form, is_stopping, ..Load::of_lines(60) };
            assert_eq!(load.step(), want, "{load:?}");
        };
        check(0, Form::Full, false, OverloadStep::Free);
        check(54, Form::Short, false, OverloadStep::Short);
        check(57, Form::Keys, false, OverloadStep::Keys);
        check(59, Form::Number, false, OverloadStep::Number);
        check(60, Form::Number, false, OverloadStep::Full);
        check(3, Form::Full, true, OverloadStep::Stopping);
        check(60, Form::Number, true, OverloadStep::Stopping);
    }
}
