//! What calls write, and what everybody reads.

use super::database::Change;
use super::queue::PENDING;
use super::rows::{self, SELECT, TicketRow, signed, word};
use super::{ActError, CallEnd, Stamps, StoreError, StoredTicket, TicketStore};
use crate::ticket::{
    Act, Actor, CallId, Callback, CallbackPolicy, Inquiry, SlotStatus, Stage, Standing, Ticket,
    TicketNumber, TicketStatus, same_case,
};
use jiff::Timestamp;
use serde_json::json;
use sqlx::any::AnyArguments;
use sqlx::query::QueryAs;
use sqlx::{Any, AssertSqlSafe, Encode, Type};
use std::sync::Arc;

type Select<'q> = QueryAs<'q, Any, TicketRow, AnyArguments>;

/// Earlier tickets of one number that a repeat call is compared with.
const EARLIER_MAX: i64 = 20;

impl TicketStore {
    /// Writes `ticket`; saving for one call again changes the one ticket of that call. The highest
    /// [`Ticket::revision`] wins: an older or equal one changes nothing. Either way the ticket's
    /// number comes back; numbers rise and are never given twice.
    ///
    /// When the call is over and its caller waits, the ticket enters the queue: the responsible
    /// office is looked up, and a repeat call is merged into the caller's earlier ticket.
    pub async fn save(&self, ticket: &Ticket, stamps: Stamps) -> Result<TicketNumber, StoreError> {
        let run = async |change: &mut Change| {
            let call = ticket.call_id.0.clone();
            let stored = match self.locked(change, "call_id", call).await? {
                Some(stored) if stored.ticket.revision >= ticket.revision => {
                    return Ok::<_, StoreError>(Some(stored.number));
                }
                Some(stored) => self.tell(change, stored, ticket, stamps).await?,
                None => match self.insert(change, ticket, stamps).await? {
                    Some(stored) => stored,
                    None => return Ok(None),
                },
            };
            let number = stored.number;
            self.advance(change, stored, instant(stamps.updated_unix_ms)).await?;
            Ok(Some(number))
        };
        loop {
            // None: another task of this call was faster, and its row is there now.
            if let Some(number) = self.database.change(run).await? {
                return Ok(number);
            }
        }
    }

    /// Notes how the call ended; `None` when it left no ticket.
    pub async fn finish(
        &self,
        call: &CallId,
        end: CallEnd,
    ) -> Result<Option<TicketNumber>, StoreError> {
        let sql = "UPDATE tickets SET ended_at = $2, hangup_cause = $3, duration_ms = $4, \
                   version = version + 1 WHERE call_id = $1 RETURNING number";
        let run = async |change: &mut Change| {
            let query = sqlx::query_scalar(sql)
                .bind(call.0.clone())
                .bind(end.ended_unix_ms)
                .bind(end.cause.map(|c| word(&c)))
                .bind(signed(end.duration_ms));
            let number: Option<i64> =
                query.fetch_optional(change.connection()).await.map_err(|e| self.error(e))?;
            let Some(number) = number.map(|n| TicketNumber(n.unsigned_abs())) else {
                return Ok(None);
            };
            // Who looks at the ticket hears that it changed, and that the recording is whole.
            let (at, detail) = (instant(end.ended_unix_ms), json!({ "cause": end.cause }));
            self.note(change, at, &Actor::Caller, "hang_up", number, &detail).await?;
            Ok(Some(number))
        };
        self.database.change(run).await
    }

    /// The ticket of that number.
    pub async fn get(&self, number: TicketNumber) -> Result<Option<StoredTicket>, StoreError> {
        let sql = AssertSqlSafe(format!("{SELECT} WHERE number = $1"));
        self.one(sqlx::query_as(sql).bind(signed(number.0))).await
    }

    /// The ticket of that call.
    pub async fn by_call(&self, call: &CallId) -> Result<Option<StoredTicket>, StoreError> {
        let sql = AssertSqlSafe(format!("{SELECT} WHERE call_id = $1"));
        self.one(sqlx::query_as(sql).bind(call.0.clone())).await
    }

