//! Running calls, watched and listened in to.

use super::events::Stream;
use super::office::{Browser, Office, on_sqlite};
use crate::access::gate::{name, profile};
use crate::support::caller::Caller;
use crate::support::house::{House, PROMPT_HZ, has_espeak};
use crate::support::recording::Recording;
use crate::support::server::{Here, speech};
use crate::support::skipped;
use crate::support::tones::is_tone;
use jiff::Timestamp;
use serde_json::{Value, json};
use spillway::access::{By, Hotlines, NewToken, Permission, Profile, Role};
use spillway::audio::FRAME_SAMPLES;
use spillway::engine::RecognizerPool;
use spillway::engine::scripted::{Line, Scripted};
use spillway::speech::Transcript;
use spillway::store::call_dir;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use tokio::task::JoinHandle;

pub const FROM: &str = "+12025550161";

pub fn hz(prompt: &str) -> u16 {
    PROMPT_HZ.iter().find(|(name, _)| *name == prompt).expect("a known prompt").1
}

/// A house of tones and a server in it that hears a name; with what is to be said. `sip` stands in
/// the configuration where its section `[sip]` begins.
pub async fn answering(sip: &str) -> Option<(House, Here, Vec<i16>)> {
    if !has_espeak() {
        skipped("espeak-ng is not installed; run: apt-get install espeak-ng");
        return None;
    }
    let house = House::toned("");
    let text = std::fs::read_to_string(house.config_file()).expect("a configuration");
    std::fs::write(house.config_file(), text.replace("[sip]", sip)).expect("written");
    let name = Line::Say(Transcript::plain("My name is David Miller.", 0.95));
    let script = Arc::new(Mutex::new([name].into()));
    let hears = move || Ok(Box::new(Scripted::new(script.clone())) as _);
    let hears = RecognizerPool::start("scripted", 1, hears).expect("started");
    let server = Here::start(&house, Some(hears)).await;
    let words = speech(&house, "My name is David Miller.");
    Some((house, server, words))
}

/// The slot `name` of a call as it was told.
pub fn slot<'v>(call: &'v Value, name: &str) -> &'v Value {
    let slots = call["slots"].as_array().expect("slots");
    slots.iter().find(|slot| slot["slot"] == name).unwrap_or(&Value::Null)
}

async fn until(stream: &mut Stream, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let (_, call) = stream.next().await.expect("an event");
        if wanted(&call) {
            return call;
        }
    }
}

/// Everything that is heard until the stream ends.
async fn listen(browser: &Browser, call: &str) -> JoinHandle<Vec<u8>> {
    let request = browser.request("GET", &format!("/api/v1/calls/{call}/audio"));
    let answer = request.send().await.expect("answered");
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(answer.headers()["content-type"], "audio/wav");
    tokio::spawn(async move { answer.bytes().await.expect("an end in order").to_vec() })
}

