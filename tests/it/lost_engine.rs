//! Calls on which something of ours breaks: the caller is told, heard and called back all the same.

use crate::support::caller::Caller;
use crate::support::house::{BEEP_HZ, House, PROMPT_HZ, has_espeak};
use crate::support::recording::Recording;
use crate::support::server::{Here, speech};
use crate::support::skipped;
use spillway::call::HangupCause;
use spillway::engine::RecognizerPool;
use spillway::engine::scripted::{Line, Scripted};
use spillway::speech::Transcript;
use spillway::store::{StoredTicket, TicketFilter};
use spillway::ticket::{Consent, SlotStatus, TicketStatus};
use std::sync::{Arc, Mutex};

const FROM: &str = "+12025550171";
/// Said without a pause that would end a turn.
const YES: &str = "Yes I do agree.";
const LINE: &str = "My name is Mary Johnson and I live in Church Street.";
/// Pre-roll before the sound, and a soft end that is not voiced, in frames.
const EDGE_FRAMES: usize = 15;

/// 400 ms.
const SYLLABLE_SAMPLES: usize = 3_200;

/// How the caller ends the message.
#[derive(Clone, Copy, PartialEq)]
enum Ending {
    HangsUp,
    PressesHash,
    FallsSilent,
}

fn hz(prompt: &str) -> u16 {
    PROMPT_HZ.iter().find(|(name, _)| *name == prompt).expect("a known prompt").1
}

fn say(text: &str) -> Line {
    Line::Say(Transcript::plain(text, 0.95))
}

fn scripted(lines: &[Line]) -> RecognizerPool {
    let script = Arc::new(Mutex::new(lines.iter().cloned().collect()));
    RecognizerPool::start("scripted", 1, move || Ok(Box::new(Scripted::new(script.clone()))))
        .expect("started")
}

/// A house of tones, and something to say in it.
fn house() -> Option<(House, Vec<i16>)> {
    if !has_espeak() {
        skipped("espeak-ng is not installed; run: apt-get install espeak-ng");
        return None;
    }
    let house = House::toned("");
    let words = speech(&house, LINE);
    Some((house, words))
}

/// The tone, the message, its end.
async fn leave_message(caller: &mut Caller, words: &[i16], ending: Ending) {
    caller.hears(hz("leave_message")).await;
    caller.hears(BEEP_HZ).await;
    caller.quiet(300).await;
    caller.say(words).await;
    match ending {
        Ending::HangsUp => return,
        Ending::PressesHash => caller.press('#'),
        Ending::FallsSilent => {}
    }
    caller.hears(hz("message_taken")).await;
    caller.hears(hz("goodbye")).await;
    caller.is_hung_up(3_000).await;
}

/// The ticket points at where the message is in the recording.
fn check_message(house: &House, stored: &StoredTicket, words: &[i16]) {
    let ticket = &stored.ticket;
    assert!(ticket.to_be_transcribed, "{ticket:#?}");
    assert_eq!(ticket.status, TicketStatus::Open);
    let [message] = ticket.message[..] else { panic!("{:?}", ticket.message) };
    let recording = Recording::read(&house.data_dir(), &ticket.call_id);
    let (first, last) = recording.caller_from(recording.after_tone(BEEP_HZ));
    let spoken = words.len() / 160;
    assert!((last - first).abs_diff(spoken) < 40, "{first} to {last} of {spoken} frames");
    let (start, end) = (message.start.0 as usize / 160, message.end.0 as usize / 160);
    assert!(end <= recording.caller.len(), "{message:?} is not in the recording");
    assert!(start <= first + 5 && first <= start + 2 * EDGE_FRAMES, "{start}: {first}");
    assert!(last <= end + EDGE_FRAMES && end <= last + 2 * EDGE_FRAMES, "{end}: {last}");
}

