//! Voices that are programs of their own: text goes in as standard input, a wav comes out.
//!
//! A program of any licence and language can speak that way: it shares no code with us.

use super::sentence::{Sentence, for_telephone};
use super::{EngineError, Synthesizer};
use crate::audio::resample::to_f32;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

const ENGINE: &str = "program";
/// A large voice takes a second a word on a busy machine; a program that takes this long hangs.
const PATIENCE: Duration = Duration::from_secs(120);
/// A minute at 48 kHz, 16 bits: more than any sentence of ours.
const WAV_BYTES_MAX: u64 = 60 * 48_000 * 2;

/// Why a program said nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProgramError {
    /// It is not installed.
    #[error("is not installed")]
    NotThere,
    /// It did not do what a voice does.
    #[error("{0}")]
    Broken(String),
}

/// Any program that reads text as standard input and writes a wav of 16 bits and one channel.
pub struct Program {
    name: String,
    command: Vec<String>,
}

impl Program {
    /// The voice of `command`, a program and its arguments with spaces between. Words that begin
    /// with `./` or `../` are files relative to `folder`. No shell reads it.
    pub fn new(command: &str, folder: &Path) -> Result<Program, EngineError> {
        let word = |word: &str| match word.starts_with("./") || word.starts_with("../") {
            true => folder.join(word).display().to_string(),
            false => word.to_owned(),
        };
        let words: Vec<String> = command.split_whitespace().map(word).collect();
        let Some(program) = words.first() else {
            return Err(broken("no program is named".to_owned()));
        };
        Ok(Program { name: format!("{ENGINE}:{program}"), command: words })
    }
}

impl Synthesizer for Program {
    fn name(&self) -> &str {
        &self.name
    }

    fn speak(&mut self, sentence: &Sentence) -> Result<Vec<i16>, EngineError> {
        let mut command = Command::new(&self.command[0]);
        let said = wav_of(command.args(&self.command[1..]), &sentence.text(), PATIENCE);
        let sound = said.map_err(|e| e.to_string()).and_then(|wav| telephone_sound(&wav));
        sound.map_err(|e| broken(format!("{}: {e}", self.command[0])))
    }
}

fn broken(reason: String) -> EngineError {
    EngineError::Broken { engine: ENGINE, reason }
}

/// What `command` writes when `text` is its standard input; nothing when it cannot.
pub(super) fn wav_of(
    command: &mut Command,
    text: &str,
    patience: Duration,
) -> Result<Vec<u8>, ProgramError> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| match e.kind() {
            ErrorKind::NotFound => ProgramError::NotThere,
            _ => went_wrong(e),
        })?;
    let wav = converse(&mut child, text, patience);
    // Its output tells whether it did its work. It has ended, or it never will.
    let _ = child.kill();
    child.wait().map_err(went_wrong)?;
    wav
}

fn went_wrong(reason: impl std::fmt::Display) -> ProgramError {
    ProgramError::Broken(reason.to_string())
}

/// Writes `text`, reads what comes until the program closes its output.
fn converse(child: &mut Child, text: &str, patience: Duration) -> Result<Vec<u8>, ProgramError> {
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(went_wrong("has no standard input and output"));
    };
    // A sentence fits into the pipe: this does not wait for the program to read. A program that
    // ended early closes the pipe and leaves no wav.
    if let Err(e) = stdin.write_all(text.as_bytes())
        && e.kind() != ErrorKind::BrokenPipe
    {
        return Err(went_wrong(e));
    }
    drop(stdin);
    let (done, result) = sync_channel(1);
    std::thread::Builder::new()
        .name("program-output".into())
        .spawn(move || {
            let mut wav = Vec::new();
            let read = stdout.take(WAV_BYTES_MAX).read_to_end(&mut wav);
            let _ = done.send(read.map(|_| wav));
        })
        .map_err(went_wrong)?;
    match result.recv_timeout(patience) {
        Ok(wav) => wav.map_err(went_wrong),
        Err(RecvTimeoutError::Timeout) => Err(went_wrong("did not answer in time")),
        Err(RecvTimeoutError::Disconnected) => Err(went_wrong("its output could not be read")),
    }
}

/// The sound of a wav, at the rate and level of a telephone. Who writes into a pipe writes the
/// header before the end is known, and claims no samples or 2 GiB: what came is what counts.
pub(super) fn telephone_sound(wav: &[u8]) -> Result<Vec<i16>, String> {
    let mut wav = wav.to_vec();
    if let Some(data) = wav.windows(4).position(|chunk| chunk == b"data") {
        let came = wav.len().saturating_sub(data + 8) as u32;
        if let Some(claimed) = wav.get_mut(data + 4..data + 8) {
            claimed.copy_from_slice(&came.to_le_bytes());
        }
    }
    let mut reader = hound::WavReader::new(&wav[..]).map_err(|e| e.to_string())?;
    let spec = reader.spec();
    if spec.channels != 1 || spec.bits_per_sample != 16 {
        return Err("its wav is not mono of 16 bits".into());
    }
    let samples: Vec<i16> = reader.samples::<i16>().map_while(Result::ok).collect();
    for_telephone(&to_f32(&samples), spec.sample_rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(command: &str, folder: &Path) -> Result<Vec<i16>, EngineError> {
        let mut sound = Vec::new();
        let mut voice = Program::new(command, folder)?;
        voice.synthesize("Hello there.", &mut |samples| sound.extend(samples))?;
        Ok(sound)
    }

    #[test]
    fn a_program_beside_the_scenario_speaks() {
        let dir = tempfile::tempdir().expect("dir");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 24_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let file = dir.path().join("line.wav");
        let mut wav = hound::WavWriter::create(&file, spec).expect("wav");
        for n in 0..24_000 {
            wav.write_sample(((n as f32 / 10.0).sin() * 9_000.0) as i16).expect("sample");
        }
        wav.finalize().expect("wav");
        for claimed in [48_000_u32, 0, 0x7fff_f000] {
            let mut wav = std::fs::read(&file).expect("wav");
            wav[40..44].copy_from_slice(&claimed.to_le_bytes());
            std::fs::write(&file, wav).expect("wav");
            let sound = say("cat ./line.wav", dir.path()).expect("sound");
            assert!((7_000..9_000).contains(&sound.len()), "{claimed}: {}", sound.len());
        }
    }

    #[test]
    fn what_cannot_speak_is_named() {
        let check = |command: &str, want: &str| {
            let error = say(command, Path::new(".")).expect_err(command).to_string();
            assert!(error.contains(want), "{error}");
        };
        check(" ", "no program is named");
        check("no-such-voice -x", "no-such-voice: is not installed");
        check("cat", "cat: ");
    }
}
