//! The data directory: its folders, its lock, and the one way from a call id to a path.

use super::StoreError;
use crate::journal::RECORDING_FILE;
use crate::ticket::CallId;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The longest call id; a UUID has 36 characters.
const CALL_ID_BYTES_MAX: usize = 64;

/// The folder of a call. The id must be a plain file name, because it may come from a peer
/// (AudioSocket's UUID): letters, digits and hyphens only.
pub fn call_dir(data_dir: &Path, call: &CallId) -> Result<PathBuf, StoreError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let id = call.0.as_str();
    if !(1..=CALL_ID_BYTES_MAX).contains(&id.len()) || !id.bytes().all(plain) {
        return Err(StoreError::BadCallId);
    }
    Ok(calls_dir(data_dir).join(id))
}

/// The recording of a call, sealed or not, if there is one in the data directory.
pub fn recording_of(data_dir: &Path, call: &CallId) -> Option<PathBuf> {
    recording_in(&call_dir(data_dir, call).ok()?)
}

/// The recording in a call's folder, sealed or not.
pub(super) fn recording_in(dir: &Path) -> Option<PathBuf> {
    let files = [crate::seal::sealed_path(dir, RECORDING_FILE), dir.join(RECORDING_FILE)];
    files.into_iter().find(|file| file.exists())
}

/// The folder of all calls' folders.
pub(super) fn calls_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("calls")
}

/// Makes `dir` and those above it, for their owner alone.
pub(super) fn make_dir(dir: &Path) -> Result<(), StoreError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|e| StoreError::io(dir, &e))
}

/// A new file for its owner alone; an error when it is there already.
pub(super) fn make_file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

/// Held by the one server of a data directory, until dropped or until the process ends.
#[derive(Debug)]
pub struct DataDirLock(#[allow(dead_code, reason = "held, not used")] File);

impl DataDirLock {
    /// Makes the data directory and takes its lock.
    pub fn take(data_dir: &Path) -> Result<DataDirLock, StoreError> {
        make_dir(&calls_dir(data_dir))?;
        let path = data_dir.join("lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|e| StoreError::io(&path, &e))?;
        match file.try_lock() {
            Ok(()) => Ok(DataDirLock(file)),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path }),
            Err(TryLockError::Error(e)) => Err(StoreError::io(&path, &e)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_ids() {
        let check = |id: &str, want: bool| {
            let got = call_dir(Path::new("data"), &CallId(id.into()));
            assert_eq!(got.is_ok(), want, "{id:?}");
        };
        check("67e55044-10b1-426f-9247-bb680e5fe0c8", true);
        check("a", true);
        check(&"a".repeat(64), true);
        check(&"a".repeat(65), false);
        for bad in ["", ".", "..", "../x", "a/b", "a\\b", "a b", "a.wav", "a\0", "ä", "/etc"] {
            check(bad, false);
        }
    }

    #[test]
    fn one_server_for_one_directory() {
        let dir = tempfile::tempdir().unwrap();
        let lock = DataDirLock::take(dir.path()).unwrap();
        assert!(matches!(DataDirLock::take(dir.path()), Err(StoreError::InUse { .. })));
        drop(lock);
        DataDirLock::take(dir.path()).unwrap();
    }
}
