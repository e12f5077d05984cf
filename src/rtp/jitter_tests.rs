//! The jitter buffer over a simulated line, in virtual time.

use super::*;
use proptest::prelude::*;

const LAW: G711 = G711::Pcma;

/// A seeded random number in `0..below` (Knuth's MMIX generator).
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// The sender's sound: a tone that tells any two places within a second apart.
fn octet(at: u32) -> u8 {
    let t = at as f32 / 8000.0;
    let sweep = (t * 1000.0 * (1.0 + 0.01 * t)).sin() * 9000.0;
    LAW.encode(sweep as i16)
}

#[derive(Clone, Copy)]
struct Packet {
    arrives_us: u64,
    header: RtpHeader,
    /// Where in the sender's sound it begins.
    at: u32,
    length: u32,
}

fn header(sequence: u16, timestamp: u32) -> RtpHeader {
    RtpHeader { marker: false, payload_type: 8, sequence, timestamp, ssrc: 1 }
}

/// `n` packets of `ptime_ms`, the first timestamp near the wrap.
fn stream(n: u32, ptime_ms: u32) -> Vec<Packet> {
    (0..n)
        .map(|i| Packet {
            arrives_us: u64::from(i * ptime_ms) * 1000 + 3_000,
            header: header((65_500 + i) as u16, (u32::MAX - 5_000).wrapping_add(i * ptime_ms * 8)),
            at: i * ptime_ms * 8,
            length: ptime_ms * 8,
        })
        .collect()
}

struct Heard {
    samples: Vec<i16>,
    buffer: JitterBuffer,
}

fn play(mut packets: Vec<Packet>, ms: u64) -> Heard {
    packets.sort_by_key(|p| p.arrives_us); // stable
    let mut buffer = JitterBuffer::new();
    let mut samples = Vec::new();
    let mut next = packets.iter().peekable();
    for step in 1..=ms / 20 {
        while let Some(p) = next.next_if(|p| p.arrives_us <= step * 20_000) {
            let payload: Vec<u8> = (p.at..p.at + p.length).map(octet).collect();
            buffer.insert(&p.header, LAW, &payload);
        }
        samples.extend_from_slice(&buffer.pop().0);
    }
    Heard { samples, buffer }
}

impl Heard {
    /// How many of the sender's 20 ms blocks were heard whole and unchanged, and the smallest and
    /// largest delay they had, in samples after the sender spoke them.
    fn intact(&self, sound: u32) -> (u32, i64, i64) {
        let (mut count, mut min, mut max) = (0, i64::MAX, i64::MIN);
        let mut from = 0usize;
        for block in (0..sound / 160).map(|b| b * 160) {
            let want: Vec<i16> = (block..block + 160).map(|at| LAW.decode(octet(at))).collect();
            let reach = (block as usize + 4000).min(self.samples.len());
            let found = (from..reach.saturating_sub(159))
                .find(|&at| self.samples[at..at + 160] == want[..]);
            if let Some(at) = found {
                from = at + 160;
                count += 1;
                let delay = at as i64 - i64::from(block);
                (min, max) = (min.min(delay), max.max(delay));
            }
        }
        (count, min, max)
    }
}

#[test]
fn a_clean_line_is_heard_whole_40_ms_later() {
    for ptime_ms in [10, 20, 30, 40, 60] {
        let heard = play(stream(1200 / ptime_ms, ptime_ms), 1400);
        let (count, min, max) = heard.intact(9600);
        // the first block is blended in
        assert!(count >= 59, "{ptime_ms} ms: {count} of 60");
        assert_eq!((min, max), (320, 320), "{ptime_ms} ms");
        let reception = heard.buffer.reception();
        assert_eq!((reception.lost(), heard.buffer.late()), (0, 0));
    }
}

#[test]
fn jitter() {
    // jitter in ms, seed, most blocks not heard whole of 500, most packets late
    for (most_ms, broken_max, late_max) in [(15, 3, 0), (30, 6, 2), (38, 8, 3), (55, 25, 20)] {
        for seed in 1..=5 {
            let mut rng = Seeded(seed);
            let mut packets = stream(500, 20);
            for p in &mut packets {
                p.arrives_us += rng.below(most_ms * 1000);
            }
            let heard = play(packets, 10_200);
            let (count, min, max) = heard.intact(80_000);
            let late = heard.buffer.late();
            assert!(500 - count <= broken_max, "{most_ms} ms, seed {seed}: {count} of 500");
            assert!(late <= late_max, "{most_ms} ms, seed {seed}: {late} late");
            // 40 to 60 ms, plus what the first packet was late itself
            assert!(min >= 320 && max <= 800, "{most_ms} ms, seed {seed}: {min}..{max}");
        }
    }
}

