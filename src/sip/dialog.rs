//! One dialog (RFC 3261 12): who we talk to, in which order, and by which way.

use super::SipError;
use super::wire::{Flow, Wire};
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Headers, Method, Request, Response, Uri, Version};
use rsipstack::transaction::transaction::Transaction;
use std::sync::Arc;

/// What every message of a dialog carries (RFC 3261 12).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct DialogKey {
    call_id: String,
    local_tag: String,
    remote_tag: String,
}

impl DialogKey {
    /// Of a request that came to us; the local tag is empty before the dialog exists.
    pub(super) fn of_request(request: &Request) -> DialogKey {
        let from = request.from_header().and_then(|h| h.tag()).ok().flatten();
        let to = request.to_header().and_then(|h| h.tag()).ok().flatten();
        DialogKey {
            call_id: request.call_id_header().map(|h| h.value().to_string()).unwrap_or_default(),
            local_tag: to.map(|t| t.value().to_string()).unwrap_or_default(),
            remote_tag: from.map(|t| t.value().to_string()).unwrap_or_default(),
        }
    }

    /// Outside any dialog (RFC 3261 12.2.2).
    pub(super) fn is_new(&self) -> bool {
        self.local_tag.is_empty()
    }
}

/// The state of a dialog, and the way to send requests in it.
pub(super) struct Dialog {
    wire: Arc<Wire>,
    key: DialogKey,
    /// From of our requests, with our tag.
    local: String,
    /// To of our requests, with the far end's tag.
    remote: String,
    local_seq: u32,
    remote_seq: u32,
    target: Uri,
    /// Route set in the order of our requests.
    routes: Vec<String>,
    contact: String,
    flow: Flow,
}

impl Dialog {
    /// The callee's side, from an INVITE whose To already has our tag (RFC 3261 12.1.1).
    pub(super) fn of_invite(
        wire: Arc<Wire>,
        invite: &Request,
        contact: String,
        flow: Flow,
    ) -> Option<Dialog> {
        // RFC 2543 callers may leave Contact out
        let target = contact_uri(&invite.headers).or_else(|| invite.from_header().ok()?.uri().ok());
        Some(Dialog {
            wire,
            key: DialogKey::of_request(invite),
            local: invite.to_header().ok()?.value().to_string(),
            remote: invite.from_header().ok()?.value().to_string(),
            // RFC 3261 12.1.1 leaves our first number open
            local_seq: 0,
            remote_seq: invite.cseq_header().ok()?.seq().ok()?,
            target: target?,
            routes: record_routes(&invite.headers),
            contact,
            flow,
        })
    }

    /// The caller's side, from our INVITE and its 2xx (RFC 3261 12.1.2).
    pub(super) fn of_answer(
        wire: Arc<Wire>,
        invite: &Request,
        answer: &Response,
        contact: String,
        flow: Flow,
    ) -> Option<Dialog> {
        let local_tag = invite.from_header().ok()?.tag().ok()??.value().to_string();
        let remote_tag = answer.to_header().ok()?.tag().ok().flatten();
        let mut routes = record_routes(&answer.headers);
        routes.reverse();
        Some(Dialog {
            wire,
            key: DialogKey {
                call_id: invite.call_id_header().ok()?.value().to_string(),
                local_tag,
                remote_tag: remote_tag.map(|t| t.value().to_string()).unwrap_or_default(),
            },
            local: invite.from_header().ok()?.value().to_string(),
            remote: answer.to_header().ok()?.value().to_string(),
            local_seq: invite.cseq_header().ok()?.seq().ok()?,
            // nothing came yet: any number is higher
            remote_seq: 0,
            target: contact_uri(&answer.headers).unwrap_or_else(|| invite.uri.clone()),
            routes,
            contact,
            flow,
        })
    }

    pub(super) fn key(&self) -> &DialogKey {
        &self.key
    }

    pub(super) fn contact(&self) -> &str {
        &self.contact
    }

