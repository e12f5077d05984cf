//! How the queue stands now: who waits how long, and which promises are in danger.

use super::intake::instant;
use super::presence::SEEN_WITHIN;
use super::queue::PENDING;
use super::statistics::NO_TRIAL;
use super::{AgentState, StoreError, TicketStore};
use crate::ticket::{CallbackPolicy, Workload, expected};
use jiff::{SignedDuration, Timestamp};
use sqlx::{AssertSqlSafe, FromRow};

/// A promise that ends within so long is pressing.
const SOON: SignedDuration = SignedDuration::from_hours(1);
/// Open tickets of one hotline whose promises are weighed, the first of the queue.
const WEIGHED_MAX: usize = 2_000;

/// Waits are counted up to these hours, and beyond the last.
pub const WAIT_HOURS: [i64; 4] = [1, 4, 12, 24];

/// A hotline's queue as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueueNow {
    /// The hotline.
    pub hotline: String,
    /// Tickets that wait for an operator.
    pub open: u64,
    /// Emergencies among them.
    pub emergencies: u64,
    /// Tickets that operators hold.
    pub held: u64,
    /// Tickets with a time agreed on.
    pub scheduled: u64,
    /// Tickets at the responsible offices.
    pub referred: u64,
    /// Unsettled tickets whose promise ends within the hour.
    pub due_soon: u64,
    /// Unsettled tickets whose promise is broken.
    pub overdue: u64,
    /// When the caller who waits longest called.
    pub oldest: Option<Timestamp>,
    /// Open tickets by how long their callers wait: up to each of [`WAIT_HOURS`], and longer.
    pub waits: [u64; WAIT_HOURS.len() + 1],
}

/// How many agents of a hotline do what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AgentsNow {
    /// Take calls and tickets.
    pub ready: u32,
    /// On a call, or writing it up.
    pub on_call: u32,
    /// On a break.
    pub on_break: u32,
}

impl AgentsNow {
    /// Somebody works, and nobody is free.
    pub fn all_busy(&self) -> bool {
        self.ready == 0 && self.on_call > 0
    }
}

/// The promises of a queue's open tickets at the pace of its agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outlook {
    /// Agents the pace is reckoned by.
    pub agents: u32,
    /// Promises still whole that will not be kept.
    pub lost: u64,
    /// Tickets that were looked at, the first of the queue.
    pub weighed: u64,
    /// When who calls now will have been called back.
    pub next: Option<Timestamp>,
}

#[derive(FromRow)]
struct Counted {
    hotline: String,
    open: i64,
    emergencies: i64,
    held: i64,
    scheduled: i64,
    referred: i64,
    due_soon: i64,
    overdue: i64,
    oldest: Option<i64>,
}

impl TicketStore {
    /// How each hotline's queue stands at `now`, by name; hotlines that owe nobody anything are
    /// left out.
    pub async fn queues_now(&self, now: Timestamp) -> Result<Vec<QueueNow>, StoreError> {
        let sql = format!(
            "SELECT hotline, count(*) FILTER (WHERE stage = 'open') AS open, \
             count(*) FILTER (WHERE stage = 'open' AND priority = 2) AS emergencies, \
             count(*) FILTER (WHERE stage IN ('claimed', 'calling')) AS held, \
             count(*) FILTER (WHERE stage = 'scheduled') AS scheduled, \
             count(*) FILTER (WHERE stage = 'referred') AS referred, \
             count(*) FILTER (WHERE due_at > $1 AND due_at <= $2) AS due_soon, \
             count(*) FILTER (WHERE due_at <= $1) AS overdue, \
             min(CASE WHEN stage = 'open' THEN received_at END) AS oldest \
             FROM tickets WHERE stage IN {PENDING} AND {NO_TRIAL} GROUP BY hotline ORDER BY hotline"
        );
        let query = sqlx::query_as::<_, Counted>(AssertSqlSafe(sql))
            .bind(now.as_millisecond())
            .bind((now + SOON).as_millisecond());
        let rows = query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))?;
        let mut queues: Vec<QueueNow> = rows.into_iter().map(QueueNow::from).collect();
        let waits = self.waits(now).await?;
        for (hotline, rank, count) in waits {
            let queue = queues.iter_mut().find(|queue| queue.hotline == hotline);
            let wait = queue.and_then(|q| q.waits.get_mut(usize::try_from(rank).ok()?));
            wait.into_iter().for_each(|wait| *wait = count.unsigned_abs());
        }
        Ok(queues)
    }

    /// Open tickets by hotline and by which of the waits is theirs.
    async fn waits(&self, now: Timestamp) -> Result<Vec<(String, i64, i64)>, StoreError> {
        let bound = |hours| (now - SignedDuration::from_hours(hours)).as_millisecond();
        let cases = WAIT_HOURS.iter().enumerate();
        let cases =
            cases.map(|(rank, hours)| format!("WHEN received_at > {} THEN {rank} ", bound(*hours)));
        let cases: String = cases.collect();
        let longest = WAIT_HOURS.len();
        let sql = format!(
            "SELECT hotline, CAST(CASE {cases}ELSE {longest} END AS BIGINT) AS rank, count(*) \
             FROM tickets WHERE stage = 'open' AND {NO_TRIAL} GROUP BY 1, 2"
        );
        let query = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(self.database.pool()).await;
        query.map_err(|e| self.error(e))
    }

    /// How many agents work for `hotline` at `now`, and at what.
    pub async fn agents_now(&self, hotline: &str, now: Timestamp) -> Result<AgentsNow, StoreError> {
        let sql = "SELECT state, count(*) FROM presence WHERE seen_at >= $1 \
                   AND (hotlines = '*' OR hotlines LIKE $2) GROUP BY state";
        let query = sqlx::query_as::<_, (String, i64)>(sql)
            .bind((now - SEEN_WITHIN).as_millisecond())
            .bind(format!("%/{hotline}/%"));
        let rows = query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))?;
        let count = |state: AgentState| {
            let found = rows.iter().find(|(name, _)| name == state.name());
            found.map_or(0, |(_, count)| u32::try_from(*count).unwrap_or(u32::MAX))
        };
        Ok(AgentsNow {
            ready: count(AgentState::Ready),
            on_call: count(AgentState::OnCall),
            on_break: count(AgentState::Break),
        })
    }

    /// Which promises of the open tickets of `hotline` will be kept; `None` where nobody knows
    /// how many agents call back.
    pub async fn outlook(
        &self,
        hotline: &str,
        now: Timestamp,
    ) -> Result<Option<Outlook>, StoreError> {
        let agents = self.agents(hotline, now).await?;
        if agents == 0 {
            return Ok(None);
        }
        let sql = format!(
            "SELECT due_at FROM tickets WHERE hotline = $1 AND stage = 'open' AND {NO_TRIAL} \
             ORDER BY priority DESC, received_at, number LIMIT {WEIGHED_MAX}"
        );
        let query = sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).bind(hotline.to_string());
        let due = query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))?;
        let due: Vec<Timestamp> = due.into_iter().map(instant).collect();
        Ok(Some(weighed(&due, agents, self.policies.of(hotline), now)))
    }
}

