//! What is kept: tickets in a database; each call's journal and recording in a folder of its own.
//!
//! ```text
//! <data_dir>/lock                          held while `spillway serve` runs
//! <data_dir>/tickets.db                    SQLite (with -wal and -shm beside it)
//! <data_dir>/calls/<call id>/journal.jsonl see crate::journal
//! <data_dir>/calls/<call id>/audio.wav     left the caller, right the bot; absent if declined
//! ```
//!
//! Folders are for their owner alone (0700), files too (0600).

use crate::call::HangupCause;
use crate::ticket::{CallId, Ticket, TicketNumber, TicketStatus};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;

mod call_log;
mod data_dir;
mod error;
pub mod recording;
mod recover;
mod rows;
mod sqlite;
mod writer;

pub use call_log::CallLog;
pub use data_dir::{DataDirLock, call_dir, recording_of};
pub use error::StoreError;
pub use recover::{Recovered, Report, recover};
pub use sqlite::SqliteStore;
pub use writer::{Writer, WriterStats};

/// What a [`TicketStore`] gives back.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// When things happened, in milliseconds since 1970 UTC; stamped by the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamps {
    /// When the call was answered; the earliest one saved is kept.
    pub created_unix_ms: i64,
    /// Now.
    pub updated_unix_ms: i64,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallEnd {
    /// Why; `None` when the process died in mid-call.
    pub cause: Option<HangupCause>,
    /// From answer to end, in milliseconds.
    pub duration_ms: u64,
    /// When, in milliseconds since 1970 UTC.
    pub ended_unix_ms: i64,
}

/// A ticket as it stands in the store.
///
/// As JSON (`spillway tickets show N --json`) the keys are those of the fields, in this order;
/// later versions add keys, and neither rename nor remove any. Inside `ticket`, lists that are
/// empty may be left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredTicket {
    /// The number the caller was told.
    pub number: TicketNumber,
    /// When the call was answered, milliseconds since 1970 UTC.
    pub created_unix_ms: i64,
    /// When it last changed, milliseconds since 1970 UTC.
    pub updated_unix_ms: i64,
    /// When the call ended, milliseconds since 1970 UTC; null while it runs.
    pub ended_unix_ms: Option<i64>,
    /// Why the call ended; null while it runs, and for calls cut off by the death of the process.
    pub hangup_cause: Option<HangupCause>,
    /// From answer to end, in milliseconds; null while the call runs.
    pub duration_ms: Option<u64>,
    /// What the caller told us.
    pub ticket: Ticket,
}

/// Which tickets, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketFilter {
    /// Only these.
    pub status: Option<TicketStatus>,
    /// Only this hotline's.
    pub hotline: Option<String>,
    /// Only numbers below this one: the last number of one page gives the next page.
    pub before: Option<TicketNumber>,
    /// At most so many.
    pub limit: u32,
}

impl Default for TicketFilter {
    fn default() -> Self {
        TicketFilter { status: None, hotline: None, before: None, limit: 100 }
    }
}

/// Where tickets are kept.
///
/// Everything a method reports as done is on disk, and stays there when the machine loses power.
pub trait TicketStore: Send + Sync {
    /// Writes `ticket`; saving for one call again changes the one ticket of that call. The highest
    /// [`Ticket::revision`] wins: an older or equal one changes nothing. Either way the ticket's
    /// number comes back; numbers count from 1 and are never given twice.
    fn save<'a>(&'a self, ticket: &'a Ticket, stamps: Stamps) -> StoreFuture<'a, TicketNumber>;
    /// Notes how the call ended; `None` when it left no ticket.
    fn finish<'a>(
        &'a self,
        call: &'a CallId,
        end: CallEnd,
    ) -> StoreFuture<'a, Option<TicketNumber>>;
    /// The ticket of that number.
    fn get(&self, number: TicketNumber) -> StoreFuture<'_, Option<StoredTicket>>;
    /// The ticket of that call.
    fn by_call<'a>(&'a self, call: &'a CallId) -> StoreFuture<'a, Option<StoredTicket>>;
    /// The tickets `filter` lets through, newest (highest number) first.
    fn list<'a>(&'a self, filter: &'a TicketFilter) -> StoreFuture<'a, Vec<StoredTicket>>;
}
