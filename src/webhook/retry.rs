//! When an attempt that failed is made again.

use jiff::{SignedDuration, Timestamp};
use rand::Rng;

/// Seconds to wait after the first, second, ... failed attempt: 76 hours in all (Standard Webhooks
/// 1.0, "Deliverability and reliability").
const WAITS_S: [i64; 9] =
    [5, 5 * 60, 30 * 60, 2 * 3_600, 5 * 3_600, 10 * 3_600, 14 * 3_600, 20 * 3_600, 24 * 3_600];
/// Each wait is longer by up to this share, so that a receiver that comes back is not met by all at
/// once.
const JITTER: f64 = 0.2;
/// The longest wait a receiver may ask for.
const RETRY_AFTER_S_MAX: i64 = 24 * 3_600;

/// When to try again after `failed` attempts before this one; `None`: no more. A receiver may ask
/// for longer (`Retry-After` in seconds, RFC 9110 10.2.3), not for less.
pub fn again_at(failed: u32, retry_after_s: Option<i64>, now: Timestamp) -> Option<Timestamp> {
    let wait = WAITS_S.get(failed as usize)?;
    let longer = rand::rng().random_range(0.0..JITTER);
    let wait_ms = (*wait as f64 * 1_000.0 * (1.0 + longer)) as i64;
    let asked_ms = retry_after_s.unwrap_or(0).clamp(0, RETRY_AFTER_S_MAX) * 1_000;
    let wait = SignedDuration::from_millis(wait_ms.max(asked_ms));
    Some(now.saturating_add(wait).unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let now = Timestamp::UNIX_EPOCH;
        let check = |failed, asked, from, to| {
            let at = again_at(failed, asked, now).map(|at| at.as_second());
            assert!(at.is_some_and(|at| (from..=to).contains(&at)), "{failed}: {at:?}");
        };
        check(0, None, 5, 6);
        check(1, None, 300, 360);
        check(8, None, 86_400, 103_680);
        check(0, Some(120), 120, 120);
        check(0, Some(-1), 5, 6);
        check(3, Some(60), 7_200, 8_640);
        check(0, Some(i64::MAX), 86_400, 86_400);
        assert_eq!(again_at(9, Some(60), now), None);
    }
}
