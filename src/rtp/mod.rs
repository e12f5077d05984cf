//! RTP (RFC 3550), its jitter buffer, loss concealment and telephone events (RFC 4733).

mod dtmf;

pub use dtmf::{DtmfDigit, NotAKey};
