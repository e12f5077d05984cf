//! A leg over RTP: one UDP port pair, stepped by the call's clock.

use crate::audio::AudioFrame;
use crate::audio::g711::G711;
use crate::call::HangupCause;
use crate::config::Cidr;
use crate::leg::{Leg, LegEvent, RtpSocket};
use crate::rtp::DtmfDigit;
use std::net::SocketAddr;
use tokio::sync::mpsc;

/// How many signals may wait between two steps; far more than signalling makes in 20 ms.
pub const SIGNALS_MAX: usize = 16;

/// Which way media may flow, as seen from this end (RFC 3264 section 5.1): the far end's
/// `sendonly` (hold) is our [`Direction::RecvOnly`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// We may only send.
    SendOnly,
    /// We may only receive.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// We may send.
    pub fn may_send(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    /// The far end may send.
    pub fn may_receive(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }
}

/// What offer and answer agreed on for this leg's audio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RtpParams {
    /// Where the far end's SDP says it listens. Port 0 or address 0.0.0.0: nowhere.
    pub remote: SocketAddr,
    /// What we send; both laws are understood.
    pub law: G711,
    /// The payload type of `telephone-event/8000`; `None` where it was not agreed on.
    pub dtmf_payload: Option<u8>,
    /// Which way media may flow.
    pub direction: Direction,
}

/// What signalling tells a leg's media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LegSignal {
    /// A new offer and answer (re-INVITE, UPDATE).
    Update(RtpParams),
    /// The dialog is over (BYE, CANCEL, failure).
    Hangup(HangupCause),
    /// The ACK (or, as a caller, the 2xx) was seen: the far end is really there.
    Confirmed,
}

/// The signalling behind a leg. Neither call may block: put the work on a task.
pub trait LegControl: Send {
    /// Ends the dialog (BYE), once.
    fn hang_up(&mut self, cause: HangupCause);
    /// Sends a REFER (RFC 3515) to `to`; false where that cannot be done.
    fn transfer(&mut self, to: &str) -> bool;
}

/// What a leg's media did, for logs and the live view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RtpStats {
    /// Packets of the far end that were taken.
    pub received: u64,
    /// Packets that never came (RFC 3550 A.3: expected less received).
    pub lost: u64,
    /// Packets that came after their time.
    pub late: u64,
    /// Packets that came after a later one.
    pub reordered: u64,
    /// Packets that came twice.
    pub duplicated: u64,
    /// Packets refused: malformed, of no agreed payload type, or from another source.
    pub refused: u64,
    /// Packets sent.
    pub sent: u64,
    /// Interarrival jitter (RFC 3550 A.8), milliseconds, to the accuracy of the call's clock.
    pub jitter_ms: u32,
}

/// One party over RTP.
pub struct RtpLeg {
    socket: RtpSocket,
    params: RtpParams,
    allow: Vec<Cidr>,
    media_timeout_ms: u64,
    signals: mpsc::Receiver<LegSignal>,
    control: Box<dyn LegControl>,
    stats: RtpStats,
}

impl RtpLeg {
    /// A leg on `socket` that talks to `params.remote`, or to where the far end turns out to be
    /// within `allow`. It ends after `media_timeout_s` without a packet unless it is held.
    /// `signals` comes from a channel of [`SIGNALS_MAX`]; when its sender is dropped without
    /// [`LegSignal::Hangup`] the leg ends with [`HangupCause::InternalError`].
    pub fn new(
        socket: RtpSocket,
        params: RtpParams,
        allow: Vec<Cidr>,
        media_timeout_s: u64,
        signals: mpsc::Receiver<LegSignal>,
        control: Box<dyn LegControl>,
    ) -> RtpLeg {
        let media_timeout_ms = media_timeout_s * 1000;
        let stats = RtpStats::default();
        RtpLeg { socket, params, allow, media_timeout_ms, signals, control, stats }
    }

    /// What happened so far.
    pub fn stats(&self) -> RtpStats {
        self.stats
    }
}

impl Leg for RtpLeg {
    fn exchange(&mut self, _out: &AudioFrame, _events: &mut Vec<LegEvent>) -> AudioFrame {
        AudioFrame::SILENCE
    }

    fn hang_up(&mut self, cause: HangupCause) {
        self.control.hang_up(cause);
    }

    fn transfer(&mut self, to: &str) -> bool {
        self.control.transfer(to)
    }

    fn send_dtmf(&mut self, _digit: DtmfDigit) {}
}
