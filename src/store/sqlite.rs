//! Tickets in SQLite: one file, nothing to install, safe against loss of power.

use super::rows::{SlotRow, TicketRow, json, word};
use super::{
    CallEnd, Stamps, StoreError, StoreFuture, StoredTicket, TicketFilter, TicketStore, data_dir,
};
use crate::ticket::{CallId, SlotRecord, Ticket, TicketNumber};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The database's file name in the data directory.
const DATABASE_FILE: &str = "tickets.db";
/// How long a statement waits for another's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections: one writes at a time, the others read beside it (WAL).
const CONNECTIONS_MAX: u32 = 4;

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations/sqlite");

/// A [`TicketStore`] in `<data_dir>/tickets.db`, in WAL mode with `synchronous=FULL`.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    pool: SqlitePool,
    file: PathBuf,
}

impl SqliteStore {
    /// Opens the database of `data_dir`, makes it when there is none, and brings it up to date.
    pub async fn open(data_dir: &Path) -> Result<SqliteStore, StoreError> {
        data_dir::make_dir(data_dir)?;
        let file = data_dir.join(DATABASE_FILE);
        match data_dir::make_file(&file) {
            Ok(_) => {}
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(StoreError::io(&file, &e)),
        }
        let store = SqliteStore::connect(file).await?;
        MIGRATIONS.run(&store.pool).await.map_err(|e| store.migration_error(e))?;
        Ok(store)
    }

    /// Opens the database of `data_dir` as it is, for reading beside a running server.
    pub async fn open_existing(data_dir: &Path) -> Result<SqliteStore, StoreError> {
        let file = data_dir.join(DATABASE_FILE);
        if !file.exists() {
            return Err(StoreError::Missing { file });
        }
        let store = SqliteStore::connect(file).await?;
        let known = MIGRATIONS.iter().map(|m| m.version).max().unwrap_or(0);
        let found: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
            .fetch_one(&store.pool)
            .await
            .map_err(|e| match &e {
                // A server is making it at this moment, or was stopped as it did.
                sqlx::Error::Database(d) if d.message().contains("no such table") => {
                    StoreError::Missing { file: store.file.clone() }
                }
                _ => store.error(e),
            })?;
        match found {
            Some(found) if found == known => Ok(store),
            Some(found) if found > known => Err(store.newer()),
            _ => Err(StoreError::Version {
                file: store.file.clone(),
                reason: "is of an older version; run `spillway serve` once, it converts it".into(),
            }),
        }
    }

