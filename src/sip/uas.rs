//! The answering side.

use super::agent::{Agent, Event, Media, await_ack, is_sdp};
use super::dialog::{Dialog, DialogKey};
use super::facts::CallerHeaders;
use super::sdp::LocalAudio;
use super::user_agent::{UserAgent, header, linger, retry_after};
use super::wire::{Flow, Wire, WireSettings, transport_of};
use super::{ACCEPT, ALLOW, SipError};
use crate::call::HangupCause;
use crate::config::SipConfig;
use crate::leg::{Leg, RtpLeg, RtpSocket, SIGNALS_MAX};
use crate::ticket::CallId;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Method, Request, SipMessage, StatusCode};
use rsipstack::transaction::make_tag;
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transport::SipConnection;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Calls that may wait for [`SipServer::accept`]; the next gets 503.
const CALLS_WAITING_MAX: usize = 32;
/// Round-trip time estimate (RFC 3261 17.1.1.1).
const T1: Duration = Duration::from_millis(500);

/// Answers SIP on UDP and TCP (RFC 3261 8.2).
pub struct SipServer {
    user_agent: Arc<UserAgent>,
    calls: mpsc::Receiver<IncomingCall>,
    config: Arc<SipConfig>,
}

impl SipServer {
    /// Opens UDP and TCP at `config.listen`; port 0 takes a free one.
    pub async fn bind(config: SipConfig) -> Result<SipServer, SipError> {
        SipServer::bind_with_t1(config, T1).await
    }

    /// Like [`SipServer::bind`] with another estimate of the round-trip time: every time-out and
    /// retransmission of RFC 3261 17 is a multiple of it.
    pub async fn bind_with_t1(config: SipConfig, t1: Duration) -> Result<SipServer, SipError> {
        let settings = WireSettings {
            listen: config.listen,
            advertise: config.advertise,
            allow: config.allow.clone(),
            t1,
        };
        let (wire, incoming) = Wire::bind(settings).await?;
        let (waiting, calls) = mpsc::channel(CALLS_WAITING_MAX);
        let user_agent = UserAgent::new(wire, Some(waiting));
        tokio::spawn(user_agent.clone().run(incoming));
        Ok(SipServer { user_agent, calls, config: Arc::new(config) })
    }

    /// Where it listens and what it calls itself, with the real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.user_agent.wire.advertised()
    }

    /// The next call; `None` when the server has been closed. Safe to drop and call again.
    pub async fn accept(&mut self) -> Option<IncomingCall> {
        let mut call = self.calls.recv().await?;
        call.config = Some(self.config.clone());
        Some(call)
    }

    /// While draining, OPTIONS and new calls get 503 with Retry-After; running calls go on.
    pub fn set_draining(&self, draining: bool) {
        self.user_agent.set_draining(draining);
    }

    /// Drains, waits until the running calls have ended and their BYEs are answered, but not
    /// longer than `within`, and closes the sockets. Hang up the legs first.
    pub async fn close(self, within: Duration) {
        drop(self.calls);
        self.user_agent.close(within).await;
    }
}

/// How a person refuses a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Is on the telephone: 486 (RFC 3261 21.4.24).
    Busy,
    /// Does not want to: 603 (RFC 3261 21.6.2).
    Decline,
}

/// A call that waits to be answered. Dropping it unanswered refuses it with 480.
pub struct IncomingCall {
    user_agent: Arc<UserAgent>,
    invite: Request,
    flow: Flow,
    facts: CallerHeaders,
    rings: mpsc::Sender<Vec<Header>>,
    decide: oneshot::Sender<Decision>,
    /// Filled by [`SipServer::accept`].
    config: Option<Arc<SipConfig>>,
}

impl IncomingCall {
    /// Calling number: P-Asserted-Identity, else the From user; empty when withheld.
    pub fn caller_id(&self) -> &str {
        &self.facts.caller_id
    }

    /// Called number: the To user, else that of the Request-URI.
    pub fn called(&self) -> &str {
        &self.facts.called
    }

    /// P-Asserted-Identity, Diversion, History-Info, User-to-User, X-*: lower-case name, value;
    /// bounded in number and length.
    pub fn headers(&self) -> &[(String, String)] {
        &self.facts.headers
    }

    /// Tells the caller that it rings: 180 (RFC 3261 21.1.2).
    pub fn ring(&self) {
        let contact = self.user_agent.wire.contact("spillway", self.flow.transport());
        // Once is enough.
        let _ = self.rings.try_send(self.dialog_headers(contact));
    }

