//! The sockets under SIP: UDP and TCP on one port, read by us (the door decides what the library
//! sees), written by the library's transactions.

use super::SipError;
use super::door::{self, Frame, MESSAGE_BYTES_MAX, Verdict};
use crate::config::Cidr;
use rsipstack::sip::{Header, Host, Request, Transport, Uri};
use rsipstack::transaction::endpoint::{EndpointInnerRef, EndpointOption};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transaction::{EndpointBuilder, TransactionReceiver};
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::transport_layer::DomainResolver;
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent, TransportLayer};
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket, tcp::OwnedReadHalf, tcp::OwnedWriteHalf};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// Most TCP connections at once.
const STREAMS_MAX: usize = 256;
/// Messages that may wait to be written to one TCP connection.
const STREAM_QUEUE: usize = 64;
/// A TCP connection that is silent for longer than any call lasts is closed.
const STREAM_IDLE: Duration = Duration::from_secs(7_260);
/// A message once begun must be complete, or written, in this time.
const STREAM_STALL: Duration = Duration::from_secs(20);
/// How long we try to reach a peer over TCP.
const CONNECT_WAIT: Duration = Duration::from_secs(5);

/// What to open.
pub(super) struct WireSettings {
    /// Port 0 takes a free one, the same for UDP and TCP.
    pub(super) listen: SocketAddr,
    /// The address in Via and Contact where it is not that of `listen`.
    pub(super) advertise: Option<IpAddr>,
    /// Who may send us anything; others get no answer at all, so that a forged source address
    /// turns us against nobody and a scanner learns nothing.
    pub(super) allow: Vec<Cidr>,
    /// Round-trip time estimate (RFC 3261 17.1.1.1).
    pub(super) t1: Duration,
}

/// Both sockets, and the library's transaction layer over them.
pub(super) struct Wire {
    endpoint: EndpointInnerRef,
    socket: Arc<UdpSocket>,
    udp: SipConnection,
    advertised: SocketAddr,
    allow: Vec<Cidr>,
    streams: Arc<Semaphore>,
    stop: CancellationToken,
}

/// The way to one peer.
#[derive(Clone)]
pub(super) struct Flow {
    pub(super) connection: SipConnection,
    pub(super) peer: SocketAddr,
}

impl Flow {
    pub(super) fn transport(&self) -> Transport {
        transport_of(&self.connection)
    }

    /// False once a TCP connection is closed.
    pub(super) fn is_open(&self) -> bool {
        !self.connection.cancel_token().is_some_and(|token| token.is_cancelled())
    }
}

/// Our streams are the library's channels: it opens and reads no TCP connection itself.
pub(super) fn transport_of(connection: &SipConnection) -> Transport {
    match connection {
        SipConnection::Channel(_) => Transport::Tcp,
        _ => Transport::Udp,
    }
}

impl Wire {
    /// Opens the sockets and starts reading; new server transactions come out of the receiver.
    pub(super) async fn bind(
        settings: WireSettings,
    ) -> Result<(Arc<Wire>, TransactionReceiver), SipError> {
        let (socket, listener) = bind_both(settings.listen)
            .await
            .map_err(|e| SipError::Bind { addr: settings.listen, reason: e.to_string() })?;
        let failed = |e: &dyn std::fmt::Display| SipError::Transport(e.to_string());
        let local = socket.local_addr().map_err(|e| failed(&e))?;
        let stop = CancellationToken::new();
        let socket = Arc::new(socket);
        let udp = UdpConnection::from_socket(Arc::new(Outlet(socket.clone())), None, None).await;
        let udp = SipConnection::Udp(udp.map_err(|e| failed(&e))?);
        let layer =
            TransportLayer::new_with_domain_resolver(stop.child_token(), Box::new(SystemResolver));
        layer.add_transport(udp.clone());
        let option = EndpointOption {
            t1: settings.t1,
            t1x64: settings.t1 * 64,
            ..EndpointOption::default()
        };
        let endpoint = EndpointBuilder::new()
            .with_user_agent(concat!("Spillway/", env!("CARGO_PKG_VERSION")))
            .with_transport_layer(layer)
            .with_option(option)
            .build();
        let incoming = endpoint.incoming_transactions().map_err(|e| failed(&e))?;
        let advertised = SocketAddr::new(settings.advertise.unwrap_or(local.ip()), local.port());
        let streams = Arc::new(Semaphore::new(STREAMS_MAX));
        let endpoint = endpoint.inner.clone();
        let allow = settings.allow;
        let wire = Wire { endpoint, socket, udp, advertised, allow, streams, stop };
        let wire = Arc::new(wire);
        wire.start(listener);
        Ok((wire, incoming))
    }

