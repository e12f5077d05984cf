//! One call's folder: what is written while the call runs.

use crate::arbitrary;
use spillway::audio::{AudioFrame, FRAME_SAMPLES};
use spillway::call::{HangupCause, Input, Output};
use spillway::journal::{Ending, Entry, Header, Reader};
use spillway::store::{CallLog, StoreError, Writer, call_dir, recording, recording_of};
use spillway::ticket::CallId;
use spillway::time::CallTime;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const CALL: &str = "67e55044-10b1-426f-9247-bb680e5fe0c8";

pub fn header(call: &str) -> Header {
    Header::new(arbitrary::caller_facts(call), "demo", "c0ffee", "2026-01-01")
}

/// A frame that tells its number.
pub fn frame(n: usize) -> AudioFrame {
    AudioFrame(std::array::from_fn(|i| (n * FRAME_SAMPLES + i) as u16 as i16))
}

fn folder(data_dir: &Path) -> PathBuf {
    call_dir(data_dir, &CallId(CALL.into())).unwrap()
}

/// Writes 120 frames with a key in their middle, and the end if asked.
async fn write_call(data_dir: &Path, writer: &Writer) -> CallLog {
    let mut log = CallLog::create(writer, data_dir, &header(CALL)).unwrap();
    log.input(CallTime(0), &Input::Answered);
    for n in 0..120 {
        let now = CallTime(20 * n as u64);
        log.audio(now, &frame(n), &frame(n + 1_000));
        log.output(now, &Output::Timeout(Some(CallTime(900_000))));
        if n == 77 {
            log.input(now, &Input::Hold(true));
        }
    }
    writer.flush().await;
    log
}

#[tokio::test]
async fn both_sides_are_recorded_and_read_back() {
    let data = tempfile::tempdir().unwrap();
    let writer = Writer::start(None).unwrap();
    let log = write_call(data.path(), &writer).await;
    let wav = folder(data.path()).join("audio.wav");
    // Still being written: any program may look at it, up to the last whole second.
    let seen = hound::WavReader::open(&wav).unwrap().duration() as usize;
    assert!(seen >= 100 * FRAME_SAMPLES, "{seen}");
    log.end(CallTime(2_400), HangupCause::Finished);
    writer.flush().await;

    let mut reader = hound::WavReader::open(&wav).unwrap();
    assert_eq!(reader.spec(), recording::SPEC);
    let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    assert_eq!(samples.len(), 120 * 2 * FRAME_SAMPLES);
    for (n, stereo) in samples.chunks_exact(2 * FRAME_SAMPLES).enumerate() {
        let side = |from: usize| AudioFrame(std::array::from_fn(|i| stereo[2 * i + from]));
        assert_eq!(side(0).0, frame(n).0, "caller, frame {n}");
        assert_eq!(side(1).0, frame(n + 1_000).0, "bot, frame {n}");
    }

    let mut reader = Reader::open(&folder(data.path()), None).unwrap();
    let mut n = 0;
    for record in &mut reader {
        let record = record.unwrap();
        if let Entry::In(Input::Audio(got)) = record.entry {
            assert_eq!((record.at, got), (CallTime(20 * n as u64), frame(n)));
            n += 1;
        }
    }
    assert_eq!(n, 120);
    let end = (CallTime(2_400), Ending::Hangup(HangupCause::Finished));
    assert_eq!(reader.ending(), Some(end));
    assert_eq!(writer.stats(), Default::default());
}

#[tokio::test]
async fn a_declined_recording_is_removed_and_not_begun_again() {
    let data = tempfile::tempdir().unwrap();
    let writer = Writer::start(None).unwrap();
    let mut log = write_call(data.path(), &writer).await;
    assert!(recording_of(data.path(), &CallId(CALL.into())).is_some());
    log.output(CallTime(2_400), &Output::DiscardRecording);
    for n in 120..200 {
        log.audio(CallTime(20 * n as u64), &frame(n), &frame(n));
    }
    log.end(CallTime(4_000), HangupCause::Finished);
    writer.flush().await;
    assert_eq!(recording_of(data.path(), &CallId(CALL.into())), None);
    let left: Vec<_> = folder(data.path()).read_dir().unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(left, [folder(data.path()).join("journal.jsonl")]);
    let reader = Reader::open(&folder(data.path()), None).unwrap();
    assert!(!reader.has_sound());
    let silent = Entry::In(Input::Audio(AudioFrame::SILENCE));
    assert_eq!(reader.filter(|r| r.as_ref().unwrap().entry == silent).count(), 200);
}