    /// Returns once the caller has given up. Cancel-safe.
    pub async fn cancelled(&mut self) {
        self.decide.closed().await;
    }

    /// Takes an RTP port and answers 200 with `X-Spillway-Call: call_id`. Where that cannot be
    /// the caller has got 488 or 503 already; [`SipError::Gone`] when the caller cancelled first.
    pub async fn answer(self, call_id: &CallId) -> Result<Box<dyn Leg>, SipError> {
        self.accept(Some(header("X-Spillway-Call", &call_id.0))).await
    }

    /// Answers like [`IncomingCall::answer`], as a telephone that no hotline stands behind.
    pub async fn pick_up(self) -> Result<Box<dyn Leg>, SipError> {
        self.accept(None).await
    }

    /// What a response that makes a dialog carries (RFC 3261 12.1.1).
    fn dialog_headers(&self, contact: String) -> Vec<Header> {
        let route = |h: &&Header| matches!(h, Header::RecordRoute(_));
        let mut headers: Vec<Header> = self.invite.headers.iter().filter(route).cloned().collect();
        headers.push(Header::Contact(contact.into()));
        headers.push(header("Allow", ALLOW));
        headers
    }

    async fn accept(self, more: Option<Header>) -> Result<Box<dyn Leg>, SipError> {
        let config = self.config.clone().unwrap_or_default();
        if !is_sdp(&self.invite) {
            let accept = vec![header("Accept", ACCEPT)];
            self.refuse(StatusCode::UnsupportedMediaType, accept);
            return Err(SipError::NotAcceptable("the offer is no session description".into()));
        }
        let socket = match RtpSocket::bind(config.listen.ip(), config.media_ports) {
            Ok(socket) => socket,
            Err(e) => {
                self.refuse(StatusCode::ServiceUnavailable, vec![retry_after()]);
                return Err(SipError::Media(e));
            }
        };
        let ip = self.user_agent.wire.advertised().ip();
        let address = SocketAddr::new(ip, socket.local_addr().port());
        let local = LocalAudio::new(address, rand::random::<u32>().into(), false);
        let mut media = Media { local, agreed: None, answer_due: false };
        let description = match media.describe(&self.invite.body) {
            Ok(description) => description,
            Err(why) => {
                let warning = header("Warning", &format!("304 spillway \"{why}\""));
                self.refuse(StatusCode::NotAcceptableHere, vec![warning]);
                return Err(SipError::NotAcceptable(why.to_string()));
            }
        };
        let wire = self.user_agent.wire.clone();
        let contact = wire.contact("spillway", self.flow.transport());
        let dialog = Dialog::of_invite(wire, &self.invite, contact.clone(), self.flow.clone());
        let Some(dialog) = dialog else {
            self.refuse(StatusCode::BadRequest, vec![]);
            return Err(SipError::Gone);
        };
        let mut headers = self.dialog_headers(contact);
        headers.extend(more);
        headers.push(Header::ContentType(ACCEPT.into()));
        let params = media.params();
        let (signals, signalled) = mpsc::channel(SIGNALS_MAX);
        let events = self.user_agent.register(dialog.key());
        let to_agent = events.0.clone();
        let key = dialog.key().clone();
        let (agent, control) =
            Agent::new(self.user_agent.clone(), dialog, media, signals, events, true);
        let (done, answered) = oneshot::channel();
        let accept = Decision::Accept { headers, description, events: to_agent, done };
        let sent = self.decide.send(accept).is_ok() && answered.await.unwrap_or(false);
        if !sent {
            self.user_agent.forget(&key);
            return Err(SipError::Gone);
        }
        self.user_agent.spawn(agent.run());
        let (allow, timeout_s) = (config.allow.clone(), config.media_timeout_s);
        Ok(Box::new(RtpLeg::new(socket, params, allow, timeout_s, signalled, control)))
    }

    /// Refuses with the status of `cause`; `Congestion` and `ShuttingDown` add Retry-After.
    pub fn reject(self, cause: HangupCause) {
        let status = StatusCode::from(cause.sip_status().max(400));
        let mut headers = vec![];
        if status.code() == 503 {
            headers.push(retry_after());
        }
        // RFC 3326
        let reason = format!("Q.850;cause={};text=\"{}\"", cause.q850(), cause.words());
        headers.push(header("Reason", &reason));
        self.refuse(status, headers);
    }

