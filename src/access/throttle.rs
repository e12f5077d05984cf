//! Failed log-ins are counted, and each makes the next wait longer.
//!
//! What is counted together decides who can lock out whom (OWASP, "Slow Down Online Guessing
//! Attacks with Device Cookies"). A browser from which a user has logged in before is counted by
//! itself, so nobody else's failures delay it: not those of a stranger who tries the user's name,
//! nor those of a colleague behind the same address. All other browsers share one count for each
//! name, which stops guessing, and one for each address, which stops trying one password with many
//! names. A whole call centre behind one NAT therefore keeps working while it is attacked; only
//! who comes with a new browser may have to wait.

use super::secret::digest_of;
use super::{Access, AccessError};
use crate::store::Change;
use jiff::Timestamp;
use std::net::IpAddr;

/// How a count makes wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limit {
    /// Failures without a wait.
    free: i64,
    /// The longest wait, in milliseconds. The first is a second, each next one twice as long.
    wait_ms_max: i64,
    /// After so long without a failure all are forgotten, in milliseconds.
    forget_ms: i64,
}

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Counts older than this say nothing in any of the limits.
pub(super) const FORGOTTEN_MS: i64 = 24 * HOUR_MS;

/// For one name or one device: fewer than a hundred guesses a day (NIST SP 800-63B, 3.2.2).
const GUESSING: Limit = Limit { free: 5, wait_ms_max: 20 * MINUTE_MS, forget_ms: FORGOTTEN_MS };
/// For one address: a call centre's mistyped passwords of an hour are free. Then one a minute.
const SPRAYING: Limit = Limit { free: 100, wait_ms_max: MINUTE_MS, forget_ms: HOUR_MS };

/// Whom failures are counted against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject {
    key: String,
    limit: Limit,
}

impl Subject {
    /// A browser from which the user has logged in before.
    pub(super) fn device(digest: &str) -> Subject {
        Subject { key: format!("device {digest}"), limit: GUESSING }
    }

    /// A name as it was typed, whether there is such a user or not.
    pub(super) fn name(typed: &str) -> Subject {
        Subject { key: format!("name {}", digest_of("name", typed)), limit: GUESSING }
    }

    /// A user who is logged in and is asked for the password again.
    pub(super) fn confirmation(name: &str) -> Subject {
        Subject { key: format!("confirmation {name}"), limit: GUESSING }
    }

    /// An address from which somebody logs in.
    pub(super) fn address(address: IpAddr) -> Subject {
        Subject { key: format!("address {}", network(address)), limit: SPRAYING }
    }

    /// An address from which somebody asks for what the public may ask for. Their mistakes keep
    /// nobody behind the same address from logging in.
    fn public(address: IpAddr) -> Subject {
        Subject { key: format!("public {}", network(address)), limit: SPRAYING }
    }
}

/// The address; of IPv6 the network, for each customer has 2^64 addresses.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// Failures in a row and when the last was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Count {
    failures: i64,
    last_ms: i64,
}

impl Count {
    /// How long is to be waited at `now_ms`, in milliseconds.
    fn wait_ms(self, limit: Limit, now_ms: i64) -> i64 {
        let over = self.failures - limit.free;
        if over < 0 || now_ms - self.last_ms >= limit.forget_ms {
            return 0;
        }
        let wait_ms = 1_000i64 << over.min(30);
        (self.last_ms + wait_ms.min(limit.wait_ms_max) - now_ms).max(0)
    }

    /// One failure more.
    fn failed(self, limit: Limit, now_ms: i64) -> Count {
        let known = now_ms - self.last_ms < limit.forget_ms;
        // The nodes' clocks may differ a little.
        let last_ms = now_ms.max(if known { self.last_ms } else { 0 });
        Count { failures: if known { self.failures + 1 } else { 1 }, last_ms }
    }

    /// An attempt that may turn out to be no failure. While failures are free it is none yet for
    /// the clock: behind an address where many people succeed they would never be forgotten.
    fn begun(self, limit: Limit, now_ms: i64) -> Count {
        let failed = self.failed(limit, now_ms);
        let free = (2..=limit.free).contains(&failed.failures);
        Count { last_ms: if free { self.last_ms } else { failed.last_ms }, ..failed }
    }

    /// The attempt begun at `now_ms` was a failure.
    fn was_wrong(self, now_ms: i64) -> Count {
        Count { last_ms: self.last_ms.max(now_ms), ..self }
    }

    /// The attempt that made `begun` of `before` was none: nobody has to wait for it.
    fn was_right(self, limit: Limit, before: Count, begun: Count) -> Count {
        let alone = begun.failures > limit.free && self.last_ms == begun.last_ms;
        let last_ms = if alone { before.last_ms } else { self.last_ms };
        Count { failures: (self.failures - 1).max(0), last_ms }
    }
}