    fn start(self: &Arc<Wire>, listener: TcpListener) {
        let timers = self.endpoint.clone();
        let stop = self.stop.clone();
        tokio::spawn(async move { stop.run_until_cancelled(timers.process_timer()).await });
        let wire = self.clone();
        let stop = self.stop.clone();
        tokio::spawn(async move { stop.run_until_cancelled(wire.accept_streams(listener)).await });
        let wire = self.clone();
        tokio::spawn(async move {
            // a message that trips a bug in the parsers must not deafen us
            loop {
                let reader = wire.clone();
                let stop = wire.stop.clone();
                let reading =
                    tokio::spawn(
                        async move { stop.run_until_cancelled(reader.read_datagrams()).await },
                    );
                match reading.await {
                    Err(e) if e.is_panic() => warn!("a SIP datagram tripped a bug; it is dropped"),
                    _ => break,
                }
            }
        });
    }

    /// Closes the sockets; running transactions are abandoned.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// The connection all UDP peers share.
    pub(super) fn udp(&self) -> SipConnection {
        self.udp.clone()
    }

    /// Address in Via and Contact.
    pub(super) fn advertised(&self) -> SocketAddr {
        self.advertised
    }

    /// Whether we talk to `ip` at all.
    pub(super) fn allows(&self, ip: IpAddr) -> bool {
        self.allow.iter().any(|net| net.contains(ip))
    }

    /// `<sip:user@host:port>`, with the transport where it is not UDP: without it a peer would
    /// send its ACK and BYE by UDP (RFC 3261 19.1.1).
    pub(super) fn contact(&self, user: &str, transport: Transport) -> String {
        let transport = if transport == Transport::Tcp { ";transport=tcp" } else { "" };
        format!("<sip:{user}@{}{transport}>", self.advertised)
    }

    /// A Via for a new transaction over `transport`.
    pub(super) fn via(&self, transport: Transport) -> Result<Header, SipError> {
        let sent_by = SipAddr::new(transport, self.advertised.into());
        let via = self.endpoint.get_via(Some(sent_by), None);
        via.map(Header::from).map_err(|e| SipError::Transport(e.to_string()))
    }

    /// Where `uri` leads (RFC 3263 without its SRV and NAPTR lookups: peers are configured).
    pub(super) async fn resolve(&self, uri: &Uri) -> Option<SocketAddr> {
        resolve(&SipAddr::try_from(uri).ok()?).await
    }

    /// A way to `peer`, opened where it has to be.
    pub(super) async fn open(
        self: &Arc<Wire>,
        transport: Transport,
        peer: SocketAddr,
    ) -> Result<Flow, SipError> {
        if transport != Transport::Tcp {
            return Ok(Flow { connection: self.udp.clone(), peer });
        }
        let failed = |e: &dyn std::fmt::Display| SipError::Transport(format!("{peer}: {e}"));
        let stream = timeout(CONNECT_WAIT, TcpStream::connect(peer)).await;
        let stream = stream.map_err(|e| failed(&e))?.map_err(|e| failed(&e))?;
        Ok(Flow { connection: self.adopt(stream, peer).await?, peer })
    }

    /// Starts a client transaction (RFC 3261 17.1); its responses come out of it.
    pub(super) async fn send(
        &self,
        request: Request,
        flow: &Flow,
    ) -> Result<Transaction, SipError> {
        let failed = |e: rsipstack::Error| SipError::Transport(e.to_string());
        let key =
            TransactionKey::from_request(&request, TransactionRole::Client).map_err(failed)?;
        let connection = Some(flow.connection.clone());
        let mut tx = Transaction::new_client(key, request, self.endpoint.clone(), connection);
        tx.destination = Some(SipAddr::new(flow.transport(), flow.peer.into()));
        tx.send().await.map_err(failed)?;
        Ok(tx)
    }

