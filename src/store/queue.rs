//! The queue: who takes which ticket, and what users and the clock do to it.

use super::database::Change;
use super::rows::{SELECT, TicketRow, rank, signed, word};
use super::{QueuePlace, StoreError, StoredTicket, TicketStore};
use crate::ticket::{
    Act, Actor, CallbackBy, CallbackPolicy, Priority, Refused, Stage, TicketNumber, TicketStanding,
    Workload, expected, spoken_deadline,
};
use jiff::{SignedDuration, Timestamp};
use sqlx::AssertSqlSafe;

/// Tickets that fell due and are moved in one change: a few milliseconds of lock.
const SWEEP_MAX: i64 = 100;
/// Stages at which somebody still owes the caller something, as SQL has them.
pub(super) const PENDING: &str = "('open', 'claimed', 'calling', 'scheduled', 'referred')";
/// A longer queue is not counted: nothing is promised for its end.
const AHEAD_MAX: i64 = 20_000;
/// Beyond five days a weekday may be that of the week after.
const PROMISE_MAX: SignedDuration = SignedDuration::from_hours(5 * 24);

/// Why an act on a ticket came to nothing; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// No ticket has this number.
    #[error("there is no ticket {0}")]
    NoSuchTicket(TicketNumber),
    /// Somebody changed it since it was read.
    #[error("the ticket was changed meanwhile: it is at version {version}; read it again")]
    Changed {
        /// Its version now.
        version: u64,
    },
    /// The life cycle refuses it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Which ticket an operator wants next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pick {
    /// Of this hotline.
    pub hotline: String,
    /// In one of these languages (ISO 639-1); empty: any.
    pub languages: Vec<String>,
    /// For this office; `None`: any.
    pub office: Option<String>,
}

/// What the clock moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Acts of the clock: leases lapsed, times come, promises at risk.
    pub acts: u64,
    /// True when there was more to do than one sweep does.
    pub more: bool,
}

/// Selects the ticket that goes first: of hotline `$1`, of at least rank `$2`, for office `$3` or
/// any, in one of so many `languages` from `$4` on.
pub(super) fn next(languages: usize) -> String {
    let mut sql = format!(
        "{SELECT} WHERE hotline = $1 AND stage = 'open' AND priority >= $2 \
         AND ($3 IS NULL OR office = $3)"
    );
    if languages > 0 {
        let places: Vec<String> = (4..).take(languages).map(|n| format!("${n}")).collect();
        sql += &format!(" AND language IN ({})", places.join(", "));
    }
    sql + " ORDER BY priority DESC, received_at, number LIMIT 1"
}

impl TicketStore {
    /// Applies `act` by `by` to ticket `number`; with `if_version` only to that version of it.
    pub async fn act(
        &self,
        number: TicketNumber,
        act: &Act,
        by: &Actor,
        if_version: Option<u64>,
        now: Timestamp,
    ) -> Result<StoredTicket, ActError> {
        let run = async |change: &mut Change| {
            let found = self.locked(change, "number", signed(number.0)).await?;
            let mut stored = found.ok_or(ActError::NoSuchTicket(number))?;
            if let Some(version) = if_version
                && version != stored.version
            {
                return Err(ActError::Changed { version: stored.version });
            }
            let policy = self.policy(&stored);
            self.do_act(change, &mut stored, act, by, &policy, now).await?;
            self.write(change, &mut stored, &policy, now).await?;
            Ok(stored)
        };
        self.database.change(run).await
    }

    /// Claims for user `by` the ticket that goes first of those `pick` lets through; `None` when
    /// there is none. Emergencies first, then the pressing, then who has waited longest. While the
    /// hotline may ring nobody, only emergencies are given out.
    pub async fn claim_next(
        &self,
        pick: &Pick,
        by: &str,
        now: Timestamp,
    ) -> Result<Option<StoredTicket>, ActError> {
        let policy = self.policies.of(&pick.hotline).clone();
        let lowest = match policy.hours.may_ring(now) {
            true => Priority::Normal,
            false => Priority::Emergency,
        };
        let sql = next(pick.languages.len());
        let run = async |change: &mut Change| {
            let mut query = sqlx::query_as::<_, TicketRow>(change.skipping_locked(&sql))
                .bind(pick.hotline.clone())
                .bind(rank(lowest))
                .bind(pick.office.clone());
            for language in &pick.languages {
                query = query.bind(language.clone());
            }
            let row = query.fetch_optional(change.connection()).await.map_err(|e| self.error(e))?;
            let Some(row) = row else { return Ok(None) };
            let mut stored = self.stored(row)?;
            let by = Actor::Operator(by.to_string());
            self.do_act(change, &mut stored, &Act::Claim, &by, &policy, now).await?;
            self.write(change, &mut stored, &policy, now).await?;
            Ok(Some(stored))
        };
        self.database.change(run).await
    }

