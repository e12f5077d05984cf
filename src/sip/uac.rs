//! The calling side: `spillway call`, and later click-to-call.

use super::SipError;
use crate::config::PortRange;
use crate::leg::Leg;
use std::net::IpAddr;
use std::time::Duration;

/// What carries SIP requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SipTransport {
    /// RFC 3261 18, datagrams with retransmission.
    Udp,
    /// RFC 3261 18, one connection for each server.
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

/// A SIP user agent client (RFC 3261 8.1).
pub struct SipClient {}

impl SipClient {
    /// Opens the signalling socket on a free port of `local_ip`; each call's media takes a pair
    /// of `ports`.
    pub async fn bind(
        _local_ip: IpAddr,
        _ports: PortRange,
        _transport: SipTransport,
    ) -> Result<SipClient, SipError> {
        todo!()
    }

    /// Places a call to `uri` (`sip:user@host:port`) and waits for the answer. Dropping the future
    /// cancels the call.
    pub async fn call(&self, _uri: &str, _options: CallOptions) -> Result<Dialed, SipError> {
        todo!()
    }
}
