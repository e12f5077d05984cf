//! A leg over a WebSocket, for a browser's microphone: its messages, and the call's end of it.
//!
//! Binary messages both ways are 20 ms of sound each: signed 16-bit little-endian, mono, 8 kHz.
//! Text messages of the browser are commands in JSON. Who has the socket moves messages between it
//! and the [`FarEnd`]; the leg is stepped by the call's clock like any other.

use crate::audio::{AudioFrame, FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ};
use crate::call::HangupCause;
use crate::leg::{Leg, LegEvent};
use crate::media::ears::Ears;
use crate::rtp::DtmfDigit;
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{broadcast, mpsc};

/// A message may have so many bytes; none that we understand is as long.
pub const MESSAGE_BYTES_MAX: usize = 4 * 1024;
const FRAME_BYTES: usize = 2 * FRAME_SAMPLES;
/// Messages that wait for the call's next step; then the socket is not read.
const WAITING_MAX: usize = 64;
/// Messages taken in one step: a pause of the network is caught up with, a flood is not.
const MESSAGES_MAX: usize = 16;
/// Frames that wait for a browser that does not read: 320 ms. Older ones are dropped.
const UNSENT_MAX: usize = 16;

/// A browser's message that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// No 20 ms of sound.
    #[error("sound comes in messages of {FRAME_BYTES} bytes: 20 ms, 16 bit, mono, 8 kHz")]
    Length,
    /// No command.
    #[error(r#"text is {{"type":"dtmf","digit":"1"}} or {{"type":"hangup"}}"#)]
    Command,
}

/// What a browser sends.
#[derive(Debug, Clone, PartialEq)]
pub enum FromBrowser {
    /// 20 ms of the caller's voice.
    Sound(Box<[u8; FRAME_BYTES]>),
    /// A key.
    Key(DtmfDigit),
    /// The call is over for the browser, and why.
    Over(HangupCause),
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Command {
    Dtmf { digit: DtmfDigit },
    Hangup {},
}

impl FromBrowser {
    /// Reads a binary message.
    pub fn binary(bytes: &[u8]) -> Result<FromBrowser, MessageError> {
        let frame = <[u8; FRAME_BYTES]>::try_from(bytes).map_err(|_| MessageError::Length)?;
        Ok(FromBrowser::Sound(Box::new(frame)))
    }

    /// Reads a text message.
    pub fn text(text: &str) -> Result<FromBrowser, MessageError> {
        match serde_json::from_str(text).map_err(|_| MessageError::Command)? {
            Command::Dtmf { digit } => Ok(FromBrowser::Key(digit)),
            Command::Hangup {} => Ok(FromBrowser::Over(HangupCause::CallerHungUp)),
        }
    }
}

/// The socket's end of a leg; when it is dropped, the caller has hung up.
pub struct FarEnd {
    heard: mpsc::Sender<FromBrowser>,
    out: broadcast::Receiver<AudioFrame>,
}

impl FarEnd {
    /// Hands a message to the call. Waits while the call has many to take, so that who sends faster
    /// than sound is slowed down. Once the call is over it is dropped.
    pub async fn tell(&self, message: FromBrowser) {
        let _ = self.heard.send(message).await;
    }

