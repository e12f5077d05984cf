//! Who speaks a language: the best voice that is well.

use super::broken;
use crate::engine::espeak::Espeak;
use crate::engine::piper::Piper;
use crate::engine::{EngineError, Synthesizer};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// A voice that fails this many times in a row is given up.
const FAILURES_MAX: u32 = 3;
/// After so many panics a language's voices are not loaded again: only the others are left.
const PANICS_MAX: u32 = 3;

/// Loads a language's voices, the best first; what cannot be loaded is an error beside them.
pub(super) type Cast = dyn FnMut(&str) -> Vec<Result<Box<dyn Synthesizer>, EngineError>>;

/// The voices installed on this machine: Piper's for the language, then espeak-ng's.
pub(super) fn installed(models_dir: &Path) -> Box<Cast> {
    let models_dir = models_dir.to_path_buf();
    Box::new(move |language| {
        let mut voices: Vec<Result<Box<dyn Synthesizer>, EngineError>> = Vec::new();
        for dir in Piper::installed(&models_dir) {
            match Piper::language_of(&dir) {
                Ok(spoken) if spoken != language => {}
                Ok(_) => voices.push(Piper::load(&models_dir, &dir).map(|v| Box::new(v) as _)),
                Err(e) => voices.push(Err(e)),
            }
        }
        voices.push(Espeak::new(language).map(|v| Box::new(v) as _));
        voices
    })
}

struct Seat {
    voice: Box<dyn Synthesizer>,
    failures: u32,
}

#[derive(Default)]
struct Seats {
    ranked: Vec<Seat>,
    /// Whether `ranked` is what could be loaded; not after a panic.
    loaded: bool,
    panics: u32,
    said_mute: bool,
}

/// Voices by language, loaded at first use, on the one thread that speaks.
pub(super) struct Voices {
    cast: Box<Cast>,
    languages: HashMap<String, Seats>,
}

impl Voices {
    pub(super) fn new(cast: Box<Cast>) -> Voices {
        Voices { cast, languages: HashMap::new() }
    }

    /// Loads the voices of `languages`; an error when none of these languages has one.
    pub(super) fn warm_up(&mut self, languages: &[String]) -> Result<(), EngineError> {
        let mut reason = None;
        for language in languages {
            let (seats, error) = self.seats(language);
            if seats.ranked.is_empty() {
                reason = error.or(reason);
            }
        }
        let mute = self.languages.values().all(|seats| seats.ranked.is_empty());
        match reason {
            Some(reason) if mute => Err(reason),
            None if mute && !languages.is_empty() => Err(broken("no voice is installed")),
            _ => Ok(()),
        }
    }

    /// `text` by the best voice that can; `None` when none can.
    pub(super) fn speak(&mut self, language: &str, text: &str) -> Option<Vec<i16>> {
        let (seats, _) = self.seats(language);
        let mut rank = 0;
        while let Some(seat) = seats.ranked.get_mut(rank) {
            let mut sound = Vec::new();
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                seat.voice.synthesize(text, &mut |samples| sound.extend_from_slice(&samples))
            }));
            match outcome {
                Ok(Ok(())) if !sound.is_empty() => {
                    seat.failures = 0;
                    return Some(sound);
                }
                Ok(outcome) => {
                    let reason = outcome.err().map_or("silence".to_string(), |e| e.to_string());
                    rank += seats.failed(rank, &reason);
                }
                Err(_) => {
                    // What it says may hold the caller's words: not logged.
                    tracing::error!(language, rank, "a voice panicked and is taken out");
                    seats.ranked.remove(rank);
                    seats.panics += 1;
                    seats.loaded = seats.panics >= PANICS_MAX;
                }
            }
        }
        if !std::mem::replace(&mut seats.said_mute, true) {
            tracing::error!(language, "no voice can speak: callers hear a tone");
        }
        None
    }

    /// A language's voices, loaded when they are not; and why one of them could not be.
    fn seats(&mut self, language: &str) -> (&mut Seats, Option<EngineError>) {
        let seats = self.languages.entry(language.to_string()).or_default();
        let mut error = None;
        if !std::mem::replace(&mut seats.loaded, true) {
            let cast = catch_unwind(AssertUnwindSafe(|| (self.cast)(language)));
            seats.ranked.clear();
            for voice in cast.unwrap_or_else(|_| vec![Err(broken("a voice broke in loading"))]) {
                match voice {
                    Ok(voice) => {
                        tracing::info!(language, voice = voice.name(), "voice loaded");
                        seats.ranked.push(Seat { voice, failures: 0 });
                    }
                    Err(e) => {
                        tracing::warn!(language, error = %e, "a voice cannot be used");
                        error = Some(e);
                    }
                }
            }
        }
        (seats, error)
    }
}

impl Seats {
    /// Notes a failure of the voice at `rank`; how far to go on: 0 when the voice was given up.
    fn failed(&mut self, rank: usize, reason: &str) -> usize {
        let seat = &mut self.ranked[rank];
        seat.failures += 1;
        if seat.failures == 1 {
            tracing::warn!(voice = seat.voice.name(), reason, "a voice failed; the next speaks");
        }
        if seat.failures < FAILURES_MAX {
            return 1;
        }
        tracing::error!(voice = seat.voice.name(), reason, "a voice is given up");
        self.ranked.remove(rank);
        0
    }
}
