//! Wheels from the Python package index, through the user's own pip (`pip download`).

use super::manifest::{Registry, Wheel};
use super::{PackError, Progress, digest};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The build of CPython and the platforms the manifest's wheels are pinned to: pip would otherwise
/// look for wheels of the Python it runs on.
const TARGET: &[&str] = &[
    "--python-version",
    "3.11",
    "--implementation",
    "cp",
    "--abi",
    "cp311",
    "--abi",
    "none",
    "--platform",
    "manylinux_2_28_x86_64",
    "--platform",
    "manylinux_2_27_x86_64",
    "--platform",
    "any",
];

/// Brings the wheels into `cache` unless they are there, and gives their verified paths.
pub(super) fn wheels(
    registry: &Registry,
    cache: &Path,
    progress: Progress,
) -> Result<Vec<PathBuf>, PackError> {
    std::fs::create_dir_all(cache).map_err(PackError::io(cache))?;
    let absent: Vec<&Wheel> = registry
        .wheels
        .iter()
        // A wheel of another digest is removed by `verify` and fetched anew.
        .filter(|w| digest::verify(&cache.join(&w.file), &w.sha256).is_err())
        .collect();
    if !absent.is_empty() {
        let bytes: u64 = absent.iter().map(|w| w.bytes).sum();
        let names = absent.iter().map(|w| w.requirement.as_str()).collect::<Vec<_>>().join(", ");
        progress.line(&format!("  fetching {names} ({} MB)", bytes / 1_000_000));
        fetch(&absent, cache, progress)?;
    }
    Ok(registry.wheels.iter().map(|w| cache.join(&w.file)).collect())
}

fn fetch(wheels: &[&Wheel], cache: &Path, progress: Progress) -> Result<(), PackError> {
    // pip writes into a directory of its own, so that an aborted run leaves nothing half done; the
    // cache's lock makes it ours alone.
    let temp = cache.join(".pip");
    let _ = std::fs::remove_dir_all(&temp);
    std::fs::create_dir_all(&temp).map_err(PackError::io(&temp))?;
    let fetched = run_pip(wheels, &temp, progress).and_then(|()| {
        for wheel in wheels {
            let (from, to) = (temp.join(&wheel.file), cache.join(&wheel.file));
            digest::verify(&from, &wheel.sha256)?;
            std::fs::rename(&from, &to).map_err(PackError::io(&to))?;
        }
        Ok(())
    });
    let _ = std::fs::remove_dir_all(&temp);
    fetched
}

fn run_pip(wheels: &[&Wheel], dir: &Path, progress: Progress) -> Result<(), PackError> {
    let requirements = dir.join("requirements.txt");
    let lines: String =
        wheels.iter().map(|w| format!("{} --hash=sha256:{}\n", w.requirement, w.sha256)).collect();
    std::fs::write(&requirements, lines).map_err(PackError::io(&requirements))?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--disable-pip-version-check", "--no-deps"])
        .args(["--require-hashes", "--only-binary=:all:"])
        .args(TARGET)
        .arg("--requirement")
        .arg(&requirements)
        .arg("--dest")
        .arg(dir)
        .stdin(Stdio::null());
    let failed = |reason: String| PackError::Pip { reason };
    if progress.draws() {
        // pip draws its own bar.
        let status = pip.status().map_err(|e| failed(format!("python3: {e}")))?;
        return if status.success() { Ok(()) } else { Err(failed(status.to_string())) };
    }
    let output = pip.arg("--quiet").output().map_err(|e| failed(format!("python3: {e}")))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(failed(words.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("").into()))
}
