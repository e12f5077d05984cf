//! The database itself: SQLite in a file, or PostgreSQL; one way to open, to change and to fail.

use super::{StoreError, data_dir};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, Connection, Transaction};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// The database's file name in the data directory.
const DATABASE_FILE: &str = "tickets.db";
/// How long a change waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(4);
/// How long a database that takes connections may say nothing before it counts as gone.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections to a file: one writes at a time, the others read beside it (WAL).
const SQLITE_CONNECTIONS_MAX: u32 = 4;
/// Connections to a server: as many statements as a small server's cores run at once, and some
/// that wait for its disk.
const POSTGRES_CONNECTIONS_MAX: u32 = 16;

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations/postgres");

/// Set on each connection to a file. A statement waits five seconds for another process's lock.
/// The write-ahead log is folded into the file by [`Database::checkpoint`], and by a commit only
/// where it has grown beyond 80 MB: a commit that does it takes tens of milliseconds.
const SQLITE_PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
     PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 20000;";

/// Set on each connection to a server. A node that is stopped in the middle of a change does not
/// keep tickets from the others.
const POSTGRES_SETTINGS: &str =
    "SET lock_timeout = '4s'; SET idle_in_transaction_session_timeout = '20s'";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Postgres,
}

/// An open database; clones share its connections.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pool: AnyPool,
    kind: Kind,
    /// For people: the file, or the server's address without password.
    name: Arc<str>,
    /// SQLite has one writer. Those of this process wait here in order of arrival, because the
    /// file's own lock is polled and unfair.
    writer: Arc<Mutex<()>>,
}

/// A change that [`Database::change`] makes whole, or not at all.
pub(crate) struct Change {
    tx: Transaction<'static, Any>,
    kind: Kind,
    _writer: Option<OwnedMutexGuard<()>>,
}

impl Change {
    pub(crate) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.tx
    }

    /// `select` for rows that this change will write: nobody else changes them meanwhile.
    pub(crate) fn locking(&self, select: &str) -> AssertSqlSafe<String> {
        self.with_lock(select, " FOR UPDATE")
    }

    /// The same, without the rows that others are changing.
    pub(super) fn skipping_locked(&self, select: &str) -> AssertSqlSafe<String> {
        self.with_lock(select, " FOR UPDATE SKIP LOCKED")
    }

    /// In SQLite a change holds the whole file from its beginning.
    fn with_lock(&self, select: &str, lock: &str) -> AssertSqlSafe<String> {
        AssertSqlSafe(match self.kind {
            Kind::Sqlite => select.to_string(),
            Kind::Postgres => format!("{select}{lock}"),
        })
    }

    /// Lets one change of this kind, on whatever node, run at a time.
    pub(crate) async fn alone(&mut self, lock: i64) -> Result<(), sqlx::Error> {
        if self.kind == Kind::Postgres {
            let sql = "SELECT pg_advisory_xact_lock($1)::text";
            sqlx::query(sql).bind(lock).execute(&mut *self.tx).await?;
        }
        Ok(())
    }

    /// After rows came with numbers of their own: the next number given is above them all. SQLite
    /// sees to that itself.
    pub(super) async fn number_on_from(
        &mut self,
        table: &str,
        column: &str,
    ) -> Result<(), sqlx::Error> {
        if self.kind == Kind::Postgres {
            let sql = format!(
                "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), max({column})) \
                 FROM {table} HAVING max({column}) IS NOT NULL"
            );
            sqlx::query(AssertSqlSafe(sql)).execute(&mut *self.tx).await?;
        }
        Ok(())
    }
}

impl Database {
    /// Opens the database that `address` names, or the one in `data_dir`; makes the file when there
    /// is none; brings the tables up to date. With it comes the version they had before.
    pub(super) async fn open(
        data_dir: &Path,
        address: Option<&str>,
    ) -> Result<(Database, Option<i64>), StoreError> {
        if address.is_none() {
            data_dir::make_dir(data_dir)?;
            let file = data_dir.join(DATABASE_FILE);
            match data_dir::make_file(&file) {
                Ok(_) => {}
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(StoreError::io(&file, &e)),
            }
        }
        let database = Database::connect(data_dir, address).await?;
        let before = database.version().await?;
        let migrations = database.migrations();
        migrations.run(&database.pool).await.map_err(|e| database.migration_error(e))?;
        Ok((database, before))
    }

