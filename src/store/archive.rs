//! Where the files of calls are kept once they are over, and how they are read again.
//!
//! ```text
//! calls/<call id>/<file>                a call's files, as in the data directory
//! ended/<day>/<unix ms>-<call id>       empty: when the call ended, for the purge
//! erased/<call id>                      empty: nothing of this call may come back
//! ```
//!
//! A file whose name ends with ".sealed" is sealed, see [`super::sealed`]; others are plain. Files
//! are uploaded as they are: what was sealed while the call ran is not opened on its way.

use super::bucket::{self, ArchivePlace};
use super::kept_file::KeptFile;
use super::mend::{self, NEW};
use super::{StoreError, call_dir, data_dir};
use crate::config::Config;
use crate::seal::Keys;
use crate::seal::{KeyError, Name, SEALED, SealError};
use crate::ticket::CallId;
use futures::TryStreamExt;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use object_store::buffered::BufWriter;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What is longer goes in parts; a quarter of an hour fits.
const PUT_BYTES_MAX: usize = 32 << 20;
/// Read and sent at a time.
const PIECE_BYTES: usize = 1 << 20;

/// What can go wrong with kept files.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The directory or the server refuses.
    #[error(
        "archive {place}: {reason}; check that it can be reached, and that spillway may read, \
         write, list and delete there"
    )]
    Place {
        /// The directory or the bucket's address.
        place: String,
        /// The library's words.
        reason: String,
    },
    /// An endpoint we do not use.
    #[error("{endpoint}: {reason}")]
    Endpoint {
        /// The endpoint or its certificate.
        endpoint: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// No keys for S3.
    #[error("{name} is not set; put the S3 access key's id and secret into the environment")]
    NoS3Keys {
        /// The variable.
        name: &'static str,
    },
    /// The archive gives other bytes than it was given.
    #[error(
        "archive {place}: {file} of call {call} is not what was put there; the local copy stays, \
         check the archive's disk"
    )]
    NotKept {
        /// The directory or the bucket's address.
        place: String,
        /// The call.
        call: CallId,
        /// The file.
        file: String,
    },
    /// There is no such file.
    #[error("call {call} has no {file}: it was declined, purged, erased or never made")]
    Missing {
        /// The call.
        call: CallId,
        /// The file.
        file: String,
    },
    /// A sealed file cannot be read.
    #[error(transparent)]
    Sealed(#[from] SealError),
    /// The keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The data directory cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ArchiveError {
    pub(super) fn place(place: &str, e: &object_store::Error) -> ArchiveError {
        ArchiveError::Place { place: place.into(), reason: e.to_string() }
    }
}

/// A file of a call, where it is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileInfo {
    /// The call.
    pub call: CallId,
    /// Its name, with ".sealed" if it is.
    pub file: String,
    /// Its length as kept.
    pub bytes: u64,
}

/// The kept files; clones share connections.
#[derive(Clone)]
pub struct Archive {
    pub(super) data_dir: PathBuf,
    /// The data directory, as a store.
    pub(super) local: Arc<dyn ObjectStore>,
    pub(super) objects: Arc<dyn ObjectStore>,
    /// The archive's directory, if it is one.
    root: Option<PathBuf>,
    /// True when files stay where they were written.
    in_place: bool,
    pub(super) keys: Option<Keys>,
    name: Arc<str>,
}

impl Archive {
    /// The archive that `config` tells of, with its keys.
    pub fn of(config: &Config) -> Result<Archive, ArchiveError> {
        let recordings = &config.recordings;
        Archive::open(&config.data_dir, &ArchivePlace::of(recordings)?, Keys::of(recordings)?)
    }

    /// Opens the archive for the calls of `data_dir`; makes a directory, but no bucket. Nothing is
    /// asked of a server yet. With `keys` whatever is kept from here on is sealed.
    pub fn open(
        data_dir: &Path,
        place: &ArchivePlace,
        keys: Option<Keys>,
    ) -> Result<Archive, ArchiveError> {
        data_dir::make_dir(&data_dir::calls_dir(data_dir))?;
        let local = bucket::directory(data_dir)?;
        let data_dir = data_dir.to_path_buf();
        let (objects, root, in_place, name) = match place {
            ArchivePlace::S3(bucket) => (bucket.connect()?, None, false, bucket.name()),
            ArchivePlace::DataDir => (local.clone(), None, true, data_dir.display().to_string()),
            ArchivePlace::Directory(root) => {
                data_dir::make_dir(&data_dir::calls_dir(root))?;
                // By whatever name: an upload onto itself would be removed as the local copy.
                let in_place = same_folder(&data_dir, root)?;
                let objects = if in_place { local.clone() } else { bucket::directory(root)? };
                (objects, Some(root.clone()), in_place, root.display().to_string())
            }
        };
        Ok(Archive { data_dir, local, objects, root, in_place, keys, name: name.into() })
    }

