//! The task of one established call: answers the requests of its dialog, sends ours, and tells the
//! leg's media what signalling agreed on.

use super::dialog::Dialog;
use super::sdp::{LocalAudio, RemoteAudio, SdpError};
use super::user_agent::{UserAgent, header, linger, unsupported};
use super::{ACCEPT, ALLOW};
use crate::call::HangupCause;
use crate::leg::{Direction, LegControl, LegSignal, RtpParams};
use crate::rtp::DtmfDigit;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Method, Request, SipMessage, StatusCode};
use rsipstack::transaction::transaction::Transaction;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::mpsc;
use tracing::{debug, warn};

/// Requests and reports that may wait for one call's task.
pub(super) const EVENTS_MAX: usize = 32;
/// Commands of one leg that may wait.
const COMMANDS_MAX: usize = 8;

/// What reaches a call's task from the network and from its own helpers.
pub(super) enum Event {
    /// A request within the dialog.
    Request(Box<Transaction>),
    /// The ACK of our last 2xx, with its body.
    Acked(Vec<u8>),
    /// No ACK came within 64*T1 (RFC 3261 13.3.1.4).
    NeverAcked,
    /// Our REFER has its final response.
    Referred,
}

/// What the leg asks for.
enum Command {
    HangUp(HangupCause),
    Transfer(String),
}

/// The leg's end of the task. Dropping it hangs up.
struct AgentControl(mpsc::Sender<Command>);

impl LegControl for AgentControl {
    fn hang_up(&mut self, cause: HangupCause) {
        // a full queue already holds a hang-up or belongs to a call that is gone
        let _ = self.0.try_send(Command::HangUp(cause));
    }

    fn transfer(&mut self, to: &str) -> bool {
        self.0.try_send(Command::Transfer(to.to_string())).is_ok()
    }
}

/// What offer and answer have come to.
pub(super) struct Media {
    pub(super) local: LocalAudio,
    /// `None` until the far end has said something.
    pub(super) agreed: Option<RtpParams>,
    /// Our offer went out in a 2xx: the answer comes in the ACK (RFC 3264, RFC 3261 13.2.1).
    pub(super) answer_due: bool,
}

impl Media {
    /// Answers an offer, or makes one where there is none to answer.
    pub(super) fn describe(&mut self, body: &[u8]) -> Result<Vec<u8>, SdpError> {
        if body.is_empty() {
            self.answer_due = true;
            return Ok(self.local.offer());
        }
        let offer = RemoteAudio::parse(body)?;
        let params = offer.params(self.agreed.as_ref().map(|a| a.law));
        let answer = self.local.answer(&offer, &params);
        self.agreed = Some(params);
        Ok(answer)
    }

    /// Takes the answer to our offer.
    pub(super) fn take_answer(&mut self, body: &[u8]) -> Result<(), SdpError> {
        self.answer_due = false;
        let answer = RemoteAudio::parse(body)?;
        self.agreed = Some(answer.params(self.agreed.as_ref().map(|a| a.law)));
        Ok(())
    }

    /// For the leg; before the far end spoke there is nowhere to send to.
    pub(super) fn params(&self) -> RtpParams {
        self.agreed.clone().unwrap_or(RtpParams {
            remote: SocketAddr::from(([0, 0, 0, 0], 0)),
            law: crate::audio::g711::G711::Pcmu,
            dtmf_payload: None,
            direction: Direction::SendRecv,
        })
    }
}

/// One established call.
pub(super) struct Agent {
    user_agent: Arc<UserAgent>,
    dialog: Dialog,
    media: Media,
    signals: mpsc::Sender<LegSignal>,
    events: mpsc::Receiver<Event>,
    to_self: mpsc::Sender<Event>,
    commands: mpsc::Receiver<Command>,
    /// A 2xx of ours waits for its ACK.
    ack_due: bool,
    /// A re-INVITE that overtook the ACK (RFC 3261 14.2 has no answer for it; a direct-media PBX
    /// sends it): answered once the ACK is here.
    parked: Option<Box<Transaction>>,
    refer_pending: bool,
    ending: Option<HangupCause>,
}

