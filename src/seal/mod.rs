//! Files sealed for rest: the keys, the format, and the way back to what was sealed.
//!
//! What a call leaves on the disk is its journal and its recording. With a key configured both are
//! sealed chunk by chunk while the call runs, so that nothing plain is ever written. Their names
//! then end with [`SEALED`]; each is bound to its call, which is the name of its folder.

use crate::ticket::CallId;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

mod keys;
mod sealer;
#[cfg(test)]
pub(crate) mod tests;
mod unsealer;
mod wav;

pub use keys::{KEY_BYTES, KEYS_VARIABLE, KeyError, KeyId, Keys};
pub use sealer::SEALED;
pub(crate) use sealer::{CHUNK_BYTES, CHUNK_EXTRA, Content, HEADER_BYTES, LAST, Name, Sealer};
pub(crate) use unsealer::{Opener, Shape};
pub use unsealer::{SealError, Unsealer};
pub use wav::SPEC;
pub(crate) use wav::{WAV_HEADER_BYTES, wav_header};

/// Where the sealed file `file` of a call is in its folder.
pub(crate) fn sealed_path(dir: &Path, file: &str) -> PathBuf {
    dir.join(format!("{file}{SEALED}"))
}

/// A call's `file` in its folder `dir`, and whether it is sealed; the plain one's place where
/// there is neither. After a death both may be there, and the sealed one is whole then.
pub fn find(dir: &Path, file: &str) -> (PathBuf, bool) {
    let sealed = sealed_path(dir, file);
    let is_sealed = sealed.exists();
    (if is_sealed { sealed } else { dir.join(file) }, is_sealed)
}

/// Reads a call's `file` in its folder `dir`, sealed or not, as it was before sealing.
pub(crate) fn open(
    dir: &Path,
    file: &str,
    keys: Option<&Keys>,
) -> Result<Box<dyn Read + Send>, SealError> {
    let (path, is_sealed) = find(dir, file);
    if is_sealed {
        let call = call_of(dir);
        let name = Name { call: &call, file };
        return Ok(Box::new(Unsealer::open(&path, keys, name)?));
    }
    let plain = File::open(&path).map_err(|e| SealError::io(&path.display(), &e))?;
    Ok(Box::new(BufReader::new(plain)))
}

/// The call whose folder `dir` is.
pub(crate) fn call_of(dir: &Path) -> CallId {
    let whole = std::path::absolute(dir).unwrap_or_else(|_| dir.to_path_buf());
    CallId(whole.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default())
}
