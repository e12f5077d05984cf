//! A network that loses and delays packets, and the receiver behind it: the same jitter buffer and
//! concealment as in a live call.

use super::Impairment;
use crate::audio::g711::G711;
use crate::audio::{AudioFrame, FRAME_MS, FRAME_SAMPLES};
use crate::rtp::{Inserted, JitterBuffer, RtpHeader};
use rand::Rng;
use rand::rngs::StdRng;

/// What a network did to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NetworkStats {
    /// Packets sent, one for each frame.
    pub sent: u64,
    /// Packets that never came.
    pub lost: u64,
    /// Packets that came after their time: they are concealed as the lost ones are.
    pub late: u64,
}

/// One call's packets on their way.
pub(super) struct Network {
    chance: StdRng,
    losses: Losses,
    jitter_ms: f32,
    codec: Option<G711>,
    /// What the next packet carries in its header.
    header: RtpHeader,
    now_ms: f64,
    /// Packets on their way with the time they come, bounded by the longest delay.
    travelling: Vec<(f64, RtpHeader, AudioFrame)>,
    buffer: JitterBuffer,
    stats: NetworkStats,
}

/// Gilbert's channel (1960): a good state, and a bad one in which packets get lost.
struct Losses {
    bad: bool,
    /// From good to bad, and from bad to bad, with each packet.
    worsens: f32,
    stays: f32,
}

impl Losses {
    fn new(impairment: &Impairment, chance: &mut StdRng) -> Losses {
        let loss = impairment.loss_percent / 100.0;
        let bad = chance.random::<f32>() < loss;
        match impairment.burst_packets {
            // Without memory.
            None => Losses { bad, worsens: loss, stays: loss },
            Some(burst) => {
                Losses { bad, worsens: loss / (1.0 - loss) / burst, stays: 1.0 - 1.0 / burst }
            }
        }
    }

    fn takes_next(&mut self, chance: &mut StdRng) -> bool {
        let lost = self.bad;
        self.bad = chance.random::<f32>() < if lost { self.stays } else { self.worsens };
        lost
    }
}

impl Network {
    pub(super) fn new(impairment: &Impairment, mut chance: StdRng) -> Network {
        let header = RtpHeader {
            marker: true,
            payload_type: impairment.codec.map_or(0, G711::payload_type),
            sequence: chance.random(),
            timestamp: chance.random(),
            ssrc: chance.random(),
        };
        Network {
            losses: Losses::new(impairment, &mut chance),
            chance,
            jitter_ms: impairment.jitter_ms,
            codec: impairment.codec,
            header,
            now_ms: 0.0,
            travelling: Vec::new(),
            buffer: JitterBuffer::new(),
            stats: NetworkStats::default(),
        }
    }

    pub(super) fn stats(&self) -> NetworkStats {
        NetworkStats { late: self.buffer.late(), ..self.stats }
    }

    /// Sends one frame and gives what is heard meanwhile.
    pub(super) fn exchange(&mut self, frame: &AudioFrame) -> AudioFrame {
        self.send(frame);
        // In the order they come; of those that come together, in the order they were sent.
        self.travelling.sort_by(|(a, ..), (b, ..)| a.total_cmp(b));
        let come = self.travelling.partition_point(|(at, ..)| *at <= self.now_ms);
        for (_, header, frame) in self.travelling.drain(..come) {
            let _: Inserted = match self.codec {
                Some(law) => self.buffer.insert(&header, law, &law.encode_frame(&frame)),
                None => self.buffer.insert_samples(&header, frame.samples()),
            };
        }
        self.now_ms += FRAME_MS as f64;
        self.buffer.pop()
    }

    fn send(&mut self, frame: &AudioFrame) {
        self.stats.sent += 1;
        // Drawn for lost packets as well: more loss leaves the others' delays as they are.
        let delay_ms = 2.0 * self.jitter_ms * self.chance.random::<f32>();
        match self.losses.takes_next(&mut self.chance) {
            true => self.stats.lost += 1,
            false => {
                self.travelling.push((self.now_ms + f64::from(delay_ms), self.header, *frame));
            }
        }
        self.header.marker = false;
        self.header.sequence = self.header.sequence.wrapping_add(1);
        self.header.timestamp = self.header.timestamp.wrapping_add(FRAME_SAMPLES as u32);
    }
}
