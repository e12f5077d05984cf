//! A process killed in mid-call, and what stands after the next start.

use crate::arbitrary;
use crate::call_log::{frame, header};
use crate::support::house::demo_hotline;
use rand::Rng;
use spillway::call::{Call, Input, Output};
use spillway::journal::{Ending, Entry, Reader};
use spillway::store::{
    CallLog, Stamps, StoreOptions, TicketFilter, TicketStore, Writer, call_dir, recording_of,
    recover,
};
use spillway::ticket::{CallId, Consent, Priority, Ticket, TicketStatus};
use spillway::time::CallTime;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const CALL: &str = "67e55044-10b1-426f-9247-bb680e5fe0c8";
const NOW_UNIX_MS: i64 = 1_800_000_000_000;
const SIGKILL: i32 = 9;

fn call_id() -> CallId {
    CallId(CALL.into())
}

fn ticket(revision: u32) -> Ticket {
    Ticket {
        call_id: call_id(),
        revision,
        hotline: "demo".into(),
        language: "en".into(),
        caller_id: "+84901234567".into(),
        callback_number: format!("+849{revision:08}"),
        consent: Consent::Given,
        priority: Priority::Normal,
        status: TicketStatus::Taking,
        slots: vec![],
        complete: false,
        to_be_transcribed: false,
        message: vec![],
        rating: None,
        inquiry: None,
        facts: vec![],
    }
}

fn stamps() -> Stamps {
    let created_unix_ms = arbitrary::caller_facts(CALL).answered_unix_ms;
    Stamps { created_unix_ms, updated_unix_ms: created_unix_ms }
}

/// Takes a call for ever, ten times as fast as people talk, and tells what it has done.
#[test]
#[ignore = "the process that `killed_at_any_moment` kills; needs SPILLWAY_TEST_DATA_DIR"]
fn takes_a_call() {
    let data_dir = std::env::var("SPILLWAY_TEST_DATA_DIR").expect("SPILLWAY_TEST_DATA_DIR");
    let data_dir = Path::new(&data_dir);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = TicketStore::open(&StoreOptions::new(data_dir)).await.unwrap();
        let writer = Writer::start(None).unwrap();
        let mut log = CallLog::create(&writer, data_dir, &header(CALL)).unwrap();
        log.input(CallTime(0), &Input::Answered);
        let mut tick = tokio::time::interval(Duration::from_millis(2));
        for n in 0_usize.. {
            tick.tick().await;
            let now = CallTime(20 * n as u64);
            log.audio(now, &frame(n), &frame(n));
            tell(format_args!("frame {n}"));
            if n % 20 == 7 {
                let revision = n as u32 / 20 + 1;
                log.output(now, &Output::SaveTicket(Box::new(ticket(revision))));
                store.save(&ticket(revision), stamps()).await.unwrap();
                tell(format_args!("saved {revision}"));
            }
        }
    });
}

fn tell(what: std::fmt::Arguments) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "done {what}").and_then(|()| out.flush()).unwrap();
}

/// What the killed process had said.
#[derive(Debug, Default)]
struct Told {
    frames: usize,
    revision: u32,
}

/// Runs it for `life` and kills it.
fn kill_after(data_dir: &Path, life: Duration) -> Told {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "recovery::takes_a_call", "--ignored", "--nocapture"])
        .env("SPILLWAY_TEST_DATA_DIR", data_dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let reading = std::thread::spawn(move || {
        let mut told = Told::default();
        for line in out.lines() {
            let line = line.unwrap();
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["done", "frame", n] => told.frames = n.parse::<usize>().unwrap() + 1,
                ["done", "saved", n] => told.revision = n.parse().unwrap(),
                _ => {}
            }
        }
        told
    });
    std::thread::sleep(life);
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(SIGKILL), "it ended by itself: {status}");
    reading.join().unwrap()
}

