//! Calls back: the operator's own telephone rings, then the caller's, and the two are joined here.

use super::clock::now;
use crate::audio::{AudioFrame, FRAME_MS, FRAME_SAMPLES, tone::tone};
use crate::call::HangupCause;
use crate::config::{CallbackLineConfig, SipConfig};
use crate::leg::{Leg, LegEvent};
use crate::sip::{CallOptions, Dialed, SipClient, SipError, SipTransport};
use crate::ticket::TicketNumber;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, Interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use utoipa::ToSchema;

/// Nobody talks longer: a telephone that was laid beside its cradle.
const TALK_MAX: Duration = Duration::from_secs(2 * 3_600);
/// What the operator hears while the caller's telephone rings (ITU-T E.180): a second of tone, four
/// of silence.
const RINGBACK_HZ: u16 = 425;
const RINGBACK_ON_MS: u16 = 1_000;
const RINGBACK_FRAMES: usize = 250;
/// Calls that are over and still told of.
const ENDED_MAX: usize = 1_000;

/// Why no call was placed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// There is no line.
    #[error("calls back are not set up; an administrator sets callback_line in the configuration")]
    NoLine,
    /// The ticket's number is none that can be called.
    #[error("this caller left no telephone number that can be called")]
    NoNumber,
    /// Nobody knows where to ring.
    #[error("your profile names no extension; an administrator sets it")]
    NoExtension,
    /// Somebody is on the telephone already.
    #[error("{by} is on the telephone for ticket {ticket}; end that call first")]
    Busy {
        /// The operator.
        by: String,
        /// The ticket.
        ticket: TicketNumber,
    },
}

/// How far a call back has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum CallbackState {
    /// The operator's telephone rings.
    RingingOperator,
    /// The operator is there, and the caller's telephone rings.
    RingingCaller,
    /// They talk.
    Talking {
        /// Since when.
        since: Timestamp,
    },
    /// It is over.
    Ended {
        /// How.
        outcome: CallbackOutcome,
        /// How long they talked, seconds.
        talked_s: u64,
    },
}

/// How a call back ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallbackOutcome {
    /// They talked.
    Talked,
    /// The operator's telephone was not answered.
    NoOperator,
    /// The caller did not answer.
    NoAnswer,
    /// The caller's line is busy.
    Busy,
    /// The operator gave up before.
    GivenUp,
    /// The PBX or the network refused the call.
    Failed,
}

/// A call back, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CallbackCall {
    /// The operator.
    pub by: String,
    /// How far it has come.
    pub state: CallbackState,
    /// Since when it is so.
    pub at: Timestamp,
}

impl CallbackCall {
    fn is_over(&self) -> bool {
        matches!(self.state, CallbackState::Ended { .. })
    }
}

/// Places calls back. Clones share it.
#[derive(Clone)]
pub struct Switchboard {
    line: Arc<Line>,
    calls: Arc<Mutex<BTreeMap<TicketNumber, (CallbackCall, CancellationToken)>>>,
    running: TaskTracker,
}

struct Line {
    config: CallbackLineConfig,
    /// `None` where no line is set up.
    client: Option<SipClient>,
}

impl Switchboard {
    /// Opens the line that `config` names; its signalling and media are where `sip`'s are.
    pub async fn open(
        config: &CallbackLineConfig,
        sip: &SipConfig,
    ) -> Result<Switchboard, SipError> {
        let listen = sip.listen.ip();
        let local = sip.advertise.filter(|_| listen.is_unspecified()).unwrap_or(listen);
        let client = match config.is_there() {
            true => Some(SipClient::bind(local, sip.media_ports, SipTransport::Udp).await?),
            false => None,
        };
        let line = Arc::new(Line { config: config.clone(), client });
        Ok(Switchboard { line, calls: Arc::default(), running: TaskTracker::new() })
    }

    /// Calls can be placed.
    pub fn is_there(&self) -> bool {
        self.line.client.is_some()
    }

