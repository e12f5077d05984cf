//! Many callers at once, for as long as one wants: what a server holds, and what its callers feel.

mod report;
mod scrape;

pub use report::{CallRecord, LoadReport, Percentiles, Served};
pub use scrape::Scrape;

use super::{Conversation, Cue, Paint, PhoneError, PhoneOptions, Scenario, place};
use crate::sip::SipClient;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, interval_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A caller whose call ended dials again within so much.
const REDIAL_MS_MAX: u64 = 2_000;
const SECOND: Duration = Duration::from_secs(1);

/// How many, how long.
#[derive(Debug, Clone, Copy)]
pub struct LoadPlan {
    /// Callers; each dials again when their call is over.
    pub calls: usize,
    /// How long all of them call, after `ramp`.
    pub duration: Duration,
    /// Over what time they begin.
    pub ramp: Duration,
    /// What chance is drawn from: who calls how, and when.
    pub seed: u64,
}

/// A scenario with its sound, made before anybody calls.
pub struct Script {
    /// What is done.
    pub scenario: Scenario,
    /// How it sounds.
    pub cues: Vec<Cue>,
}

/// All who call.
pub struct Callers {
    client: SipClient,
    options: PhoneOptions,
    scripts: Vec<Script>,
    plan: LoadPlan,
    stop: CancellationToken,
    /// How many calls are up.
    up: AtomicUsize,
    ended: Mutex<Vec<CallRecord>>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The calls, in the order they ended.
    pub calls: Vec<CallRecord>,
    /// How many were up in each second of the full load.
    pub up: Vec<usize>,
}

impl Callers {
    /// Callers who do as `scripts` say, of which there must be one, over `client`'s line; `stop`
    /// ends it early, and is cancelled at the end.
    pub fn new(
        client: SipClient,
        options: PhoneOptions,
        scripts: Vec<Script>,
        plan: LoadPlan,
        stop: CancellationToken,
    ) -> Arc<Callers> {
        let (up, ended) = (AtomicUsize::new(0), Mutex::default());
        Arc::new(Callers { client, options, scripts, plan, stop, up, ended })
    }

    /// How many calls are up now.
    pub fn up(&self) -> usize {
        self.up.load(Ordering::Relaxed)
    }

    /// Has all of them call until the plan's time is over; calls that are up then are hung up.
    /// `full` is called when the last caller has begun, and once more at the end.
    pub async fn run(self: Arc<Self>, mut full: impl AsyncFnMut()) -> Outcome {
        let begun = Instant::now();
        let running = TaskTracker::new();
        for number in 0..self.plan.calls {
            running.spawn(self.clone().caller(number, begun));
        }
        let (mut up, mut is_full) = (Vec::new(), false);
        let full_from = begun + self.plan.ramp;
        let mut seconds = interval_at(full_from, SECOND);
        while full_from.elapsed() < self.plan.duration {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                _ = seconds.tick() => {}
            }
            if !std::mem::replace(&mut is_full, true) {
                full().await;
            }
            up.push(self.up());
        }
        full().await;
        self.stop.cancel();
        running.close();
        running.wait().await;
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        Outcome { calls: ended.clone(), up }
    }

    /// One caller: a call, a breath, the next.
    async fn caller(self: Arc<Self>, number: usize, begun: Instant) {
        let mut chance = StdRng::seed_from_u64(self.plan.seed ^ (number as u64) << 32);
        let mut order: Vec<usize> = (0..self.scripts.len()).collect();
        order.shuffle(&mut chance);
        let share = number as f64 / self.plan.calls.max(1) as f64;
        let mut next = begun + self.plan.ramp.mul_f64(share);
        for nth in order.into_iter().cycle() {
            let mut due = interval_at(next, SECOND);
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                _ = due.tick() => {}
            }
            let from_ms = begun.elapsed().as_millis() as u64;
            let script = &self.scripts[nth];
            self.up.fetch_add(1, Ordering::Relaxed);
            let report = self.call(script).await;
            self.up.fetch_sub(1, Ordering::Relaxed);
            let cut = self.stop.is_cancelled();
            let record = CallRecord::new(&script.scenario, from_ms, report, cut);
            self.ended.lock().unwrap_or_else(PoisonError::into_inner).push(record);
            next = Instant::now() + Duration::from_millis(chance.random_range(0..REDIAL_MS_MAX));
        }
    }

    async fn call(&self, script: &Script) -> Result<super::CallReport, PhoneError> {
        let mut nowhere = Conversation::new(std::io::sink(), Paint::Plain, Vec::new());
        let (client, options, cues) = (&self.client, &self.options, script.cues.clone());
        place(client, options, &script.scenario, cues, &mut nowhere, &self.stop).await
    }
}
