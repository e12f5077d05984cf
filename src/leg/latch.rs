//! Where a leg's RTP comes from and goes to: symmetric RTP (RFC 4961) with the door on a chain.
//!
//! SDP is written by strangers: sending to whatever address it names makes us a reflector, and
//! taking whatever arrives lets anybody speak into the call. So nothing outside the allow-list is
//! sent to or heard; the address SDP announced is believed at once; another source must show two
//! packets in sequence (RFC 3550 A.1) and then keeps the leg for itself. It loses it to the
//! announced address, to a new offer, or, after a second of silence, to a new address that goes
//! on with the same SSRC (a NAT that rebinds).

use crate::config::Cidr;
use crate::rtp::RtpHeader;
use std::net::SocketAddr;

/// Silence of the latched source after which its SSRC is believed from elsewhere.
const REBIND_MS: u64 = 1_000;
/// How long packets under way from the address before a new offer are ignored.
const RETIRED_MS: u64 = 500;

/// The far end's media address.
#[derive(Debug)]
pub(super) struct Latch {
    allow: Vec<Cidr>,
    announced: Option<SocketAddr>,
    latched: Option<Latched>,
    candidate: Option<Candidate>,
    retired: Option<(SocketAddr, u64)>,
}

#[derive(Debug, Clone, Copy)]
struct Latched {
    source: SocketAddr,
    ssrc: u32,
    heard_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Candidate {
    source: SocketAddr,
    ssrc: u32,
    next_sequence: u16,
}

impl Latch {
    pub(super) fn new(announced: SocketAddr, allow: Vec<Cidr>) -> Latch {
        let announced = usable(announced);
        Latch { allow, announced, latched: None, candidate: None, retired: None }
    }

    /// A new offer or answer. The same address again changes nothing.
    pub(super) fn announce(&mut self, now_ms: u64, remote: SocketAddr) {
        let remote = usable(remote);
        if remote != self.announced {
            self.announced = remote;
            self.retired = self.latched.map(|l| (l.source, now_ms + RETIRED_MS));
            self.latched = None;
            self.candidate = None;
        }
    }

    /// Where to send; `None` while there is no address that may be sent to.
    pub(super) fn destination(&self) -> Option<SocketAddr> {
        let announced = self.announced.filter(|a| self.allows(*a));
        self.latched.map(|l| l.source).or(announced)
    }

    /// True for addresses within the allow-list.
    pub(super) fn allows(&self, address: SocketAddr) -> bool {
        self.allow.iter().any(|net| net.contains(address.ip()))
    }

    /// Is this packet to be heard? Latches on the way.
    pub(super) fn accept(&mut self, now_ms: u64, source: SocketAddr, header: &RtpHeader) -> bool {
        if let Some(latched) = &mut self.latched
            && latched.source == source
        {
            latched.ssrc = header.ssrc;
            latched.heard_ms = now_ms;
            return true;
        }
        let believed = self.allows(source)
            && (self.announced == Some(source) || self.proves(now_ms, source, header));
        if believed {
            self.latched = Some(Latched { source, ssrc: header.ssrc, heard_ms: now_ms });
            self.candidate = None;
        }
        believed
    }

