//! Between tickets and rows.

use super::StoredTicket;
use super::database::Change;
use crate::ticket::{CallbackPolicy, Priority, Ticket, TicketNumber};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::AnyArguments;
use sqlx::{Arguments, AssertSqlSafe, Encode, FromRow, Type};

/// What [`TicketRow`] reads.
pub(super) const SELECT: &str = "SELECT number, version, created_at, updated_at, ended_at, \
     hangup_cause, duration_ms, hold, files_gone_at, intake, callback FROM tickets";

/// Columns of a new row; `number` may follow.
const INSERTED: &str = "revision, hotline, language, callback_number, need, created_at, intake, \
     complete, bot_rating, branch, version, stage, priority, received_at, due_at, wakes_at, \
     held_by, office, closed_at, updated_at, callback, referred_at, reached_at, call_id, node, \
     ended_at, hangup_cause, duration_ms, hold, files_gone_at, searched, district";

const VALUES: &str = "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
     $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32";

const UPDATE_INTAKE: &str = "UPDATE tickets SET revision = $1, hotline = $2, language = $3, \
     callback_number = $4, need = $5, created_at = $6, intake = $7, complete = $8, \
     bot_rating = $9, branch = $10, searched = $11, district = $12 WHERE number = $13";

pub(super) const UPDATE_CALLBACK: &str = "UPDATE tickets SET version = $1, stage = $2, \
     priority = $3, received_at = $4, due_at = $5, wakes_at = $6, held_by = $7, office = $8, \
     closed_at = $9, updated_at = $10, callback = $11, referred_at = $12, reached_at = $13, \
     searched = $14, district = $15 WHERE number = $16";

/// A row of `tickets`.
#[derive(Debug, FromRow)]
pub(super) struct TicketRow {
    pub(super) number: i64,
    version: i64,
    created_at: i64,
    updated_at: i64,
    ended_at: Option<i64>,
    hangup_cause: Option<String>,
    duration_ms: Option<i64>,
    hold: Option<String>,
    files_gone_at: Option<i64>,
    intake: String,
    pub(super) callback: String,
}

impl TicketRow {
    /// The ticket of this row; the error says which column is wrong.
    pub(super) fn into_stored(self) -> Result<StoredTicket, String> {
        let cause = |word: String| {
            serde_json::from_value(word.into()).map_err(|e| format!("hangup_cause: {e}"))
        };
        Ok(StoredTicket {
            number: TicketNumber(number("number", self.number)?),
            version: number("version", self.version)?,
            created_unix_ms: self.created_at,
            updated_unix_ms: self.updated_at,
            ended_unix_ms: self.ended_at,
            hangup_cause: self.hangup_cause.map(cause).transpose()?,
            duration_ms: self.duration_ms.map(|d| number("duration_ms", d)).transpose()?,
            hold: self.hold,
            files_gone_unix_ms: self.files_gone_at,
            ticket: from_json("intake", &self.intake)?,
            callback: from_json("callback", &self.callback)?,
        })
    }
}

/// Adds a ticket, with the next free number where its own is 0; `None` when its number or its call
/// is there already.
pub(super) async fn insert(
    change: &mut Change,
    stored: &StoredTicket,
    policy: &CallbackPolicy,
    node: &str,
) -> Result<Option<TicketNumber>, sqlx::Error> {
    let mut columns = Columns::of_new(stored, policy, node)?;
    let (column, value) = match stored.number {
        TicketNumber(0) => ("", ""),
        TicketNumber(number) => {
            columns.add(signed(number))?;
            (", number", ", $33")
        }
    };
    let sql = format!(
        "INSERT INTO tickets ({INSERTED}{column}) VALUES ({VALUES}{value}) \
         ON CONFLICT DO NOTHING RETURNING number"
    );
    let query = sqlx::query_scalar_with::<_, i64, _>(AssertSqlSafe(sql), columns.0);
    let number = query.fetch_optional(change.connection()).await?;
    Ok(number.map(|n| TicketNumber(n.unsigned_abs())))
}

/// Writes what the call told again.
pub(super) async fn update_intake(
    change: &mut Change,
    stored: &StoredTicket,
    policy: &CallbackPolicy,
) -> Result<(), sqlx::Error> {
    let mut columns = Columns::default();
    columns.intake(stored, policy)?;
    columns.found_by(stored, policy)?;
    columns.add(signed(stored.number.0))?;
    sqlx::query_with(UPDATE_INTAKE, columns.0).execute(change.connection()).await?;
    Ok(())
}

