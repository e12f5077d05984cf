//! A call's journal and recording, opened whole: to be replayed more than once.

use super::{Archive, ArchiveError};
use crate::journal::{JOURNAL_FILE, JournalError, RECORDING_FILE, Reader};
use crate::ticket::CallId;

/// A call's files, in memory as they were before sealing; a quarter of an hour has 29 MB.
pub struct CallFiles {
    name: String,
    journal: Vec<u8>,
    recording: Option<Vec<u8>>,
}

impl CallFiles {
    /// Reads the journal, with its sound where there is a recording.
    pub fn reader(&self) -> Result<Reader, JournalError> {
        let (journal, recording) = (self.journal.clone(), self.recording.clone());
        Reader::from_files(&self.name, journal, recording)
    }
}

impl Archive {
    /// The files of `call`, wherever they are. A call without a journal is an error, one without a
    /// recording is not.
    pub async fn call_files(&self, call: &CallId) -> Result<CallFiles, ArchiveError> {
        let journal = self.open_file(call, JOURNAL_FILE).await?;
        let journal = journal.read_range(0..journal.bytes()).await?;
        let recording = match self.open_file(call, RECORDING_FILE).await {
            Ok(kept) => Some(kept.read_range(0..kept.bytes()).await?),
            Err(ArchiveError::Missing { .. }) => None,
            Err(e) => return Err(e),
        };
        Ok(CallFiles { name: format!("{call}/{JOURNAL_FILE}"), journal, recording })
    }
}
