//! Our own RTP stream of one leg.

use crate::audio::{AudioFrame, FRAME_SAMPLES};
use crate::leg::{RtpParams, RtpSocket};
use crate::rtp::{DtmfDigit, RTP_HEADER_BYTES, RtpHeader, RtpPacket, TelephoneEventSender};
use std::net::SocketAddr;

/// Numbers the packets; everything random at the start (RFC 3550 5.1), so that a stranger cannot
/// speak into the stream.
pub(super) struct RtpSender {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// The last step sent audio.
    talking: bool,
    packets: u64,
    octets: u64,
    keys: TelephoneEventSender,
}

impl RtpSender {
    pub(super) fn new() -> RtpSender {
        RtpSender {
            ssrc: rand::random(),
            sequence: rand::random(),
            timestamp: rand::random(),
            talking: false,
            packets: 0,
            octets: 0,
            keys: TelephoneEventSender::new(),
        }
    }

    pub(super) fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The timestamp of the next frame.
    pub(super) fn timestamp(&self) -> u32 {
        self.timestamp
    }

    pub(super) fn packets(&self) -> u64 {
        self.packets
    }

    /// Payload octets sent.
    pub(super) fn octets(&self) -> u64 {
        self.octets
    }

    /// Queues a key; false when too many wait.
    pub(super) fn press(&mut self, digit: DtmfDigit) -> bool {
        self.keys.press(digit)
    }

    /// A step in which nothing may be sent: time passes all the same.
    pub(super) fn skip(&mut self) {
        self.talking = false;
        self.timestamp = self.timestamp.wrapping_add(FRAME_SAMPLES as u32);
    }

    /// Sends this step's frame, or the key that is being pressed instead.
    pub(super) fn send(
        &mut self,
        frame: &AudioFrame,
        params: &RtpParams,
        socket: &RtpSocket,
        to: SocketAddr,
    ) {
        let now = self.timestamp;
        let key = params
            .dtmf_payload
            .and_then(|payload_type| self.keys.step(now).map(|packet| (payload_type, packet)));
        match key {
            Some((payload_type, key)) => {
                self.talking = false;
                let header = self.header(key.marker, payload_type, key.timestamp);
                self.put(header, &key.event.to_bytes(), socket, to);
            }
            None => {
                let marker = !std::mem::replace(&mut self.talking, true);
                let header = self.header(marker, params.law.payload_type(), now);
                self.put(header, &params.law.encode_frame(frame), socket, to);
            }
        }
        self.timestamp = now.wrapping_add(FRAME_SAMPLES as u32);
    }

    fn header(&self, marker: bool, payload_type: u8, timestamp: u32) -> RtpHeader {
        RtpHeader { marker, payload_type, sequence: self.sequence, timestamp, ssrc: self.ssrc }
    }

    fn put(&mut self, header: RtpHeader, payload: &[u8], socket: &RtpSocket, to: SocketAddr) {
        let mut datagram = [0; RTP_HEADER_BYTES + FRAME_SAMPLES];
        let Some(length) = (RtpPacket { header, payload }).write(&mut datagram) else { return };
        self.sequence = self.sequence.wrapping_add(1);
        if socket.send_rtp(&datagram[..length], to) {
            self.packets += 1;
            self.octets += payload.len() as u64;
        }
    }
}
