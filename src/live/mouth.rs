//! What the bot is saying on one call.

use crate::audio::AudioFrame;
use crate::call::{PlayId, Sound};
use crate::engine::announcer::{Announcer, PromptAudio, PromptFrame};

/// The playing of one call, pulled by its 20 ms clock.
#[derive(Default)]
pub(super) struct Mouth {
    playing: Option<(PlayId, PromptAudio)>,
    sounding: bool,
}

impl Mouth {
    pub(super) fn play(&mut self, announcer: &Announcer, play: PlayId, sounds: &[Sound]) {
        self.playing = Some((play, announcer.request(sounds)));
    }

    pub(super) fn stop(&mut self, play: PlayId) {
        if self.playing.as_ref().is_some_and(|(id, _)| *id == play) {
            self.playing = None;
        }
    }

    /// Whether the last frame was of something that is said.
    pub(super) fn is_sounding(&self) -> bool {
        self.sounding
    }

    /// The next 20 ms, and the playing that just came to its end.
    pub(super) fn frame(&mut self) -> (AudioFrame, Option<PlayId>) {
        self.sounding = false;
        let Some((play, audio)) = &mut self.playing else { return (AudioFrame::SILENCE, None) };
        match audio.frame() {
            PromptFrame::Ready(frame) => {
                self.sounding = true;
                (frame, None)
            }
            PromptFrame::NotYet => (AudioFrame::SILENCE, None),
            PromptFrame::Finished => {
                let finished = *play;
                self.playing = None;
                (AudioFrame::SILENCE, Some(finished))
            }
        }
    }
}
