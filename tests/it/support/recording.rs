//! A call's recording, looked at.

use super::tones::is_tone;
use spillway::audio::FRAME_SAMPLES;
use spillway::audio::level::rms;
use spillway::store::recording_of;
use spillway::ticket::CallId;
use std::path::Path;

/// Both sides in frames of 20 ms.
pub struct Recording {
    pub caller: Vec<Vec<i16>>,
    pub bot: Vec<Vec<i16>>,
}

impl Recording {
    /// Reads the recording of `call`; it must be there and be a whole wav.
    pub fn read(data_dir: &Path, call: &CallId) -> Recording {
        let file = recording_of(data_dir, call).expect("there is a recording");
        let mut wav = hound::WavReader::open(file).expect("a wav");
        assert_eq!((wav.spec().channels, wav.spec().sample_rate), (2, 8_000));
        let samples: Vec<i16> = wav.samples().map(|s| s.expect("a sample")).collect();
        let side = |channel: usize| {
            let one: Vec<i16> = samples.iter().skip(channel).step_by(2).copied().collect();
            one.chunks(FRAME_SAMPLES).map(<[i16]>::to_vec).collect()
        };
        Recording { caller: side(0), bot: side(1) }
    }

    /// The first frame after the bot's last tone of `hz`.
    pub fn after_tone(&self, hz: u16) -> usize {
        let last = self.bot.iter().rposition(|frame| is_tone(frame, hz));
        last.map_or_else(|| panic!("the bot made no tone of {hz} Hz"), |frame| frame + 1)
    }

    /// First and last frame of the caller's sound from frame `from` on.
    pub fn caller_from(&self, from: usize) -> (usize, usize) {
        let loud = |frame: &Vec<i16>| rms(frame) > 300.0;
        let first = self.caller.iter().skip(from).position(loud).expect("the caller is heard");
        let last = self.caller.iter().rposition(loud).expect("the caller is heard");
        (from + first, last)
    }
}