    async fn read_datagrams(self: Arc<Wire>) {
        let mut buffer = vec![0; MESSAGE_BYTES_MAX];
        loop {
            // an error here is a late ICMP message about an earlier datagram
            let Ok((length, source)) = self.socket.recv_from(&mut buffer).await else { continue };
            let source = SocketAddr::new(source.ip().to_canonical(), source.port());
            let bytes = &buffer[..length];
            if !self.allows(source.ip()) {
                debug!(%source, "datagram from outside sip.allow");
            } else if bytes.iter().all(u8::is_ascii_whitespace) {
                if bytes == b"\r\n\r\n" {
                    let _ = self.socket.send_to(b"\r\n", source).await;
                }
            } else if let Some(reply) = self.admit(bytes, source, &self.udp).await {
                let _ = self.socket.send_to(&reply, source).await;
            }
        }
    }

    /// One message past the door; returns bytes to send back at once.
    async fn admit(
        &self,
        bytes: &[u8],
        source: SocketAddr,
        connection: &SipConnection,
    ) -> Option<Vec<u8>> {
        let transport = transport_of(connection);
        match door::examine(bytes, source, transport) {
            Verdict::Reply(reply) => Some(reply),
            Verdict::Drop(why) => {
                debug!(%source, why, "SIP message dropped");
                None
            }
            Verdict::Pass(message) => {
                let from = SipAddr::new(transport, source.into());
                let done =
                    self.endpoint.on_received_message(*message, connection.clone(), &from).await;
                if let Err(e) = done {
                    debug!(%source, error = %e, "SIP message not understood");
                }
                None
            }
        }
    }

