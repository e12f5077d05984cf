//! What the database would not take: one file for each call, until it does.
//!
//! While a call runs its words are in its journal. When it ends and the database is gone, the line
//! is needed for the next caller: the ticket waits here instead. Files are named by call, written
//! whole or not at all, and read again at each start.

use super::{CallEnd, Stamps, StoreError, TicketStore, data_dir};
use crate::ticket::{CallId, Ticket};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Files at most; each takes some kilobytes. A day of 59,000 calls fits.
const FILES_MAX: usize = 100_000;

/// A call's last words to the database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spooled {
    /// Its newest ticket; `None` when that was saved and only the end was not.
    pub ticket: Option<Ticket>,
    /// When the call was answered, milliseconds since 1970 UTC.
    pub created_unix_ms: i64,
    /// How it ended.
    pub end: CallEnd,
}

/// The folder of what waits; clones share the count.
#[derive(Debug, Clone)]
pub struct Spool {
    dir: PathBuf,
    waiting: Arc<AtomicUsize>,
}

impl Spool {
    /// Opens the spool of `data_dir` with what an earlier process left in it.
    pub fn open(data_dir: &Path) -> Result<Spool, StoreError> {
        let dir = data_dir.join("spool");
        data_dir::make_dir(&dir)?;
        let spool = Spool { dir, waiting: Arc::default() };
        spool.waiting.store(spool.files()?.len(), Ordering::Relaxed);
        Ok(spool)
    }

    /// Calls that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Keeps what `call` has to say, on disk when this returns. Waits for the disk.
    pub fn keep(&self, call: &CallId, spooled: &Spooled) -> Result<(), StoreError> {
        if self.waiting() >= FILES_MAX {
            return Err(StoreError::Full { database: self.dir.display().to_string() });
        }
        // The id is a plain file name, or there would be no folder of this call.
        let path = self.dir.join(format!("{call}.json"));
        let new = path.with_extension("new");
        let text = super::rows::json(spooled);
        let write = || -> std::io::Result<()> {
            let _ = std::fs::remove_file(&new);
            let mut file = data_dir::make_file(&new)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            let again = path.exists();
            std::fs::rename(&new, &path)?;
            std::fs::File::open(&self.dir)?.sync_all()?;
            self.waiting.fetch_add(usize::from(!again), Ordering::Relaxed);
            Ok(())
        };
        write().map_err(|e| StoreError::io(&path, &e))
    }

    /// Gives `store` all that waits, oldest call first; returns how many calls it took. An error of
    /// the database ends it: the rest waits on. A file that cannot be read stays, and is told.
    pub async fn drain(&self, store: &TicketStore, now_unix_ms: i64) -> Result<usize, StoreError> {
        if self.waiting() == 0 {
            return Ok(0);
        }
        let mut taken = 0;
        for (_, path) in self.files()? {
            let read = std::fs::read(&path).map_err(|e| e.to_string());
            let spooled = read.and_then(|b| serde_json::from_slice(&b).map_err(|e| e.to_string()));
            match spooled {
                Ok(spooled) => {
                    store.in_time(self.give(store, &path, &spooled, now_unix_ms)).await?;
                }
                Err(reason) => {
                    let file = path.display();
                    tracing::error!(%file, reason, "a waiting ticket cannot be read");
                    continue;
                }
            }
            taken += 1;
        }
        Ok(taken)
    }

    async fn give(
        &self,
        store: &TicketStore,
        path: &Path,
        spooled: &Spooled,
        updated_unix_ms: i64,
    ) -> Result<(), StoreError> {
        let Spooled { ticket, created_unix_ms, end } = spooled;
        let stamps = Stamps { created_unix_ms: *created_unix_ms, updated_unix_ms };
        if let Some(ticket) = ticket {
            store.save(ticket, stamps).await?;
        }
        let name = path.file_stem().map(|s| s.to_string_lossy().into_owned());
        store.finish(&CallId(name.unwrap_or_default()), *end).await?;
        // Saving twice does no harm: a death before this line does none.
        std::fs::remove_file(path).map_err(|e| StoreError::io(path, &e))?;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }

    /// The files that wait, oldest first.
    fn files(&self) -> Result<Vec<(std::time::SystemTime, PathBuf)>, StoreError> {
        let io = |e: std::io::Error| StoreError::io(&self.dir, &e);
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.dir).map_err(io)? {
            let path = entry.map_err(io)?.path();
            if path.extension().is_some_and(|e| e == "json") {
                let written = path.metadata().and_then(|m| m.modified()).map_err(io)?;
                files.push((written, path));
            }
        }
        files.sort();
        Ok(files)
    }
}
