//! The AudioSocket entrance: Asterisk's `AudioSocket()` application and channel, over TCP.

use crate::config::Cidr;
use crate::leg::Leg;
use crate::media::audiosocket_leg::{AudioSocketLeg, SILENCE_FRAME};
use crate::media::frame::{Frame, FrameDecoder, FrameError};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Interval, MissedTickBehavior};

/// A peer that does not say which call it brings within this time is not a PBX.
const UUID_MS_MAX: u64 = 5_000;
/// Connections that may be silent at once; more wait in the system's backlog.
const PENDING_MAX: usize = 64;
/// Calls that may wait to be answered.
const READY_MAX: usize = 16;
/// After the system refused a connection (no file descriptors left), the next try comes this late.
const RETRY_MS: u64 = 200;

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

/// A call whose UUID has come.
type Ready = (Box<dyn Leg>, AudioSocketCall);

/// The listening entrance; dropping it closes it.
pub struct AudioSocketListener {
    addr: SocketAddr,
    ready: Mutex<mpsc::Receiver<Ready>>,
    acceptor: AbortHandle,
}

impl AudioSocketListener {
    /// Listens on `addr` for peers within `allow`; inside a tokio runtime.
    pub async fn bind(addr: SocketAddr, allow: Vec<Cidr>) -> Result<Self, MediaError> {
        let failed = |source| MediaError::Listen { addr, source };
        let listener = TcpListener::bind(addr).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let (sender, ready) = mpsc::channel(READY_MAX);
        let acceptor = tokio::spawn(accept_all(listener, allow, sender)).abort_handle();
        Ok(AudioSocketListener { addr, ready: Mutex::new(ready), acceptor })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// The next call: its UUID has come. Peers that are not allowed or make no sense are refused
    /// and logged, and never show here. Cancel-safe.
    pub async fn accept(&self) -> Result<(Box<dyn Leg>, AudioSocketCall), MediaError> {
        self.ready.lock().await.recv().await.ok_or(MediaError::Closed)
    }
}

impl Drop for AudioSocketListener {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

async fn accept_all(listener: TcpListener, allow: Vec<Cidr>, ready: mpsc::Sender<Ready>) {
    let pending = Arc::new(Semaphore::new(PENDING_MAX));
    let mut greetings = JoinSet::new();
    let mut retry = retry_pace();
    let mut warned = false;
    while let Ok(permit) = pending.clone().acquire_owned().await {
        while greetings.try_join_next().is_some() {}
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(e) => {
                tracing::error!(error = %e, "AudioSocket: no connection could be taken");
                retry.tick().await;
                continue;
            }
        };
        if !allow.iter().any(|net| net.contains(peer.ip())) {
            if !std::mem::replace(&mut warned, true) {
                tracing::warn!(
                    peer = %peer.ip(),
                    "AudioSocket: refused a peer outside audiosocket.allow; add its network there \
                     if it is yours"
                );
            }
            continue;
        }
        let ready = ready.clone();
        greetings.spawn(async move {
            match greet(stream, peer).await {
                Ok(call) => drop(ready.send(call).await),
                Err(e) => {
                    tracing::warn!(peer = %peer.ip(), reason = %e, "AudioSocket: closed at once");
                }
            }
            drop(permit);
        });
    }
}

fn retry_pace() -> Interval {
    let mut retry = tokio::time::interval(Duration::from_millis(RETRY_MS));
    retry.set_missed_tick_behavior(MissedTickBehavior::Delay);
    retry
}

/// Why a connection brought no call.
#[derive(Debug, thiserror::Error)]
enum GreetError {
    #[error("no UUID within 5 s")]
    TooSlow,
    #[error("the first frame was not the UUID")]
    NoUuid,
    #[error("the peer hung up before it sent a UUID")]
    Gone,
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Waits for the UUID and answers with 20 ms of silence: Asterisk waits for sound.
async fn greet(mut stream: TcpStream, peer: SocketAddr) -> Result<Ready, GreetError> {
    let mut decoder = FrameDecoder::new();
    let limit = Duration::from_millis(UUID_MS_MAX);
    let uuid = tokio::time::timeout(limit, read_uuid(&mut stream, &mut decoder))
        .await
        .map_err(|_| GreetError::TooSlow)??;
    stream.set_nodelay(true)?;
    stream.write_all(&SILENCE_FRAME).await?;
    // from here on it is read by the call's clock, not by the event loop
    let leg = AudioSocketLeg::new(stream.into_std()?, decoder);
    Ok((Box::new(leg), AudioSocketCall { uuid, peer }))
}

async fn read_uuid(
    stream: &mut TcpStream,
    decoder: &mut FrameDecoder,
) -> Result<uuid::Uuid, GreetError> {
    loop {
        match decoder.next()? {
            Some(Frame::Uuid(uuid)) => return Ok(uuid),
            Some(_) => return Err(GreetError::NoUuid),
            None => {}
        }
        let n = stream.read(decoder.space()).await?;
        if n == 0 {
            return Err(GreetError::Gone);
        }
        decoder.filled(n);
    }
}
