//! The AudioSocket entrance against a client that does right and some that do wrong.

use super::{quiet_step, tone};
use spillway::audio::AudioFrame;
use spillway::audio::level::rms;
use spillway::call::HangupCause;
use spillway::config::Cidr;
use spillway::leg::{Leg, LegEvent};
use spillway::media::{AudioSocketCall, AudioSocketListener};
use spillway::rtp::DtmfDigit;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const UUID: [u8; 16] = *b"0123456789abcdef";

async fn listener() -> AudioSocketListener {
    let any_port = ([127, 0, 0, 1], 0).into();
    AudioSocketListener::bind(any_port, vec![Cidr::LOOPBACK_V4]).await.unwrap()
}

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let [high, low] = (payload.len() as u16).to_be_bytes();
    [&[kind, high, low], payload].concat()
}

fn pcm(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_le_bytes()).collect()
}

async fn connect(listener: &AudioSocketListener) -> (TcpStream, Box<dyn Leg>, AudioSocketCall) {
    let mut client = TcpStream::connect(listener.local_addr()).await.unwrap();
    client.set_nodelay(true).unwrap();
    client.write_all(&frame(1, &UUID)).await.unwrap();
    let (leg, call) = listener.accept().await.unwrap();
    (client, leg, call)
}

/// Steps until an event comes; the steps are far faster than 20 ms.
async fn event(leg: &mut dyn Leg) -> LegEvent {
    let mut events = Vec::new();
    for _ in 0..2_900 {
        quiet_step(leg, &mut events);
        if let Some(event) = events.pop() {
            return event;
        }
        tokio::task::yield_now().await;
    }
    panic!("no event came");
}

#[tokio::test]
async fn sound_keys_and_goodbye() {
    let listener = listener().await;
    let (mut client, mut leg, call) = connect(&listener).await;
    assert_eq!(call.uuid.as_bytes(), &UUID);
    assert_eq!(call.peer, client.local_addr().unwrap());
    // silence is there before the first step
    let mut got = [0; 323];
    client.read_exact(&mut got).await.unwrap();
    assert_eq!(got[..], frame(0x10, &[0; 320])[..]);

    let mut events = Vec::new();
    let mut loud = 0;
    for step in 0..100 {
        client.write_all(&frame(0x10, &pcm(&tone(300.0, 8000.0, step).0))).await.unwrap();
        let heard = leg.exchange(&tone(500.0, 4000.0, step), &mut events);
        loud += usize::from((rms(&heard.0) - 5657.0).abs() < 100.0);
        client.read_exact(&mut got).await.unwrap();
        assert_eq!(got[..], frame(0x10, &pcm(&tone(500.0, 4000.0, step).0))[..]);
    }
    assert!(loud >= 95, "{loud} of 100 frames as loud as sent");
    client.write_all(&frame(3, b"7")).await.unwrap();
    let seven = DtmfDigit::try_from('7').unwrap();
    assert_eq!(event(&mut *leg).await, LegEvent::Dtmf(seven));
    client.write_all(&frame(0, &[])).await.unwrap();
    assert_eq!(event(&mut *leg).await, LegEvent::Hangup(HangupCause::CallerHungUp));
}

#[tokio::test]
async fn other_rates_are_converted() {
    let listener = listener().await;
    for (kind, rate_hz) in [(0x11u8, 12_000), (0x12, 16_000), (0x15, 44_100), (0x16, 48_000)] {
        let (mut client, mut leg, _) = connect(&listener).await;
        let mut events = Vec::new();
        let mut loud = 0;
        for step in 0..100 {
            let n = rate_hz / 50;
            let samples: Vec<i16> = (step * n..(step + 1) * n)
                .map(|i| i as f32 / rate_hz as f32)
                .map(|t| (8000.0 * (std::f32::consts::TAU * 400.0 * t).sin()) as i16)
                .collect();
            client.write_all(&frame(kind, &pcm(&samples))).await.unwrap();
            let heard = quiet_step(&mut *leg, &mut events);
            loud += usize::from((rms(&heard.0) - 5657.0).abs() < 200.0);
        }
        assert!(loud >= 85 && events.is_empty(), "{rate_hz} Hz: {loud} of 100, {events:?}");
    }
}

