//! The entrances beside SIP: AudioSocket, and the browser's WebSocket.

mod audiosocket;
mod audiosocket_leg;
mod ears;
mod frame;
mod websocket;

pub use audiosocket::{AudioSocketCall, AudioSocketListener, MediaError};
pub use websocket::{FarEnd, FromBrowser, MESSAGE_BYTES_MAX, MessageError, WebSocketLeg};
