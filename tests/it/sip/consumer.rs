//! The smallest thing that takes calls: answers, plays a tone, and writes down what happens.

use spillway::audio::AudioFrame;
use spillway::audio::level::peak;
use spillway::call::HangupCause;
use spillway::config::{PortRange, SipConfig};
use spillway::leg::{Leg, LegEvent};
use spillway::sip::{IncomingCall, SipServer};
use spillway::ticket::CallId;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, sleep};

/// What a consumer does with its calls.
#[derive(Debug, Clone)]
pub struct Manners {
    /// Wait so long before answering.
    pub answer_after: Duration,
    /// Refuse instead.
    pub reject: Option<HangupCause>,
    /// Hang up so long after the answer.
    pub hang_up_after: Option<Duration>,
    /// Transfer there right after the answer.
    pub transfer: Option<&'static str>,
    /// RFC 3261's T1.
    pub t1: Duration,
}

impl Default for Manners {
    fn default() -> Self {
        Manners {
            answer_after: Duration::ZERO,
            reject: None,
            hang_up_after: None,
            transfer: None,
            t1: Duration::from_millis(500),
        }
    }
}

/// What happened, in order; `caller`, `called` and every header as `name: value` first.
pub type Diary = Arc<Mutex<Vec<String>>>;

/// A SIP server with a consumer behind it, until it is dropped.
pub struct Exchange {
    pub addr: SocketAddr,
    pub diary: Diary,
    drain: mpsc::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

pub fn config() -> SipConfig {
    SipConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        media_ports: PortRange { first: 42_000, last: 43_999 },
        ..SipConfig::default()
    }
}

impl Exchange {
    pub async fn open(manners: Manners) -> Exchange {
        Exchange::open_with(config(), manners).await
    }

    pub async fn open_with(config: SipConfig, manners: Manners) -> Exchange {
        let mut server = SipServer::bind_with_t1(config, manners.t1).await.expect("bind");
        let addr = server.local_addr();
        let diary = Diary::default();
        let (drain, mut drained) = mpsc::channel(4);
        let book = diary.clone();
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    call = server.accept() => match call {
                        Some(call) => {
                            tokio::spawn(take(call, manners.clone(), book.clone()));
                        }
                        None => return,
                    },
                    Some(draining) = drained.recv() => server.set_draining(draining),
                }
            }
        });
        Exchange { addr, diary, drain, task }
    }

    pub async fn set_draining(&self, draining: bool) {
        self.drain.send(draining).await.unwrap();
        sleep(Duration::from_millis(50)).await;
    }

    /// Waits until the diary has an entry that begins so.
    pub async fn expect(&self, entry: &str) -> String {
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            let diary = self.diary.lock().unwrap().clone();
            if let Some(found) = diary.iter().find(|e| e.starts_with(entry)) {
                return found.clone();
            }
            sleep(Duration::from_millis(5)).await;
        }
        panic!("no \"{entry}\" in {:?}", self.diary.lock().unwrap());
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(call: IncomingCall, manners: Manners, diary: Diary) {
    let note = |entry: String| diary.lock().unwrap().push(entry);
    note(format!("caller {}", call.caller_id()));
    note(format!("called {}", call.called()));
    call.headers().iter().for_each(|(name, value)| note(format!("{name}: {value}")));
    sleep(manners.answer_after).await;
    if let Some(cause) = manners.reject {
        return call.reject(cause);
    }
    let id = CallId(format!("test-{}", uuid::Uuid::new_v4()));
    match call.answer(&id).await {
        Ok(leg) => converse(leg, manners, diary).await,
        Err(e) => note(format!("not answered: {e}")),
    }
}

/// Plays a 500 Hz tone and listens until the call ends.
async fn converse(mut leg: Box<dyn Leg>, manners: Manners, diary: Diary) {
    let note = |entry: String| diary.lock().unwrap().push(entry);
    let tone = AudioFrame(std::array::from_fn(|i| {
        ((i as f32 * 500.0 * std::f32::consts::TAU / 8000.0).sin() * 8000.0) as i16
    }));
    let begun = Instant::now();
    let mut clock = interval(Duration::from_millis(20));
    let mut events = Vec::new();
    let mut heard = false;
    if let Some(to) = manners.transfer {
        note(format!("transfer {}", leg.transfer(to)));
    }
    loop {
        clock.tick().await;
        let frame = leg.exchange(&tone, &mut events);
        if !heard && peak(frame.samples()) > 3_000 {
            heard = true;
            note("heard".into());
        }
        for event in events.drain(..) {
            note(format!("{event:?}"));
            if matches!(event, LegEvent::Hangup(_)) {
                return;
            }
        }
        if manners.hang_up_after.is_some_and(|after| begun.elapsed() >= after) {
            leg.hang_up(HangupCause::Finished);
            return;
        }
    }
}
