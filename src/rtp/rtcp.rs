//! RTCP (RFC 3550 section 6): the reports of one stream each way.

const VERSION: u8 = 2 << 6;
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
/// The longest compound packet [`RtcpReport::write`] makes.
pub const RTCP_BYTES_MAX: usize = 128;
/// Octets of a CNAME at most, so that every report fits [`RTCP_BYTES_MAX`].
const CNAME_BYTES_MAX: usize = 40;

/// What one compound packet says.
#[derive(Debug, Clone, Copy)]
pub struct RtcpReport<'a> {
    /// Whose report it is.
    pub ssrc: u32,
    /// What was sent; `None` when nothing was since the last report but one.
    pub sender: Option<SenderInfo>,
    /// What was heard of the far end's stream.
    pub reception: Option<ReceptionReport>,
    /// A random name of this end (RFC 7022), at most 40 octets.
    pub cname: &'a str,
    /// This end leaves.
    pub bye: bool,
}

/// The sender's part (section 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderInfo {
    /// Milliseconds since this end began: section 6.4.1 allows elapsed time where there is no wall
    /// clock.
    pub elapsed_ms: u64,
    /// The same instant on the RTP clock.
    pub timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload octets sent.
    pub octets: u32,
}

/// The receiver's part (section 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceptionReport {
    /// Whose stream.
    pub ssrc: u32,
    /// In 1/256, since the last report.
    pub fraction_lost: u8,
    /// Since the beginning.
    pub lost: u32,
    /// Extended highest sequence number.
    pub highest: u32,
    /// Interarrival jitter, samples.
    pub jitter: u32,
    /// The middle 32 bits of the last sender report's NTP time, 0 when there was none.
    pub last_report: u32,
    /// How long ago that was, in 1/65536 s.
    pub since_last_report: u32,
}

impl RtcpReport<'_> {
    /// Writes the compound packet; its length.
    pub fn write(&self, out: &mut [u8; RTCP_BYTES_MAX]) -> usize {
        let mut w = Writer { out, at: 0 };
        let start = w.begin(
            if self.sender.is_some() { SENDER_REPORT } else { RECEIVER_REPORT },
            u8::from(self.reception.is_some()),
        );
        w.word(self.ssrc);
        if let Some(s) = self.sender {
            w.word((s.elapsed_ms / 1000) as u32);
            w.word((((s.elapsed_ms % 1000) << 32) / 1000) as u32);
            w.word(s.timestamp);
            w.word(s.packets);
            w.word(s.octets);
        }
        if let Some(r) = self.reception {
            w.word(r.ssrc);
            // 24 bits, signed (section 6.4.1)
            w.word(u32::from(r.fraction_lost) << 24 | r.lost.min(0x7f_ffff));
            w.word(r.highest);
            w.word(r.jitter);
            w.word(r.last_report);
            w.word(r.since_last_report);
        }
        w.end(start);
        let start = w.begin(SOURCE_DESCRIPTION, 1);
        w.word(self.ssrc);
        let cname = &self.cname.as_bytes()[..self.cname.len().min(CNAME_BYTES_MAX)];
        w.octets(&[1, cname.len() as u8]);
        w.octets(cname);
        // the chunk ends with at least one null octet, at a word's end
        let nulls = 4 - w.at % 4;
        w.octets(&[0; 4][..nulls]);
        w.end(start);
        if self.bye {
            let start = w.begin(BYE, 1);
            w.word(self.ssrc);
            w.end(start);
        }
        w.at
    }
}

struct Writer<'a> {
    out: &'a mut [u8; RTCP_BYTES_MAX],
    at: usize,
}

impl Writer<'_> {
    fn octets(&mut self, octets: &[u8]) {
        self.out[self.at..self.at + octets.len()].copy_from_slice(octets);
        self.at += octets.len();
    }

    fn word(&mut self, word: u32) {
        self.octets(&word.to_be_bytes());
    }

    fn begin(&mut self, packet_type: u8, count: u8) -> usize {
        let start = self.at;
        self.octets(&[VERSION | count, packet_type, 0, 0]);
        start
    }

    fn end(&mut self, start: usize) {
        let words = ((self.at - start) / 4 - 1) as u16;
        self.out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
    }
}

/// What we use of a received compound packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtcpReceived {
    /// Whose report it is.
    pub ssrc: u32,
    /// The middle 32 bits of the NTP time, when it is a sender report.
    pub report_time: Option<u32>,
}

