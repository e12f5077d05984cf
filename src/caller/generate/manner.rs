//! How callers of a language speak, and what recordings there are of people who do.

use super::GenerateError;
use crate::language::{Words, YesNo, only_yes_no, tokens, yes_no};
use crate::replay::score::{Entry, ManifestError, read};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A recording with fewer words tells no need.
const SENTENCE_WORDS_MIN: usize = 5;

/// How callers of a language speak: `prompts/callers/<language>.toml`. In each list the caller
/// takes one; `{blanks}` are filled in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manner {
    /// A person's name of `{given}`, `{middle}` and `{family}`.
    pub full_name: String,
    /// Given and family name either both end in one of these or both do not.
    #[serde(default)]
    pub agreeing_endings: Vec<String>,
    /// Agreement.
    pub yes: Vec<String>,
    /// Denial.
    pub no: Vec<String>,
    /// Sentences that tell `{name}`.
    pub name: Vec<String>,
    /// The same, after another name was understood.
    pub name_corrected: Vec<String>,
    /// Sentences that tell `{address}`.
    pub address: Vec<String>,
    /// The same, after another address was understood.
    pub address_corrected: Vec<String>,
    /// Addresses as people say them, of `{house}`, `{street}`, and `{locality}`,
    /// `{district}`, `{region}`, which may be followed by `_kind`.
    pub places: Vec<String>,
    /// Sentences that tell `{need}`.
    pub need: Vec<String>,
    /// Sentences that tell a telephone number's `{digits}`.
    pub phone: Vec<String>,
    /// The ten digits as they are said.
    pub digits: [String; 10],
    /// Asks to hear the question again.
    pub repeat: Vec<String>,
    /// Asks what to do.
    pub help: Vec<String>,
    /// Asks for a person.
    pub operator: Vec<String>,
    /// Telephone numbers, each `#` any digit.
    pub numbers: Vec<String>,
    /// What a number begins with that is dialled within the country, and with what it begins there.
    pub trunk: [String; 2],
    /// Houses have numbers up to this.
    pub houses_max: u32,
    /// Of the calls for which there are recorded answers, the share in which a synthesised voice
    /// tells what they cannot; the others press keys.
    pub synthetic_share: f64,
    /// Synthesised voices, beside the Piper voices that are installed.
    pub voices: Vec<String>,
}

impl Manner {
    /// Reads that of `language`; the error names file, line and key.
    pub fn load(prompts_dir: &Path, language: &str) -> Result<Manner, GenerateError> {
        let file = prompts_dir.join("callers").join(language).with_extension("toml");
        let bad = |reason: String| GenerateError::Manner { file: file.clone(), reason };
        let text = std::fs::read_to_string(&file).map_err(|e| bad(e.to_string()))?;
        let manner: Manner = toml::from_str(&text).map_err(|e| bad(e.to_string()))?;
        match manner.empty_list() {
            Some(key) => Err(bad(format!("{key} is empty; write down at least one"))),
            None => Ok(manner),
        }
    }

    fn empty_list(&self) -> Option<&'static str> {
        let lists = [
            ("yes", &self.yes),
            ("no", &self.no),
            ("name", &self.name),
            ("name_corrected", &self.name_corrected),
            ("address", &self.address),
            ("address_corrected", &self.address_corrected),
            ("places", &self.places),
            ("need", &self.need),
            ("phone", &self.phone),
            ("repeat", &self.repeat),
            ("help", &self.help),
            ("operator", &self.operator),
            ("numbers", &self.numbers),
        ];
        lists.iter().find(|(_, list)| list.is_empty()).map(|(key, _)| *key)
    }
}

/// A recording of somebody who says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// The wav.
    pub file: PathBuf,
    /// What is said in it.
    pub words: String,
}

/// Recordings of one language, by what they can answer.
#[derive(Debug, Clone, Default)]
pub struct Clips {
    /// Nothing but agreement.
    pub yes: Vec<Clip>,
    /// Nothing but denial.
    pub no: Vec<Clip>,
    /// A few words.
    pub phrases: Vec<Clip>,
    /// Whole sentences.
    pub sentences: Vec<Clip>,
}

impl Clips {
    /// Those of `language` in the tab-separated `manifest`; files that are not there are an error.
    pub fn load(manifest: &Path, language: &str, words: &Words) -> Result<Clips, ManifestError> {
        let folder = manifest.parent().unwrap_or(Path::new("."));
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let all = read(&folder.join(manifest.file_name().unwrap_or_default()))?;
        Ok(Clips::of(all.into_iter().filter(|entry| entry.language == language), words))
    }

    /// True where there are none.
    pub fn is_empty(&self) -> bool {
        [&self.yes, &self.no, &self.phrases, &self.sentences].iter().all(|list| list.is_empty())
    }

    fn of(entries: impl Iterator<Item = Entry>, words: &Words) -> Clips {
        let mut clips = Clips::default();
        for Entry { file, transcript, .. } in entries {
            let alone = only_yes_no(&transcript, words);
            let list = match yes_no(&transcript, words) {
                YesNo::Yes if alone => &mut clips.yes,
                YesNo::No(_) if alone => &mut clips.no,
                _ if tokens(&transcript).len() >= SENTENCE_WORDS_MIN => &mut clips.sentences,
                _ => &mut clips.phrases,
            };
            list.push(Clip { file, words: transcript });
        }
        clips
    }
}
