//! Ended calls judged over HTTP: listed, replayed, scored, marked, made into tests.

use super::office::{Browser, Office, on_both};
use crate::access::gate::profile;
use crate::support::house::loaded_demo;
use crate::support::scripted::record_call;
use jiff::Timestamp;
use serde_json::{Value, json};
use spillway::access::{Hotlines, Profile, Role};
use spillway::call::{CallerFacts, HangupCause};
use spillway::config::Config;
use spillway::journal::{Header, JOURNAL_FILE, Reader};
use spillway::replay::{Outcome, Replayer, Secrets, make_fixture};
use spillway::store::{CallEnd, Stamps, StoreOptions, call_dir};
use spillway::ticket::{Act, Actor, CallId, Correction, TicketNumber};
use std::path::PathBuf;

const CALL: &str = "67e55044-10b1-426f-9247-bb680e5fe0c8";
const NUMBER: &str = "+12125550142";
const ANSWERS: [&str; 6] =
    ["yes", "Mary Johnson", "12 Garden Street", "we have no food left", "yes", "yes"];
/// What nobody may find in a fixture, as patterns, in small letters.
const PERSONAL: [&str; 6] = [
    // "summary" is a prompt's name and nobody's.
    r"\bmary\b",
    "johnson",
    "garden",
    "5550142",
    r"5\W+5\W+5\W+0\W+1\W+4\W+2",
    "67e55044",
];

/// The configuration of an office's console: the hotlines we ship, no gazetteer.
fn config() -> Config {
    Config { models_dir: "no-models".into(), ..Config::default() }
}

/// On SQLite, with the hotlines we ship.
async fn with_demo(story: impl AsyncFn(Office)) {
    let dir = tempfile::tempdir().expect("a folder");
    story(Office::with(&StoreOptions::new(dir.path()), config()).await).await;
}

/// A scripted call of the demonstration hotline, kept and with its ticket.
async fn called(office: &Office) -> (u64, PathBuf) {
    let hotline = loaded_demo();
    let caller = CallerFacts {
        call_id: CallId(CALL.into()),
        caller_id: NUMBER.into(),
        called: "100".into(),
        entrance: "sip".into(),
        headers: vec![("p-asserted-identity".into(), format!("<sip:{NUMBER}@pbx>"))],
        answered_unix_ms: 1_700_000_000_000,
        form: spillway::dialogue::Form::Full,
    };
    let header = Header::new(caller, "demo-en", &hotline.digest, &hotline.date);
    let (ticket, end) = record_call(&office.data_dir, &hotline, &header, &ANSWERS).await;
    let now = Timestamp::now().as_millisecond();
    let stamps = Stamps { created_unix_ms: now - 60_000, updated_unix_ms: now };
    let number = office.store.save(&ticket, stamps).await.expect("saved");
    let cause = Some(HangupCause::Finished);
    let end = CallEnd { cause, duration_ms: end.as_ms(), ended_unix_ms: now };
    office.store.finish(&ticket.call_id, end).await.expect("ended");
    (number.0, call_dir(&office.data_dir, &ticket.call_id).expect("a folder"))
}

/// An operator puts the address right.
async fn corrected(office: &Office, number: u64) {
    let (slot, value) = ("address".to_string(), "12 Gardener Street".to_string());
    let act = Act::Correct { slot, value, parts: vec![] };
    let by = Actor::Supervisor("sofia".into());
    let done = office.store.act(TicketNumber(number), &act, &by, None, Timestamp::now());
    done.await.expect("corrected");
}

fn path(number: u64) -> String {
    format!("/api/v1/reviews/{number}")
}

async fn numbers(browser: &Browser, query: &str) -> Vec<u64> {
    let page = browser.get(&format!("/api/v1/reviews{query}")).await.ok();
    let items = page["items"].as_array().expect("a list").clone();
    items.iter().map(|item| item["number"].as_u64().expect("a number")).collect()
}

fn nobody_in(text: &str, place: &str) {
    let text = text.to_lowercase();
    for personal in PERSONAL {
        let whole = regex::Regex::new(personal).expect("a pattern");
        let found = whole.find(&text).map(|found| {
            let (from, to) = (found.start().saturating_sub(80), (found.end() + 80).min(text.len()));
            String::from_utf8_lossy(&text.as_bytes()[from..to]).into_owned()
        });
        assert_eq!(found, None, "{personal} in {place}");
    }
}

