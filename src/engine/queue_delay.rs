//! How long streams wait for a recogniser that computes others'.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What was longer ago hardly counts.
const MEMORY: Duration = Duration::from_secs(10);

/// The mean of the last ten seconds, of one worker.
pub(super) struct QueueDelay {
    mean_s: f64,
    until: Instant,
    told_us: Arc<AtomicU64>,
}

impl QueueDelay {
    /// Of a worker that begins now; `told_us` holds the mean in microseconds, for other threads.
    pub(super) fn new(now: Instant, told_us: Arc<AtomicU64>) -> QueueDelay {
        QueueDelay { mean_s: 0.0, until: now, told_us }
    }

    /// Until now the worker computed a batch, and as many of them are `ahead` of the stream that
    /// waits last.
    pub(super) fn computed(&mut self, now: Instant, ahead: usize) {
        let took = now.saturating_duration_since(self.until);
        self.passed(now, took.as_secs_f64() * ahead as f64);
    }

    /// Until now there was nothing to compute.
    pub(super) fn rested(&mut self, now: Instant) {
        self.passed(now, 0.0);
    }

    fn passed(&mut self, now: Instant, delay_s: f64) {
        let took = now.saturating_duration_since(self.until);
        let kept = (-took.as_secs_f64() / MEMORY.as_secs_f64()).exp();
        self.mean_s = self.mean_s * kept + delay_s * (1.0 - kept);
        self.until = now;
        self.told_us.store((self.mean_s * 1e6) as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_the_last_ten_seconds() {
        // Batches of 100 ms, so many ahead, for so many seconds; then seconds of rest.
        let check = |ahead: usize, busy_s: u64, rest_s: u64, want_ms: u64| {
            let told = Arc::new(AtomicU64::new(0));
            let mut now = Instant::now();
            let mut delay = QueueDelay::new(now, told.clone());
            for _ in 0..10 * busy_s {
                now += Duration::from_millis(100);
                delay.computed(now, ahead);
            }
            delay.rested(now + Duration::from_secs(rest_s));
            let got_ms = told.load(Ordering::Relaxed).div_ceil(1_000);
            assert_eq!(got_ms, want_ms, "{ahead} ahead for {busy_s} s, {rest_s} s of rest");
        };
        check(0, 60, 0, 0);
        check(5, 0, 0, 0);
        check(5, 120, 0, 500);
        check(5, 10, 0, 317);
        check(5, 120, 10, 184);
        check(5, 120, 60, 2);
    }
}
