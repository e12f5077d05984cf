//! The file that a run's results are written to, one by one, and read from.

use super::result::{CallResult, RESULTS_VERSION, RunHeader};
use serde::Deserialize;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Why results cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// The file is out of reach.
    #[error("{file}: {reason}; check that it is there and can be read and written")]
    Io {
        /// The file.
        file: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// Not what this build writes.
    #[error("{file}: line {line} (byte {offset}): {reason}; these are no results of this program")]
    Malformed {
        /// The file.
        file: PathBuf,
        /// From 1.
        line: usize,
        /// Where that line begins.
        offset: usize,
        /// What is wrong.
        reason: String,
    },
    /// Of another version of the format.
    #[error(
        "{file}: results of version {found}, this build reads {RESULTS_VERSION}; replay the calls \
         again"
    )]
    Version {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: u32,
    },
    /// It holds results of another run.
    #[error(
        "{file}: holds results of another run ({what} differs); name another file, or remove it"
    )]
    Other {
        /// The file.
        file: PathBuf,
        /// Which of the settings differs.
        what: &'static str,
    },
}

/// A run's results, as far as it has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    /// How the calls were replayed.
    pub header: RunHeader,
    /// What each came to, in the order in which they were finished.
    pub calls: Vec<CallResult>,
}

/// Only the version, whatever else another build wrote.
#[derive(Deserialize)]
struct AnyVersion {
    spillway_replay: u32,
}

impl Results {
    /// Reads `file`. A last line that was being written when the run was stopped is left out.
    pub fn read(file: &Path) -> Result<Results, ResultsError> {
        Ok(read(file)?.0)
    }
}

/// The results, and the bytes of their whole lines.
fn read(file: &Path) -> Result<(Results, usize), ResultsError> {
    let io = |e: std::io::Error| ResultsError::Io { file: file.into(), reason: e.to_string() };
    let text = std::fs::read_to_string(file).map_err(io)?;
    let whole = text.rfind('\n').map_or(0, |at| at + 1);
    let mut offset = 0;
    let (mut header, mut calls) = (None, Vec::new());
    for (index, line) in text[..whole].lines().enumerate() {
        let malformed = |reason: String| {
            let file = file.to_path_buf();
            ResultsError::Malformed { file, line: index + 1, offset, reason }
        };
        if header.is_none() {
            let any: AnyVersion =
                serde_json::from_str(line).map_err(|e| malformed(e.to_string()))?;
            let found = any.spillway_replay;
            if found != RESULTS_VERSION {
                return Err(ResultsError::Version { file: file.into(), found });
            }
            header = Some(serde_json::from_str(line).map_err(|e| malformed(e.to_string()))?);
        } else {
            calls.push(serde_json::from_str(line).map_err(|e| malformed(e.to_string()))?);
        }
        offset += line.len() + 1;
    }
    let reason = "is empty, or was cut off in its first line".to_string();
    let malformed = || ResultsError::Malformed { file: file.into(), line: 1, offset: 0, reason };
    Ok((Results { header: header.ok_or_else(malformed)?, calls }, whole))
}

/// A file that results are added to.
pub struct ResultsFile {
    file: PathBuf,
    out: File,
}

impl ResultsFile {
    /// Opens `file` to go on with a run of this header, or makes it, for its owner alone; gives
    /// what is in it already. A line that was cut off is removed.
    pub fn open(
        file: &Path,
        header: &RunHeader,
    ) -> Result<(ResultsFile, Vec<CallResult>), ResultsError> {
        let io = |e: std::io::Error| ResultsError::Io { file: file.into(), reason: e.to_string() };
        let mut options = OpenOptions::new();
        let out =
            options.read(true).append(true).create(true).mode(0o600).open(file).map_err(io)?;
        let mut results = ResultsFile { file: file.into(), out };
        if results.out.metadata().map_err(io)?.len() == 0 {
            results.line(header)?;
            return Ok((results, Vec::new()));
        }
        let (before, whole) = read(file)?;
        if let Some(what) = differs(&before.header, header) {
            return Err(ResultsError::Other { file: file.into(), what });
        }
        results.out.set_len(whole as u64).map_err(io)?;
        Ok((results, before.calls))
    }

    /// Adds a call's result.
    pub fn add(&mut self, result: &CallResult) -> Result<(), ResultsError> {
        self.line(result)
    }

    fn line(&mut self, value: &impl serde::Serialize) -> Result<(), ResultsError> {
        let mut line = serde_json::to_vec(value).map_err(std::io::Error::from);
        let written = line.as_mut().map_err(|e| e.to_string()).and_then(|line| {
            line.push(b'\n');
            self.out.write_all(line).map_err(|e| e.to_string())
        });
        written.map_err(|reason| ResultsError::Io { file: self.file.clone(), reason })
    }
}

/// Which of the settings is not the same.
fn differs(a: &RunHeader, b: &RunHeader) -> Option<&'static str> {
    let settings = [
        ("build", a.build == b.build),
        ("mode", a.mode == b.mode),
        ("overlay", a.overlay == b.overlay),
        ("impair", a.impair == b.impair),
        ("seed", a.seed == b.seed),
    ];
    settings.iter().find(|(_, same)| !same).map(|(what, _)| *what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::Mode;
    use crate::ticket::CallId;

    fn header(seed: u64) -> RunHeader {
        let (overlay, impair) = (None, None);
        let build = "0".into();
        RunHeader { spillway_replay: 1, build, mode: Mode::Audio, overlay, impair, seed }
    }

    fn result(call: &str) -> CallResult {
        CallResult {
            call: CallId(call.into()),
            journal: "calls/a".into(),
            hotline: "demo".into(),
            language: "en".into(),
            outcome: None,
            hotline_changed: false,
            measures: None,
            error: Some("none".into()),
        }
    }

    #[test]
    fn a_run_is_gone_on_with() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.jsonl");
        let (mut out, before) = ResultsFile::open(&file, &header(1)).unwrap();
        assert_eq!(before, []);
        out.add(&result("a")).unwrap();
        out.add(&result("b")).unwrap();
        drop(out);
        let text = std::fs::read(&file).unwrap();
        std::fs::write(&file, &text[..text.len() - 3]).unwrap();
        assert_eq!(Results::read(&file).unwrap().calls, [result("a")]);
        let (mut out, before) = ResultsFile::open(&file, &header(1)).unwrap();
        assert_eq!(before, [result("a")]);
        out.add(&result("c")).unwrap();
        assert_eq!(Results::read(&file).unwrap().calls, [result("a"), result("c")]);
        let other = ResultsFile::open(&file, &header(2)).err().unwrap().to_string();
        assert!(other.contains("seed differs"), "{other}");
    }

    #[test]
    fn what_is_no_result_is_named_with_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.jsonl");
        let check = |text: &str, want: &str| {
            std::fs::write(&file, text).unwrap();
            let error = Results::read(&file).unwrap_err().to_string();
            assert!(error.contains(want) && error.contains("a.jsonl"), "{error}");
        };
        let first = serde_json::to_string(&header(1)).unwrap();
        check("", "line 1 (byte 0): is empty");
        check("{}\n", "line 1 (byte 0): missing field");
        check("{\"spillway_replay\":9}\n", "version 9");
        check(&format!("{first}\nx\n"), &format!("line 2 (byte {})", first.len() + 1));
    }
}