#[test]
fn reordered_and_doubled() {
    let mut packets = stream(300, 20);
    for pair in packets.chunks_exact_mut(2) {
        pair[0].arrives_us += 21_000;
    }
    packets.extend(packets.clone());
    let heard = play(packets, 6_200);
    let reception = heard.buffer.reception();
    assert_eq!((reception.received(), reception.lost(), heard.buffer.late()), (300, 0, 0));
    assert_eq!(reception.duplicated(), 300);
    assert!(reception.reordered() >= 149, "{}", reception.reordered());
    assert!(heard.intact(48_000).0 >= 298);
}

#[test]
fn losses_cost_what_is_lost_and_its_seam() {
    for seed in 1..=5 {
        let mut rng = Seeded(seed);
        let mut packets = stream(1000, 20);
        let (first, last) = (packets[0], packets[999]);
        packets.retain(|_| rng.below(100) >= 5);
        packets.extend([first, last]);
        packets.dedup_by_key(|p| p.header.sequence);
        let sent: std::collections::HashSet<u16> =
            packets.iter().map(|p| p.header.sequence).collect();
        let gone = 1000 - sent.len() as u64;
        let heard = play(packets, 20_200);
        assert_eq!(heard.buffer.reception().lost(), gone, "seed {seed}");
        let (count, min, max) = heard.intact(160_000);
        // a lost block and the one after it, whose beginning is blended
        assert!(u64::from(count) + 2 * gone + 1 >= 1000, "seed {seed}: {count}, {gone} lost");
        assert_eq!((min, max), (320, 320));
    }
}

#[test]
fn a_burst_that_waited_for_us_is_not_heard_late() {
    let mut packets = stream(200, 20);
    for p in &mut packets[..40] {
        p.arrives_us = 800_000; // 0.8 s of sound waited in the socket
    }
    let heard = play(packets, 4_200);
    let (count, _, max) = heard.intact(32_000);
    assert!(max <= 480, "{max}");
    assert!(count >= 158, "{count}");
}

#[test]
fn another_source_and_a_jump() {
    // what happens to the second half of the packets, and how many blocks that may cost
    type Change = fn(&mut Packet);
    let changes: [(&str, Change, u32); 5] = [
        ("ssrc", |p| p.header.ssrc = 2, 4),
        (
            "timestamps ahead",
            |p| p.header.timestamp = p.header.timestamp.wrapping_add(9_999_999),
            5,
        ),
        ("timestamps back", |p| p.header.timestamp = p.header.timestamp.wrapping_sub(9_999_999), 5),
        ("a little back", |p| p.header.timestamp = p.header.timestamp.wrapping_sub(3_000), 7),
        (
            "all anew",
            |p| {
                p.header.sequence = p.header.sequence.wrapping_add(20_000);
                p.header.timestamp = p.header.timestamp.wrapping_add(1 << 31);
            },
            5,
        ),
    ];
    for (what, change, cost) in changes {
        let mut packets = stream(200, 20);
        packets[100..].iter_mut().for_each(change);
        let heard = play(packets, 4_200);
        let (count, _, max) = heard.intact(32_000);
        assert!(count + cost + 1 >= 200, "{what}: {count} of 200");
        assert!(max <= 480, "{what}: {max}");
        assert_eq!(heard.buffer.reception().lost(), 0, "{what}");
    }
}

