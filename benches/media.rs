//! What 20 ms of one call cost, part by part: sound in and out, the voice detector, the call's own
//! machine, the recogniser's front end. Each time is for one frame; a core has 20 ms for the frames
//! of all calls together.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use spillway::audio::g711::G711;
use spillway::audio::resample::Resampler;
use spillway::audio::{AudioFrame, FRAME_SAMPLES};
use spillway::call::{Call, CallerFacts, HangupCause, Input, Output};
use spillway::config::{Config, PortRange, load_hotline, today};
use spillway::dialogue::Form;
use spillway::engine::ctc::Fbank;
use spillway::leg::{
    Direction, Leg, LegControl, LegSignal, RtpLeg, RtpParams, RtpSocket, SIGNALS_MAX,
};
use spillway::rtp::{JitterBuffer, RTP_HEADER_BYTES, RtpHeader, RtpPacket};
use spillway::speech::VoiceActivity;
use spillway::ticket::CallId;
use spillway::time::CallTime;
use std::f32::consts::TAU;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use tokio::sync::mpsc;

/// 400 ms: what the recogniser's model takes at once.
const CHUNK_FRAMES: usize = 20;
const PORTS: PortRange = PortRange { first: 31_100, last: 31_199 };

/// A voice's fundamental with overtones, swelling: the voice detector hears speech in it.
fn voiced(nth: usize) -> AudioFrame {
    let sample = |i: usize| {
        let t = (nth * FRAME_SAMPLES + i) as f32 / 8_000.0;
        let wave = |hz: f32| (t * hz * TAU).sin();
        let swell = 0.6 + 0.4 * (t * 5.0 * TAU).sin();
        (swell * (4_000.0 * wave(180.0) + 3_000.0 * wave(720.0))) as i16
    };
    AudioFrame(std::array::from_fn(sample))
}

fn header(sequence: u16) -> RtpHeader {
    let timestamp = u32::from(sequence) * FRAME_SAMPLES as u32;
    RtpHeader { marker: false, payload_type: 0, sequence, timestamp, ssrc: 7 }
}

fn sound(c: &mut Criterion) {
    let frame = voiced(3);
    let octets = G711::Pcmu.encode_frame(&frame);
    c.bench_function("G.711 encode", |b| b.iter(|| G711::Pcmu.encode_frame(black_box(&frame))));
    c.bench_function("G.711 decode", |b| {
        let mut samples = [0; FRAME_SAMPLES];
        b.iter(|| G711::Pcmu.decode_into(black_box(&octets), &mut samples));
    });
    c.bench_function("RTP write and parse", |b| {
        let mut datagram = [0; RTP_HEADER_BYTES + FRAME_SAMPLES];
        b.iter(|| {
            let packet = RtpPacket { header: header(9), payload: black_box(&octets) };
            packet.write(&mut datagram);
            RtpPacket::parse(&datagram).is_ok()
        });
    });
    c.bench_function("jitter buffer", |b| {
        let (mut jitter, mut sequence) = (JitterBuffer::new(), 0u16);
        b.iter(|| {
            sequence = sequence.wrapping_add(1);
            jitter.insert(&header(sequence), G711::Pcmu, black_box(&octets));
            jitter.pop()
        });
    });
}

/// The signalling of a leg that has none.
struct Nobody;

impl LegControl for Nobody {
    fn hang_up(&mut self, _: HangupCause) {}

    fn transfer(&mut self, _: &str) -> bool {
        false
    }
}

fn leg(socket: RtpSocket, remote: std::net::SocketAddr) -> (RtpLeg, mpsc::Sender<LegSignal>) {
    let (signals, signalled) = mpsc::channel(SIGNALS_MAX);
    signals.try_send(LegSignal::Confirmed).expect("room");
    let params = RtpParams {
        remote,
        law: G711::Pcmu,
        dtmf_payload: Some(101),
        direction: Direction::SendRecv,
    };
    let leg = RtpLeg::new(socket, params, Vec::new(), 60, signalled, Box::new(Nobody));
    (leg, signals)
}

/// Both ends of a call over the loopback: two frames sent, two received, sockets and all.
fn legs(c: &mut Criterion) {
    let ip: IpAddr = Ipv4Addr::LOCALHOST.into();
    let [near, far] = [(); 2].map(|()| RtpSocket::bind(ip, PORTS).expect("ports"));
    let (near_addr, far_addr) = (near.local_addr(), far.local_addr());
    let (mut near, _near_signals) = leg(near, far_addr);
    let (mut far, _far_signals) = leg(far, near_addr);
    let (frame, mut events) = (voiced(3), Vec::new());
    c.bench_function("RTP leg, both ends, with sockets", |b| {
        b.iter(|| {
            near.exchange(&frame, &mut events);
            far.exchange(&frame, &mut events);
        });
    });
    assert!(near.stats().received > 0, "nothing came through");
}

fn speech(c: &mut Criterion) {
    let frames: Vec<AudioFrame> = (0..50).map(voiced).collect();
    c.bench_function("voice detector", |b| {
        let (mut voice, mut nth) = (VoiceActivity::new(), 0);
        b.iter(|| {
            nth = (nth + 1) % frames.len();
            voice.is_voiced(&frames[nth])
        });
    });
    let samples: Vec<f32> = frames[0].samples().iter().map(|&s| f32::from(s)).collect();
    c.bench_function("8 to 16 kHz", |b| {
        let mut up = Resampler::new(8_000, 16_000).expect("rates");
        let mut wide = Vec::new();
        b.iter(|| {
            wide.clear();
            up.push(black_box(&samples), &mut wide);
        });
    });
    let chunk: Vec<f32> = (0..CHUNK_FRAMES * 320).map(|i| (i % 97) as f32 * 50.0).collect();
    let mut group = c.benchmark_group("front end");
    group.throughput(Throughput::Elements(CHUNK_FRAMES as u64));
    group.bench_function("mel features of 20 frames", |b| {
        let mut fbank = Fbank::new();
        let new = || (chunk.clone(), Vec::new());
        b.iter_batched_ref(
            new,
            |(samples, features)| fbank.drain(samples, features),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// A call that asks for consent, told that nothing is said.
fn machine(c: &mut Criterion) {
    let hotline = load_hotline(&Config::default(), "demo-en", &today()).expect("a hotline");
    let facts = CallerFacts {
        call_id: CallId("bench".into()),
        caller_id: "+14155550132".into(),
        called: String::new(),
        entrance: "sip".into(),
        headers: Vec::new(),
        answered_unix_ms: 0,
        form: Form::Full,
    };
    let mut call = Call::new(hotline.hotline.clone(), facts);
    let mut now = CallTime(0);
    call.handle(now, Input::Answered);
    c.bench_function("call machine, a quiet frame", |b| {
        b.iter(|| {
            now = now + u64::from(now.as_ms() < 1_000) * 20;
            call.handle(now, Input::Audio(AudioFrame::SILENCE));
            while !matches!(call.poll(), Output::Timeout(_)) {}
        });
    });
}

criterion_group!(media, sound, legs, speech, machine);
criterion_main!(media);
