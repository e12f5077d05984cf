//! The entrances beside SIP: AudioSocket.

mod audiosocket;
mod audiosocket_leg;
mod frame;

pub use audiosocket::{AudioSocketCall, AudioSocketListener, MediaError};