#[test]
fn talkspurts() {
    // 1 s of speech, 1 s of nothing, five times; the sender's clock runs on or stands still
    for (stands_still, comfort) in [(false, false), (false, true), (true, false)] {
        let mut buffer = JitterBuffer::new();
        let (mut sequence, mut timestamp) = (0u16, 77u32);
        let mut loud = [0u32; 10];
        for step in 0..500u32 {
            let talking = step % 100 < 50;
            if talking {
                let payload: Vec<u8> = (0..160).map(|i| octet(step * 160 + i)).collect();
                let marker = step % 100 == 0;
                buffer.insert(&RtpHeader { marker, ..header(sequence, timestamp) }, LAW, &payload);
                sequence += 1;
            } else if comfort && step % 100 == 50 {
                buffer.insert_rest(&header(sequence, timestamp));
                sequence += 1;
            }
            if talking || !stands_still {
                timestamp += 160;
            }
            let frame = buffer.pop();
            loud[step as usize / 50] += u32::from(crate::audio::level::peak(&frame.0) > 5000);
        }
        for (half, &frames) in loud.iter().enumerate() {
            let what = format!("still {stands_still}, comfort {comfort}, half {half}: {frames}");
            // the delay moves two frames into the silence; without comfort noise it rings longer
            let (least, most) = match (half % 2 == 0, comfort) {
                (true, _) => (48, 50),
                (false, true) => (2, 3),
                (false, false) => (2, 5),
            };
            assert!((least..=most).contains(&frames), "{what}");
        }
        assert_eq!(buffer.reception().lost(), 0);
    }
}

#[test]
fn clocks_that_differ() {
    // ten minutes of a sender that is faster or slower than we are
    for ppm in [-300i64, -50, 50, 300] {
        let mut packets = stream(30_000, 20);
        for (i, p) in packets.iter_mut().enumerate() {
            p.arrives_us = (i as i64 * (20_000 - ppm / 50) + 3_000) as u64;
        }
        let heard = play(packets, 600_000);
        let frames = 30_000;
        let slips = (600_000 * ppm.unsigned_abs() / 1_000_000 / 20) as u32;
        let (count, min, max) = drifting(&heard, ppm);
        assert!(count + 4 * slips + 10 >= frames, "{ppm} ppm: {count}, {slips} slips");
        // a step's sound is heard when it ends, 160 samples after the index it has here
        assert!(min >= -160 && max <= 800, "{ppm} ppm: {min}..{max}");
    }
}

/// Like [`Heard::intact`], with delays counted from when the sender spoke by our clock.
fn drifting(heard: &Heard, ppm: i64) -> (u32, i64, i64) {
    let (mut count, mut min, mut max) = (0, i64::MAX, i64::MIN);
    for block in (0..4_800_000u32 / 160).map(|b| b * 160) {
        let spoken = i64::from(block) - i64::from(block) * ppm / 1_000_000;
        let want: Vec<i16> = (block..block + 160).map(|at| LAW.decode(octet(at))).collect();
        let first = (spoken - 160).max(0) as usize;
        let found = (first..first + 1200)
            .find(|&at| heard.samples.get(at..at + 160).is_some_and(|got| got == &want[..]));
        if let Some(at) = found {
            count += 1;
            (min, max) = (min.min(at as i64 - spoken), max.max(at as i64 - spoken));
        }
    }
    (count, min, max)
}

#[test]
fn the_delay_shrinks_again() {
    let mut packets = stream(1500, 20);
    let mut rng = Seeded(3);
    for p in &mut packets[..300] {
        p.arrives_us += rng.below(58_000);
    }
    let heard = play(packets, 30_200);
    let tail = Heard { samples: heard.samples[160_000..].to_vec(), buffer: heard.buffer };
    let block: Vec<i16> = (200_000..200_160).map(|at| LAW.decode(octet(at))).collect();
    let at = tail.samples.windows(160).position(|w| w == &block[..]).unwrap() + 160_000;
    assert!((320..=480).contains(&(at - 200_000)), "{}", at - 200_000);
}

proptest! {
    #[test]
    fn any_packets(
        packets in proptest::collection::vec(
            (any::<u16>(), any::<u32>(), 0u32..3, any::<bool>(), 0usize..2000, 0u8..3), 0..200,
        ),
    ) {
        let mut buffer = JitterBuffer::new();
        let payload = [0x2a; 2000];
        for (sequence, timestamp, ssrc, marker, length, pops) in packets {
            // near each other as often as far apart
            let near = length % 2 == 0;
            let sequence = if near { sequence % 64 } else { sequence };
            let timestamp = if near { timestamp % 8192 } else { timestamp };
            let header = RtpHeader { marker, payload_type: 8, sequence, timestamp, ssrc };
            if length % 7 == 0 {
                buffer.insert_rest(&header);
            } else {
                buffer.insert(&header, LAW, &payload[..length]);
            }
            for _ in 0..pops {
                buffer.pop();
            }
        }
        let heard = buffer.reception().received();
        prop_assert!(heard <= 200);
    }
}
