//! Requests outside a dialog: who is answered, and with what.

use super::consumer::{Exchange, Manners, config};
use super::phone::{Phone, body, header, status};
use spillway::call::HangupCause;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

async fn both(exchange: &Exchange) -> [Phone; 2] {
    [Phone::udp(exchange.addr).await, Phone::tcp(exchange.addr).await]
}

#[tokio::test(flavor = "multi_thread")]
async fn options_say_what_we_can_and_whether_we_drain() {
    let exchange = Exchange::open(Manners::default()).await;
    for mut phone in both(&exchange).await {
        let answer = phone.ask("OPTIONS", 1, "", "").await;
        assert_eq!(status(&answer), 200, "{answer}");
        assert!(header(&answer, "Allow").unwrap().contains("UPDATE"), "{answer}");
        assert_eq!(header(&answer, "Accept").unwrap(), "application/sdp");
    }
    exchange.set_draining(true).await;
    for mut phone in both(&exchange).await {
        let offer = phone.sdp(1, "");
        for (seq, method, body) in [(2, "OPTIONS", ""), (3, "INVITE", offer.as_str())] {
            let answer = phone.ask(method, seq, "", body).await;
            assert_eq!(status(&answer), 503, "{answer}");
            assert!(header(&answer, "Retry-After").is_some(), "{answer}");
        }
    }
    exchange.set_draining(false).await;
    let answer = Phone::udp(exchange.addr).await.ask("OPTIONS", 1, "", "").await;
    assert_eq!(status(&answer), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_we_do_not_have() {
    let exchange = Exchange::open(Manners::default()).await;
    for mut phone in both(&exchange).await {
        for (seq, (method, want)) in [
            ("REGISTER", 405),
            ("SUBSCRIBE", 405),
            ("MESSAGE", 405),
            ("PUBLISH", 405),
            ("REFER", 405),
            ("DANCE", 501),
            ("invite", 501),
            ("BYE", 481),
            ("UPDATE", 481),
            ("OPTIONS", 200),
        ]
        .into_iter()
        .enumerate()
        {
            let answer = phone.ask(method, seq as u32 + 1, "", "").await;
            assert_eq!(status(&answer), want, "{} {answer}", phone.transport());
            if matches!(want, 405 | 501) {
                assert!(header(&answer, "Allow").unwrap().contains("INVITE"), "{answer}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn extensions_we_do_not_have() {
    let exchange = Exchange::open(Manners::default()).await;
    for mut phone in both(&exchange).await {
        let offer = phone.sdp(1, "");
        let options = [("100rel", "100rel"), ("timer", "timer"), ("x, y", "x, y")];
        for (seq, (require, unsupported)) in options.into_iter().enumerate() {
            let headers = format!("Require: {require}\r\n");
            let answer = phone.ask("INVITE", seq as u32 + 1, &headers, &offer).await;
            assert_eq!(status(&answer), 420, "{answer}");
            assert_eq!(header(&answer, "Unsupported").unwrap(), unsupported);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn session_timers_are_not_claimed() {
    let exchange = Exchange::open(Manners::default()).await;
    let mut phone = Phone::udp(exchange.addr).await;
    let offer = phone.sdp(1, "");
    let headers = "Supported: timer, 100rel\r\nSession-Expires: 90;refresher=uas\r\n";
    let answer = phone.ask("INVITE", 1, headers, &offer).await;
    assert_eq!(status(&answer), 200);
    assert_eq!(header(&answer, "Session-Expires"), None);
    assert_eq!(header(&answer, "Require"), None);
    assert!(!header(&answer, "Supported").unwrap_or_default().contains("timer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn offers_we_cannot_take() {
    let exchange = Exchange::open(Manners::default()).await;
    let mut phone = Phone::udp(exchange.addr).await;
    let plain = phone.sdp(1, "");
    let cases = [
        (plain.replace("RTP/AVP", "RTP/SAVP"), "", 488),
        (plain.replace("RTP/AVP", "UDP/TLS/RTP/SAVPF"), "", 488),
        (phone.sdp_with(1, "18 9 101", ""), "", 488),
        (plain.replace("m=audio", "m=video"), "", 488),
        ("hello".to_string(), "", 488),
        (plain.clone(), "Content-Type: multipart/mixed;boundary=x\r\n", 415),
    ];
    for (seq, (offer, headers, want)) in cases.into_iter().enumerate() {
        phone.new_call();
        let answer = phone.ask("INVITE", seq as u32 + 1, headers, &offer).await;
        assert_eq!(status(&answer), want, "{offer}\n{answer}");
        if want == 488 {
            assert!(header(&answer, "Warning").is_some(), "{answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_mirrors_the_offer() {
    let exchange = Exchange::open(Manners::default()).await;
    let mut phone = Phone::udp(exchange.addr).await;
    let offer = phone.sdp_with(1, "18 8 0 101", "a=ptime:20\r\nm=video 9 RTP/AVP 31\r\n");
    let answer = phone.ask("INVITE", 1, "", &offer).await;
    assert_eq!(status(&answer), 200);
    let lines: Vec<&str> = body(&answer).lines().filter(|l| l.starts_with("m=")).collect();
    assert!(lines[0].ends_with(" RTP/AVP 8 101"), "{lines:?}");
    assert_eq!(lines[1], "m=video 0 RTP/AVP 31");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_full() {
    let manners = Manners { reject: Some(HangupCause::Congestion), ..Manners::default() };
    let exchange = Exchange::open(manners).await;
    for mut phone in both(&exchange).await {
        let offer = phone.sdp(1, "");
        let answer = phone.ask("INVITE", 1, "", &offer).await;
        assert_eq!(status(&answer), 503, "{answer}");
        assert!(header(&answer, "Retry-After").is_some(), "{answer}");
        phone.ack(1, "").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_get_no_answer() {
    let exchange = Exchange::open(Manners::default()).await;
    let stranger = {
        let mut config = config();
        config.allow = vec!["192.0.2.0/24".to_string().try_into().unwrap()];
        Exchange::open_with(config, Manners::default()).await
    };
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let options = Phone::udp(exchange.addr).await.request("OPTIONS", 1, "", "");
    let mut buffer = [0; 2000];
    socket.send_to(options.as_bytes(), stranger.addr).await.unwrap();
    let silence = timeout(Duration::from_millis(400), socket.recv_from(&mut buffer)).await;
    assert!(silence.is_err(), "a stranger got an answer");
    let mut stream = TcpStream::connect(stranger.addr).await.unwrap();
    let closed = timeout(Duration::from_secs(2), stream.read(&mut buffer)).await;
    assert!(matches!(closed, Ok(Ok(0) | Err(_))), "{closed:?}");
    // the same datagram, to one that allows us
    let local = options.split("Via: SIP/2.0/UDP ").nth(1).unwrap().split(';').next().unwrap();
    let here = socket.local_addr().unwrap().to_string();
    let options = options.replace(local, &here);
    socket.send_to(options.as_bytes(), exchange.addr).await.unwrap();
    let answered = timeout(Duration::from_secs(2), socket.recv_from(&mut buffer)).await;
    assert!(answered.is_ok(), "no answer to one who is allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_by_two_ways_is_one_call() {
    let exchange =
        Exchange::open(Manners { answer_after: Duration::from_millis(300), ..Manners::default() })
            .await;
    let mut phone = Phone::udp(exchange.addr).await;
    let offer = phone.sdp(1, "");
    for branch in ["one", "two"] {
        let invite = phone.request_in(branch, "INVITE", 1, "", &offer);
        phone.send(invite.as_bytes()).await;
    }
    let merged = phone.answer(1, "INVITE").await.unwrap();
    assert_eq!(status(&merged), 482, "{merged}");
    let answer = phone.answer(1, "INVITE").await.unwrap();
    assert_eq!(status(&answer), 200, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_pbx_says_reaches_the_call() {
    let exchange = Exchange::open(Manners::default()).await;
    let mut phone = Phone::udp(exchange.addr).await;
    let offer = phone.sdp(1, "");
    let headers = "P-Asserted-Identity: \"Lan\" <sip:+842438220001@trunk;user=phone>\r\n\
                   Diversion: <sip:112@pbx>;reason=no-answer\r\nX-Queue-Name: hotline\r\n\
                   User-to-User: 56a3;encoding=hex\r\nHistory-Info: <sip:h@pbx>;index=1\r\n";
    assert_eq!(status(&phone.ask("INVITE", 1, headers, &offer).await), 200);
    for entry in [
        "caller +842438220001",
        "called hotline",
        "diversion: <sip:112@pbx>;reason=no-answer",
        "x-queue-name: hotline",
        "user-to-user: 56a3;encoding=hex",
        "history-info: <sip:h@pbx>;index=1",
    ] {
        exchange.expect(entry).await;
    }
}

/// RFC 2543 had no branch, no From tag and no duty to send Contact.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_from_1999() {
    let exchange = Exchange::open(Manners::default()).await;
    let mut phone = Phone::udp(exchange.addr).await;
    let offer = phone.sdp(1, "");
    let (server, local) = (exchange.addr, phone.local);
    let message = |method: &str, seq: u32, to: &str, body: &str| {
        format!(
            "{method} sip:hotline@{} SIP/2.0\r\nVia: SIP/2.0/UDP {}\r\nFrom: <sip:old@{}>\r\n\
             To: {to}\r\nCall-ID: old\r\nCSeq: {seq} {method}\r\n\
             Content-Type: application/sdp\r\n\r\n{body}",
            server, local, local
        )
    };
    let to = format!("<sip:hotline@{}>", exchange.addr);
    let invite = message("INVITE", 1, &to, &offer);
    phone.send(invite.as_bytes()).await;
    let answer = loop {
        let message = phone.receive(Duration::from_secs(2)).await.expect("no answer");
        if status(&message) >= 200 {
            break message;
        }
    };
    assert_eq!(status(&answer), 200, "{answer}");
    assert_eq!(header(&answer, "From").unwrap(), format!("<sip:old@{}>", phone.local));
    let to = header(&answer, "To").unwrap();
    phone.send(message("ACK", 1, &to, "").as_bytes()).await;
    phone.send(message("BYE", 2, &to, "").as_bytes()).await;
    loop {
        let answer = phone.receive(Duration::from_secs(2)).await.expect("no answer to BYE");
        if answer.contains("CSeq: 2 BYE") {
            assert_eq!(status(&answer), 200, "{answer}");
            break;
        }
    }
    exchange.expect("Hangup(CallerHungUp)").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_keep_their_step() {
    let exchange = Exchange::open(Manners::default()).await;
    let mut phone = Phone::tcp(exchange.addr).await;
    // keep-alive, two requests in one segment, one in many
    phone.send(b"\r\n\r\n").await;
    let first = phone.request("OPTIONS", 1, "", "");
    let second = phone.request("OPTIONS", 2, "", "x");
    phone.send(format!("{first}{second}").as_bytes()).await;
    assert_eq!(status(&phone.answer(1, "OPTIONS").await.unwrap()), 200);
    assert_eq!(status(&phone.answer(2, "OPTIONS").await.unwrap()), 200);
    let third = phone.request("OPTIONS", 3, "", "");
    for piece in third.as_bytes().chunks(7) {
        phone.send(piece).await;
    }
    assert_eq!(status(&phone.answer(3, "OPTIONS").await.unwrap()), 200);
}

/// Names and numbers must not reach the log, whatever filter the administrator sets.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_keeps_secrets() {
    use std::io::Write;
    use std::sync::{Arc, Mutex};
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);
    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let paper = Paper::default();
    let ink = paper.clone();
    let filter = tracing_subscriber::EnvFilter::new("trace")
        .add_directive(spillway::sip::LOG_DIRECTIVE.parse().unwrap());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || ink.clone())
        .try_init()
        .expect("each test is a process of its own");
    let exchange = Exchange::open(Manners::default()).await;
    for mut phone in both(&exchange).await {
        phone.call().await;
        phone.ask("BYE", 2, "", "").await;
    }
    exchange.expect("Hangup(CallerHungUp)").await;
    let text = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("spillway"), "nothing was logged at all: the test is blind");
    assert!(!text.contains("84901234567"), "{text}");
}