#[tokio::test]
async fn a_call_is_replayed_and_scored() {
    with_demo(async |office: Office| {
        let (number, dir) = called(&office).await;
        corrected(&office, number).await;
        let quinn = office.user("quinn", Role::Qa).await;
        let replayed = quinn.post(&format!("{}/replay", path(number)), &json!({})).await.ok();
        assert_eq!(replayed["call"]["replay"]["outcome"], "same", "{replayed}");
        assert_eq!(replayed["call"]["replay"]["hotline_changed"], false);
        let score = &replayed["call"]["score"];
        assert!(score["turns"].as_u64() >= Some(5), "{score}");
        assert_eq!(score["no_inputs"], 0);
        let slots = replayed["call"]["slots"].as_array().expect("slots");
        let of = |name: &str| slots.iter().find(|s| s["slot"] == name).expect("a slot").clone();
        assert_eq!(of("address")["corrected"], true);
        assert_eq!(of("address")["right"], "12 Gardener Street");
        assert_eq!(of("name")["corrected"], false);

        let page = quinn.get("/api/v1/reviews").await.ok();
        assert_eq!(page["sums"]["calls"], 1);
        assert_eq!((&page["sums"]["scored"], &page["sums"]["same"]), (&json!(1), &json!(1)));
        assert_eq!(page["sums"]["slots"], json!([{"slot": "address", "judged": 1, "exact": 0}]));

        // One word of one prompt, as if it had been another then.
        let journal = dir.join(JOURNAL_FILE);
        let text = std::fs::read_to_string(&journal).expect("read");
        let at = text.rfind("Thank you").expect("a goodbye");
        std::fs::write(&journal, format!("{}Sank you{}", &text[..at], &text[at + 9..]))
            .expect("written");
        let replayed = quinn.post(&format!("{}/replay", path(number)), &json!({})).await.ok();
        assert_eq!(replayed["call"]["replay"]["outcome"], "diverged");
        let expected = replayed["divergence"]["expected"].as_str().expect("a line");
        assert!(expected.contains("Sank you"), "{expected}");
        std::fs::remove_file(dir.join("audio.wav")).expect("removed");
        let replayed = quinn.post(&format!("{}/replay", path(number)), &json!({})).await.ok();
        assert_eq!(replayed["call"]["replay"]["outcome"], "not_replayable");
        assert_eq!(replayed["divergence"], Value::Null);
    })
    .await;
}

#[tokio::test]
async fn a_call_is_marked() {
    on_both(async |office: Office| {
        let mut desk = office.desk();
        let number = desk.received("+84900000001", "Lan", "food").await.0;
        let other = desk.received("+84900000002", "Mai", "rice").await.0;
        let quinn = office.user("quinn", Role::Qa).await;
        assert_eq!(numbers(&quinn, "?reviewed=false").await, [other, number]);
        let wrong = json!({ "kind": "wrong_slot_value", "slot": "name" });
        let judged = json!({
            "reviewed": true,
            "marks": [{ "kind": "cut_off", "turn": 3 }, wrong],
            "truth": { "turns": [{ "turn": 3, "text": "my name is Lan Anh" }], "note": "cut off" },
        });
        let put = quinn.put(&path(number), &judged).await;
        assert_eq!(put.header("etag"), "\"1\"");
        let view = put.ok();
        assert_eq!(view["call"]["marks"], judged["marks"]);
        assert_eq!(view["truth"], judged["truth"]);
        assert_eq!(view["judged_by"], "qa quinn");
        let stale = quinn.with("if-match", Some("\"0\"")).put(&path(number), &judged).await;
        assert_eq!(stale.problem(412), "changed");
        assert_eq!(numbers(&quinn, "?marked=true").await, [number]);
        assert_eq!(numbers(&quinn, "?reviewed=false").await, [other]);
        assert_eq!(numbers(&quinn, "?limit=1").await, [other]);
        let page = quinn.get("/api/v1/reviews?limit=1").await.ok();
        let next = page["next"].as_str().expect("a next page");
        assert_eq!(numbers(&quinn, &format!("?limit=1&cursor={next}")).await, [number]);
        let unknown = json!({ "reviewed": true, "marks": [{ "kind": "bad" }], "truth": {} });
        assert_eq!(quinn.put(&path(number), &unknown).await.problem(422), "invalid");
        // Marks outlive the caller's data: they hold no words.
        let words = json!({ "kind": "other", "slot": "Lan, +84900000001" });
        let words = json!({ "reviewed": true, "marks": [words], "truth": {} });
        assert_eq!(quinn.put(&path(number), &words).await.problem(422), "invalid");
        let acts = office.store.history(TicketNumber(number)).await.expect("read");
        assert!(acts.iter().any(|e| e.act == "review" && !e.detail.contains("Lan")), "{acts:?}");
    })
    .await;
}

