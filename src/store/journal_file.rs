//! A call's journal on disk, plain or sealed: written while the call runs, ended at recovery.

use super::{StoreError, data_dir, mend};
use crate::journal::JOURNAL_FILE;
use crate::seal::{
    self, CHUNK_EXTRA, Content, Keys, LAST, Name, SealError, Sealer, Unsealer, sealed_path,
};
use crate::ticket::CallId;
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// A journal being written: what is appended goes to the operating system at once.
pub(super) enum JournalFile {
    Plain(File),
    Sealed(Box<Sealer<File>>),
}

impl JournalFile {
    /// Begins a new one in the folder `dir`; sealed if there are keys.
    pub(super) fn create(
        dir: &Path,
        keys: Option<&Keys>,
        call: &CallId,
    ) -> Result<(PathBuf, JournalFile), StoreError> {
        let path = match keys {
            Some(_) => sealed_path(dir, JOURNAL_FILE),
            None => dir.join(JOURNAL_FILE),
        };
        let create = || -> std::io::Result<JournalFile> {
            let file = data_dir::make_file(&path)?;
            let Some(keys) = keys else { return Ok(JournalFile::Plain(file)) };
            // A chunk for each append: a line must not wait for the next.
            let sealer = Sealer::begin(file, keys, name(call), Content::Bytes, 0)?;
            Ok(JournalFile::Sealed(Box::new(sealer)))
        };
        let journal = create().map_err(|e| StoreError::io(&path, &e))?;
        Ok((path, journal))
    }

    /// Appends whole lines. After an error the file must be given up.
    pub(super) fn append(&mut self, lines: &[u8]) -> std::io::Result<()> {
        match self {
            JournalFile::Plain(file) => file.write_all(lines),
            JournalFile::Sealed(sealer) => sealer.append(lines),
        }
    }

    /// Says that nothing follows: to be called when the end line is written, and only then.
    pub(super) fn finish(self) -> std::io::Result<()> {
        match self {
            JournalFile::Plain(_) => Ok(()),
            JournalFile::Sealed(sealer) => sealer.finish().map(drop),
        }
    }
}

fn name(call: &CallId) -> Name<'_> {
    Name { call, file: JOURNAL_FILE }
}

/// The journal in the folder `dir`, and whether it is sealed.
pub(super) fn find(dir: &Path) -> (PathBuf, bool) {
    seal::find(dir, JOURNAL_FILE)
}

/// True when the sealed journal at `path` has its last chunk, which is empty; looks at the end of
/// the file only, so no key is needed, and nothing is proved.
pub(super) fn is_finished(path: &Path) -> bool {
    let length = || -> std::io::Result<u32> {
        let file = File::open(path)?;
        let mut length = [0; 4];
        let at = file.metadata()?.len().saturating_sub(CHUNK_EXTRA as u64);
        file.read_exact_at(&mut length, at)?;
        Ok(u32::from_le_bytes(length))
    };
    length().is_ok_and(|length| length == LAST)
}

/// What can be read of the journal in the folder `dir`, its end missing or not, and the damage
/// behind that, if there is any.
pub(super) fn read(
    dir: &Path,
    keys: Option<&Keys>,
    call: &CallId,
) -> Result<(Vec<u8>, Option<SealError>), StoreError> {
    let (path, is_sealed) = find(dir);
    if !is_sealed {
        let text = std::fs::read(&path).map_err(|e| StoreError::io(&path, &e))?;
        return Ok((text, None));
    }
    let mut text = Vec::new();
    let mut chunks = match Unsealer::open(&path, keys, name(call)) {
        Err(SealError::Unfinished { .. }) => return Ok((text, None)),
        opened => opened?,
    };
    loop {
        match chunks.next_chunk() {
            Ok(Some(mut chunk)) => text.append(&mut chunk),
            Ok(None) | Err(SealError::Unfinished { .. }) => return Ok((text, None)),
            Err(damage @ SealError::Damaged { .. }) => return Ok((text, Some(damage))),
            Err(e) => return Err(e.into()),
        }
    }
}

/// Cuts the journal in the folder `dir` after `whole_bytes` of its text and ends it with `line`.
pub(super) fn end(
    dir: &Path,
    keys: Option<&Keys>,
    call: &CallId,
    whole_bytes: u64,
    line: &[u8],
) -> Result<(), StoreError> {
    let (path, is_sealed) = find(dir);
    if is_sealed {
        mend::mend(dir, keys, name(call), Content::Bytes, Some(whole_bytes), line)?;
        return Ok(());
    }
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).open(&path)?;
        file.set_len(whole_bytes)?;
        file.seek(SeekFrom::End(0))?;
        file.write_all(line)?;
        file.sync_all()
    };
    write().map_err(|e| StoreError::io(&path, &e))
}
