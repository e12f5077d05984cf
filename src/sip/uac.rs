//! The calling side: `spillway call`, and later click-to-call.

use super::agent::{Agent, Media};
use super::dialog::Dialog;
use super::sdp::LocalAudio;
use super::user_agent::{UserAgent, header};
use super::wire::{Flow, Wire, WireSettings};
use super::{ACCEPT, ALLOW, SipError};
use crate::call::HangupCause;
use crate::config::{Cidr, PortRange};
use crate::leg::{Leg, LegControl, RtpLeg, RtpSocket, SIGNALS_MAX};
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{
    Header, Method, Param, Request, Response, SipMessage, StatusCode, Transport, Uri, Version,
};
use rsipstack::transaction::make_tag;
use rsipstack::transaction::transaction::Transaction;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// Round-trip time estimate (RFC 3261 17.1.1.1).
const T1: Duration = Duration::from_millis(500);
/// Media silence that ends a call we placed, seconds.
const MEDIA_TIMEOUT_S: u64 = 40;
/// How long a cancelled INVITE may take to get its final response (RFC 3261 9.1: 64*T1).
const CANCEL_WAIT: Duration = Duration::from_secs(32);

/// What carries SIP requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SipTransport {
    /// Datagrams with retransmission (RFC 3261 18).
    Udp,
    /// One connection for each call (RFC 3261 18).
    Tcp,
}

/// How to place one call.
#[derive(Debug, Clone, PartialEq)]
pub struct CallOptions {
    /// User part of our From: the number we call from.
    pub from_user: String,
    /// Further headers of the INVITE: name, value.
    pub headers: Vec<(String, String)>,
    /// Offer PCMA (RFC 3551 4.5.14) before PCMU.
    pub prefer_pcma: bool,
    /// Give up (CANCEL) when nobody answered for so long.
    pub timeout: Duration,
}

/// An answered call.
pub struct Dialed {
    /// Its media and signalling; dropping it hangs up.
    pub leg: Box<dyn Leg>,
    /// The `X-Spillway-Call` header of the 200: the call's identity at a Spillway server.
    pub call_id: Option<String>,
    /// From INVITE to 200.
    pub answered_after_ms: u64,
}

/// A SIP user agent client (RFC 3261 8.1). It registers nowhere and has no credentials: it calls
/// servers that allow its address.
pub struct SipClient {
    user_agent: Arc<UserAgent>,
    local_ip: IpAddr,
    ports: PortRange,
    transport: Transport,
}

impl SipClient {
    /// Opens signalling sockets on a free port of `local_ip`; each call's media takes a pair of
    /// `ports`.
    pub async fn bind(
        local_ip: IpAddr,
        ports: PortRange,
        transport: SipTransport,
    ) -> Result<SipClient, SipError> {
        let settings = WireSettings {
            listen: SocketAddr::new(local_ip, 0),
            advertise: None,
            // responses and BYEs may come from wherever the callee is
            allow: vec![Cidr::ANY_V4, Cidr::ANY_V6],
            t1: T1,
        };
        let (wire, incoming) = Wire::bind(settings).await?;
        let user_agent = UserAgent::new(wire, None);
        tokio::spawn(user_agent.clone().run(incoming));
        let transport = match transport {
            SipTransport::Udp => Transport::Udp,
            SipTransport::Tcp => Transport::Tcp,
        };
        Ok(SipClient { user_agent, local_ip, ports, transport })
    }

