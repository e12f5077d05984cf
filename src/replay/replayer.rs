//! Calls made anew of their journals and the hotlines as they are now.

use super::assessor::assess;
use super::impair::ImpairError;
use super::journal::{Outcome, replay_journal};
use super::result::CallMeasures;
use super::truth::CallTruth;
use crate::call::Call;
use crate::config::{
    Config, ConfigError, EngineOverlay, LoadedHotline, Overlay, load_hotline_over,
};
use crate::dialogue::Hotline;
use crate::engine::{EngineError, Factory, factory_over};
use crate::journal::{Header, JournalError, Reader};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Calls replayed at the same moment by one server: calls that run go first.
const AT_ONCE: usize = 2;
/// Hotlines kept loaded: each holds some tens of megabytes of places.
const LOADED_MAX: usize = 6;

/// Why a call cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Journal or recording cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The call's hotline cannot be loaded.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The call's hotline has no recogniser.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The call's line cannot be made.
    #[error(transparent)]
    Impair(#[from] ImpairError),
    /// Nothing can be heard again.
    #[error("there is no recording (the caller declined it, or it was removed)")]
    NoSound,
    /// The call is not to be had where it is kept.
    #[error("{0}")]
    Unreadable(String),
    /// What is true of the call cannot be read.
    #[error("{0}")]
    Truth(String),
    /// The work was broken off.
    #[error("the replay was broken off: the server stops, or met a bug that its log tells of")]
    BrokenOff,
}

/// How one journal fared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replayed {
    /// What it came to.
    pub outcome: Outcome,
    /// The hotline's files are not those the call was taken with: with those of its day the
    /// outcome may be another.
    pub hotline_changed: bool,
}

/// Leave to replay one call; given back when dropped.
#[derive(Debug)]
pub struct ReplayPlace {
    replayer: Replayer,
    permit: OwnedSemaphorePermit,
}

impl ReplayPlace {
    /// Does `work` on a thread of its own.
    pub async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(&Replayer) -> T + Send + 'static,
    ) -> Result<T, ReplayError> {
        let working = tokio::task::spawn_blocking(move || {
            let done = work(&self.replayer);
            drop(self.permit);
            done
        });
        working.await.map_err(|_| ReplayError::BrokenOff)
    }
}

/// Replays calls with the hotlines of one configuration, and what is laid over them. Clones share
/// their places and the hotlines they loaded.
#[derive(Debug, Clone)]
pub struct Replayer {
    config: Arc<Config>,
    overlay: Option<Arc<Overlay>>,
    places: Arc<Semaphore>,
    loaded: Arc<Mutex<Loaded>>,
}

/// Hotlines by name and day, the one used last behind.
type Loaded = VecDeque<(String, String, LoadedHotline)>;

impl Replayer {
    /// With the hotlines of `config`, and `overlay` laid over them.
    pub fn new(config: Config, overlay: Option<Overlay>) -> Replayer {
        Replayer {
            config: Arc::new(config),
            overlay: overlay.map(Arc::new),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            loaded: Arc::default(),
        }
    }

    /// Waits for a place: before a call's files are read, because they are held in memory. What is
    /// done there loads its hotlines anew: a server lives long, and their files change.
    pub async fn place(&self) -> Result<ReplayPlace, ReplayError> {
        let permit = self.places.clone().acquire_owned().await;
        let permit = permit.map_err(|_| ReplayError::BrokenOff)?;
        Ok(ReplayPlace { replayer: Replayer { loaded: Arc::default(), ..self.clone() }, permit })
    }

    /// Replays one journal.
    pub fn replay(&self, reader: Reader) -> Result<Replayed, ReplayError> {
        let loaded = self.hotline(reader.header())?;
        Ok(replay_on(&loaded, reader)?)
    }

    /// Replays the call of `reader`, which `again` opens once more, and measures how it went by
    /// what is true of it; `None` where its journal cannot be measured.
    pub fn judge(
        &self,
        reader: Reader,
        again: impl FnOnce() -> Result<Reader, ReplayError>,
        truth: CallTruth,
    ) -> Result<(Replayed, Option<CallMeasures>), ReplayError> {
        let loaded = self.hotline(reader.header())?;
        let replayed = replay_on(&loaded, reader)?;
        let truth = Arc::new(truth);
        let measured = assess(again()?, loaded.hotline, truth);
        Ok((replayed, measured.ok()))
    }

    /// The hotline that a call came to, as it was when this replayer first met it. Others who ask
    /// meanwhile wait: most often they ask for the same.
    pub fn hotline(&self, header: &Header) -> Result<LoadedHotline, ConfigError> {
        let (name, date) = (&header.hotline, &header.units_as_of);
        let mut loaded = self.loaded.lock().unwrap_or_else(|e| e.into_inner());
        let known = loaded.iter().position(|(of, on, _)| (of, on) == (name, date));
        let entry = match known.and_then(|at| loaded.remove(at)) {
            Some(entry) => entry,
            None => {
                let overlay = self.overlay.as_deref();
                let made = load_hotline_over(&self.config, name, date, overlay)?;
                (name.clone(), date.clone(), made)
            }
        };
        let hotline = entry.2.clone();
        loaded.push_back(entry);
        if loaded.len() > LOADED_MAX {
            loaded.pop_front();
        }
        Ok(hotline)
    }

    /// The recogniser that hears callers of `hotline`: its name, and how to make one.
    pub fn recognizer(&self, hotline: &Hotline) -> Result<(&'static str, Factory), EngineError> {
        let overlay = self.overlay.as_deref().filter(|o| o.applies_to(&hotline.name));
        let unchanged = EngineOverlay::default();
        let engine = overlay.map_or(&unchanged, Overlay::engine);
        factory_over(&hotline.file.language, &self.config.models_dir, engine)
    }

    /// The texts whose words a caller may say without telling who they are: the language's words,
    /// its prompts, and the examples of needs.
    pub(super) fn vocabulary(&self, language: &str) -> [String; 3] {
        let pack = self.config.prompts_dir.join("languages").join(language);
        let read = |file: &str| std::fs::read_to_string(pack.join(file)).unwrap_or_default();
        ["words.toml", "prompts.toml", "needs.tsv"].map(read)
    }
}

/// Replays one journal on a hotline that is loaded.
pub(super) fn replay_on(loaded: &LoadedHotline, reader: Reader) -> Result<Replayed, JournalError> {
    let hotline_changed = loaded.digest != reader.header().hotline_digest;
    let make = |header: &Header| {
        Ok::<_, Infallible>(Call::new(loaded.hotline.clone(), header.caller.clone()))
    };
    let Ok(outcome) = replay_journal(reader, make)?;
    Ok(Replayed { outcome, hotline_changed })
}
