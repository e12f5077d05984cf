//! Calls made anew of their journals and the hotlines as they are now.

use super::assessor::assess;
use super::journal::{Outcome, replay_journal};
use super::result::CallMeasures;
use super::truth::CallTruth;
use crate::call::Call;
use crate::config::{Config, ConfigError, LoadedHotline, load_hotline};
use crate::journal::{Header, JournalError, Reader};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Calls replayed at the same moment by one server: calls that run go first.
const AT_ONCE: usize = 2;

/// Why a call cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Journal or recording cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The call's hotline cannot be loaded.
    #[error(transparent)]
    Config(#[from] ConfigError),
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

/// Replays calls with the hotlines of one configuration. Clones share their places.
#[derive(Debug, Clone)]
pub struct Replayer {
    config: Arc<Config>,
    places: Arc<Semaphore>,
}

impl Replayer {
    /// With the hotlines of `config`.
    pub fn new(config: Config) -> Replayer {
        Replayer { config: Arc::new(config), places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Waits for a place: before a call's files are read, because they are held in memory.
    pub async fn place(&self) -> Result<ReplayPlace, ReplayError> {
        let permit = self.places.clone().acquire_owned().await;
        let permit = permit.map_err(|_| ReplayError::BrokenOff)?;
        Ok(ReplayPlace { replayer: self.clone(), permit })
    }

    /// Replays one journal.
    pub fn replay(&self, reader: Reader) -> Result<Replayed, ReplayError> {
        let loaded = self.hotline(reader.header())?;
        Ok(replay_on(&loaded, reader)?)
    }

    /// Replays the call that `open` opens, and measures how it went by what is true of it; `None`
    /// where its journal cannot be measured.
    pub fn judge(
        &self,
        open: impl Fn() -> Result<Reader, JournalError>,
        truth: CallTruth,
    ) -> Result<(Replayed, Option<CallMeasures>), ReplayError> {
        let reader = open()?;
        let loaded = self.hotline(reader.header())?;
        let replayed = replay_on(&loaded, reader)?;
        let truth = Arc::new(truth);
        let measured = open().and_then(|reader| assess(reader, loaded.hotline, truth));
        Ok((replayed, measured.ok()))
    }

    /// The hotline that a call came to, as it is now.
    pub fn hotline(&self, header: &Header) -> Result<LoadedHotline, ConfigError> {
        load_hotline(&self.config, &header.hotline, &header.units_as_of)
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
