//! Whole calls through the whole house: the program as users run it, real SIP and RTP, the real
//! engines where they are installed.

use crate::support::house::{House, checkout, has_espeak};
use crate::support::server::Served;
use crate::support::skipped;
use spillway::engine::{EngineError, factory_for};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Calls at once: two cores must keep up, with a voice to load for each that speaks.
const CALLS_AT_ONCE: usize = 5;

/// The scenarios we ship that keys and silence can do.
const SILENT: [&str; 2] = ["en-silence", "en-keys-only"];
/// Those that need ears and a voice, the longest first. The one that depends on when things are
/// said comes when the first have ended: until then the machine is busy loading their voices.
const SPOKEN: [&str; 8] = [
    "demo-en",
    "en-correction",
    "en-no-consent",
    "en-happy",
    "en-hangs-up",
    "en-universals",
    "en-barge-in",
    "en-emergency",
];
/// The caller declined the recording: there is nothing left to replay, by design.
const NOT_KEPT: &str = "en-no-consent";

/// Calls too odd to be shown to users: name, scenario.
const ODD_AND_SILENT: [(&str, &str); 4] = [
    (
        "hangs up in the first word",
        "after = 'barge_in'\nat_ms = 200\nhang_up = true\n\
         [expect]\npartial = true\nconsent = 'unasked'\nstatus = 'open'\nhung_up_by = 'caller'\n",
    ),
    (
        "agrees into the announcement and hangs up in the next prompt",
        "after = 'barge_in'\nat_ms = 900\nkeys = '1'\n\
         [[turn]]\nafter = 'barge_in'\nat_ms = 300\nhang_up = true\n\
         [expect]\npartial = true\nconsent = 'given'\nstatus = 'open'\nhung_up_by = 'caller'\n",
    ),
    (
        "withholds the number, keys one with a mistake in it, and hangs up before the rating",
        "after = 'barge_in'\nat_ms = 500\nkeys = '1'\n\
         [[turn]]\nafter = 'barge_in'\nat_ms = 500\nkeys = '#'\n\
         [[turn]]\nafter = 'barge_in'\nat_ms = 500\nkeys = '#'\n\
         [[turn]]\nafter = 'barge_in'\nat_ms = 500\nkeys = '2'\n\
         [[turn]]\nkeys = '2025550180#'\n\
         [[turn]]\nafter = 'barge_in'\nat_ms = 500\nkeys = '2'\n\
         [[turn]]\nafter = 'barge_in'\nat_ms = 500\nkeys = '2025550181#'\n\
         [[turn]]\nafter = 'barge_in'\nat_ms = 500\nkeys = '1'\n\
         [[turn]]\nafter = 'barge_in'\nat_ms = 500\nkeys = '1'\n\
         [[turn]]\nafter = 'barge_in'\nat_ms = 500\nhang_up = true\n\
         [expect]\nstatus = 'open'\ncallback_number = '+12025550181'\nhung_up_by = 'caller'\n",
    ),
    (
        "presses every key that means nothing here",
        "after = 'barge_in'\nat_ms = 700\nkeys = '*'\n\
         [[turn]]\nafter = 'barge_in'\nat_ms = 700\nkeys = '0'\n\
         [[turn]]\nafter = 'barge_in'\nat_ms = 700\nkeys = '9AB'\n\
         [[turn]]\nafter = 'barge_in'\nat_ms = 700\nkeys = '1'\n\
         [[turn]]\nafter = 'barge_in'\nat_ms = 700\nkeys = '*0*0'\n\
         [[turn]]\nafter = 'barge_in'\nat_ms = 700\nhang_up = true\n\
         [expect]\npartial = true\nstatus = 'open'\nhung_up_by = 'caller'\n",
    ),
];
const ODD_AND_SPOKEN: [(&str, &str); 2] = [
    (
        "hangs up while the recogniser thinks",
        "after = 'barge_in'\nat_ms = 500\nkeys = '1'\n\
         [[turn]]\nsay = 'My name is David Miller.'\n\
         [[turn]]\nafter = 'now'\nhang_up = true\n\
         [expect]\npartial = true\nconsent = 'given'\nstatus = 'open'\nhung_up_by = 'caller'\n\
         to_be_transcribed = true\n",
    ),
    (
        "makes a noise into the question, then says the name",
        "after = 'barge_in'\nat_ms = 500\nkeys = '1'\n\
         [[turn]]\nafter = 'barge_in'\nat_ms = 700\nplay = 'noise.wav'\n\
         [[turn]]\nsay = 'My name is David Miller.'\n\
         [[turn]]\nhang_up = true\n\
         [expect]\npartial = true\nconsent = 'given'\nstatus = 'open'\nhung_up_by = 'caller'\n",
    ),
];