impl RtcpReceived {
    /// Reads one datagram; `None` when it is no compound RTCP packet (RFC 3550 A.2).
    pub fn parse(bytes: &[u8]) -> Option<RtcpReceived> {
        let mut first = None;
        let mut rest = bytes;
        while !rest.is_empty() {
            let (&[flags, packet_type, high, low], _) = rest.split_first_chunk::<4>()?;
            let length = 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
            let (packet, after) = rest.split_at_checked(length)?;
            let padded = flags & 0x20 != 0;
            if flags & 0xc0 != VERSION || !(192..=223).contains(&packet_type) {
                return None;
            }
            // padding belongs to the last packet of a compound only
            if padded && !after.is_empty() {
                return None;
            }
            if first.is_none() {
                first = Some(RtcpReceived::from_report(packet_type, packet)?);
            }
            rest = after;
        }
        first
    }

    fn from_report(packet_type: u8, packet: &[u8]) -> Option<RtcpReceived> {
        let word = |at: usize| {
            packet.get(at..at + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
        };
        let ssrc = word(4)?;
        match packet_type {
            SENDER_REPORT => {
                let (seconds, fraction) = (word(8)?, word(12)?);
                let report_time = Some(seconds << 16 | fraction >> 16);
                Some(RtcpReceived { ssrc, report_time })
            }
            RECEIVER_REPORT => Some(RtcpReceived { ssrc, report_time: None }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn report(sender: bool, reception: bool, cname: &str, bye: bool) -> RtcpReport<'_> {
        RtcpReport {
            ssrc: 0x0102_0304,
            sender: sender.then_some(SenderInfo {
                elapsed_ms: 2_500,
                timestamp: 20_000,
                packets: 125,
                octets: 20_000,
            }),
            reception: reception.then_some(ReceptionReport {
                ssrc: 7,
                fraction_lost: 64,
                lost: 3,
                highest: 99,
                jitter: 80,
                last_report: 5,
                since_last_report: 6,
            }),
            cname,
            bye,
        }
    }

    #[test]
    fn written_is_read() {
        for cname in ["", "a", "ab", "abc", "abcd", &"x".repeat(99)] {
            for (sender, reception, bye) in [
                (true, true, true),
                (true, false, false),
                (false, true, false),
                (false, false, true),
            ] {
                let mut out = [0; RTCP_BYTES_MAX];
                let n = report(sender, reception, cname, bye).write(&mut out);
                assert_eq!(n % 4, 0);
                let read = RtcpReceived::parse(&out[..n]).expect("our own report");
                let time = sender.then_some(2 << 16 | 0x8000);
                assert_eq!(read, RtcpReceived { ssrc: 0x0102_0304, report_time: time });
            }
        }
    }

    #[test]
    fn octets() {
        let mut out = [0; RTCP_BYTES_MAX];
        let n = report(false, true, "ab", true).write(&mut out);
        let want: [&[u8]; 6] = [
            &[0x81, 201, 0, 7, 1, 2, 3, 4, 0, 0, 0, 7, 64, 0, 0, 3, 0, 0, 0, 99],
            &[0, 0, 0, 80, 0, 0, 0, 5, 0, 0, 0, 6],
            &[0x81, 202, 0, 3, 1, 2, 3, 4],
            &[1, 2, b'a', b'b', 0, 0, 0, 0],
            &[0x81, 203, 0, 1],
            &[1, 2, 3, 4],
        ];
        assert_eq!(out[..n], want.concat());
    }

    #[test]
    fn refuses() {
        let check = |bytes: &[u8]| assert_eq!(RtcpReceived::parse(bytes), None, "{bytes:?}");
        check(&[]);
        check(&[0x80, 201, 0]);
        check(&[0x80, 201, 0, 2, 1, 2, 3, 4]);
        check(&[0x80, 201, 0, 0]);
        check(&[0x40, 201, 0, 1, 1, 2, 3, 4]);
        // a source description or an RTP packet comes first
        check(&[0x81, 202, 0, 1, 1, 2, 3, 4]);
        check(&[0x80, 0, 0, 1, 1, 2, 3, 4]);
        check(&[0xa0, 201, 0, 1, 1, 2, 3, 4, 0x81, 203, 0, 1, 1, 2, 3, 4]);
    }

    proptest! {
        #[test]
        fn no_octets_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = RtcpReceived::parse(&bytes);
        }

        #[test]
        fn nearly_right_octets_do_not_panic(
            flags in 0x80u8..=0xbf, packet_type in 198u8..206, words: u16,
            rest in proptest::collection::vec(any::<u8>(), 0..60),
        ) {
            let [high, low] = (words % 20).to_be_bytes();
            let _ = RtcpReceived::parse(&[&[flags, packet_type, high, low][..], &rest].concat());
        }
    }
}