    async fn accept_streams(self: Arc<Wire>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) if self.allows(peer.ip()) => {
                    if let Err(e) = self.adopt(stream, peer).await {
                        warn!(%peer, error = %e, "TCP connection refused");
                    }
                }
                Ok((_, peer)) => debug!(%peer, "TCP connection from outside sip.allow"),
                // out of file descriptors, or gone before we came: the next may do better
                Err(e) => {
                    warn!(error = %e, "TCP connection not accepted");
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    /// Reads and writes `stream` until it closes.
    async fn adopt(
        self: &Arc<Wire>,
        stream: TcpStream,
        peer: SocketAddr,
    ) -> Result<SipConnection, SipError> {
        let failed = |e: &dyn std::fmt::Display| SipError::Transport(e.to_string());
        let permit = self.streams.clone().try_acquire_owned();
        let permit = permit.map_err(|_| failed(&"too many TCP connections"))?;
        let _ = stream.set_nodelay(true);
        let open = self.stop.child_token();
        let (queue, queued) = mpsc::channel(STREAM_QUEUE);
        // the library could be fed through this one; we feed its endpoint directly
        let (_, unused) = mpsc::unbounded_channel();
        let address = SipAddr::new(Transport::Tcp, peer.into());
        let channel = ChannelConnection::create_connection_bounded(
            unused,
            queue,
            address,
            Some(open.clone()),
        );
        let connection = SipConnection::Channel(channel.await.map_err(|e| failed(&e))?);
        let (reads, writes) = stream.into_split();
        let (replies, replied) = mpsc::channel(STREAM_QUEUE);
        let writing = open.clone();
        tokio::spawn(async move {
            writing.run_until_cancelled(write_stream(writes, queued, replied)).await;
            writing.cancel();
        });
        let (wire, ours) = (self.clone(), connection.clone());
        tokio::spawn(async move {
            open.run_until_cancelled(wire.read_stream(reads, peer, ours, replies)).await;
            open.cancel();
            drop(permit);
        });
        Ok(connection)
    }

    async fn read_stream(
        self: Arc<Wire>,
        mut stream: OwnedReadHalf,
        peer: SocketAddr,
        connection: SipConnection,
        replies: mpsc::Sender<Vec<u8>>,
    ) {
        let mut buffer = Vec::new();
        loop {
            match door::frame(&buffer) {
                Frame::Message(length) => {
                    let reply = self.admit(&buffer[..length], peer, &connection).await;
                    buffer.drain(..length);
                    if let Some(reply) = reply
                        && replies.send(reply).await.is_err()
                    {
                        return;
                    }
                }
                Frame::KeepAlive(length) => {
                    buffer.drain(..length);
                    if length >= 4 && replies.send(b"\r\n".to_vec()).await.is_err() {
                        return;
                    }
                }
                Frame::Broken => return debug!(%peer, "TCP stream out of step; closing it"),
                Frame::Incomplete => {
                    let patience = if buffer.is_empty() { STREAM_IDLE } else { STREAM_STALL };
                    match timeout(patience, stream.read_buf(&mut buffer)).await {
                        Ok(Ok(1..)) => {}
                        _ => return debug!(%peer, "TCP connection closed"),
                    }
                }
            }
        }
    }
}

async fn write_stream(
    mut stream: OwnedWriteHalf,
    mut queued: mpsc::Receiver<TransportEvent>,
    mut replies: mpsc::Receiver<Vec<u8>>,
) {
    loop {
        let bytes = tokio::select! {
            Some(event) = queued.recv() => match event {
                TransportEvent::Incoming(message, _, _) => {
                    door::released(&message.to_bytes()).into_owned()
                }
                _ => continue,
            },
            Some(reply) = replies.recv() => reply,
            else => return,
        };
        if !matches!(timeout(STREAM_STALL, stream.write_all(&bytes)).await, Ok(Ok(()))) {
            return;
        }
    }
}

/// UDP and TCP on the same port.
async fn bind_both(listen: SocketAddr) -> std::io::Result<(UdpSocket, TcpListener)> {
    // a free UDP port may be taken for TCP: try a few
    let mut tries_left = if listen.port() == 0 { 16 } else { 1 };
    loop {
        tries_left -= 1;
        let socket = UdpSocket::bind(listen).await?;
        match TcpListener::bind(socket.local_addr()?).await {
            Ok(listener) => return Ok((socket, listener)),
            Err(e) if e.kind() == ErrorKind::AddrInUse && tries_left > 0 => {}
            Err(e) => return Err(e),
        }
    }
}

async fn resolve(address: &SipAddr) -> Option<SocketAddr> {
    let port = address.addr.port.map_or(5060, |p| p.value());
    match &address.addr.host {
        Host::IpAddr(ip) => Some(SocketAddr::new(*ip, port)),
        Host::Domain(name) => {
            let name = name.to_string();
            tokio::net::lookup_host((name.as_str(), port)).await.ok()?.next()
        }
    }
}

/// Names through the system, not through the library's own DNS client.
struct SystemResolver;

impl DomainResolver for SystemResolver {
    // what `async fn` becomes in the library's trait
    fn resolve<'a, 'b, 'c>(
        &'a self,
        target: &'b SipAddr,
    ) -> Pin<Box<dyn Future<Output = rsipstack::Result<SipAddr>> + Send + 'c>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(async move {
            let unknown = || rsipstack::Error::DnsResolutionError("no such host".into());
            let address = resolve(target).await.ok_or_else(unknown)?;
            Ok(SipAddr { r#type: target.r#type, addr: address.into() })
        })
    }
}

/// What the library writes datagrams to; it reads none.
struct Outlet(Arc<UdpSocket>);

impl rsipstack::platform::net::UdpSocket for Outlet {
    // what `async fn` becomes in the library's trait
    fn recv_from<'a, 'b, 'c>(
        &'a self,
        _buffer: &'b mut [u8],
    ) -> Pin<Box<dyn Future<Output = rsipstack::Result<(usize, SocketAddr)>> + Send + 'c>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(std::future::pending())
    }

    fn send_to<'a, 'b, 'c>(
        &'a self,
        bytes: &'b [u8],
        to: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = rsipstack::Result<usize>> + Send + 'c>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(async move { Ok(self.0.send_to(&door::released(bytes), to).await?) })
    }

    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(self.0.local_addr()?)
    }
}
