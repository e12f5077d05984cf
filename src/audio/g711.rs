//! G.711: the two companding laws of the telephone network (ITU-T G.711, 1988).

use crate::audio::{AudioFrame, FRAME_SAMPLES};

// Added before the logarithm so that every magnitude has a segment (G.711 table 2a, x 4).
const MULAW_BIAS: i32 = 0x84;
const MULAW_CLIP: i32 = 32_635;

/// One sample to mu-law (G.711 table 2).
pub const fn encode_mulaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let mut magnitude = sample as i32;
    if magnitude < 0 {
        magnitude = -magnitude;
    }
    if magnitude > MULAW_CLIP {
        magnitude = MULAW_CLIP;
    }
    magnitude += MULAW_BIAS;
    // 132..=32767: the highest set bit is 7..=14
    let segment = 24 - magnitude.leading_zeros() as i32;
    let step = (magnitude >> (segment + 3)) & 0x0f;
    !(sign | (segment << 4) | step) as u8
}

/// One mu-law octet to a sample (G.711 table 2).
pub const fn decode_mulaw(octet: u8) -> i16 {
    MULAW[octet as usize]
}

/// One sample to A-law (G.711 table 1).
pub const fn encode_alaw(sample: i16) -> u8 {
    // negative samples are taken by ones' complement, so that 0 and -1 fall on either side
    let (sign, magnitude) =
        if sample < 0 { (0, !(sample as i32) >> 3) } else { (0x80, sample as i32 >> 3) };
    let code = if magnitude < 32 {
        magnitude >> 1
    } else {
        // 32..=4095: the highest set bit is 5..=11
        let segment = 27 - magnitude.leading_zeros() as i32;
        (segment << 4) | ((magnitude >> segment) & 0x0f)
    };
    // every other bit is inverted for the line's sake
    ((sign | code) ^ 0x55) as u8
}

/// One A-law octet to a sample (G.711 table 1).
pub const fn decode_alaw(octet: u8) -> i16 {
    ALAW[octet as usize]
}

static MULAW: [i16; 256] = mulaw_table();
static ALAW: [i16; 256] = alaw_table();

const fn mulaw_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        let code = !octet & 0xff;
        let step = (code & 0x0f) as i32;
        let magnitude = (((step << 3) + MULAW_BIAS) << ((code & 0x70) >> 4)) - MULAW_BIAS;
        table[octet] = if code & 0x80 != 0 { -magnitude } else { magnitude } as i16;
        octet += 1;
    }
    table
}

const fn alaw_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        let code = octet ^ 0x55;
        let step = (code & 0x0f) as i32;
        let segment = (code & 0x70) >> 4;
        let magnitude = match segment {
            0 => (step << 4) + 8,
            _ => ((step << 4) + 0x108) << (segment - 1),
        };
        table[octet] = if code & 0x80 != 0 { magnitude } else { -magnitude } as i16;
        octet += 1;
    }
    table
}

/// Which of the two laws a stream uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum G711 {
    /// mu-law: North America, Japan and most softphones.
    Pcmu,
    /// A-law: everywhere else.
    Pcma,
}

impl G711 {
    /// The static RTP payload type (RFC 3551 table 4).
    pub fn payload_type(self) -> u8 {
        match self {
            G711::Pcmu => 0,
            G711::Pcma => 8,
        }
    }

    /// The law of a static RTP payload type; `None` when it is neither.
    pub fn from_payload_type(payload_type: u8) -> Option<G711> {
        match payload_type {
            0 => Some(G711::Pcmu),
            8 => Some(G711::Pcma),
            _ => None,
        }
    }