impl From<Counted> for QueueNow {
    fn from(counted: Counted) -> QueueNow {
        QueueNow {
            hotline: counted.hotline,
            open: counted.open.unsigned_abs(),
            emergencies: counted.emergencies.unsigned_abs(),
            held: counted.held.unsigned_abs(),
            scheduled: counted.scheduled.unsigned_abs(),
            referred: counted.referred.unsigned_abs(),
            due_soon: counted.due_soon.unsigned_abs(),
            overdue: counted.overdue.unsigned_abs(),
            oldest: counted.oldest.map(instant),
            waits: Default::default(),
        }
    }
}

/// Of open tickets whose promises end at `due`, in the queue's order.
fn weighed(due: &[Timestamp], agents: u32, policy: &CallbackPolicy, now: Timestamp) -> Outlook {
    let handling_s = u32::try_from(policy.handling.as_secs()).unwrap_or(u32::MAX);
    // As many as there are agents are called at once: each wave a step on from the one before.
    let step = Workload { ahead: 0, agents, handling_s };
    let after = |at: Option<Timestamp>| expected(at?, &step, &policy.hours);
    let (mut by, mut lost) = (Some(now), 0);
    for due in due.chunks(agents as usize) {
        by = after(by);
        let late = |due: &&Timestamp| **due > now && by.is_none_or(|by| by > **due);
        lost += due.iter().filter(late).count() as u64;
    }
    let next = match due.len() {
        WEIGHED_MAX.. => None,
        open if open.is_multiple_of(agents as usize) => after(by),
        // The last wave has an agent left.
        _ => by,
    };
    Outlook { agents, lost, weighed: due.len() as u64, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_are_weighed_at_the_agents_pace() {
        let now: Timestamp = "2026-01-31T08:00:00Z".parse().unwrap();
        let policy = CallbackPolicy::default();
        // Six minutes each, and twice that to be on the safe side.
        let check = |due_min: &[i64], agents: u32, lost: u64| {
            let due: Vec<Timestamp> =
                due_min.iter().map(|min| now + SignedDuration::from_mins(*min)).collect();
            assert_eq!(weighed(&due, agents, &policy, now).lost, lost, "{due_min:?} {agents}");
        };
        check(&[], 1, 0);
        check(&[12], 1, 0);
        check(&[11], 1, 1);
        check(&[13, 13], 1, 1);
        check(&[13, 13], 2, 0);
        check(&[-5, 13], 1, 1);
        check(&[-5], 1, 0);
        check(&[24, 24, 24, 24, 24], 2, 1);
        let next = weighed(&[now], 1, &policy, now).next;
        assert_eq!(next, Some(now + SignedDuration::from_mins(24)));
        let next = weighed(&[now], 2, &policy, now).next;
        assert_eq!(next, Some(now + SignedDuration::from_mins(12)));
    }
}
