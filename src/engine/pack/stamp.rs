//! The note left in an unpacked pack: made of what, for which recipe, with which files.

use super::digest::sha256_of_file;
use super::{Pack, PackError};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const STAMP_FILE: &str = ".spillway-pack.json";

/// What an unpacked pack was made of and consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// [`Packs::fingerprint`](super::Packs::fingerprint) at the time.
    pub fingerprint: String,
    /// `registry` or `official`.
    pub source: String,
    /// The downloaded files it was made of.
    pub made_of: Vec<StampedFile>,
    /// True when one of them had no published digest and was trusted as it came.
    pub trusted_on_first_use: bool,
    /// What the pack goes without, because a source was not to be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacking: Option<String>,
    /// The files of the pack.
    pub files: Vec<StampedFile>,
}

/// A file, its size and its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StampedFile {
    /// Relative to the pack's directory.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its digest, in hexadecimal.
    pub sha256: String,
}

/// How a pack stands in the models directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "detail")]
pub enum PackState {
    /// Whole, and as the manifest wants it.
    Ready,
    /// Laid there by hand: the files are there, but nothing tells whether they are the right ones.
    Unstamped,
    /// Whole, but made by another manifest, or of other data of ours.
    Outdated,
    /// As the manifest wants it but for this, which could not be had.
    Lacking(String),
    /// This file is missing or has another size or digest.
    Damaged(String),
    /// Not there.
    Missing,
}

impl PackState {
    /// True when an engine may open it.
    pub fn is_usable(&self) -> bool {
        !matches!(self, PackState::Damaged(_) | PackState::Missing)
    }
}

/// How the pack in `dir` stands, which should have this fingerprint; `thorough` compares digests
/// and not just sizes.
pub(super) fn state(pack: &Pack, fingerprint: &str, dir: &Path, thorough: bool) -> PackState {
    let Some(stamp) = read(dir) else {
        return match pack.files.iter().find(|f| !dir.join(f).is_file()) {
            Some(_) if !dir.exists() => PackState::Missing,
            Some(file) => PackState::Damaged(file.clone()),
            None => PackState::Unstamped,
        };
    };
    let whole = |file: &StampedFile| {
        let path = dir.join(&file.path);
        std::fs::metadata(&path).is_ok_and(|m| m.is_file() && m.len() == file.bytes)
            && (!thorough || sha256_of_file(&path).is_ok_and(|sha256| sha256 == file.sha256))
    };
    let broken = stamp.files.iter().find(|f| !whole(f)).map(|f| &f.path);
    // What another manifest made whole may lack what the engine opens today.
    let lacking = || pack.files.iter().find(|f| !dir.join(f).is_file());
    match broken.or_else(lacking) {
        Some(file) => PackState::Damaged(file.clone()),
        None if stamp.fingerprint != fingerprint => PackState::Outdated,
        None => stamp.lacking.map_or(PackState::Ready, PackState::Lacking),
    }
}

/// The stamp in `dir`, if there is a readable one.
pub(super) fn read(dir: &Path) -> Option<Stamp> {
    serde_json::from_slice(&std::fs::read(dir.join(STAMP_FILE)).ok()?).ok()
}

/// Writes `stamp` into `dir`.
pub(super) fn write(dir: &Path, stamp: &Stamp) -> Result<(), PackError> {
    let path = dir.join(STAMP_FILE);
    let text = serde_json::to_vec_pretty(stamp)
        .map_err(|e| PackError::Io { path: path.clone(), reason: e.into() })?;
    std::fs::write(&path, text).map_err(PackError::io(&path))
}

/// All files below `dir`, sorted, with size and digest.
pub(super) fn inventory(dir: &Path) -> Result<Vec<StampedFile>, PackError> {
    let mut files = vec![];
    let mut dirs = vec![PathBuf::new()];
    while let Some(below) = dirs.pop() {
        let here = dir.join(&below);
        for entry in std::fs::read_dir(&here).map_err(PackError::io(&here))? {
            let entry = entry.map_err(PackError::io(&here))?;
            let relative = below.join(entry.file_name());
            let path = entry.path();
            if path.is_dir() {
                dirs.push(relative);
                continue;
            }
            let bytes = entry.metadata().map_err(PackError::io(&path))?.len();
            let sha256 = sha256_of_file(&path)?;
            files.push(StampedFile { path: relative.display().to_string(), bytes, sha256 });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}
