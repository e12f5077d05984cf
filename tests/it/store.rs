//! Tickets in SQLite.

use crate::arbitrary;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rand::seq::SliceRandom;
use spillway::call::HangupCause;
use spillway::store::{
    CallEnd, Order, Stamps, StoreError, StoreOptions, TicketFilter, TicketStore,
};
use spillway::ticket::{CallId, Ticket, TicketNumber, TicketStatus};
use sqlx::Connection;
use std::collections::BTreeSet;

fn stamps(ms: i64) -> Stamps {
    Stamps { created_unix_ms: 1_000, updated_unix_ms: ms }
}

fn any_ticket(call: &str, revision: u32) -> Ticket {
    let mut runner = TestRunner::deterministic();
    let mut ticket = arbitrary::ticket().new_tree(&mut runner).unwrap().current();
    ticket.call_id = CallId(call.into());
    ticket.revision = revision;
    ticket
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Saves of several calls, revisions in any order and repeated: the highest stays, whole.
    #[test]
    fn the_highest_revision_wins(
        saves in vec((0..3_u8, 1..6_u32, arbitrary::ticket()), 1..25),
    ) {
        let dir = tempfile::tempdir().unwrap();
        block_on(async {
            let store = TicketStore::open(&StoreOptions::new(dir.path())).await.unwrap();
            let mut newest: std::collections::BTreeMap<u8, (TicketNumber, i64, Ticket)> =
                Default::default();
            for (at, (call, revision, mut ticket)) in (1_i64..).zip(saves) {
                ticket.call_id = CallId(format!("call-{call}"));
                ticket.revision = revision;
                let number = store.save(&ticket, stamps(at)).await.unwrap();
                let next = TicketNumber(newest.len() as u64 + 1);
                let kept = newest.entry(call).or_insert_with(|| (next, at, ticket.clone()));
                prop_assert_eq!(number, kept.0);
                if revision > kept.2.revision {
                    (kept.1, kept.2) = (at, ticket);
                }
            }
            for (number, updated_unix_ms, ticket) in newest.into_values() {
                let stored = store.get(number).await.unwrap().unwrap();
                prop_assert_eq!(stored.created_unix_ms, 1_000);
                prop_assert!(stored.updated_unix_ms >= updated_unix_ms);
                prop_assert_eq!(&stored.ticket, &ticket);
                let by_call = store.by_call(&ticket.call_id).await.unwrap();
                prop_assert_eq!(by_call, Some(stored));
            }
            Ok(())
        })?;
    }
}

/// Four processes' worth of connections on one file, many calls, revisions in random order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_write_at_once() {
    const CALLS: u32 = 12;
    const REVISIONS: u32 = 6;
    let dir = tempfile::tempdir().unwrap();
    let mut stores = Vec::new();
    for _ in 0..4 {
        stores.push(TicketStore::open(&StoreOptions::new(dir.path())).await.unwrap());
    }
    let mut saves: Vec<(u32, u32)> =
        (0..CALLS).flat_map(|c| (1..=REVISIONS).map(move |r| (c, r))).collect();
    saves.shuffle(&mut rand::rng());
    let mut tasks = tokio::task::JoinSet::new();
    for (i, (call, revision)) in saves.into_iter().enumerate() {
        let store = stores[i % stores.len()].clone();
        tasks.spawn(async move {
            let ticket = any_ticket(&format!("call-{call}"), revision);
            (call, store.save(&ticket, stamps(i64::from(revision))).await.unwrap())
        });
    }
    let numbers: BTreeSet<_> = tasks.join_all().await.into_iter().collect();
    let mut given: Vec<u64> = numbers.iter().map(|(_, n)| n.0).collect();
    given.sort_unstable();
    assert_eq!(given, (1..=u64::from(CALLS)).collect::<Vec<_>>(), "one number for each call");
    let all = stores[0].list(&TicketFilter::default()).await.unwrap();
    assert_eq!(all.len(), CALLS as usize);
    for stored in all {
        assert_eq!(stored.ticket, any_ticket(&stored.ticket.call_id.0, REVISIONS));
        assert_eq!(stored.updated_unix_ms, i64::from(REVISIONS));
    }
}

