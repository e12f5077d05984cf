//! Why a pack could not be had.

use crate::engine::EngineError;
use std::path::{Path, PathBuf};

/// Why a pack could not be had; every message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A file or directory could not be read or written.
    #[error(
        "{}: {reason}; check that the disk has room and that you may write there", path.display()
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: std::io::Error,
    },
    /// The manifest is not what it should be.
    #[error("{}: {reason}; mend the file or restore it from git", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Line, key, expectation.
        reason: String,
    },
    /// No pack and no language has this name.
    #[error("no pack or language is called `{name}`; known packs: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// All packs.
        known: String,
    },
    /// The pack has no source of the wanted kind.
    #[error("{pack}: no {wanted} source; drop --source, or choose another pack")]
    NoSource {
        /// The pack.
        pack: String,
        /// `official` or `registry`.
        wanted: &'static str,
    },
    /// The address does not answer: another source may.
    #[error("{url} cannot be reached ({reason}); check the network and run the command again")]
    Unreachable {
        /// The address.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The address answers, but not with the file.
    #[error("{url} answered {status}; the file may have moved: see models/README.md")]
    Refused {
        /// The address.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// The transfer broke off and did not get further on trying again; what came is kept.
    #[error("{url} broke off after {got} bytes ({reason}); run the same command again to resume")]
    BrokeOff {
        /// The address.
        url: String,
        /// Bytes kept for the next run.
        got: u64,
        /// What happened.
        reason: String,
    },
    /// What arrived is not what the manifest promises; it was removed.
    #[error(
        "{}: wrong digest, removed (expected {expected}, got {actual}); pull again, and if \
         it stays wrong do not use this source", path.display()
    )]
    Digest {
        /// The removed file.
        path: PathBuf,
        /// The manifest's digest.
        expected: String,
        /// The file's digest.
        actual: String,
    },
    /// The manifest knows no digest for this file, and trust was not asked for.
    #[error(
        "{url}: no published digest is known; what arrived has sha256 {actual}. Compare it with a \
         source you trust, then run again with --trust-on-first-use"
    )]
    Untrusted {
        /// The address.
        url: String,
        /// The digest of what arrived.
        actual: String,
    },
    /// pip could not get the wheels.
    #[error("pip download failed ({reason}); check the network and that python3 -m pip works")]
    Pip {
        /// pip's last words.
        reason: String,
    },
    /// npm could not get a package.
    #[error("npm pack failed ({reason}); check the network and that `npm --version` works")]
    Npm {
        /// npm's first words.
        reason: String,
    },
    /// An engine that the pack is checked with cannot be used.
    #[error("{0}")]
    Engine(EngineError),
    /// A downloaded file is verified but cannot be unpacked.
    #[error("{file}: {reason}; please report this, the pack's recipe does not fit the file")]
    Malformed {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
}

impl PackError {
    /// For `map_err` on a file's operation.
    pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> PackError {
        move |reason| PackError::Io { path: path.into(), reason }
    }

    /// For `map_err` while unpacking `file`.
    pub(super) fn malformed<E: ToString>(file: &str) -> impl FnOnce(E) -> PackError {
        move |e| PackError::Malformed { file: file.into(), reason: e.to_string() }
    }
}
