//! A leg over AudioSocket: one TCP connection, stepped by the call's clock.

use crate::audio::{AudioFrame, FRAME_MS, FRAME_SAMPLES};
use crate::call::HangupCause;
use crate::leg::{Leg, LegEvent};
use crate::media::ears::Ears;
use crate::media::frame::{Frame, FrameDecoder, TYPE_AUDIO, TYPE_HANGUP};
use crate::rtp::DtmfDigit;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

const FRAME_BYTES: usize = 3 + 2 * FRAME_SAMPLES;
type OutFrame = [u8; FRAME_BYTES];

/// 20 ms of silence on the wire.
pub(super) const SILENCE_FRAME: OutFrame = silence_frame();

const fn silence_frame() -> OutFrame {
    let mut frame = [0; FRAME_BYTES];
    let [high, low] = ((FRAME_BYTES - 3) as u16).to_be_bytes();
    frame[0] = TYPE_AUDIO;
    frame[1] = high;
    frame[2] = low;
    frame
}

/// Frames that wait for a peer that does not read: 200 ms. Older ones are dropped.
const WAITING_MAX: usize = 10;
/// Reads in one step; each takes all the decoder has room for.
const READS_MAX: usize = 4;
/// A peer that sent nothing at all for so long is gone without a word (a pulled cable).
const SILENT_MS_MAX: u64 = 60_000;

/// One party over AudioSocket.
pub(super) struct AudioSocketLeg {
    stream: TcpStream,
    decoder: FrameDecoder,
    waiting: VecDeque<OutFrame>,
    /// Octets of the first waiting frame that are sent.
    sent: usize,
    dropped: u64,
    ears: Ears,
    now_ms: u64,
    heard_ms: u64,
    ended: bool,
}

impl AudioSocketLeg {
    /// A leg on a non-blocking `stream` whose UUID was read; `decoder` holds what came after it.
    pub(super) fn new(stream: TcpStream, decoder: FrameDecoder) -> AudioSocketLeg {
        AudioSocketLeg {
            stream,
            decoder,
            waiting: VecDeque::with_capacity(WAITING_MAX),
            sent: 0,
            dropped: 0,
            ears: Ears::new(),
            now_ms: 0,
            heard_ms: 0,
            ended: false,
        }
    }

    /// Reads what is there; the cause when the call is over.
    fn receive(&mut self, events: &mut Vec<LegEvent>) -> Result<(), HangupCause> {
        let mut heard_sound = self.understand(events)?;
        for _ in 0..READS_MAX {
            match self.stream.read(self.decoder.space()) {
                Ok(0) => return Err(HangupCause::CallerHungUp),
                Ok(n) => self.decoder.filled(n),
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => {
                    tracing::info!(error = %e, "AudioSocket: connection lost");
                    return Err(HangupCause::CallerHungUp);
                }
            }
            self.heard_ms = self.now_ms;
            heard_sound |= self.understand(events)?;
        }
        self.ears.talking = heard_sound;
        Ok(())
    }

    /// Takes every whole frame; true when there was sound among them.
    fn understand(&mut self, events: &mut Vec<LegEvent>) -> Result<bool, HangupCause> {
        let mut sound = false;
        loop {
            match self.decoder.next() {
                Ok(None) => return Ok(sound),
                Ok(Some(Frame::Audio { rate_hz, pcm })) => {
                    sound |= !pcm.is_empty();
                    if !self.ears.hear(rate_hz, pcm) {
                        tracing::warn!(rate_hz, "AudioSocket: this rate cannot be converted");
                        return Err(HangupCause::NotAcceptable);
                    }
                }
                Ok(Some(Frame::Dtmf(key))) => {
                    events.extend(DtmfDigit::try_from(char::from(key)).map(LegEvent::Dtmf));
                }
                // repeated identities change nothing
                Ok(Some(Frame::Uuid(_))) => {}
                Ok(Some(Frame::Hangup)) => return Err(HangupCause::CallerHungUp),
                Ok(Some(Frame::Error(code))) => {
                    tracing::warn!(code, "AudioSocket: the PBX reports an error and is left");
                    return Err(HangupCause::CallerHungUp);
                }
                Err(e) => {
                    tracing::warn!(reason = %e, "AudioSocket: closed");
                    return Err(HangupCause::NotAcceptable);
                }
            }
        }
    }

    fn send(&mut self, out: &AudioFrame) {
        if self.waiting.len() == WAITING_MAX {
            // the first may be half sent: its rest must follow
            self.waiting.remove(usize::from(self.sent > 0));
            self.dropped += 1;
        }
        let mut frame = SILENCE_FRAME;
        for (octets, sample) in frame[3..].chunks_exact_mut(2).zip(&out.0) {
            octets.copy_from_slice(&sample.to_le_bytes());
        }
        self.waiting.push_back(frame);
        self.flush();
    }

    /// Writes as much as the connection takes. Its errors show when it is read.
    fn flush(&mut self) {
        while let Some(frame) = self.waiting.front() {
            match self.stream.write(&frame[self.sent..]) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => return,
                Ok(n) => self.sent += n,
            }
            if self.sent == FRAME_BYTES {
                self.waiting.pop_front();
                self.sent = 0;
            }
        }
    }

    /// Closes the connection, once; with a word to the peer while it may still listen.
    fn close(&mut self, say_goodbye: bool) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        // what is not begun is not sent any more
        self.waiting.truncate(usize::from(self.sent > 0));
        self.flush();
        if say_goodbye && self.waiting.is_empty() {
            // a peer that takes no more learns it from the closed connection
            let _ = self.stream.write(&[TYPE_HANGUP, 0, 0]);
        }
        // it fails only where the peer closed first
        let _ = self.stream.shutdown(Shutdown::Both);
        let (dropped, late) = (self.dropped, self.ears.jitter.late());
        tracing::info!(dropped, late, "AudioSocket leg ended");
    }
}

impl Leg for AudioSocketLeg {
    fn exchange(&mut self, out: &AudioFrame, events: &mut Vec<LegEvent>) -> AudioFrame {
        if self.ended {
            return AudioFrame::SILENCE;
        }
        self.now_ms += FRAME_MS;
        let mut received = self.receive(events);
        if received.is_ok() && self.now_ms - self.heard_ms >= SILENT_MS_MAX {
            received = Err(HangupCause::MediaTimeout);
        }
        if let Err(cause) = received {
            self.close(cause != HangupCause::CallerHungUp);
            events.push(LegEvent::Hangup(cause));
            return AudioFrame::SILENCE;
        }
        self.send(out);
        self.ears.jitter.pop()
    }

    fn hang_up(&mut self, _cause: HangupCause) {
        self.close(true);
    }

    fn transfer(&mut self, _to: &str) -> bool {
        false
    }

    // the protocol carries keys from the PBX only
    fn send_dtmf(&mut self, _digit: DtmfDigit) {}
}

impl Drop for AudioSocketLeg {
    fn drop(&mut self) {
        self.close(true);
    }
}
