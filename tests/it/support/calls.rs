//! Calls on disk without a telephone.

use spillway::audio::{AudioFrame, FRAME_SAMPLES};
use spillway::call::{CallerFacts, HangupCause, Input, TurnId};
use spillway::journal::Header;
use spillway::seal::Keys;
use spillway::speech::Transcript;
use spillway::store::{CallLog, Writer};
use spillway::ticket::CallId;
use spillway::time::CallTime;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Keys of a key file in `dir`, the first `count` of a series.
pub fn keys(dir: &Path, count: usize) -> Keys {
    let lines = [
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=",
    ];
    let path = dir.join("recordings.key");
    let mut file = std::fs::OpenOptions::new();
    let file = file.create(true).write(true).truncate(true).mode(0o600).open(&path);
    let text = lines[..count].join("\n");
    std::io::Write::write_all(&mut file.expect("a file"), text.as_bytes()).expect("written");
    Keys::read(&path).expect("good keys")
}

/// Says what nobody may read on a disk.
pub const SECRET: &str = "Hauptstrasse 12";

/// What the recogniser made of a turn.
pub fn said(words: &str) -> Input {
    Input::Final { turn: TurnId(1), transcript: Transcript::plain(words, 0.9) }
}

/// The header of a call.
pub fn header(call: &str) -> Header {
    let caller = CallerFacts {
        call_id: CallId(call.into()),
        caller_id: String::new(),
        called: String::new(),
        entrance: "sip".into(),
        headers: vec![],
        answered_unix_ms: 0,
        form: spillway::dialogue::Form::Full,
    };
    Header::new(caller, "demo", "c0ffee", "2026-01-01")
}

/// The n-th frame: no two of a short call are equal, and none is silence.
pub fn frame(n: usize) -> AudioFrame {
    AudioFrame(std::array::from_fn(|i| (n * FRAME_SAMPLES + i + 1) as i16))
}

/// Records a whole call of `frames`.
pub async fn record(data_dir: &Path, keys: Option<&Keys>, call: &str, frames: usize) {
    let writer = Writer::start(keys.cloned()).expect("a thread");
    let mut log = CallLog::create(&writer, data_dir, &header(call)).expect("a call");
    log.input(CallTime(0), &said(SECRET));
    for n in 0..frames {
        log.audio(CallTime(20 * n as u64), &frame(n), &frame(n));
    }
    log.end(CallTime(20 * frames as u64), HangupCause::CallerHungUp);
    writer.flush().await;
}
