//! Whole calls spoken in other languages than English: every answer but the rating by voice, the
//! right ticket at the end. The callers' voices are programs that `tests/voices/setup.sh` brings.

use crate::support::house::{House, checkout};
use crate::support::server::Served;
use crate::support::skipped;
use spillway::engine::{EngineError, factory_for};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const RUSSIAN_VOICE: &str = "/usr/share/festival/voices/russian/msu_ru_nsh_clunits";

/// What `tests/voices/setup.sh` leaves behind when Kokoro is there.
fn kokoro() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from);
    cache.join("spillway/voices/.done")
}

/// The call of `tests/scenarios/<language>.toml`, whose voice is there when `voice` is.
async fn check(language: &str, gazetteer: &str, voice: &Path) {
    let models = checkout().join("models");
    if let Err(EngineError::Missing(what)) = factory_for(language, &models) {
        return skipped(&format!("a whole call in `{language}`: {what}"));
    }
    if !models.join(gazetteer).exists() {
        return skipped(&format!(
            "a whole call in `{language}`: there is no {gazetteer}; run: spillway models pull \
             {gazetteer}"
        ));
    }
    if !voice.exists() {
        return skipped(&format!(
            "a whole call in `{language}`: there is no {}; run: tests/voices/setup.sh",
            voice.display()
        ));
    }
    let house = House::of_language(&models, language);
    let server = Served::start(&house).await;
    let uri = format!("sip:hotline@{}", server.sip);
    let scenario = checkout().join(format!("tests/scenarios/{language}.toml"));
    let call = ["call", &uri, "--scenario", scenario.to_str().expect("utf-8")];
    let finished = house.spillway(&call).await;
    server.terminate();
    assert!(server.ended(Duration::from_secs(25)).await.success());
    let told = [finished.stdout, finished.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    println!("{told}");
    assert!(finished.status.success(), "{language}: {told}");
}

#[tokio::test]
async fn a_whole_call_in_russian() {
    check("ru", "gazetteer-ru", Path::new(RUSSIAN_VOICE)).await;
}

/// On some processors (seen with AMX) Kokoro's model gives noise and infinities instead of speech:
/// a call with that voice tells nothing. What it then says of itself.
fn kokoro_is_wrong() -> Option<String> {
    let program = checkout().join("tests/voices/kokoro.sh");
    let mut voice = Command::new(program);
    let voice = voice.arg("ko").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut voice = voice.spawn().expect("kokoro.sh runs");
    let line = "네, 맞습니다.".as_bytes();
    voice.stdin.take().expect("piped").write_all(line).expect("takes a line");
    let spoken = voice.wait_with_output().expect("ends");
    let told = String::from_utf8_lossy(&spoken.stderr).trim().to_owned();
    (!spoken.status.success()).then_some(told)
}

#[tokio::test]
async fn a_whole_call_in_korean() {
    let voice = kokoro();
    match voice.exists().then(kokoro_is_wrong).flatten() {
        Some(told) => skipped(&format!("a whole call in `ko`: {told}")),
        None => check("ko", "gazetteer-kr", &voice).await,
    }
}
