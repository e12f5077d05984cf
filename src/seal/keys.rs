//! The keys recordings and journals are sealed with: a file its owner alone can read.
//!
//! One key a line, 32 random bytes in base64 (RFC 4648 section 4), the newest last; empty lines
//! and lines that begin with `#` are left out. A new key is a line appended, and a restart:
//!
//! ```text
//! (umask 077; openssl rand -base64 32 >> /etc/spillway/recordings.key)
//! ```
//!
//! New files are sealed with the newest key. An older one has to stay for as long as a file sealed
//! with it is kept. Who loses a key loses its files: keep a copy where the recordings are not.

use crate::config::RecordingsConfig;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Names the keys themselves, separated by blanks or lines, where there is no file: for containers
/// whose secrets come that way. A file is better: who may see a process may see its environment.
pub const KEYS_VARIABLE: &str = "SPILLWAY_RECORDINGS_KEYS";
/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// Bits of the file's mode that let others than its owner in.
const OTHERS: u32 = 0o077;
/// Far more keys than anybody rotates through; a longer file is another file.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// Names a key without telling it: the first bytes of its SHA-256, behind a label of ours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 8]);

impl KeyId {
    fn of(key: &[u8; KEY_BYTES]) -> KeyId {
        let mut digest = Sha256::new();
        digest.update(b"spillway recording key id v1\0");
        digest.update(key);
        let mut id = [0; 8];
        id.copy_from_slice(&digest.finalize()[..8]);
        KeyId(id)
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// Why a key file cannot be used. No words of the file itself are in it.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error(
        "{path}: cannot be read ({reason}); make a key with `(umask 077; openssl rand -base64 32 \
         >> {path})` as the user that runs spillway, or take recordings.key_file out of the \
         configuration"
    )]
    Unreadable {
        /// The key file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// Others can read it.
    #[error(
        "{path}: others than its owner may read it (mode {mode:03o}); run `chmod 600 {path}`, and \
         if others can have read it, append a new key"
    )]
    Open {
        /// The key file.
        path: PathBuf,
        /// Its mode's last nine bits.
        mode: u32,
    },
    /// Not a key.
    #[error(
        "{path}: line {line}: {reason}; expected 32 random bytes in base64 a line, as `openssl \
         rand -base64 32` prints"
    )]
    Line {
        /// The key file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// In a file and in the environment.
    #[error("recordings.key_file and {KEYS_VARIABLE} are both set; keep one of them")]
    Twice,
    /// No key in it.
    #[error("{path}: holds no key; append one with `openssl rand -base64 32 >> {path}`")]
    Empty {
        /// The key file.
        path: PathBuf,
    },
}

/// The keys of a key file, oldest first; never empty. Wiped from memory when the last clone goes.
#[derive(Clone)]
pub struct Keys(Arc<Vec<Key>>);

/// One key.
pub(crate) struct Key {
    pub(crate) id: KeyId,
    pub(crate) bytes: Zeroizing<[u8; KEY_BYTES]>,
}

impl Keys {
    /// The keys that `config` or, without a file there, [`KEYS_VARIABLE`] gives; `None` when
    /// nothing is to be encrypted.
    pub fn of(config: &RecordingsConfig) -> Result<Option<Keys>, KeyError> {
        let given = std::env::var(KEYS_VARIABLE).ok().filter(|keys| !keys.trim().is_empty());
        match (&config.key_file, given.map(Zeroizing::new)) {
            (Some(_), Some(_)) => Err(KeyError::Twice),
            (Some(path), None) => Keys::read(path).map(Some),
            (None, Some(keys)) => {
                let lines: Vec<&str> = keys.split_whitespace().collect();
                let text = Zeroizing::new(lines.join("\n"));
                Keys::parse(Path::new(KEYS_VARIABLE), &text).map(Some)
            }
            (None, None) => Ok(None),
        }
    }