/// Recovers and checks; gives the frames told of and not kept, `None` when there was no call yet.
async fn check_recovery(data_dir: &Path, told: &Told) -> Option<usize> {
    let store = TicketStore::open(&StoreOptions::new(data_dir)).await.unwrap();
    let report = recover(data_dir, &store, &demo_hotline(), None, NOW_UNIX_MS).await.unwrap();
    assert_eq!(report.problems, [] as [String; 0]);
    let again = recover(data_dir, &store, &demo_hotline(), None, NOW_UNIX_MS + 1).await.unwrap();
    assert!(again.recovered.is_empty() && again.problems.is_empty(), "{again:?}");
    let Some(recovered) = report.recovered.first() else {
        assert_eq!((told.frames, told.revision), (0, 0), "{told:?}");
        return None;
    };

    let dir = call_dir(data_dir, &call_id()).unwrap();
    let mut wav = hound::WavReader::open(dir.join("audio.wav")).unwrap();
    let frames = wav.duration() as usize / 160;
    assert!(frames + 50 >= told.frames, "{frames} frames of {told:?}");
    assert_eq!(recovered.sound_ms, 20 * frames as u64);
    let samples: Vec<i16> = wav.samples().map(Result::unwrap).collect();
    assert_eq!(samples.len(), 320 * frames);
    for (n, stereo) in samples.chunks_exact(320).enumerate() {
        assert!(stereo.chunks_exact(2).map(|p| p[0]).eq(frame(n).0), "frame {n}");
    }

    let mut reader = Reader::open(&dir, None).unwrap();
    let mut journal_revision = 0;
    for record in &mut reader {
        if let Entry::Out(Output::SaveTicket(ticket)) = record.unwrap().entry {
            journal_revision = ticket.revision;
        }
    }
    assert_eq!(reader.ending().map(|(_, e)| e), Some(Ending::Interrupted));

    let stored = store.by_call(&call_id()).await.unwrap();
    let stored = stored.expect("a ticket, however short the call");
    assert_eq!(recovered.number, stored.number);
    let taken = stored.ticket.revision - 1;
    assert!(taken >= told.revision && taken >= journal_revision, "{taken} {told:?}");
    let last = if taken == 0 {
        let begun = Call::new(demo_hotline(), arbitrary::caller_facts(CALL));
        Ticket { hotline: header(CALL).hotline, ..begun.ticket().clone() }
    } else {
        ticket(taken)
    };
    let want = Ticket { status: TicketStatus::Open, revision: taken + 1, ..last };
    assert_eq!(stored.ticket, want);
    assert_eq!((stored.hangup_cause, stored.updated_unix_ms), (None, NOW_UNIX_MS));
    assert!(stored.duration_ms.unwrap() >= recovered.sound_ms);
    Some(told.frames.saturating_sub(frames))
}

#[test]
fn killed_at_any_moment() {
    const KILLS: usize = 50;
    const AT_ONCE: usize = 5;
    let one = |_| {
        let data = tempfile::tempdir().unwrap();
        let life = Duration::from_millis(rand::rng().random_range(0..1_200));
        let told = kill_after(data.path(), life);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let missing = runtime.block_on(check_recovery(data.path(), &told));
        (missing, told)
    };
    let all: Vec<(Option<usize>, Told)> = std::thread::scope(|scope| {
        let batch = || (0..KILLS / AT_ONCE).map(one).collect::<Vec<_>>();
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(batch)).collect();
        threads.into_iter().flat_map(|t| t.join().unwrap()).collect()
    });
    let in_call = all.iter().filter(|(missing, _)| missing.is_some()).count();
    let worst = 20 * all.iter().filter_map(|(missing, _)| *missing).max().unwrap_or(0);
    let with_ticket = all.iter().filter(|(_, told)| told.revision > 0).count();
    println!(
        "{KILLS} kills: {in_call} in a call, {with_ticket} of them with a ticket saved; at most \
         {worst} ms of sound missing"
    );
    assert!(in_call >= KILLS / 3 && with_ticket >= KILLS / 5, "{in_call} {with_ticket}");
}

/// A call that was cut off, made in this process: the log is dropped without its end.
async fn cut_off(data_dir: &Path, outputs: &[Output]) {
    let writer = Writer::start(None).unwrap();
    let mut log = CallLog::create(&writer, data_dir, &header(CALL)).unwrap();
    for n in 0..100 {
        log.audio(CallTime(20 * n as u64), &frame(n), &frame(n));
    }
    for output in outputs {
        log.output(CallTime(2_000), output);
    }
    drop(log);
    writer.flush().await;
}

