//! From the journal's lines back to what happened in the call.

use super::{
    Ending, Entry, Header, JOURNAL_FILE, JournalError, Line, RECORDING_FILE, RUN_FRAMES_MAX,
    Record, VERSION,
};
use crate::audio::{AudioFrame, FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ};
use crate::call::{Input, Output, TurnLog};
use crate::seal::{self, Keys, SEALED, SealError};
use crate::time::CallTime;
use serde::Deserialize;
use std::io::{BufRead, BufReader, Cursor, Read, Take};
use std::path::{Path, PathBuf};

/// The longest line we accept; the longest we write (a ticket) is a few kilobytes.
const LINE_BYTES_MAX: u64 = 4 << 20;
/// 20 ms of two sides.
const FRAME_BYTES: usize = 4 * FRAME_SAMPLES;

/// Reads one call's journal from front to back, frames filled in from its recording.
///
/// After the last record [`Reader::ending`] tells how the call ended. Iteration stops at the first
/// error. Strict: what this build would not write is an error naming file, line and byte offset.
pub struct Reader {
    lines: Lines<Box<dyn BufRead + Send>>,
    header: Header,
    sound: Option<Recording>,
    /// The rest of the audio line being read, last first.
    run: Vec<CallTime>,
    latest: CallTime,
    ending: Option<(CallTime, Ending)>,
    failed: bool,
}

/// Only the version, whatever else another build wrote.
#[derive(Deserialize)]
struct AnyVersion {
    spillway_journal: u32,
}

impl Reader {
    /// Opens the journal in `path`, a call's folder or the journal itself; a sealed one, and its
    /// recording, with `keys`.
    pub fn open(path: &Path, keys: Option<&Keys>) -> Result<Reader, JournalError> {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let (dir, name) = match path.is_dir() {
            true => (path, JOURNAL_FILE),
            false => {
                let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
                (dir.unwrap_or(Path::new(".")), name.strip_suffix(SEALED).unwrap_or(&name))
            }
        };
        let (file, _) = seal::find(dir, name);
        let source = seal::open(dir, name, keys).map_err(|e| match e {
            SealError::Io { reason, .. } => JournalError::Unreadable { file: file.clone(), reason },
            e => JournalError::Sealed(e),
        })?;
        let (recording, _) = seal::find(dir, RECORDING_FILE);
        let sound = match recording.exists() {
            true => Some(Recording::open(dir, recording, keys)?),
            false => None,
        };
        Reader::new(file, Box::new(BufReader::new(Growing(source))), sound)
    }

    /// Reads a journal out of memory, without sound; `name` stands in error messages.
    pub fn from_bytes(name: &str, journal: Vec<u8>) -> Result<Reader, JournalError> {
        Reader::new(name.into(), Box::new(Cursor::new(journal)), None)
    }

    /// The same with its recording, where there is one.
    pub fn from_files(
        name: &str,
        journal: Vec<u8>,
        recording: Option<Vec<u8>>,
    ) -> Result<Reader, JournalError> {
        let sound = recording.map(|wav| Recording::of(RECORDING_FILE.into(), Cursor::new(wav)));
        Reader::new(name.into(), Box::new(Cursor::new(journal)), sound.transpose()?)
    }

    fn new(
        file: PathBuf,
        source: Box<dyn BufRead + Send>,
        sound: Option<Recording>,
    ) -> Result<Reader, JournalError> {
        let mut lines = Lines::new(file, source);
        let Some(first) = lines.next_line()? else {
            return Err(JournalError::Empty { file: lines.file });
        };
        let version: AnyVersion =
            serde_json::from_slice(&first).map_err(|e| lines.malformed(e.to_string()))?;
        if version.spillway_journal != VERSION {
            let found = version.spillway_journal;
            return Err(JournalError::Version { file: lines.file, found });
        }
        let header = serde_json::from_slice(&first).map_err(|e| lines.malformed(e.to_string()))?;
        let latest = CallTime(0);
        Ok(Reader { lines, header, sound, run: vec![], latest, ending: None, failed: false })
    }

    /// The call's header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// False when there is no recording: frames are then silence.
    pub fn has_sound(&self) -> bool {
        self.sound.is_some()
    }

    /// Frames that the recording still has, by its head.
    pub fn frames_left(&self) -> u64 {
        self.sound.as_ref().map_or(0, |recording| recording.left / FRAME_BYTES as u64)
    }

