//! Somebody calls again to ask how their ticket stands, over real SIP and RTP.

use crate::support::caller::Caller;
use crate::support::house::{House, PROMPT_HZ, has_espeak};
use crate::support::server::Here;
use crate::support::skipped;
use spillway::ticket::{CallId, TicketNumber};

const NUMBER: &str = "+12025550161";

fn hz(prompt: &str) -> u16 {
    PROMPT_HZ.iter().find(|(name, _)| *name == prompt).expect("a known prompt").1
}

/// Calls, answers each of `told` by its key once it is heard, and hangs up; gives the call.
async fn call(server: &Here, from: &str, told: &[(&str, &str)]) -> CallId {
    let mut caller = Caller::dial(server.sip, from).await.expect("answered");
    for (prompt, keys) in told {
        caller.hears(hz(prompt)).await;
        caller.quiet(300).await;
        for key in keys.chars() {
            caller.press(key);
            caller.quiet(200).await;
        }
    }
    let call = caller.call_id.clone();
    caller.hang_up().await;
    call
}

#[tokio::test(flavor = "multi_thread")]
async fn is_told_and_withdraws() {
    if !has_espeak() {
        return skipped("espeak-ng is not installed; run: apt-get install espeak-ng");
    }
    let house = House::toned("");
    let server = Here::start(&house, None).await;
    let stage = async |call: &CallId| {
        let stored = house.ended(&server.store, call).await;
        (stored.number, stored.callback.stage.name())
    };
    let first = call(&server, NUMBER, &[("ask_consent", "1"), ("ask_name", "")]).await;
    assert_eq!(stage(&first).await, (TicketNumber(1), "open"));

    // By another telephone and the ticket's number; that call leaves nothing to do.
    let by_number = [("ask_consent", "3"), ("ask_ticket_number", "1#"), ("ask_consent", "")];
    let other = call(&server, "+12025550199", &by_number).await;
    assert_eq!(stage(&other).await, (TicketNumber(2), "cancelled"));
    assert_eq!(stage(&first).await.1, "open");

    let asked = [("ask_consent", "1"), ("ask_news", "2"), ("ask_still_needed", "2")];
    let again = call(&server, NUMBER, &[&asked[..], &[("goodbye", "")]].concat()).await;
    assert_eq!(stage(&again).await.1, "cancelled");
    assert_eq!(stage(&first).await.1, "cancelled");

    // Nothing waits any more: a new form begins.
    let new = call(&server, NUMBER, &[("ask_consent", "1"), ("ask_name", "")]).await;
    assert_eq!(stage(&new).await.1, "open");
    server.stop().await;
    let replays = house.replays().await;
    assert!(replays.len() == 4 && replays.iter().all(|(kind, _)| kind == "same"), "{replays:#?}");
}
