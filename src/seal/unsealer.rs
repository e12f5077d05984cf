//! From a sealed file back to what was sealed: chunk by chunk, or in part.

use super::keys::{KeyId, Keys};
use super::sealer::{
    CHUNK_BYTES_MAX, CHUNK_EXTRA, Content, HEADER_BYTES, Header, LAST, Name, Stream,
};
use super::wav::wav_header;
use aead_stream::StreamPrimitive;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

/// Why a sealed file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Sealed, and no key is configured.
    #[error(
        "{file}: is sealed with key {key}, and no key is configured; name the key file in the \
         configuration as recordings.key_file"
    )]
    NoKeys {
        /// The file.
        file: String,
        /// Its key.
        key: KeyId,
    },
    /// Sealed with a key that is not there any more.
    #[error(
        "{file}: is sealed with key {key}, which is not in the key file; put that key back in, \
         above the newest"
    )]
    NoSuchKey {
        /// The file.
        file: String,
        /// Its key.
        key: KeyId,
    },
    /// Not what was written.
    #[error(
        "{file}: {reason}; the file was damaged or changed, or lies in a folder that has not its \
         call's name: put it back from a backup or remove the call"
    )]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The process died while it wrote it, or it is being written.
    #[error(
        "{file}: has no end; if its call is over, the process died in it, and `spillway serve` \
         mends the file at its next start"
    )]
    Unfinished {
        /// The file.
        file: String,
    },
    /// The disk.
    #[error("{file}: {reason}; check the disk, and that data_dir belongs to spillway's user")]
    Io {
        /// The file.
        file: String,
        /// The system's words.
        reason: String,
    },
}

impl SealError {
    pub(crate) fn io(file: &impl ToString, e: &std::io::Error) -> SealError {
        SealError::Io { file: file.to_string(), reason: e.to_string() }
    }
}

/// Opens the chunks of one file.
pub(crate) struct Opener {
    pub(crate) header: Header,
    file: String,
    stream: Stream,
    associated: Vec<u8>,
}

impl Opener {
    /// For the file `name` that begins with `header`.
    pub(crate) fn new(
        keys: Option<&Keys>,
        name: Name<'_>,
        header: &[u8],
    ) -> Result<Opener, SealError> {
        let file = name.to_string();
        let header = match Header::parse(header) {
            Ok(header) => header,
            Err(reason) => return Err(SealError::Damaged { file, reason }),
        };
        let key = header.key;
        let Some(keys) = keys else { return Err(SealError::NoKeys { file, key }) };
        let Some(key) = keys.get(key) else { return Err(SealError::NoSuchKey { file, key }) };
        let (stream, associated) = (header.stream(key), header.associated(name));
        Ok(Opener { header, file, stream, associated })
    }

    /// Opens the chunk at `position`, which begins with its length, in place; what is left in
    /// `chunk` is plain text.
    fn open(&self, position: u64, last: bool, chunk: &mut Vec<u8>) -> Result<(), SealError> {
        chunk.drain(..4.min(chunk.len()));
        let position = u32::try_from(position).map_err(|_| self.damaged("has too many chunks"))?;
        let opened = self.stream.decrypt_in_place(position, last, &self.associated, chunk);
        opened.map_err(|_| self.damaged("a chunk of it is not what was sealed"))
    }

    pub(crate) fn damaged(&self, reason: &'static str) -> SealError {
        SealError::Damaged { file: self.file.clone(), reason }
    }

    pub(crate) fn unfinished(&self) -> SealError {
        SealError::Unfinished { file: self.file.clone() }
    }
}

/// Where the chunks of a file lie whose chunks have one length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    chunk: u64,
    /// Chunks before the last.
    full: u64,
    /// Plain text in the last chunk; `None` while there is none.
    last: Option<u64>,
}

