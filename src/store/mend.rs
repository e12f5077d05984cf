//! Sealed files on the disk: brought to an end after a death, made of plain ones, read through.

use super::data_dir;
use crate::seal::{
    CHUNK_BYTES, Content, Keys, Name, SEALED, SealError, Sealer, Unsealer, sealed_path,
};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read};
use std::path::Path;

/// What [`mend`] left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mended {
    /// Bytes of plain text now, what was appended included.
    pub(super) plain_bytes: u64,
    /// False when there was more that could not be opened: damage, not only a torn last chunk.
    pub(super) sound: bool,
}

/// Brings the file `name` in the folder `dir` to an end after the process died in it: what is
/// whole, at most `keep` bytes of it, then `append`. Idempotent for an empty `append`; a death in
/// the middle of it leaves the file as it was. A file that died before its header was whole gets
/// one and is empty.
pub(super) fn mend(
    dir: &Path,
    keys: Option<&Keys>,
    name: Name<'_>,
    content: Content,
    keep: Option<u64>,
    append: &[u8],
) -> Result<Mended, SealError> {
    let mut old = match Unsealer::open(&sealed_path(dir, name.file), keys, name) {
        Ok(old) => Some(old),
        Err(SealError::Unfinished { .. }) => None,
        Err(e) => return Err(e),
    };
    let Some(keys) = keys else { return Err(SealError::Unfinished { file: name.to_string() }) };
    let chunk = if content == Content::Samples { CHUNK_BYTES } else { 0 };
    let mut left = keep.unwrap_or(u64::MAX);
    let mut mended = Mended { plain_bytes: append.len() as u64, sound: true };
    replace(dir, keys, name, content, chunk, |new| {
        while let Some(chunks) = &mut old {
            match chunks.next_chunk() {
                Ok(Some(mut text)) => {
                    text.truncate(usize::try_from(left).unwrap_or(usize::MAX));
                    left -= text.len() as u64;
                    mended.plain_bytes += text.len() as u64;
                    new.append(&text)?;
                }
                Ok(None) | Err(SealError::Unfinished { .. }) => break,
                Err(SealError::Io { reason, .. }) => return Err(std::io::Error::other(reason)),
                Err(_) => {
                    mended.sound = false;
                    break;
                }
            }
        }
        new.append(append)
    })?;
    Ok(mended)
}

/// Seals the plain file `name` in the folder `dir` and removes it, once what was sealed has been
/// read again. Idempotent; a death in the middle of it leaves the plain file, the sealed one, or
/// both.
pub(super) fn seal_plain(dir: &Path, keys: &Keys, name: Name<'_>) -> Result<(), SealError> {
    let path = dir.join(name.file);
    let io = |e: std::io::Error| SealError::io(&path.display(), &e);
    replace(dir, keys, name, Content::Bytes, CHUNK_BYTES, |new| {
        let mut plain = File::open(&path)?;
        let mut text = vec![0; CHUNK_BYTES as usize];
        loop {
            match plain.read(&mut text)? {
                0 => return Ok(()),
                read => new.append(&text[..read])?,
            }
        }
    })?;
    let sealed = Unsealer::open(&sealed_path(dir, name.file), Some(keys), name)?;
    let same = same_text(BufReader::new(File::open(&path).map_err(io)?), sealed).map_err(io)?;
    if !same {
        let (file, reason) = (name.to_string(), "is not what was to be sealed");
        return Err(SealError::Damaged { file, reason });
    }
    std::fs::remove_file(&path).map_err(io)
}

/// Reads the file `name` in the folder `dir` to its end; the error says why it is not whole.
pub(super) fn verify(dir: &Path, keys: Option<&Keys>, name: Name<'_>) -> Result<(), SealError> {
    let mut file = Unsealer::open(&sealed_path(dir, name.file), keys, name)?;
    while file.next_chunk()?.is_some() {}
    Ok(())
}

/// A sealed file in place of one that may be there: written beside it, on disk, then renamed.
fn replace(
    dir: &Path,
    keys: &Keys,
    name: Name<'_>,
    content: Content,
    chunk: u32,
    write: impl FnOnce(&mut Sealer<BufWriter<File>>) -> std::io::Result<()>,
) -> Result<(), SealError> {
    let path = sealed_path(dir, name.file);
    let new = dir.join(format!("{}{SEALED}{NEW}", name.file));
    let run = || -> std::io::Result<()> {
        // What a death left; an error shows in the next line.
        let _ = std::fs::remove_file(&new);
        let out = BufWriter::new(data_dir::make_file(&new)?);
        let mut sealer = Sealer::begin(out, keys, name, content, chunk)?;
        write(&mut sealer)?;
        sealer.finish()?.into_inner().map_err(|e| e.into_error())?.sync_all()?;
        std::fs::rename(&new, &path)?;
        File::open(dir)?.sync_all()
    };
    run().map_err(|e| SealError::io(&path.display(), &e))
}