    /// Reads the key file `path`.
    pub fn read(path: &Path) -> Result<Keys, KeyError> {
        let unreadable =
            |e: std::io::Error| KeyError::Unreadable { path: path.into(), reason: e.to_string() };
        // The mode is that of the file opened, whatever the name means by then.
        let file = std::fs::File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if metadata.mode() & OTHERS != 0 {
            return Err(KeyError::Open { path: path.into(), mode: metadata.mode() & 0o777 });
        }
        let mut text = Zeroizing::new(String::new());
        let mut bounded = std::io::Read::take(file, FILE_BYTES_MAX);
        std::io::Read::read_to_string(&mut bounded, &mut text).map_err(unreadable)?;
        Keys::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Keys, KeyError> {
        let mut keys: Vec<Key> = Vec::new();
        let mut ids = BTreeSet::new();
        for (line, words) in (1..).zip(text.lines().map(str::trim)) {
            if words.is_empty() || words.starts_with('#') {
                continue;
            }
            let refused = |reason| KeyError::Line { path: path.into(), line, reason };
            let decoded = STANDARD.decode(words).map(Zeroizing::new);
            let decoded = decoded.map_err(|_| refused("is no base64"))?;
            let bytes = <[u8; KEY_BYTES]>::try_from(decoded.as_slice()).map(Zeroizing::new);
            let bytes = bytes.map_err(|_| refused("is not 32 bytes long"))?;
            if bytes.iter().collect::<BTreeSet<_>>().len() < 8 {
                return Err(refused("is not random"));
            }
            let id = KeyId::of(&bytes);
            if !ids.insert(id) {
                return Err(refused("is there twice"));
            }
            keys.push(Key { id, bytes });
        }
        if keys.is_empty() {
            return Err(KeyError::Empty { path: path.into() });
        }
        Ok(Keys(Arc::new(keys)))
    }

    /// The ids, oldest first: what may be shown and logged.
    pub fn ids(&self) -> Vec<KeyId> {
        self.0.iter().map(|key| key.id).collect()
    }

    pub(crate) fn newest(&self) -> Option<&Key> {
        self.0.last()
    }

    pub(crate) fn get(&self, id: KeyId) -> Option<&Key> {
        self.0.iter().find(|key| key.id == id)
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Keys").field(&self.ids()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const FIRST: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const SECOND: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

    fn parse(text: &str) -> Result<Keys, KeyError> {
        Keys::parse(Path::new("k"), text)
    }

    #[test]
    fn lines() {
        let check = |text: &str, want: Result<usize, &str>| match (parse(text), want) {
            (Ok(keys), Ok(count)) => assert_eq!(keys.ids().len(), count, "{text:?}"),
            (Err(e), Err(words)) => assert!(e.to_string().contains(words), "{text:?}: {e}"),
            (got, _) => panic!("{text:?}: {got:?}"),
        };
        check(FIRST, Ok(1));
        check(&format!("# made 2026-01-01\n\n{FIRST}\r\n {SECOND} \n"), Ok(2));
        check("", Err("holds no key"));
        check("# none\n", Err("holds no key"));
        check(&format!("{FIRST}\n{FIRST}\n"), Err("line 2: is there twice"));
        check("secret", Err("line 1: is no base64"));
        check("c2VjcmV0", Err("line 1: is not 32 bytes long"));
        check(&format!("{}=", "A".repeat(43)), Err("line 1: is not random"));
    }

    #[test]
    fn the_last_line_is_the_newest_and_no_key_is_shown() {
        let keys = parse(&format!("{FIRST}\n{SECOND}")).unwrap();
        let second = parse(SECOND).unwrap();
        assert_eq!(keys.newest().map(|k| k.id), second.newest().map(|k| k.id));
        assert!(keys.get(parse(FIRST).unwrap().ids()[0]).is_some());
        let shown = format!("{keys:?}");
        assert_eq!(shown, format!("Keys([{}, {}])", keys.ids()[0], keys.ids()[1]));
    }

    #[test]
    fn a_file_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("recordings.key");
        assert!(matches!(Keys::read(&path), Err(KeyError::Unreadable { .. })));
        std::fs::write(&path, FIRST).unwrap();
        let check = |mode: u32, want: bool| {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            match Keys::read(&path) {
                Ok(_) => assert!(want, "{mode:o}"),
                Err(e) => assert!(!want && e.to_string().contains("chmod 600"), "{mode:o}: {e}"),
            }
        };
        check(0o600, true);
        check(0o400, true);
        for mode in [0o640, 0o604, 0o660, 0o644, 0o620, 0o610] {
            check(mode, false);
        }
    }
}