async fn check(lines: &[Line], ending: Ending, cause: HangupCause) {
    let Some((house, words)) = house() else { return };
    let server = Here::start(&house, Some(scripted(lines))).await;
    let mut caller = Caller::dial(server.sip, FROM).await.expect("answered");
    caller.hears(hz("ask_consent")).await;
    let yes = speech(&house, YES);
    caller.say(&yes).await;
    let (lost_at_once, call) = (lines.len() == 1, caller.call_id.clone());
    if !lost_at_once {
        caller.hears(hz("ask_name")).await;
        caller.say(&words).await;
    }
    leave_message(&mut caller, &words, ending).await;
    caller.hang_up().await;

    let stored = house.ended(&server.store, &call).await;
    check_message(&house, &stored, &words);
    let ticket = &stored.ticket;
    assert_eq!((stored.hangup_cause, ticket.caller_id.as_str()), (Some(cause), FROM));
    assert_eq!(ticket.callback_number, FROM);
    assert!(!ticket.complete);
    if lost_at_once {
        assert_eq!(ticket.consent, Consent::Unasked);
    } else {
        // What was said into the deaf ear is kept with its slot.
        let name = ticket.slot("name").expect("asked");
        assert_eq!((name.status, name.audio.len()), (SlotStatus::OperatorToComplete, 1));
        assert_eq!(ticket.consent, Consent::Given);
    }
    server.stop().await;
    let replays = house.replays().await;
    assert!(replays.len() == 1 && replays[0].0 == "same", "{replays:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_recogniser_takes_a_message() {
    check(&[say("yes"), Line::Fail], Ending::HangsUp, HangupCause::CallerHungUp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_recogniser_takes_a_message() {
    check(&[say("yes"), Line::Hang], Ending::PressesHash, HangupCause::Finished).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panicking_recogniser_takes_a_message() {
    check(&[say("yes"), Line::Panic], Ending::FallsSilent, HangupCause::Finished).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recogniser_lost_at_the_first_word_takes_a_message() {
    check(&[Line::Fail], Ending::PressesHash, HangupCause::Finished).await;
}

/// Who declined the recording is not asked for a message: the form goes on by keys.
#[tokio::test(flavor = "multi_thread")]
async fn without_consent_keys_go_on() {
    let Some((house, words)) = house() else { return };
    let server = Here::start(&house, Some(scripted(&[say("no"), Line::Fail]))).await;
    let mut caller = Caller::dial(server.sip, FROM).await.expect("answered");
    let call = caller.call_id.clone();
    caller.hears(hz("ask_consent")).await;
    caller.say(&speech(&house, "No I do not agree.")).await;
    caller.hears(hz("ask_name")).await;
    caller.say(&words).await;
    caller.hears(hz("ask_name_again")).await;
    // Neither name nor address; food; this number; all is right; five.
    for key in ['#', '#', '1', '1', '1', '5'] {
        caller.press(key);
        caller.quiet(1_500).await;
    }
    caller.is_hung_up(10_000).await;
    let stored = house.ended(&server.store, &call).await;
    let ticket = &stored.ticket;
    assert_eq!(ticket.consent, Consent::Declined, "{ticket:#?}");
    assert!(ticket.message.is_empty() && !ticket.to_be_transcribed, "{ticket:#?}");
    assert_eq!((ticket.value("callback_number"), ticket.rating), (FROM, Some(5)), "{ticket:#?}");
    assert_eq!(spillway::store::recording_of(&house.data_dir(), &call), None);
    server.stop().await;
    assert_eq!(house.replays().await[0].0, "not_replayable");
}

/// A bug in the call's own machine, and no recogniser at all after it. No input that we know of
/// makes it panic, so the bug is put into the hotline: a wait that the loader would refuse, and
/// whose double overflows in the name's turn.
#[tokio::test(flavor = "multi_thread")]
async fn a_bug_in_the_machine_takes_a_message() {
    let Some((house, words)) = house() else { return };
    let mut loaded = house.hotline();
    let mut hotline = (*loaded.hotline).clone();
    hotline.file.waits.name_ms = u64::MAX;
    loaded.hotline = Arc::new(hotline);
    let recognizer = scripted(&[say("yes"), say("Mary Johnson")]);
    let server = Here::with_hotline(&house, loaded, Some(recognizer)).await;
    let mut caller = Caller::dial(server.sip, FROM).await.expect("answered");
    let call = caller.call_id.clone();
    caller.hears(hz("ask_consent")).await;
    caller.say(&speech(&house, YES)).await;
    caller.hears(hz("ask_name")).await;
    // The machine breaks at the first syllable, and is over its prompt before a line's end.
    caller.say(&words[..SYLLABLE_SAMPLES]).await;
    leave_message(&mut caller, &words, Ending::PressesHash).await;
    let stored = house.ended(&server.store, &call).await;
    check_message(&house, &stored, &words);
    assert_eq!(stored.ticket.consent, Consent::Given, "what was known before is kept");
    assert_eq!(stored.hangup_cause, Some(HangupCause::Finished));
    // Another call is not touched by it.
    let filter = TicketFilter::default();
    assert_eq!(server.store.list(&filter).await.expect("listed").len(), 1);
    server.stop().await;
}