#[tokio::test]
async fn filters_and_pages() {
    let dir = tempfile::tempdir().unwrap();
    let store = TicketStore::open(&StoreOptions::new(dir.path())).await.unwrap();
    for n in 1..=9_u32 {
        let mut ticket = any_ticket(&format!("call-{n}"), 1);
        ticket.status = if n % 2 == 0 { TicketStatus::Open } else { TicketStatus::Closed };
        ticket.hotline = if n > 6 { "flood".into() } else { "demo".into() };
        store.save(&ticket, stamps(1)).await.unwrap();
    }
    let check = async |filter: TicketFilter, want: &[u64]| {
        let got = store.list(&filter).await.unwrap();
        assert_eq!(got.iter().map(|t| t.number.0).collect::<Vec<_>>(), want, "{filter:?}");
    };
    let all = TicketFilter::default;
    let list = |name: &str| vec![name.to_string()];
    let flood = Some(list("flood"));
    check(all(), &[9, 8, 7, 6, 5, 4, 3, 2, 1]).await;
    check(TicketFilter { stages: list("open"), ..all() }, &[8, 6, 4, 2]).await;
    check(TicketFilter { stages: list("taking"), ..all() }, &[]).await;
    check(TicketFilter { hotlines: flood.clone(), ..all() }, &[9, 8, 7]).await;
    check(TicketFilter { limit: 2, ..all() }, &[9, 8]).await;
    let order = Order::Newest { before: Some(TicketNumber(8)) };
    check(TicketFilter { limit: 2, order, ..all() }, &[7, 6]).await;
    let both = TicketFilter { stages: list("put_through"), hotlines: flood, ..all() };
    check(both, &[9, 7]).await;
    check(TicketFilter { hotlines: Some(vec![]), ..all() }, &[]).await;
}

#[tokio::test]
async fn the_end_of_the_call_is_noted() {
    let dir = tempfile::tempdir().unwrap();
    let store = TicketStore::open(&StoreOptions::new(dir.path())).await.unwrap();
    let cause = Some(HangupCause::CallerHungUp);
    let end = CallEnd { cause, duration_ms: 63_000, ended_unix_ms: 64_000 };
    let silent = CallId("nobody-spoke".into());
    assert_eq!(store.finish(&silent, end).await.unwrap(), None);
    let ticket = any_ticket("call-1", 4);
    let number = store.save(&ticket, stamps(2_000)).await.unwrap();
    assert_eq!(store.finish(&ticket.call_id, end).await.unwrap(), Some(number));
    let stored = store.get(number).await.unwrap().unwrap();
    assert_eq!(
        (stored.hangup_cause, stored.duration_ms, stored.ended_unix_ms),
        (cause, Some(63_000), Some(64_000))
    );
    // A late save keeps it.
    store.save(&any_ticket("call-1", 5), stamps(65_000)).await.unwrap();
    let stored = store.get(number).await.unwrap().unwrap();
    assert_eq!((stored.hangup_cause, stored.ticket.revision), (cause, 5));
}

#[tokio::test]
async fn a_number_is_never_given_twice() {
    let dir = tempfile::tempdir().unwrap();
    let store = TicketStore::open(&StoreOptions::new(dir.path())).await.unwrap();
    for n in 1..=3 {
        store.save(&any_ticket(&format!("call-{n}"), 1), stamps(1)).await.unwrap();
        // Saving again must not use numbers up either.
        store.save(&any_ticket(&format!("call-{n}"), 2), stamps(1)).await.unwrap();
    }
    let url = format!("sqlite://{}", store.name());
    let mut raw = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("DELETE FROM tickets WHERE number = 3").execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    store.close().await;
    let store = TicketStore::open(&StoreOptions::new(dir.path())).await.unwrap();
    let number = store.save(&any_ticket("call-4", 1), stamps(1)).await.unwrap();
    assert_eq!(number, TicketNumber(4));
}

