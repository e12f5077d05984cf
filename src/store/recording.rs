//! A call's recording: a stereo wav that any program can read, even while it is being written.

use super::{StoreError, data_dir, mend};
use crate::audio::{AudioFrame, FRAME_MS, FRAME_SAMPLES};
use crate::journal::RECORDING_FILE;
use crate::seal::{Content, Keys, Name, SEALED, Sealer, WAV_HEADER_BYTES, sealed_path};
use crate::ticket::CallId;
use hound::WavWriter;
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

pub use crate::seal::SPEC;

/// Samples of both sides in 20 ms.
pub const STEREO_SAMPLES: usize = 2 * FRAME_SAMPLES;
/// The header is made true this often: a second.
const FRAMES_A_HEADER: u32 = 50;
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

/// A recording being written: each frame goes to the operating system at once, so that the death
/// of the process costs nothing but the wav header's sizes of the last second, or a sealed file's
/// end; [`mend`] puts both right.
pub(super) enum Recording {
    Plain { wav: Box<WavWriter<File>>, frames: u32 },
    Sealed(Box<Sealer<File>>),
}

impl Recording {
    /// Begins a new file in the folder `dir`; sealed if there are keys.
    pub(super) fn create(
        dir: &Path,
        keys: Option<&Keys>,
        call: &CallId,
    ) -> Result<(PathBuf, Recording), StoreError> {
        let path = match keys {
            Some(_) => sealed_path(dir, RECORDING_FILE),
            None => dir.join(RECORDING_FILE),
        };
        let create = || -> std::io::Result<Recording> {
            let file = data_dir::make_file(&path)?;
            let Some(keys) = keys else {
                let wav = Box::new(WavWriter::new(file, SPEC).map_err(io_error)?);
                return Ok(Recording::Plain { wav, frames: 0 });
            };
            // A chunk for each frame: none may be missing that the journal tells of.
            let chunk = STEREO_FRAME_BYTES as u32;
            let sealer = Sealer::begin(file, keys, name(call), Content::Samples, chunk)?;
            Ok(Recording::Sealed(Box::new(sealer)))
        };
        let recording = create().map_err(|e| StoreError::io(&path, &e))?;
        Ok((path, recording))
    }

    /// Appends 20 ms.
    pub(super) fn append(&mut self, frame: &StereoFrame) -> std::io::Result<()> {
        match self {
            Recording::Plain { wav, frames } => append_plain(wav, frames, frame),
            Recording::Sealed(sealer) => {
                let mut bytes = [0; STEREO_FRAME_BYTES as usize];
                for (pair, sample) in bytes.chunks_exact_mut(2).zip(frame) {
                    pair.copy_from_slice(&sample.to_le_bytes());
                }
                sealer.append(&bytes)
            }
        }
    }

    /// Writes the header's last sizes, or the sealed file's end.
    pub(super) fn finish(self) -> std::io::Result<()> {
        match self {
            Recording::Plain { wav, .. } => wav.finalize().map_err(io_error),
            Recording::Sealed(sealer) => sealer.finish().map(drop),
        }
    }
}

fn append_plain(
    wav: &mut WavWriter<File>,
    frames: &mut u32,
    frame: &StereoFrame,
) -> std::io::Result<()> {
    let mut samples = wav.get_i16_writer(STEREO_SAMPLES as u32);
    for &sample in frame {
        samples.write_sample(sample);
    }
    samples.flush().map_err(io_error)?;
    *frames += 1;
    if frames.is_multiple_of(FRAMES_A_HEADER) {
        wav.flush().map_err(io_error)?;
    }
    Ok(())
}

fn name(call: &CallId) -> Name<'_> {
    Name { call, file: RECORDING_FILE }
}

/// What [`mend`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mended {
    /// Milliseconds of sound.
    pub(super) ms: u64,
    /// False when a part behind that was damaged and is cut off.
    pub(super) sound: bool,
}

/// Puts the recording at `path`, a file of `call`, in order after the process died in it.
/// Idempotent.
pub(super) fn mend(path: &Path, keys: Option<&Keys>, call: &CallId) -> Result<Mended, StoreError> {
    if !path.to_string_lossy().ends_with(SEALED) {
        return Ok(Mended { ms: repair(path)?, sound: true });
    }
    let dir = path.parent().unwrap_or(path);
    let mended = mend::mend(dir, keys, name(call), Content::Samples, None, &[])?;
    let frames = mended.plain_bytes / STEREO_FRAME_BYTES;
    Ok(Mended { ms: frames * FRAME_MS, sound: mended.sound })
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
        if bytes < WAV_HEADER_BYTES {
            file.set_len(0)?;
            WavWriter::new(file, SPEC).and_then(WavWriter::finalize).map_err(io_error)?;
            return Ok(0);
        }
        let mut header = [0; WAV_HEADER_BYTES as usize];
        file.read_exact(&mut header)?;
        let ours = header.starts_with(b"RIFF") && &header[8..16] == b"WAVEfmt ";
        if !ours || &header[36..40] != b"data" {
            return Err(std::io::Error::other("is no recording of spillway's"));
        }
        let frames = (bytes - WAV_HEADER_BYTES) / STEREO_FRAME_BYTES;
        let data = frames * STEREO_FRAME_BYTES;
        file.set_len(WAV_HEADER_BYTES + data)?;
        let size = |n: u64| u32::try_from(n).map(u32::to_le_bytes).map_err(std::io::Error::other);
        file.write_all_at(&size(data + WAV_HEADER_BYTES - 8)?, 4)?;
        file.write_all_at(&size(data)?, 40)?;
        file.sync_all()?;
        Ok(frames * FRAME_MS)
    };
    run().map_err(|e| StoreError::io(path, &e))
}