impl Agent {
    /// A call that is about to be answered (`ack_due`) or was answered. Its events come from
    /// [`UserAgent::register`].
    pub(super) fn new(
        user_agent: Arc<UserAgent>,
        dialog: Dialog,
        media: Media,
        signals: mpsc::Sender<LegSignal>,
        (to_self, events): (mpsc::Sender<Event>, mpsc::Receiver<Event>),
        ack_due: bool,
    ) -> (Agent, Box<dyn LegControl>) {
        let (control, commands) = mpsc::channel(COMMANDS_MAX);
        let agent = Agent {
            user_agent,
            dialog,
            media,
            signals,
            events,
            to_self,
            commands,
            ack_due,
            parked: None,
            refer_pending: false,
            ending: None,
        };
        (agent, Box::new(AgentControl(control)))
    }

    /// Runs until the dialog ends, by either side.
    pub(super) async fn run(mut self) {
        if !self.ack_due {
            self.signal(LegSignal::Confirmed);
        }
        let (cause, bye) = loop {
            let over = tokio::select! {
                Some(event) = self.events.recv() => self.on_event(event).await,
                command = self.commands.recv(), if self.ending.is_none() => {
                    self.on_command(command).await;
                    None
                }
                message = parked_message(&mut self.parked) => {
                    self.on_parked(message).await;
                    None
                }
            };
            // no BYE before the ACK (RFC 3261 15) or over a REFER still on its way
            let may_end = !self.ack_due && !self.refer_pending;
            let ours = self.ending.filter(|_| may_end);
            match (over, ours) {
                (Some(cause), _) => break (cause, cause != HangupCause::CallerHungUp),
                (None, Some(cause)) => break (cause, true),
                (None, None) => {}
            }
        };
        self.user_agent.forget(self.dialog.key());
        if let Some(mut parked) = self.parked.take() {
            refuse(&mut parked, StatusCode::RequestTerminated).await;
            linger(&self.user_agent, *parked);
        }
        if bye {
            self.bye(cause).await;
        }
        self.signal(LegSignal::Hangup(cause));
    }

    /// The cause that ends the call, if this event does.
    async fn on_event(&mut self, event: Event) -> Option<HangupCause> {
        match event {
            Event::Request(tx) => return self.on_request(tx).await,
            Event::Acked(body) => {
                self.ack_due = false;
                if self.media.answer_due {
                    if self.media.take_answer(&body).is_err() {
                        return Some(HangupCause::NotAcceptable);
                    }
                    self.signal(LegSignal::Update(self.media.params()));
                }
                self.signal(LegSignal::Confirmed);
                if let Some(tx) = self.parked.take() {
                    self.re_invite(tx).await;
                }
            }
            Event::NeverAcked => {
                self.ack_due = false;
                return Some(HangupCause::MediaTimeout);
            }
            Event::Referred => self.refer_pending = false,
        }
        None
    }

    async fn on_request(&mut self, mut tx: Box<Transaction>) -> Option<HangupCause> {
        if !self.dialog.takes_in_order(&tx.original) {
            self.reply(tx, StatusCode::ServerInternalError, vec![], None).await;
            return None;
        }
        if let Some(options) = unsupported(&tx.original) {
            let why = vec![Header::Unsupported(options.into())];
            self.reply(tx, StatusCode::BadExtension, why, None).await;
            return None;
        }
        match tx.original.method {
            Method::Invite if self.ack_due && self.parked.is_none() => {
                // stops the retransmissions of an INVITE that waits
                let _ = tx.send_trying().await;
                self.parked = Some(tx);
            }
            Method::Invite if self.ack_due => {
                // RFC 3261 14.2: an INVITE while another is in progress
                let wait = vec![header("Retry-After", "5")];
                self.reply(tx, StatusCode::ServerInternalError, wait, None).await;
            }
            Method::Invite => self.re_invite(tx).await,
            Method::Bye => {
                self.reply(tx, StatusCode::OK, vec![], None).await;
                return Some(HangupCause::CallerHungUp);
            }
            Method::Update => self.update(tx).await,
            Method::Info => self.info(tx).await,
            Method::Options => {
                let headers = vec![header("Allow", ALLOW), header("Accept", ACCEPT)];
                self.reply(tx, StatusCode::OK, headers, None).await;
            }
            // how our REFER fares (RFC 3515 2.4.4); the far end's BYE tells us enough
            Method::Notify => self.reply(tx, StatusCode::OK, vec![], None).await,
            _ => {
                let headers = vec![header("Allow", ALLOW)];
                self.reply(tx, StatusCode::MethodNotAllowed, headers, None).await;
            }
        }
        None
    }

