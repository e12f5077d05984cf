//! `kill -9` of the real server in mid-call, fifty times, and what stands after the next start;
//! SIGTERM in mid-call.

use crate::sip::phone::{Phone, header, status};
use crate::support::caller::Caller;
use crate::support::house::{House, has_espeak};
use crate::support::recording::Recording;
use crate::support::server::Served;
use crate::support::skipped;
use crate::support::tones::{is_tone, tone};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use spillway::ticket::{CallId, Consent, TicketStatus};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

const KILLS: usize = 50;
/// Servers at once, each with its own house, killed one call after the other.
const SERVERS: usize = 5;
/// How far into the call it is killed.
const LIFE_MS: RangeInclusive<u64> = 300..=4_000;
/// What may be missing at the end: a second.
const LOST_FRAMES_MAX: usize = 50;
/// The caller's pitch tells the time: another one every so many frames, from 400 Hz in steps of
/// 120 Hz.
const PITCH_FRAMES: usize = 10;
/// Frames of one pitch that must be there to count it as heard: the others may be a mixture of
/// two, or made up for a late packet.
const PITCH_FRAMES_MIN: usize = 5;

/// How long a key may keep sound away.
const KEY_FRAMES: usize = 10;
/// Pitches in the first second of a call, which a machine under load may miss some of.
const LATE_PITCHES_MAX: usize = 5;

/// Without a recogniser a server is up in a moment; everything else is as ever.
const QUICK: &str = "[engines]\nrecognizer = 'none'\n[limits]\ncalls_max = 8";

fn pitch_hz(pitch: usize) -> u16 {
    400 + 120 * pitch as u16
}

/// What the caller knows of a call that was cut off.
#[derive(Debug)]
struct Told {
    call: CallId,
    number: String,
    /// Steps taken until the kill.
    frames: usize,
    /// The key that agrees was pressed in this step.
    key_frame: Option<usize>,
}

/// Calls, talks and presses keys until the server is killed under it.
async fn cut_off(server: Served, number: String, rng: &mut StdRng) -> Told {
    let mut caller = Caller::dial(server.sip, &number).await.expect("answered");
    let life = Duration::from_millis(rng.random_range(LIFE_MS));
    let frames_max = life.as_millis() as usize / 20;
    let key_at = rng.random_bool(0.7).then(|| rng.random_range(5..frames_max));
    let (begun, mut frames, mut key_frame) = (Instant::now(), 0, None);
    while begun.elapsed() < life {
        if key_at == Some(frames) {
            caller.press('1');
            key_frame = Some(frames);
        }
        caller.step(&tone(pitch_hz(frames / PITCH_FRAMES), frames)).await;
        frames += 1;
    }
    server.kill().await;
    Told { call: caller.call_id, number, frames, key_frame }
}

/// After the next start: the ticket, and the sound up to the last second.
async fn check(house: &House, told: &Told) {
    let stored = house.store().await.by_call(&told.call).await.expect("the store is well");
    let stored = stored.unwrap_or_else(|| panic!("no ticket: {told:?}"));
    let ticket = &stored.ticket;
    assert_eq!(ticket.status, TicketStatus::Open, "{told:?}");
    assert_eq!((&ticket.caller_id, &ticket.callback_number), (&told.number, &told.number));
    assert!(stored.hangup_cause.is_none() && stored.ended_unix_ms.is_some(), "{stored:?}");
    if told.key_frame.is_some_and(|key| key + LOST_FRAMES_MAX < told.frames) {
        assert_eq!(ticket.consent, Consent::Given, "{told:?}");
    }

    let recording = Recording::read(&house.data_dir(), &told.call);
    let kept = recording.caller.len();
    assert!(kept + LOST_FRAMES_MAX >= told.frames, "{kept} frames kept: {told:?}");
    assert!(stored.duration_ms.is_some_and(|ms| ms >= kept as u64 * 20), "{stored:?}");
    // Of each pitch, how many frames there are. Where the server was slow to begin, the first few
    // came too late to be played; a key takes the place of sound (RFC 4733).
    let count = |pitch| recording.caller.iter().filter(|f| is_tone(f, pitch_hz(pitch))).count();
    let keyed = told.key_frame.map(|key| key / PITCH_FRAMES..=(key + KEY_FRAMES) / PITCH_FRAMES);
    let heard: Vec<usize> = (0..=told.frames / PITCH_FRAMES).map(count).collect();
    let is_heard = |&pitch: &usize| {
        heard[pitch] >= PITCH_FRAMES_MIN
            || keyed.as_ref().is_some_and(|keyed| keyed.contains(&pitch))
    };
    let due = 0..told.frames.saturating_sub(LOST_FRAMES_MAX) / PITCH_FRAMES;
    let first = due.clone().find(is_heard).unwrap_or(due.end);
    assert!(first <= LATE_PITCHES_MAX, "{heard:?} of {told:?}");
    assert!((first..due.end).all(|pitch| is_heard(&pitch)), "{heard:?} of {told:?}");
}

