//! The list of labelled recordings.

use std::path::{Path, PathBuf};

/// One labelled recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// ISO 639-1.
    pub language: String,
    /// The wav file.
    pub file: PathBuf,
    /// Where it comes from.
    pub source: String,
    /// What is said in it.
    pub transcript: String,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It cannot be read.
    #[error("{}: cannot be read: {reason}", file.display())]
    Unreadable {
        /// The manifest.
        file: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// It is not what it should be.
    #[error("{} line {line}: {reason}", file.display())]
    Malformed {
        /// The manifest.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What was expected.
        reason: String,
    },
}

const HEADER: [&str; 7] =
    ["lang", "file", "source", "licence", "human|tts", "seconds", "transcript"];

/// Reads the tab-separated manifest `file` (columns lang, file, source, licence, human|tts,
/// seconds, transcript; files relative to it). Only speech with a transcript is returned: noise,
/// tones and room responses are left out.
pub fn read(file: &Path) -> Result<Vec<Entry>, ManifestError> {
    let text = std::fs::read_to_string(file)
        .map_err(|e| ManifestError::Unreadable { file: file.into(), reason: e.to_string() })?;
    let base = file.parent().unwrap_or(Path::new("."));
    let mut entries = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let malformed = |reason: String| {
            let (file, line) = (file.to_path_buf(), index + 1);
            Err(ManifestError::Malformed { file, line, reason })
        };
        let fields: Vec<&str> = line.split('\t').collect();
        if index == 0 {
            if fields != HEADER {
                return malformed(format!("the header must be {}", HEADER.join("\\t")));
            }
            continue;
        }
        let [language, path, source, _licence, kind, _seconds, transcript] = fields[..] else {
            return malformed(format!("{} columns instead of {}", fields.len(), HEADER.len()));
        };
        let is_speech = kind.starts_with("human") || kind == "tts";
        if is_speech && !transcript.trim().is_empty() {
            entries.push(Entry {
                language: language.into(),
                file: base.join(path),
                source: source.into(),
                transcript: transcript.into(),
            });
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: &str) -> Result<Vec<Entry>, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("manifest.tsv");
        std::fs::write(&file, rows).unwrap();
        read(&file).map_err(|e| e.to_string())
    }

    #[test]
    fn speech_with_words_only() {
        let rows = HEADER.join("\t")
            + "\nvi\tvi/a.wav\there\tMIT\thuman\t1.0\tkhông\nmisc\tb.wav\tx\ty\tnoise\t5\tdog\n\
               ko\tc.wav\tx\ty\thuman?\t5\t\nen\td.wav\tx\ty\ttts\t5\tHi.\n";
        let got = check(&rows).unwrap();
        let got: Vec<_> = got.iter().map(|e| (&e.language[..], &e.transcript[..])).collect();
        assert_eq!(got, [("vi", "không"), ("en", "Hi.")]);
    }

    #[test]
    fn errors_name_the_line() {
        assert!(check("a\tb\n").unwrap_err().contains("line 1"));
        assert!(check(&(HEADER.join("\t") + "\nvi\ta\n")).unwrap_err().contains("line 2"));
    }
}
