//! A file sealed for rest, chunk by chunk as it is written: XChaCha20-Poly1305 under STREAM.
//!
//! ```text
//! 8 bytes   "SPWSEAL" and the version, 1
//! 8 bytes   the key's id
//! 1 byte    what is inside: 0 bytes as they are, 1 the samples of a recording
//! 4 bytes   bytes of plain text in each chunk, little endian; 0: each chunk has its own length
//! 19 bytes  random, the nonce's first part
//! then chunks, the last one marked and, where chunks have one length, shorter than that:
//! 4 bytes   bytes of plain text in this chunk, little endian; bit 31 is set in the last chunk
//! n bytes   sealed text
//! 16 bytes  tag
//! ```
//!
//! STREAM (Hoang, Reyhanitabar, Rogaway and Vizar, 2015, ePrint 2015/189) makes each chunk's nonce
//! of the random part, the chunk's number and whether it is the last, so that none can be left
//! out, moved, repeated or cut off unseen. Header, call id and file name are bound to each chunk
//! as associated data, so that no file passes for another call's. 19 random bytes do not meet
//! twice under one key, and a file is never written on after a crash: [`crate::store::recover`]
//! writes it anew, because a chunk that was torn and another in its place would share a nonce.
//!
//! The samples of a recording are sealed without their wav header, whose sizes change while it is
//! written; readers get one made of the length.

use super::keys::{Key, KeyId, Keys};
use crate::ticket::CallId;
use aead_stream::{EncryptorBE32, NewStream, StreamBE32, StreamPrimitive};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use rand::TryRngCore;
use rand::rngs::OsRng;
use std::io::{Error, Result, Write};

/// Ends the name of a sealed file.
pub const SEALED: &str = ".sealed";
/// Bytes before the first chunk.
pub(crate) const HEADER_BYTES: usize = 40;
/// A chunk's length before it and its tag (RFC 8439 section 2.8) behind.
pub(crate) const CHUNK_EXTRA: usize = 4 + 16;
/// Plain text in a chunk of a file that is sealed in one go.
pub(crate) const CHUNK_BYTES: u32 = 64 << 10;
/// No chunk is longer; the longest journal line has 4 MiB.
pub(crate) const CHUNK_BYTES_MAX: u32 = 8 << 20;
/// Marks the last chunk.
pub(crate) const LAST: u32 = 1 << 31;

const MAGIC: &[u8; 8] = b"SPWSEAL1";
const NONCE_BYTES: usize = 19;

/// The stream of one file.
pub(crate) type Stream = StreamBE32<XChaCha20Poly1305>;

/// Which file of which call: bound to all its chunks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name<'a> {
    pub(crate) call: &'a CallId,
    /// Without [`SEALED`].
    pub(crate) file: &'a str,
}

impl std::fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}{SEALED}", self.call, self.file)
    }
}

/// What is inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Bytes as they are.
    Bytes,
    /// The samples of a recording ([`super::SPEC`]).
    Samples,
}

/// The first bytes of a sealed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) key: KeyId,
    pub(crate) content: Content,
    /// Plain text in each chunk; 0 when each has its own length.
    pub(crate) chunk: u32,
    nonce: [u8; NONCE_BYTES],
}

impl Header {
    fn new(key: KeyId, content: Content, chunk: u32) -> Result<Header> {
        let mut nonce = [0; NONCE_BYTES];
        OsRng.try_fill_bytes(&mut nonce).map_err(Error::other)?;
        Ok(Header { key, content, chunk, nonce })
    }

    pub(crate) fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..16].copy_from_slice(&self.key.0);
        bytes[16] = u8::from(self.content == Content::Samples);
        bytes[17..21].copy_from_slice(&self.chunk.to_le_bytes());
        bytes[21..].copy_from_slice(&self.nonce);
        bytes
    }

    /// The error says what is wrong.
    pub(crate) fn parse(bytes: &[u8]) -> std::result::Result<Header, &'static str> {
        let bytes: &[u8; HEADER_BYTES] = bytes.try_into().map_err(|_| "has no whole header")?;
        if &bytes[..8] != MAGIC {
            return Err("is no sealed file, or of another version of spillway");
        }
        let mut key = KeyId([0; 8]);
        key.0.copy_from_slice(&bytes[8..16]);
        let content = match bytes[16] {
            0 => Content::Bytes,
            1 => Content::Samples,
            _ => return Err("has content this version does not know"),
        };
        let chunk = u32::from_le_bytes([bytes[17], bytes[18], bytes[19], bytes[20]]);
        if chunk > CHUNK_BYTES_MAX || (chunk == 0 && content == Content::Samples) {
            return Err("has chunks of a length we never write");
        }
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(&bytes[21..]);
        Ok(Header { key, content, chunk, nonce })
    }

    /// What is bound to each chunk of the file `name`.
    pub(crate) fn associated(&self, name: Name<'_>) -> Vec<u8> {
        let call = name.call.0.as_bytes();
        let mut data = self.to_bytes().to_vec();
        // Ids have at most 64 bytes; the length keeps call and file apart.
        data.extend((call.len() as u64).to_le_bytes());
        data.extend(call);
        data.extend(name.file.as_bytes());
        data
    }

    pub(crate) fn stream(&self, key: &Key) -> Stream {
        let cipher = XChaCha20Poly1305::new((&*key.bytes).into());
        StreamBE32::from_aead(cipher, (&self.nonce).into())
    }
}

