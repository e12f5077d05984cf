//! Calls through both entrances at once, and one call too many.

use crate::sip::phone::{Phone, header, status};
use crate::support::audiosocket::Pbx;
use crate::support::caller::Caller;
use crate::support::house::{House, PROMPT_HZ, has_espeak};
use crate::support::recording::Recording;
use crate::support::server::{Here, speech};
use crate::support::skipped;
use crate::support::tones::{is_tone, tone};
use spillway::call::HangupCause;
use spillway::engine::{EngineError, RecognitionEvent, Recognizer, RecognizerPool, StreamId};
use spillway::sip::SipError;
use spillway::speech::{RecognitionContext, Transcript};
use spillway::store::{StoredTicket, TicketFilter};
use spillway::ticket::{CallId, Consent, TicketStatus};
use std::collections::HashMap;

const UUID: [u8; 16] = *b"0123456789abcdef";
/// Longer lines are the second caller's.
const LONG_LINE_MS: usize = 2_500;

/// Hears who speaks by how long the line is, and understands accordingly.
#[derive(Default)]
struct TellsThemApart {
    samples: HashMap<StreamId, usize>,
    done: Vec<StreamId>,
}

impl Recognizer for TellsThemApart {
    fn name(&self) -> &'static str {
        "tells-them-apart"
    }

    fn open(&mut self, stream: StreamId, _: &RecognitionContext) -> Result<(), EngineError> {
        self.samples.insert(stream, 0);
        Ok(())
    }

    fn audio(&mut self, stream: StreamId, samples: &[i16], _: bool) {
        *self.samples.entry(stream).or_default() += samples.len();
    }

    fn finish(&mut self, stream: StreamId) {
        self.done.push(stream);
    }

    fn cancel(&mut self, stream: StreamId) {
        self.samples.remove(&stream);
    }

    fn is_due(&self, stream: StreamId) -> bool {
        self.done.contains(&stream)
    }

    fn work(&mut self, emit: &mut dyn FnMut(StreamId, RecognitionEvent)) -> bool {
        for stream in self.done.drain(..) {
            let long = self.samples.remove(&stream).unwrap_or(0) > 8 * LONG_LINE_MS;
            let name = if long { "Margaret Johnson" } else { "David Miller" };
            let transcript = Transcript::plain(format!("My name is {name}."), 0.95);
            emit(stream, RecognitionEvent::Final(transcript));
        }
        false
    }
}

fn hz(prompt: &str) -> u16 {
    PROMPT_HZ.iter().find(|(name, _)| *name == prompt).expect("a known prompt").1
}

fn house(more: &str) -> Option<House> {
    if !has_espeak() {
        skipped("espeak-ng is not installed; run: apt-get install espeak-ng");
        return None;
    }
    Some(House::toned(more))
}

/// What one of several callers does: agrees, makes a sound of their own, says a name, keys the
/// rest. `hum_hz` is played while the bot asks, where nobody listens for words.
async fn whole_call(mut caller: Caller, line: Vec<i16>, hum_hz: u16, need: char, rating: char) {
    caller.quiet(600).await;
    for n in 0..20 {
        caller.step(&tone(hum_hz, n)).await;
    }
    caller.quiet(400).await;
    caller.press('1');
    caller.hears(hz("ask_name")).await;
    caller.say(&line).await;
    // The address is left out; a need; the calling number or another; all right; a rating.
    caller.quiet(2_000).await;
    for key in ['#', need] {
        caller.press(key);
        caller.quiet(1_500).await;
    }
    for key in "2025550164#".chars() {
        caller.press(key);
        caller.quiet(240).await;
    }
    for key in ['1', '1', rating] {
        caller.quiet(1_500).await;
        caller.press(key);
    }
    caller.hears(hz("goodbye")).await;
    caller.is_hung_up(3_000).await;
    caller.hang_up().await;
}

fn check_ticket(stored: &StoredTicket, name: &str, category: &str, rating: u8) {
    let ticket = &stored.ticket;
    assert_eq!(ticket.value("name"), name, "{ticket:#?}");
    let need = ticket.slot("need").expect("asked");
    assert_eq!(need.parts, [("category".to_string(), category.to_string())], "{ticket:#?}");
    assert_eq!((ticket.consent, ticket.rating), (Consent::Given, Some(rating)), "{ticket:#?}");
    assert_eq!(ticket.callback_number, "+12025550164");
    assert_eq!(ticket.status, TicketStatus::Open);
    assert_eq!(stored.hangup_cause, Some(HangupCause::Finished));
}