    /// Where REFER sends the far end when only an extension is given: its own host.
    pub(super) fn peer_host(&self) -> String {
        self.target.host_with_port.to_string()
    }

    /// False for a request older than one already seen (RFC 3261 12.2.2: answered 500).
    pub(super) fn takes_in_order(&mut self, request: &Request) -> bool {
        let seq = request.cseq_header().and_then(|h| h.seq()).unwrap_or(0);
        let newer = seq > self.remote_seq || self.remote_seq == 0;
        if newer {
            self.remote_seq = seq;
        }
        newer
    }

    /// A target refresh (RFC 3261 12.2.2, RFC 3311 5.2).
    pub(super) fn refresh_target(&mut self, request: &Request) {
        if let Some(target) = contact_uri(&request.headers) {
            self.target = target;
        }
    }

    /// Sends a request in the dialog; its final response comes out of the transaction.
    pub(super) async fn send(
        &mut self,
        method: Method,
        extra: Vec<Header>,
    ) -> Result<Transaction, SipError> {
        self.local_seq += 1;
        let flow = self.way().await?;
        let mut headers = vec![
            self.wire.via(flow.transport())?,
            Header::MaxForwards(70.into()),
            Header::From(self.local.clone().into()),
            Header::To(self.remote.clone().into()),
            Header::CallId(self.key.call_id.clone().into()),
            Header::CSeq(format!("{} {method}", self.local_seq).into()),
            Header::Contact(self.contact.clone().into()),
        ];
        headers.extend(self.routes.iter().map(|route| Header::Route(route.clone().into())));
        headers.extend(extra);
        let request = Request {
            method,
            uri: self.target.clone(),
            version: Version::V2,
            headers: headers.into(),
            body: Vec::new(),
        };
        self.wire.send(request, &flow).await
    }

    /// The open connection, else the first route or the target where we are allowed to send
    /// there, else where the dialog came from (a Contact may name an address behind a NAT).
    async fn way(&self) -> Result<Flow, SipError> {
        let transport = self.flow.transport();
        let reliable = transport == rsipstack::sip::Transport::Tcp;
        if reliable && self.flow.is_open() {
            return Ok(self.flow.clone());
        }
        let route = self.routes.first().and_then(|route| address_uri(route));
        let next = self.wire.resolve(route.as_ref().unwrap_or(&self.target)).await;
        let peer = next.filter(|next| self.wire.allows(next.ip())).unwrap_or(self.flow.peer);
        self.wire.open(transport, peer).await
    }
}

fn contact_uri(headers: &Headers) -> Option<Uri> {
    headers.iter().find_map(|h| match h {
        Header::Contact(contact) => address_uri(contact.value()),
        _ => None,
    })
}

/// The URI of the first `"name" <uri>;params` or `uri;params` of a list.
fn address_uri(value: &str) -> Option<Uri> {
    let uri = match value.find('<') {
        Some(at) => value[at + 1..].split('>').next()?,
        None => value.split([';', ',']).next()?,
    };
    let uri = Uri::try_from(uri).ok()?;
    let is_sip =
        uri.scheme.as_ref().is_none_or(|s| s.to_string().to_ascii_lowercase().starts_with("sip"));
    is_sip.then_some(uri)
}

/// Record-Route values from top to bottom, lists taken apart.
fn record_routes(headers: &Headers) -> Vec<String> {
    let values = headers.iter().filter_map(|h| match h {
        Header::RecordRoute(route) => Some(route.value()),
        _ => None,
    });
    // a comma inside <> belongs to the URI
    let split = |value: &str| -> Vec<String> {
        let mut depth = 0;
        let part = value.split(move |c: char| {
            depth += i32::from(c == '<') - i32::from(c == '>');
            c == ',' && depth == 0
        });
        part.map(|p| p.trim().to_string()).filter(|p| !p.is_empty()).collect()
    };
    values.flat_map(split).collect()
}