impl Shape {
    /// Of a file of `file_bytes`, were it whole.
    pub(crate) fn of(header: &Header, file_bytes: u64) -> Shape {
        let chunk = u64::from(header.chunk.max(1));
        let stride = chunk + CHUNK_EXTRA as u64;
        let chunks = file_bytes.saturating_sub(HEADER_BYTES as u64);
        let last = (chunks % stride).checked_sub(CHUNK_EXTRA as u64);
        Shape { chunk, full: chunks / stride, last }
    }

    /// The same without its last chunk.
    pub(crate) fn unfinished(self) -> Shape {
        Shape { last: None, ..self }
    }

    /// Bytes of plain text.
    pub(crate) fn plain_bytes(&self) -> u64 {
        self.full * self.chunk + self.last.unwrap_or(0)
    }

    fn offset(&self, chunk: u64) -> u64 {
        HEADER_BYTES as u64 + chunk * (self.chunk + CHUNK_EXTRA as u64)
    }

    /// Where in the file the last chunk is.
    pub(crate) fn last(&self) -> Option<Range<u64>> {
        let start = self.offset(self.full);
        self.last.map(|text| start..start + CHUNK_EXTRA as u64 + text)
    }

    /// Where in the file the chunks of `plain` are, which is not empty and within the plain text.
    pub(crate) fn chunks_of(&self, plain: &Range<u64>) -> Range<u64> {
        let end = plain.end.div_ceil(self.chunk);
        let end =
            if end <= self.full { self.offset(end) } else { self.last().map_or(0, |l| l.end) };
        self.offset(plain.start / self.chunk)..end
    }
}

impl Opener {
    /// The last chunk of a file: what is in it proves the file's length.
    pub(crate) fn open_last(&self, shape: &Shape, chunk: Vec<u8>) -> Result<(), SealError> {
        self.marked(&chunk, shape.last.map(|text| text as u32 | LAST))?;
        let mut chunk = chunk;
        self.open(shape.full, true, &mut chunk)
    }

    /// `plain` out of the bytes of [`Shape::chunks_of`] it.
    pub(crate) fn open_range(
        &self,
        shape: &Shape,
        plain: &Range<u64>,
        sealed: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let first = plain.start / shape.chunk;
        let mut text = Vec::with_capacity(sealed.len());
        let mut chunk = Vec::new();
        let stride = shape.chunk as usize + CHUNK_EXTRA;
        for (position, bytes) in (first..).zip(sealed.chunks(stride)) {
            let last = position == shape.full;
            let length = if last { shape.last.map(|t| t as u32 | LAST) } else { None };
            self.marked(bytes, length.or(Some(shape.chunk as u32)))?;
            chunk.clear();
            chunk.extend_from_slice(bytes);
            self.open(position, last, &mut chunk)?;
            text.append(&mut chunk);
        }
        let skipped = (plain.start - first * shape.chunk) as usize;
        let wanted = skipped..skipped + (plain.end - plain.start) as usize;
        let text = text.get(wanted).ok_or_else(|| self.damaged("is shorter than it was"))?;
        Ok(text.to_vec())
    }

    /// The length before a chunk is bound to it by its place alone, so it is compared.
    fn marked(&self, chunk: &[u8], want: Option<u32>) -> Result<(), SealError> {
        let length = chunk.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes));
        let fits = length.is_some() && length == want;
        fits.then_some(()).ok_or_else(|| self.damaged("a chunk has a wrong length"))
    }
}

/// Reads a sealed file from front to back; as [`Read`] it gives what was sealed, with a wav header
/// before a recording's samples. A file without its end gives all it has, and then an error.
pub struct Unsealer<R> {
    source: R,
    opener: Opener,
    position: u64,
    ended: bool,
    ready: Vec<u8>,
    read: usize,
}

