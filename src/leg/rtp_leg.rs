//! A leg over RTP: one UDP port pair, stepped by the call's clock.

use crate::audio::g711::G711;
use crate::audio::{AudioFrame, FRAME_MS};
use crate::call::HangupCause;
use crate::config::Cidr;
use crate::leg::latch::Latch;
use crate::leg::rtcp_reporter::{RtcpReporter, Sent};
use crate::leg::rtp_sender::RtpSender;
use crate::leg::{Leg, LegEvent, RtpSocket};
use crate::rtp::{
    COMFORT_NOISE_PAYLOAD, DtmfDigit, Inserted, JitterBuffer, RtcpReceived, RtpPacket,
    TelephoneEventReceiver,
};
use std::net::SocketAddr;
use tokio::sync::mpsc::{self, error::TryRecvError};

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
    /// A key that came by signalling (INFO) instead of RTP.
    Dtmf(DtmfDigit),
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

/// Datagrams read in one step: a flood costs the call nothing more, and a pause of our own of
/// half a second is caught up with at once.
const DATAGRAMS_MAX: usize = 64;
/// Longer datagrams are cut: no audio packet we take is as long.
const DATAGRAM_BYTES_MAX: usize = 2048;
/// Packets sent before the far end proved that it is there: 2 s, enough for an ACK that is lost
/// twice, too little for a flood.
const UNCONFIRMED_MAX: u64 = 100;

/// One party over RTP.
///
/// Its clock is the number of its exchanges, 20 ms each: there is no other, so a test runs as fast
/// as it steps.
pub struct RtpLeg {
    socket: RtpSocket,
    params: RtpParams,
    latch: Latch,
    media_timeout_ms: u64,
    signals: mpsc::Receiver<LegSignal>,
    control: Box<dyn LegControl>,
    now_ms: u64,
    confirmed: bool,
    ended: bool,
    warned: bool,
    heard_ms: u64,
    heard_ssrc: Option<u32>,
    jitter: JitterBuffer,
    keys: TelephoneEventReceiver,
    sender: RtpSender,
    reporter: RtcpReporter,
    refused: u64,
    datagram: Box<[u8; DATAGRAM_BYTES_MAX]>,
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
        let sender = RtpSender::new();
        RtpLeg {
            latch: Latch::new(params.remote, allow),
            media_timeout_ms: media_timeout_s * 1000,
            now_ms: 0,
            confirmed: false,
            ended: false,
            warned: false,
            heard_ms: 0,
            heard_ssrc: None,
            jitter: JitterBuffer::new(),
            keys: TelephoneEventReceiver::default(),
            reporter: RtcpReporter::new(sender.ssrc()),
            sender,
            refused: 0,
            datagram: Box::new([0; DATAGRAM_BYTES_MAX]),
            socket,
            params,
            signals,
            control,
        }
    }

    /// What happened so far.
    pub fn stats(&self) -> RtpStats {
        let reception = self.jitter.reception();
        RtpStats {
            received: reception.received(),
            lost: reception.lost(),
            late: self.jitter.late(),
            reordered: reception.reordered(),
            duplicated: reception.duplicated(),
            refused: self.refused,
            sent: self.sender.packets(),
            jitter_ms: reception.jitter() / 8,
        }
    }

    fn obey_signals(&mut self, events: &mut Vec<LegEvent>) {
        for _ in 0..SIGNALS_MAX {
            match self.signals.try_recv() {
                Ok(LegSignal::Update(params)) => self.update(params, events),
                Ok(LegSignal::Confirmed) => self.confirmed = true,
                Ok(LegSignal::Dtmf(digit)) => events.push(LegEvent::Dtmf(digit)),
                Ok(LegSignal::Hangup(cause)) => return self.end(cause, events),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    return self.end(HangupCause::InternalError, events);
                }
            }
        }
    }

    fn update(&mut self, params: RtpParams, events: &mut Vec<LegEvent>) {
        let held = !params.direction.may_send();
        if held == self.params.direction.may_send() {
            events.push(LegEvent::Hold(held));
        }
        self.latch.announce(self.now_ms, params.remote);
        self.params = params;
        // the wait for media begins anew
        self.heard_ms = self.now_ms;
    }

    fn end(&mut self, cause: HangupCause, events: &mut Vec<LegEvent>) {
        self.close();
        events.push(LegEvent::Hangup(cause));
    }

    /// Says goodbye to the far end's media, once.
    fn close(&mut self) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.report(true);
        let s = self.stats();
        tracing::info!(
            received = s.received,
            lost = s.lost,
            late = s.late,
            reordered = s.reordered,
            refused = s.refused,
            sent = s.sent,
            jitter_ms = s.jitter_ms,
            "RTP leg ended"
        );
    }

    fn receive(&mut self, events: &mut Vec<LegEvent>) {
        for _ in 0..DATAGRAMS_MAX {
            let Some((length, source)) = self.socket.receive_rtp(&mut self.datagram[..]) else {
                return;
            };
            let key = match RtpPacket::parse(&self.datagram[..length]) {
                Ok(packet) => take(
                    &packet,
                    source,
                    Ears {
                        now_ms: self.now_ms,
                        params: &self.params,
                        latch: &mut self.latch,
                        heard_ssrc: &mut self.heard_ssrc,
                        jitter: &mut self.jitter,
                        keys: &mut self.keys,
                    },
                ),
                Err(_) => Err(Refused),
            };
            match key {
                Ok(key) => {
                    self.heard_ms = self.now_ms;
                    events.extend(key.map(LegEvent::Dtmf));
                }
                Err(Refused) => self.refuse(source),
            }
        }
    }

    fn refuse(&mut self, source: SocketAddr) {
        self.refused += 1;
        if !self.warned && !self.latch.allows(source) {
            self.warned = true;
            tracing::warn!(
                source = %source.ip(),
                "RTP from outside sip.allow is not heard; add its network there if it is yours"
            );
        }
    }

    fn receive_rtcp(&mut self) {
        for _ in 0..DATAGRAMS_MAX {
            let Some((length, source)) = self.socket.receive_rtcp(&mut self.datagram[..]) else {
                return;
            };
            let known = self.latch.destination().is_some_and(|to| to.ip() == source.ip());
            if let (true, Some(report)) = (known, RtcpReceived::parse(&self.datagram[..length])) {
                self.reporter.heard(self.now_ms, source, &report);
                // a far end that suppresses silence lives by its reports alone
                self.heard_ms = self.now_ms;
            }
        }
    }

    fn send(&mut self, out: &AudioFrame) {
        let proven = self.confirmed || self.sender.packets() < UNCONFIRMED_MAX;
        let may_send = proven && self.params.direction.may_send();
        let to = self.latch.destination().filter(|_| may_send);
        match to {
            Some(to) => self.sender.send(out, &self.params, &self.socket, to),
            None => self.sender.skip(),
        }
    }

    fn report(&mut self, bye: bool) {
        let Some(to) = self.latch.destination().filter(|_| self.confirmed) else { return };
        let sent = Sent {
            timestamp: self.sender.timestamp(),
            packets: self.sender.packets(),
            octets: self.sender.octets(),
        };
        let reception = self.heard_ssrc.map(|ssrc| (ssrc, self.jitter.reception_mut()));
        self.reporter.send(self.now_ms, &self.socket, to, sent, reception, bye);
    }

    fn media_is_missing(&self) -> bool {
        self.params.direction == Direction::SendRecv
            && self.now_ms.saturating_sub(self.heard_ms) >= self.media_timeout_ms
    }
}