    /// Places a call to `uri` (`sip:user@host:port`) and waits for the answer. Dropping the
    /// future cancels the call (RFC 3261 9.1).
    pub async fn call(&self, uri: &str, options: CallOptions) -> Result<Dialed, SipError> {
        let (target, peer) = self.target(uri).await?;
        let wire = &self.user_agent.wire;
        let flow = wire.open(self.transport, peer).await?;
        let socket = RtpSocket::bind(self.local_ip, self.ports)?;
        let id = rand::random::<u32>().into();
        let mut local = LocalAudio::new(socket.local_addr(), id, options.prefer_pcma);
        let contact = wire.contact(&user_part(&options.from_user), self.transport);
        let offer = local.offer();
        let invite = self.invite(target, &contact, &options, offer)?;
        let begun = Instant::now();
        let tx = wire.send(invite, &flow).await?;
        let (answer, answered) = oneshot::channel();
        let given_up = CancellationToken::new();
        // whoever drops this future, or the time-out below, gives the call up
        let cancel_on_drop = given_up.clone().drop_guard();
        let dialing = Dialing {
            user_agent: self.user_agent.clone(),
            tx,
            media: Media { local, agreed: None, answer_due: false },
            contact,
            flow,
            given_up,
        };
        self.user_agent.spawn(dialing.run(answer));
        let answered = tokio::time::timeout(options.timeout, answered).await;
        let Ok(answered) = answered else {
            return Err(SipError::NoAnswer { after_s: options.timeout.as_secs() });
        };
        let answered = answered.unwrap_or(Err(SipError::Gone))?;
        cancel_on_drop.disarm();
        let params = answered.params;
        let allow = vec![Cidr::host(peer.ip()), Cidr::host(params.remote.ip())];
        let (signals, control) = (answered.signals, answered.control);
        let leg = RtpLeg::new(socket, params, allow, MEDIA_TIMEOUT_S, signals, control);
        Ok(Dialed {
            leg: Box::new(leg),
            call_id: answered.call_id,
            answered_after_ms: begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX),
        })
    }

    /// Waits until the BYEs of this client's calls are answered, but not longer than `within`,
    /// and closes the sockets. Hang up the legs first.
    pub async fn close(self, within: Duration) {
        self.user_agent.close(within).await;
    }

    async fn target(&self, uri: &str) -> Result<(Uri, SocketAddr), SipError> {
        let unusable = |reason: &str| SipError::BadUri { uri: uri.into(), reason: reason.into() };
        if !uri.to_ascii_lowercase().starts_with("sip:") {
            return Err(unusable("is no sip: URI"));
        }
        let mut target = Uri::try_from(uri).map_err(|e| unusable(&e.to_string()))?;
        target.params.retain(|p| !matches!(p, Param::Transport(_)));
        if self.transport == Transport::Tcp {
            target.params.push(Param::Transport(Transport::Tcp));
        }
        let peer = self.user_agent.wire.resolve(&target).await;
        peer.map(|peer| (target, peer)).ok_or_else(|| unusable("the host is not known"))
    }

    fn invite(
        &self,
        target: Uri,
        contact: &str,
        options: &CallOptions,
        offer: Vec<u8>,
    ) -> Result<Request, SipError> {
        let wire = &self.user_agent.wire;
        let host = wire.advertised().ip();
        let host = if host.is_ipv6() { format!("[{host}]") } else { host.to_string() };
        let user = user_part(&options.from_user);
        let mut to = target.clone();
        to.params.clear();
        let mut headers = vec![
            wire.via(self.transport)?,
            Header::MaxForwards(70.into()),
            Header::From(format!("<sip:{user}@{host}>;tag={}", make_tag()).into()),
            Header::To(format!("<{to}>").into()),
            Header::CallId(format!("{}@{host}", uuid::Uuid::new_v4()).into()),
            Header::CSeq("1 INVITE".into()),
            Header::Contact(contact.to_string().into()),
            header("Allow", ALLOW),
            Header::ContentType(ACCEPT.into()),
        ];
        for (name, value) in &options.headers {
            let one_line = |text: &str| text.replace(['\r', '\n'], " ");
            headers.push(header(&one_line(name), &one_line(value)));
        }
        let (method, version) = (Method::Invite, Version::V2);
        Ok(Request { method, uri: target, version, headers: headers.into(), body: offer })
    }
}

/// What [`SipClient::call`] makes a leg of.
struct Answered {
    params: crate::leg::RtpParams,
    signals: mpsc::Receiver<crate::leg::LegSignal>,
    control: Box<dyn LegControl>,
    call_id: Option<String>,
}

/// An INVITE of ours until its final response.
struct Dialing {
    user_agent: Arc<UserAgent>,
    tx: Transaction,
    media: Media,
    contact: String,
    flow: Flow,
    given_up: CancellationToken,
}

