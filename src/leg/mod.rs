//! A leg: one party's signalling and media, whatever entrance it came through.

use crate::audio::AudioFrame;
use crate::call::HangupCause;
use crate::rtp::DtmfDigit;

mod latch;
mod rtcp_reporter;
mod rtp_leg;
mod rtp_sender;
mod rtp_socket;

pub use rtp_leg::{Direction, LegControl, LegSignal, RtpLeg, RtpParams, RtpStats, SIGNALS_MAX};
pub use rtp_socket::{LegError, RtpSocket};

/// What happened on a leg since the last exchange.
#[derive(Debug, Clone, PartialEq)]
pub enum LegEvent {
    /// A key, reported once, at its start.
    Dtmf(DtmfDigit),
    /// Held (true) or resumed by the far end.
    Hold(bool),
    /// The far end is gone; nothing follows.
    Hangup(HangupCause),
}

/// One party of a call, stepped every 20 ms. Never blocks.
pub trait Leg: Send {
    /// One step: sends `out` to the far end, returns the 20 ms heard from it (lost packets
    /// concealed, silence when there is nothing) and appends what happened to `events`.
    fn exchange(&mut self, out: &AudioFrame, events: &mut Vec<LegEvent>) -> AudioFrame;
    /// Ends the leg; the shell drops it afterwards.
    fn hang_up(&mut self, cause: HangupCause);
    /// Asks the far end to go to `to` instead (SIP: REFER, RFC 3515); false where the entrance
    /// has no such thing.
    fn transfer(&mut self, to: &str) -> bool;
    /// Presses a key towards the far end (RFC 4733), after those already queued.
    fn send_dtmf(&mut self, digit: DtmfDigit);
}
