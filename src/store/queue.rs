//! The queue: who takes which ticket, and what users and the clock do to it.

use super::database::Change;
use super::rows::{SELECT, TicketRow, rank, signed};
use super::{StoreError, StoredTicket, TicketStore, audit};
use crate::ticket::{Act, Actor, CallbackPolicy, Priority, Refused, Stage, TicketNumber};
use jiff::Timestamp;

/// Tickets that fell due and are moved in one change: a few milliseconds of lock.
const SWEEP_MAX: i64 = 100;

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
        let mut change = self.database.change().await.map_err(|e| self.error(e))?;
        let found = self.locked(&mut change, "number", signed(number.0)).await?;
        let mut stored = found.ok_or(ActError::NoSuchTicket(number))?;
        if let Some(version) = if_version
            && version != stored.version
        {
            return Err(ActError::Changed { version: stored.version });
        }
        let policy = self.policy(&stored);
        self.do_act(&mut change, &mut stored, act, by, &policy, now).await?;
        self.write(&mut change, &mut stored, &policy, now).await?;
        change.commit().await.map_err(|e| self.error(e))?;
        Ok(stored)
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
        let mut sql = format!(
            "{SELECT} WHERE hotline = $1 AND stage = 'open' AND priority >= $2 \
             AND ($3 IS NULL OR office = $3)"
        );
        for i in 0..pick.languages.len() {
            sql += if i == 0 { " AND language IN (" } else { ", " };
            sql += &format!("${}", i + 4);
        }
        sql += if pick.languages.is_empty() { "" } else { ")" };
        sql += " ORDER BY priority DESC, received_at, number LIMIT 1";
        let mut change = self.database.change().await.map_err(|e| self.error(e))?;
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
        self.do_act(&mut change, &mut stored, &Act::Claim, &by, &policy, now).await?;
        self.write(&mut change, &mut stored, &policy, now).await?;
        change.commit().await.map_err(|e| self.error(e))?;
        Ok(Some(stored))
    }

    /// Does what the clock has to do by `now`, on any node's tickets; to be called each second.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept, StoreError> {
        let mut change = self.database.change().await.map_err(|e| self.error(e))?;
        let sql = format!("{SELECT} WHERE wakes_at <= $1 ORDER BY wakes_at LIMIT {SWEEP_MAX}");
        let query =
            sqlx::query_as::<_, TicketRow>(change.skipping_locked(&sql)).bind(now.as_millisecond());
        let rows = query.fetch_all(change.connection()).await.map_err(|e| self.error(e))?;
        let mut swept = Swept { acts: 0, more: rows.len() as i64 == SWEEP_MAX };
        for row in rows {
            let mut stored = self.stored(row)?;
            let policy = self.policy(&stored);
            while let Some(act) = stored.callback.due_act(&policy, now) {
                let by = &Actor::Clock;
                match self.do_act(&mut change, &mut stored, &act, by, &policy, now).await {
                    Ok(()) => swept.acts += 1,
                    Err(ActError::Store(e)) => return Err(e),
                    Err(refused) => {
                        tracing::error!(ticket = %stored.number, %refused, "the clock is refused");
                        break;
                    }
                }
            }
            self.write(&mut change, &mut stored, &policy, now).await?;
        }
        change.commit().await.map_err(|e| self.error(e))?;
        Ok(swept)
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
        let mut change = self.database.change().await.map_err(|e| self.error(e))?;
        // In order of number, so that two merges never wait for each other.
        let (first, second) = (into.min(repeat), into.max(repeat));
        let mut locked = Vec::new();
        for number in [first, second] {
            let found = self.locked(&mut change, "number", signed(number.0)).await?;
            locked.push(found.ok_or(ActError::NoSuchTicket(number))?);
        }
        let [first, second] = &mut locked[..] else { return Err(ActError::NoSuchTicket(into)) };
        let (kept, other) = if first.number == into { (first, second) } else { (second, first) };
        let repeated = (other.number, &mut other.callback);
        match undo {
            false => kept.callback.absorb(into, repeated, now)?,
            true => kept.callback.part_with(into, repeated)?,
        }
        self.note_merge(&mut change, act, kept, repeat, by, now).await?;
        for stored in [&mut *other, &mut *kept] {
            let policy = self.policy(stored);
            self.write(&mut change, stored, &policy, now).await?;
        }
        change.commit().await.map_err(|e| self.error(e))?;
        Ok(kept.clone())
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
            (Act::Correct { slot, .. }, _) => detail["slot"] = slot.clone().into(),
            (_, Stage::Scheduled { at }) => detail["at"] = at.to_string().into(),
            _ => {}
        }
        let entry = audit::Entry::new(now, by, act.name(), stored.number, detail.to_string());
        audit::record(change, &entry).await.map_err(|e| self.error(e))
    }

    pub(super) async fn note_merge(
        &self,
        change: &mut Change,
        act: &'static str,
        kept: &StoredTicket,
        repeat: TicketNumber,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let detail = serde_json::json!({ "into": kept.number.0 }).to_string();
        let entry = audit::Entry::new(now, by, act, repeat, detail);
        audit::record(change, &entry).await.map_err(|e| self.error(e))
    }
}