    /// The next 20 ms for the browser, as a binary message; `None` once the call is over.
    /// Cancel-safe.
    pub async fn sound(&mut self) -> Option<Vec<u8>> {
        loop {
            match self.out.recv().await {
                Ok(frame) => return Some(frame.0.iter().flat_map(|s| s.to_le_bytes()).collect()),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

/// One party over a WebSocket.
pub struct WebSocketLeg {
    heard: mpsc::Receiver<FromBrowser>,
    /// Gone once the leg has ended.
    out: Option<broadcast::Sender<AudioFrame>>,
    ears: Ears,
    now_ms: u64,
    heard_ms: u64,
    media_timeout_ms: u64,
}

impl WebSocketLeg {
    /// A leg and its far end. It ends after `media_timeout_s` without sound.
    pub fn new(media_timeout_s: u64) -> (WebSocketLeg, FarEnd) {
        let (tell, heard) = mpsc::channel(WAITING_MAX);
        let (out, sound) = broadcast::channel(UNSENT_MAX);
        let leg = WebSocketLeg {
            heard,
            out: Some(out),
            ears: Ears::new(),
            now_ms: 0,
            heard_ms: 0,
            media_timeout_ms: media_timeout_s * 1_000,
        };
        (leg, FarEnd { heard: tell, out: sound })
    }

    /// Takes what has come; the cause when the call is over.
    fn receive(&mut self, events: &mut Vec<LegEvent>) -> Result<(), HangupCause> {
        let mut talking = false;
        for _ in 0..MESSAGES_MAX {
            match self.heard.try_recv() {
                Ok(FromBrowser::Sound(pcm)) => {
                    self.ears.hear(SAMPLE_RATE_HZ, &pcm[..]);
                    talking = true;
                }
                Ok(FromBrowser::Key(digit)) => events.push(LegEvent::Dtmf(digit)),
                Ok(FromBrowser::Over(cause)) => return Err(cause),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Err(HangupCause::CallerHungUp),
            }
        }
        self.ears.talking = talking;
        if talking {
            self.heard_ms = self.now_ms;
        }
        match self.now_ms - self.heard_ms >= self.media_timeout_ms {
            true => Err(HangupCause::MediaTimeout),
            false => Ok(()),
        }
    }

    fn close(&mut self) {
        if self.out.take().is_some() {
            self.heard.close();
            tracing::info!(late = self.ears.jitter.late(), "WebSocket leg ended");
        }
    }
}

impl Leg for WebSocketLeg {
    fn exchange(&mut self, out: &AudioFrame, events: &mut Vec<LegEvent>) -> AudioFrame {
        let Some(to_browser) = self.out.clone() else { return AudioFrame::SILENCE };
        self.now_ms += FRAME_MS;
        if let Err(cause) = self.receive(events) {
            self.close();
            events.push(LegEvent::Hangup(cause));
            return AudioFrame::SILENCE;
        }
        // Nobody takes it any more: the next step finds the far end gone.
        let _ = to_browser.send(*out);
        self.ears.jitter.pop()
    }

    fn hang_up(&mut self, _cause: HangupCause) {
        self.close();
    }

    fn transfer(&mut self, _to: &str) -> bool {
        false
    }

    // browsers have no use for keys
    fn send_dtmf(&mut self, _digit: DtmfDigit) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn messages() {
        let check = |text: &str, want| assert_eq!(FromBrowser::text(text), want, "{text}");
        let key = |c: char| Ok(FromBrowser::Key(c.try_into().unwrap()));
        let no = Err(MessageError::Command);
        check(r#"{"type":"dtmf","digit":"1"}"#, key('1'));
        check(r##"{"type":"dtmf","digit":"#"}"##, key('#'));
        check(r#"{"type":"hangup"}"#, Ok(FromBrowser::Over(HangupCause::CallerHungUp)));
        check(r#"{"type":"dtmf","digit":"12"}"#, no.clone());
        check(r#"{"type":"dtmf","digit":"x"}"#, no.clone());
        check(r#"{"type":"dtmf"}"#, no.clone());
        check(r#"{"type":"hangup","now":true}"#, no.clone());
        check(r#"{"type":"transfer"}"#, no.clone());
        check("hangup", no.clone());
        check("", no);
        let length = |n: usize| FromBrowser::binary(&vec![0; n]).is_ok();
        assert!(length(320) && !length(0) && !length(319) && !length(640));
    }

    proptest! {
        #[test]
        fn anything_may_come_in(
            text in ".{0,60}",
            bytes in prop::collection::vec(any::<u8>(), 0..400),
        ) {
            let _ = (FromBrowser::text(&text), FromBrowser::binary(&bytes));
        }
    }

    fn step(leg: &mut WebSocketLeg) -> (AudioFrame, Vec<LegEvent>) {
        let mut events = vec![];
        (leg.exchange(&AudioFrame::SILENCE, &mut events), events)
    }

    #[tokio::test]
    async fn sound_keys_and_the_end() {
        let (mut leg, mut far) = WebSocketLeg::new(5);
        let loud = FromBrowser::binary(&[0x11; FRAME_BYTES]).unwrap();
        far.tell(FromBrowser::text(r#"{"type":"dtmf","digit":"5"}"#).unwrap()).await;
        let five = LegEvent::Dtmf('5'.try_into().unwrap());
        assert_eq!(step(&mut leg).1, [five]);
        let mut heard = 0;
        for _ in 0..50 {
            far.tell(loud.clone()).await;
            heard += usize::from(step(&mut leg).0.0 == [0x1111; FRAME_SAMPLES]);
        }
        assert!(heard > 40, "{heard}");
        assert_eq!(far.sound().await, Some(vec![0; FRAME_BYTES]));
        leg.hang_up(HangupCause::Finished);
        while let Some(frame) = far.sound().await {
            assert_eq!(frame.len(), FRAME_BYTES);
        }
        assert_eq!(step(&mut leg), (AudioFrame::SILENCE, vec![]));
    }

    #[tokio::test]
    async fn who_is_gone_or_silent_has_hung_up() {
        let (mut leg, far) = WebSocketLeg::new(5);
        drop(far);
        assert_eq!(step(&mut leg).1, [LegEvent::Hangup(HangupCause::CallerHungUp)]);
        let (mut leg, far) = WebSocketLeg::new(5);
        let ended = (1..).find_map(|n| step(&mut leg).1.pop().map(|event| (n, event)));
        assert_eq!(ended, Some((250, LegEvent::Hangup(HangupCause::MediaTimeout))));
        drop(far);
    }
}
