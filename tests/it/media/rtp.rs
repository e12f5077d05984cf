//! RTP legs: two of them with each other, and one against a socket that misbehaves.

use super::{quiet_step, tone};
use spillway::audio::g711::G711;
use spillway::audio::level::rms;
use spillway::call::HangupCause;
use spillway::config::{Cidr, PortRange};
use spillway::leg::{
    Direction, Leg, LegControl, LegEvent, LegSignal, RtpLeg, RtpParams, RtpSocket, SIGNALS_MAX,
};
use spillway::rtp::{DtmfDigit, RtcpReceived, RtpHeader, RtpPacket};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PORTS: PortRange = PortRange { first: 32_000, last: 32_999 };

/// Writes down what the leg asks of its signalling.
#[derive(Clone, Default)]
struct Control(Arc<Mutex<Vec<String>>>);

impl LegControl for Control {
    fn hang_up(&mut self, cause: HangupCause) {
        self.0.lock().unwrap().push(cause.to_string());
    }

    fn transfer(&mut self, to: &str) -> bool {
        self.0.lock().unwrap().push(format!("to {to}"));
        true
    }
}

struct Party {
    leg: RtpLeg,
    signals: mpsc::Sender<LegSignal>,
    control: Control,
    address: SocketAddr,
    events: Vec<LegEvent>,
}

fn params(remote: SocketAddr) -> RtpParams {
    let direction = Direction::SendRecv;
    RtpParams { remote, law: G711::Pcma, dtmf_payload: Some(101), direction }
}

impl Party {
    fn new(socket: RtpSocket, remote: SocketAddr) -> Party {
        Party::allowing(socket, remote, "127.0.0.1")
    }

    fn allowing(socket: RtpSocket, remote: SocketAddr, net: &str) -> Party {
        let (signals, received) = mpsc::channel(SIGNALS_MAX);
        let control = Control::default();
        let address = socket.local_addr();
        let allow = vec![Cidr::try_from(net.to_string()).unwrap()];
        let leg =
            RtpLeg::new(socket, params(remote), allow, 5, received, Box::new(control.clone()));
        Party { leg, signals, control, address, events: Vec::new() }
    }

    fn signal(&self, signal: LegSignal) {
        self.signals.try_send(signal).unwrap();
    }

    fn steps(&mut self, n: usize) {
        for _ in 0..n {
            quiet_step(&mut self.leg, &mut self.events);
        }
    }
}

fn bind() -> RtpSocket {
    RtpSocket::bind(LOOPBACK, PORTS).unwrap()
}

/// A plain socket that plays the far end.
struct Peer {
    socket: UdpSocket,
    header: RtpHeader,
}

