//! A call's recording: a stereo wav that any program can read, even while it is being written.

use super::{StoreError, data_dir};
use crate::audio::{AudioFrame, FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ};
use hound::{SampleFormat, WavSpec, WavWriter};
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// 16-bit stereo at 8 kHz: left is the caller, right the bot.
pub const SPEC: WavSpec = WavSpec {
    channels: 2,
    sample_rate: SAMPLE_RATE_HZ,
    bits_per_sample: 16,
    sample_format: SampleFormat::Int,
};

/// Samples of both sides in 20 ms.
pub const STEREO_SAMPLES: usize = 2 * FRAME_SAMPLES;
/// The header is made true this often: a second.
const FRAMES_A_HEADER: u32 = 50;
/// Bytes before the first sample: RIFF, fmt (16 bytes) and data chunk headers.
const HEADER_BYTES: u64 = 44;
const STEREO_FRAME_BYTES: u64 = 2 * STEREO_SAMPLES as u64;

/// 20 ms of both sides, interleaved.
pub(super) type StereoFrame = [i16; STEREO_SAMPLES];

/// Both sides' 20 ms in the order of the file.
pub(super) fn interleaved(caller: &AudioFrame, bot: &AudioFrame) -> Box<StereoFrame> {
    let mut stereo = Box::new([0; STEREO_SAMPLES]);
    for (pair, (l, r)) in stereo.chunks_exact_mut(2).zip(caller.0.iter().zip(&bot.0)) {
        pair.copy_from_slice(&[*l, *r]);
    }
    stereo
}

/// A wav being written: each frame goes to the operating system at once, so that the death of the
/// process costs nothing but the header's sizes of the last second, which [`repair`] mends.
pub(super) struct Recording {
    wav: WavWriter<File>,
    frames: u32,
}

impl Recording {
    /// Begins a new file.
    pub(super) fn create(path: &Path) -> Result<Recording, StoreError> {
        let file = data_dir::make_file(path).map_err(|e| StoreError::io(path, &e))?;
        let wav = WavWriter::new(file, SPEC).map_err(|e| StoreError::io(path, &io_error(e)))?;
        Ok(Recording { wav, frames: 0 })
    }

    /// Appends 20 ms.
    pub(super) fn append(&mut self, frame: &StereoFrame) -> std::io::Result<()> {
        let mut samples = self.wav.get_i16_writer(STEREO_SAMPLES as u32);
        for &sample in frame {
            samples.write_sample(sample);
        }
        samples.flush().map_err(io_error)?;
        self.frames += 1;
        if self.frames.is_multiple_of(FRAMES_A_HEADER) {
            self.wav.flush().map_err(io_error)?;
        }
        Ok(())
    }

    /// Writes the header's last sizes.
    pub(super) fn finish(self) -> std::io::Result<()> {
        self.wav.finalize().map_err(io_error)
    }
}

fn io_error(e: hound::Error) -> std::io::Error {
    match e {
        hound::Error::IoError(e) => e,
        e => std::io::Error::other(e),
    }
}

/// Makes the header of a recording fit its length after the process died, and cuts off a frame
/// that was half written. Returns the milliseconds of sound. A file too short to have a header
/// gets one. Idempotent; a file that is no recording of ours is left alone with an error.
pub fn repair(path: &Path) -> Result<u64, StoreError> {
    let run = || -> std::io::Result<u64> {
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let bytes = file.metadata()?.len();
        if bytes < HEADER_BYTES {
            file.set_len(0)?;
            WavWriter::new(file, SPEC).and_then(WavWriter::finalize).map_err(io_error)?;
            return Ok(0);
        }
        let mut header = [0; HEADER_BYTES as usize];
        file.read_exact(&mut header)?;
        let ours = header.starts_with(b"RIFF") && &header[8..16] == b"WAVEfmt ";
        if !ours || &header[36..40] != b"data" {
            return Err(std::io::Error::other("is no recording of spillway's"));
        }
        let frames = (bytes - HEADER_BYTES) / STEREO_FRAME_BYTES;
        let data = frames * STEREO_FRAME_BYTES;
        file.set_len(HEADER_BYTES + data)?;
        let size = |n: u64| u32::try_from(n).map(u32::to_le_bytes).map_err(std::io::Error::other);
        file.write_all_at(&size(data + HEADER_BYTES - 8)?, 4)?;
        file.write_all_at(&size(data)?, 40)?;
        file.sync_all()?;
        Ok(frames * FRAME_MS)
    };
    run().map_err(|e| StoreError::io(path, &e))
}