fn throttled(wait_ms: i64) -> AccessError {
    AccessError::Throttled { wait_s: (wait_ms as u64).div_ceil(1_000) }
}

impl Access {
    /// Runs `attempt` of somebody at `address` who shows who they are by knowing something; `None`
    /// is a wrong guess and counts. Refuses where too many were wrong.
    pub async fn guess<T, E: From<AccessError>>(
        &self,
        address: IpAddr,
        now: Timestamp,
        attempt: impl Future<Output = Result<Option<T>, E>>,
    ) -> Result<Option<T>, E> {
        let subject = &Subject::public(address);
        self.look(subject, now).await?;
        let now_ms = now.as_millisecond();
        // Counted in advance, so that of many guesses at once no more are looked at.
        let run = async |change: &mut Change| {
            let before = self.count(change, subject).await?;
            match before.wait_ms(subject.limit, now_ms) {
                0 => {
                    let begun = before.begun(subject.limit, now_ms);
                    self.set_count(change, subject, begun).await?;
                    Ok((before, begun))
                }
                wait_ms => Err(throttled(wait_ms)),
            }
        };
        let (before, begun) = self.database().change(run).await?;
        let found = attempt.await;
        let run = async |change: &mut Change| {
            let count = self.count(change, subject).await?;
            let count = match found {
                Ok(None) => count.was_wrong(now_ms),
                _ => count.was_right(subject.limit, before, begun),
            };
            self.set_count(change, subject, count).await
        };
        self.database().change(run).await?;
        found
    }

    /// Refuses where `subject` has to wait; otherwise counts a failure in advance, so that of many
    /// attempts at once no more are looked at than one after another. [`Access::forgive`] takes it
    /// back.
    pub(super) async fn charge(
        &self,
        subject: &Subject,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        // Who is refused anyway does not hold up those that write.
        self.look(subject, now).await?;
        let now_ms = now.as_millisecond();
        let run = async |change: &mut Change| {
            let count = self.count(change, subject).await?;
            match count.wait_ms(subject.limit, now_ms) {
                0 => self.set_count(change, subject, count.failed(subject.limit, now_ms)).await,
                wait_ms => Err(throttled(wait_ms)),
            }
        };
        self.database().change(run).await
    }

    /// Refuses where `subject` has to wait.
    pub(super) async fn look(&self, subject: &Subject, now: Timestamp) -> Result<(), AccessError> {
        let sql = "SELECT failures, last_at FROM login_failures WHERE subject = $1";
        let query = sqlx::query_as(sql).bind(subject.key.clone());
        let row: Option<(i64, i64)> =
            query.fetch_optional(self.database().pool()).await.map_err(|e| self.error(e))?;
        let count = row.map_or(Count::default(), |(failures, last_ms)| Count { failures, last_ms });
        match count.wait_ms(subject.limit, now.as_millisecond()) {
            0 => Ok(()),
            wait_ms => Err(throttled(wait_ms)),
        }
    }

    /// Counts a failure.
    pub(super) async fn count_failure(
        &self,
        change: &mut Change,
        subject: &Subject,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        let count = self.count(change, subject).await?;
        let count = count.failed(subject.limit, now.as_millisecond());
        self.set_count(change, subject, count).await
    }

    /// Takes back one failure that was counted in advance.
    pub(super) async fn forgive(&self, subject: &Subject) -> Result<(), AccessError> {
        let sql = "UPDATE login_failures SET failures = failures - 1 \
             WHERE subject = $1 AND failures > 0";
        let query = sqlx::query(sql).bind(subject.key.clone());
        query.execute(self.database().pool()).await.map_err(|e| self.error(e))?;
        Ok(())
    }

    /// Forgets all failures: somebody who knows the password was there.
    pub(super) async fn forget_failures(
        &self,
        change: &mut Change,
        subject: &Subject,
    ) -> Result<(), AccessError> {
        let sql = "DELETE FROM login_failures WHERE subject = $1";
        self.run(change, sqlx::query(sql).bind(subject.key.clone())).await?;
        Ok(())
    }

    /// The count of `subject`, locked. In one statement: between two, somebody else who got in may
    /// have deleted it.
    async fn count(&self, change: &mut Change, subject: &Subject) -> Result<Count, AccessError> {
        let sql = "INSERT INTO login_failures (subject, failures, last_at) VALUES ($1, 0, 0) \
             ON CONFLICT (subject) DO UPDATE SET failures = login_failures.failures \
             RETURNING failures, last_at";
        let query = sqlx::query_as(sql).bind(subject.key.clone());
        let (failures, last_ms) =
            query.fetch_one(change.connection()).await.map_err(|e| self.error(e))?;
        Ok(Count { failures, last_ms })
    }