    /// Opens it as it is, beside a running server.
    pub(super) async fn open_existing(
        data_dir: &Path,
        address: Option<&str>,
    ) -> Result<Database, StoreError> {
        let file = data_dir.join(DATABASE_FILE);
        if address.is_none() && !file.exists() {
            return Err(StoreError::Missing { database: file.display().to_string() });
        }
        let database = Database::connect(data_dir, address).await?;
        let known = database.known_version();
        match database.version().await? {
            Some(found) if found == known => Ok(database),
            Some(found) if found > known => Err(database.newer()),
            Some(_) => Err(StoreError::Version {
                database: database.name.to_string(),
                reason: "is of an older version; run `spillway migrate`".into(),
            }),
            None => Err(StoreError::Missing { database: database.name.to_string() }),
        }
    }

    /// The version of its tables; `None` before the first.
    async fn version(&self) -> Result<Option<i64>, StoreError> {
        let query = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations");
        match query.fetch_one(&self.pool).await {
            Ok(version) => Ok(version),
            Err(sqlx::Error::Database(e)) if is_no_such_table(&*e) => Ok(None),
            Err(e) => Err(self.error(e)),
        }
    }

    /// The version of the tables that this program works with.
    pub(super) fn known_version(&self) -> i64 {
        self.migrations().iter().map(|m| m.version).max().unwrap_or(0)
    }

    /// For people: the file, or the server's address without password.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Closes all connections; SQLite's write-ahead log is folded into the file.
    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    /// Folds SQLite's write-ahead log into the file, as far as no reader needs it; nobody waits
    /// for that.
    pub(super) async fn checkpoint(&self) -> Result<(), StoreError> {
        if self.kind == Kind::Sqlite {
            let sql = "PRAGMA wal_checkpoint(PASSIVE)";
            sqlx::raw_sql(sql).execute(&self.pool).await.map_err(|e| self.error(e))?;
        }
        Ok(())
    }

    /// After many rows came at once: tells the planner, and does now what the server would do in
    /// the background while others work.
    pub(super) async fn analyze(&self) -> Result<(), StoreError> {
        let sql = match self.kind {
            Kind::Sqlite => "PRAGMA optimize",
            Kind::Postgres => "VACUUM (ANALYZE) tickets, events, seals",
        };
        sqlx::raw_sql(sql).execute(&self.pool).await.map(drop).map_err(|e| self.error(e))
    }

    /// Makes the change that `run` describes: all of it where that ends well, nothing where not.
    /// What it reads with a lock stays true until it is done.
    pub(crate) async fn change<T, E>(
        &self,
        run: impl AsyncFnOnce(&mut Change) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        let (begin, writer) = match self.kind {
            Kind::Sqlite => ("BEGIN IMMEDIATE", Some(self.writer.clone().lock_owned().await)),
            Kind::Postgres => ("BEGIN", None),
        };
        let tx = self.pool.begin_with(begin).await.map_err(|e| self.error(e))?;
        let mut change = Change { tx, kind: self.kind, _writer: writer };
        match run(&mut change).await {
            Ok(done) => {
                change.tx.commit().await.map_err(|e| self.error(e))?;
                Ok(done)
            }
            Err(e) => {
                // Dropped, its locks would stay until the connection is used again. An error here
                // means that the connection is gone, and the change with it.
                let _ = change.tx.rollback().await;
                Err(e)
            }
        }
    }

    async fn connect(data_dir: &Path, address: Option<&str>) -> Result<Database, StoreError> {
        sqlx::any::install_default_drivers();
        let (kind, name, url) = match address {
            Some(address) => (Kind::Postgres, without_password(address), address.to_string()),
            None => {
                let file = data_dir.join(DATABASE_FILE);
                let absolute = std::path::absolute(&file).map_err(|e| StoreError::io(&file, &e))?;
                (Kind::Sqlite, file.display().to_string(), sqlite_url(&absolute))
            }
        };
        let options = AnyConnectOptions::from_str(&url).map_err(|e| StoreError::Unreachable {
            database: name.clone(),
            reason: e.to_string(),
        })?;
        let connections = match kind {
            Kind::Sqlite => SQLITE_CONNECTIONS_MAX,
            Kind::Postgres => POSTGRES_CONNECTIONS_MAX,
        };
        let pool = AnyPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .after_connect(move |connection, _| Box::pin(prepare(kind, connection)))
            .connect_lazy_with(options.clone());
        let writer = Arc::new(Mutex::new(()));
        let database = Database { pool, kind, name: name.into(), writer };
        // Not by the pool: it would try again and again, and say no more than that time is over.
        let first = async {
            let mut connection = AnyConnection::connect_with(&options).await?;
            prepare(kind, &mut connection).await?;
            connection.close().await
        };
        database.in_time(async { first.await.map_err(|e| database.error(e)) }).await?;
        Ok(database)
    }