impl Peer {
    fn new(ip: &str) -> Peer {
        let socket = UdpSocket::bind((ip, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        let header =
            RtpHeader { marker: false, payload_type: 8, sequence: 1, timestamp: 0, ssrc: 77 };
        Peer { socket, header }
    }

    fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    fn speak(&mut self, to: SocketAddr) {
        let mut datagram = [0; 200];
        let packet = RtpPacket { header: self.header, payload: &[0x2a; 160] };
        let n = packet.write(&mut datagram).unwrap();
        self.socket.send_to(&datagram[..n], to).unwrap();
        self.header.sequence += 1;
        self.header.timestamp += 160;
    }

    fn heard(&self) -> Vec<RtpHeader> {
        let mut datagram = [0; 2048];
        let mut headers = Vec::new();
        while let Ok(n) = self.socket.recv(&mut datagram) {
            headers.push(RtpPacket::parse(&datagram[..n]).unwrap().header);
        }
        headers
    }
}

#[test]
fn two_legs_talk_and_press_keys() {
    let (a, b) = (bind(), bind());
    let (to_a, to_b) = (a.local_addr(), b.local_addr());
    let (mut a, mut b) = (Party::new(a, to_b), Party::new(b, to_a));
    a.signal(LegSignal::Confirmed);
    b.signal(LegSignal::Confirmed);
    let key = |c: char| DtmfDigit::try_from(c).unwrap();
    let (mut loud_a, mut loud_b) = (0, 0);
    for step in 0..400 {
        let at_a = a.leg.exchange(&tone(440.0, 8000.0, step), &mut a.events);
        let at_b = b.leg.exchange(&tone(300.0, 4000.0, step), &mut b.events);
        if step == 100 {
            "12#".chars().for_each(|c| a.leg.send_dtmf(key(c)));
            "99".chars().for_each(|c| b.leg.send_dtmf(key(c)));
        }
        if (10..100).contains(&step) {
            loud_a += usize::from((rms(&at_a.0) - 2828.0).abs() < 200.0);
            loud_b += usize::from((rms(&at_b.0) - 5657.0).abs() < 400.0);
        }
    }
    assert!(loud_a >= 85 && loud_b >= 85, "{loud_a} {loud_b} of 90 frames as loud as sent");
    let keys = |s: &str| s.chars().map(|c| LegEvent::Dtmf(key(c))).collect::<Vec<_>>();
    assert_eq!((a.events, b.events), (keys("99"), keys("12#")));
    let (a, b) = (a.leg.stats(), b.leg.stats());
    assert_eq!((a.sent, b.sent, a.lost, b.lost), (400, 400, 0, 0));
    assert!(a.received >= 398 && b.received >= 398, "{a:?} {b:?}");
}

#[test]
fn latches_to_where_the_sound_comes_from() {
    let (announced, mut peer) = (Peer::new("127.0.0.1"), Peer::new("127.0.0.1"));
    let mut party = Party::new(bind(), announced.address());
    party.signal(LegSignal::Confirmed);
    party.steps(5);
    assert_eq!(announced.heard().len(), 5);
    for _ in 0..10 {
        peer.speak(party.address);
        party.steps(1);
    }
    assert!(announced.heard().len() <= 2, "it went on sending to the announced address");
    assert!(peer.heard().len() >= 8);
    // a stranger who comes later is neither heard nor spoken to
    let mut stranger = Peer::new("127.0.0.1");
    stranger.header.ssrc = 1;
    let before = party.leg.stats();
    for _ in 0..10 {
        stranger.speak(party.address);
        peer.speak(party.address);
        party.steps(1);
    }
    assert_eq!(stranger.heard().len(), 0);
    let after = party.leg.stats();
    assert_eq!((after.received - before.received, after.refused - before.refused), (10, 10));
}

#[test]
fn outside_the_allow_list_nobody_is_heard_or_sent_to() {
    let mut peer = Peer::new("127.0.0.2");
    let mut party = Party::new(bind(), peer.address());
    party.signal(LegSignal::Confirmed);
    for _ in 0..50 {
        peer.speak(party.address);
        party.steps(1);
    }
    let stats = party.leg.stats();
    assert_eq!((stats.received, stats.sent, peer.heard().len()), (0, 0, 0), "{stats:?}");
    assert_eq!(stats.refused, 50);
    // the same from an allowed network is heard
    let mut party = Party::allowing(bind(), peer.address(), "127.0.0.0/30");
    peer.speak(party.address);
    party.steps(2);
    assert_eq!((party.leg.stats().received, peer.heard().len()), (1, 2));
}

#[test]
fn little_is_sent_before_the_ack() {
    let peer = Peer::new("127.0.0.1");
    let mut party = Party::new(bind(), peer.address());
    party.steps(240);
    assert_eq!(party.leg.stats().sent, 100);
    party.signal(LegSignal::Confirmed);
    party.steps(5);
    assert_eq!(party.leg.stats().sent, 105);
    let heard = peer.heard();
    let passed = heard[100].timestamp.wrapping_sub(heard[0].timestamp);
    assert_eq!(passed, 240 * 160, "time passes while nothing is sent");
    assert!(heard[0].marker && heard[100].marker && !heard[1].marker);
}

#[test]
fn hold_and_resume() {
    let peer = Peer::new("127.0.0.1");
    let mut party = Party::new(bind(), peer.address());
    party.signal(LegSignal::Confirmed);
    party.steps(10);
    let direction = Direction::RecvOnly;
    party.signal(LegSignal::Update(RtpParams { direction, ..params(peer.address()) }));
    party.steps(1000); // 20 s without media, four times the time-out
    assert_eq!(party.events, [LegEvent::Hold(true)]);
    assert_eq!(peer.heard().len(), 10);
    party.signal(LegSignal::Update(params(peer.address())));
    party.steps(10);
    assert_eq!(party.events, [LegEvent::Hold(true), LegEvent::Hold(false)]);
    let heard = peer.heard();
    assert!(heard.len() == 10 && heard[0].marker && !heard[1].marker);
    // and the time-out is armed again
    party.steps(250);
    assert_eq!(party.events[2..], [LegEvent::Hangup(HangupCause::MediaTimeout)]);
}

#[test]
fn a_new_offer_moves_the_media() {
    let (mut old, mut new) = (Peer::new("127.0.0.1"), Peer::new("127.0.0.1"));
    let mut party = Party::new(bind(), old.address());
    party.signal(LegSignal::Confirmed);
    for _ in 0..5 {
        old.speak(party.address);
        party.steps(1);
    }
    let law = G711::Pcmu;
    party.signal(LegSignal::Update(RtpParams { law, ..params(new.address()) }));
    for _ in 0..5 {
        new.speak(party.address);
        old.speak(party.address);
        party.steps(1);
    }
    assert_eq!(old.heard().len(), 5);
    assert_eq!(new.heard().iter().map(|h| h.payload_type).collect::<Vec<_>>(), [0; 5]);
}

#[test]
fn silence_for_too_long_ends_the_leg_once() {
    let mut peer = Peer::new("127.0.0.1");
    let mut party = Party::new(bind(), peer.address());
    party.signal(LegSignal::Confirmed);
    party.steps(200);
    peer.speak(party.address);
    party.steps(249);
    assert_eq!(party.events, []);
    party.steps(100);
    assert_eq!(party.events, [LegEvent::Hangup(HangupCause::MediaTimeout)]);
    let sent = party.leg.stats().sent;
    party.steps(10);
    assert_eq!(party.leg.stats().sent, sent, "nothing is sent after the end");
}

#[test]
fn signalling() {
    let peer = Peer::new("127.0.0.1");
    let mut party = Party::new(bind(), peer.address());
    party.signal(LegSignal::Hangup(HangupCause::CallerHungUp));
    party.steps(3);
    assert_eq!(party.events, [LegEvent::Hangup(HangupCause::CallerHungUp)]);
    party.leg.hang_up(HangupCause::Finished);
    assert!(party.control.0.lock().unwrap().is_empty(), "the dialog is over already");

    let mut party = Party::new(bind(), peer.address());
    assert!(party.leg.transfer("sip:1@example.org"));
    party.leg.hang_up(HangupCause::Finished);
    party.leg.hang_up(HangupCause::Finished);
    assert_eq!(*party.control.0.lock().unwrap(), ["to sip:1@example.org", "finished"]);

    let mut party = Party::new(bind(), peer.address());
    drop(party.signals);
    quiet_step(&mut party.leg, &mut party.events);
    assert_eq!(party.events, [LegEvent::Hangup(HangupCause::InternalError)]);
}

#[test]
fn reports() {
    // an RTCP port beside an RTP port, as a peer has
    let pair = (0..100).find_map(|_| {
        let mut peer = Peer::new("127.0.0.1");
        peer.header.ssrc = 0x0102_0304;
        let rtcp = UdpSocket::bind((LOOPBACK, peer.address().port().checked_add(1)?)).ok()?;
        rtcp.set_nonblocking(true).unwrap();
        Some((peer, rtcp))
    });
    let (mut peer, rtcp) = pair.expect("two free ports side by side");
    let mut party = Party::new(bind(), peer.address());
    party.signal(LegSignal::Confirmed);
    for _ in 0..1500 {
        peer.speak(party.address);
        party.steps(1);
    }
    let mut datagram = [0; 256];
    let mut reports = Vec::new();
    while let Ok(n) = rtcp.recv(&mut datagram) {
        reports.push(datagram[..n].to_vec());
    }
    assert!((4..=12).contains(&reports.len()), "{} reports in 30 s", reports.len());
    let last = reports.last().unwrap();
    assert!(RtcpReceived::parse(last).unwrap().report_time.is_some());
    assert_eq!((last[0], last[28..32].to_vec()), (0x81, vec![1, 2, 3, 4]), "on the peer's stream");
    party.leg.hang_up(HangupCause::Finished);
    let n = rtcp.recv(&mut datagram).unwrap();
    assert_eq!(datagram[n - 7], 203, "BYE");
}

#[test]
fn any_datagram_is_survived() {
    let peer = Peer::new("127.0.0.1");
    let mut party = Party::new(bind(), peer.address());
    let rtcp = SocketAddr::new(LOOPBACK, party.address.port() + 1);
    let mut seed = 1u64;
    for _ in 0..2000 {
        let datagram: Vec<u8> = (0..seed % 97)
            .map(|i| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(i | 1);
                // half of them begin like RTP and RTCP do
                match i {
                    0 if seed >> 63 == 0 => 0x80 | (seed >> 60) as u8 & 0x3f,
                    1 if seed >> 63 == 0 => [8, 13, 101, 200][(seed >> 40) as usize % 4],
                    _ => (seed >> 33) as u8,
                }
            })
            .collect();
        seed = seed.wrapping_add(1).rotate_left(7);
        peer.socket.send_to(&datagram, party.address).unwrap();
        peer.socket.send_to(&datagram, rtcp).unwrap();
        party.steps(1);
    }
    let stats = party.leg.stats();
    assert!(stats.received > 0 && stats.refused > 0, "{stats:?}");
}