    /// By when the caller who is the last in the queue of `hotline` will have been called, as a
    /// person says it. `None` where that is not known, or further ahead than a weekday's name
    /// reaches.
    pub async fn promise(
        &self,
        hotline: &str,
        now: Timestamp,
    ) -> Result<Option<CallbackBy>, StoreError> {
        self.promise_behind(hotline, "", now).await
    }

    /// How ticket `stored` stands, as its caller may be told.
    pub async fn standing(
        &self,
        stored: &StoredTicket,
        now: Timestamp,
    ) -> Result<TicketStanding, StoreError> {
        let (policy, place) = (self.policy(stored), QueuePlace::of(stored));
        let ahead = format!(" AND {}", place.before());
        let hotline = &stored.ticket.hotline;
        let by = match self.agents(hotline, now).await? {
            // Nobody knows how fast it goes: the promise that was made holds as long as it can.
            0 => {
                let due = stored.callback.due_at(&policy);
                (due > now).then(|| spoken_deadline(due, now, &policy.hours))
            }
            _ => self.promise_behind(hotline, &ahead, now).await?,
        };
        Ok(TicketStanding::new(stored.number, &stored.callback, by))
    }

    /// The newest ticket that waits for a call to `number`, on `hotline`, older than `than`.
    pub async fn waiting_for(
        &self,
        hotline: &str,
        number: &str,
        than: TicketNumber,
    ) -> Result<Option<StoredTicket>, StoreError> {
        let sql = format!(
            "{SELECT} WHERE callback_number = $1 AND hotline = $2 AND number < $3 AND \
             stage IN {PENDING} ORDER BY number DESC LIMIT 1"
        );
        let query = sqlx::query_as::<_, TicketRow>(AssertSqlSafe(sql))
            .bind(number.to_string())
            .bind(hotline.to_string())
            .bind(signed(than.0));
        let row = query.fetch_optional(self.database.pool()).await.map_err(|e| self.error(e))?;
        row.map(|row| self.stored(row)).transpose()
    }

    /// How many agents call back: those whose consoles say that they are there, else as many as
    /// the hotline's file says.
    pub(super) async fn agents(&self, hotline: &str, now: Timestamp) -> Result<u32, StoreError> {
        let at_work = self.agents_at_work(hotline, now).await?;
        Ok(if at_work > 0 { at_work } else { self.policies.of(hotline).agents })
    }

