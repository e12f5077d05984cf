//! An operator calls back: real SIP to two telephones, joined by us.

use super::office::Office;
use crate::access::gate::profile;
use crate::support::tones::is_tone;
use serde_json::{Value, json};
use spillway::access::{Profile, Role};
use spillway::audio::tone::tone;
use spillway::audio::{AudioFrame, FRAME_MS, FRAME_SAMPLES};
use spillway::call::HangupCause;
use spillway::config::{CallbackLineConfig, Config, PortRange, SipConfig};
use spillway::leg::{Leg, LegEvent};
use spillway::sip::SipServer;
use spillway::store::StoreOptions;
use spillway::ticket::CallId;
use std::time::Duration;

/// Frames of the other's tone that prove that it is heard.
const HEARD_FRAMES: usize = 10;
const PATIENCE: Duration = Duration::from_secs(20);

/// A telephone: somebody picks it up, or nobody does.
struct Telephone {
    server: SipServer,
}

impl Telephone {
    async fn new(first_port: u16) -> Telephone {
        let listen = "127.0.0.1:0".parse().expect("an address");
        let media_ports = PortRange { first: first_port, last: first_port + 99 };
        let config = SipConfig { listen, media_ports, ..SipConfig::default() };
        Telephone { server: SipServer::bind(config).await.expect("a telephone") }
    }

    fn at(&self) -> String {
        format!("sip:{{number}}@{}", self.server.local_addr())
    }

    /// Who called whom, and the line once it is picked up.
    async fn pick_up(&mut self) -> (String, String, Box<dyn Leg>) {
        let call = tokio::time::timeout(PATIENCE, self.server.accept()).await;
        let call = call.expect("it rings").expect("it works");
        let (from, to) = (call.caller_id().to_string(), call.called().to_string());
        let leg = call.answer(&CallId("telephone".into())).await.expect("picked up");
        (from, to, leg)
    }
}

/// Both sides for a while, each with a tone of its own; how many frames of the other's each heard.
async fn talk(a: &mut dyn Leg, b: &mut dyn Leg) -> (usize, usize) {
    let (tone_a, tone_b) = (tone(600, 4_000), tone(1_000, 4_000));
    let mut tick = tokio::time::interval(Duration::from_millis(FRAME_MS));
    let (mut heard_a, mut heard_b, mut events) = (0, 0, Vec::new());
    for (said_a, said_b) in tone_a.chunks(FRAME_SAMPLES).zip(tone_b.chunks(FRAME_SAMPLES)) {
        tick.tick().await;
        let heard = a.exchange(&AudioFrame::padded(said_a), &mut events);
        heard_a += usize::from(is_tone(heard.samples(), 1_000));
        let heard = b.exchange(&AudioFrame::padded(said_b), &mut events);
        heard_b += usize::from(is_tone(heard.samples(), 600));
        if heard_a.min(heard_b) >= HEARD_FRAMES {
            break;
        }
    }
    (heard_a, heard_b)
}

async fn is_hung_up(leg: &mut dyn Leg) {
    let mut tick = tokio::time::interval(Duration::from_millis(FRAME_MS));
    let mut events = Vec::new();
    for _ in 0..PATIENCE.as_millis() as u64 / FRAME_MS {
        tick.tick().await;
        leg.exchange(&AudioFrame::SILENCE, &mut events);
        if events.iter().any(|e| matches!(e, LegEvent::Hangup(_))) {
            return;
        }
    }
    panic!("the other side hung up, and nothing happened");
}

