//! One playing, pulled frame by frame while later sentences are still being spoken.

use super::desk::{Clip, beep};
use crate::audio::{AudioFrame, FRAME_SAMPLES};
use std::collections::VecDeque;
use std::sync::Arc;

/// Frames that a sentence may keep a caller waiting (8 s) until a tone stands for it.
const STARVED_FRAMES_MAX: u32 = 400;

/// What the next 20 ms of a playing are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "nearly always Ready, and never stored")]
pub enum PromptFrame {
    /// This sound; the last frame is filled up with silence.
    Ready(AudioFrame),
    /// The voice has not got so far: play silence and ask again in 20 ms.
    NotYet,
    /// All was played.
    Finished,
}

/// Sound in order; what is still to be spoken comes as a clip.
pub(super) enum Part {
    Sound(Arc<[i16]>),
    Silence(usize),
    Clip(Arc<Clip>),
}

impl Part {
    /// The samples; those of a clip that is not spoken are a tone.
    pub(super) fn sound(&self) -> Arc<[i16]> {
        match self {
            Part::Sound(sound) => sound.clone(),
            Part::Silence(samples) => vec![0; *samples].into(),
            Part::Clip(clip) => clip.sound().cloned().unwrap_or_else(beep),
        }
    }

    /// Samples in it, when that is known.
    fn len(&self) -> Option<usize> {
        match self {
            Part::Sound(sound) => Some(sound.len()),
            Part::Silence(samples) => Some(*samples),
            Part::Clip(clip) => clip.sound().map(|sound| sound.len()),
        }
    }

    fn copy(&self, at: usize, into: &mut [i16]) {
        let sound = match self {
            Part::Sound(sound) => sound,
            Part::Silence(_) => return into.fill(0),
            Part::Clip(clip) => match clip.sound() {
                Some(sound) => sound,
                None => return into.fill(0),
            },
        };
        into.copy_from_slice(&sound[at..at + into.len()]);
    }
}

/// A playing's sound, pulled by the media clock. Never blocks.
///
/// Dropping it gives up what nobody else asked for.
pub struct PromptAudio {
    parts: VecDeque<Part>,
    /// Samples of the first part that were played.
    at: usize,
    starved: u32,
}

impl PromptAudio {
    pub(super) fn new(parts: Vec<Part>) -> PromptAudio {
        PromptAudio { parts: parts.into(), at: 0, starved: 0 }
    }

    /// The next 20 ms. Not asking pauses the playing.
    pub fn frame(&mut self) -> PromptFrame {
        if !self.enough() {
            self.starved += 1;
            if self.starved <= STARVED_FRAMES_MAX {
                return PromptFrame::NotYet;
            }
            self.give_up_on_pending();
        }
        let mut frame = AudioFrame::SILENCE;
        let mut filled = 0;
        while filled < FRAME_SAMPLES {
            let Some(part) = self.parts.front() else { break };
            let Some(len) = part.len() else { break };
            let take = (len - self.at).min(FRAME_SAMPLES - filled);
            part.copy(self.at, &mut frame.0[filled..filled + take]);
            filled += take;
            self.at += take;
            if self.at == len {
                self.parts.pop_front();
                self.at = 0;
            }
        }
        if filled == 0 && self.parts.is_empty() {
            return PromptFrame::Finished;
        }
        self.starved = 0;
        PromptFrame::Ready(frame)
    }

    /// Whether a frame's samples, or all that are left, are there.
    fn enough(&self) -> bool {
        let mut ahead = 0;
        for part in &self.parts {
            let Some(len) = part.len() else { return false };
            ahead += len;
            if ahead >= self.at + FRAME_SAMPLES {
                return true;
            }
        }
        true
    }

    /// The caller hears a tone instead of the sentence that does not come.
    fn give_up_on_pending(&mut self) {
        if let Some(part) = self.parts.iter_mut().find(|part| part.len().is_none()) {
            *part = Part::Sound(beep());
        }
    }

    pub(super) fn take_parts(&mut self) -> Vec<Part> {
        std::mem::take(&mut self.parts).into()
    }
}