    /// The calls of this node that were never heard of again: nobody is talking any more. To be
    /// called before the first call is answered; other nodes' calls go on.
    pub(super) async fn abandon_calls(&self, now: Timestamp) -> Result<(), StoreError> {
        let sql = "SELECT number FROM tickets WHERE stage = 'taking' AND node = $1";
        let query = sqlx::query_scalar(sql).bind(self.node.to_string());
        let numbers: Vec<i64> =
            query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))?;
        for number in numbers {
            let number = TicketNumber(number.unsigned_abs());
            // Refused only where another node's clock was faster.
            let received = self.act(number, &Act::Receive, &Actor::Clock, None, now).await;
            if let Err(ActError::Store(e)) = received {
                return Err(e);
            }
        }
        Ok(())
    }

    pub(super) fn policy(&self, stored: &StoredTicket) -> Arc<CallbackPolicy> {
        self.policies.of(&stored.ticket.hotline).clone()
    }

    pub(super) fn stored(&self, row: TicketRow) -> Result<StoredTicket, StoreError> {
        let number = row.number;
        let database = self.name().to_string();
        row.into_stored().map_err(|reason| StoreError::Row { database, number, reason })
    }

    /// The ticket whose `column` is `key`, locked for this change.
    pub(super) async fn locked<K>(
        &self,
        change: &mut Change,
        column: &str,
        key: K,
    ) -> Result<Option<StoredTicket>, StoreError>
    where
        K: for<'q> Encode<'q, Any> + Type<Any>,
    {
        let sql = change.locking(&format!("{SELECT} WHERE {column} = $1"));
        let query = sqlx::query_as(sql).bind(key);
        let row = query.fetch_optional(change.connection()).await.map_err(|e| self.error(e))?;
        row.map(|row| self.stored(row)).transpose()
    }

    async fn one(&self, query: Select<'_>) -> Result<Option<StoredTicket>, StoreError> {
        let row = query.fetch_optional(self.database.pool()).await.map_err(|e| self.error(e))?;
        row.map(|row| self.stored(row)).transpose()
    }

    /// Writes what the call tells again.
    async fn tell(
        &self,
        change: &mut Change,
        mut stored: StoredTicket,
        ticket: &Ticket,
        stamps: Stamps,
    ) -> Result<StoredTicket, StoreError> {
        stored.ticket = ticket.clone();
        stored.created_unix_ms = stored.created_unix_ms.min(stamps.created_unix_ms);
        stored.callback.own.received_at = instant(stored.created_unix_ms);
        let policy = self.policy(&stored);
        rows::update_intake(change, &stored, &policy).await.map_err(|e| self.error(e))?;
        Ok(stored)
    }

    /// A new call's ticket, at the stage every ticket begins with.
    async fn insert(
        &self,
        change: &mut Change,
        ticket: &Ticket,
        stamps: Stamps,
    ) -> Result<Option<StoredTicket>, StoreError> {
        let received_at = instant(stamps.created_unix_ms);
        let mut stored = StoredTicket {
            number: TicketNumber(0),
            version: 0,
            created_unix_ms: stamps.created_unix_ms,
            updated_unix_ms: stamps.updated_unix_ms,
            ended_unix_ms: None,
            hangup_cause: None,
            duration_ms: None,
            hold: None,
            files_gone_unix_ms: None,
            ticket: ticket.clone(),
            callback: Callback::new(Standing { priority: ticket.priority, received_at }),
        };
        let policy = self.policy(&stored);
        let inserted = rows::insert(change, &stored, &policy, &self.node).await;
        let Some(number) = inserted.map_err(|e| self.error(e))? else { return Ok(None) };
        stored.number = number;
        Ok(Some(stored))
    }

    /// Moves the life cycle on by what the call told: it is over, or a person has taken it.
    async fn advance(
        &self,
        change: &mut Change,
        mut stored: StoredTicket,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let policy = self.policy(&stored);
        let taking = stored.callback.stage == Stage::Taking;
        if taking {
            stored.callback.own.priority = stored.ticket.priority;
        }
        let open = stored.callback.stage == Stage::Open;
        let act = match stored.ticket.status {
            TicketStatus::Open if taking => Some(Act::Receive),
            TicketStatus::Closed if taking || open => Some(Act::PutThrough),
            _ => None,
        };
        let by = &Actor::Caller;
        if let Some(act) = act {
            // These stages refuse neither act; if one did, what was told must be kept all the same.
            let done = self.do_act(change, &mut stored, &act, by, &policy, now).await;
            if let Err(ActError::Store(e)) = done {
                return Err(e);
            }
        } else {
            let detail = json!({ "revision": stored.ticket.revision });
            self.note(change, now, by, "tell", stored.number, &detail).await?;
        }
        self.write(change, &mut stored, &policy, now).await
    }

    /// A call is over and its caller waits: who is responsible, and did they call before?
    pub(super) async fn received(
        &self,
        change: &mut Change,
        stored: &mut StoredTicket,
        policy: &CallbackPolicy,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        stored.callback.route(policy.offices_of(&stored.ticket, now));
        if let Some(inquiry) = stored.ticket.inquiry
            && stored.ticket.slots.iter().all(|slot| slot.status == SlotStatus::Empty)
        {
            return self.inquired(change, stored, inquiry, policy, now).await;
        }
        let caller = &stored.ticket.callback_number;
        if caller.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "{SELECT} WHERE callback_number = $1 AND hotline = $2 AND number < $3 AND \
             stage IN {PENDING} ORDER BY number DESC LIMIT $4"
        );
        let query = sqlx::query_as::<_, TicketRow>(change.locking(&sql))
            .bind(caller.clone())
            .bind(stored.ticket.hotline.clone())
            .bind(signed(stored.number.0))
            .bind(EARLIER_MAX);
        let found = query.fetch_all(change.connection()).await.map_err(|e| self.error(e))?;
        for row in found {
            let mut earlier = self.stored(row)?;
            if !same_case(&earlier.ticket, &stored.ticket, &policy.slots) {
                continue;
            }
            let repeat = (stored.number, &mut stored.callback);
            if earlier.callback.absorb(earlier.number, repeat, now).is_ok() {
                let (by, detail) = (&Actor::Caller, json!({ "into": earlier.number.0 }));
                self.note(change, now, by, "merge", stored.number, &detail).await?;
                return self.write(change, &mut earlier, policy, now).await;
            }
        }
        Ok(())
    }

    /// A call only asked about another ticket: nobody has to call back for it, and where the caller
    /// said so from the number to be called, for the other neither.
    async fn inquired(
        &self,
        change: &mut Change,
        stored: &mut StoredTicket,
        inquiry: Inquiry,
        policy: &CallbackPolicy,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let by = &Actor::Caller;
        let detail = json!({ "ticket": inquiry.ticket.0 });
        self.note(change, now, by, "inquire", stored.number, &detail).await?;
        if stored.callback.apply(&Act::Cancel, by, policy, now).is_err() {
            return Ok(());
        }
        let found = self.locked(change, "number", signed(inquiry.ticket.0)).await?;
        let same = |earlier: &StoredTicket| {
            let (a, b) = (&earlier.ticket, &stored.ticket);
            let same_world = a.is_trial() == b.is_trial();
            same_world && a.hotline == b.hotline && a.callback_number == b.callback_number
        };
        let named = !stored.ticket.callback_number.is_empty();
        let Some(mut earlier) = found.filter(|t| inquiry.withdraws && named && same(t)) else {
            return Ok(());
        };
        // Refused where it has ended meanwhile.
        if earlier.callback.apply(&Act::Cancel, by, policy, now).is_ok() {
            self.note_act(change, &earlier, &Act::Cancel, by, now).await?;
            self.write(change, &mut earlier, policy, now).await?;
        }
        Ok(())
    }

    /// Writes what came of the call, as the ticket's next version.
    pub(super) async fn write(
        &self,
        change: &mut Change,
        stored: &mut StoredTicket,
        policy: &CallbackPolicy,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        stored.version += 1;
        stored.updated_unix_ms = now.as_millisecond();
        rows::update_callback(change, stored, policy).await.map_err(|e| self.error(e))
    }
}

/// The instant of so many milliseconds since 1970 UTC.
pub(super) fn instant(unix_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(unix_ms).unwrap_or(Timestamp::UNIX_EPOCH)
}
