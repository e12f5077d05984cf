//! The database is gone, or silent, while calls run: they go on, and their tickets appear when it
//! is back.

use crate::support::caller::Caller;
use crate::support::house::{House, PROMPT_HZ, has_espeak};
use crate::support::postgres::Postgres;
use crate::support::server::{Here, Served};
use crate::support::skipped;
use spillway::ticket::{CallId, Stage};
use std::time::{Duration, Instant};

/// How long the database stays away; `make soak` asks for a minute.
const OUTAGE_S: &str = "SPILLWAY_TEST_OUTAGE_S";
/// How long anything else may take.
const PATIENCE: Duration = Duration::from_secs(30);

fn waiting(house: &House) -> usize {
    let files = std::fs::read_dir(house.data_dir().join("spool")).expect("a spool");
    files.flatten().filter(|f| f.path().extension().is_some_and(|e| e == "json")).count()
}

/// Calls, hears that somebody is there, and hangs up in the middle.
async fn short_call(server: &Here, number: &str) -> CallId {
    let begun = Instant::now();
    loop {
        if let Ok(mut caller) = Caller::dial(server.sip, number).await {
            caller.hears(PROMPT_HZ[0].1).await;
            let call = caller.call_id.clone();
            caller.hang_up().await;
            return call;
        }
        assert!(begun.elapsed() < PATIENCE, "the only line is never free again");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Calls while the database is `away` go on; when it is `back`, their tickets are there.
async fn check(away: impl FnOnce(&mut Postgres), back: impl FnOnce(&mut Postgres)) {
    if !has_espeak() {
        return skipped("espeak-ng is not installed");
    }
    let Some(mut postgres) = Postgres::start() else { return };
    let address = postgres.address();
    let more = format!("[limits]\ncalls_max = 1\n[store]\ndatabase = '{address}'");
    let house = House::toned(&more);
    let server = Here::start(&house, None).await;
    let before = short_call(&server, "0901000001").await;
    let saved = house.ended(&server.store, &before).await;
    assert_eq!(saved.callback.stage, Stage::Open);

    let mut during = Caller::dial(server.sip, "0901000002").await.expect("answered");
    away(&mut postgres);
    let gone = Instant::now();
    during.hears(PROMPT_HZ[0].1).await;
    let first = during.call_id.clone();
    during.hang_up().await;
    let second = short_call(&server, "0901000003").await;
    let outage_s = std::env::var(OUTAGE_S).ok().and_then(|s| s.parse().ok()).unwrap_or(5);
    while waiting(&house) < 2 || gone.elapsed() < Duration::from_secs(outage_s) {
        assert!(gone.elapsed() < Duration::from_secs(outage_s) + PATIENCE, "nothing is spooled");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(waiting(&house), 2);

    back(&mut postgres);
    let back = Instant::now();
    while waiting(&house) > 0 {
        assert!(back.elapsed() < PATIENCE, "what waits is not saved");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for call in [before, first, second] {
        let ticket = server.store.by_call(&call).await.expect("read").expect("there");
        assert_eq!(ticket.callback.stage, Stage::Open, "{call}");
        assert!(ticket.ended_unix_ms.is_some() && ticket.hangup_cause.is_some(), "{call}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_while_the_database_is_gone() {
    check(Postgres::kill, Postgres::restart).await;
}

/// A server that hangs, or a network that swallows packets.
#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_while_the_database_is_silent() {
    check(|postgres| postgres.stall(), |postgres| postgres.go_on()).await;
}

/// After a power cut the two come up in any order.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_waits_for_its_database() {
    if !has_espeak() {
        return skipped("espeak-ng is not installed");
    }
    let Some(mut postgres) = Postgres::start() else { return };
    let more =
        format!("[store]\ndatabase = '{}'\n[engines]\nrecognizer = 'none'", postgres.address());
    let house = House::toned(&more);
    postgres.kill();
    let log = house.path("serve.log");
    let told = || std::fs::read_to_string(&log).unwrap_or_default();
    let back = async {
        let begun = Instant::now();
        while !told().contains("waiting for the database") {
            assert!(begun.elapsed() < PATIENCE, "nothing is told: {}", told());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        postgres.restart();
    };
    let (server, ()) = tokio::join!(Served::start(&house), back);
    server.terminate();
    assert!(server.ended(PATIENCE).await.success());
}