async fn until(operator: &super::office::Browser, path: &str, name: &str) -> Value {
    for _ in 0..PATIENCE.as_millis() / 50 {
        let call = operator.get(path).await.ok();
        if call["state"]["name"] == name {
            return call["state"].clone();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never {name}: {}", operator.get(path).await.text);
}

async fn office(dir: &std::path::Path, desk: &Telephone, home: &Telephone) -> Office {
    let line = CallbackLineConfig {
        caller: home.at(),
        operator: desk.at(),
        from: "1022".into(),
        ..CallbackLineConfig::default()
    };
    let sip = SipConfig {
        media_ports: PortRange { first: 38_400, last: 38_599 },
        ..SipConfig::default()
    };
    let config = Config { callback_line: line, sip, ..Config::default() };
    Office::with(&StoreOptions::new(dir), config).await
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_and_caller_are_joined() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut desk, mut home) = (Telephone::new(38_000).await, Telephone::new(38_200).await);
    let office = office(dir.path(), &desk, &home).await;
    let number = office.desk().received("+84900000001", "Lan", "food").await.0;
    let path = format!("/api/v1/tickets/{number}/call");
    let with_phone = Profile { extension: "204".into(), ..profile(Role::Operator) };
    let anna = office.user_of("anna", with_phone).await;
    let boris = office.user("boris", Role::Operator).await;
    assert_eq!(anna.get(&path).await.problem(404), "not-found");
    assert_eq!(anna.post(&path, &json!({})).await.problem(409), "wrong-stage");
    anna.act(number, json!({ "act": "claim" })).await.ok();
    assert_eq!(boris.post(&path, &json!({})).await.problem(409), "no-extension");

    let placed = anna.post(&path, &json!({})).await;
    assert_eq!((placed.status, &placed.ok()["by"]), (202, &json!("anna")));
    let (from, to, mut at_desk) = desk.pick_up().await;
    assert_eq!((from.as_str(), to.as_str()), ("+84900000001", "204"));
    assert_eq!(anna.post(&path, &json!({})).await.problem(409), "on-the-telephone");
    let (from, to, mut at_home) = home.pick_up().await;
    assert_eq!((from.as_str(), to.as_str()), ("1022", "+84900000001"));
    until(&anna, &path, "talking").await;
    let heard = talk(at_desk.as_mut(), at_home.as_mut()).await;
    assert!(heard.0 >= HEARD_FRAMES && heard.1 >= HEARD_FRAMES, "{heard:?}");
    let stage = anna.get(&format!("/api/v1/tickets/{number}")).await.ok()["stage"].clone();
    assert_eq!((&stage["name"], &stage["by"]), (&json!("calling"), &json!("anna")));

    at_home.hang_up(HangupCause::Finished);
    is_hung_up(at_desk.as_mut()).await;
    let ended = until(&anna, &path, "ended").await;
    assert_eq!(ended["outcome"], "talked");
    anna.act(number, json!({ "act": "finish", "disposition": "helped" })).await.ok();
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_before_rings_nobody() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut desk, home) = (Telephone::new(38_600).await, Telephone::new(38_800).await);
    let office = office(dir.path(), &desk, &home).await;
    let number = office.desk().received("+84900000001", "Lan", "food").await.0;
    let path = format!("/api/v1/tickets/{number}/call");
    let with_phone = Profile { extension: "204".into(), ..profile(Role::Operator) };
    let anna = office.user_of("anna", with_phone).await;
    let boris = office.user("boris", Role::Operator).await;
    anna.act(number, json!({ "act": "claim" })).await.ok();
    anna.post(&path, &json!({})).await.ok();
    let (_, _, mut at_desk) = desk.pick_up().await;
    until(&anna, &path, "ringing_caller").await;
    assert_eq!(boris.delete(&path).await.problem(403), "denied");
    assert_eq!(anna.delete(&path).await.status, 204);
    is_hung_up(at_desk.as_mut()).await;
    assert_eq!(until(&anna, &path, "ended").await["outcome"], "given_up");
    assert_eq!(anna.delete(&path).await.problem(404), "not-found");
    // The ticket is anna's still: she says how it went, or calls again.
    anna.act(number, json!({ "act": "miss" })).await.ok();
    office.close().await;
}
