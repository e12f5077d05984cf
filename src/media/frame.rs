//! AudioSocket's frames: u8 type, u16 length (big-endian), payload (Asterisk's protocol).

/// The longest payload taken: 20 ms at 192 kHz four times over. The protocol allows 65535 octets,
/// but whoever sends a second of sound at once is no telephone.
pub(super) const PAYLOAD_BYTES_MAX: usize = 32 * 1024;
const HEADER_BYTES: usize = 3;
const BUFFER_BYTES: usize = HEADER_BYTES + PAYLOAD_BYTES_MAX;

/// Type octets.
pub(super) const TYPE_HANGUP: u8 = 0x00;
const TYPE_UUID: u8 = 0x01;
const TYPE_DTMF: u8 = 0x03;
pub(super) const TYPE_AUDIO: u8 = 0x10;
const TYPE_ERROR: u8 = 0xff;

/// The sampling rates of the types from [`TYPE_AUDIO`] on.
const RATES_HZ: [u32; 9] = [8_000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000];

/// One frame from the PBX.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    /// The call is over.
    Hangup,
    /// The call's identity; the first frame.
    Uuid(uuid::Uuid),
    /// A key, as the PBX wrote it.
    Dtmf(u8),
    /// Sound: signed 16-bit little-endian mono.
    Audio {
        /// Samples a second.
        rate_hz: u32,
        /// An even number of octets.
        pcm: &'a [u8],
    },
    /// The PBX has trouble; its code.
    Error(u8),
}

/// Why a peer cannot be understood any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    /// No such type: not an AudioSocket, or a newer one.
    #[error("frame type {0:#04x} is not known; is this peer really an AudioSocket?")]
    Type(u8),
    /// The length does not go with the type.
    #[error("a frame of type {0:#04x} with {1} octets; is this peer really an AudioSocket?")]
    Length(u8, usize),
}

/// Cuts a byte stream into frames, however it was split on the way.
pub(super) struct FrameDecoder {
    buffer: Box<[u8; BUFFER_BYTES]>,
    start: usize,
    end: usize,
}

impl FrameDecoder {
    pub(super) fn new() -> FrameDecoder {
        FrameDecoder { buffer: Box::new([0; BUFFER_BYTES]), start: 0, end: 0 }
    }

    /// Where the next octets go; never empty once [`FrameDecoder::next`] gave `None`.
    pub(super) fn space(&mut self) -> &mut [u8] {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        &mut self.buffer[self.end..]
    }

    /// `n` octets were put into [`FrameDecoder::space`].
    pub(super) fn filled(&mut self, n: usize) {
        self.end = (self.end + n).min(BUFFER_BYTES);
    }

    /// The next whole frame; `None` when more octets are needed.
    pub(super) fn next(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        let held = &self.buffer[self.start..self.end];
        let Some((&[kind, high, low], after)) = held.split_first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        check(kind, length)?;
        let Some(payload) = after.get(..length) else { return Ok(None) };
        self.start += HEADER_BYTES + length;
        frame(kind, payload).map(Some)
    }
}

/// Refuses a header before its payload is waited for.
fn check(kind: u8, length: usize) -> Result<(), FrameError> {
    let fits = match kind {
        TYPE_HANGUP => true,
        TYPE_UUID => length == 16,
        TYPE_DTMF => length == 1,
        TYPE_ERROR => length <= 64,
        _ if rate_hz(kind).is_some() => length <= PAYLOAD_BYTES_MAX && length.is_multiple_of(2),
        _ => return Err(FrameError::Type(kind)),
    };
    if fits && (kind != TYPE_HANGUP || length <= 64) {
        Ok(())
    } else {
        Err(FrameError::Length(kind, length))
    }
}

fn frame(kind: u8, payload: &[u8]) -> Result<Frame<'_>, FrameError> {
    let wrong = FrameError::Length(kind, payload.len());
    match (kind, rate_hz(kind)) {
        (TYPE_HANGUP, _) => Ok(Frame::Hangup),
        (TYPE_UUID, _) => uuid::Uuid::from_slice(payload).map(Frame::Uuid).map_err(|_| wrong),
        (TYPE_DTMF, _) => payload.first().map(|&key| Frame::Dtmf(key)).ok_or(wrong),
        (TYPE_ERROR, _) => Ok(Frame::Error(payload.first().copied().unwrap_or(0))),
        (_, Some(rate_hz)) => Ok(Frame::Audio { rate_hz, pcm: payload }),
        (_, None) => Err(FrameError::Type(kind)),
    }
}

