//! Files of calls that are over: kept, read in parts, purged, erased; in a directory and in S3.

use crate::support::calls::{SECRET, keys, record};
use crate::support::s3::S3;
use jiff::{Timestamp, ToSpan};
use spillway::journal::{JOURNAL_FILE, RECORDING_FILE};
use spillway::seal::{Keys, SealError};
use spillway::store::{Archive, ArchiveError, ArchivePlace, call_dir};
use spillway::ticket::CallId;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ENDED: &str = "2026-03-01T10:00:00Z";

fn id(call: &str) -> CallId {
    CallId(call.into())
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

/// What a plain recording and journal of the same call hold.
async fn plain(frames: usize) -> (Vec<u8>, Vec<u8>) {
    let data = tempfile::tempdir().unwrap();
    record(data.path(), None, "same", frames).await;
    let dir = call_dir(data.path(), &id("same")).unwrap();
    let read = |file: &str| std::fs::read(dir.join(file)).unwrap();
    (read(RECORDING_FILE), read(JOURNAL_FILE))
}

/// Every file below `dir`.
fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = vec![];
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}

/// Runs `story` with calls archived in place, in another directory, and in S3; sealed and plain.
async fn everywhere(story: impl AsyncFn(&Path, Archive, Option<Keys>)) {
    let s3 = S3::start();
    for sealed in [false, true] {
        for place in 0..3 {
            let (data, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let place = match place {
                0 => ArchivePlace::DataDir,
                1 => ArchivePlace::Directory(other.path().join("deep/down")),
                _ => s3.bucket(if sealed { "sealed/calls" } else { "" }),
            };
            let keys = sealed.then(|| keys(other.path(), 1));
            let archive = Archive::open(data.path(), &place, keys.clone()).unwrap();
            story(data.path(), archive, keys).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_kept_and_read_back_in_any_part() {
    let (wav, journal) = plain(120).await;
    everywhere(async |data: &Path, archive, keys| {
        let call = id("same");
        record(data, keys.as_ref(), "same", 120).await;
        let local = call_dir(data, &call).unwrap();
        // Before, after, and after once more: the same bytes.
        for round in 0..3 {
            let file = archive.open_file(&call, RECORDING_FILE).await.unwrap();
            assert!(file.is_whole());
            assert_eq!(file.bytes(), wav.len() as u64);
            let total = wav.len() as u64;
            let ends = [0, 1, 43, 44, 45, 683, 684, 685, 40_000, total - 1, total, total + 9];
            for start in ends {
                for end in ends.into_iter().filter(|&end| end >= start) {
                    let got = file.read_range(start..end).await.unwrap();
                    let want = start.min(total) as usize..end.min(total) as usize;
                    assert!(got == wav[want], "{start}..{end} in round {round}");
                }
            }
            let words = archive.read_range(&call, JOURNAL_FILE, 0..u64::MAX).await.unwrap();
            assert_eq!(words, journal);
            let kept = archive.keep(&call, at(ENDED)).await.unwrap();
            let in_place = archive.name() == data.display().to_string();
            assert_eq!(kept.len(), if in_place || round > 0 { 0 } else { 2 });
            assert_eq!(local.exists(), in_place);
        }
        let files: Vec<String> =
            archive.list().await.unwrap().into_iter().map(|f| f.file).collect();
        let want = [RECORDING_FILE, JOURNAL_FILE]
            .map(|f| if keys.is_some() { format!("{f}.sealed") } else { f.to_string() });
        assert_eq!(files, want);
        let missing = archive.open_file(&call, "other").await;
        assert!(matches!(missing, Err(ArchiveError::Missing { .. })));
        let outside = archive.read_range(&call, "../same/audio.wav", 0..9).await;
        assert!(matches!(outside, Err(ArchiveError::Missing { .. })));
        assert!(archive.open_file(&id("../same"), RECORDING_FILE).await.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_plain_is_sealed_on_its_way() {
    let (wav, journal) = plain(60).await;
    let (data, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for place in [ArchivePlace::DataDir, ArchivePlace::Directory(other.path().into())] {
        record(data.path(), None, "same", 60).await;
        let archive = Archive::open(data.path(), &place, Some(keys(other.path(), 2))).unwrap();
        let call = id("same");
        archive.keep(&call, at(ENDED)).await.unwrap();
        for file in files_below(data.path()).into_iter().chain(files_below(other.path())) {
            let bytes = std::fs::read(&file).unwrap();
            let found = bytes.windows(SECRET.len()).any(|w| w == SECRET.as_bytes());
            assert!(!found && !bytes.starts_with(b"RIFF"), "{}", file.display());
        }
        let read = |file: &'static str| archive.read_range(&call, file, 0..u64::MAX);
        assert!(read(RECORDING_FILE).await.unwrap() == wav);
        assert_eq!(read(JOURNAL_FILE).await.unwrap(), journal);
        // The keys were rotated away; nothing is given, and the fix is told.
        let older = Archive::open(data.path(), &place, Some(keys(other.path(), 1))).unwrap();
        let refused = older.open_file(&call, JOURNAL_FILE).await.err().unwrap();
        assert!(matches!(refused, ArchiveError::Sealed(SealError::NoSuchKey { .. })));
        assert!(archive.erase(&[call]).await.failed.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_is_the_data_directory_by_another_name_loses_nothing() {
    let (data, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let link = other.path().join("link");
    std::os::unix::fs::symlink(data.path(), &link).unwrap();
    record(data.path(), None, "a", 10).await;
    let archive = Archive::open(data.path(), &ArchivePlace::Directory(link), None).unwrap();
    assert_eq!(archive.keep(&id("a"), at(ENDED)).await.unwrap(), []);
    assert_eq!(archive.files(&id("a")).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_calls_go_and_young_ones_stay() {
    everywhere(async |data: &Path, archive, keys| {
        let ends = [
            ("old", "2026-01-01T00:00:00Z"),
            ("edge", "2026-01-31T12:00:00Z"),
            ("young", "2026-01-31T12:00:00.001Z"),
            ("other-day", "2026-02-03T00:00:00Z"),
        ];
        for (call, ended) in ends {
            record(data, keys.as_ref(), call, 3).await;
            archive.keep(&id(call), at(ended)).await.unwrap();
        }
        let check = async |now: &str, want: &[&str]| {
            let due = archive.due(at(now), 30).await.unwrap();
            let removal = archive.purge(due).await;
            let gone: Vec<&str> = removal.removed.iter().map(|r| r.call.0.as_str()).collect();
            assert_eq!(gone, want, "at {now}");
            assert!(removal.removed.iter().all(|r| r.files.len() == 2), "{removal:?}");
            assert!(removal.failed.is_empty());
        };
        check("2026-01-31T00:00:00Z", &[]).await;
        check("2026-03-02T12:00:00Z", &["old"]).await;
        check("2026-03-02T12:00:00.001Z", &["edge"]).await;
        check("2026-03-02T12:00:00.001Z", &[]).await;
        check("2026-04-01T00:00:00Z", &["other-day", "young"]).await;
        assert_eq!(archive.list().await.unwrap(), []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_does_not_come_back() {
    everywhere(async |data: &Path, archive, keys| {
        for call in ["kept", "waiting", "stays"] {
            record(data, keys.as_ref(), call, 3).await;
        }
        archive.keep(&id("kept"), at(ENDED)).await.unwrap();
        archive.keep(&id("stays"), at(ENDED)).await.unwrap();
        let calls = [id("waiting"), id("kept"), id("never")];
        let removal = archive.erase(&calls).await;
        let gone: Vec<(String, usize)> =
            removal.removed.iter().map(|r| (r.call.0.clone(), r.files.len())).collect();
        let want = [("kept", 2), ("never", 0), ("waiting", 2)].map(|(c, n)| (c.to_string(), n));
        assert_eq!(gone, want);
        // As if another node still had it.
        record(data, keys.as_ref(), "waiting", 3).await;
        assert_eq!(archive.keep(&id("waiting"), at(ENDED)).await.unwrap(), []);
        for call in calls {
            assert!(!call_dir(data, &call).unwrap().exists());
            assert_eq!(archive.files(&call).await.unwrap(), []);
        }
        assert_eq!(archive.files(&id("stays")).await.unwrap().len(), 2);
        // The note is forgotten once the call would be purged anyway.
        archive.forget_erased(Timestamp::now() + 72.hours(), 1).await.unwrap();
        let erased =
            files_below(data).into_iter().filter(|f| f.display().to_string().contains("erased"));
        assert_eq!(erased.count(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_archive_no_loss() {
    let s3 = S3::start();
    let data = tempfile::tempdir().unwrap();
    record(data.path(), None, "a", 10).await;
    let bucket = s3.bucket("");
    let archive = Archive::open(data.path(), &bucket, None).unwrap();
    drop(s3);
    let refused = archive.keep(&id("a"), at(ENDED)).await.unwrap_err();
    assert!(matches!(refused, ArchiveError::Place { .. }), "{refused}");
    assert_eq!(archive.unkept().await.unwrap(), [id("a")]);
    // What is here can be played all the same.
    assert!(archive.open_file(&id("a"), RECORDING_FILE).await.unwrap().is_whole());
}

const CHILD: &str = "SPILLWAY_TEST_KEEP";

/// Keeps what is there, again and again, until it is killed; not a test of itself.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by killed_at_any_moment_nothing_is_lost"]
async fn keeper() {
    let Ok(dirs) = std::env::var(CHILD) else { return };
    let (data, other) = dirs.split_once(':').unwrap();
    let (data, other) = (Path::new(data), Path::new(other));
    let place = ArchivePlace::Directory(other.join("archive"));
    let archive = Archive::open(data, &place, Some(keys(other, 1))).unwrap();
    for call in archive.unkept().await.unwrap() {
        archive.keep(&call, at(ENDED)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_nothing_is_lost() {
    let (wav, journal) = plain(100).await;
    let (data, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    keys(other.path(), 1);
    let dirs = format!("{}:{}", data.path().display(), other.path().display());
    let (mut calls, mut killed) = (0, 0);
    let begun = Instant::now();
    while killed < 40 && begun.elapsed() < Duration::from_secs(60) {
        // Plain ones, so that sealing too is killed.
        while calls < 6 * (killed + 1) {
            record(data.path(), None, &format!("same-{calls}"), 100).await;
            calls += 1;
        }
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "archive::keeper", "--ignored", "--test-threads=1"]);
        let child = child.env(CHILD, &dirs).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = child.unwrap();
        // It is killed when it has come a little further each time.
        let marks = other.path().join("archive/calls");
        let (enough, since) = (files_below(&marks).len() + 1 + killed % 9, Instant::now());
        while files_below(&marks).len() < enough && since.elapsed() < Duration::from_secs(5) {
            if child.try_wait().unwrap().is_some() {
                break;
            }
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        killed += 1;
    }
    let place = ArchivePlace::Directory(other.path().join("archive"));
    let archive = Archive::open(data.path(), &place, Some(keys(other.path(), 1))).unwrap();
    let waiting = archive.unkept().await.unwrap();
    for call in &waiting {
        archive.keep(call, at(ENDED)).await.unwrap();
    }
    assert_eq!(archive.unkept().await.unwrap(), []);
    for n in 0..calls {
        let call = id(&format!("same-{n}"));
        let read = |file: &'static str| archive.read_range(&call, file, 0..u64::MAX);
        assert!(read(RECORDING_FILE).await.unwrap() == wav, "{call}");
        let words = String::from_utf8(read(JOURNAL_FILE).await.unwrap()).unwrap();
        let want = String::from_utf8(journal.clone()).unwrap();
        assert_eq!(words, want.replace("\"same\"", &format!("\"{call}\"")));
    }
    println!("{killed} kills, {calls} calls, {} were left to the last run", waiting.len());
}

/// How fast files come and go; run with --ignored --nocapture, S3 on loopback.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn archive_speed() {
    let s3 = S3::start();
    // Three minutes, 5.8 MB.
    let (frames, calls) = (9_000, 20);
    for sealed in [false, true] {
        for place in 0..2 {
            let (data, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let (name, place) = match place {
                0 => ("directory", ArchivePlace::Directory(other.path().into())),
                _ => ("S3", s3.bucket("speed")),
            };
            let keys = sealed.then(|| keys(other.path(), 1));
            let archive = Archive::open(data.path(), &place, keys.clone()).unwrap();
            let calls: Vec<CallId> = (0..calls).map(|n| id(&format!("{sealed}-{n}"))).collect();
            for call in &calls {
                record(data.path(), keys.as_ref(), &call.0, frames).await;
            }
            let (begun, mut bytes) = (Instant::now(), 0);
            for call in &calls {
                let kept = archive.keep(call, at(ENDED)).await.unwrap();
                bytes += kept.iter().map(|f| f.bytes).sum::<u64>();
            }
            let keep = bytes as f64 / 1e6 / begun.elapsed().as_secs_f64();
            let (begun, mut read) = (Instant::now(), 0);
            for call in &calls {
                read += archive.read_range(call, RECORDING_FILE, 0..u64::MAX).await.unwrap().len();
            }
            let get = read as f64 / 1e6 / begun.elapsed().as_secs_f64();
            let mut open = vec![];
            let mut seek = vec![];
            for call in &calls {
                let begun = Instant::now();
                let file = archive.open_file(call, RECORDING_FILE).await.unwrap();
                open.push(begun.elapsed());
                for n in 0..5 {
                    let begun = Instant::now();
                    let start = 1_000_000 * n + 123;
                    file.read_range(start..start + 160_000).await.unwrap();
                    seek.push(begun.elapsed());
                }
            }
            open.sort();
            seek.sort();
            println!(
                "{name}, sealed {sealed}: keep {keep:.0} MB/s, get {get:.0} MB/s, open {:?}, \
                 5 s at a place p50 {:?} p99 {:?}",
                open[open.len() / 2],
                seek[seek.len() / 2],
                seek[seek.len() * 99 / 100]
            );
        }
    }
}