#[tokio::test]
async fn a_confidence_that_is_no_number_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = TicketStore::open(&StoreOptions::new(dir.path())).await.unwrap();
    let slot = any_slot();
    let mut ticket = any_ticket("call-1", 1);
    ticket.slots = vec![spillway::ticket::SlotRecord { confidence: f32::NAN, ..slot.clone() }];
    let number = store.save(&ticket, stamps(1)).await.unwrap();
    let stored = store.get(number).await.unwrap().unwrap();
    let want = spillway::ticket::SlotRecord { confidence: 0.0, ..slot };
    assert_eq!(stored.ticket.slots, [want]);
}

fn any_slot() -> spillway::ticket::SlotRecord {
    spillway::ticket::SlotRecord {
        slot: "name".into(),
        status: spillway::ticket::SlotStatus::Heard,
        value: "Nguyễn Thị Hoa".into(),
        parts: vec![("family".into(), "Nguyễn".into())],
        heard: "nguyễn thị hoa".into(),
        confidence: 0.5,
        audio: vec![],
    }
}

#[tokio::test]
async fn reading_needs_a_database_of_this_version() {
    let dir = tempfile::tempdir().unwrap();
    let missing = TicketStore::open_existing(&StoreOptions::new(dir.path())).await.unwrap_err();
    assert!(matches!(missing, StoreError::Missing { .. }), "{missing}");
    assert!(missing.to_string().contains("tickets.db: there are no tables yet; run"));
    assert!(!dir.path().join("tickets.db").exists(), "reading makes no file");

    TicketStore::open(&StoreOptions::new(dir.path())).await.unwrap().close().await;
    let store = TicketStore::open_existing(&StoreOptions::new(dir.path())).await.unwrap();
    let url = format!("sqlite://{}", store.name());
    store.close().await;
    let mut raw = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
                 execution_time) VALUES (9999, 'from the future', 1, x'00', 0)";
    sqlx::query(newer).execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    for result in [
        TicketStore::open_existing(&StoreOptions::new(dir.path())).await,
        TicketStore::open(&StoreOptions::new(dir.path())).await,
    ] {
        let error = result.unwrap_err();
        assert!(matches!(error, StoreError::Version { .. }), "{error}");
        assert!(error.to_string().contains("newer spillway"), "{error}");
    }
}

#[tokio::test]
async fn a_damaged_database_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tickets.db");
    std::fs::write(&file, "this is no database, it is a text of some length".repeat(200)).unwrap();
    let error = TicketStore::open(&StoreOptions::new(dir.path())).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(error.to_string().starts_with(&file.display().to_string()), "{error}");
}

#[tokio::test]
async fn a_row_edited_by_hand_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let store = TicketStore::open(&StoreOptions::new(dir.path())).await.unwrap();
    let number = store.save(&any_ticket("call-1", 1), stamps(1)).await.unwrap();
    let url = format!("sqlite://{}", store.name());
    let mut raw = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("UPDATE tickets SET callback = 'lost'").execute(&mut raw).await.unwrap();
    let error = store.get(number).await.unwrap_err();
    assert!(error.to_string().contains("ticket 1: callback: "), "{error}");
}

#[tokio::test]
async fn a_lock_held_too_long_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let store = TicketStore::open(&StoreOptions::new(dir.path())).await.unwrap();
    let url = format!("sqlite://{}", store.name());
    let mut raw = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut raw).await.unwrap();
    let error = store.save(&any_ticket("call-1", 1), stamps(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    // Reading goes on meanwhile.
    assert_eq!(store.list(&TicketFilter::default()).await.unwrap(), []);
    sqlx::query("ROLLBACK").execute(&mut raw).await.unwrap();
    store.save(&any_ticket("call-1", 1), stamps(1)).await.unwrap();
}

#[tokio::test]
async fn the_database_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("a/b");
    let store = TicketStore::open(&StoreOptions::new(&data_dir)).await.unwrap();
    store.save(&any_ticket("call-1", 1), stamps(1)).await.unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data_dir), 0o700);
    for entry in data_dir.read_dir().unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}