impl Dialing {
    async fn run(mut self, answer: oneshot::Sender<Result<Answered, SipError>>) {
        let mut provisional = false;
        let response = loop {
            let message = tokio::select! {
                message = self.tx.receive() => message,
                // RFC 3261 9.1: no CANCEL before a provisional response
                () = self.given_up.cancelled(), if provisional => return self.cancel().await,
            };
            match message {
                Some(SipMessage::Response(response)) if response.status_code.code() >= 200 => {
                    break response;
                }
                Some(_) => provisional = true,
                None => {
                    let _ = answer.send(Err(SipError::Gone));
                    return;
                }
            }
        };
        let status = response.status_code.code();
        if status >= 300 {
            let words = response.wire_reason.clone();
            let words = words.unwrap_or_else(|| response.status_code.text().to_string());
            let _ = answer.send(Err(SipError::Refused { status, words }));
            return;
        }
        self.answered(response, answer).await;
    }

    /// The 2xx; the library has sent its ACK.
    async fn answered(
        mut self,
        response: Response,
        answer: oneshot::Sender<Result<Answered, SipError>>,
    ) {
        let agreed = self.media.take_answer(&response.body);
        let call_id = response.header_value("X-Spillway-Call");
        let params = self.media.params();
        let dialog = self.dialog(&response);
        let Some(dialog) = dialog else {
            let _ = answer.send(Err(SipError::Gone));
            return;
        };
        let events = self.user_agent.register(dialog.key());
        let (signals, signalled) = mpsc::channel(SIGNALS_MAX);
        let user_agent = self.user_agent.clone();
        let (agent, mut control) =
            Agent::new(user_agent, dialog, self.media, signals, events, false);
        if let Err(why) = agreed {
            control.hang_up(HangupCause::NotAcceptable);
            let _ = answer.send(Err(SipError::NotAcceptable(why.to_string())));
        } else {
            // nobody waits any more: dropping the control hangs up
            let _ = answer.send(Ok(Answered { params, signals: signalled, control, call_id }));
        }
        // repeated 2xx are acknowledged by the library for as long as this lives, then from its
        // memory of finished transactions
        drop(self.tx);
        agent.run().await;
    }

    fn dialog(&self, response: &Response) -> Option<Dialog> {
        let wire: Arc<Wire> = self.user_agent.wire.clone();
        let contact = self.contact.clone();
        Dialog::of_answer(wire, &self.tx.original, response, contact, self.flow.clone())
    }

    /// CANCEL, and BYE where the 200 was faster.
    async fn cancel(mut self) {
        let cancel = cancel_of(&self.tx.original);
        match self.user_agent.wire.send(cancel, &self.flow).await {
            Ok(mut tx) => {
                self.user_agent.spawn(async move { while tx.receive().await.is_some() {} });
            }
            Err(e) => debug!(error = %e, "CANCEL could not be sent"),
        }
        let last = tokio::time::timeout(CANCEL_WAIT, async {
            loop {
                match self.tx.receive().await? {
                    SipMessage::Response(r) if r.status_code.code() >= 200 => break Some(r),
                    _ => {}
                }
            }
        });
        let response = last.await.ok().flatten();
        if let Some(response) = response.filter(|r| r.status_code == StatusCode::OK)
            && let Some(mut dialog) = self.dialog(&response)
            && let Ok(mut bye) = dialog.send(Method::Bye, vec![]).await
        {
            while bye.receive().await.is_some() {}
        }
    }
}

/// The CANCEL of an INVITE: the same top Via, From, To, Call-ID and number (RFC 3261 9.1).
fn cancel_of(invite: &Request) -> Request {
    let mut headers = Vec::new();
    for header in invite.headers.iter() {
        match header {
            Header::CSeq(cseq) => {
                let number = cseq.value().split_ascii_whitespace().next().unwrap_or("1");
                headers.push(Header::CSeq(format!("{number} CANCEL").into()));
            }
            Header::Via(_) | Header::From(_) | Header::To(_) | Header::CallId(_) => {
                headers.push(header.clone());
            }
            Header::Route(_) | Header::MaxForwards(_) => headers.push(header.clone()),
            _ => {}
        }
    }
    Request {
        method: Method::Cancel,
        uri: invite.uri.clone(),
        version: Version::V2,
        headers: headers.into(),
        body: Vec::new(),
    }
}

/// A user part with what may not stand there escaped (RFC 3261 19.1.2).
fn user_part(user: &str) -> String {
    let mut out = String::new();
    for byte in user.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,?/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    if out.is_empty() { "anonymous".to_string() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_parts() {
        let check = |user: &str, want: &str| assert_eq!(user_part(user), want);
        check("+84901234567", "+84901234567");
        check("a b@c>", "a%20b%40c%3E");
        check("", "anonymous");
    }
}