/// One house: starts, is called and killed, and starts again, many times over.
async fn killed_again_and_again(server: usize, seed: u64) -> Vec<Told> {
    let house = House::new(None, QUICK);
    let mut rng = StdRng::seed_from_u64(seed + server as u64);
    let mut all: Vec<Told> = Vec::new();
    loop {
        let started = Served::start(&house).await;
        if let Some(told) = all.last() {
            check(&house, told).await;
        }
        if all.len() == KILLS / SERVERS {
            // What was right once stays so, whatever comes after it.
            for told in &all {
                check(&house, told).await;
            }
            started.kill().await;
            let replays = house.replays().await;
            assert!(replays.iter().all(|(kind, _)| kind == "same"), "{replays:#?}");
            assert_eq!(replays.len(), all.len());
            return all;
        }
        let number = format!("+1202555{server:02}{:02}", all.len());
        all.push(cut_off(started, number, &mut rng).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_times_in_mid_call() {
    if !has_espeak() {
        return skipped("kill -9: there is no voice; run: apt-get install espeak-ng");
    }
    let seed = std::env::var("SPILLWAY_TEST_SEED").ok().and_then(|s| s.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| rand::rng().random_range(0..1_000_000));
    println!("SPILLWAY_TEST_SEED={seed}");
    let servers: Vec<_> =
        (0..SERVERS).map(|n| tokio::spawn(killed_again_and_again(n, seed))).collect();
    let mut all = Vec::new();
    for server in servers {
        all.extend(server.await.expect("as it should be"));
    }
    let (shortest, longest) =
        (all.iter().map(|t| t.frames).min(), all.iter().map(|t| t.frames).max());
    let agreed = all.iter().filter(|t| t.key_frame.is_some()).count();
    println!(
        "{} kills, {shortest:?} to {longest:?} frames into the call, {agreed} after a key",
        all.len()
    );
    assert_eq!(all.len(), KILLS);
}

/// SIGTERM: no new call is taken, the running one may go on for a while, and is then ended with its
/// ticket saved.
#[tokio::test(flavor = "multi_thread")]
async fn sigterm_in_mid_call() {
    if !has_espeak() {
        return skipped("SIGTERM: there is no voice; run: apt-get install espeak-ng");
    }
    let house = House::new(None, QUICK);
    let server = Served::start(&house).await;
    let number = "+12025550179";
    let mut caller = Caller::dial(server.sip, number).await.expect("answered");
    caller.quiet(500).await;
    caller.press('1');
    caller.quiet(500).await;
    let stopped = Instant::now();
    server.terminate();
    caller.quiet(500).await;
    let mut late = Phone::udp(server.sip).await;
    let offer = late.sdp(1, "");
    let refused = late.ask("INVITE", 1, "", &offer).await;
    assert_eq!(status(&refused), 503, "{refused}");
    assert!(header(&refused, "Retry-After").is_some(), "{refused}");
    caller.is_hung_up(24_000).await;
    let took = stopped.elapsed();
    assert!(server.ended(Duration::from_secs(5)).await.success());
    assert!(took > Duration::from_secs(15), "the caller had {took:?} to come to an end");

    let stored = house.store().await.by_call(&caller.call_id).await.expect("the store is well");
    let stored = stored.expect("a ticket");
    assert_eq!((stored.ticket.status, stored.ticket.consent), (TicketStatus::Open, Consent::Given));
    assert_eq!(stored.hangup_cause, Some(spillway::call::HangupCause::ShuttingDown));
    let kept = Recording::read(&house.data_dir(), &caller.call_id).caller.len() as u64 * 20;
    assert!(kept + 1_000 >= took.as_millis() as u64, "{kept} ms kept of {took:?}");
    let replays = house.replays().await;
    assert!(replays.len() == 1 && replays[0].0 == "same", "{replays:#?}");
}