    /// The promise to who comes after the open tickets that fulfil the condition `ahead`.
    async fn promise_behind(
        &self,
        hotline: &str,
        ahead: &str,
        now: Timestamp,
    ) -> Result<Option<CallbackBy>, StoreError> {
        let policy = self.policies.of(hotline);
        let agents = self.agents(hotline, now).await?;
        if agents == 0 {
            return Ok(None);
        }
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 AS one FROM tickets WHERE hotline = $1 AND \
             stage = 'open'{ahead} LIMIT {AHEAD_MAX}) ahead"
        );
        let query = sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).bind(hotline.to_string());
        let ahead = query.fetch_one(self.database.pool()).await.map_err(|e| self.error(e))?;
        let handling_s = u32::try_from(policy.handling.as_secs()).unwrap_or(u32::MAX);
        let workload = Workload { ahead: ahead.unsigned_abs(), agents, handling_s };
        let by = expected(now, &workload, &policy.hours);
        let near = by.filter(|by| by.duration_since(now) < PROMISE_MAX && ahead < AHEAD_MAX);
        Ok(near.map(|by| spoken_deadline(by, now, &policy.hours)))
    }

    /// Does what the clock has to do by `now`, on any node's tickets; to be called each second.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept, StoreError> {
        let run = async |change: &mut Change| {
            let sql = format!("{SELECT} WHERE wakes_at <= $1 ORDER BY wakes_at LIMIT {SWEEP_MAX}");
            let query = sqlx::query_as::<_, TicketRow>(change.skipping_locked(&sql));
            let query = query.bind(now.as_millisecond());
            let rows = query.fetch_all(change.connection()).await.map_err(|e| self.error(e))?;
            let mut swept = Swept { acts: 0, more: rows.len() as i64 == SWEEP_MAX };
            for row in rows {
                let mut stored = self.stored(row)?;
                let policy = self.policy(&stored);
                swept.acts += self.do_due(change, &mut stored, &policy, now).await?;
                self.write(change, &mut stored, &policy, now).await?;
            }
            Ok(swept)
        };
        self.database.change(run).await
    }

    /// Does with one ticket what the clock has to do by `now`; returns how many acts that took.
    async fn do_due(
        &self,
        change: &mut Change,
        stored: &mut StoredTicket,
        policy: &CallbackPolicy,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut acts = 0;
        while let Some(act) = stored.callback.due_act(policy, now) {
            match self.do_act(change, stored, &act, &Actor::Clock, policy, now).await {
                Ok(()) => acts += 1,
                Err(ActError::Store(e)) => return Err(e),
                Err(refused) => {
                    tracing::error!(ticket = %stored.number, %refused, "the clock is refused");
                    break;
                }
            }
        }
        Ok(acts)
    }

    /// Merges ticket `repeat` into `into`, or undoes that; for supervisors, whose eyes see what
    /// [`crate::ticket::same_case`] does not.
    pub async fn merge(
        &self,
        into: TicketNumber,
        repeat: TicketNumber,
        undo: bool,
        by: &Actor,
        now: Timestamp,
    ) -> Result<StoredTicket, ActError> {
        let act = if undo { "unmerge" } else { "merge" };
        if !matches!(by, Actor::Supervisor(_)) {
            return Err(Refused::NotAllowed { act, whom: "supervisors" }.into());
        }
        let run = async |change: &mut Change| {
            // In order of number, so that two merges never wait for each other.
            let mut locked = Vec::new();
            for number in [into.min(repeat), into.max(repeat)] {
                let found = self.locked(change, "number", signed(number.0)).await?;
                locked.push(found.ok_or(ActError::NoSuchTicket(number))?);
            }
            let [first, second] = &mut locked[..] else { return Err(ActError::NoSuchTicket(into)) };
            let (kept, other) =
                if first.number == into { (first, second) } else { (second, first) };
            let repeated = (other.number, &mut other.callback);
            match undo {
                false => kept.callback.absorb(into, repeated, now)?,
                true => kept.callback.part_with(into, repeated)?,
            }
            let detail = serde_json::json!({ "into": into.0 });
            self.note(change, now, by, act, repeat, &detail).await?;
            for stored in [&mut *other, &mut *kept] {
                let policy = self.policy(stored);
                self.write(change, stored, &policy, now).await?;
            }
            Ok(kept.clone())
        };
        self.database.change(run).await
    }

    /// Applies `act`, notes it and does what follows from it; the row is still to be written.
    pub(super) async fn do_act(
        &self,
        change: &mut Change,
        stored: &mut StoredTicket,
        act: &Act,
        by: &Actor,
        policy: &CallbackPolicy,
        now: Timestamp,
    ) -> Result<(), ActError> {
        stored.callback.apply(act, by, policy, now)?;
        self.note_act(change, stored, act, by, now).await?;
        if *act == Act::Receive {
            self.received(change, stored, policy, now).await?;
        }
        Ok(())
    }

    /// Writes an act into the audit log, without what people said.
    pub(super) async fn note_act(
        &self,
        change: &mut Change,
        stored: &StoredTicket,
        act: &Act,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut detail = serde_json::json!({ "stage": stored.callback.stage.name() });
        match (act, &stored.callback.stage) {
            (Act::Finish { disposition }, _) => detail["disposition"] = disposition.clone().into(),
            (Act::Refer { office }, _) => detail["office"] = office.clone().into(),
            (Act::Escalate, _) => detail["escalation"] = word(&stored.callback.escalation).into(),
            (Act::Correct { slot, .. }, _) => detail["slot"] = slot.clone().into(),
            (_, Stage::Scheduled { at }) => detail["at"] = at.to_string().into(),
            _ => {}
        }
        self.note(change, now, by, act.name(), stored.number, &detail).await
    }
}
