//! The answering side.

use super::SipError;
use crate::call::HangupCause;
use crate::config::SipConfig;
use crate::leg::Leg;
use crate::ticket::CallId;
use std::net::SocketAddr;

/// Answers SIP on UDP and TCP (RFC 3261 8.2).
pub struct SipServer {}

impl SipServer {
    /// Opens UDP and TCP at `config.listen`.
    pub async fn bind(_config: SipConfig) -> Result<SipServer, SipError> {
        todo!()
    }

    /// Where it listens (with the real port when the configured one was 0).
    pub fn local_addr(&self) -> SocketAddr {
        todo!()
    }

    /// The next call; `None` when the server has been shut down.
    pub async fn accept(&mut self) -> Option<IncomingCall> {
        todo!()
    }

    /// While draining OPTIONS and new calls get 503 with Retry-After; running calls go on.
    pub fn set_draining(&self, _draining: bool) {
        todo!()
    }
}

/// A call that waits to be answered. Dropping it unanswered rejects it with 480.
pub struct IncomingCall {}

impl IncomingCall {
    /// Calling number: P-Asserted-Identity, else the From user; empty when withheld.
    pub fn caller_id(&self) -> &str {
        todo!()
    }

    /// Called number: the To user, else that of the Request-URI.
    pub fn called(&self) -> &str {
        todo!()
    }

    /// P-Asserted-Identity, Diversion, History-Info, User-to-User, X-*: lower-case name, value.
    pub fn headers(&self) -> &[(String, String)] {
        todo!()
    }

    /// Takes an RTP port and answers 200 with `X-Spillway-Call: call_id`.
    pub async fn answer(self, _call_id: &CallId) -> Result<Box<dyn Leg>, SipError> {
        todo!()
    }

    /// Refuses with the status of `cause`; `Congestion` and `ShuttingDown` add Retry-After.
    pub async fn reject(self, _cause: HangupCause) {
        todo!()
    }
}