#[tokio::test]
async fn files_are_for_their_owner_alone() {
    let data = tempfile::tempdir().unwrap();
    let writer = Writer::start(None).unwrap();
    write_call(data.path(), &writer).await;
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let folder = folder(data.path());
    assert_eq!((mode(&folder), mode(folder.parent().unwrap())), (0o700, 0o700));
    for name in ["audio.wav", "journal.jsonl"] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
}

#[tokio::test]
async fn an_id_that_is_no_file_name_writes_nothing() {
    let data = tempfile::tempdir().unwrap();
    let writer = Writer::start(None).unwrap();
    for id in ["../escape", "", "a/b", "."] {
        let result = CallLog::create(&writer, data.path(), &header(id));
        assert!(matches!(result, Err(StoreError::BadCallId)), "{id:?}");
    }
    assert_eq!(data.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn a_call_is_never_written_over() {
    let data = tempfile::tempdir().unwrap();
    let writer = Writer::start(None).unwrap();
    write_call(data.path(), &writer).await;
    let again = CallLog::create(&writer, data.path(), &header(CALL));
    assert!(matches!(again, Err(StoreError::CallExists { .. })));
}

#[test]
fn repair() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audio.wav");
    let whole = {
        let mut wav = hound::WavWriter::create(&path, recording::SPEC).unwrap();
        (0..320 * 10).for_each(|i| wav.write_sample(i as i16).unwrap());
        wav.finalize().unwrap();
        std::fs::read(&path).unwrap()
    };
    assert_eq!(whole.len(), 44 + 640 * 10);
    // (bytes of the file that are there, header's sizes as they were, frames that must remain)
    let check = |bytes: usize, frames: usize| {
        let mut cut = whole[..bytes].to_vec();
        if bytes >= 44 {
            // What hound writes before the first second is over.
            cut[4..8].fill(0);
            cut[40..44].fill(0);
        }
        std::fs::write(&path, cut).unwrap();
        for _ in 0..2 {
            assert_eq!(recording::repair(&path).unwrap(), 20 * frames as u64);
            let mut wav = hound::WavReader::open(&path).unwrap();
            let got: Vec<i16> = wav.samples().map(Result::unwrap).collect();
            let want: Vec<i16> = (0..320 * frames as i16).collect();
            assert_eq!(got, want);
        }
    };
    for bytes in [0, 1, 43, 44, 45, 44 + 639] {
        check(bytes, 0);
    }
    check(44 + 640, 1);
    check(44 + 640 * 9 + 639, 9);
    check(44 + 640 * 10, 10);
}

#[test]
fn repair_leaves_a_stranger_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audio.wav");
    let text = "somebody else's file, of more than 44 bytes in all".to_string();
    std::fs::write(&path, &text).unwrap();
    assert!(recording::repair(&path).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

/// How many frames a second the writing thread manages; 200 calls need 10,000.
#[tokio::test]
#[ignore = "a measurement; run it with --run-ignored only --no-capture"]
async fn writer_speed() {
    let data = tempfile::tempdir().unwrap();
    let writer = Writer::start(None).unwrap();
    let mut logs: Vec<CallLog> = (0..200)
        .map(|n| CallLog::create(&writer, data.path(), &header(&format!("call-{n}"))).unwrap())
        .collect();
    let (mut queued, started) = (0, std::time::Instant::now());
    for n in 0..300 {
        for log in &mut logs {
            log.audio(CallTime(20 * n), &frame(n as usize), &AudioFrame::SILENCE);
        }
        queued += logs.len();
    }
    let queueing = started.elapsed();
    writer.flush().await;
    let all = started.elapsed();
    println!(
        "{queued} frames of 200 calls: {:.2} us each to queue, {:.0} a second written, {:?}",
        queueing.as_secs_f64() * 1e6 / queued as f64,
        queued as f64 / all.as_secs_f64(),
        writer.stats()
    );
}
