//! The clock of every call's sound: one thread that does nothing else, so that no packet waits
//! for somebody's address to be understood.

use super::media_path::{MediaHandle, MediaPath};
use super::metrics::Metrics;
use crate::audio::FRAME_MS;
use crate::call::HangupCause;
use crate::leg::Leg;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// Calls are stepped in so many groups, one after the other: not all of them send at once.
const GROUPS: usize = 4;
const BEAT: Duration = Duration::from_millis(FRAME_MS / GROUPS as u64);
/// Calls that may begin between two beats.
const JOINING_MAX: usize = 1_024;

/// Steps the media of all calls.
pub(super) struct MediaClock {
    joining: SyncSender<MediaPath>,
}

impl MediaClock {
    /// Starts its thread; it ends with the clock. Inside a tokio runtime.
    pub(super) fn start(metrics: Arc<Metrics>) -> std::io::Result<MediaClock> {
        let (joining, joined) = sync_channel(JOINING_MAX);
        // Legs tell tasks of what happens to them.
        let runtime = Handle::current();
        std::thread::Builder::new().name("media".into()).spawn(move || {
            let _inside = runtime.enter();
            run(&joined, &metrics);
        })?;
        Ok(MediaClock { joining })
    }

    /// Steps `leg` from now on, until its handle is dropped.
    pub(super) fn join(&self, leg: Box<dyn Leg>) -> MediaHandle {
        let (path, handle) = MediaPath::new(leg);
        if let Err(refused) = self.joining.try_send(path) {
            tracing::error!("the media clock takes no call more");
            let (TrySendError::Full(mut path) | TrySendError::Disconnected(mut path)) = refused;
            path.end(HangupCause::InternalError);
        }
        handle
    }
}

fn run(joined: &Receiver<MediaPath>, metrics: &Metrics) {
    let mut groups: [Vec<MediaPath>; GROUPS] = Default::default();
    let (mut beat, mut due) = (0, Instant::now());
    loop {
        if groups.iter().all(Vec::is_empty) {
            let Ok(path) = joined.recv() else { return };
            groups[beat].push(path);
            due = Instant::now();
        }
        loop {
            match joined.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(path) => {
                    if let Some(smallest) = groups.iter_mut().min_by_key(|group| group.len()) {
                        smallest.push(path);
                    }
                }
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        groups[beat].retain_mut(|path| {
            let goes_on = stepped(path);
            metrics.late(due.elapsed());
            goes_on
        });
        // A late beat is made up for: recordings and the far end's buffer want every frame.
        (beat, due) = ((beat + 1) % GROUPS, due + BEAT);
    }
}

/// False when the path is over. A leg that breaks ends its own call alone.
fn stepped(path: &mut MediaPath) -> bool {
    let step = catch_unwind(AssertUnwindSafe(|| path.step()));
    step.unwrap_or_else(|_| {
        tracing::error!("a call's media broke");
        let _ = catch_unwind(AssertUnwindSafe(|| path.end(HangupCause::InternalError)));
        false
    })
}

#[cfg(test)]
mod tests {
    use super::super::media_path::Order;
    use super::*;
    use crate::audio::AudioFrame;
    use crate::leg::LegEvent;
    use crate::rtp::DtmfDigit;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// A leg that counts, and breaks at its `breaks_at`th exchange.
    struct Counting {
        exchanged: Arc<AtomicU64>,
        breaks_at: u64,
    }

    impl Leg for Counting {
        fn exchange(&mut self, _: &AudioFrame, events: &mut Vec<LegEvent>) -> AudioFrame {
            let n = self.exchanged.fetch_add(1, Ordering::Relaxed) + 1;
            assert!(n < self.breaks_at, "broken on purpose");
            events.push(LegEvent::Hold(true));
            AudioFrame([n as i16; 160])
        }

        fn hang_up(&mut self, _: HangupCause) {}

        fn transfer(&mut self, to: &str) -> bool {
            to == "there"
        }

        fn send_dtmf(&mut self, _: DtmfDigit) {}
    }

    #[tokio::test]
    async fn legs_are_stepped_in_time_and_a_broken_one_alone_ends() {
        let clock = MediaClock::start(Arc::new(Metrics::new())).unwrap();
        let exchanged = Arc::<AtomicU64>::default();
        let leg = |exchanged: &Arc<AtomicU64>, breaks_at| {
            let exchanged = exchanged.clone();
            clock.join(Box::new(Counting { exchanged, breaks_at }))
        };
        let mut whole = leg(&exchanged, u64::MAX);
        let mut broken = leg(&Arc::default(), 4);
        let first = whole.step().await.unwrap();
        assert!(whole.order(Order::Transfer("nowhere".into())));
        assert!(whole.order(Order::Transfer("there".into())));
        let mut transfers_failed = 0;
        for n in 2..=10 {
            let step = whole.step().await.unwrap();
            assert_eq!((step.heard.0[0], step.out, step.events.len()), (n, AudioFrame::SILENCE, 1));
            transfers_failed += u64::from(step.transfer_failed);
            assert!(step.at - first.at >= 20 * (n as u32 - 2) * Duration::from_millis(1));
        }
        assert_eq!(transfers_failed, 1);
        for _ in 1..4 {
            assert!(broken.step().await.is_some());
        }
        assert!(broken.step().await.is_none());
        // Who drops the handle ends the leg.
        drop(whole);
        let mut other = leg(&Arc::default(), u64::MAX);
        assert!(other.step().await.is_some() && other.step().await.is_some());
        let count = exchanged.load(Ordering::Relaxed);
        assert!(other.step().await.is_some() && other.step().await.is_some());
        assert_eq!(exchanged.load(Ordering::Relaxed), count);
    }
}