    /// The database's file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Closes all connections; the write-ahead log is folded into the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn connect(file: PathBuf) -> Result<SqliteStore, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(2 * BUSY_TIMEOUT)
            .connect_lazy_with(options);
        let store = SqliteStore { pool, file };
        store.pool.acquire().await.map_err(|e| store.error(e))?;
        Ok(store)
    }

    async fn save_ticket(&self, ticket: &Ticket, stamps: Stamps) -> Result<i64, sqlx::Error> {
        // IMMEDIATE takes the write lock before reading, so that what is read stays true.
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let found: Option<(i64, i64)> =
            sqlx::query_as("SELECT number, revision FROM tickets WHERE call_id = ?1")
                .bind(&ticket.call_id.0)
                .fetch_optional(&mut *tx)
                .await?;
        let number = match found {
            Some((number, revision)) if revision >= i64::from(ticket.revision) => {
                return Ok(number);
            }
            Some((number, _)) => {
                bind_ticket(sqlx::query(UPDATE), ticket, stamps)
                    .bind(number)
                    .execute(&mut *tx)
                    .await?;
                sqlx::query("DELETE FROM slots WHERE ticket = ?1")
                    .bind(number)
                    .execute(&mut *tx)
                    .await?;
                number
            }
            None => bind_ticket(sqlx::query(INSERT), ticket, stamps)
                .execute(&mut *tx)
                .await?
                .last_insert_rowid(),
        };
        for (position, slot) in (0_i64..).zip(&ticket.slots) {
            insert_slot(&mut tx, number, position, slot).await?;
        }
        tx.commit().await?;
        Ok(number)
    }

    async fn finish_call(&self, call: &CallId, end: CallEnd) -> Result<Option<i64>, sqlx::Error> {
        sqlx::query_scalar(
            "UPDATE tickets SET ended_at = ?2, hangup_cause = ?3, duration_ms = ?4 \
             WHERE call_id = ?1 RETURNING number",
        )
        .bind(&call.0)
        .bind(end.ended_unix_ms)
        .bind(end.cause.map(|c| word(&c)))
        .bind(signed(end.duration_ms))
        .fetch_optional(&self.pool)
        .await
    }

    /// The tickets `query` selects, with their slots, both from one moment of the database.
    async fn select(&self, query: Select<'_>) -> Result<Vec<StoredTicket>, StoreError> {
        let (rows, slots) = self.select_rows(query).await.map_err(|e| self.error(e))?;
        let mut of_ticket: HashMap<i64, Vec<SlotRow>> = HashMap::new();
        for slot in slots {
            of_ticket.entry(slot.ticket).or_default().push(slot);
        }
        rows.into_iter()
            .map(|row| {
                let number = row.number;
                row.into_stored(of_ticket.remove(&number).unwrap_or_default())
                    .map_err(|reason| StoreError::Row { file: self.file.clone(), number, reason })
            })
            .collect()
    }

    async fn select_rows(
        &self,
        query: Select<'_>,
    ) -> Result<(Vec<TicketRow>, Vec<SlotRow>), sqlx::Error> {
        let mut tx = self.pool.begin().await?;
        let rows = query.fetch_all(&mut *tx).await?;
        let numbers: Vec<i64> = rows.iter().map(|r| r.number).collect();
        let slots = sqlx::query_as(
            "SELECT * FROM slots WHERE ticket IN (SELECT value FROM json_each(?1)) \
             ORDER BY ticket, position",
        )
        .bind(json(&numbers))
        .fetch_all(&mut *tx)
        .await?;
        Ok((rows, slots))
    }

    /// What the database's error means for the administrator. Primary result codes are the low
    /// byte of SQLite's extended ones (sqlite.org/rescode.html).
    fn error(&self, e: sqlx::Error) -> StoreError {
        let file = self.file.clone();
        let code = match &e {
            sqlx::Error::Database(d) => d.code().and_then(|c| c.parse::<i32>().ok()),
            _ => None,
        };
        match code.map(|c| c & 0xff) {
            Some(5 | 6) => StoreError::Locked { file },
            Some(3 | 8 | 14 | 23) => StoreError::ReadOnly { file },
            Some(13) => StoreError::Full { file },
            Some(11 | 26) => StoreError::Corrupt { file, reason: e.to_string() },
            _ => match e {
                sqlx::Error::PoolTimedOut => StoreError::Locked { file },
                e => StoreError::Failed { file, reason: e.to_string() },
            },
        }
    }

    fn newer(&self) -> StoreError {
        StoreError::Version {
            file: self.file.clone(),
            reason: "was written by a newer spillway; run that one".into(),
        }
    }

    fn migration_error(&self, e: MigrateError) -> StoreError {
        match e {
            MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => self.error(e),
            MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => self.newer(),
            e => StoreError::Version { file: self.file.clone(), reason: e.to_string() },
        }
    }
}

const INSERT: &str = "\
    INSERT INTO tickets (call_id, revision, hotline, language, status, priority, caller_id, \
        callback_number, consent, complete, to_be_transcribed, rating, message, facts, \
        updated_at, created_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
const UPDATE: &str = "\
    UPDATE tickets SET call_id = ?1, revision = ?2, hotline = ?3, language = ?4, status = ?5, \
        priority = ?6, caller_id = ?7, callback_number = ?8, consent = ?9, complete = ?10, \
        to_be_transcribed = ?11, rating = ?12, message = ?13, facts = ?14, updated_at = ?15, \
        created_at = min(created_at, ?16) \
    WHERE number = ?17";
const BY_NUMBER: &str = "SELECT * FROM tickets WHERE number = ?1";
const BY_CALL: &str = "SELECT * FROM tickets WHERE call_id = ?1";
const LIST: &str = "\
    SELECT * FROM tickets \
    WHERE (?1 IS NULL OR status = ?1) AND (?2 IS NULL OR hotline = ?2) \
        AND (?3 IS NULL OR number < ?3) \
    ORDER BY number DESC LIMIT ?4";

type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;
type Select<'q> = sqlx::query::QueryAs<'q, sqlx::Sqlite, TicketRow, sqlx::sqlite::SqliteArguments>;

fn bind_ticket<'q>(query: Query<'q>, ticket: &'q Ticket, stamps: Stamps) -> Query<'q> {
    query
        .bind(&ticket.call_id.0)
        .bind(i64::from(ticket.revision))
        .bind(&ticket.hotline)
        .bind(&ticket.language)
        .bind(word(&ticket.status))
        .bind(word(&ticket.priority))
        .bind(&ticket.caller_id)
        .bind(&ticket.callback_number)
        .bind(word(&ticket.consent))
        .bind(i64::from(ticket.complete))
        .bind(i64::from(ticket.to_be_transcribed))
        .bind(ticket.rating.map(i64::from))
        .bind(json(&ticket.message))
        .bind(json(&ticket.facts))
        .bind(stamps.updated_unix_ms)
        .bind(stamps.created_unix_ms)
}

