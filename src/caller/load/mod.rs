//! Many callers at once, for as long as one wants: what a server holds, and what its callers feel.

mod page;
mod plot;
mod report;
mod scrape;
mod served;

pub use page::page;
pub use report::{CallRecord, LoadReport, Percentiles, StepReport};
pub use scrape::Scrape;
pub use served::Served;

use super::{Conversation, Cue, Paint, PhoneError, PhoneOptions, Scenario, place};
use crate::sip::SipClient;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, interval_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A caller whose call ended dials again within so much.
const REDIAL_MS_MAX: u64 = 2_000;
const SECOND: Duration = Duration::from_secs(1);
/// The last digits of callers' numbers, those that tell them apart.
const OWN_DIGITS: u32 = 6;
/// Seconds from one look at the server to the next.
const LOOK_S: usize = 10;

/// How many, how long.
#[derive(Debug, Clone)]
pub struct LoadPlan {
    /// One after the other.
    pub steps: Vec<LoadStep>,
    /// How long all callers of a step call, after its `ramp`.
    pub duration: Duration,
    /// What chance is drawn from: who calls how, and when.
    pub seed: u64,
}

/// So many at once.
#[derive(Debug, Clone, Copy)]
pub struct LoadStep {
    /// Callers, those of the step before among them; each dials again when their call is over.
    pub calls: usize,
    /// Over what time those begin who were not there before.
    pub ramp: Duration,
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
    /// What tells the next call's number from others'.
    dialled: AtomicU64,
    ended: Mutex<Vec<CallRecord>>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The calls, in the order they ended.
    pub calls: Vec<CallRecord>,
    /// The steps that were begun.
    pub steps: Vec<StepOutcome>,
}

/// What came of a step; its times are milliseconds since the load began.
#[derive(Debug)]
pub struct StepOutcome {
    /// What it was to be.
    pub step: LoadStep,
    /// When its first callers began.
    pub from_ms: u64,
    /// When all of them called.
    pub full_ms: Range<u64>,
    /// How many calls were up in each second of that.
    pub up: Vec<usize>,
}

impl StepOutcome {
    /// How many calls were up on average.
    pub fn up_mean(&self) -> f64 {
        self.up.iter().sum::<usize>() as f64 / self.up.len().max(1) as f64
    }

    /// How long all of them called, seconds.
    pub fn full_s(&self) -> f64 {
        (self.full_ms.end - self.full_ms.start) as f64 / 1e3
    }
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
        // So that two loads after one another have no number in common.
        let since = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |now| now.as_millis() as u64 / 100);
        let dialled = AtomicU64::new(since);
        Arc::new(Callers { client, options, scripts, plan, stop, up, dialled, ended })
    }

    /// How many calls are up now.
    pub fn up(&self) -> usize {
        self.up.load(Ordering::Relaxed)
    }

    /// Has them call step by step until the plan's time is over; calls that are up then are hung
    /// up. `look` is called with the number of the step when the last of its callers has begun,
    /// every ten seconds from then on, and at its end.
    pub async fn run(self: Arc<Self>, mut look: impl AsyncFnMut(usize)) -> Outcome {
        let begun = Instant::now();
        let running = TaskTracker::new();
        let (mut callers, mut from, mut steps) = (0, begun, Vec::new());
        for (nth, step) in self.plan.steps.iter().enumerate() {
            let new = step.calls.saturating_sub(callers);
            for number in 0..new {
                let first = from + step.ramp.mul_f64(number as f64 / new as f64);
                running.spawn(self.clone().caller(callers + number, begun, first));
            }
            callers = callers.max(step.calls);
            let full = from + step.ramp;
            let up = self.hold(full, async || look(nth).await).await;
            let end = Instant::now();
            let ms = |at: Instant| (at - begun).as_millis() as u64;
            let (from_ms, full_ms) = (ms(from), ms(full)..ms(end));
            steps.push(StepOutcome { step: *step, from_ms, full_ms, up });
            from = end;
            if self.stop.is_cancelled() {
                break;
            }
        }
        self.stop.cancel();
        running.close();
        running.wait().await;
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        Outcome { calls: ended.clone(), steps }
    }

    /// Lets all call for the plan's time, from `full` on; how many were up in each second.
    async fn hold(&self, full: Instant, mut look: impl AsyncFnMut()) -> Vec<usize> {
        let mut up = Vec::new();
        let mut seconds = interval_at(full, SECOND);
        while full.elapsed() < self.plan.duration {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                _ = seconds.tick() => {}
            }
            if up.len() % LOOK_S == 0 {
                look().await;
            }
            up.push(self.up());
        }
        look().await;
        up
    }

    /// One caller: a call, a breath, the next.
    async fn caller(self: Arc<Self>, number: usize, begun: Instant, first: Instant) {
        let mut chance = StdRng::seed_from_u64(self.plan.seed ^ (number as u64) << 32);
        let mut order: Vec<usize> = (0..self.scripts.len()).collect();
        order.shuffle(&mut chance);
        let mut next = first;
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
            let dialled = self.dialled.fetch_add(1, Ordering::Relaxed);
            let report = self.call(script, &another_number(&script.scenario.from, dialled)).await;
            self.up.fetch_sub(1, Ordering::Relaxed);
            let cut = self.stop.is_cancelled();
            let record = CallRecord::new(&script.scenario, from_ms, report, cut);
            self.ended.lock().unwrap_or_else(PoisonError::into_inner).push(record);
            next = Instant::now() + Duration::from_millis(chance.random_range(0..REDIAL_MS_MAX));
        }
    }

    async fn call(&self, script: &Script, from: &str) -> Result<super::CallReport, PhoneError> {
        let scenario = script.scenario.called_from(from);
        let mut nowhere = Conversation::new(std::io::sink(), Paint::Plain, Vec::new());
        let (client, options, cues) = (&self.client, &self.options, script.cues.clone());
        place(client, options, &scenario, cues, &mut nowhere, &self.stop).await
    }
}

/// Another number like `from`: whoever has a ticket already is told how it stands, and tells
/// nothing. A number that is withheld stays so.
fn another_number(from: &str, nth: u64) -> String {
    let own = from.len().saturating_sub(OWN_DIGITS as usize);
    match from.get(own..) {
        Some(digits) if own > 0 && digits.bytes().all(|b| b.is_ascii_digit()) => {
            let nth = nth % 10u64.pow(OWN_DIGITS);
            format!("{}{nth:0width$}", &from[..own], width = OWN_DIGITS as usize)
        }
        _ => from.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_has_a_number_of_its_own() {
        let check = |from: &str, nth: u64, want: &str| assert_eq!(another_number(from, nth), want);
        check("+84903446912", 7, "+84903000007");
        check("+84903446912", 17_641_234_567, "+84903234567");
        check("", 7, "");
        check("346912", 7, "346912");
        check("+84-903-46912", 7, "+84-903-46912");
        check("anna", 7, "anna");
    }
}