    /// What is written from here on is sealed with the newest of these.
    pub fn keys(&self) -> Option<&Keys> {
        self.keys.as_ref()
    }

    /// For people: the directory, or the bucket's address.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Keeps the files of a call that is over, and returns those that were put somewhere. `ended`
    /// is when the call ended, the same each time: retention counts from there.
    ///
    /// Seals what is plain if there is a key, uploads, reads what was uploaded again, and only
    /// then removes the local copy. To be called again after an error or a death, however far it
    /// came; a call without files is no error. The call must be over and its files closed: after
    /// [`super::CallLog::end`] and [`super::Writer::flush`], or after recovery.
    pub async fn keep(
        &self,
        call: &CallId,
        ended: Timestamp,
    ) -> Result<Vec<FileInfo>, ArchiveError> {
        let dir = call_dir(&self.data_dir, call)?;
        if self.is_erased(call).await? {
            self.remove_files(call).await?;
            return Ok(vec![]);
        }
        if local_files(call, &dir)?.is_empty() {
            remove_local(&dir, &[])?;
            return Ok(vec![]);
        }
        let prepared = self.prepare(call, &dir).await;
        if let Err(ArchiveError::Sealed(SealError::Unfinished { .. })) = prepared {
            return prepared;
        }
        // Before an error is told: what cannot be kept must be purged in time all the same.
        self.note(&ended_path(call, ended)).await?;
        let files = prepared?;
        if self.in_place {
            return Ok(vec![]);
        }
        for kept in &files {
            self.upload(&dir.join(&kept.file), kept).await?;
        }
        // Who erases notes it first: either they find what we uploaded, or we find their note.
        if self.is_erased(call).await? {
            self.remove_files(call).await?;
            return Ok(vec![]);
        }
        remove_local(&dir, &files)?;
        Ok(files)
    }

    /// Opens `file` of `call`, wherever it is, to be read in parts; `file` is its name without
    /// ".sealed". A call that still runs gives what it has so far.
    pub async fn open_file(&self, call: &CallId, file: &str) -> Result<KeptFile, ArchiveError> {
        call_dir(&self.data_dir, call)?;
        if is_file_name(file) {
            let stores =
                if self.in_place { &[&self.local][..] } else { &[&self.local, &self.objects] };
            for store in stores {
                let running = Arc::ptr_eq(store, &self.local);
                if let Some(found) = KeptFile::find(self, store, running, call, file).await? {
                    return Ok(found);
                }
            }
        }
        Err(ArchiveError::Missing { call: call.clone(), file: file.into() })
    }

    /// Bytes of `file` of `call`, as far as there are so many; see [`Archive::open_file`].
    pub async fn read_range(
        &self,
        call: &CallId,
        file: &str,
        range: Range<u64>,
    ) -> Result<Vec<u8>, ArchiveError> {
        let read = self.open_file(call, file).await?.read_range(range.clone()).await;
        match read {
            // It was local, and kept in this moment.
            Err(ArchiveError::Missing { .. }) => {
                self.open_file(call, file).await?.read_range(range).await
            }
            read => read,
        }
    }

    /// A call's files in the archive, in the order of their names.
    pub async fn files(&self, call: &CallId) -> Result<Vec<FileInfo>, ArchiveError> {
        let folder = folder(call);
        let mut files = self.list_below(&folder).await?;
        files.sort();
        Ok(files)
    }

    /// All files in the archive, in the order of calls and names. Holds the whole list in memory.
    pub async fn list(&self) -> Result<Vec<FileInfo>, ArchiveError> {
        let mut files = self.list_below(&ObjectPath::from("calls")).await?;
        files.sort();
        Ok(files)
    }

    async fn list_below(&self, folder: &ObjectPath) -> Result<Vec<FileInfo>, ArchiveError> {
        let (mut listed, mut files) = (self.objects.list(Some(folder)), Vec::new());
        while let Some(meta) = listed.try_next().await.map_err(|e| self.error(&e))? {
            let mut parts = meta.location.parts().skip(1);
            let (Some(call), Some(file)) = (parts.next(), parts.next()) else { continue };
            let call = CallId(call.as_ref().into());
            files.push(FileInfo { call, file: file.as_ref().into(), bytes: meta.size });
        }
        Ok(files)
    }