/// True where a call can be heard and spoken as in the demo.
fn has_engines(models: &Path) -> bool {
    if let Err(EngineError::Missing(what)) = factory_for("en", models) {
        skipped(&format!("calls that are spoken: {what}"));
        return false;
    }
    let voice = models.join("piper-en_US-joe-medium");
    if !voice.is_dir() {
        skipped(&format!(
            "calls that are spoken: there is no {}; run: make setup",
            voice.display()
        ));
        return false;
    }
    true
}

/// A third of a second like a slammed door.
fn write_noise(file: &Path) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(file, spec).expect("a wav");
    let mut state = 1_u32;
    for n in 0..2_700 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let white = (state >> 16) as i16;
        let fading = 1.0 - n as f32 / 2_700.0;
        wav.write_sample((f32::from(white) * 0.5 * fading) as i16).expect("written");
    }
    wav.finalize().expect("written");
}

/// The scenario files of all calls, in the order in which they are placed.
fn scenarios(house: &House, spoken: bool) -> Vec<(String, PathBuf)> {
    let ours =
        |name: &&str| (name.to_string(), checkout().join(format!("prompts/scenarios/{name}.toml")));
    let folder = house.path("odd");
    std::fs::create_dir_all(&folder).expect("made");
    write_noise(&folder.join("noise.wav"));
    let odd = |(name, text): &(&str, &str)| {
        let file = folder.join(format!("{}.toml", name.replace(' ', "-")));
        std::fs::write(&file, format!("language = 'en'\n[[turn]]\n{text}")).expect("written");
        (name.to_string(), file)
    };
    let mut all: Vec<_> = SILENT.iter().map(ours).collect();
    if spoken {
        all.extend(SPOKEN.iter().map(ours));
        all.extend(ODD_AND_SPOKEN.iter().map(odd));
    }
    all.extend(ODD_AND_SILENT.iter().map(odd));
    all
}

/// Runs one scenario; what was not as expected.
async fn call(house: &House, uri: &str, name: &str, file: &Path) -> Result<(), String> {
    let file = file.to_str().expect("utf-8");
    let begun = Instant::now();
    let finished = house.spillway(&["call", uri, "--scenario", file]).await;
    println!("{:>6.1} s  {name}: {}", begun.elapsed().as_secs_f32(), finished.status);
    if finished.status.success() {
        return Ok(());
    }
    let (out, err) = (&finished.stdout, &finished.stderr);
    Err(format!("{name}\n{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err)))
}

/// The demo call and the scenarios, several at once against one server: each ends with the ticket
/// its scenario expects, and each journal gives the same outputs again, bit for bit.
#[tokio::test(flavor = "multi_thread")]
async fn calls_end_as_expected_and_replay_bit_for_bit() {
    let models = checkout().join("models");
    let spoken = has_engines(&models);
    if !spoken && !has_espeak() {
        return skipped("all calls: there is no voice; run: apt-get install espeak-ng");
    }
    let house = Arc::new(match spoken {
        true => House::new(Some(&models), ""),
        false => House::new(None, "[engines]\nrecognizer = 'none'"),
    });
    let server = Served::start(&house).await;
    let uri = format!("sip:hotline@{}", server.sip);
    let lines = Arc::new(Semaphore::new(CALLS_AT_ONCE));
    let mut calls = Vec::new();
    for (name, file) in scenarios(&house, spoken) {
        let line = lines.clone().acquire_owned().await.expect("open");
        let (house, uri) = (house.clone(), uri.clone());
        calls.push(tokio::spawn(async move {
            let result = call(&house, &uri, &name, &file).await;
            drop(line);
            result
        }));
    }
    let (placed, mut wrong) = (calls.len(), String::new());
    for call in calls {
        if let Err(why) = call.await.expect("no panic") {
            let _ = writeln!(wrong, "{why}");
        }
    }
    server.terminate();
    assert!(server.ended(Duration::from_secs(25)).await.success());

    let replays = house.replays().await;
    let declined = if spoken { SPOKEN.iter().filter(|&&name| name == NOT_KEPT).count() } else { 0 };
    let same = replays.iter().filter(|(kind, _)| kind == "same").count();
    let not_kept = replays.iter().filter(|(kind, _)| kind == "not_replayable").count();
    println!("{placed} calls: {same} replay bit for bit, {not_kept} declined the recording");
    assert_eq!((same, not_kept), (placed - declined, declined), "{replays:#?}");
    assert!(!spoken || same >= 11, "the demo call and ten others");
    assert!(wrong.is_empty(), "{wrong}");
}
