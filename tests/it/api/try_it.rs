//! A browser's own call.

use super::calls::{answering, hz, slot};
use super::office::Office;
use crate::support::caller::Caller;
use crate::support::websocket::{closed, connect, page};
use futures::SinkExt;
use serde_json::Value;
use spillway::access::Role;
use spillway::call::HangupCause;
use spillway::store::TicketFilter;
use spillway::ticket::{CallId, TicketNumber};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

/// What the page is told, up to the first that is wanted.
async fn until(told: &mut Receiver<Value>, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let next = timeout(Duration::from_secs(15), told.recv()).await;
        let next = next.expect("in time").expect("not the end");
        if wanted(&next) {
            return next;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_calls_and_sees_its_form_fill() {
    let Some((house, server, words)) = answering("[sip]").await else { return };
    let office = Office::beside(&server, house.data_dir()).await;
    let sofia = office.user("sofia", Role::Supervisor).await;
    let own = sofia.with("origin", Some(&office.address));
    let (page, mut told) = page(&own).await;
    let mut caller = Caller::on(Box::new(page), CallId(String::new()));
    caller.hears(hz("ask_consent")).await;
    let ready = until(&mut told, |_| true).await;
    assert_eq!(ready["type"], "ready");
    assert_eq!(sofia.get("/api/v1/calls").await.ok()[0]["id"], ready["call_id"]);
    caller.press('1');
    caller.hears(hz("ask_name")).await;
    caller.say(&words).await;
    caller.quiet(1_500).await;
    let named = until(&mut told, |t| {
        t["type"] == "call" && slot(&t["call"], "name")["value"] == "David Miller"
    });
    let named = named.await;
    assert_eq!(named["call"]["entrance"], "websocket");
    caller.press('#');
    caller.hang_up_in_place();
    caller.is_hung_up(5_000).await;
    let ended = until(&mut told, |t| t["type"] == "ended").await;
    assert_eq!(ended["cause"], "caller_hung_up");
    let close = until(&mut told, |_| true).await;
    assert_eq!((&close["type"], &close["code"]), (&"close".into(), &1000.into()));
    assert!(told.is_empty());

    let number = TicketNumber(ended["ticket"].as_u64().expect("a number"));
    let stored = server.store.get(number).await.expect("read").expect("there");
    assert_eq!((stored.ticket.value("name"), stored.ticket.branch()), ("David Miller", "try-it"));
    assert_eq!(stored.hangup_cause, Some(HangupCause::CallerHungUp));
    office.close().await;
    server.stop().await;
    let replays = house.replays().await;
    assert!(replays.len() == 1 && replays[0].0 == "same", "{replays:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_our_own_pages_call_and_only_on_a_free_line() {
    let Some((house, server, _)) = answering("[limits]\ncalls_max = 2\n[sip]").await else {
        return;
    };
    let office = Office::beside(&server, house.data_dir()).await;
    let sofia = office.user("sofia", Role::Supervisor).await;
    let check = async |browser, status: u16| {
        assert_eq!(connect(&browser).await.err(), Some(status));
    };
    check(sofia.with("origin", Some("https://evil.example")), 403).await;
    check(sofia.with("origin", Some("null")), 403).await;
    check(sofia.with("cookie", None), 401).await;
    check(office.user("anna", Role::Operator).await, 403).await;
    assert_eq!(sofia.get("/api/v1/try").await.problem(400), "no-websocket");
    assert_eq!(server.board.calls().len(), 0);

    let mut other = Caller::dial(server.sip, "+12025550162").await.expect("answered");
    other.quiet(100).await;
    // One line is free still, and is callers' own.
    check(sofia.clone(), 503).await;
    let call = other.call_id.clone();
    other.hang_up().await;
    house.ended(&server.store, &call).await;
    while !server.board.calls().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let all = server.store.list(&TicketFilter::default()).await.expect("listed");
    assert_eq!(all.len(), 1, "a refused call leaves nothing: {all:#?}");
    office.close().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_ends_the_call_and_says_why() {
    let Some((house, server, _)) = answering("[sip]\nmedia_timeout_s = 5").await else { return };
    let office = Office::beside(&server, house.data_dir()).await;
    let sofia = office.user("sofia", Role::Supervisor).await;
    let check = async |message: Message, code: u16| {
        let mut socket = connect(&sofia).await.expect("let in");
        socket.send(message).await.expect("sent");
        let (got, reason) = closed(&mut socket).await.expect("closed with a code");
        assert_eq!(got, code, "{reason}");
    };
    check(Message::text("hello"), 1007).await;
    check(Message::text(r#"{"type":"dtmf","digit":"12"}"#), 1007).await;
    check(Message::binary(vec![0; 319]), 1007).await;
    check(Message::binary(vec![0; 5_000]), 1009).await;
    check(Message::text("{".repeat(5_000)), 1009).await;
    // A browser that sends nothing at all is gone.
    let mut silent = connect(&sofia).await.expect("let in");
    let (code, reason) = closed(&mut silent).await.expect("closed with a code");
    assert_eq!((code, reason.as_str()), (1000, HangupCause::MediaTimeout.words()));
    let all = server.store.list(&TicketFilter::default()).await.expect("listed");
    assert_eq!(all.len(), 6, "each leaves its ticket: {all:#?}");
    office.close().await;
    server.stop().await;
}
