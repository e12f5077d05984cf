//! Model packs: which there are, which are installed, and how to get them.
//!
//! A pack is a directory under the models directory. It appears whole or not at all: it is made
//! beside its place and renamed into it, with a stamp that says what it was made of.

mod bytes;
mod conformer;
mod ctranslate2;
mod digest;
mod error;
pub mod gazetteer;
mod ggml;
mod http;
mod manifest;
mod members;
mod npm;
mod pip;
mod progress;
mod pull;
mod stamp;
mod unpack;

pub use error::PackError;
pub use manifest::{Manifest, Pack, PackEngine};
pub use progress::Progress;
pub use pull::{Pulled, Puller, SourceKind, Sources};
pub use stamp::{PackState, Stamp, StampedFile};

use super::EngineError;
use crate::language::gazetteer::Draft;
use std::path::{Path, PathBuf};

/// The packs of one models directory.
#[derive(Debug, Clone)]
pub struct Packs {
    models_dir: PathBuf,
    /// Where what we know of countries ourselves is; gazetteers are made of it, too.
    countries_dir: PathBuf,
    manifest: Manifest,
}

impl Packs {
    /// Reads the manifest for `models_dir`; `prompts_dir` holds `countries/`.
    pub fn open(models_dir: &Path, prompts_dir: &Path) -> Result<Packs, PackError> {
        let manifest = Manifest::load(models_dir)?;
        let countries_dir = prompts_dir.join("countries");
        Ok(Packs { models_dir: models_dir.into(), countries_dir, manifest })
    }

    /// All packs there are.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where `pack` is or will be.
    pub fn dir_of(&self, pack: &Pack) -> PathBuf {
        self.models_dir.join(&pack.name)
    }

    /// How `pack` stands, by the sizes of its files; by their digests when `thorough`.
    pub fn state(&self, pack: &Pack, thorough: bool) -> PackState {
        stamp::state(pack, &self.fingerprint(pack), &self.dir_of(pack), thorough)
    }

    /// A digest of everything that decides the pack's contents: a changed one is made again.
    pub fn fingerprint(&self, pack: &Pack) -> String {
        let of_manifest = pack.fingerprint();
        if pack.engine == PackEngine::Ctc {
            let recipe = format!("{of_manifest} {}", conformer::RECIPE_VERSION);
            return digest::sha256_of(recipe.as_bytes());
        }
        let Some(ours) = self.own_source(pack) else { return of_manifest };
        let ours = digest::sha256_of(&std::fs::read(ours).unwrap_or_default());
        let versions = (gazetteer::RECIPE_VERSION, Draft::LAYOUT);
        digest::sha256_of(format!("{of_manifest} {versions:?} {ours}").as_bytes())
    }

    /// Our own file that `pack` is made of, too.
    fn own_source(&self, pack: &Pack) -> Option<PathBuf> {
        pack.country().map(|country| self.countries_dir.join(format!("{country}.toml")))
    }

    /// What `pack` was made of, where it was pulled and not laid by hand.
    pub fn stamp(&self, pack: &Pack) -> Option<Stamp> {
        stamp::read(&self.dir_of(pack))
    }

    /// The first installed pack of `engine` for `language`, and its directory.
    pub fn usable(
        &self,
        engine: PackEngine,
        language: &str,
    ) -> Result<(&Pack, PathBuf), EngineError> {
        let fits = |p: &&Pack| p.engine == engine && p.languages.iter().any(|l| l == language);
        let fitting: Vec<&Pack> = self.manifest.packs.iter().filter(fits).collect();
        if let Some(pack) = fitting.iter().find(|p| self.state(p, false).is_usable()) {
            return Ok((pack, self.dir_of(pack)));
        }
        Err(EngineError::Missing(match fitting.first() {
            Some(pack) => missing(pack, &self.state(pack, false)),
            None => format!("no {engine:?} pack is known for the language `{language}`"),
        }))
    }
}

/// The directory of the pack called `name`, known to have its files.
pub fn require(models_dir: &Path, name: &str) -> Result<PathBuf, EngineError> {
    // No engine's pack is made of prompts.
    let packs = Packs::open(models_dir, Path::new("prompts"));
    let packs = packs.map_err(|e| EngineError::Missing(e.to_string()))?;
    let pack = packs
        .manifest()
        .pack(name)
        .ok_or_else(|| EngineError::Missing(format!("no pack is called `{name}`")))?;
    match packs.state(pack, false) {
        state if state.is_usable() => Ok(packs.dir_of(pack)),
        state => Err(EngineError::Missing(missing(pack, &state))),
    }
}

fn missing(pack: &Pack, state: &PackState) -> String {
    let what = match state {
        PackState::Damaged(file) => format!("is damaged (`{file}`)"),
        _ => "is not installed".into(),
    };
    format!("the pack {} {what}; run `spillway models pull {}`", pack.name, pack.name)
}
