//! More callers than there are lines: the fuller the house, the shorter the call, and nobody is
//! turned away before all lines are in use.

use crate::support::caller::Caller;
use crate::support::house::{House, OTHER_HZ, PROMPT_HZ, has_espeak};
use crate::support::server::Here;
use crate::support::skipped;
use spillway::dialogue::Form;
use spillway::sip::SipError;
use spillway::ticket::TicketStatus;

/// The last five lines of fifty are for short calls, the last two for keys alone, the last one for
/// those whose number is noted.
const LINES: usize = 50;
const FORMS: [(usize, Form); 4] =
    [(45, Form::Full), (3, Form::Short), (1, Form::Keys), (1, Form::Number)];

fn number(n: usize) -> String {
    format!("+1202555{n:04}")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fuller_the_house_the_shorter_the_call() {
    if !has_espeak() {
        return skipped("espeak-ng is not installed; run: apt-get install espeak-ng");
    }
    let house = House::toned(&format!("[limits]\ncalls_max = {LINES}\n"));
    let server = Here::start(&house, None).await;
    let forms = FORMS.iter().flat_map(|(times, form)| std::iter::repeat_n(*form, *times));
    let mut callers = Vec::new();
    for (n, form) in forms.enumerate() {
        let caller = Caller::dial(server.sip, &number(n)).await.expect("answered");
        callers.push((caller, form));
    }
    let refused = Caller::dial(server.sip, &number(LINES)).await.err();
    assert!(matches!(refused, Some(SipError::Refused { status: 503, .. })), "{refused:?}");

    let (mut noted, form) = callers.pop().expect("the last one");
    let call = noted.call_id.clone();
    noted.hears(OTHER_HZ).await;
    noted.hears(PROMPT_HZ.iter().find(|p| p.0 == "goodbye").expect("known").1).await;
    noted.is_hung_up(5_000).await;
    noted.hang_up().await;
    let stored = house.ended(&server.store, &call).await;
    assert_eq!(stored.ticket.callback_number, number(LINES - 1));
    assert_eq!(stored.ticket.status, TicketStatus::Open);
    assert_eq!(spillway::store::recording_of(&house.data_dir(), &call), None, "nobody agreed");
    assert_eq!(form, Form::Number);

    for (caller, form) in callers {
        let call = caller.call_id.clone();
        caller.hang_up().await;
        let ticket = house.ended(&server.store, &call).await.ticket;
        let told = ticket.facts.iter().find(|(name, _)| name == "form");
        let told = told.map_or("full", |(_, form)| form.as_str());
        assert_eq!(told, form.name(), "{}", ticket.caller_id);
    }
    server.stop().await;
    // Which form it was is in the journal: the same call comes of it again.
    let replays = house.replays().await;
    let same = replays.iter().filter(|(kind, _)| kind == "same").count();
    assert_eq!(same, LINES - 1, "all but the one that was not kept");
}
