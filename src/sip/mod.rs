//! SIP (RFC 3261): calls in and out, as [`crate::leg::Leg`]s.

mod agent;
mod dialog;
mod door;
mod facts;
mod sdp;
mod uac;
mod uas;
mod user_agent;
mod wire;

pub use uac::{CallOptions, Dialed, SipClient, SipTransport};
pub use uas::{IncomingCall, Refusal, SipServer};

use crate::leg::LegError;
use std::net::SocketAddr;

/// The methods we understand (RFC 3261 20.5).
const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, NOTIFY";
/// The bodies we understand (RFC 3261 20.1).
const ACCEPT: &str = "application/sdp";

/// The SIP library logs whole messages (numbers and names) at INFO: `main` adds this directive to
/// whatever filter the user asks for.
pub const LOG_DIRECTIVE: &str = "rsipstack=error";

/// What can go wrong with a call or the sockets under it.
#[derive(Debug, thiserror::Error)]
pub enum SipError {
    /// The signalling socket could not be opened.
    #[error("cannot listen for SIP on {addr}: {reason}; free the port or choose another")]
    Bind {
        /// The address asked for.
        addr: SocketAddr,
        /// The system's words.
        reason: String,
    },
    /// No media port could be had.
    #[error(transparent)]
    Media(#[from] LegError),
    /// The far end refused.
    #[error("refused: {status} {words}")]
    Refused {
        /// SIP status, 300..=699.
        status: u16,
        /// The far end's words.
        words: String,
    },
    /// Nobody answered in time.
    #[error("no answer after {after_s} s; is a server listening at that address?")]
    NoAnswer {
        /// How long we waited.
        after_s: u64,
    },
    /// The address to call cannot be used.
    #[error("{uri}: {reason}; expected for example sip:demo@127.0.0.1:5070")]
    BadUri {
        /// As given.
        uri: String,
        /// What is wrong.
        reason: String,
    },
    /// Offer and answer have nothing in common (RFC 3264).
    #[error("no common codec or transport: {0}; offer PCMU or PCMA over RTP/AVP")]
    NotAcceptable(String),
    /// The caller gave up first.
    #[error("the call ended before it was answered")]
    Gone,
    /// The transport failed.
    #[error("SIP transport failed: {0}; check the network to the peer")]
    Transport(String),
}