    /// The name in SDP's `a=rtpmap` (RFC 3551 section 4.5.14).
    pub fn encoding_name(self) -> &'static str {
        match self {
            G711::Pcmu => "PCMU",
            G711::Pcma => "PCMA",
        }
    }

    /// One octet to a sample.
    pub fn decode(self, octet: u8) -> i16 {
        match self {
            G711::Pcmu => decode_mulaw(octet),
            G711::Pcma => decode_alaw(octet),
        }
    }

    /// One sample to an octet.
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            G711::Pcmu => encode_mulaw(sample),
            G711::Pcma => encode_alaw(sample),
        }
    }

    /// Decodes as many octets as fit into `samples`; returns how many.
    pub fn decode_into(self, octets: &[u8], samples: &mut [i16]) -> usize {
        let table = match self {
            G711::Pcmu => &MULAW,
            G711::Pcma => &ALAW,
        };
        for (sample, &octet) in samples.iter_mut().zip(octets) {
            *sample = table[usize::from(octet)];
        }
        octets.len().min(samples.len())
    }

    /// Encodes one frame, 160 octets.
    pub fn encode_frame(self, frame: &AudioFrame) -> [u8; FRAME_SAMPLES] {
        match self {
            G711::Pcmu => frame.0.map(encode_mulaw),
            G711::Pcma => frame.0.map(encode_alaw),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // G.711 tables 1a-2b: decision and quantised values, scaled to 16 bits
        let check = |law: G711, octet: u8, sample: i16| {
            assert_eq!(law.decode(octet), sample, "{law:?} {octet:#04x}");
        };
        check(G711::Pcmu, 0xff, 0);
        check(G711::Pcmu, 0x7f, 0);
        check(G711::Pcmu, 0xfe, 8);
        check(G711::Pcmu, 0x80, 32_124);
        check(G711::Pcmu, 0x00, -32_124);
        check(G711::Pcmu, 0xf0, 120);
        check(G711::Pcmu, 0xef, 132);
        check(G711::Pcma, 0xd5, 8);
        check(G711::Pcma, 0x55, -8);
        check(G711::Pcma, 0xaa, 32_256);
        check(G711::Pcma, 0x2a, -32_256);
        check(G711::Pcma, 0xc5, 264);
        check(G711::Pcma, 0xf5, 528);
    }

    #[test]
    fn known_octets() {
        for (sample, mulaw, alaw) in [
            (0, 0xff, 0xd5),
            (-1, 0x7f, 0x55),
            (i16::MAX, 0x80, 0xaa),
            (i16::MIN, 0x00, 0x2a),
            (1_000, 0xce, 0xfa),
            (-1_000, 0x4e, 0x7a),
        ] {
            assert_eq!(encode_mulaw(sample), mulaw, "mu {sample}");
            assert_eq!(encode_alaw(sample), alaw, "A {sample}");
        }
    }

    #[test]
    fn every_octet_comes_back() {
        for octet in 0..=255u8 {
            assert_eq!(encode_alaw(decode_alaw(octet)), octet);
            // mu-law has two zeros; the negative one is sent as the positive
            let want = if octet == 0x7f { 0xff } else { octet };
            assert_eq!(encode_mulaw(decode_mulaw(octet)), want);
        }
    }

    #[test]
    fn segments_begin_where_the_tables_say() {
        // decision values between segments: table 2a in 1/8159 (x 4), table 1a in 1/4096 (x 8)
        for (i, value) in [31, 95, 223, 479, 991, 2015, 4063].into_iter().enumerate() {
            let (at, below) = (0xef - 0x10 * i as u8, 0xf0 - 0x10 * i as u8);
            assert_eq!((encode_mulaw(4 * value), encode_mulaw(4 * value - 1)), (at, below));
        }
        for (i, value) in [32, 64, 128, 256, 512, 1024, 2048].into_iter().enumerate() {
            let code = |sample| encode_alaw(sample) ^ 0x55;
            let (at, below) = (0x90 + 0x10 * i as u8, 0x8f + 0x10 * i as u8);
            assert_eq!((code(8 * value), code(8 * value - 1)), (at, below), "{value}");
        }
    }

    #[test]
    fn every_sample_lands_beside_itself() {
        for law in [G711::Pcmu, G711::Pcma] {
            let mut values: Vec<i32> = (0..=255).map(|o| i32::from(law.decode(o))).collect();
            values.sort_unstable();
            for sample in i32::from(i16::MIN)..=i32::from(i16::MAX) {
                let got = i32::from(law.decode(law.encode(sample as i16)));
                let at = values.partition_point(|&v| v < sample).clamp(2, 254);
                // at a segment's end the wider of two steps counts; the outermost steps are open
                let step = values[at - 2..=at + 1].windows(2).map(|w| w[1] - w[0]).max();
                let off = (got - sample).abs();
                let right = off <= step.unwrap_or(0) / 2 || sample.abs() > 32_000;
                assert!(right, "{law:?} {sample}: off by {off}");
            }
        }
    }

    #[test]
    fn order_is_kept() {
        for law in [G711::Pcmu, G711::Pcma] {
            let mut last = i16::MIN;
            for sample in i16::MIN..=i16::MAX {
                let value = law.decode(law.encode(sample));
                assert!(value >= last, "{law:?} {sample}");
                last = value;
            }
        }
    }

    #[test]
    fn frames() {
        let mut frame = AudioFrame::SILENCE;
        for (i, sample) in frame.0.iter_mut().enumerate() {
            *sample = (i as i16 - 80) * 400;
        }
        for law in [G711::Pcmu, G711::Pcma] {
            let octets = law.encode_frame(&frame);
            let mut back = [0; FRAME_SAMPLES];
            assert_eq!(law.decode_into(&octets, &mut back), FRAME_SAMPLES);
            assert!(back.iter().zip(&frame.0).all(|(b, f)| *b == law.decode(law.encode(*f))));
            assert_eq!(law.decode_into(&octets, &mut back[..7]), 7);
            assert_eq!(G711::from_payload_type(law.payload_type()), Some(law));
        }
        assert_eq!(G711::from_payload_type(13), None);
    }
}
