//! The announcer: turns a call's [`Sound`]s into frames, from recordings, voices and tones.
//!
//! One thread speaks, a sentence at a time, in the order in which the sentences are due: what a
//! caller waits for comes before what is only likely to be asked for, and the first sentence of one
//! caller before the fourth of another. A sentence that was spoken once is shared by all calls.

use super::EngineError;
use super::sentence::{gap_samples, sentences};
use crate::audio::SAMPLE_RATE_HZ;
use crate::audio::tone::tone;
use crate::call::Sound;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

mod desk;
mod prompt_audio;
mod recorded;
mod voices;

use desk::{Clip, Desk, Key, Want};
use prompt_audio::Part;
pub use prompt_audio::{PromptAudio, PromptFrame};
use recorded::Recordings;
use voices::{Cast, Voices};

/// Sound of spoken sentences that is kept for other calls: about an hour of it.
const CACHE_BYTES_MAX: usize = 64 << 20;
/// How long [`Announcer::say`] waits for one sentence, and the end of the announcer for its thread.
const PATIENCE: Duration = Duration::from_secs(30);
/// A guess of how long a letter sounds, to tell when the sentence after it is due.
const LETTER: Duration = Duration::from_millis(70);

/// Gives calls their sound; see the [module](self).
pub struct Announcer {
    desk: Arc<Desk>,
    recordings: Recordings,
}

impl Announcer {
    /// Loads the voices under `models_dir` and the recordings under `prompts_dir` and waits until
    /// they are ready. Each language in `prompts_dir/languages` is spoken by its Piper voice, else
    /// by espeak-ng; an error only when no language at all has a voice.
    pub fn start(models_dir: &Path, prompts_dir: &Path) -> Result<Announcer, EngineError> {
        let recordings = Recordings::load(prompts_dir);
        let languages = recorded::languages(prompts_dir);
        let models_dir = models_dir.to_path_buf();
        Announcer::with_cast(recordings, languages, move || voices::installed(&models_dir))
    }

    fn with_cast(
        recordings: Recordings,
        languages: Vec<String>,
        cast: impl FnOnce() -> Box<Cast> + Send + 'static,
    ) -> Result<Announcer, EngineError> {
        let desk = Arc::new(Desk::new(CACHE_BYTES_MAX));
        let (loaded, ready) = sync_channel(1);
        let worker_desk = desk.clone();
        std::thread::Builder::new()
            .name("announcer".into())
            .spawn(move || {
                let mut voices = Voices::new(cast());
                let found = voices.warm_up(&languages);
                let fit = found.is_ok();
                let _ = loaded.send(found);
                while fit && let Some(key) = worker_desk.next() {
                    let sound = voices.speak(&key.language, &key.text);
                    worker_desk.finish(&key, sound);
                }
                worker_desk.end();
            })
            .map_err(|e| broken(&e.to_string()))?;
        let announcer = Announcer { desk, recordings };
        ready.recv().unwrap_or_else(|_| Err(broken("its thread ended while loading")))?;
        Ok(announcer)
    }

    /// The sound of `sounds` in order, to be played now; does not wait.
    pub fn request(&self, sounds: &[Sound]) -> PromptAudio {
        PromptAudio::new(self.parts(sounds, Want::Now))
    }

    /// Speaks `sounds` when nobody is waiting, so that a later [`Announcer::request`] has them at
    /// once; forgotten when it is too busy.
    pub fn prepare(&self, sounds: &[Sound]) {
        self.parts(sounds, Want::Soon);
    }

    /// Like [`Announcer::prepare`], and keeps them for good: a hotline's fixed prompts.
    pub fn keep(&self, sounds: &[Sound]) {
        self.parts(sounds, Want::Always);
    }

    /// Waits until everything asked for so far is spoken; false when `patience` ran out first.
    /// Blocks: for start-up and tests.
    pub fn settle(&self, patience: Duration) -> bool {
        self.desk.settle(patience)
    }

    /// `text` as 8 kHz sound. Blocks until it is all spoken: for threads of one's own.
    pub fn say(&self, language: &str, text: &str) -> Vec<i16> {
        let (name, language, text) = (String::new(), language.to_string(), text.to_string());
        let mut audio = self.request(&[Sound::Prompt { name, language, text }]);
        let mut sound = Vec::new();
        for part in audio.take_parts() {
            if let Part::Clip(clip) = &part {
                self.desk.wait(clip, PATIENCE);
            }
            sound.extend_from_slice(&part.sound());
        }
        sound
    }

    /// How many sentences were answered with a tone, or not prepared, because too many waited.
    pub fn overflows(&self) -> u64 {
        self.desk.overflows()
    }

    fn parts(&self, sounds: &[Sound], want: Want) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut lead = Duration::ZERO;
        for sound in sounds {
            match sound {
                Sound::Prompt { name, language, text } => {
                    if let Some(recording) = self.recordings.get(language, name) {
                        parts.push(Part::Sound(recording));
                    } else {
                        self.spoken(language, text, want, &mut lead, &mut parts);
                    }
                }
                Sound::Tone { hz, ms } => parts.push(Part::Sound(tone(*hz, *ms).into())),
                Sound::Silence { ms } => {
                    let samples = usize::from(*ms) * SAMPLE_RATE_HZ as usize / 1000;
                    parts.push(Part::Silence(samples));
                }
            }
        }
        parts
    }

    fn spoken(
        &self,
        language: &str,
        text: &str,
        want: Want,
        lead: &mut Duration,
        parts: &mut Vec<Part>,
    ) {
        let mut gap = 0;
        for sentence in sentences(text) {
            if gap > 0 {
                parts.push(Part::Silence(gap));
            }
            gap = gap_samples(&sentence);
            let key = Key { language: language.to_string(), text: sentence.text() };
            let letters = key.text.chars().count() as u32;
            let clip: Arc<Clip> = self.desk.order(key, want, *lead);
            *lead = lead.saturating_add(LETTER.saturating_mul(letters));
            parts.push(Part::Clip(clip));
        }
    }
}

impl Drop for Announcer {
    fn drop(&mut self) {
        self.desk.close(PATIENCE);
    }
}

fn broken(reason: &str) -> EngineError {
    EngineError::Broken { engine: "announcer", reason: reason.to_string() }
}

#[cfg(test)]
mod tests;
