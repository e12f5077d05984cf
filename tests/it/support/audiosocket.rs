//! The PBX's end of an AudioSocket, written from the protocol's description.

use spillway::audio::AudioFrame;
use spillway::call::HangupCause;
use spillway::leg::{Leg, LegEvent};
use spillway::rtp::DtmfDigit;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// One connection. Sound both ways is 8 kHz signed linear.
pub struct Pbx {
    stream: TcpStream,
    received: Vec<u8>,
    over: bool,
}

impl Pbx {
    /// Connects and names the call.
    pub fn connect(server: SocketAddr, uuid: &[u8; 16]) -> Pbx {
        let mut stream = TcpStream::connect(server).expect("connected");
        stream.set_nodelay(true).expect("set");
        stream.write_all(&[&[0x01, 0, 16], &uuid[..]].concat()).expect("sent");
        stream.set_nonblocking(true).expect("set");
        Pbx { stream, received: Vec::new(), over: false }
    }

    fn send(&mut self, kind: u8, payload: &[u8]) {
        let [high, low] = (payload.len() as u16).to_be_bytes();
        // A peer that is gone shows when it is read.
        let _ = self.stream.write_all(&[&[kind, high, low], payload].concat());
    }

    /// The next whole frame: type and payload.
    fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let &[kind, high, low] = self.received.first_chunk::<3>()?;
        let end = 3 + usize::from(u16::from_be_bytes([high, low]));
        let payload = self.received.get(3..end)?.to_vec();
        self.received.drain(..end);
        Some((kind, payload))
    }
}

impl Leg for Pbx {
    fn exchange(&mut self, out: &AudioFrame, events: &mut Vec<LegEvent>) -> AudioFrame {
        let pcm: Vec<u8> = out.0.iter().flat_map(|s| s.to_le_bytes()).collect();
        self.send(0x10, &pcm);
        let mut buffer = [0; 4096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => break self.over = true,
                Ok(n) => self.received.extend_from_slice(&buffer[..n]),
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(_) => break self.over = true,
            }
        }
        let mut heard = AudioFrame::SILENCE;
        match self.next() {
            Some((0x10, pcm)) => {
                for (sample, octets) in heard.0.iter_mut().zip(pcm.chunks_exact(2)) {
                    *sample = i16::from_le_bytes([octets[0], octets[1]]);
                }
            }
            Some((0x00, _)) => events.push(LegEvent::Hangup(HangupCause::CallerHungUp)),
            Some((kind, _)) => panic!("we may not be sent a frame of type {kind:#04x}"),
            None if self.over => events.push(LegEvent::Hangup(HangupCause::CallerHungUp)),
            None => {}
        }
        heard
    }

    fn hang_up(&mut self, _: HangupCause) {
        self.send(0x00, &[]);
    }

    fn transfer(&mut self, _: &str) -> bool {
        false
    }

    fn send_dtmf(&mut self, digit: DtmfDigit) {
        self.send(0x03, &[digit.as_char() as u8]);
    }
}