    /// The bot's side of the last frame that was read; silence without a recording.
    pub fn said(&self) -> &AudioFrame {
        self.sound.as_ref().map_or(&AudioFrame::SILENCE, |recording| &recording.said)
    }

    /// How the call ended, once everything has been read; `None` when the process died in it.
    pub fn ending(&self) -> Option<(CallTime, Ending)> {
        self.ending
    }

    /// The time of the last line read.
    pub fn latest(&self) -> CallTime {
        self.latest
    }

    /// Bytes of whole lines read so far.
    pub fn whole_bytes(&self) -> u64 {
        self.lines.whole_bytes
    }

    /// Reads on to the end, or to the first error, and tells `turns` what was said.
    pub fn read_turns(&mut self, turns: &mut TurnLog) -> Result<(), JournalError> {
        let read = self.by_ref().try_for_each(|record| {
            let record = record?;
            match &record.entry {
                Entry::In(input) => turns.input(record.at, input),
                Entry::Out(output) => turns.output(record.at, output),
                Entry::Lost(_) => {}
            }
            Ok(())
        });
        turns.end();
        read
    }

    fn read(&mut self) -> Result<Option<Record>, JournalError> {
        if let Some(at) = self.run.pop() {
            return self.frame(at).map(Some);
        }
        let Some(bytes) = self.lines.next_line()? else { return Ok(None) };
        if self.ending.is_some() {
            return Err(self.lines.malformed("there is more after the end line".into()));
        }
        let line: Line<Input, Output> =
            serde_json::from_slice(&bytes).map_err(|e| self.lines.malformed(e.to_string()))?;
        if line.t < self.latest {
            let reason = format!("time runs backwards, from {} to {}", self.latest.0, line.t.0);
            return Err(self.lines.malformed(reason));
        }
        self.latest = line.t;
        let at = line.t;
        if !line.steps.is_empty() && line.audio.is_none() {
            return Err(self.lines.malformed("steps without audio".into()));
        }
        match (line.input, line.output, line.audio, line.lost, line.end) {
            (Some(Input::Audio(_)), ..) => {
                Err(self.lines.malformed("a frame stands in an \"audio\" line".into()))
            }
            (Some(input), None, None, None, None) => {
                Ok(Some(Record { at, entry: Entry::In(input) }))
            }
            (None, Some(output), None, None, None) => {
                Ok(Some(Record { at, entry: Entry::Out(output) }))
            }
            (None, None, Some(frames), None, None) => {
                self.begin_run(at, frames, &line.steps)?;
                self.read()
            }
            (None, None, None, Some(lost), None) => {
                Ok(Some(Record { at, entry: Entry::Lost(lost) }))
            }
            (None, None, None, None, Some(ending)) => {
                self.ending = Some((at, ending));
                self.read()
            }
            _ => Err(self.lines.malformed(
                "expected exactly one of \"in\", \"out\", \"audio\", \"lost\", \"end\"".into(),
            )),
        }
    }

    fn begin_run(
        &mut self,
        first: CallTime,
        frames: usize,
        steps: &[u64],
    ) -> Result<(), JournalError> {
        if !(1..=RUN_FRAMES_MAX).contains(&frames) {
            let reason = format!("{frames} frames in one line, expected 1 to {RUN_FRAMES_MAX}");
            return Err(self.lines.malformed(reason));
        }
        if !steps.is_empty() && steps.len() != frames - 1 {
            let reason = format!("{} steps for {frames} frames", steps.len());
            return Err(self.lines.malformed(reason));
        }
        let mut at = first;
        self.run.push(at);
        for i in 0..frames - 1 {
            at = at + steps.get(i).copied().unwrap_or(FRAME_MS);
            self.run.push(at);
        }
        self.latest = at;
        self.run.reverse();
        Ok(())
    }

    fn frame(&mut self, at: CallTime) -> Result<Record, JournalError> {
        let frame = match &mut self.sound {
            Some(recording) => recording.next_frame()?,
            None => AudioFrame::SILENCE,
        };
        Ok(Record { at, entry: Entry::In(Input::Audio(frame)) })
    }
}

impl Iterator for Reader {
    type Item = Result<Record, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let result = self.read();
        self.failed = result.is_err();
        result.transpose()
    }
}

/// A sealed file that lacks its end reads as a plain one does: as far as it goes.
struct Growing<R>(R);

impl<R: Read> Read for Growing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer).or_else(|e| {
            let seal = e.get_ref().and_then(|e| e.downcast_ref::<SealError>());
            if matches!(seal, Some(SealError::Unfinished { .. })) { Ok(0) } else { Err(e) }
        })
    }
}