#[tokio::test]
async fn only_what_operators_changed_is_a_correction() {
    on_both(async |office: Office| {
        let mut desk = office.desk();
        let first = desk.received("+84900000001", "Lan", "food").await;
        let second = desk.received("+84900000002", "Mai", "rice").await;
        let quinn = office.user("quinn", Role::Qa).await;
        for (number, value) in [(first, "Lan"), (second, "Mai Anh")] {
            let (slot, value) = ("name".to_string(), value.to_string());
            let by = Actor::Supervisor("sofia".into());
            desk.does(number, Act::Correct { slot, value, parts: vec![] }, &by).await;
        }
        assert_eq!(numbers(&quinn, "?corrected=any").await, [second.0]);
        assert_eq!(numbers(&quinn, "?corrected=name").await, [second.0]);
        assert_eq!(numbers(&quinn, "?corrected=need").await, [] as [u64; 0]);
        assert_eq!(numbers(&quinn, "?language=xx").await, [] as [u64; 0]);
        let later = Timestamp::now() + jiff::SignedDuration::from_hours(1);
        assert_eq!(numbers(&quinn, &format!("?since={later}")).await, [] as [u64; 0]);
        assert_eq!(numbers(&quinn, &format!("?until={later}")).await, [second.0, first.0]);
    })
    .await;
}

#[tokio::test]
async fn who_may_judge_and_what_they_see() {
    with_demo(async |office: Office| {
        let (number, _) = called(&office).await;
        let sue = office.user("sue", Role::Supervisor).await;
        for (name, role) in
            [("anna", Role::Operator), ("olga", Role::Observer), ("boss", Role::Administrator)]
        {
            let user = office.user(name, role).await;
            assert_eq!(user.get("/api/v1/reviews").await.problem(403), "denied");
            let answer = user.post(&format!("{}/replay", path(number)), &json!({})).await;
            assert_eq!(answer.problem(403), "denied");
            let answer = user.get(&format!("{}/fixture", path(number))).await;
            assert_eq!(answer.problem(403), "denied");
        }
        let only = Hotlines::Only(["other".into()].into());
        let far = Profile { hotlines: only, ..profile(Role::Qa) };
        let far = office.user_of("far", far).await;
        assert_eq!(numbers(&far, "").await, [] as [u64; 0]);
        assert_eq!(far.get(&path(number)).await.problem(404), "not-found");

        // A token that may judge and not see: nothing that was said, and nothing written unseen.
        let until = Timestamp::now() + jiff::SignedDuration::from_hours(1);
        let token = json!({ "label": "a count", "scopes": ["calls:review"], "expires_at": until });
        let made = sue.post("/api/v1/tokens", &token).await.ok();
        let secret = made["secret"].as_str().expect("a secret");
        let token = office.browser().with("authorization", Some(&format!("Bearer {secret}")));
        let replayed = token.post(&format!("{}/replay", path(number)), &json!({})).await;
        assert!(!replayed.text.contains("Mary"), "{}", replayed.text);
        assert_eq!(replayed.ok()["call"]["masked"], true);
        let judged = json!({ "reviewed": true, "marks": [], "truth": {} });
        assert_eq!(token.put(&path(number), &judged).await.problem(403), "denied");
    })
    .await;
}