    /// Hold, resume, new address, or nothing but a refresh (RFC 3261 14.2).
    async fn re_invite(&mut self, mut tx: Box<Transaction>) {
        let Some(answer) = self.renegotiated(&mut tx).await else {
            linger(&self.user_agent, *tx);
            return;
        };
        let headers = vec![
            Header::Contact(self.dialog.contact().to_string().into()),
            header("Allow", ALLOW),
            Header::ContentType(ACCEPT.into()),
        ];
        if tx.reply_with(StatusCode::OK, headers, Some(answer)).await.is_ok() {
            self.ack_due = true;
            let events = self.to_self.clone();
            self.user_agent.spawn(async move { await_ack(*tx, events).await });
        }
    }

    /// UPDATE (RFC 3311): like a re-INVITE without ACK; without a body a session refresh.
    async fn update(&mut self, mut tx: Box<Transaction>) {
        let contact = Header::Contact(self.dialog.contact().to_string().into());
        if tx.original.body.is_empty() {
            self.dialog.refresh_target(&tx.original);
            self.reply(tx, StatusCode::OK, vec![contact], None).await;
        } else if self.media.answer_due {
            // RFC 3311 5.2: our own offer is still open
            self.reply(tx, StatusCode::RequestPending, vec![], None).await;
        } else if let Some(answer) = self.renegotiated(&mut tx).await {
            let headers = vec![contact, Header::ContentType(ACCEPT.into())];
            self.reply(tx, StatusCode::OK, headers, Some(answer)).await;
        }
    }

    /// Our description for a new offer, with the leg told; `None` after a refusal, which changes
    /// nothing (RFC 3261 14.2).
    async fn renegotiated(&mut self, tx: &mut Transaction) -> Option<Vec<u8>> {
        if !is_sdp(&tx.original) {
            let headers = vec![header("Accept", ACCEPT)];
            let _ = tx.reply_with(StatusCode::UnsupportedMediaType, headers, None).await;
            return None;
        }
        match self.media.describe(&tx.original.body) {
            Ok(description) => {
                self.dialog.refresh_target(&tx.original);
                if !self.media.answer_due {
                    self.signal(LegSignal::Update(self.media.params()));
                }
                Some(description)
            }
            Err(why) => {
                let warning = header("Warning", &format!("304 spillway \"{why}\""));
                let _ = tx.reply_with(StatusCode::NotAcceptableHere, vec![warning], None).await;
                None
            }
        }
    }

    /// Keys by INFO, where a PBX knows no telephone-events.
    async fn info(&mut self, tx: Box<Transaction>) {
        let keys = key_of_info(&tx.original);
        if keys.is_none() && !tx.original.body.is_empty() {
            let headers = vec![header("Accept", "application/dtmf-relay, application/dtmf")];
            return self.reply(tx, StatusCode::UnsupportedMediaType, headers, None).await;
        }
        if let Some(key) = keys {
            self.signal(LegSignal::Dtmf(key));
        }
        self.reply(tx, StatusCode::OK, vec![], None).await;
    }

    async fn on_command(&mut self, command: Option<Command>) {
        match command {
            Some(Command::HangUp(cause)) => self.ending = Some(cause),
            // the leg is gone without a word
            None => self.ending = Some(HangupCause::Finished),
            Some(Command::Transfer(to)) => self.refer(&to).await,
        }
    }

    /// REFER (RFC 3515); the far end says BYE, or we do, once it has gone there.
    async fn refer(&mut self, to: &str) {
        let to = if to.contains(':') {
            format!("<{to}>")
        } else {
            format!("<sip:{to}@{}>", self.dialog.peer_host())
        };
        let headers = vec![header("Refer-To", &to), header("Referred-By", self.dialog.contact())];
        let mut tx = match self.dialog.send(Method::Refer, headers).await {
            Ok(tx) => tx,
            Err(e) => return warn!(error = %e, "REFER could not be sent"),
        };
        self.refer_pending = true;
        let events = self.to_self.clone();
        self.user_agent.spawn(async move {
            match final_status(&mut tx).await {
                Some(200..=299) => {}
                status => warn!(?status, "REFER refused"),
            }
            let _ = events.send(Event::Referred).await;
        });
    }

    async fn bye(&mut self, cause: HangupCause) {
        // RFC 3326
        let reason = format!("Q.850;cause={};text=\"{}\"", cause.q850(), cause.words());
        match self.dialog.send(Method::Bye, vec![header("Reason", &reason)]).await {
            Ok(mut tx) => self.user_agent.spawn(async move {
                let status = final_status(&mut tx).await;
                debug!(?status, "BYE answered");
            }),
            Err(e) => warn!(error = %e, "BYE could not be sent"),
        }
    }

