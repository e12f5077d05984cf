//! The UDP port pair of one call.

use crate::config::PortRange;
use rand::Rng;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

/// Why a leg could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LegError {
    /// Every pair of the range is taken.
    #[error(
        "no free UDP port pair in {}-{}; widen sip.media_ports or lower limits.calls_max",
        .0.first, .0.last
    )]
    NoFreePort(PortRange),
    /// The system refused for another reason than a taken port.
    #[error(
        "cannot bind a media port on {ip}: {source}; set sip.listen to an address of this host"
    )]
    Bind {
        /// The address asked for.
        ip: IpAddr,
        /// The system's words.
        source: std::io::Error,
    },
}

/// An even UDP port for RTP and the next one for RTCP (RFC 3550 section 11), both non-blocking
/// and registered with no event loop: the media clock reads them.
#[derive(Debug)]
pub struct RtpSocket {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    local: SocketAddr,
}

impl RtpSocket {
    /// Binds a free pair of `ports` on `ip`, beginning at a random one so that a restart does not
    /// meet the tail of an old call's packets and the next port cannot be guessed.
    pub fn bind(ip: IpAddr, ports: PortRange) -> Result<RtpSocket, LegError> {
        let pairs = ports.pairs();
        if pairs == 0 {
            return Err(LegError::NoFreePort(ports));
        }
        let start = rand::rng().random_range(0..pairs);
        for port in ports.rtp_ports().skip(start).chain(ports.rtp_ports().take(start)) {
            match RtpSocket::bind_pair(ip, port) {
                Ok(socket) => return Ok(socket),
                // a privileged or reserved port is as good as a taken one
                Err(e)
                    if matches!(e.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied) => {}
                Err(source) => return Err(LegError::Bind { ip, source }),
            }
        }
        Err(LegError::NoFreePort(ports))
    }

    fn bind_pair(ip: IpAddr, port: u16) -> std::io::Result<RtpSocket> {
        let rtp = UdpSocket::bind((ip, port))?;
        let rtcp = UdpSocket::bind((ip, port + 1))?;
        rtp.set_nonblocking(true)?;
        rtcp.set_nonblocking(true)?;
        let local = rtp.local_addr()?;
        Ok(RtpSocket { rtp, rtcp, local })
    }

    /// Where RTP is received: the address to offer in SDP, unless another one is advertised.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// The next RTP packet waiting and where it came from; `None` when there is none.
    pub(super) fn receive_rtp(&self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        receive(&self.rtp, buffer)
    }

    /// The next RTCP packet waiting and where it came from; `None` when there is none.
    pub(super) fn receive_rtcp(&self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        receive(&self.rtcp, buffer)
    }

    /// Sends one RTP packet; false when the system would not take it.
    pub(super) fn send_rtp(&self, packet: &[u8], to: SocketAddr) -> bool {
        self.rtp.send_to(packet, self.reachable(to)).is_ok()
    }

    /// Sends one RTCP packet; false when the system would not take it.
    pub(super) fn send_rtcp(&self, packet: &[u8], to: SocketAddr) -> bool {
        self.rtcp.send_to(packet, self.reachable(to)).is_ok()
    }

    // an IPv6 socket reaches IPv4 through mapped addresses only (RFC 4291 2.5.5.2)
    fn reachable(&self, to: SocketAddr) -> SocketAddr {
        match to.ip() {
            IpAddr::V4(ip) if self.local.is_ipv6() => {
                (Ipv4Addr::to_ipv6_mapped(&ip), to.port()).into()
            }
            _ => to,
        }
    }
}

fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
    loop {
        match socket.recv_from(buffer) {
            Ok((n, from)) => return Some((n, (from.ip().to_canonical(), from.port()).into())),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn pairs_are_even_and_odd_and_each_used_once() {
        // a range that another test does not use; 4 pairs
        let ports = PortRange { first: 31_000, last: 31_007 };
        let mut held = Vec::new();
        while let Ok(socket) = RtpSocket::bind(LOOPBACK, ports) {
            assert_eq!(socket.local_addr().port() % 2, 0);
            let rtcp = socket.rtcp.local_addr().unwrap().port();
            assert_eq!(rtcp, socket.local_addr().port() + 1);
            held.push(socket);
            assert!(held.len() <= 4);
        }
        assert!(!held.is_empty(), "ports 31000-31007 are all taken on this machine");
        let freed = held.pop().unwrap().local_addr();
        assert_eq!(RtpSocket::bind(LOOPBACK, ports).unwrap().local_addr(), freed);
    }

    #[test]
    fn says_what_to_do() {
        let nowhere = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let e = RtpSocket::bind(nowhere, PortRange { first: 31_010, last: 31_019 }).unwrap_err();
        assert!(e.to_string().contains("sip.listen"), "{e}");
        let none = PortRange { first: 31_001, last: 31_002 };
        assert!(matches!(RtpSocket::bind(LOOPBACK, none), Err(LegError::NoFreePort(_))));
    }
}