#[tokio::test]
async fn we_hang_up() {
    let listener = listener().await;
    let (mut client, mut leg, _) = connect(&listener).await;
    leg.hang_up(HangupCause::Finished);
    let mut all = Vec::new();
    client.read_to_end(&mut all).await.unwrap();
    assert_eq!(all[323..], [0, 0, 0], "one frame of silence, then the goodbye");
    let mut events = Vec::new();
    quiet_step(&mut *leg, &mut events);
    assert_eq!((events.len(), leg.transfer("100")), (0, false));
}

#[tokio::test]
async fn a_peer_that_does_not_read_costs_its_own_sound_only() {
    let listener = listener().await;
    let (mut client, mut leg, _) = connect(&listener).await;
    let mut events = Vec::new();
    for step in 0..2_900 {
        for _ in 0..10 {
            // ten legs' worth of sound would fill any socket buffer
            leg.exchange(&tone(500.0, 4000.0, step), &mut events);
        }
        if step % 5 == 0 {
            client.write_all(&frame(0x10, &[0; 320])).await.unwrap();
        }
    }
    assert_eq!(events, []);
    leg.hang_up(HangupCause::Finished);
    // whole frames only, whatever was dropped between them
    let mut all = Vec::new();
    // the connection was closed with the client's last frames unread: that may be a reset
    let _ = client.read_to_end(&mut all).await;
    assert!(all.len() < 29_000 * 323, "nothing was dropped: the test proves nothing");
    let whole = all.len() / 323 * 323;
    assert!(all[..whole].chunks(323).all(|f| f[..3] == [0x10, 1, 0x40]));
}

#[tokio::test]
async fn nonsense_is_shown_the_door() {
    let listener = listener().await;
    let check = async |bytes: &[u8]| {
        let mut client = TcpStream::connect(listener.local_addr()).await.unwrap();
        client.write_all(bytes).await.unwrap();
        let mut all = Vec::new();
        let _ = client.read_to_end(&mut all).await; // closed or reset, at once
        assert_eq!(all, Vec::<u8>::new(), "{bytes:?}");
    };
    check(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    check(&frame(0x10, &[0; 320])).await;
    check(&[1, 0xff, 0xff]).await;
    check(&frame(0, &[])).await;
    // and after the greeting
    let (mut client, mut leg, _) = connect(&listener).await;
    client.write_all(&[0x77, 0, 0]).await.unwrap();
    assert_eq!(event(&mut *leg).await, LegEvent::Hangup(HangupCause::NotAcceptable));
    // a peer that goes without a word
    let (client, mut leg, _) = connect(&listener).await;
    drop(client);
    assert_eq!(event(&mut *leg).await, LegEvent::Hangup(HangupCause::CallerHungUp));
}

#[tokio::test]
async fn strangers_and_the_silent_do_not_stop_the_others() {
    let any_port = ([127, 0, 0, 1], 0).into();
    let nobody = Cidr::try_from("192.0.2.0/24".to_string()).unwrap();
    let closed = AudioSocketListener::bind(any_port, vec![nobody]).await.unwrap();
    let mut client = TcpStream::connect(closed.local_addr()).await.unwrap();
    let mut all = Vec::new();
    let _ = client.read_to_end(&mut all).await; // closed or reset, at once
    assert_eq!(all, Vec::<u8>::new());

    let listener = listener().await;
    let started = std::time::Instant::now();
    let mut slow = TcpStream::connect(listener.local_addr()).await.unwrap();
    slow.write_all(&[1, 0, 16, b'x']).await.unwrap();
    let (_client, mut leg, _) = connect(&listener).await;
    assert!(started.elapsed().as_secs() < 4, "the silent one held up the next");
    let frame = leg.exchange(&AudioFrame::SILENCE, &mut Vec::new());
    assert_eq!(frame, AudioFrame::SILENCE);
    let _ = slow.read_to_end(&mut all).await;
    assert!((4..20).contains(&started.elapsed().as_secs()), "closed after about 5 s");
}
