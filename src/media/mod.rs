//! The entrances beside SIP: AudioSocket.

mod audiosocket;

pub use audiosocket::{AudioSocketCall, AudioSocketListener, MediaError};