/// A packet that is not for us.
struct Refused;

/// The parts of a leg that a packet goes through.
struct Ears<'a> {
    now_ms: u64,
    params: &'a RtpParams,
    latch: &'a mut Latch,
    heard_ssrc: &'a mut Option<u32>,
    jitter: &'a mut JitterBuffer,
    keys: &'a mut TelephoneEventReceiver,
}

/// Hears one packet; gives the key it is the first to report.
fn take(packet: &RtpPacket, source: SocketAddr, ears: Ears) -> Result<Option<DtmfDigit>, Refused> {
    let header = &packet.header;
    let law = G711::from_payload_type(header.payload_type);
    let is_event = ears.params.dtmf_payload == Some(header.payload_type);
    let known = law.is_some() || is_event || header.payload_type == COMFORT_NOISE_PAYLOAD;
    if !known || !ears.latch.accept(ears.now_ms, source, header) {
        return Err(Refused);
    }
    if !ears.params.direction.may_receive() {
        return Ok(None);
    }
    *ears.heard_ssrc = Some(header.ssrc);
    match law {
        Some(law) => {
            let _: Inserted = ears.jitter.insert(header, law, packet.payload);
            Ok(None)
        }
        None => {
            ears.jitter.insert_rest(header);
            Ok(is_event.then(|| ears.keys.receive(header, packet.payload)).flatten())
        }
    }
}

impl Leg for RtpLeg {
    fn exchange(&mut self, out: &AudioFrame, events: &mut Vec<LegEvent>) -> AudioFrame {
        if self.ended {
            return AudioFrame::SILENCE;
        }
        self.now_ms += FRAME_MS;
        self.obey_signals(events);
        if self.ended {
            return AudioFrame::SILENCE;
        }
        self.receive(events);
        self.receive_rtcp();
        let heard = self.jitter.pop();
        self.send(out);
        if self.reporter.is_due(self.now_ms) {
            self.report(false);
        }
        if self.media_is_missing() {
            self.end(HangupCause::MediaTimeout, events);
        }
        heard
    }

    fn hang_up(&mut self, cause: HangupCause) {
        if !self.ended {
            self.close();
            self.control.hang_up(cause);
        }
    }

    fn transfer(&mut self, to: &str) -> bool {
        self.control.transfer(to)
    }

    fn send_dtmf(&mut self, digit: DtmfDigit) {
        if self.params.dtmf_payload.is_none() {
            tracing::debug!("the far end takes no telephone events; a key was not sent");
        } else if !self.sender.press(digit) {
            tracing::warn!("32 keys are waiting to be sent; one more was dropped");
        }
    }
}

impl Drop for RtpLeg {
    fn drop(&mut self) {
        self.close();
    }
}