fn rate_hz(kind: u8) -> Option<u32> {
    RATES_HZ.get(usize::from(kind.checked_sub(TYPE_AUDIO)?)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Feeds `bytes` in pieces of `pieces` octets in turn; every frame as text.
    fn decode(bytes: &[u8], pieces: &[usize]) -> Vec<String> {
        let mut decoder = FrameDecoder::new();
        let mut out = Vec::new();
        let mut rest = bytes;
        let mut pieces = pieces.iter().cycle();
        loop {
            match decoder.next() {
                Ok(Some(frame)) => out.push(format!("{frame:?}")),
                Err(e) => {
                    out.push(e.to_string());
                    return out;
                }
                Ok(None) if rest.is_empty() => return out,
                Ok(None) => {
                    let space = decoder.space();
                    let n = (*pieces.next().unwrap()).clamp(1, space.len()).min(rest.len());
                    space[..n].copy_from_slice(&rest[..n]);
                    decoder.filled(n);
                    rest = &rest[n..];
                }
            }
        }
    }

    #[test]
    fn frames() {
        let check = |bytes: &[u8], want: &str| assert_eq!(decode(bytes, &[999]).join(" "), want);
        check(&[0, 0, 0], "Hangup");
        check(&[3, 0, 1, b'5'], "Dtmf(53)");
        check(&[0x10, 0, 2, 1, 2], "Audio { rate_hz: 8000, pcm: [1, 2] }");
        check(&[0x18, 0, 0], "Audio { rate_hz: 192000, pcm: [] }");
        check(&[0x15, 0, 0], "Audio { rate_hz: 44100, pcm: [] }");
        check(&[0xff, 0, 1, 4], "Error(4)");
        check(&[0xff, 0, 0], "Error(0)");
        check(&[0x10, 0, 2, 1], "");
        let uuid = [&[1, 0, 16][..], &[0x11; 16]].concat();
        check(&uuid, "Uuid(11111111-1111-1111-1111-111111111111)");
    }

    #[test]
    fn refuses() {
        let check = |bytes: &[u8], want: &str| {
            let got = decode(bytes, &[999]).join(" ");
            assert!(got.starts_with(want), "{bytes:?}: {got}");
        };
        check(b"GET / HTTP/1.1\r\n", "frame type 0x47");
        check(&[0x19, 0, 2], "frame type 0x19");
        check(&[1, 0, 15], "a frame of type 0x01 with 15");
        check(&[3, 0, 0], "a frame of type 0x03 with 0");
        check(&[0x10, 0, 3], "a frame of type 0x10 with 3");
        check(&[0x10, 0xff, 0xfe], "a frame of type 0x10 with 65534");
        check(&[0, 0xff, 0xff], "a frame of type 0x00 with 65535");
    }

    proptest! {
        #[test]
        fn any_octets(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            decode(&bytes, &[7]);
        }

        #[test]
        fn any_split_gives_the_same(
            frames in proptest::collection::vec((0usize..6, 0usize..700), 0..20),
            pieces in proptest::collection::vec(1usize..5000, 1..20),
            junk in proptest::collection::vec(any::<u8>(), 0..5),
        ) {
            let mut bytes = Vec::new();
            for (which, n) in frames {
                let kind = [TYPE_HANGUP, TYPE_UUID, TYPE_DTMF, TYPE_AUDIO, 0x16, TYPE_ERROR][which];
                let length = [0, 16, 1, 2 * n, 2 * n, 1][which];
                bytes.push(kind);
                bytes.extend((length as u16).to_be_bytes());
                bytes.extend((0..length).map(|i| i as u8));
            }
            bytes.extend(junk);
            prop_assert_eq!(decode(&bytes, &[usize::MAX]), decode(&bytes, &pieces));
        }
    }
}