/// Whole lines of bounded length, and where they are.
struct Lines<R> {
    file: PathBuf,
    source: R,
    line: u64,
    offset: u64,
    whole_bytes: u64,
}

impl<R: BufRead> Lines<R> {
    fn new(file: PathBuf, source: R) -> Lines<R> {
        Lines { file, source, line: 0, offset: 0, whole_bytes: 0 }
    }

    /// The next line without its line feed; `None` at the end or at a line without one.
    fn next_line(&mut self) -> Result<Option<Vec<u8>>, JournalError> {
        self.offset = self.whole_bytes;
        self.line += 1;
        let mut bytes = Vec::new();
        let read = self.source.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes);
        read.map_err(|e| JournalError::Unreadable {
            file: self.file.clone(),
            reason: e.to_string(),
        })?;
        if bytes.last() != Some(&b'\n') {
            if bytes.len() as u64 == LINE_BYTES_MAX {
                return Err(self.malformed(format!("longer than {LINE_BYTES_MAX} bytes")));
            }
            return Ok(None);
        }
        self.whole_bytes += bytes.len() as u64;
        bytes.pop();
        Ok(Some(bytes))
    }

    fn malformed(&self, reason: String) -> JournalError {
        let file = self.file.clone();
        JournalError::Malformed { file, line: self.line, offset: self.offset, reason }
    }
}

/// The caller's side of a recording, frame by frame.
struct Recording {
    file: PathBuf,
    /// It may take as much as there is; what it has left tells where it stands.
    source: BufReader<Take<Box<dyn Read + Send>>>,
    /// Bytes of whole frames that are left, by the file's head.
    left: u64,
    frames: u64,
    /// The bot's side of the last frame.
    said: AudioFrame,
}

impl Recording {
    fn open(dir: &Path, file: PathBuf, keys: Option<&Keys>) -> Result<Recording, JournalError> {
        let source = seal::open(dir, RECORDING_FILE, keys).map_err(|e| match e {
            SealError::Io { reason, .. } => JournalError::Recording { file: file.clone(), reason },
            e => JournalError::Sealed(e),
        })?;
        Recording::of(file, source)
    }

    fn of(file: PathBuf, source: impl Read + Send + 'static) -> Result<Recording, JournalError> {
        let refused = |reason: String| JournalError::Recording { file: file.clone(), reason };
        let source: Box<dyn Read + Send> = Box::new(source);
        let wav = hound::WavReader::new(BufReader::new(source.take(u64::MAX)));
        let wav = wav.map_err(|e| refused(format!("{e} (in its head, from byte 0 on)")))?;
        let spec = wav.spec();
        if (spec.channels, spec.sample_rate, spec.bits_per_sample) != (2, SAMPLE_RATE_HZ, 16) {
            return Err(refused(format!("expected 16-bit stereo at 8 kHz, found {spec:?}")));
        }
        let left = u64::from(wav.len()) * 2;
        // It stands where the samples begin.
        let source = wav.into_inner();
        Ok(Recording { file, source, left, frames: 0, said: AudioFrame::SILENCE })
    }

    /// Bytes of the file that were read.
    fn offset(&self) -> u64 {
        let taken = u64::MAX - self.source.get_ref().limit();
        taken - self.source.buffer().len() as u64
    }

    fn next_frame(&mut self) -> Result<AudioFrame, JournalError> {
        let mut bytes = [0; FRAME_BYTES];
        let whole = self.left >= bytes.len() as u64;
        let short = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let read = if whole { self.source.read_exact(&mut bytes) } else { Err(short()) };
        read.map_err(|e| JournalError::Recording {
            file: self.file.clone(),
            reason: match e.kind() {
                std::io::ErrorKind::UnexpectedEof => {
                    let (ms, byte) = (self.frames * FRAME_MS, self.offset());
                    format!("ends after {ms} ms (byte {byte}), the journal tells of more")
                }
                _ => e.to_string(),
            },
        })?;
        self.left -= bytes.len() as u64;
        let mut frame = AudioFrame::SILENCE;
        let both = frame.0.iter_mut().zip(&mut self.said.0);
        for (pair, (heard, said)) in bytes.chunks_exact(4).zip(both) {
            *heard = i16::from_le_bytes([pair[0], pair[1]]);
            *said = i16::from_le_bytes([pair[2], pair[3]]);
        }
        self.frames += 1;
        Ok(frame)
    }
}