    async fn set_count(
        &self,
        change: &mut Change,
        subject: &Subject,
        count: Count,
    ) -> Result<(), AccessError> {
        let sql = "UPDATE login_failures SET failures = $1, last_at = $2 WHERE subject = $3";
        let query = sqlx::query(sql).bind(count.failures).bind(count.last_ms);
        self.run(change, query.bind(subject.key.clone())).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn waits_grow() {
        let waits: Vec<i64> = (0..18)
            .map(|failures| Count { failures, last_ms: 0 }.wait_ms(GUESSING, 0) / 1_000)
            .collect();
        let want = [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1200, 1200];
        assert_eq!(waits, want);
        let long = Count { failures: i64::MAX, last_ms: 0 };
        assert_eq!(long.wait_ms(SPRAYING, 0), MINUTE_MS);
        assert_eq!(long.wait_ms(SPRAYING, HOUR_MS), 0, "forgotten");
    }

    #[test]
    fn subjects() {
        let check = |a: &str, b: &str, same: bool| {
            let [a, b] = [a, b].map(|ip| Subject::address(ip.parse().unwrap()));
            assert_eq!(a == b, same, "{a:?} {b:?}");
        };
        check("192.0.2.1", "::ffff:192.0.2.1", true);
        check("192.0.2.1", "192.0.2.2", false);
        check("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true);
        check("2001:db8:1:2::1", "2001:db8:1:3::1", false);
        assert!(!Subject::name("hunter2").key.contains("hunter2"));
    }

    #[test]
    fn successes_do_not_keep_failures_from_being_forgotten() {
        let check = |failures: i64, last_ms: i64, want: (i64, i64)| {
            let begun = Count { failures, last_ms }.begun(SPRAYING, HOUR_MS);
            assert_eq!((begun.failures, begun.last_ms), want, "{failures} {last_ms}");
        };
        check(0, 1, (1, HOUR_MS));
        check(5, 1, (6, 1));
        check(99, 1, (100, 1));
        check(100, 1, (101, HOUR_MS));
        check(100, 0, (1, HOUR_MS));
    }

    proptest! {
        /// However attempts are spread over a day, no more than NIST's hundred are looked at.
        #[test]
        fn a_day_has_few_guesses(
            gaps in proptest::collection::vec(0i64..20 * MINUTE_MS, 1..2_000),
        ) {
            let (mut count, mut now, mut looked_at) = (Count::default(), FORGOTTEN_MS, 0);
            for gap in gaps {
                now += gap;
                if now >= 2 * FORGOTTEN_MS {
                    break;
                }
                if count.wait_ms(GUESSING, now) == 0 {
                    count = count.failed(GUESSING, now);
                    looked_at += 1;
                }
            }
            prop_assert!(looked_at <= 100, "{}", looked_at);
        }

        /// However many guesses run at once, and however many right ones between them.
        #[test]
        fn an_hour_has_few_wrong_guesses(
            steps in proptest::collection::vec((0i64..3_000, 0u8..4, 0usize..50), 1..1_500),
        ) {
            let (mut count, mut now, mut wrong) = (Count::default(), FORGOTTEN_MS, 0);
            let mut running = vec![];
            for (gap, what, which) in steps {
                now += gap;
                if now >= FORGOTTEN_MS + HOUR_MS {
                    break;
                }
                if what < 3 && count.wait_ms(SPRAYING, now) == 0 {
                    let begun = count.begun(SPRAYING, now);
                    running.push((count, begun, now, what == 0));
                    wrong += i64::from(what > 0);
                    count = begun;
                } else if !running.is_empty() {
                    let (before, begun, at, right) = running.swap_remove(which % running.len());
                    count = match right {
                        true => count.was_right(SPRAYING, before, begun),
                        false => count.was_wrong(at),
                    };
                }
            }
            prop_assert!(wrong <= SPRAYING.free + 70, "{}", wrong);
        }

        #[test]
        fn who_is_right_never_waits(gaps in proptest::collection::vec(0i64..3_000, 1..1_000)) {
            let (mut count, mut now) = (Count::default(), FORGOTTEN_MS);
            for gap in gaps {
                now += gap;
                prop_assert_eq!(count.wait_ms(SPRAYING, now), 0);
                let begun = count.begun(SPRAYING, now);
                count = begun.was_right(SPRAYING, count, begun);
                prop_assert_eq!(count.failures, 0);
            }
        }

        #[test]
        fn waiting_as_told_is_enough(failures in 0i64..100, at in 0i64..HOUR_MS) {
            let count = Count { failures, last_ms: 0 };
            let wait = count.wait_ms(GUESSING, at);
            prop_assert!(wait <= GUESSING.wait_ms_max);
            prop_assert_eq!(count.wait_ms(GUESSING, at + wait), 0);
        }
    }
}
