//! One file of a call, opened to be read in parts: for a player that seeks.

use super::archive::{Archive, ArchiveError, folder};
use crate::seal::{self, Content, HEADER_BYTES, Name, Opener, SEALED, SealError, Shape, Unsealer};
use crate::ticket::CallId;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt};
use std::ops::Range;
use std::sync::Arc;

/// A call's file, opened. What it gives is what was recorded, sealed or not.
pub struct KeptFile {
    archive: Archive,
    store: Arc<dyn ObjectStore>,
    path: ObjectPath,
    call: CallId,
    file: String,
    content: Kept,
    whole: bool,
}

enum Kept {
    Plain {
        bytes: u64,
    },
    /// Chunks of one length: only those asked for are read. The header is the wav's, or empty.
    Chunks {
        opener: Opener,
        shape: Shape,
        header: Vec<u8>,
    },
    /// Opened whole: a journal's chunks have lengths of their own.
    Text(Vec<u8>),
}

impl KeptFile {
    /// Looks for `file` in `store`; a `running` call's may lack its end.
    pub(super) async fn find(
        archive: &Archive,
        store: &Arc<dyn ObjectStore>,
        running: bool,
        call: &CallId,
        file: &str,
    ) -> Result<Option<KeptFile>, ArchiveError> {
        let sealed = folder(call).join(format!("{file}{SEALED}"));
        let plain = folder(call).join(file);
        for (path, is_sealed) in [(sealed, true), (plain, false)] {
            let bytes = match store.head(&path).await {
                Ok(meta) => meta.size,
                Err(object_store::Error::NotFound { .. }) => continue,
                Err(e) => return Err(archive.error(&e)),
            };
            let (archive, store) = (archive.clone(), store.clone());
            let (call, file) = (call.clone(), file.to_string());
            let (content, whole) = (Kept::Plain { bytes }, true);
            let mut found = KeptFile { archive, store, path, call, file, content, whole };
            if is_sealed {
                found.unseal(bytes, running).await?;
            }
            return Ok(Some(found));
        }
        Ok(None)
    }

    async fn unseal(&mut self, bytes: u64, running: bool) -> Result<(), ArchiveError> {
        let header = self.fetch(0..bytes.min(HEADER_BYTES as u64)).await?;
        let name = Name { call: &self.call, file: &self.file };
        let opener = Opener::new(self.archive.keys.as_ref(), name, &header)?;
        if opener.header.chunk == 0 {
            return self.unseal_whole(bytes, running).await;
        }
        let mut shape = Shape::of(&opener.header, bytes);
        let proved = match shape.last() {
            Some(last) => {
                let chunk = self.fetch(last).await?;
                opener.open_last(&shape, chunk)
            }
            None => Err(opener.unfinished()),
        };
        if let Err(e) = proved {
            if !running {
                return Err(e.into());
            }
            (self.whole, shape) = (false, shape.unfinished());
        }
        let header = match opener.header.content {
            Content::Samples => seal::wav_header(shape.plain_bytes()),
            Content::Bytes => Vec::new(),
        };
        self.content = Kept::Chunks { opener, shape, header };
        Ok(())
    }

    async fn unseal_whole(&mut self, bytes: u64, running: bool) -> Result<(), ArchiveError> {
        let sealed = self.fetch(0..bytes).await?;
        let name = Name { call: &self.call, file: &self.file };
        let mut chunks = Unsealer::new(sealed.as_slice(), self.archive.keys.as_ref(), name)?;
        let mut text = Vec::new();
        loop {
            match chunks.next_chunk() {
                Ok(Some(mut chunk)) => text.append(&mut chunk),
                Ok(None) => break,
                Err(SealError::Unfinished { .. }) if running => {
                    self.whole = false;
                    break;
                }
                Err(e) => return Err(e.into()),
            }
        }
        self.content = Kept::Text(text);
        Ok(())
    }

    /// Bytes that can be read.
    pub fn bytes(&self) -> u64 {
        match &self.content {
            Kept::Plain { bytes } => *bytes,
            Kept::Chunks { shape, header, .. } => header.len() as u64 + shape.plain_bytes(),
            Kept::Text(text) => text.len() as u64,
        }
    }

    /// False for a sealed file of a call that still runs, or was cut off and is not mended yet.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// The bytes in `range`, as far as there are so many. What is asked for is held in memory: a
    /// player asks for some 100 kB at a time.
    pub async fn read_range(&self, range: Range<u64>) -> Result<Vec<u8>, ArchiveError> {
        let end = range.end.min(self.bytes());
        if range.start >= end {
            return Ok(vec![]);
        }
        match &self.content {
            Kept::Plain { .. } => self.fetch(range.start..end).await,
            Kept::Text(text) => Ok(text[range.start as usize..end as usize].to_vec()),
            Kept::Chunks { opener, shape, header } => {
                let lead = header.len() as u64;
                let first = range.start.min(lead) as usize..end.min(lead) as usize;
                let mut read = header[first].to_vec();
                let plain = range.start.saturating_sub(lead)..end.saturating_sub(lead);
                if !plain.is_empty() {
                    let sealed = self.fetch(shape.chunks_of(&plain)).await?;
                    read.append(&mut opener.open_range(shape, &plain, &sealed)?);
                }
                Ok(read)
            }
        }
    }

    async fn fetch(&self, range: Range<u64>) -> Result<Vec<u8>, ArchiveError> {
        if range.is_empty() {
            return Ok(vec![]);
        }
        match self.store.get_range(&self.path, range).await {
            Ok(bytes) => Ok(bytes.into()),
            Err(object_store::Error::NotFound { .. }) => {
                Err(ArchiveError::Missing { call: self.call.clone(), file: self.file.clone() })
            }
            Err(e) => Err(self.archive.error(&e)),
        }
    }
}
