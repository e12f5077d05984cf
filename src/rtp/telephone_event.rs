//! Keys as RTP events (RFC 4733), heard and sent.

use crate::audio::FRAME_SAMPLES;
use crate::rtp::{DtmfDigit, RtpHeader};
use std::collections::VecDeque;

/// Octets of one event.
pub const EVENT_BYTES: usize = 4;

/// Samples a key is sent for: 100 ms.
const PRESS_SAMPLES: u16 = 800;
/// The last packet goes out three times (RFC 4733 2.5.1.4).
const END_PACKETS: u8 = 3;
/// Steps without an event between two keys: 60 ms (Q.24 asks for 40 at least).
const PAUSE_STEPS: u8 = 3;
/// Keys that may wait to be sent.
const QUEUE_MAX: usize = 32;

/// Older events than this many samples (10 s) are the start of something new, not stragglers.
const STRAGGLER_SAMPLES: i32 = 80_000;
/// A duration runs over after this many samples; the event goes on as a new segment with its
/// timestamp moved by as much (RFC 4733 2.5.1.3).
const SEGMENT_SAMPLES: i32 = 0xffff;
/// Some senders move the timestamp in every packet of one press; two presses are never this close.
const CREEP_SAMPLES: i32 = 400;

/// One telephone event on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// 0..=15 are the keys.
    pub event: u8,
    /// The key was let go.
    pub end: bool,
    /// Power in -dBm0, 0..=63.
    pub volume: u8,
    /// Samples since the timestamp.
    pub duration: u16,
}