/// Writes what came of the call again.
pub(super) async fn update_callback(
    change: &mut Change,
    stored: &StoredTicket,
    policy: &CallbackPolicy,
) -> Result<(), sqlx::Error> {
    let mut columns = Columns::default();
    columns.callback(stored, policy)?;
    columns.found_by(stored, policy)?;
    columns.add(signed(stored.number.0))?;
    sqlx::query_with(UPDATE_CALLBACK, columns.0).execute(change.connection()).await?;
    Ok(())
}

/// Values in the order of the statements' columns.
#[derive(Default)]
struct Columns(AnyArguments);

impl Columns {
    fn add<T>(&mut self, value: T) -> Result<(), sqlx::Error>
    where
        T: for<'t> Encode<'t, sqlx::Any> + Type<sqlx::Any>,
    {
        self.0.add(value).map_err(sqlx::Error::Encode)
    }

    /// Of a row that is not there yet.
    fn of_new(
        stored: &StoredTicket,
        policy: &CallbackPolicy,
        node: &str,
    ) -> Result<Columns, sqlx::Error> {
        let mut columns = Columns::default();
        columns.intake(stored, policy)?;
        columns.callback(stored, policy)?;
        columns.add(stored.ticket.call_id.0.clone())?;
        columns.add(node.to_string())?;
        columns.add(stored.ended_unix_ms)?;
        columns.add(stored.hangup_cause.map(|c| word(&c)))?;
        columns.add(stored.duration_ms.map(signed))?;
        columns.add(stored.hold.as_deref().map(plain))?;
        columns.add(stored.files_gone_unix_ms)?;
        columns.found_by(stored, policy)?;
        Ok(columns)
    }

    /// What both may change: the call tells it, and operators put it right.
    fn found_by(
        &mut self,
        stored: &StoredTicket,
        policy: &CallbackPolicy,
    ) -> Result<(), sqlx::Error> {
        self.add(plain(&stored.searched(&policy.slots)))?;
        self.add(plain(stored.district(&policy.slots)))
    }

    fn intake(
        &mut self,
        stored: &StoredTicket,
        policy: &CallbackPolicy,
    ) -> Result<(), sqlx::Error> {
        let ticket = &stored.ticket;
        self.add(i64::from(ticket.revision))?;
        self.add(plain(&ticket.hotline))?;
        self.add(plain(&ticket.language))?;
        self.add(plain(&ticket.callback_number))?;
        self.add(plain(policy.slots.category(ticket)))?;
        self.add(stored.created_unix_ms)?;
        self.add(json(&finite(ticket)))?;
        self.add(i64::from(ticket.complete))?;
        self.add(ticket.rating.map(i64::from))?;
        self.add(plain(ticket.branch()))
    }

    fn callback(
        &mut self,
        stored: &StoredTicket,
        policy: &CallbackPolicy,
    ) -> Result<(), sqlx::Error> {
        let callback = &stored.callback;
        let millis = |at: Timestamp| at.as_millisecond();
        self.add(signed(stored.version))?;
        self.add(callback.stage.name().to_string())?;
        self.add(rank(callback.priority()))?;
        self.add(millis(callback.received_at()))?;
        self.add(millis(callback.due_at(policy)))?;
        self.add(callback.wakes_at(policy).map(millis))?;
        self.add(callback.stage.lease().map(|l| l.by.clone()))?;
        self.add(callback.office.as_deref().map(plain))?;
        self.add(callback.closed_at.map(millis))?;
        self.add(stored.updated_unix_ms)?;
        self.add(json(callback))?;
        self.add(callback.referred_at.map(millis))?;
        self.add(callback.reached_at.map(millis))
    }
}

/// The queue's order: the greater goes first.
pub(super) fn rank(priority: Priority) -> i64 {
    match priority {
        Priority::Normal => 0,
        Priority::High => 1,
        Priority::Emergency => 2,
    }
}

/// PostgreSQL's text has no NUL, and a telephone's may.
pub(super) fn plain(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// JSON has no NaN: an engine's odd number must not lose the caller's words.
fn finite(ticket: &Ticket) -> Ticket {
    let mut ticket = ticket.clone();
    for slot in ticket.slots.iter_mut().filter(|s| !s.confidence.is_finite()) {
        slot.confidence = 0.0;
    }
    ticket
}

/// The databases' integers are signed; what does not fit does not occur.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn number<T: TryFrom<i64>>(column: &str, value: i64) -> Result<T, String> {
    T::try_from(value).map_err(|_| format!("{column} is {value}, which is out of range"))
}

/// The word serde gives a fieldless variant.
pub(super) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("a fieldless variant is a word: {other:?}"),
    }
}

/// `value` as JSON text.
pub(super) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|e| unreachable!("plain values: {e}"))
}

fn from_json<T: DeserializeOwned>(column: &str, text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|e| format!("{column}: {e}"))
}