    fn proves(&mut self, now_ms: u64, source: SocketAddr, header: &RtpHeader) -> bool {
        let taken = self.latched.is_some_and(|l| {
            l.ssrc != header.ssrc || now_ms.saturating_sub(l.heard_ms) < REBIND_MS
        });
        let retired = self.retired.is_some_and(|(old, until)| old == source && now_ms < until);
        if taken || retired {
            return false;
        }
        let this = Candidate { source, ssrc: header.ssrc, next_sequence: header.sequence };
        if self.candidate == Some(this) {
            return true;
        }
        let next_sequence = header.sequence.wrapping_add(1);
        self.candidate = Some(Candidate { next_sequence, ..this });
        false
    }
}

// port 0 or an unspecified address is SDP for "nowhere" (RFC 3264 5.1, 8.4)
fn usable(address: SocketAddr) -> Option<SocketAddr> {
    let usable = address.port() != 0 && !address.ip().is_unspecified();
    usable.then(|| (address.ip().to_canonical(), address.port()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "10.0.0.1:4000";
    const B: &str = "10.0.0.1:5000";
    const C: &str = "10.0.0.9:4000";
    const OUT: &str = "192.0.2.1:4000";

    fn latch(announced: &str) -> Latch {
        let net = Cidr::try_from("10.0.0.0/8".to_string()).unwrap();
        Latch::new(announced.parse().unwrap(), vec![net])
    }

    fn packet(ssrc: u32, sequence: u16) -> RtpHeader {
        RtpHeader { marker: false, payload_type: 0, sequence, timestamp: 0, ssrc }
    }

    // (time, source, ssrc, sequence, heard?), then where we send
    fn check(what: &str, announced: &str, rows: &[(u64, &str, u32, u16, bool)], to: Option<&str>) {
        let mut latch = latch(announced);
        for &(ms, source, ssrc, sequence, want) in rows {
            let got = latch.accept(ms, source.parse().unwrap(), &packet(ssrc, sequence));
            assert_eq!(got, want, "{what}: {ms} ms {source} {sequence}");
        }
        assert_eq!(latch.destination(), to.map(|t| t.parse().unwrap()), "{what}");
    }

    #[test]
    fn sources() {
        check("nothing heard yet", A, &[], Some(A));
        check("announced outside the list", OUT, &[], None);
        check("announced outside, heard outside", OUT, &[(0, OUT, 1, 1, false)], None);
        check("nowhere announced", "0.0.0.0:4000", &[], None);
        check("port 0", "10.0.0.1:0", &[], None);
        check("the announced one", A, &[(0, A, 1, 1, true)], Some(A));
        check("two in sequence", A, &[(0, B, 1, 1, false), (20, B, 1, 2, true)], Some(B));
        check("two, not in sequence", A, &[(0, B, 1, 1, false), (20, B, 1, 9, false)], Some(A));
        check(
            "outside, behind a private address that is not allowed",
            OUT,
            &[(0, B, 1, 1, false), (20, B, 1, 2, true)],
            Some(B),
        );
        check(
            "a second source is not heard",
            A,
            &[(0, A, 1, 1, true), (20, C, 2, 1, false), (40, C, 2, 2, false), (60, A, 1, 2, true)],
            Some(A),
        );
        check(
            "the announced one takes the leg back, for good",
            A,
            &[
                (0, C, 2, 1, false),
                (20, C, 2, 2, true),
                (40, A, 1, 1, true),
                (60, C, 2, 3, false),
                (80, C, 2, 4, false),
            ],
            Some(A),
        );
        check(
            "a NAT that rebinds",
            A,
            &[
                (0, A, 1, 1, true),
                (500, B, 1, 2, false),
                (1000, B, 1, 3, false),
                (1020, B, 1, 4, true),
            ],
            Some(B),
        );
        check(
            "silence does not let a stranger in",
            A,
            &[(0, A, 1, 1, true), (9000, C, 2, 2, false), (9020, C, 2, 3, false)],
            Some(A),
        );
    }

    #[test]
    fn new_offer() {
        let mut latch = latch(A);
        let a: SocketAddr = A.parse().unwrap();
        let c: SocketAddr = C.parse().unwrap();
        assert!(latch.accept(0, a, &packet(1, 1)));
        latch.announce(20, a);
        assert!(latch.accept(40, a, &packet(1, 2)), "the same address keeps the latch");
        latch.announce(60, c);
        assert_eq!(latch.destination(), Some(c));
        assert!(!latch.accept(80, a, &packet(1, 3)), "packets under way");
        assert!(!latch.accept(100, a, &packet(1, 4)), "packets under way");
        assert!(latch.accept(120, c, &packet(3, 1)));
        assert_eq!(latch.destination(), Some(c));
    }

    #[test]
    fn behind_the_same_nat_after_a_new_offer() {
        let mut latch = latch("10.1.1.1:1000");
        let c: SocketAddr = C.parse().unwrap();
        assert!(!latch.accept(0, c, &packet(1, 1)) && latch.accept(20, c, &packet(1, 2)));
        latch.announce(40, "10.1.1.1:1002".parse().unwrap());
        assert!(!latch.accept(600, c, &packet(1, 30)) && latch.accept(620, c, &packet(1, 31)));
    }
}
