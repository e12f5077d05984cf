//! Every deadline of a call.

use crate::time::CallTime;

/// What a deadline is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// Nobody answers the question.
    NoInput,
    /// No further key of a number.
    InterDigit,
    /// The engine does not give its final words.
    EngineStall,
    /// The shell does not report a prompt's end.
    PromptStall,
    /// Nobody takes a transferred caller.
    Transfer,
    /// The call has lasted long enough.
    MaxCall,
}

const TIMERS: [Timer; 6] = [
    Timer::NoInput,
    Timer::InterDigit,
    Timer::EngineStall,
    Timer::PromptStall,
    Timer::Transfer,
    Timer::MaxCall,
];

/// The armed deadlines.
#[derive(Debug, Default)]
pub(super) struct Timers([Option<CallTime>; TIMERS.len()]);

impl Timers {
    pub(super) fn set(&mut self, timer: Timer, at: CallTime) {
        self.0[timer as usize] = Some(at);
    }

    pub(super) fn clear(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    pub(super) fn next(&self) -> Option<CallTime> {
        self.0.iter().flatten().min().copied()
    }

    /// The earliest deadline that has come, disarmed.
    pub(super) fn pop_due(&mut self, now: CallTime) -> Option<Timer> {
        let due = |t: &Timer| self.0[*t as usize].filter(|at| *at <= now);
        let timer = TIMERS.into_iter().filter(|t| due(t).is_some()).min_by_key(due)?;
        self.clear(timer);
        Some(timer)
    }
}