    /// Rings `by`'s telephone, then the caller's, as `plan` says.
    pub fn call(&self, plan: CallPlan, by: &str) -> Result<CallbackCall, LineError> {
        let ticket = plan.ticket;
        let call = CallbackCall { by: by.into(), state: CallbackState::RingingOperator, at: now() };
        let stop = CancellationToken::new();
        self.with(|calls| {
            let busy = |(n, (c, _)): &(&TicketNumber, &(CallbackCall, CancellationToken))| {
                !c.is_over() && (**n == ticket || c.by == by)
            };
            if let Some((ticket, (other, _))) = calls.iter().find(busy) {
                return Err(LineError::Busy { by: other.by.clone(), ticket: *ticket });
            }
            while calls.len() >= ENDED_MAX {
                let oldest = calls.iter().filter(|(_, (c, _))| c.is_over()).map(|(n, _)| *n).next();
                let Some(oldest) = oldest else { break };
                calls.remove(&oldest);
            }
            calls.insert(ticket, (call.clone(), stop.clone()));
            Ok(())
        })?;
        let switchboard = self.clone();
        self.running.spawn(async move {
            let (outcome, talked_s) = switchboard.talk(&plan, &stop).await;
            tracing::info!(%ticket, ?outcome, talked_s, "a call back is over");
            switchboard.is(ticket, CallbackState::Ended { outcome, talked_s });
        });
        Ok(call)
    }

    /// Whom a call for `ticket` rings: the telephone at `extension`, then `number`.
    pub fn plan(
        &self,
        ticket: TicketNumber,
        extension: &str,
        number: &str,
    ) -> Result<CallPlan, LineError> {
        let config = &self.line.config;
        if !self.is_there() {
            return Err(LineError::NoLine);
        }
        let operator = config.operator_at(extension).ok_or(LineError::NoExtension)?;
        let caller = config.caller_at(number).ok_or(LineError::NoNumber)?;
        Ok(CallPlan { ticket, operator, caller, number: number.into() })
    }

    /// The last call back for `ticket`, if there was one since the server started.
    pub fn of(&self, ticket: TicketNumber) -> Option<CallbackCall> {
        self.with(|calls| calls.get(&ticket).map(|(call, _)| call.clone()))
    }

    /// Ends the call for `ticket`; false where none is running.
    pub fn hang_up(&self, ticket: TicketNumber) -> bool {
        self.with(|calls| match calls.get(&ticket) {
            Some((call, stop)) if !call.is_over() => {
                stop.cancel();
                true
            }
            _ => false,
        })
    }

    /// Lets the running calls go on for `within`, then ends them.
    pub(super) async fn close(&self, within: Duration) {
        self.running.close();
        if tokio::time::timeout(within, self.running.wait()).await.is_err() {
            self.with(|calls| calls.values().for_each(|(_, stop)| stop.cancel()));
            self.running.wait().await;
        }
    }