    /// Calls with a folder in the data directory that wait for [`Archive::keep`], and those that
    /// run. Asks no server.
    pub async fn unkept(&self) -> Result<Vec<CallId>, ArchiveError> {
        let dir = data_dir::calls_dir(&self.data_dir);
        let io = |e: std::io::Error| StoreError::io(&dir, &e);
        let mut calls = BTreeSet::new();
        for entry in std::fs::read_dir(&dir).map_err(io)? {
            let entry = entry.map_err(io)?;
            calls.extend(entry.file_name().to_str().map(|name| CallId(name.into())));
        }
        calls.retain(|call| call_dir(&self.data_dir, call).is_ok());
        if self.in_place {
            for kept in self.ended().await? {
                calls.remove(&kept.call);
            }
        }
        Ok(calls.into_iter().collect())
    }

    /// When the files of `call` were last written; `None` when there are none here.
    pub fn written_at(&self, call: &CallId) -> Option<Timestamp> {
        let dir = call_dir(&self.data_dir, call).ok()?;
        let files = std::fs::read_dir(dir).ok()?.flatten();
        let times = files.filter_map(|file| file.metadata().ok()?.modified().ok());
        Timestamp::try_from(times.max()?).ok()
    }

    /// True when the journal of `call`, in the data directory, has its end.
    pub fn has_ended(&self, call: &CallId) -> bool {
        call_dir(&self.data_dir, call).is_ok_and(|dir| super::recover::has_ended(&dir))
    }

    /// What is to be uploaded of the folder `dir`: all sealed if there is a key, and all whole.
    async fn prepare(&self, call: &CallId, dir: &Path) -> Result<Vec<FileInfo>, ArchiveError> {
        let (keys, call, dir) = (self.keys.clone(), call.clone(), dir.to_path_buf());
        let prepare = move || prepare(keys.as_ref(), &call, &dir);
        let prepared = tokio::task::spawn_blocking(prepare).await;
        prepared.unwrap_or_else(|e| {
            let (path, reason) = (data_dir::calls_dir(&self.data_dir), e.to_string());
            Err(StoreError::Io { path, reason }.into())
        })
    }

    async fn upload(&self, local: &Path, kept: &FileInfo) -> Result<(), ArchiveError> {
        let object = folder(&kept.call).join(kept.file.as_str());
        // An earlier run may have come so far.
        if self.is_same(local, &object).await? {
            return Ok(());
        }
        self.put(local, object.clone()).await?;
        if self.is_same(local, &object).await? {
            return Ok(());
        }
        let (place, call, file) = (self.name.to_string(), kept.call.clone(), kept.file.clone());
        Err(ArchiveError::NotKept { place, call, file })
    }

    async fn put(&self, local: &Path, object: ObjectPath) -> Result<(), ArchiveError> {
        let io = |e: std::io::Error| StoreError::io(local, &e);
        let mut source = tokio::fs::File::open(local).await.map_err(io)?;
        let mut writer = BufWriter::with_capacity(self.objects.clone(), object, PUT_BYTES_MAX);
        loop {
            let mut piece = Vec::with_capacity(PIECE_BYTES);
            let mut bounded = (&mut source).take(PIECE_BYTES as u64);
            bounded.read_to_end(&mut piece).await.map_err(io)?;
            if piece.is_empty() {
                break;
            }
            if let Err(e) = writer.put(piece.into()).await {
                // The first error is told; parts left behind expire by the bucket's rule.
                let _ = writer.abort().await;
                return Err(self.error(&e));
            }
        }
        let place = self.name.to_string();
        let refused = |e: std::io::Error| ArchiveError::Place { place, reason: e.to_string() };
        writer.shutdown().await.map_err(refused)
    }

    /// True when the archive has these bytes; false when it has none or others.
    async fn is_same(&self, local: &Path, object: &ObjectPath) -> Result<bool, ArchiveError> {
        let got = match self.objects.get(object).await {
            Ok(got) => got,
            Err(object_store::Error::NotFound { .. }) => return Ok(false),
            Err(e) => return Err(self.error(&e)),
        };
        let io = |e: std::io::Error| StoreError::io(local, &e);
        let mut source = tokio::fs::File::open(local).await.map_err(io)?;
        if got.meta.size != source.metadata().await.map_err(io)?.len() {
            return Ok(false);
        }
        let (mut pieces, mut ours) = (got.into_stream(), Vec::new());
        let mut compared = 0;
        while let Some(piece) = pieces.try_next().await.map_err(|e| self.error(&e))? {
            ours.clear();
            let mut bounded = (&mut source).take(piece.len() as u64);
            compared += bounded.read_to_end(&mut ours).await.map_err(io)? as u64;
            if ours != piece {
                return Ok(false);
            }
        }
        Ok(compared == source.metadata().await.map_err(io)?.len())
    }