/// Ends the name of a file that is not whole yet.
pub(super) const NEW: &str = ".new";

/// True when both give the same bytes to their ends.
pub(super) fn same_text(mut one: impl Read, mut other: impl Read) -> std::io::Result<bool> {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    loop {
        a.clear();
        b.clear();
        one.by_ref().take(u64::from(CHUNK_BYTES)).read_to_end(&mut a)?;
        other.by_ref().take(u64::from(CHUNK_BYTES)).read_to_end(&mut b)?;
        if a != b {
            return Ok(false);
        }
        if a.is_empty() {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::tests::{call, keys, parts, seal, unseal};
    use crate::seal::{CHUNK_EXTRA, HEADER_BYTES};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn mended_after_a_death_it_has_all_whole_chunks_and_an_end(
            parts in parts(), chunk in prop::sample::select(vec![0u32, 1, 7, 64]),
            cut in any::<prop::sample::Index>(), line in prop::collection::vec(any::<u8>(), 0..9),
        ) {
            let (keys, id, dir) = (keys(1), call("a"), tempfile::tempdir().unwrap());
            let name = Name { call: &id, file: "f" };
            let sealed = seal(&keys, name, chunk, &parts);
            let cut = &sealed[..cut.index(sealed.len() + 1)];
            let path = sealed_path(dir.path(), name.file);
            std::fs::write(&path, cut).unwrap();
            let mut want = unseal(&keys, name, cut).0;
            want.extend(&line);
            let content = if chunk == 0 { Content::Bytes } else { Content::Samples };
            let mended = mend(dir.path(), Some(&keys), name, content, None, &line).unwrap();
            prop_assert!(mended.sound);
            prop_assert_eq!(mended.plain_bytes, want.len() as u64);
            let once = std::fs::read(&path).unwrap();
            let (text, ended) = unseal(&keys, name, &once);
            prop_assert!(ended.is_ok());
            prop_assert_eq!(&text, &want);
            if cut.len() >= HEADER_BYTES {
                prop_assert_ne!(&once[21..40], &cut[21..40], "a new nonce for a new text");
            }
            mend(dir.path(), Some(&keys), name, content, None, &[]).unwrap();
            prop_assert_eq!(unseal(&keys, name, &std::fs::read(&path).unwrap()).0, want);
        }
    }

    #[test]
    fn a_plain_file_is_sealed_in_its_place() {
        let (keys, id, dir) = (keys(1), call("a"), tempfile::tempdir().unwrap());
        let name = Name { call: &id, file: "f" };
        let text: Vec<u8> = (0..200_000u32).map(|n| (n / 7) as u8).collect();
        let plain = dir.path().join("f");
        // What an earlier run, killed in the middle, left.
        std::fs::write(dir.path().join("f.sealed.new"), "half").unwrap();
        for _ in 0..2 {
            std::fs::write(&plain, &text).unwrap();
            seal_plain(dir.path(), &keys, name).unwrap();
            assert!(!plain.exists());
            verify(dir.path(), Some(&keys), name).unwrap();
            let path = sealed_path(dir.path(), "f");
            let mut read = Vec::new();
            Unsealer::open(&path, Some(&keys), name).unwrap().read_to_end(&mut read).unwrap();
            assert_eq!(read, text);
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn damage_in_the_middle_is_cut_off_and_told() {
        let (keys, id, dir) = (keys(1), call("a"), tempfile::tempdir().unwrap());
        let name = Name { call: &id, file: "f" };
        let mut sealed = seal(&keys, name, 0, &[b"one\n".to_vec(), b"two\n".to_vec()]);
        // After a loss of power the end of a file may be zeros.
        sealed[HEADER_BYTES + CHUNK_EXTRA + 4..].fill(0);
        std::fs::write(sealed_path(dir.path(), "f"), &sealed).unwrap();
        let mended = mend(dir.path(), Some(&keys), name, Content::Bytes, None, &[]).unwrap();
        assert_eq!((mended.plain_bytes, mended.sound), (4, false));
    }
}