    /// A CANCEL or the end of a parked re-INVITE.
    async fn on_parked(&mut self, message: Option<SipMessage>) {
        let cancelled =
            matches!(&message, Some(SipMessage::Request(r)) if r.method == Method::Cancel);
        if message.is_some() && !cancelled {
            return;
        }
        if let Some(mut tx) = self.parked.take()
            && cancelled
        {
            refuse(&mut tx, StatusCode::RequestTerminated).await;
            linger(&self.user_agent, *tx);
        }
    }

    async fn reply(
        &self,
        mut tx: Box<Transaction>,
        status: StatusCode,
        headers: Vec<Header>,
        body: Option<Vec<u8>>,
    ) {
        if let Err(e) = tx.reply_with(status, headers, body).await {
            debug!(error = %e, "response not sent");
        }
        if tx.original.method == Method::Invite {
            linger(&self.user_agent, *tx);
        }
    }

    /// A leg that does not take its signals within 16 steps is no longer run by anybody.
    fn signal(&self, signal: LegSignal) {
        if self.signals.try_send(signal).is_err() {
            debug!("leg takes no signals");
        }
    }
}

/// Waits for the ACK of a 2xx, which the library repeats until then (RFC 3261 13.3.1.4).
pub(super) async fn await_ack(mut tx: Transaction, events: mpsc::Sender<Event>) {
    while let Some(message) = tx.receive().await {
        if let SipMessage::Request(ack) = message
            && ack.method == Method::Ack
        {
            let _ = events.send(Event::Acked(ack.body)).await;
            return;
        }
    }
    let _ = events.send(Event::NeverAcked).await;
}

/// The status of a request of ours; the library makes a 408 of silence.
async fn final_status(tx: &mut Transaction) -> Option<u16> {
    while let Some(message) = tx.receive().await {
        if let SipMessage::Response(response) = message {
            let status = response.status_code.code();
            if status >= 200 {
                return Some(status);
            }
        }
    }
    None
}

async fn refuse(tx: &mut Transaction, status: StatusCode) {
    if let Err(e) = tx.reply(status).await {
        debug!(error = %e, "response not sent");
    }
}

async fn parked_message(parked: &mut Option<Box<Transaction>>) -> Option<SipMessage> {
    match parked {
        Some(tx) => tx.receive().await,
        None => std::future::pending().await,
    }
}

/// No body, or a session description (RFC 3261 8.2.3).
pub(super) fn is_sdp(request: &Request) -> bool {
    let kind = request.header_value("Content-Type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    request.body.is_empty() || kind.is_empty() || kind == ACCEPT
}

/// `Signal=5` of application/dtmf-relay, or the bare key of application/dtmf.
fn key_of_info(request: &Request) -> Option<DtmfDigit> {
    let kind = request.header_value("Content-Type").unwrap_or_default().to_ascii_lowercase();
    let body = String::from_utf8_lossy(&request.body);
    let signal = match kind.split(';').next().unwrap_or_default().trim() {
        "application/dtmf-relay" => body.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim().eq_ignore_ascii_case("signal").then(|| value.trim().to_string())
        })?,
        "application/dtmf" => body.trim().to_string(),
        _ => return None,
    };
    let mut chars = signal.chars();
    match (chars.next(), chars.next()) {
        (Some(key), None) => DtmfDigit::try_from(key).ok(),
        // some gateways write the event's number
        _ => signal.parse().ok().and_then(DtmfDigit::from_event),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_by_info() {
        let check = |kind: &str, body: &str, want: Option<char>| {
            let text = format!(
                "INFO sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\n\
                 Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let SipMessage::Request(request) = SipMessage::try_from(text.as_bytes()).unwrap()
            else {
                panic!()
            };
            assert_eq!(key_of_info(&request).map(char::from), want, "{kind} {body:?}");
        };
        check("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", Some('5'));
        check("application/dtmf-relay", "Signal= #\nDuration= 160", Some('#'));
        check("Application/DTMF-Relay", "signal=*", Some('*'));
        check("application/dtmf-relay", "Signal=11", Some('#'));
        check("application/dtmf-relay", "Duration=160", None);
        check("application/dtmf-relay", "Signal=\u{e9}", None);
        check("application/dtmf", "7\r\n", Some('7'));
        check("text/plain", "5", None);
    }
}
