//! Between tickets and rows: what both databases share.

use super::StoredTicket;
use crate::ticket::{CallId, SlotRecord, Ticket, TicketNumber};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::FromRow;

/// A row of `tickets`.
#[derive(Debug, FromRow)]
pub(super) struct TicketRow {
    pub(super) number: i64,
    call_id: String,
    revision: i64,
    hotline: String,
    language: String,
    status: String,
    priority: String,
    caller_id: String,
    callback_number: String,
    consent: String,
    complete: i64,
    to_be_transcribed: i64,
    rating: Option<i64>,
    message: String,
    facts: String,
    created_at: i64,
    updated_at: i64,
    ended_at: Option<i64>,
    hangup_cause: Option<String>,
    duration_ms: Option<i64>,
}

/// A row of `slots`.
#[derive(Debug, FromRow)]
pub(super) struct SlotRow {
    pub(super) ticket: i64,
    slot: String,
    status: String,
    value: String,
    heard: String,
    confidence: f64,
    parts: String,
    audio: String,
}

impl TicketRow {
    /// The ticket of this row and its slots' rows; the error says which column is wrong.
    pub(super) fn into_stored(self, slots: Vec<SlotRow>) -> Result<StoredTicket, String> {
        let ticket = Ticket {
            call_id: CallId(self.call_id),
            revision: number("revision", self.revision)?,
            hotline: self.hotline,
            language: self.language,
            caller_id: self.caller_id,
            callback_number: self.callback_number,
            consent: from_word("consent", &self.consent)?,
            priority: from_word("priority", &self.priority)?,
            status: from_word("status", &self.status)?,
            slots: slots.into_iter().map(SlotRow::into_record).collect::<Result<_, _>>()?,
            complete: self.complete != 0,
            to_be_transcribed: self.to_be_transcribed != 0,
            message: from_json("message", &self.message)?,
            rating: self.rating.map(|r| number("rating", r)).transpose()?,
            facts: from_json("facts", &self.facts)?,
        };
        Ok(StoredTicket {
            number: TicketNumber(number("number", self.number)?),
            created_unix_ms: self.created_at,
            updated_unix_ms: self.updated_at,
            ended_unix_ms: self.ended_at,
            hangup_cause: self.hangup_cause.map(|c| from_word("hangup_cause", &c)).transpose()?,
            duration_ms: self.duration_ms.map(|d| number("duration_ms", d)).transpose()?,
            ticket,
        })
    }
}

impl SlotRow {
    fn into_record(self) -> Result<SlotRecord, String> {
        Ok(SlotRecord {
            status: from_word("slots.status", &self.status)?,
            parts: from_json("slots.parts", &self.parts)?,
            audio: from_json("slots.audio", &self.audio)?,
            slot: self.slot,
            value: self.value,
            heard: self.heard,
            // Written from an f32, so nothing is cut off.
            confidence: self.confidence as f32,
        })
    }
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

fn from_word<T: DeserializeOwned>(column: &str, word: &str) -> Result<T, String> {
    serde_json::from_value(word.into()).map_err(|e| format!("{column}: {e}"))
}

/// `value` as JSON text.
pub(super) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|e| unreachable!("lists of plain values: {e}"))
}

fn from_json<T: DeserializeOwned>(column: &str, text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|e| format!("{column}: {e}"))
}
