//! The RTP packet (RFC 3550 section 5.1).

/// Octets of a header without CSRCs or extension.
pub const RTP_HEADER_BYTES: usize = 12;

/// The fixed fields of an RTP packet that a receiver uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpHeader {
    /// For audio: the first packet of a talkspurt.
    pub marker: bool,
    /// 0..=127.
    pub payload_type: u8,
    /// Counts packets, wraps.
    pub sequence: u16,
    /// Counts samples at the payload's clock (8 kHz here), wraps.
    pub timestamp: u32,
    /// Whose stream it is.
    pub ssrc: u32,
}

/// An RTP packet; the payload stays in the buffer it was received in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpPacket<'a> {
    /// The fixed fields.
    pub header: RtpHeader,
    /// What is left without CSRCs, extension and padding.
    pub payload: &'a [u8],
}

/// Why octets are no RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RtpError {
    /// Fewer octets than the header announces.
    #[error("shorter than its header says")]
    Truncated,
    /// The version is not 2.
    #[error("not RTP version 2")]
    Version,
    /// The padding count is 0 or reaches into the header.
    #[error("impossible padding")]
    Padding,
}

impl<'a> RtpPacket<'a> {
    /// Reads one datagram.
    pub fn parse(bytes: &'a [u8]) -> Result<RtpPacket<'a>, RtpError> {
        let (fixed, mut rest) =
            bytes.split_first_chunk::<RTP_HEADER_BYTES>().ok_or(RtpError::Truncated)?;
        if fixed[0] >> 6 != 2 {
            return Err(RtpError::Version);
        }
        let csrcs = 4 * usize::from(fixed[0] & 0x0f);
        rest = rest.get(csrcs..).ok_or(RtpError::Truncated)?;
        if fixed[0] & 0x10 != 0 {
            let (extension, after) = rest.split_first_chunk::<4>().ok_or(RtpError::Truncated)?;
            let words = usize::from(u16::from_be_bytes([extension[2], extension[3]]));
            rest = after.get(4 * words..).ok_or(RtpError::Truncated)?;
        }
        if fixed[0] & 0x20 != 0 {
            let padding = usize::from(*rest.last().ok_or(RtpError::Padding)?);
            let end = rest.len().checked_sub(padding).ok_or(RtpError::Padding)?;
            if padding == 0 {
                return Err(RtpError::Padding);
            }
            rest = &rest[..end];
        }
        let header = RtpHeader {
            marker: fixed[1] & 0x80 != 0,
            payload_type: fixed[1] & 0x7f,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        };
        Ok(RtpPacket { header, payload: rest })
    }

    /// Writes it to the front of `out`; the datagram's length, or `None` when it does not fit.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let length = RTP_HEADER_BYTES + self.payload.len();
        let out = out.get_mut(..length)?;
        let h = &self.header;
        out[0] = 2 << 6;
        out[1] = u8::from(h.marker) << 7 | (h.payload_type & 0x7f);
        out[2..4].copy_from_slice(&h.sequence.to_be_bytes());
        out[4..8].copy_from_slice(&h.timestamp.to_be_bytes());
        out[8..12].copy_from_slice(&h.ssrc.to_be_bytes());
        out[12..].copy_from_slice(self.payload);
        Some(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIXED: [u8; 12] = [0x80, 0x00, 0x12, 0x34, 0, 0, 1, 0x40, 0xde, 0xad, 0xbe, 0xef];

    fn packet(first: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = FIXED.to_vec();
        bytes[0] = first;
        bytes.extend_from_slice(rest);
        bytes
    }

    #[test]
    fn payloads() {
        let check = |first: u8, rest: &[u8], want: Result<&[u8], RtpError>| {
            let bytes = packet(first, rest);
            assert_eq!(RtpPacket::parse(&bytes).map(|p| p.payload), want, "{first:#x} {rest:?}");
        };
        check(0x80, &[7, 8], Ok(&[7, 8]));
        check(0x80, &[], Ok(&[]));
        check(0x81, &[1, 1, 1, 1, 7], Ok(&[7]));
        check(0x82, &[1, 1, 1, 1, 7], Err(RtpError::Truncated));
        check(0x90, &[0xbe, 0xde, 0, 1, 9, 9, 9, 9, 7], Ok(&[7]));
        check(0x90, &[0xbe, 0xde, 0, 2, 9, 9, 9, 9, 7], Err(RtpError::Truncated));
        check(0x90, &[0xbe, 0xde, 0], Err(RtpError::Truncated));
        check(0xa0, &[7, 0, 0, 3], Ok(&[7]));
        check(0xa0, &[7, 0, 0, 0], Err(RtpError::Padding));
        check(0xa0, &[7, 0, 0, 5], Err(RtpError::Padding));
        check(0xa0, &[], Err(RtpError::Padding));
        check(0x40, &[7], Err(RtpError::Version));
        assert_eq!(RtpPacket::parse(&FIXED[..11]), Err(RtpError::Truncated));
    }

    #[test]
    fn fields() {
        let bytes = [0x80, 0x88, 0x12, 0x34, 0, 0, 1, 0x40, 0xde, 0xad, 0xbe, 0xef];
        let header = RtpHeader {
            marker: true,
            payload_type: 8,
            sequence: 0x1234,
            timestamp: 320,
            ssrc: 0xdead_beef,
        };
        assert_eq!(RtpPacket::parse(&bytes).unwrap().header, header);
        assert_eq!(RtpPacket { header, payload: &[0; 9] }.write(&mut [0; 20]), None);
    }

    proptest! {
        #[test]
        fn no_octets_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = RtpPacket::parse(&bytes);
        }

        #[test]
        fn hostile_headers_stay_inside(
            first in 0x80u8..=0xbf, rest in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let bytes = packet(first, &rest);
            if let Ok(p) = RtpPacket::parse(&bytes) {
                prop_assert!(p.payload.len() <= rest.len());
            }
        }

        #[test]
        fn written_is_read(
            marker: bool, payload_type in 0u8..128, sequence: u16, timestamp: u32, ssrc: u32,
            payload in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let header = RtpHeader { marker, payload_type, sequence, timestamp, ssrc };
            let mut out = [0; 256];
            let n = RtpPacket { header, payload: &payload }.write(&mut out).unwrap();
            let read = RtpPacket::parse(&out[..n]).unwrap();
            prop_assert_eq!(read, RtpPacket { header, payload: &payload });
        }
    }
}