impl Unsealer<BufReader<File>> {
    /// Opens the file `name` at `path`.
    pub(crate) fn open(
        path: &Path,
        keys: Option<&Keys>,
        name: Name<'_>,
    ) -> Result<Unsealer<BufReader<File>>, SealError> {
        let io = |e: std::io::Error| SealError::io(&path.display(), &e);
        let file = File::open(path).map_err(io)?;
        let bytes = file.metadata().map_err(io)?.len();
        let mut unsealer = Unsealer::new(BufReader::new(file), keys, name)?;
        if unsealer.opener.header.content == Content::Samples {
            let shape = Shape::of(&unsealer.opener.header, bytes);
            unsealer.ready = wav_header(shape.plain_bytes());
        }
        Ok(unsealer)
    }
}

impl<R: Read> Unsealer<R> {
    pub(crate) fn new(
        mut source: R,
        keys: Option<&Keys>,
        name: Name<'_>,
    ) -> Result<Unsealer<R>, SealError> {
        let mut header = Vec::new();
        let read = source.by_ref().take(HEADER_BYTES as u64).read_to_end(&mut header);
        read.map_err(|e| SealError::io(&name, &e))?;
        if header.len() < HEADER_BYTES {
            return Err(SealError::Unfinished { file: name.to_string() });
        }
        let opener = Opener::new(keys, name, &header)?;
        Ok(Unsealer { source, opener, position: 0, ended: false, ready: vec![], read: 0 })
    }

    /// The next chunk's plain text; `None` after the last.
    pub(crate) fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, SealError> {
        let mut chunk = Vec::new();
        self.take(4, &mut chunk)?;
        if self.ended {
            let nothing = chunk.is_empty();
            return nothing.then_some(None).ok_or_else(|| self.opener.damaged("goes on behind"));
        }
        let Some(length) = chunk.first_chunk::<4>() else { return Err(self.opener.unfinished()) };
        let length = u32::from_le_bytes(*length);
        let (text, last) = (length & !LAST, length & LAST != 0);
        let one_length = self.opener.header.chunk;
        let fits = if one_length == 0 {
            text <= CHUNK_BYTES_MAX
        } else {
            (text == one_length) != last && text <= one_length
        };
        if !fits {
            return Err(self.opener.damaged("a chunk has a wrong length"));
        }
        let sealed = CHUNK_EXTRA + text as usize;
        self.take(sealed - 4, &mut chunk)?;
        if chunk.len() < sealed {
            return Err(self.opener.unfinished());
        }
        self.opener.open(self.position, last, &mut chunk)?;
        self.position += 1;
        self.ended = last;
        Ok(Some(chunk))
    }

    /// Up to `bytes` more from the file.
    fn take(&mut self, bytes: usize, chunk: &mut Vec<u8>) -> Result<(), SealError> {
        let read = self.source.by_ref().take(bytes as u64).read_to_end(chunk);
        read.map(drop).map_err(|e| SealError::io(&self.opener.file, &e))
    }
}

impl<R: Read> Read for Unsealer<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.read == self.ready.len() {
            let Some(chunk) = self.next_chunk().map_err(std::io::Error::other)? else {
                return Ok(0);
            };
            (self.ready, self.read) = (chunk, 0);
        }
        let read = (&self.ready[self.read..]).read(buffer)?;
        self.read += read;
        Ok(read)
    }
}

impl Unsealer<File> {
    /// Opens the file `name` at `path`, which may still be written, to be followed while it grows.
    pub(crate) fn follow(
        path: &Path,
        keys: Option<&Keys>,
        name: Name<'_>,
    ) -> Result<Unsealer<File>, SealError> {
        let file = File::open(path).map_err(|e| SealError::io(&path.display(), &e))?;
        Unsealer::new(file, keys, name)
    }

    /// The next chunk's plain text; `None` while it is not there whole, and after the last.
    pub(crate) fn next_so_far(&mut self) -> Result<Option<Vec<u8>>, SealError> {
        let file = self.opener.file.clone();
        let io = |e: std::io::Error| SealError::io(&file, &e);
        let before = self.source.stream_position().map_err(io)?;
        match self.next_chunk() {
            Err(SealError::Unfinished { .. }) => {
                self.source.seek(SeekFrom::Start(before)).map_err(io)?;
                Ok(None)
            }
            chunk => chunk,
        }
    }
}