#[tokio::test]
async fn a_ticket_only_in_the_journal_is_saved() {
    let data = tempfile::tempdir().unwrap();
    let store = TicketStore::open(&StoreOptions::new(data.path())).await.unwrap();
    store.save(&ticket(2), stamps()).await.unwrap();
    cut_off(data.path(), &[3, 4].map(|r| Output::SaveTicket(Box::new(ticket(r))))).await;
    // As the process died it was writing this.
    let journal = call_dir(data.path(), &call_id()).unwrap().join("journal.jsonl");
    let mut file = std::fs::OpenOptions::new().append(true).open(journal).unwrap();
    file.write_all(b"{\"t\":2020,\"out\":{\"save_ti").unwrap();
    let told = Told { frames: 100, revision: 4 };
    assert_eq!(check_recovery(data.path(), &told).await, Some(0));
}

/// The header is on disk before the call is answered, the first ticket only after.
#[tokio::test]
async fn a_call_killed_before_its_first_ticket_has_one() {
    let data = tempfile::tempdir().unwrap();
    cut_off(data.path(), &[]).await;
    let told = Told { frames: 100, revision: 0 };
    assert_eq!(check_recovery(data.path(), &told).await, Some(0));
}

#[tokio::test]
async fn a_ticket_put_through_stays_closed() {
    let data = tempfile::tempdir().unwrap();
    let store = TicketStore::open(&StoreOptions::new(data.path())).await.unwrap();
    let closed = Ticket { status: TicketStatus::Closed, ..ticket(3) };
    cut_off(data.path(), &[Output::SaveTicket(Box::new(closed.clone()))]).await;
    recover(data.path(), &store, &demo_hotline(), None, NOW_UNIX_MS).await.unwrap();
    assert_eq!(store.by_call(&call_id()).await.unwrap().unwrap().ticket, closed);
}

#[tokio::test]
async fn a_declined_recording_does_not_come_back() {
    let data = tempfile::tempdir().unwrap();
    let store = TicketStore::open(&StoreOptions::new(data.path())).await.unwrap();
    cut_off(data.path(), &[Output::DiscardRecording]).await;
    // The process died before the file was gone.
    let wav = call_dir(data.path(), &call_id()).unwrap().join("audio.wav");
    std::fs::write(&wav, "sound nobody may keep").unwrap();
    let report = recover(data.path(), &store, &demo_hotline(), None, NOW_UNIX_MS).await.unwrap();
    assert_eq!(report.recovered[0].sound_ms, 0);
    assert_eq!(recording_of(data.path(), &call_id()), None);
}

#[tokio::test]
async fn damage_in_one_call_is_named_and_keeps_no_other_from_recovery() {
    let data = tempfile::tempdir().unwrap();
    let store = TicketStore::open(&StoreOptions::new(data.path())).await.unwrap();
    cut_off(data.path(), &[Output::SaveTicket(Box::new(ticket(1)))]).await;
    let bad = data.path().join("calls/damaged");
    std::fs::create_dir(&bad).unwrap();
    std::fs::write(bad.join("journal.jsonl"), "not a journal\n").unwrap();
    let report = recover(data.path(), &store, &demo_hotline(), None, NOW_UNIX_MS).await.unwrap();
    assert_eq!(report.recovered.len(), 1);
    assert_eq!(report.problems.len(), 1);
    assert!(report.problems[0].contains("calls/damaged/journal.jsonl: line 1"), "{report:?}");
}

#[tokio::test]
async fn a_ticket_whose_journal_is_gone_is_opened() {
    let data = tempfile::tempdir().unwrap();
    let store = TicketStore::open(&StoreOptions::new(data.path())).await.unwrap();
    let number = store.save(&ticket(3), stamps()).await.unwrap();
    recover(data.path(), &store, &demo_hotline(), None, NOW_UNIX_MS).await.unwrap();
    let all = store.list(&TicketFilter::default()).await.unwrap();
    assert_eq!((all.len(), all[0].number), (1, number));
    assert_eq!(all[0].callback.stage, spillway::ticket::Stage::Open, "somebody calls back");
}