    /// What `work` brings; a database that stays silent is as good as gone.
    pub(super) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        tokio::time::timeout(ANSWER_TIMEOUT, work).await.unwrap_or_else(|_| {
            let reason = format!("no answer for {} s", ANSWER_TIMEOUT.as_secs());
            Err(StoreError::Unreachable { database: self.name.to_string(), reason })
        })
    }

    fn migrations(&self) -> &'static Migrator {
        match self.kind {
            Kind::Sqlite => &SQLITE_MIGRATIONS,
            Kind::Postgres => &POSTGRES_MIGRATIONS,
        }
    }

    /// What the database's error means for the administrator.
    pub(crate) fn error(&self, e: sqlx::Error) -> StoreError {
        let database = self.name.to_string();
        let code = match &e {
            sqlx::Error::Database(d) => d.code().map(|c| c.into_owned()).unwrap_or_default(),
            _ => String::new(),
        };
        match self.kind {
            Kind::Sqlite => sqlite_error(database, &code, e),
            Kind::Postgres => postgres_error(database, &code, e),
        }
    }

    fn newer(&self) -> StoreError {
        StoreError::Version {
            database: self.name.to_string(),
            reason: "was written by a newer spillway; run that one".into(),
        }
    }

    fn migration_error(&self, e: MigrateError) -> StoreError {
        match e {
            MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => self.error(e),
            MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => self.newer(),
            e => StoreError::Version { database: self.name.to_string(), reason: e.to_string() },
        }
    }
}

/// Sets what each connection needs.
async fn prepare(kind: Kind, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    let settings = match kind {
        Kind::Sqlite => SQLITE_PRAGMAS,
        Kind::Postgres => POSTGRES_SETTINGS,
    };
    sqlx::raw_sql(settings).execute(connection).await.map(drop)
}

/// By SQLite's primary result code, the low byte of its extended ones (sqlite.org/rescode.html).
fn sqlite_error(database: String, code: &str, e: sqlx::Error) -> StoreError {
    match code.parse::<i32>().ok().map(|c| c & 0xff) {
        Some(5 | 6) => StoreError::Locked { database },
        Some(3 | 8 | 14 | 23) => StoreError::ReadOnly { database },
        Some(13) => StoreError::Full { database },
        Some(11 | 26) => StoreError::Corrupt { database, reason: e.to_string() },
        _ => match e {
            sqlx::Error::PoolTimedOut => StoreError::Locked { database },
            e => StoreError::Failed { database, reason: e.to_string() },
        },
    }
}

/// By SQLSTATE (PostgreSQL's manual, appendix A).
fn postgres_error(database: String, code: &str, e: sqlx::Error) -> StoreError {
    let reason = e.to_string();
    match (code, e) {
        ("53100", _) => StoreError::Full { database },
        ("25006", _) => StoreError::ReadOnly { database },
        ("55P03" | "57014", _) => StoreError::Locked { database },
        (code, _) if ["28", "3D"].iter().any(|class| code.starts_with(class)) => {
            StoreError::Denied { database, reason }
        }
        (code, _) if ["08", "57"].iter().any(|class| code.starts_with(class)) => {
            StoreError::Unreachable { database, reason }
        }
        (_, sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Tls(_)) => {
            StoreError::Unreachable { database, reason }
        }
        _ => StoreError::Failed { database, reason },
    }
}

fn is_no_such_table(e: &dyn sqlx::error::DatabaseError) -> bool {
    // SQLite has no code of its own for it; SQLSTATE is undefined_table.
    e.message().contains("no such table") || e.code().is_some_and(|c| c == "42P01")
}

/// A file's path as a URL that opens it and makes none.
fn sqlite_url(file: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-_.~".contains(&b);
    let path: String = file
        .as_os_str()
        .as_bytes()
        .iter()
        .map(|&b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect();
    format!("sqlite://{path}?mode=rw")
}

/// `postgres://user:secret@host/db` as it may be shown and logged.
fn without_password(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return "the database".into() };
    let rest = rest.split('?').next().unwrap_or_default();
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{host}")
        }
        None => format!("{scheme}://{rest}"),
    }
}
