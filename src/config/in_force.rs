//! What of the files is in force since the start, and whether they have changed since.

use super::hotline::{hotline_file, hotline_names};
use super::{Answer, Config, ConfigError, LoadedHotline, load_answers, load_hotline};
use crate::dialogue::HotlineFile;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The configuration and the hotlines as they were read at the start.
#[derive(Debug)]
pub struct InForce {
    config: Config,
    served: Option<LoadedHotline>,
    hotlines: BTreeMap<String, HotlineInForce>,
}

/// A hotline as its files were at the start.
#[derive(Debug)]
pub struct HotlineInForce {
    /// What its owner set.
    pub file: HotlineFile,
    /// What its operators may answer.
    pub answers: Vec<Answer>,
    digest: String,
    /// Whole, with words and places, once somebody asked for them.
    loaded: Mutex<Option<LoadedHotline>>,
}

impl InForce {
    /// Reads all hotlines; this node answers calls for `served`.
    pub fn new(config: Config, served: Option<LoadedHotline>) -> Result<InForce, ConfigError> {
        let mut hotlines = BTreeMap::new();
        for name in hotline_names(&config) {
            let (file, answers) = (hotline_file(&config, &name)?, load_answers(&config, &name)?);
            let digest = digest(&config, &name);
            let loaded = served.clone().filter(|served| served.hotline.name == name);
            let loaded = Mutex::new(loaded);
            hotlines.insert(name, HotlineInForce { file, answers, digest, loaded });
        }
        Ok(InForce { config, served, hotlines })
    }

    /// What the administrator set.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The hotline whose calls this node answers.
    pub fn served(&self) -> Option<&str> {
        self.served.as_ref().map(|served| served.hotline.name.as_str())
    }

    /// The hotline of this name, as it was at the start.
    pub fn hotline(&self, name: &str) -> Option<&HotlineInForce> {
        self.hotlines.get(name)
    }

    /// The hotline `name` with its words and places; `None` when there is none of this name. The
    /// first time it waits for the disk and reads addresses as of `today` (ISO 8601); others who
    /// ask meanwhile wait along.
    pub fn loaded(&self, name: &str, today: &str) -> Result<Option<LoadedHotline>, ConfigError> {
        let Some(hotline) = self.hotlines.get(name) else { return Ok(None) };
        let mut loaded = hotline.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if loaded.is_none() {
            *loaded = Some(load_hotline(&self.config, name, today)?);
        }
        Ok(loaded.clone())
    }

    /// All hotlines, by name.
    pub fn hotlines(&self) -> impl Iterator<Item = (&str, &HotlineInForce)> {
        self.hotlines.iter().map(|(name, hotline)| (name.as_str(), hotline))
    }

    /// Whether the files of hotline `name` are no longer those of the start.
    pub fn differs(&self, name: &str) -> bool {
        self.hotlines.get(name).is_none_or(|hotline| hotline.digest != digest(&self.config, name))
    }

    /// Whether `loaded`, read now, would answer otherwise than the hotline that runs: other texts,
    /// words, examples or places. False for hotlines that this node does not answer for.
    pub fn runs_otherwise(&self, loaded: &LoadedHotline) -> bool {
        let same = |s: &&LoadedHotline| s.hotline.name == loaded.hotline.name;
        self.served.as_ref().filter(same).is_some_and(|s| s.digest != loaded.digest)
    }
}

/// Of the files of hotline `name` alone, as they are now.
fn digest(config: &Config, name: &str) -> String {
    let mut digest = Sha256::new();
    for folder in ["hotlines", "answers"] {
        let file = config.prompts_dir.join(folder).join(format!("{name}.toml"));
        digest.update(read(&file));
        digest.update([0]);
    }
    hex::encode(digest.finalize())
}

/// A file that is not there is like an empty one.
fn read(file: &Path) -> Vec<u8> {
    std::fs::read(file).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_files_are_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
        let hotlines = dir.path().join("hotlines");
        std::fs::create_dir_all(&hotlines).unwrap();
        let text = std::fs::read_to_string(ours.join("hotlines/demo-en.toml")).unwrap();
        let file = hotlines.join("mine.toml");
        std::fs::write(&file, &text).unwrap();
        let config = Config { prompts_dir: dir.path().into(), ..Config::default() };
        let in_force = InForce::new(config, None).unwrap();
        assert!(!in_force.differs("mine"));
        std::fs::write(&file, text.clone() + "\n# changed\n").unwrap();
        assert!(in_force.differs("mine"));
        std::fs::write(&file, text).unwrap();
        assert!(!in_force.differs("mine"));
        std::fs::remove_file(&file).unwrap();
        assert!(in_force.differs("mine") && in_force.differs("another"));
        assert_eq!(in_force.served(), None);
        assert_eq!(in_force.hotlines().map(|(name, _)| name).collect::<Vec<_>>(), ["mine"]);
    }
}