async fn insert_slot(
    tx: &mut sqlx::SqliteConnection,
    number: i64,
    position: i64,
    slot: &SlotRecord,
) -> Result<(), sqlx::Error> {
    // SQLite turns NaN into NULL: an engine's odd number must not lose the caller's words.
    let confidence = if slot.confidence.is_finite() { slot.confidence } else { 0.0 };
    sqlx::query(
        "INSERT INTO slots (ticket, position, slot, status, value, heard, confidence, parts, \
             audio) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )
    .bind(number)
    .bind(position)
    .bind(&slot.slot)
    .bind(word(&slot.status))
    .bind(&slot.value)
    .bind(&slot.heard)
    .bind(f64::from(confidence))
    .bind(json(&slot.parts))
    .bind(json(&slot.audio))
    .execute(tx)
    .await?;
    Ok(())
}

/// SQLite's integers are signed; what does not fit does not occur in practice.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl TicketStore for SqliteStore {
    fn save<'a>(&'a self, ticket: &'a Ticket, stamps: Stamps) -> StoreFuture<'a, TicketNumber> {
        Box::pin(async move {
            let number = self.save_ticket(ticket, stamps).await.map_err(|e| self.error(e))?;
            Ok(TicketNumber(number.unsigned_abs()))
        })
    }

    fn finish<'a>(
        &'a self,
        call: &'a CallId,
        end: CallEnd,
    ) -> StoreFuture<'a, Option<TicketNumber>> {
        Box::pin(async move {
            let number = self.finish_call(call, end).await.map_err(|e| self.error(e))?;
            Ok(number.map(|n| TicketNumber(n.unsigned_abs())))
        })
    }

    fn get(&self, number: TicketNumber) -> StoreFuture<'_, Option<StoredTicket>> {
        Box::pin(async move {
            let query = sqlx::query_as(BY_NUMBER).bind(signed(number.0));
            Ok(self.select(query).await?.pop())
        })
    }

    fn by_call<'a>(&'a self, call: &'a CallId) -> StoreFuture<'a, Option<StoredTicket>> {
        Box::pin(async move {
            let query = sqlx::query_as(BY_CALL).bind(&call.0);
            Ok(self.select(query).await?.pop())
        })
    }

    fn list<'a>(&'a self, filter: &'a TicketFilter) -> StoreFuture<'a, Vec<StoredTicket>> {
        Box::pin(async move {
            let query = sqlx::query_as(LIST)
                .bind(filter.status.map(|s| word(&s)))
                .bind(&filter.hotline)
                .bind(filter.before.map(|n| signed(n.0)))
                .bind(i64::from(filter.limit));
            self.select(query).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error of one more save on a connection that `pragma` has spoilt.
    async fn check(pragma: &'static str, want: fn(&StoreError) -> bool) {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path()).await.unwrap();
        // One connection at a time: all get it.
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS_MAX {
            let mut connection = store.pool.acquire().await.unwrap();
            sqlx::query(pragma).execute(&mut *connection).await.unwrap();
            connections.push(connection);
        }
        drop(connections);
        let ticket = Ticket {
            call_id: CallId("call-1".into()),
            revision: 1,
            hotline: "demo".into(),
            language: "en".into(),
            caller_id: "x".repeat(100_000),
            callback_number: String::new(),
            consent: crate::ticket::Consent::Given,
            priority: crate::ticket::Priority::Normal,
            status: crate::ticket::TicketStatus::Taking,
            slots: vec![],
            complete: false,
            to_be_transcribed: false,
            message: vec![],
            rating: None,
            facts: vec![],
        };
        let stamps = Stamps { created_unix_ms: 0, updated_unix_ms: 0 };
        let error = store.save(&ticket, stamps).await.unwrap_err();
        assert!(want(&error), "{pragma}: {error:?}");
        assert!(error.to_string().contains("tickets.db"), "{error}");
        // What failed left nothing behind.
        assert_eq!(store.list(&TicketFilter::default()).await.unwrap(), []);
    }

    #[tokio::test]
    async fn a_full_disk() {
        check("PRAGMA max_page_count = 1", |e| matches!(e, StoreError::Full { .. })).await;
    }

    #[tokio::test]
    async fn a_read_only_database() {
        check("PRAGMA query_only = 1", |e| matches!(e, StoreError::ReadOnly { .. })).await;
    }
}
