//! A caller whom a test leads by the hand, 20 ms by 20 ms.

use super::tones::is_tone;
use spillway::audio::level::rms;
use spillway::audio::{AudioFrame, FRAME_MS, FRAME_SAMPLES};
use spillway::call::HangupCause;
use spillway::config::PortRange;
use spillway::leg::{Leg, LegEvent};
use spillway::sip::{CallOptions, SipClient, SipError, SipTransport};
use spillway::ticket::CallId;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::time::Interval;

const PORTS: PortRange = PortRange { first: 34_000, last: 37_999 };
/// Frames of one pitch that are taken for a tone.
const TONE_FRAMES: usize = 6;
/// Longest wait for anything to be heard.
const PATIENCE_MS: u64 = 15_000;

/// One call from the caller's end.
pub struct Caller {
    leg: Box<dyn Leg>,
    /// Held so that its sockets stay open; AudioSocket has none.
    client: Option<SipClient>,
    /// Spillway's name for the call.
    pub call_id: CallId,
    clock: Interval,
    /// All that was heard.
    pub heard: Vec<AudioFrame>,
    /// Up to where [`Caller::hears`] has looked.
    looked: usize,
    /// Why the far end hung up, once it has.
    pub hung_up: Option<HangupCause>,
}

impl Caller {
    /// Dials a SIP server from `number`.
    pub async fn dial(server: SocketAddr, number: &str) -> Result<Caller, SipError> {
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let client = SipClient::bind(ip, PORTS, SipTransport::Udp).await?;
        let options = CallOptions {
            from_user: number.into(),
            headers: Vec::new(),
            prefer_pcma: false,
            timeout: Duration::from_secs(10),
        };
        let dialed = client.call(&format!("sip:hotline@{server}"), options).await?;
        let id = CallId(dialed.call_id.expect("the call's name is in the 200"));
        Ok(Caller { client: Some(client), ..Caller::on(dialed.leg, id) })
    }

    /// A caller on any other leg.
    pub fn on(leg: Box<dyn Leg>, call_id: CallId) -> Caller {
        let clock = tokio::time::interval(Duration::from_millis(FRAME_MS));
        Caller { leg, client: None, call_id, clock, heard: vec![], looked: 0, hung_up: None }
    }

    /// 20 ms.
    pub async fn step(&mut self, out: &AudioFrame) {
        self.clock.tick().await;
        let mut events = Vec::new();
        self.heard.push(self.leg.exchange(out, &mut events));
        for event in events {
            if let LegEvent::Hangup(cause) = event {
                self.hung_up = Some(cause);
            }
        }
    }

    pub async fn say(&mut self, sound: &[i16]) {
        for piece in sound.chunks(FRAME_SAMPLES) {
            self.step(&AudioFrame::padded(piece)).await;
        }
    }

    pub async fn quiet(&mut self, ms: u64) {
        for _ in 0..ms / FRAME_MS {
            self.step(&AudioFrame::SILENCE).await;
        }
    }

    /// Presses a key; further keys need a pause between them.
    pub fn press(&mut self, key: char) {
        self.leg.send_dtmf(key.try_into().expect("a key"));
    }

    /// Waits in silence until a tone of `hz` was heard to its end, from where the last one ended.
    pub async fn hears(&mut self, hz: u16) {
        let mut run = 0;
        for _ in 0..PATIENCE_MS / FRAME_MS {
            while let Some(frame) = self.heard.get(self.looked) {
                self.looked += 1;
                match is_tone(frame.samples(), hz) {
                    true => run += 1,
                    false if run >= TONE_FRAMES => return,
                    false => run = 0,
                }
            }
            if self.hung_up.is_some() {
                break;
            }
            self.step(&AudioFrame::SILENCE).await;
        }
        let (gone, all) = (self.hung_up, pitches(&self.heard));
        panic!("{hz} Hz was not heard within {PATIENCE_MS} ms (hung up: {gone:?}), but: {all}");
    }

    /// Waits in silence until the far end hangs up.
    pub async fn is_hung_up(&mut self, within_ms: u64) {
        for _ in 0..within_ms / FRAME_MS {
            if self.hung_up.is_some() {
                return;
            }
            self.step(&AudioFrame::SILENCE).await;
        }
        panic!("the far end did not hang up within {within_ms} ms");
    }

    /// Says goodbye; what still comes can be waited for.
    pub fn hang_up_in_place(&mut self) {
        self.leg.hang_up(HangupCause::Finished);
    }

    pub async fn hang_up(mut self) {
        self.hang_up_in_place();
        drop(self.leg);
        if let Some(client) = self.client {
            client.close(Duration::from_secs(2)).await;
        }
    }
}

/// What was heard, for people: runs of one pitch with their length, quiet as 0 Hz.
fn pitches(heard: &[AudioFrame]) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for frame in heard {
        let signs = frame.0.windows(2).filter(|w| (w[0] < 0) != (w[1] < 0)).count();
        let hz = if rms(&frame.0) < 200.0 { 0 } else { signs * 25 };
        match runs.last_mut() {
            Some((last, frames)) if last.abs_diff(hz) <= 50 => *frames += 1,
            _ => runs.push((hz, 1)),
        }
    }
    let runs: Vec<String> =
        runs.iter().map(|(hz, frames)| format!("{hz} Hz for {} ms", frames * 20)).collect();
    runs.join(", ")
}
