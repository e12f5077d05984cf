//! Recordings and journals from the first word to the last trace: sealed calls of a real server,
//! kept where the configuration says, read again, held, purged and erased.

use crate::callbacks::desk::{Desk, anna, hours, supervisor};
use crate::callbacks::on_both;
use crate::support::caller::Caller;
use crate::support::calls::{SECRET, keys, record};
use crate::support::house::{House, PROMPT_HZ, has_espeak};
use crate::support::s3::S3;
use crate::support::server::Served;
use crate::support::skipped;
use spillway::store::{Archive, ArchivePlace, CustodyError, ErasureGrounds, TicketStore, call_dir};
use spillway::ticket::{Act, CallId, Stage, Ticket, TicketNumber};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const KEEP_DAYS: u32 = 30;
/// How long anything may take; a place that was out of reach is tried again after 15 s.
const PATIENCE: Duration = Duration::from_secs(60);

/// Every file below `dir`, in the order of their names.
fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = vec![];
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

async fn until(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The calls of a desk's tickets, recorded and kept.
struct Kept {
    desk: Desk,
    archive: Archive,
    data: tempfile::TempDir,
}

impl Kept {
    fn new(desk: Desk) -> Kept {
        let data = tempfile::tempdir().expect("a folder");
        let place = ArchivePlace::Directory(data.path().join("kept"));
        let keys = keys(data.path(), 1);
        let archive = Archive::open(data.path(), &place, Some(keys)).expect("an archive");
        Kept { desk, archive, data }
    }

    async fn call(&mut self, from: &str, name: &str, need: &str) -> TicketNumber {
        let number = self.desk.received(from, name, need).await;
        let call = self.call_of(number).await;
        record(self.data.path(), self.archive.keys(), &call.0, 3).await;
        self.archive.keep(&call, self.desk.now).await.expect("kept");
        number
    }

    async fn call_of(&self, number: TicketNumber) -> CallId {
        self.ticket(number).await.call_id
    }

    async fn ticket(&self, number: TicketNumber) -> Ticket {
        self.desk.store.get(number).await.expect("read").expect("there").ticket
    }

    async fn settle(&self, number: TicketNumber) {
        let stage = self.desk.callback(number).await.stage;
        if stage.is_pending() {
            self.desk.does(number, Act::Cancel, &supervisor()).await;
        }
    }

    async fn has_files(&self, number: TicketNumber) -> bool {
        !self.archive.files(&self.call_of(number).await).await.expect("listed").is_empty()
    }

    async fn purge(&self) -> (usize, u64) {
        let (store, now) = (&self.desk.store, self.desk.now);
        let would = store.purgeable(&self.archive, now, KEEP_DAYS).await.expect("listed");
        let purged = store.purge(&self.archive, now, KEEP_DAYS).await.expect("purged");
        assert!(purged.removal.failed.is_empty());
        assert_eq!((purged.removal.removed.len(), purged.stay), (would.0.len(), would.1));
        (purged.removal.removed.len(), purged.stay)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_goes_unless_it_is_held_or_still_needed() {
    on_both(async |desk| {
        let mut kept = Kept::new(desk);
        let closed = kept.call("+84901000001", "Mary Johnson", "rice").await;
        let open = kept.call("+84901000002", "John Smith", "water").await;
        let held = kept.call("+84901000003", "Eve Adams", "boat").await;
        let repeat = kept.call("+84901000003", "Eve Adams", "boat").await;
        assert_eq!(kept.desk.callback(repeat).await.stage.name(), "merged");
        kept.settle(closed).await;
        kept.settle(held).await;
        let store = kept.desk.store.clone();
        let now = kept.desk.now;
        let refused = store.hold(held, " ", &supervisor(), now).await;
        assert!(matches!(refused, Err(CustodyError::Reason)));
        let refused = store.hold(held, "court file 7", &anna(), now).await;
        assert!(matches!(refused, Err(CustodyError::NotAllowed)));
        store.hold(held, "court file 7", &supervisor(), now).await.expect("held");
        // A call that left no ticket.
        record(kept.data.path(), kept.archive.keys(), "nobody", 3).await;
        kept.archive.keep(&CallId("nobody".into()), now).await.expect("kept");

        kept.desk.at(hours(24 * 30));
        assert_eq!(kept.purge().await, (0, 0), "none is older than 30 days");
        kept.desk.at(hours(1));
        assert_eq!(kept.purge().await, (2, 3), "the closed one's and nobody's go");
        assert_eq!(kept.purge().await, (0, 3), "once");
        assert!(!kept.has_files(closed).await);
        let gone = store.get(closed).await.expect("read").expect("there").files_gone_unix_ms;
        assert_eq!(gone, Some(kept.desk.now.as_millisecond()));
        for stays in [open, held, repeat] {
            assert!(kept.has_files(stays).await, "ticket {stays}");
        }
        store.release(held, &supervisor(), kept.desk.now).await.expect("released");
        kept.settle(open).await;
        assert_eq!(kept.purge().await, (3, 0));
        kept.desk.check_audit().await;
        let acts = acts(&store).await;
        assert_eq!(acts.iter().filter(|a| *a == "purge").count(), 5);
        assert!(acts.contains(&"hold".into()) && acts.contains(&"release_hold".into()));
    })
    .await;
}

async fn acts(store: &TicketStore) -> Vec<String> {
    let events = store.events((0, 0), 1_000).await.expect("read");
    events.into_iter().map(|e| e.act).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_erased_and_the_others_stay() {
    on_both(async |desk| {
        let mut kept = Kept::new(desk);
        let first = kept.call("+84901000001", "Mary Johnson", "rice").await;
        let again = kept.call("+84901000001", "Mary Johnson", "rice").await;
        let other = kept.call("+84901000002", "John Smith", "water").await;
        let running = kept.desk.call("0901000001", "Mary Johnson", "tent").await;
        let note = Act::Note { text: "Mary lives beside the mill".into() };
        kept.desk.does(first, Act::Claim, &anna()).await;
        kept.desk.does(first, note, &anna()).await;
        let (store, now) = (kept.desk.store.clone(), kept.desk.now);
        // A supervisor had taken somebody else's ticket for theirs.
        store.merge(first, other, false, &supervisor(), now).await.expect("merged");

        assert!(store.of_caller("mary").await.expect("read").is_none());
        let found = store.of_caller("+84 90 100 00 01").await.expect("read").expect("a number");
        let found: Vec<TicketNumber> = found.into_iter().map(|s| s.number).collect();
        assert_eq!(found, [first, again, running]);
        let erase = async |numbers: &[TicketNumber]| {
            store
                .erase(&kept.archive, numbers, &ErasureGrounds::default(), &supervisor(), now)
                .await
        };
        let refused = erase(&found).await;
        assert!(matches!(refused, Err(CustodyError::Running(n)) if n == running), "{refused:?}");
        kept.desk.hang_up(running).await;
        store.hold(first, "court file 7", &supervisor(), now).await.expect("held");
        for number in [first, again] {
            // The repeat call's ticket is held with the one that stands for it.
            let refused = erase(&[number]).await;
            assert!(matches!(refused, Err(CustodyError::Held(n)) if n == first), "{refused:?}");
        }
        assert!(kept.has_files(first).await && !kept.ticket(first).await.caller_id.is_empty());
        store.release(first, &supervisor(), now).await.expect("released");
        let erased = erase(&found).await.expect("erased");
        assert_eq!((erased.tickets, erased.removal.failed.len()), (found.clone(), 0));

        for number in found {
            assert!(!kept.has_files(number).await);
            let stored = store.get(number).await.expect("read").expect("there");
            assert!(!stored.callback.stage.is_pending(), "nobody could ring");
            let told = serde_json::to_string(&stored).expect("json");
            for personal in ["Mary", "Johnson", "901000001", "rice", "mill", "Garden"] {
                assert!(!told.contains(personal), "{personal}: {told}");
            }
            assert_eq!(
                (stored.ticket.hotline.as_str(), stored.ticket.language.as_str()),
                ("demo", "en")
            );
        }
        // What another node had not saved yet does not bring it back.
        let late = Ticket { revision: 999, ..kept.ticket(other).await };
        let late = Ticket { call_id: kept.call_of(first).await, ..late };
        let stamps = spillway::store::Stamps { created_unix_ms: 0, updated_unix_ms: 1 };
        store.save(&late, stamps).await.expect("answered");
        assert_eq!(kept.ticket(first).await.callback_number, "");
        assert!(kept.has_files(other).await);
        assert_eq!(kept.desk.callback(other).await.stage, Stage::Open, "stands for itself again");
        assert_eq!(kept.ticket(other).await.callback_number, "+84901000002");
        assert_eq!(store.of_caller("+84901000001").await.expect("read"), Some(vec![]));
        kept.desk.check_audit().await;
    })
    .await;
}

/// Prompts as tones, no recogniser, and `more` of the configuration.
fn house(more: &str) -> House {
    let house = House::toned(&format!("[engines]\nrecognizer = 'none'\n{more}"));
    keys(&house.path(""), 1);
    house
}

/// Calls and talks until `frames` are over.
async fn talk(server: &Served, frames: usize) -> Caller {
    let mut caller = Caller::dial(server.sip, "+84901234567").await.expect("answered");
    caller.hears(PROMPT_HZ[0].1).await;
    caller.quiet(20 * frames as u64).await;
    caller
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_call_outlives_its_server_and_is_replayed_handed_out_and_erased() {
    if !has_espeak() {
        return skipped("espeak-ng is not installed");
    }
    let house = house("[recordings]\nkey_file = 'recordings.key'\ndirectory = 'kept'");
    let server = Served::start(&house).await;
    let caller = talk(&server, 100).await;
    server.kill().await;
    let call = caller.call_id.clone();
    let local = call_dir(&house.data_dir(), &call).expect("a name");
    let names = |dir: &Path| -> Vec<String> {
        let name = |f: &PathBuf| f.file_name().expect("a name").to_string_lossy().into_owned();
        files_below(dir).iter().map(name).collect()
    };
    assert_eq!(names(&local), ["audio.wav.sealed", "journal.jsonl.sealed"]);

    let server = Served::start(&house).await;
    let kept = house.path("kept/calls").join(&call.0);
    until("kept", || names(&kept).len() == 2 && !local.exists()).await;
    let calls = house.path("kept/calls");
    let replay = ["replay", "--json", "--journal", calls.to_str().expect("utf-8")];
    let replayed = house.spillway(&replay).await;
    let told = String::from_utf8_lossy(&replayed.stdout);
    assert!(replayed.status.success() && told.contains("\"same\""), "{told}");

    let listed = text(&house, &["recordings", "list", "--json"]).await;
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("json");
    assert_eq!((&listed[0]["ticket"], &listed[0]["encrypted"]), (&1.into(), &true.into()));
    let shown = text(&house, &["tickets", "show", "1"]).await;
    assert!(shown.contains("audio.wav.sealed"), "{shown}");
    let out = house.path("out");
    text(&house, &["recordings", "get", "1", "--to", out.to_str().expect("utf-8")]).await;
    let wav = hound::WavReader::open(out.join("audio.wav")).expect("a wav");
    assert!(wav.duration() > 8_000, "{} samples", wav.duration());

    let shown = house.path("shown");
    let to = shown.to_str().expect("utf-8");
    text(&house, &["recordings", "get", "1", "--to", to, "--redact"]).await;
    assert_eq!(names(&shown), ["audio.wav", "transcript.txt"], "and no journal");
    let redacted = hound::WavReader::open(shown.join("audio.wav")).expect("a wav");
    // The recording of a call that was cut off holds more than its journal tells of.
    let kept_samples = 8_000..=wav.duration();
    assert!(kept_samples.contains(&redacted.duration()), "{}", redacted.duration());
    let transcript = std::fs::read_to_string(shown.join("transcript.txt")).expect("text");
    assert!(transcript.contains("bot") && !transcript.contains("567"), "{transcript}");
    let csv = text(&house, &["tickets", "export", "--redact", "--format", "csv"]).await;
    assert!(csv.contains("demo-en") && !csv.contains("4567"), "{csv}");

    text(&house, &["recordings", "hold", "1", "--reason", "court file 7"]).await;
    let erase = ["recordings", "erase", "--number", "+84901234567"];
    let refused = house.spillway(&erase).await;
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("ticket 1 is under legal hold"), "{told}");
    text(&house, &["recordings", "release", "1"]).await;
    let would = text(&house, &[&erase[..], &["--dry-run"]].concat()).await;
    assert!(would.contains("tickets would be emptied: 1\n") && kept.exists(), "{would}");
    let erased = text(&house, &erase).await;
    assert!(erased.contains("tickets emptied: 1\n") && !kept.exists(), "{erased}");
    let shown = text(&house, &["tickets", "show", "1"]).await;
    assert!(shown.contains("recording  removed") && !shown.contains("84901234567"), "{shown}");
    // What was noted is sealed, and listed, within a second or two.
    let log = text(&house, &["audit", "list"]).await;
    assert!(log.contains("audio.wav, redacted"), "{log}");
    server.terminate();
    assert!(server.ended(PATIENCE).await.success());
    let verified = text(&house, &["audit", "verify"]).await;
    assert!(verified.contains("holds"), "{verified}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_while_the_bucket_is_gone_and_their_files_follow() {
    if !has_espeak() {
        return skipped("espeak-ng is not installed");
    }
    let mut s3 = S3::start();
    let mut house = house(&format!("[recordings]\nkey_file = 'recordings.key'\n{}", s3.config()));
    let unset = house.spillway(&["recordings", "list"]).await;
    let told = String::from_utf8_lossy(&unset.stderr).into_owned();
    assert!(told.contains("AWS_ACCESS_KEY_ID is not set"), "{told}");
    house.env.extend(S3::env());
    s3.stop();
    let server = Served::start(&house).await;
    let mut calls = vec![];
    for _ in 0..2 {
        let caller = talk(&server, 20).await;
        calls.push(caller.call_id.clone());
        caller.hang_up().await;
        house.ended(&house.store().await, &calls[calls.len() - 1]).await;
    }
    let here = || files_below(&house.data_dir().join("calls")).len();
    assert_eq!(here(), 4, "they wait");
    let logged = || std::fs::read_to_string(house.path("serve.log")).unwrap_or_default();
    until("told", || logged().contains("recordings wait in data_dir")).await;
    s3.resume();
    let uploaded = || files_below(&s3.folder().join("calls")).len();
    until("uploaded", || here() == 0 && uploaded() == 4).await;
    assert_eq!(logged().matches("recordings wait in data_dir").count(), 1, "once:\n{}", logged());
    for file in files_below(&s3.folder().join("calls")) {
        let bytes = std::fs::read(&file).expect("read");
        assert!(bytes.starts_with(b"SPWSEAL1"), "{}", file.display());
    }
    let out = house.path("out");
    text(&house, &["recordings", "get", "2", "--to", out.to_str().expect("utf-8")]).await;
    let replay = ["replay", "--json", "--journal", out.to_str().expect("utf-8")];
    let told = text(&house, &replay).await;
    assert!(told.contains("\"same\""), "{told}");
    server.terminate();
    assert!(server.ended(PATIENCE).await.success());
}

/// What the program prints when it is successful.
async fn text(house: &House, args: &[&str]) -> String {
    let output = house.spillway(args).await;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?}: {error}");
    String::from_utf8(output.stdout).expect("utf-8")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_purges_by_age_and_says_what_is_wrong() {
    let house = house("[recordings]\nkeep_days = 7\ndirectory = 'kept'");
    let config = house.config();
    text(&house, &["migrate"]).await;
    record(&config.data_dir, None, "old", 3).await;
    let archive = Archive::of(&config).expect("an archive");
    let long_ago = "2024-02-29T12:00:00Z".parse().expect("a time");
    archive.keep(&CallId("old".into()), long_ago).await.expect("kept");
    let kept = house.path("kept/calls/old/journal.jsonl");
    assert!(std::fs::read_to_string(&kept).expect("plain").contains(SECRET));
    let listed = text(&house, &["recordings", "list"]).await;
    assert!(listed.contains("-      -       old   0.0 MB  no         -"), "{listed}");
    let would = text(&house, &["recordings", "purge", "--dry-run"]).await;
    assert!(would.contains("would be removed of 1 calls") && kept.exists(), "{would}");
    let json = text(&house, &["recordings", "purge", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json).expect("json");
    assert_eq!(json["calls"], serde_json::json!(["old"]));
    assert!(!kept.exists());
    let seldom = house.spillway(&["recordings", "hold", "9", "--reason", "x"]).await;
    assert_eq!(seldom.status.code(), Some(1));
    let wrong = house.spillway(&["recordings", "erase", "--number", "0901234567"]).await;
    let told = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(told.contains("country code"), "{told}");
    let mut keyed = self::house("");
    keyed.env.push(("SPILLWAY_RECORDINGS_KEYS", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="));
    text(&keyed, &["migrate"]).await;
    assert!(text(&keyed, &["recordings", "list"]).await.starts_with("nothing is kept in "));
    let mut twice = self::house("[recordings]\nkey_file = 'recordings.key'");
    twice.env.append(&mut keyed.env);
    let told = twice.spillway(&["recordings", "list"]).await.stderr;
    let told = String::from_utf8_lossy(&told).into_owned();
    assert!(told.contains("SPILLWAY_RECORDINGS_KEYS are both set"), "{told}");
    for (more, want) in [
        ("key_file = 'missing.key'", "missing.key: cannot be read"),
        ("keep_days = 0", "recordings.keep_days: is 0; choose 1 to 36500 days"),
        ("directory = 'a'\n[recordings.s3]\nbucket = 'b'", "recordings.directory: is there beside"),
    ] {
        let house = self::house(&format!("[recordings]\n{more}"));
        let refused = house.spillway(&["serve"]).await;
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(refused.status.code() == Some(2) && told.contains(want), "{more}: {told}");
    }
}
