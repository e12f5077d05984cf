//! `replay --journal`, with a toy in place of the call.

use crate::arbitrary;
use crate::call_log::{frame, header};
use crate::support::house::loaded_demo;
use crate::support::scripted::{record_call, run_live};
use proptest::collection::vec;
use proptest::prelude::*;
use spillway::audio::AudioFrame;
use spillway::call::{Call, HangupCause, Input, Output, PlayId};
use spillway::dialogue::Hotline;
use spillway::journal::{Header, Reader};
use spillway::replay::{Divergence, Outcome, Replayable, journals_in, replay_journal};
use spillway::store::{CallLog, Writer, call_dir};
use spillway::ticket::CallId;
use spillway::time::CallTime;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const CALL: &str = "67e55044-10b1-426f-9247-bb680e5fe0c8";

/// Answers to what it hears: every bit of sound and of time that goes in shows in what comes out.
#[derive(Default)]
struct Toy {
    /// Changes its mind at this frame.
    odd_at: Option<u32>,
    frames: u32,
    hash: u32,
    outputs: VecDeque<Output>,
}

impl Replayable for Toy {
    fn handle(&mut self, now: CallTime, input: Input) {
        if let Input::Audio(frame) = &input {
            self.frames += 1;
            for &sample in frame.samples() {
                self.hash = self.hash.rotate_left(5) ^ sample as u32;
            }
        }
        let seen = format!("{input:?} {now:?}");
        self.hash = seen.bytes().fold(self.hash, |h, b| h.rotate_left(5) ^ u32::from(b));
        if !matches!(input, Input::Audio(_)) || self.frames.is_multiple_of(40) {
            let odd = u32::from(self.odd_at.is_some_and(|at| self.frames >= at));
            self.outputs.push_back(Output::StopPlaying { play: PlayId(self.hash ^ odd) });
        }
    }

    fn poll(&mut self) -> Output {
        let deadline = CallTime(u64::from(self.frames / 70) * 1_000);
        self.outputs.pop_front().unwrap_or(Output::Timeout(Some(deadline)))
    }
}

async fn record(data_dir: &Path, inputs: Vec<(u64, Input)>) -> PathBuf {
    let writer = Writer::start(None).unwrap();
    let mut log = CallLog::create(&writer, data_dir, &header(CALL)).unwrap();
    let (mut toy, mut now, mut frames) = (Toy::default(), CallTime(0), 0);
    for (step, input) in inputs {
        now = now + step;
        let input = match input {
            Input::Audio(_) => {
                frames += 1;
                Input::Audio(frame(frames * 7))
            }
            input => input,
        };
        run_live(&mut log, &mut toy, now, input);
    }
    log.end(now, HangupCause::Finished);
    writer.flush().await;
    call_dir(data_dir, &CallId(CALL.into())).unwrap()
}

