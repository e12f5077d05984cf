//! Hotlines beside the one that answers, each read when it is first asked for.

use super::hotline::hotline_names;
use super::{Config, ConfigError, LoadedHotline, load_hotline};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// All hotlines there are files of. Clones share what was read.
#[derive(Clone)]
pub struct LoadedHotlines {
    config: Arc<Config>,
    read: Arc<BTreeMap<String, Mutex<Option<LoadedHotline>>>>,
}

impl LoadedHotlines {
    /// Those in `config`'s `prompts_dir` at this moment; the one that is `answering` is read.
    pub fn new(config: &Config, answering: Option<LoadedHotline>) -> LoadedHotlines {
        let names = hotline_names(config).into_iter();
        let mut read: BTreeMap<_, _> = names.map(|name| (name, Mutex::default())).collect();
        if let Some(loaded) = answering {
            read.insert(loaded.hotline.name.clone(), Mutex::new(Some(loaded)));
        }
        LoadedHotlines { config: Arc::new(config.clone()), read: Arc::new(read) }
    }

    /// The hotline `name`; `None` when there is none of this name. The first time it waits for the
    /// disk and reads addresses as of `today` (ISO 8601); a second one who asks waits along.
    pub fn get(&self, name: &str, today: &str) -> Result<Option<LoadedHotline>, ConfigError> {
        let Some(place) = self.read.get(name) else { return Ok(None) };
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        if place.is_none() {
            *place = Some(load_hotline(&self.config, name, today)?);
        }
        Ok(place.clone())
    }
}