/// One call by SIP and one by AudioSocket, at the same time, heard by one worker: each ticket and
/// each recording holds its own caller and nothing of the other.
#[tokio::test(flavor = "multi_thread")]
async fn two_calls_at_once_do_not_mix() {
    let Some(house) = house("") else { return };
    let (short, long) = (
        speech(&house, "David Miller."),
        speech(&house, "My name is Margaret Johnson and this is a rather long way of saying it."),
    );
    assert!(short.len() < 6 * LONG_LINE_MS && 9 * LONG_LINE_MS < long.len());
    let recognizer =
        RecognizerPool::start("tells-them-apart", 1, || Ok(Box::new(TellsThemApart::default())));
    let server = Here::start(&house, Some(recognizer.expect("started"))).await;
    let by_sip = Caller::dial(server.sip, "+12025550161").await.expect("answered");
    let sip_call = by_sip.call_id.clone();
    let nameless = CallId(String::new());
    let by_socket = Caller::on(Box::new(Pbx::connect(server.audiosocket, &UUID)), nameless);
    let one = tokio::spawn(whole_call(by_sip, long, 1_500, '1', '5'));
    let other = tokio::spawn(whole_call(by_socket, short, 2_100, '2', '3'));
    one.await.expect("as it should be");
    other.await.expect("as it should be");

    let all = server.store.list(&TicketFilter::default()).await.expect("listed");
    assert_eq!(all.len(), 2, "{all:#?}");
    let other = all.into_iter().find(|t| t.ticket.call_id != sip_call).expect("two calls");
    let by_sip = house.ended(&server.store, &sip_call).await;
    let by_socket = house.ended(&server.store, &other.ticket.call_id).await;
    check_ticket(&by_sip, "Margaret Johnson", "FOOD", 5);
    check_ticket(&by_socket, "David Miller", "MEDICAL", 3);
    assert_eq!(by_sip.ticket.caller_id, "+12025550161");
    assert_eq!(by_socket.ticket.caller_id, "");
    let uuid = uuid::Uuid::from_bytes(UUID).to_string();
    assert_eq!(by_socket.ticket.facts, [("audiosocket-uuid".to_string(), uuid)]);
    for (call, own, foreign) in
        [(&by_sip.ticket.call_id, 1_500, 2_100), (&by_socket.ticket.call_id, 2_100, 1_500)]
    {
        let heard = Recording::read(&house.data_dir(), call).caller;
        let count = |hz| heard.iter().filter(|frame| is_tone(frame, hz)).count();
        assert!(count(own) >= 15 && count(foreign) == 0, "{} {}", count(own), count(foreign));
    }
    server.stop().await;
    let replays = house.replays().await;
    assert!(replays.len() == 2 && replays.iter().all(|(kind, _)| kind == "same"), "{replays:#?}");
}

/// The call beyond `limits.calls_max` is told to try again, by either entrance; when a line is
/// free the next is answered.
#[tokio::test(flavor = "multi_thread")]
async fn all_lines_busy() {
    let Some(house) = house("[limits]\ncalls_max = 1") else { return };
    let server = Here::start(&house, None).await;
    let mut first = Caller::dial(server.sip, "+12025550165").await.expect("answered");
    first.quiet(200).await;

    let refused = Caller::dial(server.sip, "+12025550166").await.err();
    assert!(matches!(refused, Some(SipError::Refused { status: 503, .. })), "{refused:?}");
    let mut phone = Phone::udp(server.sip).await;
    let offer = phone.sdp(1, "");
    let answer = phone.ask("INVITE", 1, "", &offer).await;
    assert_eq!(status(&answer), 503, "{answer}");
    let wait: u32 = header(&answer, "Retry-After").expect("Retry-After").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{answer}");
    let nameless = CallId(String::new());
    let mut socket = Caller::on(Box::new(Pbx::connect(server.audiosocket, &UUID)), nameless);
    socket.is_hung_up(2_000).await;

    assert_eq!(first.hung_up, None, "the running call goes on");
    let call = first.call_id.clone();
    first.hang_up().await;
    let stored = house.ended(&server.store, &call).await;
    assert_eq!(stored.hangup_cause, Some(HangupCause::CallerHungUp));
    let all = server.store.list(&TicketFilter::default()).await.expect("listed");
    assert_eq!(all.len(), 1, "a refused call leaves nothing: {all:#?}");
    let next = Caller::dial(server.sip, "+12025550166").await.expect("a line is free again");
    next.hang_up().await;
    server.stop().await;
}
