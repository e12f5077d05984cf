//! RTP (RFC 3550), its jitter buffer, loss concealment and telephone events (RFC 4733).

mod conceal;
mod dtmf;
mod jitter;
mod packet;
mod reception;
mod rtcp;
mod telephone_event;

pub use conceal::Concealer;
pub use dtmf::{DtmfDigit, NotAKey};
pub use jitter::{Inserted, JitterBuffer};
pub use packet::{RTP_HEADER_BYTES, RtpError, RtpHeader, RtpPacket};
pub use reception::{Arrival, Reception};
pub use rtcp::{RTCP_BYTES_MAX, ReceptionReport, RtcpReceived, RtcpReport, SenderInfo};
pub use telephone_event::{
    EVENT_BYTES, EventPacket, TelephoneEvent, TelephoneEventReceiver, TelephoneEventSender,
};

/// The static payload type of comfort noise (RFC 3389).
pub const COMFORT_NOISE_PAYLOAD: u8 = 13;
