//! Packages of the npm registry, through the user's own npm (`npm pack`): its configuration says
//! which registry is asked.

use super::manifest::Tarball;
use super::{PackError, Progress, digest};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Brings the package into `cache` unless it is there, and gives its verified path.
pub(super) fn tarball(
    wanted: &Tarball,
    cache: &Path,
    progress: Progress,
) -> Result<PathBuf, PackError> {
    std::fs::create_dir_all(cache).map_err(PackError::io(cache))?;
    let place = cache.join(&wanted.file);
    if digest::verify_integrity(&place, &wanted.integrity).is_ok() {
        return Ok(place);
    }
    progress.line(&format!("  fetching {} (npm)", wanted.requirement));
    // npm writes into a directory of its own, so that an aborted run leaves nothing half done; the
    // cache's lock makes it ours alone.
    let temp = cache.join(".npm");
    let _ = std::fs::remove_dir_all(&temp);
    std::fs::create_dir_all(&temp).map_err(PackError::io(&temp))?;
    let fetched = run_npm(wanted, &temp).and_then(|()| {
        let from = temp.join(&wanted.file);
        digest::verify_integrity(&from, &wanted.integrity)?;
        std::fs::rename(&from, &place).map_err(PackError::io(&place))
    });
    let _ = std::fs::remove_dir_all(&temp);
    fetched.map(|()| place)
}

fn run_npm(wanted: &Tarball, dir: &Path) -> Result<(), PackError> {
    let failed = |reason: String| PackError::Npm { reason };
    let output = Command::new("npm")
        .args(["pack", "--silent", "--ignore-scripts", "--pack-destination", "."])
        .arg(&wanted.requirement)
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| failed(format!("npm: {e}")))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let words = words + &String::from_utf8_lossy(&output.stdout);
    let line = words.lines().find(|l| !l.trim().is_empty());
    Err(failed(line.map_or_else(|| output.status.to_string(), str::to_string)))
}
