//! What is kept: tickets in a database; each call's journal and recording in a folder of its own.
//!
//! ```text
//! <data_dir>/lock                          held while `spillway serve` runs
//! <data_dir>/tickets.db                    SQLite (with -wal and -shm beside it), or none
//! <data_dir>/spool/<call id>.json          calls that ended while the database was gone
//! <data_dir>/calls/<call id>/journal.jsonl see crate::journal
//! <data_dir>/calls/<call id>/audio.wav     left the caller, right the bot; absent if declined
//! ```
//!
//! With a key the last two are sealed, and their names end with ".sealed" ([`crate::seal`]). When
//! the call is over they may move to another directory or to a bucket ([`Archive`]).
//!
//! Folders are for their owner alone (0700), files too (0600).

use crate::call::HangupCause;
use crate::config::{Config, ConfigError, load_policies};
use crate::ticket::{Callback, Policies, Ticket, TicketNumber};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

mod archive;
mod audit;
mod bucket;
mod call_files;
mod call_log;
mod custody;
mod data_dir;
mod database;
mod erase;
mod deliveries;
mod error;
mod exchange;
mod held;
mod idempotency;
mod intake;
mod listing;
mod journal_file;
mod kept_file;
mod mend;
mod plain;
mod presence;
mod queue;
mod queue_now;
mod ratings;
pub mod recording;
mod recover;
mod retention;
mod reviews;
mod rows;
mod search;
mod spool;
mod statistics;
mod ticket_line;
mod webhooks;
mod writer;

pub use archive::{Archive, ArchiveError, FileInfo};
pub use audit::{AuditEvent, AuditReport, TicketEvent};
pub use bucket::{ArchivePlace, S3Bucket, S3Keys};
pub use call_files::CallFiles;
pub use call_log::CallLog;
pub use custody::{CustodyError, Purged};
pub use data_dir::{DataDirLock, call_dir, recording_of};
pub(crate) use database::{Change, Database};
pub use deliveries::{ClaimedDelivery, DeliveryFilter, DeliveryState, Outcome, WebhookDelivery};
pub use erase::{Erased, ErasureGrounds, ErasureReason};
pub use error::StoreError;
pub use exchange::Imported;
pub use held::{Held, Kept};
pub use idempotency::{IdempotentRequest, KeptAnswer, Known};
pub use kept_file::KeptFile;
pub use listing::{Order, QueuePlace, TicketFilter};
pub use presence::{AgentState, Presence};
pub use queue::{ActError, Pick, Swept};
pub use queue_now::{AgentsNow, Outlook, QueueNow, WAIT_HOURS};
pub use recover::{Recovered, Report, recover};
pub use retention::{Due, Removal, Removed};
pub use reviews::{Review, ReviewError, ReviewFilter, Scored};
pub use spool::{Spool, Spooled};
pub use statistics::{AnsweredReport, StatisticsQuery};
pub use ticket_line::TicketLine;
pub(crate) use webhooks::SECRET_PREFIX;
pub use webhooks::{HookError, NewWebhook, Webhook, WebhookFormat, WebhookSpec};
pub use writer::{Writer, WriterStats};

/// When things happened, in milliseconds since 1970 UTC; stamped by the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamps {
    /// When the call was answered; the earliest one saved is kept.
    pub created_unix_ms: i64,
    /// Now.
    pub updated_unix_ms: i64,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Why what the call left must not go: legal hold; null while it may.
    #[serde(default)]
    pub hold: Option<String>,
    /// When it was decided that recording and journal go, milliseconds since 1970 UTC; null before.
    #[serde(default)]
    pub files_gone_unix_ms: Option<i64>,
    /// What the caller told us.
    pub ticket: Ticket,
    /// Raised by one at each change, by whomever.
    pub version: u64,
    /// What became of it since the call.
    pub callback: Callback,
}

/// Which database, and whose tickets.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Where SQLite's file is, if it is SQLite.
    pub data_dir: PathBuf,
    /// PostgreSQL's address, as `postgres://user@host/database`; `None` for SQLite.
    pub address: Option<String>,
    /// This node's name among those that share the database.
    pub node: String,
    /// How each hotline works its callbacks.
    pub policies: Arc<Policies>,
}

impl StoreOptions {
    /// SQLite in `data_dir`, and the default way to work callbacks.
    pub fn new(data_dir: &Path) -> StoreOptions {
        let (data_dir, node) = (data_dir.to_path_buf(), "local".into());
        StoreOptions { data_dir, address: None, node, policies: Arc::default() }
    }

    /// What `config` says, with the policies of all its hotlines.
    pub fn of(config: &Config) -> Result<StoreOptions, ConfigError> {
        Ok(StoreOptions {
            data_dir: config.data_dir.clone(),
            address: config.store.address().map(String::from),
            node: config.store.node.clone(),
            policies: Arc::new(load_policies(config)?),
        })
    }
}

/// Where tickets are kept: SQLite in the data directory, or PostgreSQL for several nodes. Clones
/// share its connections.
///
/// Everything a method reports as done is on disk, and stays there when the machine loses power.
#[derive(Debug, Clone)]
pub struct TicketStore {
    database: Database,
    policies: Arc<Policies>,
    node: Arc<str>,
}

impl TicketStore {
    /// Opens the database, makes SQLite's file when there is none, and brings the tables up to
    /// date.
    pub async fn open(options: &StoreOptions) -> Result<TicketStore, StoreError> {
        TicketStore::migrate(options).await.map(|(store, _)| store)
    }

    /// The same; with it come the tables' versions before (`None`: there were none) and now.
    pub async fn migrate(
        options: &StoreOptions,
    ) -> Result<(TicketStore, (Option<i64>, i64)), StoreError> {
        let opened = Database::open(&options.data_dir, options.address.as_deref()).await?;
        let (database, before) = opened;
        let versions = (before, database.known_version());
        Ok((TicketStore::of(database, options), versions))
    }

    /// Opens the database as it is, beside a running server.
    pub async fn open_existing(options: &StoreOptions) -> Result<TicketStore, StoreError> {
        let database =
            Database::open_existing(&options.data_dir, options.address.as_deref()).await?;
        Ok(TicketStore::of(database, options))
    }

    /// How each hotline works its callbacks.
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// For rooms that keep tables of their own beside the tickets'.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    fn of(database: Database, options: &StoreOptions) -> TicketStore {
        let (policies, node) = (options.policies.clone(), options.node.as_str().into());
        TicketStore { database, policies, node }
    }

    /// For people: the file, or the server's address without password.
    pub fn name(&self) -> &str {
        self.database.name()
    }

    /// Folds SQLite's write-ahead log into the file while others read and write; to be called each
    /// second.
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        self.database.checkpoint().await
    }

    /// After many tickets came at once: tells the database's planner, so that the queue is as fast
    /// as before.
    pub async fn analyze(&self) -> Result<(), StoreError> {
        self.database.analyze().await
    }

    /// Closes all connections; SQLite's write-ahead log is folded into the file.
    pub async fn close(&self) {
        self.database.close().await;
    }

    /// What `work` with this store brings; where the database says nothing for ten seconds (a
    /// network that swallows packets), that it cannot be reached.
    pub async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.database.in_time(work).await
    }

    fn error(&self, e: sqlx::Error) -> StoreError {
        self.database.error(e)
    }
}
