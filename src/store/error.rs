//! What can go wrong with what is kept, and what to do about it.

use std::path::PathBuf;

/// Why something could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no database yet.
    #[error("{database}: there are no tables yet; run `spillway migrate`, it makes them")]
    Missing {
        /// The database.
        database: String,
    },
    /// The database's server does not answer; it may come back.
    #[error(
        "{database}: cannot be reached ({reason}); check that the server runs, and store.database \
         in the configuration"
    )]
    Unreachable {
        /// The database.
        database: String,
        /// The driver's words.
        reason: String,
    },
    /// The database's server knows no such user, password or database.
    #[error(
        "{database}: refuses us ({reason}); check user, password and the database's name in \
         store.database of the configuration"
    )]
    Denied {
        /// The database.
        database: String,
        /// The driver's words.
        reason: String,
    },
    /// Another program holds the database for longer than we wait.
    #[error(
        "{database}: is locked by another program; close what holds it (a backup, a database \
         shell) and try again"
    )]
    Locked {
        /// The database.
        database: String,
    },
    /// Not writable.
    #[error(
        "{database}: cannot be written; give the user that runs spillway write permission on it \
         and on its folder, and check that the disk is not mounted read-only"
    )]
    ReadOnly {
        /// The database.
        database: String,
    },
    /// No space.
    #[error("{database}: the disk is full; free space on it, or set data_dir to a larger disk")]
    Full {
        /// The database.
        database: String,
    },
    /// Not a database, or a damaged one.
    #[error(
        "{database}: is damaged or no database ({reason}); stop spillway, move the file away with \
         its -wal and -shm, and put back your last backup (`sqlite3 FILE .recover` saves what it \
         can)"
    )]
    Corrupt {
        /// The database.
        database: String,
        /// The driver's words.
        reason: String,
    },
    /// Laid out by another version of the program.
    #[error("{database}: {reason}")]
    Version {
        /// The database.
        database: String,
        /// Which, and what to do.
        reason: String,
    },
    /// One row holds what no version wrote.
    #[error(
        "{database}: ticket {number}: {reason}; the row was edited or damaged, correct it by hand \
         or put back your last backup"
    )]
    Row {
        /// The database.
        database: String,
        /// The ticket's number.
        number: i64,
        /// What is wrong.
        reason: String,
    },
    /// Anything else the database says.
    #[error("{database}: {reason}; if it stays so, restart spillway and check the disk")]
    Failed {
        /// The database.
        database: String,
        /// The driver's words.
        reason: String,
    },
    /// A folder or file of the data directory cannot be used.
    #[error("{path}: {reason}; check that data_dir belongs to the user that runs spillway")]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// The call was kept already; nothing was written over.
    #[error("{path}: is there already; give each call an id of its own")]
    CallExists {
        /// The call's file.
        path: PathBuf,
    },
    /// A second server on one data directory.
    #[error("{path}: another spillway serves from this data_dir; stop it or set another data_dir")]
    InUse {
        /// The lock file.
        path: PathBuf,
    },
    /// An id that is no plain file name; nothing was written.
    #[error("a call id may have 1 to 64 letters, digits and hyphens, as a UUID has")]
    BadCallId,
    /// A sealed file cannot be read.
    #[error(transparent)]
    Sealed(#[from] crate::seal::SealError),
}

impl StoreError {
    /// An error of the file system at `path`.
    pub(super) fn io(path: &std::path::Path, e: &std::io::Error) -> StoreError {
        use std::io::ErrorKind;
        let path = path.to_path_buf();
        let database = path.display().to_string();
        match e.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full { database },
            ErrorKind::AlreadyExists => StoreError::CallExists { path },
            ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly { database },
            _ => StoreError::Io { path, reason: e.to_string() },
        }
    }
}