/// What was heard is a part of the recording, both sides of it.
fn check_sound(house: &House, call: &Caller, heard: &[u8]) {
    let data = heard.windows(4).position(|w| w == b"data").expect("a WAV header") + 8;
    assert_eq!(&heard[..4], b"RIFF");
    let recording = Recording::read(&house.data_dir(), &call.call_id);
    let both = recording.caller.iter().zip(&recording.bot);
    let both: Vec<u8> = both
        .flat_map(|(caller, bot)| caller.iter().zip(bot))
        .flat_map(|(caller, bot)| [caller.to_le_bytes(), bot.to_le_bytes()].concat())
        .collect();
    let heard = &heard[data..];
    let frame = 4 * FRAME_SAMPLES;
    assert!(heard.len() > 100 * frame && heard.len().is_multiple_of(frame), "{}", heard.len());
    let found = both.chunks(frame).enumerate().find(|(n, _)| both[n * frame..].starts_with(heard));
    let (from, _) = found.expect("what was heard is in the recording");
    assert!(recording.bot[from..].iter().any(|f| is_tone(f, hz("ask_name"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_watched_and_listened_in_to() {
    let Some((house, server, words)) = answering("[sip]").await else { return };
    let office = Office::beside(&server, house.data_dir()).await;
    let sofia = office.user("sofia", Role::Supervisor).await;
    assert_eq!(sofia.get("/api/v1/calls").await.ok(), json!([]));
    let mut stream = Stream::of(&sofia, "/api/v1/calls/events").await;
    let mut caller = Caller::dial(server.sip, FROM).await.expect("answered");
    let id = caller.call_id.to_string();
    caller.hears(hz("ask_consent")).await;

    let call =
        until(&mut stream, |call| call["asked"] == "consent" && call["ticket"].is_u64()).await;
    assert_eq!((&call["id"], &call["caller_id"]), (&json!(id), &json!(FROM)));
    assert_eq!((&call["entrance"], &call["masked"]), (&json!("sip"), &json!(false)));
    assert_eq!(call["turns"][0]["speaker"], "bot");
    let ticket = call["ticket"].as_u64().expect("a number");
    let listening = listen(&sofia, &id).await;
    // A second stream begins with what runs.
    let (_, again) = Stream::of(&sofia, "/api/v1/calls/events").await.next().await.expect("one");
    assert_eq!(again["id"], call["id"]);

    caller.press('1');
    caller.hears(hz("ask_name")).await;
    caller.say(&words).await;
    caller.quiet(1_500).await;
    let call = until(&mut stream, |call| slot(call, "name")["value"] == "David Miller").await;
    assert_eq!(call["consent"], "given");
    let turns = call["turns"].as_array().expect("turns");
    let of = |who: &str| turns.iter().filter(|t| t["speaker"] == who).collect::<Vec<_>>();
    assert_eq!(of("keys")[0]["text"], "1");
    let said = of("caller")[0];
    assert_eq!(
        (&said["text"], &said["settled"]),
        (&json!("My name is David Miller."), &json!(true))
    );
    let (from, to) = (said["from_ms"].as_u64().expect("ms"), said["to_ms"].as_u64().expect("ms"));
    let spoken = words.len() as u64 / 8;
    assert!((to - from).abs_diff(spoken) < 800, "{from} to {to} of {spoken} ms");

    check_masked(&office, &server, &id).await;
    let words = format!("/api/v1/tickets/{ticket}/transcript");
    assert_eq!(sofia.get(&words).await.ok()["whole"], false);
    caller.hang_up_in_place();
    let call = until(&mut stream, |call| call["ended"].is_string()).await;
    assert_eq!((&call["ended"], &call["ticket"]), (&json!("caller_hung_up"), &json!(ticket)));
    assert_eq!(sofia.get("/api/v1/calls").await.ok(), json!([]));
    let heard = listening.await.expect("ended with the call");
    let over = sofia.get(&format!("/api/v1/calls/{id}/audio")).await;
    assert_eq!(over.problem(404), "not-found");
    house.ended(&server.store, &caller.call_id).await;
    check_sound(&house, &caller, &heard);
    check_transcript(&house, &sofia, &caller, &call).await;
    let history = sofia.get(&format!("/api/v1/tickets/{ticket}/history")).await.ok();
    let listened: Vec<&Value> =
        history.as_array().expect("a list").iter().filter(|e| e["act"] == "listen").collect();
    assert_eq!(listened.len(), 1, "{history}");
    assert_eq!(listened[0]["actor"], "supervisor sofia");
    caller.hang_up().await;
    office.close().await;
    server.stop().await;
    assert_eq!(stream.next().await, None);
}

/// An ended call's words are those that were watched, as far as its journal is whole.
async fn check_transcript(house: &House, by: &Browser, caller: &Caller, call: &Value) {
    let path = format!("/api/v1/tickets/{}/transcript", call["ticket"]);
    let read = by.get(&path).await.ok();
    assert_eq!((&read["turns"], &read["whole"]), (&call["turns"], &json!(true)));
    assert_eq!(read["masked"], false);
    let journal = call_dir(&house.data_dir(), &caller.call_id).expect("a folder");
    let journal = journal.join("journal.jsonl");
    let lines = std::fs::read_to_string(&journal).expect("a journal");
    let said = lines.find("David Miller").expect("the caller's words");
    std::fs::write(&journal, &lines[..said]).expect("cut off");
    let read = by.get(&path).await.ok();
    assert_eq!(read["whole"], false);
    assert!(!read["turns"].as_array().expect("turns").is_empty());
    std::fs::write(&journal, lines).expect("whole again");
}

/// Who may not see callers sees the call without them; who does not see the hotline, nothing.
async fn check_masked(office: &Office, server: &Here, id: &str) {
    let new = NewToken {
        label: "a board on the wall".into(),
        scopes: BTreeSet::from([Permission::WatchCalls]),
        expires_at: Timestamp::now() + jiff::SignedDuration::from_hours(1),
    };
    let sofia = office.principal("sofia").await;
    let made = office.access.add_token(&sofia, &new, Timestamp::now()).await;
    let bearer = format!("Bearer {}", made.expect("made").1.text());
    let board = office.browser().with("authorization", Some(&bearer));
    let seen = board.get("/api/v1/calls").await;
    assert_eq!((&seen.ok()[0]["id"], &seen.ok()[0]["masked"]), (&json!(id), &json!(true)));
    for secret in ["David", "12025550161", "Hm."] {
        assert!(!seen.text.contains(secret), "{}", seen.text);
    }
    let audio = format!("/api/v1/calls/{id}/audio");
    assert_eq!(board.get(&audio).await.problem(403), "denied");

    let elsewhere = Hotlines::Only(BTreeSet::from(["flood".to_string()]));
    let elsewhere = Profile { hotlines: elsewhere, ..profile(Role::Supervisor) };
    let eva = office.user_of("eva", elsewhere).await;
    assert_eq!(eva.get("/api/v1/calls").await.ok(), json!([]));
    assert_eq!(eva.get(&audio).await.problem(404), "not-found");
    assert_eq!(server.board.calls().len(), 1);
}

#[tokio::test]
async fn who_is_disabled_sees_no_more() {
    on_sqlite(async |office: Office| {
        let sofia = office.user("sofia", Role::Supervisor).await;
        let mut stream = Stream::of(&sofia, "/api/v1/calls/events").await;
        let now = Timestamp::now();
        let done = office.access.set_disabled(By::Machine, &name("sofia"), true, now).await;
        done.expect("disabled");
        assert_eq!(stream.next().await, None);
        office.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_declines_to_be_recorded_is_not_listened_in_to() {
    let Some((house, server, _)) = answering("[sip]").await else { return };
    let office = Office::beside(&server, house.data_dir()).await;
    let sofia = office.user("sofia", Role::Supervisor).await;
    let mut caller = Caller::dial(server.sip, FROM).await.expect("answered");
    let id = caller.call_id.to_string();
    caller.hears(hz("ask_consent")).await;
    let listening = listen(&sofia, &id).await;
    caller.press('2');
    caller.hears(hz("ask_name")).await;
    let heard = listening.await.expect("ended with the consent");
    assert!(heard.len() > 44);
    assert_eq!(sofia.get("/api/v1/calls").await.ok()[0]["consent"], "declined");
    let again = sofia.get(&format!("/api/v1/calls/{id}/audio")).await;
    assert_eq!(again.problem(409), "declined");
    caller.hang_up().await;
    office.close().await;
    server.stop().await;
}