/// Seals what is appended and writes it to `W`, each chunk in one write as soon as it is full.
pub(crate) struct Sealer<W> {
    out: W,
    stream: EncryptorBE32<XChaCha20Poly1305>,
    associated: Vec<u8>,
    chunk: usize,
    /// Plain text that waits for its chunk to be full; sealed in place.
    text: Vec<u8>,
    wire: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    /// Begins the file `name` with the newest of `keys`. `chunk` is the plain text in each chunk,
    /// in bytes; with 0 each [`Sealer::append`] makes one.
    pub(crate) fn begin(
        mut out: W,
        keys: &Keys,
        name: Name<'_>,
        content: Content,
        chunk: u32,
    ) -> Result<Sealer<W>> {
        let key = keys.newest().ok_or_else(|| Error::other("there is no key"))?;
        let header = Header::new(key.id, content, chunk)?;
        out.write_all(&header.to_bytes())?;
        let (associated, stream) = (header.associated(name), header.stream(key).encryptor());
        let chunk = chunk as usize;
        Ok(Sealer { out, stream, associated, chunk, text: Vec::new(), wire: Vec::new() })
    }

    /// Appends `plain`. After an error the file must be given up.
    pub(crate) fn append(&mut self, mut plain: &[u8]) -> Result<()> {
        if self.chunk == 0 && !plain.is_empty() {
            self.text.extend_from_slice(plain);
            return self.seal();
        }
        while !plain.is_empty() {
            let (now, later) = plain.split_at(plain.len().min(self.chunk - self.text.len()));
            self.text.extend_from_slice(now);
            plain = later;
            if self.text.len() == self.chunk {
                self.seal()?;
            }
        }
        Ok(())
    }

    fn seal(&mut self) -> Result<()> {
        let length = length(self.text.len())?;
        self.stream.encrypt_next_in_place(&self.associated, &mut self.text).map_err(full)?;
        write_chunk(&mut self.out, &mut self.wire, length, &self.text)?;
        self.text.clear();
        Ok(())
    }

    /// Writes the last chunk, which says that the file is whole.
    pub(crate) fn finish(mut self) -> Result<W> {
        let length = length(self.text.len())? | LAST;
        self.stream.encrypt_last_in_place(&self.associated, &mut self.text).map_err(full)?;
        write_chunk(&mut self.out, &mut self.wire, length, &self.text)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

fn length(text: usize) -> Result<u32> {
    let fits = u32::try_from(text).ok().filter(|&n| n <= CHUNK_BYTES_MAX);
    fits.ok_or_else(|| Error::other("a chunk to be sealed is too long"))
}

fn full(_: chacha20poly1305::aead::Error) -> Error {
    Error::other("a sealed file can have no more chunks")
}

/// In one write, so that a death leaves at most one chunk torn.
fn write_chunk(out: &mut impl Write, wire: &mut Vec<u8>, length: u32, text: &[u8]) -> Result<()> {
    wire.clear();
    wire.extend_from_slice(&length.to_le_bytes());
    wire.extend_from_slice(text);
    out.write_all(wire)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let header = Header::new(KeyId([7; 8]), Content::Samples, 640).unwrap();
        let bytes = header.to_bytes();
        assert_eq!(Header::parse(&bytes).unwrap(), header);
        let other = Header::new(KeyId([7; 8]), Content::Samples, 640).unwrap();
        assert_ne!(other.nonce, header.nonce, "each file has a nonce of its own");
        let check = |at: usize, byte: u8, want: &str| {
            let mut bytes = bytes;
            bytes[at] = byte;
            assert_eq!(Header::parse(&bytes).unwrap_err(), want);
        };
        check(0, b'R', "is no sealed file, or of another version of spillway");
        check(7, b'2', "is no sealed file, or of another version of spillway");
        check(16, 2, "has content this version does not know");
        check(20, 0xff, "has chunks of a length we never write");
        assert_eq!(Header::parse(&bytes[..39]).unwrap_err(), "has no whole header");
    }

    #[test]
    fn names_bind_without_mixing() {
        let header = Header::new(KeyId([7; 8]), Content::Bytes, 0).unwrap();
        let bound =
            |call: &str, file: &str| header.associated(Name { call: &CallId(call.into()), file });
        assert_ne!(bound("ab", "c"), bound("a", "bc"));
    }
}