    /// Removes all files of `call`, here and in the archive, and returns them.
    pub(super) async fn remove_files(&self, call: &CallId) -> Result<Vec<FileInfo>, ArchiveError> {
        let dir = call_dir(&self.data_dir, call)?;
        let mut removed = self.files(call).await?;
        for kept in &removed {
            self.forget(&folder(call).join(kept.file.as_str())).await?;
        }
        // With what a death left of an upload, which a store does not list.
        if let Some(root) = &self.root {
            remove_folder(&call_dir(root, call)?)?;
        }
        if !self.in_place {
            removed.extend(local_files(call, &dir)?);
        }
        remove_folder(&dir)?;
        removed.sort();
        removed.dedup_by(|a, b| a.file == b.file);
        Ok(removed)
    }

    /// Puts an empty object.
    pub(super) async fn note(&self, path: &ObjectPath) -> Result<(), ArchiveError> {
        let put = self.objects.put(path, PutPayload::new()).await;
        put.map(drop).map_err(|e| self.error(&e))
    }

    /// Removes an object, if it is there.
    pub(super) async fn forget(&self, path: &ObjectPath) -> Result<(), ArchiveError> {
        match self.objects.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(self.error(&e)),
        }
    }

    async fn is_erased(&self, call: &CallId) -> Result<bool, ArchiveError> {
        match self.objects.head(&erased_path(call)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(e) => Err(self.error(&e)),
        }
    }

    pub(super) fn error(&self, e: &object_store::Error) -> ArchiveError {
        ArchiveError::place(&self.name, e)
    }
}

/// Where a call's files are.
pub(super) fn folder(call: &CallId) -> ObjectPath {
    ObjectPath::from_iter(["calls", &call.0])
}

/// The note that a call is erased.
pub(super) fn erased_path(call: &CallId) -> ObjectPath {
    ObjectPath::from_iter(["erased", &call.0])
}

/// The note of when a call ended.
pub(super) fn ended_path(call: &CallId, ended: Timestamp) -> ObjectPath {
    let day = ended.to_zoned(TimeZone::UTC).date().to_string();
    let name = format!("{}-{call}", ended.as_millisecond().max(0));
    ObjectPath::from_iter(["ended", &day, &name])
}

fn same_folder(one: &Path, other: &Path) -> Result<bool, StoreError> {
    let whole = |root: &Path| {
        let dir = data_dir::calls_dir(root);
        dir.canonicalize().map_err(|e| StoreError::io(&dir, &e))
    };
    Ok(whole(one)? == whole(other)?)
}

/// A name that means itself in any store.
fn is_file_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    (1..=64).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(plain)
}

fn prepare(keys: Option<&Keys>, call: &CallId, dir: &Path) -> Result<Vec<FileInfo>, ArchiveError> {
    for kept in local_files(call, dir)? {
        if let Some(file) = kept.file.strip_suffix(SEALED) {
            mend::verify(dir, keys, Name { call, file })?;
        } else if let Some(keys) = keys {
            mend::seal_plain(dir, keys, Name { call, file: &kept.file })?;
        }
    }
    Ok(local_files(call, dir)?)
}

/// The files in a call's folder, in the order of their names; none when it is not there. What a
/// death left unfinished is not among them, nor what is not ours by its name.
fn local_files(call: &CallId, dir: &Path) -> Result<Vec<FileInfo>, StoreError> {
    let io = |e: std::io::Error| StoreError::io(dir, &e);
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(e) => return Err(io(e)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(io)?;
        let metadata = entry.metadata().map_err(io)?;
        let name = entry.file_name().into_string().unwrap_or_default();
        if metadata.is_file() && is_file_name(&name) && !name.ends_with(NEW) {
            files.push(FileInfo { call: call.clone(), file: name, bytes: metadata.len() });
        }
    }
    files.sort();
    Ok(files)
}

/// Removes what was uploaded and what a death left; the folder too, if nothing else is in it.
fn remove_local(dir: &Path, files: &[FileInfo]) -> Result<(), StoreError> {
    for kept in files {
        let path = dir.join(&kept.file);
        std::fs::remove_file(&path).map_err(|e| StoreError::io(&path, &e))?;
    }
    let left = std::fs::read_dir(dir).into_iter().flatten().flatten();
    for path in left.map(|entry| entry.path()) {
        if path.to_string_lossy().ends_with(NEW) {
            std::fs::remove_file(&path).map_err(|e| StoreError::io(&path, &e))?;
        }
    }
    // A file that is not ours keeps it.
    let _ = std::fs::remove_dir(dir);
    Ok(())
}

fn remove_folder(dir: &Path) -> Result<(), StoreError> {
    match std::fs::remove_dir_all(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(StoreError::io(dir, &e)),
        _ => Ok(()),
    }
}