impl TelephoneEvent {
    /// The first event of a payload; `None` when it is shorter than one.
    pub fn parse(payload: &[u8]) -> Option<TelephoneEvent> {
        let &[event, flags, high, low] = payload.first_chunk::<EVENT_BYTES>()?;
        Some(TelephoneEvent {
            event,
            end: flags & 0x80 != 0,
            volume: flags & 0x3f,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    /// As payload.
    pub fn to_bytes(self) -> [u8; EVENT_BYTES] {
        let [high, low] = self.duration.to_be_bytes();
        [self.event, u8::from(self.end) << 7 | (self.volume & 0x3f), high, low]
    }
}

/// Turns a stream's event packets into key presses, each reported once, at its first packet.
#[derive(Debug, Clone, Default)]
pub struct TelephoneEventReceiver {
    last: Option<LastEvent>,
}

#[derive(Debug, Clone, Copy)]
struct LastEvent {
    ssrc: u32,
    event: u8,
    timestamp: u32,
    ended: bool,
}

impl TelephoneEventReceiver {
    /// The key this packet reports for the first time. SSRC and timestamp name the press, so lost
    /// first packets, repeated last ones and stragglers all come out right, and so do keys that
    /// come under another SSRC than the speech between them.
    pub fn receive(&mut self, header: &RtpHeader, payload: &[u8]) -> Option<DtmfDigit> {
        let event = TelephoneEvent::parse(payload)?;
        self.last = self.last.filter(|last| last.ssrc == header.ssrc);
        let known = self.last.is_some_and(|last| last.covers(header, &event));
        if let Some(last) = self.last {
            let age = last.timestamp.wrapping_sub(header.timestamp) as i32;
            if !known && (1..=STRAGGLER_SAMPLES).contains(&age) {
                return None;
            }
        }
        let ended = event.end || (known && self.last.is_some_and(|l| l.is_at(header) && l.ended));
        self.last = Some(LastEvent {
            ssrc: header.ssrc,
            event: event.event,
            timestamp: header.timestamp,
            ended,
        });
        if known { None } else { DtmfDigit::from_event(event.event) }
    }
}

impl LastEvent {
    fn is_at(&self, header: &RtpHeader) -> bool {
        self.timestamp == header.timestamp
    }

    fn covers(&self, header: &RtpHeader, event: &TelephoneEvent) -> bool {
        if self.is_at(header) {
            return true;
        }
        let ahead = header.timestamp.wrapping_sub(self.timestamp) as i32;
        let goes_on = ahead == SEGMENT_SAMPLES || (1..=CREEP_SAMPLES).contains(&ahead);
        // a creeping sender creeps through its repeated last packets too
        let may_go_on = !self.ended || event.end;
        self.event == event.event && !header.marker && goes_on && may_go_on
    }
}

/// What to send in place of this step's audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPacket {
    /// Set on a press's first packet.
    pub marker: bool,
    /// The press's start, the same in all its packets.
    pub timestamp: u32,
    /// The event.
    pub event: TelephoneEvent,
}

/// Paces queued keys as event packets, one a step of 20 ms.
#[derive(Debug, Clone, Default)]
pub struct TelephoneEventSender {
    queue: VecDeque<DtmfDigit>,
    press: Option<Press>,
    pause_steps: u8,
}

#[derive(Debug, Clone, Copy)]
struct Press {
    digit: DtmfDigit,
    timestamp: u32,
    duration: u16,
    ends_sent: u8,
}

impl TelephoneEventSender {
    /// A sender with nothing to send.
    pub fn new() -> TelephoneEventSender {
        TelephoneEventSender { queue: VecDeque::with_capacity(QUEUE_MAX), ..Self::default() }
    }

    /// Queues a key after those already there; false when 32 are waiting.
    pub fn press(&mut self, digit: DtmfDigit) -> bool {
        let room = self.queue.len() < QUEUE_MAX;
        if room {
            self.queue.push_back(digit);
        }
        room
    }

    /// The packet of the step whose audio would have `timestamp`; `None` to send audio.
    pub fn step(&mut self, timestamp: u32) -> Option<EventPacket> {
        if self.pause_steps > 0 && self.press.is_none() {
            self.pause_steps -= 1;
            return None;
        }
        let marker = self.press.is_none();
        let mut press = match self.press {
            Some(press) => press,
            None => {
                let digit = self.queue.pop_front()?;
                Press { digit, timestamp, duration: 0, ends_sent: 0 }
            }
        };
        if press.duration < PRESS_SAMPLES {
            press.duration += FRAME_SAMPLES as u16;
        }
        let end = press.duration >= PRESS_SAMPLES;
        press.ends_sent += u8::from(end);
        let event = TelephoneEvent {
            event: press.digit.event(),
            end,
            volume: 10,
            duration: press.duration,
        };
        let packet = EventPacket { marker, timestamp: press.timestamp, event };
        self.press = (press.ends_sent < END_PACKETS).then_some(press);
        if self.press.is_none() {
            self.pause_steps = PAUSE_STEPS;
        }
        Some(packet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(marker: bool, timestamp: u32) -> RtpHeader {
        RtpHeader { marker, payload_type: 101, sequence: 0, timestamp, ssrc: 1 }
    }

    // (marker, timestamp, event, end, duration)
    type Row = (bool, u32, u8, bool, u16);

    fn heard(rows: &[Row]) -> String {
        let mut receiver = TelephoneEventReceiver::default();
        rows.iter()
            .filter_map(|&(marker, timestamp, event, end, duration)| {
                let event = TelephoneEvent { event, end, volume: 10, duration };
                receiver.receive(&header(marker, timestamp), &event.to_bytes())
            })
            .map(DtmfDigit::as_char)
            .collect()
    }

    #[test]
    fn presses() {
        let check = |what: &str, rows: &[Row], want: &str| assert_eq!(heard(rows), want, "{what}");
        let plain = [
            (true, 0, 5, false, 160),
            (false, 0, 5, false, 320),
            (false, 0, 5, true, 480),
            (false, 0, 5, true, 480),
            (false, 0, 5, true, 480),
        ];
        check("one press", &plain, "5");
        check("first packets lost", &plain[2..], "5");
        check("only the last packet came", &plain[4..], "5");
        check("ends lost, next key", &[plain[0], (true, 1600, 6, false, 160)], "56");
        check("same key twice", &[plain[0], plain[2], (true, 1600, 5, false, 160)], "55");
        check(
            "same key twice, the second's first packet lost",
            &[plain[0], plain[2], (false, 1600, 5, false, 320)],
            "55",
        );
        check(
            "a straggler of the first after the second",
            &[plain[0], (true, 1600, 6, false, 160), plain[2], (false, 1600, 6, true, 480)],
            "56",
        );
        check(
            "a key held for 20 s",
            &[
                (true, 0, 1, false, 160),
                (false, 0, 1, false, 0xffff),
                (false, 0xffff, 1, false, 160),
                (false, 2 * 0xffff, 1, true, 160),
            ],
            "1",
        );
        check(
            "timestamps that creep",
            &[
                (true, 0, 9, false, 160),
                (false, 160, 9, false, 320),
                (false, 320, 9, true, 480),
                (false, 480, 9, true, 480),
            ],
            "9",
        );
        let near_wrap = u32::MAX - 10;
        check(
            "timestamps that wrap",
            &[(true, near_wrap, 1, true, 160), (true, 1590, 1, true, 160)],
            "11",
        );
        check("hook flash is no key", &[(true, 0, 16, true, 160)], "");
    }

    #[test]
    fn short_payload() {
        assert_eq!(TelephoneEvent::parse(&[1, 2, 3]), None);
        assert_eq!(TelephoneEventReceiver::default().receive(&header(true, 0), &[]), None);
    }

    #[test]
    fn sends_one_press() {
        let mut sender = TelephoneEventSender::new();
        sender.press(DtmfDigit::from_event(7).unwrap());
        let mut got = Vec::new();
        for step in 0..12u32 {
            got.push(sender.step(1000 + 160 * step).map(|p| {
                assert_eq!((p.timestamp, p.event.event), (1000, 7));
                (p.marker, p.event.duration, p.event.end)
            }));
        }
        let mut want = vec![
            Some((true, 160, false)),
            Some((false, 320, false)),
            Some((false, 480, false)),
            Some((false, 640, false)),
            Some((false, 800, true)),
            Some((false, 800, true)),
            Some((false, 800, true)),
        ];
        want.resize(12, None);
        assert_eq!(got, want);
    }

    #[test]
    fn queue_is_bounded() {
        let mut sender = TelephoneEventSender::new();
        let one = DtmfDigit::from_event(1).unwrap();
        assert_eq!((0..100).filter(|_| sender.press(one)).count(), QUEUE_MAX);
    }

    proptest! {
        #[test]
        fn any_payload(payload in proptest::collection::vec(any::<u8>(), 0..16), ts: u32) {
            let _ = TelephoneEventReceiver::default().receive(&header(false, ts), &payload);
        }

        // every press is heard once whatever is lost, as long as one packet of it arrives
        #[test]
        fn sent_is_heard(
            keys in proptest::collection::vec(0u8..16, 1..8), start: u32,
            losses in proptest::collection::vec(any::<bool>(), 64),
        ) {
            let mut sender = TelephoneEventSender::new();
            for &key in &keys {
                sender.press(DtmfDigit::from_event(key).unwrap());
            }
            let mut receiver = TelephoneEventReceiver::default();
            let mut heard = Vec::new();
            for step in 0..(keys.len() as u32 * 10) {
                let timestamp = start.wrapping_add(160 * step);
                let Some(p) = sender.step(timestamp) else { continue };
                // the last of the end packets always arrives
                let last = p.event.end && sender.press.is_none();
                if last || !losses[step as usize % 64] {
                    heard.extend(receiver.receive(
                        &header(p.marker, p.timestamp), &p.event.to_bytes(),
                    ));
                }
            }
            prop_assert_eq!(heard.iter().map(|d| d.event()).collect::<Vec<_>>(), keys);
        }
    }
}
