//! What became of a stream's packets (RFC 3550 appendix A).

/// A larger step of the sequence number is a new count, not a loss (RFC 3550 A.1).
const DROPOUT_MAX: i16 = 3000;
/// How far back a duplicate is recognised.
const SEEN_BITS: u32 = 128;

/// How a packet stands to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The newest so far.
    Newest,
    /// Older than one that came before.
    Reordered,
    /// Seen before.
    Duplicate,
}

/// Counts of one stream, and what a reception report says of it.
#[derive(Debug, Clone, Default)]
pub struct Reception {
    /// Extended highest sequence number and the first of this count.
    highest: u64,
    base: u64,
    /// Bit `i`: `highest - i` has come.
    seen: u128,
    /// Packets of this count.
    counted: u64,
    /// Of counts that were closed.
    received_before: u64,
    expected_before: u64,
    reordered: u64,
    duplicated: u64,
    last_transit: Option<u32>,
    /// In 1/16 samples.
    jitter_16: u32,
    reported_expected: u64,
    reported_received: u64,
}

impl Reception {
    /// Takes note of a packet's sequence number.
    pub fn arrived(&mut self, sequence: u16) -> Arrival {
        let ahead = sequence.wrapping_sub(self.highest as u16) as i16;
        let fresh = self.counted == 0;
        if fresh || !(-DROPOUT_MAX..=DROPOUT_MAX).contains(&ahead) {
            self.restart(sequence);
            return Arrival::Newest;
        }
        if ahead > 0 {
            self.seen = self.seen.checked_shl(ahead as u32).unwrap_or(0) | 1;
            self.highest += ahead as u64;
            self.counted += 1;
            return Arrival::Newest;
        }
        let back = u32::from(ahead.unsigned_abs());
        let bit = 1u128.checked_shl(back).unwrap_or(0);
        // what is too old to tell counts as seen: it cannot be played any more either
        if back >= SEEN_BITS || self.seen & bit != 0 {
            self.duplicated += 1;
            return Arrival::Duplicate;
        }
        self.seen |= bit;
        self.reordered += 1;
        self.counted += 1;
        self.base = self.base.min(self.highest - u64::from(back));
        Arrival::Reordered
    }

    /// Begins a new count: the sender did (new SSRC, or a jump of the sequence number).
    pub fn restart(&mut self, sequence: u16) {
        self.received_before = self.received();
        self.expected_before = self.expected();
        // room below for packets that arrive before the first one
        self.highest = (1 << 16) | u64::from(sequence);
        self.base = self.highest;
        self.seen = 1;
        self.counted = 1;
        self.last_transit = None;
    }

    /// Takes note of an audio packet's timestamp; `clock` is ours, in the same samples (A.8).
    pub fn timed(&mut self, clock: u32, timestamp: u32) {
        let transit = clock.wrapping_sub(timestamp);
        if let Some(last) = self.last_transit {
            let moved = (transit.wrapping_sub(last) as i32).unsigned_abs();
            // more than a second is the sender's jump, not the network's
            if moved < 8000 {
                self.jitter_16 = (self.jitter_16 + moved) - ((self.jitter_16 + 8) >> 4);
            }
        }
        self.last_transit = Some(transit);
    }

    /// Packets that came, duplicates not counted.
    pub fn received(&self) -> u64 {
        self.received_before + self.counted
    }

    fn expected(&self) -> u64 {
        let now = if self.counted == 0 { 0 } else { self.highest - self.base + 1 };
        self.expected_before + now
    }

    /// Packets that never came (A.3).
    pub fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received())
    }

    /// Packets that came after a later one.
    pub fn reordered(&self) -> u64 {
        self.reordered
    }

    /// Packets that came twice.
    pub fn duplicated(&self) -> u64 {
        self.duplicated
    }

    /// Interarrival jitter, samples.
    pub fn jitter(&self) -> u32 {
        self.jitter_16 >> 4
    }

    /// The extended highest sequence number, as a report carries it.
    pub fn highest(&self) -> u32 {
        (self.highest as u32).wrapping_sub(1 << 16)
    }

    /// The share of packets lost since the last call, in 1/256 (A.3).
    pub fn fraction_lost(&mut self) -> u8 {
        let expected = self.expected() - self.reported_expected;
        let received = self.received() - self.reported_received;
        self.reported_expected = self.expected();
        self.reported_received = self.received();
        let lost = expected.saturating_sub(received);
        (lost * 256).checked_div(expected).map_or(0, |share| share.min(255) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts() {
        let check = |sequences: &[u16], received, lost, reordered, duplicated| {
            let mut r = Reception::default();
            for &s in sequences {
                r.arrived(s);
            }
            let got = (r.received(), r.lost(), r.reordered(), r.duplicated());
            assert_eq!(got, (received, lost, reordered, duplicated), "{sequences:?}");
        };
        check(&[], 0, 0, 0, 0);
        check(&[7], 1, 0, 0, 0);
        check(&[7, 8, 10], 3, 1, 0, 0);
        check(&[7, 9, 8, 10], 4, 0, 1, 0);
        check(&[7, 8, 8, 7, 9], 3, 0, 0, 2);
        check(&[65_534, 65_535, 0, 2], 4, 1, 0, 0);
        check(&[8, 7, 9], 3, 0, 1, 0);
        check(&[0, 65_535, 1], 3, 0, 1, 0);
        // a restarted sender loses nothing
        check(&[1, 2, 4, 30_000, 30_001], 5, 1, 0, 0);
    }

    #[test]
    fn fraction_is_of_the_last_interval() {
        let mut r = Reception::default();
        for s in [0, 1, 2, 4] {
            r.arrived(s);
        }
        assert_eq!(r.fraction_lost(), 51);
        for s in [5, 6] {
            r.arrived(s);
        }
        assert_eq!(r.fraction_lost(), 0);
        assert_eq!(r.fraction_lost(), 0);
        assert_eq!(r.highest(), 6);
    }

    #[test]
    fn jitter_settles_on_the_mean_deviation() {
        let mut r = Reception::default();
        for i in 0..1000u32 {
            let delay = if i % 2 == 0 { 0 } else { 80 };
            r.timed(i * 160 + delay, i * 160);
        }
        assert!((75..=80).contains(&r.jitter()), "{}", r.jitter());
    }

    proptest! {
        #[test]
        fn any_sequences(
            sequences in proptest::collection::vec((any::<u16>(), any::<u32>()), 0..300),
        ) {
            let mut r = Reception::default();
            for (sequence, timestamp) in sequences {
                r.arrived(sequence);
                r.timed(0, timestamp);
                r.fraction_lost();
                r.lost();
            }
        }
    }
}
