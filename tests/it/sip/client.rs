//! Our caller, against our server and against a callee made of strings.

use super::consumer::{Exchange, Manners};
use super::phone::header;
use spillway::audio::AudioFrame;
use spillway::audio::level::peak;
use spillway::call::HangupCause;
use spillway::config::PortRange;
use spillway::leg::{Leg, LegEvent};
use spillway::sip::{CallOptions, SipClient, SipError, SipTransport};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::{interval, timeout};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PORTS: PortRange = PortRange { first: 40_000, last: 41_999 };

fn options() -> CallOptions {
    CallOptions {
        from_user: "+84901234567".into(),
        headers: vec![("X-Queue".into(), "night".into())],
        prefer_pcma: true,
        timeout: Duration::from_secs(5),
    }
}

async fn client(transport: SipTransport) -> SipClient {
    SipClient::bind(LOCALHOST, PORTS, transport).await.expect("bind")
}

/// Steps a leg for so many frames: the loudest sample heard, and what happened.
async fn step(leg: &mut Box<dyn Leg>, frames: usize) -> (u16, Vec<LegEvent>) {
    let loud = AudioFrame(std::array::from_fn(|i| if i % 16 < 8 { 9_000 } else { -9_000 }));
    let mut clock = interval(Duration::from_millis(20));
    let (mut loudest, mut events) = (0, Vec::new());
    for _ in 0..frames {
        clock.tick().await;
        let heard = leg.exchange(&loud, &mut events);
        loudest = loudest.max(peak(heard.samples()));
    }
    (loudest, events)
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_hangs_up() {
    for transport in [SipTransport::Udp, SipTransport::Tcp] {
        let exchange = Exchange::open(Manners::default()).await;
        let client = client(transport).await;
        let uri = format!("sip:hotline@{}", exchange.addr);
        let mut dialed = client.call(&uri, options()).await.expect("answered");
        assert!(dialed.call_id.unwrap().starts_with("test-"));
        assert!(dialed.answered_after_ms < 3_000);
        dialed.leg.send_dtmf('5'.try_into().unwrap());
        let (loudest, events) = step(&mut dialed.leg, 40).await;
        assert!(loudest > 3_000, "heard at most {loudest}");
        assert_eq!(events, []);
        for entry in ["caller +84901234567", "x-queue: night", "heard", "Dtmf(DtmfDigit(5))"] {
            exchange.expect(entry).await;
        }
        dialed.leg.hang_up(HangupCause::Finished);
        client.close(Duration::from_secs(2)).await;
        exchange.expect("Hangup(CallerHungUp)").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn is_hung_up() {
    for transport in [SipTransport::Udp, SipTransport::Tcp] {
        let hang_up_after = Some(Duration::from_millis(200));
        let exchange = Exchange::open(Manners { hang_up_after, ..Manners::default() }).await;
        let client = client(transport).await;
        let uri = format!("sip:hotline@{}", exchange.addr);
        let mut dialed = client.call(&uri, options()).await.expect("answered");
        let (_, events) = step(&mut dialed.leg, 40).await;
        assert_eq!(events, [LegEvent::Hangup(HangupCause::CallerHungUp)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn says_why_not() {
    let reject = Some(HangupCause::Congestion);
    let exchange = Exchange::open(Manners { reject, ..Manners::default() }).await;
    let client = client(SipTransport::Udp).await;
    let refused = client.call(&format!("sip:hotline@{}", exchange.addr), options()).await;
    match refused.err().unwrap() {
        SipError::Refused { status, words } => {
            assert_eq!((status, words.as_str()), (503, "Service Unavailable"));
        }
        other => panic!("{other}"),
    }
    for uri in ["hotline", "tel:112", "sip:", "sip:x@no-such-host.invalid"] {
        let error = client.call(uri, options()).await.err().unwrap();
        assert!(matches!(error, SipError::BadUri { .. }), "{uri}: {error}");
    }
    let nobody = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let tcp = SipClient::bind(LOCALHOST, PORTS, SipTransport::Tcp).await.unwrap();
    let error = tcp.call(&format!("sip:x@{nobody}"), options()).await.err().unwrap();
    assert!(matches!(error, SipError::Transport(_)), "{error}");
}

/// A callee that rings and never answers.
async fn ringing(callee: &UdpSocket) -> (String, SocketAddr) {
    let mut buffer = [0; 4096];
    let (length, caller) = callee.recv_from(&mut buffer).await.unwrap();
    let invite = String::from_utf8_lossy(&buffer[..length]).into_owned();
    assert!(invite.starts_with("INVITE "), "{invite}");
    say(callee, caller, &invite, "180 Ringing").await;
    (invite, caller)
}

async fn say(callee: &UdpSocket, caller: SocketAddr, request: &str, status: &str) {
    let mut response = format!("SIP/2.0 {status}\r\n");
    for name in ["Via", "From", "Call-ID", "CSeq"] {
        response += &format!("{name}: {}\r\n", header(request, name).unwrap());
    }
    response += &format!("To: {};tag=callee\r\n", header(request, "To").unwrap());
    response += "Content-Length: 0\r\n\r\n";
    callee.send_to(response.as_bytes(), caller).await.unwrap();
}

async fn cancelled(callee: &UdpSocket, invite: &str) {
    let mut buffer = [0; 4096];
    let (length, caller) = timeout(Duration::from_secs(2), callee.recv_from(&mut buffer))
        .await
        .expect("no CANCEL")
        .unwrap();
    let cancel = String::from_utf8_lossy(&buffer[..length]).into_owned();
    assert!(cancel.starts_with("CANCEL "), "{cancel}");
    // RFC 3261 9.1: the same branch and number
    assert_eq!(header(&cancel, "Via"), header(invite, "Via"));
    assert_eq!(header(&cancel, "CSeq").unwrap(), "1 CANCEL");
    say(callee, caller, &cancel, "200 OK").await;
    say(callee, caller, invite, "487 Request Terminated").await;
    let (length, _) = timeout(Duration::from_secs(2), callee.recv_from(&mut buffer))
        .await
        .expect("no ACK")
        .unwrap();
    assert!(buffer[..length].starts_with(b"ACK "));
}

#[tokio::test(flavor = "multi_thread")]
async fn gives_up_after_the_time_out() {
    let callee = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("sip:x@{}", callee.local_addr().unwrap());
    let client = client(SipTransport::Udp).await;
    let options = CallOptions { timeout: Duration::from_millis(300), ..options() };
    let call = tokio::spawn(async move { (client.call(&uri, options).await.err(), client) });
    let (invite, _) = ringing(&callee).await;
    cancelled(&callee, &invite).await;
    let (error, _client) = call.await.unwrap();
    assert!(matches!(error, Some(SipError::NoAnswer { .. })), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_call_is_cancelled() {
    let callee = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("sip:x@{}", callee.local_addr().unwrap());
    let client = client(SipTransport::Udp).await;
    let call = tokio::spawn(async move {
        let dialing = client.call(&uri, options());
        let _ = timeout(Duration::from_millis(200), dialing).await;
        client.close(Duration::from_secs(3)).await;
    });
    let (invite, _) = ringing(&callee).await;
    cancelled(&callee, &invite).await;
    call.await.unwrap();
}