#[tokio::test]
async fn what_was_said_goes_with_the_caller() {
    on_both(async |office: Office| {
        let number = office.desk().received("+84900000001", "Lan", "food").await.0;
        let (quinn, sue) =
            (office.user("quinn", Role::Qa).await, office.user("sue", Role::Supervisor).await);
        let judged = json!({
            "reviewed": true,
            "marks": [{ "kind": "misrecognition", "turn": 2 }],
            "truth": { "turns": [{ "turn": 2, "text": "Lan" }], "note": "Lan it is" },
        });
        quinn.put(&path(number), &judged).await.ok();
        let erased = json!({ "number": "+84900000001" });
        sue.post("/api/v1/callers/erasure", &erased).await.ok();
        let view = quinn.get(&path(number)).await;
        assert!(!view.text.contains("Lan"), "{}", view.text);
        assert_eq!(view.ok()["call"]["marks"], judged["marks"]);
        assert_eq!(quinn.put(&path(number), &judged).await.problem(409), "gone");
    })
    .await;
}

#[tokio::test]
async fn a_call_becomes_a_test_that_names_nobody() {
    with_demo(async |office: Office| {
        let (number, dir) = called(&office).await;
        let quinn = office.user("quinn", Role::Qa).await;
        let answer = quinn.get(&format!("{}/fixture", path(number))).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.header("content-type"), "application/x-tar");
        assert!(answer.header("content-disposition").contains("demo-en-"));
        nobody_in(&answer.text, "the tar file");

        let stored = office.store.get(TicketNumber(number)).await.expect("read").expect("there");
        let secrets = Secrets::of(&stored.ticket, &[]);
        let replayer = Replayer::new(config(), None);
        let reader = Reader::open(&dir, None).expect("a journal");
        let fixture = make_fixture(&replayer, reader, &secrets).expect("a fixture");
        assert_eq!(fixture.differs_at, None, "the same questions at the same times");
        let folder = tempfile::tempdir().expect("a folder");
        for (file, bytes) in &fixture.files {
            std::fs::write(folder.path().join(file), bytes).expect("written");
            nobody_in(&String::from_utf8_lossy(bytes), file);
        }
        let reader = Reader::open(folder.path(), None).expect("a journal");
        let outcome = replayer.replay(reader).expect("replayed").outcome;
        assert!(matches!(outcome, Outcome::Same { .. }), "{outcome:?}");
        let expected = std::fs::read_to_string(folder.path().join("expected.toml"));
        let expected: toml::Table = expected.expect("read").parse().expect("toml");
        assert_eq!(expected["same_way"].as_bool(), Some(true));
        assert!(expected["slots"]["name"].as_str().is_some_and(|n| n.split(' ').count() == 2));
        let reader = Reader::open(folder.path(), None).expect("a journal");
        assert_eq!(reader.header().caller.called, "", "known to all, it would tell the digits");
        // Not a sample of the caller's is left.
        let ours = std::fs::read(dir.join("audio.wav")).expect("read");
        let made = std::fs::read(folder.path().join("audio.wav")).expect("read");
        assert_eq!(ours.len(), made.len());
    })
    .await;
}

#[tokio::test]
async fn however_operators_type_it_nothing_of_it_is_left() {
    with_demo(async |office: Office| {
        let (number, dir) = called(&office).await;
        let stored = office.store.get(TicketNumber(number)).await.expect("read").expect("there");
        let replayer = Replayer::new(config(), None);
        for (slot, value) in [
            ("address", "12,Nguyễn Huệ"),
            ("address", "Street\nNguyễn"),
            ("address", "12\u{a0}Nguyễn\tGarden Street"),
            ("name", "Mary Hill"),
        ] {
            let right = Correction {
                slot: slot.into(),
                value: value.into(),
                parts: vec![],
                at: Timestamp::now(),
                by: Actor::Supervisor("sofia".into()),
            };
            let secrets = Secrets::of(&stored.ticket, &[right]);
            let reader = Reader::open(&dir, None).expect("a journal");
            let fixture = make_fixture(&replayer, reader, &secrets).expect("a fixture");
            assert_eq!(fixture.differs_at, None, "{value:?}");
            let expected = fixture.files.iter().find(|(file, _)| *file == "expected.toml");
            let expected = String::from_utf8_lossy(&expected.expect("a file").1).to_lowercase();
            nobody_in(&expected, "expected.toml");
            let left = ["nguyễn", "huệ", "hill"].iter().find(|word| expected.contains(**word));
            assert_eq!(left, None, "{value:?}: {expected}");
        }
    })
    .await;
}