    /// Refuses as a person does.
    pub fn decline(self, refusal: Refusal) {
        let status = match refusal {
            Refusal::Busy => StatusCode::BusyHere,
            Refusal::Decline => StatusCode::Decline,
        };
        self.refuse(status, vec![]);
    }

    fn refuse(self, status: StatusCode, headers: Vec<Header>) {
        // the caller may have cancelled: nothing is left to refuse
        let _ = self.decide.send(Decision::Refuse { status, headers });
    }
}

/// What becomes of an INVITE.
enum Decision {
    Accept {
        headers: Vec<Header>,
        description: Vec<u8>,
        events: mpsc::Sender<Event>,
        /// Whether the 200 went out before any CANCEL.
        done: oneshot::Sender<bool>,
    },
    Refuse {
        status: StatusCode,
        headers: Vec<Header>,
    },
}

/// The INVITE of an [`IncomingCall`] while it waits: CANCEL and retransmissions are dealt with
/// here.
pub(super) struct Invitation {
    user_agent: Arc<UserAgent>,
    tx: Transaction,
    rings: mpsc::Receiver<Vec<Header>>,
    decided: oneshot::Receiver<Decision>,
    pending: (DialogKey, u32),
}

impl Invitation {
    pub(super) fn new(
        user_agent: Arc<UserAgent>,
        mut tx: Transaction,
        pending: (DialogKey, u32),
    ) -> (Invitation, IncomingCall) {
        // the dialog's tag, the same in every response from here on
        if let Ok(to) = tx.original.to_header() {
            let to = to.clone().with_tag(make_tag());
            tx.original.headers.unique_push(to.into());
        }
        let (decide, decided) = oneshot::channel();
        let (ring, rings) = mpsc::channel(1);
        let call = IncomingCall {
            user_agent: user_agent.clone(),
            invite: tx.original.clone(),
            flow: flow_of(&user_agent.wire, &tx),
            facts: CallerHeaders::of(&tx.original),
            rings: ring,
            decide,
            config: None,
        };
        (Invitation { user_agent, tx, rings, decided, pending }, call)
    }

    pub(super) async fn attend(mut self) {
        let _ = self.tx.send_trying().await;
        let decision = loop {
            tokio::select! {
                message = self.tx.receive() => match message {
                    Some(SipMessage::Request(r)) if r.method == Method::Cancel => {
                        break Decision::Refuse {
                            status: StatusCode::RequestTerminated,
                            headers: vec![],
                        };
                    }
                    Some(_) => {}
                    None => return self.user_agent.settle(&self.pending),
                },
                Some(headers) = self.rings.recv() => {
                    let _ = self.tx.reply_with(StatusCode::Ringing, headers, None).await;
                }
                decision = &mut self.decided => break decision.unwrap_or(Decision::Refuse {
                    status: StatusCode::TemporarilyUnavailable,
                    headers: vec![],
                }),
            }
        };
        // an answer that comes after the CANCEL finds nobody
        self.decided.close();
        match decision {
            Decision::Refuse { status, headers } => {
                let _ = self.tx.reply_with(status, headers, None).await;
                self.user_agent.settle(&self.pending);
                linger(&self.user_agent, self.tx);
            }
            Decision::Accept { headers, description, events, done } => {
                let sent = self.tx.reply_with(StatusCode::OK, headers, Some(description)).await;
                self.user_agent.settle(&self.pending);
                let _ = done.send(sent.is_ok());
                if sent.is_ok() {
                    await_ack(self.tx, events).await;
                }
            }
        }
    }
}

/// Where a request came from: the Via says it, stamped on arrival (RFC 3261 18.2.1).
fn flow_of(wire: &Wire, tx: &Transaction) -> Flow {
    let connection = tx.connection.clone();
    let via = tx.original.top_via_header().ok();
    let source = via.and_then(|via| SipConnection::parse_target_from_via(&via).ok());
    let peer = connection.as_ref().filter(|c| transport_of(c) == rsipstack::sip::Transport::Tcp);
    let peer = peer.and_then(|c| c.get_remote_addr()).and_then(|a| a.get_socketaddr().ok());
    let peer = peer.or_else(|| SocketAddr::try_from(source?.1).ok());
    Flow {
        connection: connection.unwrap_or_else(|| wire.udp()),
        peer: peer.unwrap_or_else(|| wire.advertised()),
    }
}