    fn with<T>(
        &self,
        run: impl FnOnce(&mut BTreeMap<TicketNumber, (CallbackCall, CancellationToken)>) -> T,
    ) -> T {
        // Nothing in here panics half way through.
        run(&mut self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is(&self, ticket: TicketNumber, state: CallbackState) {
        self.with(|calls| {
            if let Some((call, _)) = calls.get_mut(&ticket) {
                (call.state, call.at) = (state, now());
            }
        });
    }

    /// The whole call; how it ended, and how many seconds they talked.
    async fn talk(&self, plan: &CallPlan, stop: &CancellationToken) -> (CallbackOutcome, u64) {
        let Some(client) = &self.line.client else { return (CallbackOutcome::Failed, 0) };
        // The operator sees who is about to be called, the caller whose call it is.
        let dialing = client.call(&plan.operator, self.options(&plan.number, plan));
        let operator = tokio::select! {
            () = stop.cancelled() => return (CallbackOutcome::GivenUp, 0),
            operator = dialing => operator,
        };
        let Ok(Dialed { leg: mut operator, .. }) = operator else {
            return (CallbackOutcome::NoOperator, 0);
        };
        self.is(plan.ticket, CallbackState::RingingCaller);
        let dialing = client.call(&plan.caller, self.options(&self.line.config.from, plan));
        let mut caller = match ring_back(operator.as_mut(), dialing, stop).await {
            Ok(dialed) => dialed.leg,
            Err(outcome) => {
                operator.hang_up(HangupCause::Finished);
                return (outcome, 0);
            }
        };
        let since = now();
        self.is(plan.ticket, CallbackState::Talking { since });
        join(operator.as_mut(), caller.as_mut(), stop).await;
        let talked = now().duration_since(since).as_secs();
        (CallbackOutcome::Talked, talked.unsigned_abs())
    }

    fn options(&self, from: &str, plan: &CallPlan) -> CallOptions {
        CallOptions {
            from_user: from.into(),
            headers: vec![("X-Spillway-Ticket".into(), plan.ticket.to_string())],
            prefer_pcma: false,
            timeout: Duration::from_secs(self.line.config.ring_s),
        }
    }
}

/// Whom a call back rings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallPlan {
    ticket: TicketNumber,
    operator: String,
    caller: String,
    number: String,
}

fn clock() -> Interval {
    tokio::time::interval(Duration::from_millis(FRAME_MS))
}

/// Lets the operator hear that it rings until the caller answers.
async fn ring_back(
    operator: &mut dyn Leg,
    dialing: impl Future<Output = Result<Dialed, SipError>>,
    stop: &CancellationToken,
) -> Result<Dialed, CallbackOutcome> {
    let ringback = tone(RINGBACK_HZ, RINGBACK_ON_MS);
    let (mut tick, mut frame, mut events) = (clock(), 0, Vec::new());
    tokio::pin!(dialing);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return Err(CallbackOutcome::GivenUp),
            dialed = &mut dialing => return dialed.map_err(|e| outcome_of(&e)),
            _ = tick.tick() => {}
        }
        let rest = ringback.get(frame % RINGBACK_FRAMES * FRAME_SAMPLES..).unwrap_or_default();
        let piece = &rest[..rest.len().min(FRAME_SAMPLES)];
        operator.exchange(&AudioFrame::padded(piece), &mut events);
        frame += 1;
        if events.drain(..).any(|event| matches!(event, LegEvent::Hangup(_))) {
            return Err(CallbackOutcome::GivenUp);
        }
    }
}

fn outcome_of(error: &SipError) -> CallbackOutcome {
    match error {
        SipError::NoAnswer { .. } => CallbackOutcome::NoAnswer,
        // RFC 3261 21.4: what a telephone says that is not picked up.
        SipError::Refused { status: 408 | 480 | 487, .. } => CallbackOutcome::NoAnswer,
        SipError::Refused { status: 486 | 600 | 603, .. } => CallbackOutcome::Busy,
        error => {
            tracing::warn!(%error, "a call back was refused");
            CallbackOutcome::Failed
        }
    }
}

/// Each hears the other until one hangs up.
async fn join(operator: &mut dyn Leg, caller: &mut dyn Leg, stop: &CancellationToken) {
    let (mut tick, begun) = (clock(), Instant::now());
    let (mut said, mut events) = (AudioFrame::SILENCE, Vec::new());
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            _ = tick.tick() => {}
        }
        let heard = operator.exchange(&said, &mut events);
        let operator_gone = pass_on(&mut events, caller);
        said = caller.exchange(&heard, &mut events);
        let caller_gone = pass_on(&mut events, operator);
        if operator_gone || caller_gone || begun.elapsed() > TALK_MAX {
            break;
        }
    }
    operator.hang_up(HangupCause::Finished);
    caller.hang_up(HangupCause::Finished);
}

/// Hands one side's keys to the other; true when that side hung up.
fn pass_on(events: &mut Vec<LegEvent>, other: &mut dyn Leg) -> bool {
    let mut gone = false;
    for event in events.drain(..) {
        match event {
            LegEvent::Dtmf(digit) => other.send_dtmf(digit),
            LegEvent::Hangup(_) => gone = true,
            LegEvent::Hold(_) => {}
        }
    }
    gone
}