fn replay<C: Replayable>(dir: &Path, call: C) -> Outcome {
    let make = |_: &_| Ok::<_, Infallible>(call);
    let Ok(outcome) = replay_journal(Reader::open(dir, None).unwrap(), make).unwrap();
    outcome
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Ten seconds with jitter, and a key at the fifth.
fn ten_seconds() -> Vec<(u64, Input)> {
    let mut inputs = vec![(0, Input::Answered)];
    for n in 0..500 {
        let step = [20, 20, 21, 19, 20][n % 5];
        inputs.push((step, Input::Audio(AudioFrame::SILENCE)));
        if n == 250 {
            inputs.push((3, Input::Hold(false)));
        }
    }
    inputs
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn what_was_live_comes_out_again(
        inputs in vec((prop_oneof![Just(20_u64), 0..50_u64], arbitrary::input()), 0..300),
    ) {
        let data = tempfile::tempdir().unwrap();
        let dir = block_on(record(data.path(), inputs));
        let outcome = replay(&dir, Toy::default());
        prop_assert!(matches!(outcome, Outcome::Same { .. }), "{:?}", outcome);
    }
}

#[tokio::test]
async fn counts_what_it_compared() {
    let data = tempfile::tempdir().unwrap();
    let dir = record(data.path(), ten_seconds()).await;
    // 2 other inputs and each 40th frame stop something; the deadline moves each 70 frames.
    let want = Outcome::Same { frames: 500, inputs: 2, outputs: 2 + 12 + 8 };
    assert_eq!(replay(&dir, Toy::default()), want);
}

fn divergence(dir: &Path, toy: Toy) -> Divergence {
    match replay(dir, toy) {
        Outcome::Diverged(divergence) => *divergence,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_first_difference_is_shown_in_its_place() {
    let data = tempfile::tempdir().unwrap();
    let dir = record(data.path(), ten_seconds()).await;
    let found = divergence(&dir, Toy { odd_at: Some(300), ..Toy::default() });
    // The first output from frame 300 on is that of frame 320; the key came 3 ms late.
    assert_eq!(found.at_ms, CallTime(20 * 320 + 3));
    insta::assert_snapshot!(found, @r#"
    first difference 6.403 s after answer
                {"t":5023,"in":{"hold":false}}
                {"t":5023,"out":{"stop_playing":{"play":3226715428}}}
                {"t":5043,"audio":29} (580 ms)
                {"t":5603,"out":{"stop_playing":{"play":4094543305}}}
                {"t":5603,"out":{"timeout":4000}}
                {"t":5623,"audio":40} (800 ms)
    - expected  {"t":6403,"out":{"stop_playing":{"play":2645035682}}}
    + got       {"t":6403,"out":{"stop_playing":{"play":2645035683}}}
    "#);
}

#[tokio::test]
async fn one_changed_sample_is_found() {
    let data = tempfile::tempdir().unwrap();
    let dir = record(data.path(), ten_seconds()).await;
    let wav = dir.join("audio.wav");
    let mut bytes = std::fs::read(&wav).unwrap();
    // The caller's side of the middle of frame 399: the next output is that of frame 400.
    bytes[44 + 640 * 398 + 320] ^= 1;
    std::fs::write(&wav, bytes).unwrap();
    assert_eq!(divergence(&dir, Toy::default()).at_ms, CallTime(20 * 400 + 3));
}

#[tokio::test]
async fn missing_and_surplus_outputs_are_found() {
    let data = tempfile::tempdir().unwrap();
    let dir = record(data.path(), ten_seconds()).await;
    let journal = dir.join("journal.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let stop = lines.iter().position(|l| l.contains("stop_playing")).unwrap();
    let (stop, mut fewer) = (lines[stop], lines.clone());
    fewer.remove(lines.iter().position(|l| *l == stop).unwrap());
    std::fs::write(&journal, fewer.join("\n") + "\n").unwrap();
    let found = divergence(&dir, Toy::default());
    assert_eq!(found.got.as_deref(), Some(stop));

    let mut more = lines.clone();
    let at = more.iter().rposition(|l| l.contains("stop_playing")).unwrap();
    more.insert(at + 1, more[at]);
    std::fs::write(&journal, more.join("\n") + "\n").unwrap();
    let found = divergence(&dir, Toy::default());
    assert_eq!((found.expected.as_deref(), found.got), (Some(more[at]), None));
}

#[tokio::test]
async fn a_call_without_its_sound_is_not_replayable() {
    let data = tempfile::tempdir().unwrap();
    let dir = record(data.path(), ten_seconds()).await;
    std::fs::remove_file(dir.join("audio.wav")).unwrap();
    let outcome = replay(&dir, Toy::default());
    assert!(matches!(outcome, Outcome::NotReplayable { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_recording_shorter_than_the_journal_is_an_error() {
    let data = tempfile::tempdir().unwrap();
    let dir = record(data.path(), ten_seconds()).await;
    let wav = dir.join("audio.wav");
    let bytes = std::fs::read(&wav).unwrap();
    std::fs::write(&wav, &bytes[..44 + 640 * 100]).unwrap();
    spillway::store::recording::repair(&wav).unwrap();
    let make = |_: &_| Ok::<_, Infallible>(Toy::default());
    let error = replay_journal(Reader::open(&dir, None).unwrap(), make).unwrap_err();
    assert!(error.to_string().contains("ends after 2000 ms"), "{error}");
}

#[test]
fn journals_are_found_at_any_depth() {
    let dir = tempfile::tempdir().unwrap();
    let mut want = Vec::new();
    for folder in ["b/call", "a", "a/deep/er"] {
        let folder = dir.path().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("notes.txt"), "").unwrap();
        std::fs::write(folder.join("journal.jsonl"), "").unwrap();
        want.push(folder.join("journal.jsonl"));
    }
    std::os::unix::fs::symlink(dir.path(), dir.path().join("a/circle")).unwrap();
    want.sort();
    assert_eq!(journals_in(dir.path()).unwrap(), want);
    assert_eq!(journals_in(&want[0]).unwrap(), want[..1]);
}

fn demo_call(hotline: &Arc<Hotline>) -> Call {
    Call::new(hotline.clone(), arbitrary::caller_facts(CALL))
}

/// A whole call of the demo hotline, with the real detector and the real dialogue.
#[tokio::test]
async fn a_call_of_the_demo_hotline_comes_out_again() {
    let data = tempfile::tempdir().unwrap();
    let hotline = loaded_demo();
    let answers = ["yes", "Mary Johnson", "12 Garden Street", "we have no food left", "yes", "yes"];
    let caller = arbitrary::caller_facts(CALL);
    let head = Header::new(caller, "demo-en", &hotline.digest, &hotline.date);
    let (ticket, now) = record_call(data.path(), &hotline, &head, &answers).await;
    assert!(ticket.revision >= 4, "{ticket:?}");
    let hotline = hotline.hotline;

    let dir = call_dir(data.path(), &CallId(CALL.into())).unwrap();
    let outcome = replay(&dir, demo_call(&hotline));
    assert!(matches!(outcome, Outcome::Same { .. }), "{outcome:?}");
    let size = |name: &str| dir.join(name).metadata().unwrap().len();
    println!("{:.1} s: journal {} bytes, {outcome:?}", now.0 as f64 / 1e3, size("journal.jsonl"));

    // Another number on the network, another call.
    let mut facts = arbitrary::caller_facts(CALL);
    facts.caller_id.clear();
    let outcome = replay(&dir, Call::new(hotline, facts));
    assert!(matches!(outcome, Outcome::Diverged(_)), "{outcome:?}");
}
