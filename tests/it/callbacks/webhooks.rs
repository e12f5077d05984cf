//! Webhooks, told to a real HTTP server on loopback that checks signatures by itself.

use super::desk::{Desk, anna, hours, minutes};
use super::{on_both, on_both_with};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use spillway::config::WebhooksConfig;
use spillway::store::{
    DeliveryFilter, DeliveryState, HookError, StoreOptions, TicketStore, WebhookFormat, WebhookSpec,
};
use spillway::ticket::{
    Act, CallbackPolicy, CallbackSpec, HoursSpec, Policies, SlotNames, TicketNumber,
};
use spillway::webhook::{self, Sender};
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// One message as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    headers: HeaderMap,
    body: Bytes,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().expect("text"))
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// As the specification's text says, and nothing of ours.
    fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("branded")).expect("base64");
        let (id, at) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let mut signed = format!("{id}.{at}.").into_bytes();
        signed.extend_from_slice(&self.body);
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).expect("a key");
        mac.update(&signed);
        let mut signatures = self.header("webhook-signature").split(' ');
        let ours = STANDARD.encode(mac.finalize().into_bytes());
        signatures.any(|s| s.strip_prefix("v1,") == Some(&ours))
    }
}

/// A status, and a header.
type Answer = (u16, Option<(&'static str, &'static str)>);

#[derive(Clone)]
pub struct Receiver {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// What it answers; then 204 for ever.
    answers: Arc<Mutex<VecDeque<Answer>>>,
    /// An answer takes a permit.
    permits: Arc<Semaphore>,
}

impl Receiver {
    pub async fn start() -> Receiver {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let receiver = Receiver {
            url: format!("http://{}/hooks?token=x", listener.local_addr().expect("bound")),
            seen: Arc::default(),
            answers: Arc::default(),
            permits: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        };
        let app = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        receiver
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("whole").clone()
    }

    fn answers(&self, answers: &[u16]) {
        self.answers.lock().expect("whole").extend(answers.iter().map(|a| (*a, None)));
    }

    pub fn spec(&self, name: &str, kinds: &[&str]) -> WebhookSpec {
        WebhookSpec {
            name: name.into(),
            url: self.url.clone(),
            format: WebhookFormat::Spillway,
            kinds: kinds.iter().map(|k| k.to_string()).collect(),
            authorization: None,
            active: true,
        }
    }
}

async fn take(
    State(receiver): State<Receiver>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, String) {
    receiver.seen.lock().expect("whole").push(Seen { headers, body });
    receiver.permits.acquire().await.expect("open").forget();
    let answer = receiver.answers.lock().expect("whole").pop_front();
    let (status, header) = answer.unwrap_or((204, None));
    let header = header.map(|(n, v)| (HeaderName::from_static(n), v.parse().expect("a value")));
    let status = StatusCode::from_u16(status).expect("a status");
    // Long answers are not waited for.
    let body = if status == 204 { String::new() } else { "no ".repeat(10_000) };
    (status, header.into_iter().collect(), body)
}

pub fn loopback() -> WebhooksConfig {
    let net = spillway::config::Cidr::LOOPBACK_V4;
    WebhooksConfig { allow_http: vec![net] }
}

/// Seals what happened, sends what is due and waits for the answers.
pub async fn send(desk: &Desk, sender: &mut Sender) -> usize {
    while desk.store.seal(desk.now).await.expect("sealed") > 0 {}
    let mut all = 0;
    loop {
        let begun = sender.step(desk.now).await.expect("a database");
        sender.idle().await;
        all += begun;
        if begun == 0 {
            return all;
        }
    }
}

async fn dead(store: &TicketStore) -> Vec<spillway::store::WebhookDelivery> {
    let filter = DeliveryFilter { state: Some(DeliveryState::Dead), ..DeliveryFilter::default() };
    store.deliveries(&filter, 100).await.expect("read")
}

/// What the first receiver is told of its first ticket.
fn check_first(message: &Seen, secret: &str, now: Timestamp, number: TicketNumber) {
    assert!(message.is_signed_with(secret), "{message:?}");
    assert!(!message.is_signed_with("whsec_AAAA"));
    assert_eq!(message.header("authorization"), "Token token=abc");
    assert_eq!(message.header("content-type"), "application/json");
    assert_eq!(message.header("webhook-timestamp"), now.as_second().to_string());
    let json = message.json();
    assert_eq!(json["type"], "ticket.received");
    assert_eq!(json["timestamp"].as_str(), Some("2026-03-02T03:00:00Z"));
    assert_eq!(
        (&json["data"]["actor"], json["data"]["ticket"]["number"].as_u64()),
        (&"caller".into(), Some(number.0))
    );
    assert_eq!(json["data"]["ticket"]["ticket"]["slots"][0]["value"], "Mary Johnson");
}

/// Who manages webhooks.
const ADA: &str = "administrator ada";

#[tokio::test]
async fn a_receiver_is_told_once_and_can_tell_who_speaks() {
    on_both(async |mut desk| {
        let receiver = Receiver::start().await;
        let before = desk.received("+84901000009", "Ann Low", "FOOD").await;
        desk.store.seal(desk.now).await.expect("sealed");
        let mut spec = receiver.spec("crm", &["ticket.received", "ticket.done"]);
        spec.authorization = Some("Token token=abc".into());
        let made = desk.store.create_webhook(&spec, ADA, desk.now).await.expect("made");
        let listed = desk.store.webhooks().await.expect("read");
        assert_eq!(listed, std::slice::from_ref(&made.webhook));
        assert!(made.webhook.authorized);

        let mut sender = Sender::new(desk.store.clone(), &loopback());
        let number = desk.received("+84901000001", "Mary Johnson", "FOOD").await;
        assert_eq!(send(&desk, &mut sender).await, 1, "neither saved nor what was before");
        assert_eq!(send(&desk, &mut sender).await, 0);
        let seen = receiver.seen();
        let [message] = &seen[..] else { panic!("{} came", seen.len()) };
        check_first(message, &made.secret, desk.now, number);
        assert_ne!(before, number);

        // A second receiver, a change of the first, and nothing personal in the tables.
        let other = Receiver::start().await;
        let all = other.spec("everything", &[]);
        let taken = WebhookSpec { name: "crm".into(), ..all.clone() };
        let refused = desk.store.create_webhook(&taken, ADA, desk.now).await.unwrap_err();
        assert!(matches!(refused, HookError::NameTaken), "{refused}");
        desk.store.create_webhook(&all, ADA, desk.now).await.expect("made");
        let paused = WebhookSpec { active: false, authorization: None, ..spec.clone() };
        let id = made.webhook.id;
        let changed = desk.store.update_webhook(id, &paused, ADA, desk.now).await;
        assert!(changed.as_ref().is_ok_and(|w| w.authorized && !w.active), "{changed:?}");
        desk.does(number, Act::Claim, &anna()).await;
        desk.does(number, Act::Ring, &anna()).await;
        desk.does(number, Act::Finish { disposition: "helped".into() }, &anna()).await;
        send(&desk, &mut sender).await;
        let mut kinds: Vec<String> =
            other.seen().iter().map(|s| s.json()["type"].as_str().unwrap_or("").into()).collect();
        kinds.sort();
        assert_eq!(kinds, ["ticket.calling", "ticket.claimed", "ticket.done"]);
        assert_eq!(receiver.seen().len(), 1, "paused");
        let active = WebhookSpec { active: true, ..paused };
        desk.store.update_webhook(id, &active, ADA, desk.now).await.expect("changed");
        send(&desk, &mut sender).await;
        assert_eq!(
            receiver.seen().last().map(|s| s.json()["type"].clone()),
            Some("ticket.done".into())
        );
        let deliveries = desk.store.deliveries(&DeliveryFilter::default(), 100).await;
        assert!(!format!("{deliveries:?}").contains("Mary"));

        desk.store.remove_webhook(id, ADA, desk.now).await.expect("removed");
        let gone = desk.store.remove_webhook(id, ADA, desk.now).await.unwrap_err();
        assert!(matches!(gone, HookError::NoSuchWebhook(_)), "{gone}");
        desk.check_audit().await;
    })
    .await;
}

#[tokio::test]
async fn whose_promise_is_broken_is_told() {
    let spec =
        CallbackSpec { notice: "We are sorry about {number}.".into(), ..CallbackSpec::default() };
    let (hours_spec, slots) = (HoursSpec::default(), SlotNames::default());
    let policy = CallbackPolicy::new(&spec, &hours_spec, &[], &[], slots, 900_000).expect("good");
    let policies = Policies::new([("demo".to_string(), Arc::new(policy))].into());
    on_both_with(Arc::new(policies), async |mut desk| {
        let receiver = Receiver::start().await;
        let spec = receiver.spec("sms", &["ticket.overdue"]);
        desk.store.create_webhook(&spec, ADA, desk.now).await.expect("made");
        let mut sender = Sender::new(desk.store.clone(), &loopback());
        let number = desk.received("+84901000001", "Mary Johnson", "FOOD").await;
        desk.at(hours(47));
        desk.sweep().await;
        assert_eq!(send(&desk, &mut sender).await, 0, "at risk is not broken");
        desk.at(hours(2));
        desk.sweep().await;
        assert_eq!(send(&desk, &mut sender).await, 1);
        let notice = receiver.seen()[0].json()["data"]["notice"].clone();
        let text = format!("We are sorry about {number}.");
        let want = serde_json::json!({ "to": "+84901000001", "language": "en", "text": text });
        assert_eq!(notice, want);
    })
    .await;
}

#[tokio::test]
async fn what_fails_is_tried_for_three_days_and_then_listed() {
    on_both(async |mut desk| {
        let receiver = Receiver::start().await;
        let spec = receiver.spec("crm", &["ticket.received"]);
        let made = desk.store.create_webhook(&spec, ADA, desk.now).await.expect("made");
        let mut sender = Sender::new(desk.store.clone(), &loopback());
        desk.received("+84901000001", "Mary Johnson", "FOOD").await;
        receiver.answers(&[500, 404, 302, 301, 429, 502, 503, 400, 500, 500]);
        let begun = desk.now;
        let mut tries = vec![];
        while dead(&desk.store).await.is_empty() {
            assert_eq!(send(&desk, &mut sender).await, 1);
            tries.push(desk.now.duration_since(begun));
            let all = desk.store.deliveries(&DeliveryFilter::default(), 10).await.expect("read");
            desk.now = desk.now.max(all[0].next_at);
        }
        // The specification's table, up to a fifth later.
        let table = [0, 5, 305, 2_105, 9_305, 27_305, 63_305, 113_705, 185_705, 272_105];
        let late = |s: i64| (s, s + s / 5 + 1);
        let good = tries.iter().zip(table).all(|(t, s)| {
            let (from, to) = late(s);
            (from..=to).contains(&t.as_secs())
        });
        assert!(good && tries.len() == table.len(), "{tries:?}");
        let seen = receiver.seen();
        let ids: BTreeSet<&str> = seen.iter().map(|s| s.header("webhook-id")).collect();
        assert_eq!((seen.len(), ids.len()), (10, 1), "one message");
        assert!(seen.iter().all(|s| s.is_signed_with(&made.secret)), "each signed anew");
        let times: BTreeSet<&str> = seen.iter().map(|s| s.header("webhook-timestamp")).collect();
        assert_eq!(times.len(), 10);
        let [letter] = &dead(&desk.store).await[..] else { panic!("one is dead") };
        assert_eq!((letter.attempts, letter.last_status), (10, Some(500)));
        assert_eq!(letter.last_error.as_deref(), Some("the receiver answered 500"));
        let problem =
            desk.store.webhook(letter.webhook).await.expect("read").expect("there").problem;
        assert_eq!(problem.as_deref(), Some("the receiver answered 500"));

        desk.store.redeliver(letter.id, ADA, desk.now).await.expect("once more");
        let twice = desk.store.redeliver(letter.id, ADA, desk.now).await.unwrap_err();
        assert!(matches!(twice, HookError::NoSuchDelivery(_)), "{twice}");
        assert_eq!(send(&desk, &mut sender).await, 1);
        assert!(dead(&desk.store).await.is_empty());
        assert_eq!(desk.store.webhooks().await.expect("read")[0].problem, None);
        desk.at(hours(24 * 8));
        assert_eq!(desk.store.purge_deliveries(desk.now).await.expect("purged"), 1);
    })
    .await;
}

#[tokio::test]
async fn a_receiver_that_is_gone_or_busy_is_left_alone() {
    on_both(async |mut desk| {
        let receiver = Receiver::start().await;
        let spec = receiver.spec("crm", &["ticket.received"]);
        desk.store.create_webhook(&spec, ADA, desk.now).await.expect("made");
        let mut sender = Sender::new(desk.store.clone(), &loopback());
        receiver.answers.lock().expect("whole").push_back((503, Some(("retry-after", "120"))));
        desk.received("+84901000001", "Mary Johnson", "FOOD").await;
        assert_eq!(send(&desk, &mut sender).await, 1);
        desk.at(minutes(1));
        assert_eq!(send(&desk, &mut sender).await, 0, "it asked for two minutes");
        // One at a time while it is in trouble.
        for n in 2..=9 {
            desk.received(&format!("+8490100000{n}"), &format!("Ann {n}"), "FOOD").await;
        }
        receiver.answers(&[410]);
        desk.at(minutes(1));
        assert_eq!(send(&desk, &mut sender).await, 1);
        assert_eq!(receiver.seen().len(), 2);
        let hook = desk.store.webhooks().await.expect("read").remove(0);
        assert!(!hook.active && hook.problem.is_some_and(|p| p.contains("410 Gone")));
        desk.at(hours(30));
        assert_eq!(send(&desk, &mut sender).await, 0, "stopped");
        // Asked again, it gets what waited.
        desk.store.update_webhook(hook.id, &spec, ADA, desk.now).await.expect("changed");
        assert_eq!(send(&desk, &mut sender).await, 8);
        assert_eq!(dead(&desk.store).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_slow_receiver_holds_up_nobody_else() {
    on_both(async |mut desk| {
        let (slow, quick) = (Receiver::start().await, Receiver::start().await);
        slow.permits.forget_permits(Semaphore::MAX_PERMITS);
        for (name, receiver) in [("slow", &slow), ("quick", &quick)] {
            let spec = receiver.spec(name, &["ticket.received"]);
            desk.store.create_webhook(&spec, ADA, desk.now).await.expect("made");
        }
        for n in 10..30 {
            desk.received(&format!("+849010000{n}"), &format!("Ann {n}"), "FOOD").await;
        }
        desk.store.seal(desk.now).await.expect("sealed");
        let mut sender = Sender::new(desk.store.clone(), &loopback());
        while quick.seen().len() < 20 {
            sender.step(desk.now).await.expect("a database");
            tokio::task::yield_now().await;
            if quick.seen().len() < 20 {
                sender.ended().await;
            }
        }
        assert!(slow.seen().len() <= 4, "no more at once");
        slow.permits.add_permits(Semaphore::MAX_PERMITS);
        sender.idle().await;
        send(&desk, &mut sender).await;
        assert_eq!((slow.seen().len(), quick.seen().len()), (20, 20));
    })
    .await;
}

#[tokio::test]
async fn addresses_are_checked_before_anything_is_sent() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = TicketStore::open(&StoreOptions::new(dir.path())).await.expect("SQLite");
    let mut desk = Desk::new(store);
    let receiver = Receiver::start().await;
    let port = receiver.url.split(':').next_back().and_then(|p| p.split('/').next()).expect("it");
    let urls = [
        receiver.url.clone(),
        format!("http://localhost:{port}/"),
        format!("https://localhost:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        "https://169.254.169.254/latest/meta-data".into(),
        format!("https://0x7f.1:{port}/"),
        "http://203.0.114.9/".into(),
    ];
    for (n, url) in urls.into_iter().enumerate() {
        let spec = WebhookSpec { url, ..receiver.spec(&n.to_string(), &["ticket.received"]) };
        desk.store.create_webhook(&spec, ADA, desk.now).await.expect("made");
    }
    desk.received("+84901000001", "Mary Johnson", "FOOD").await;
    let mut sender = Sender::new(desk.store.clone(), &WebhooksConfig::default());
    assert_eq!(send(&desk, &mut sender).await, 8);
    assert_eq!(receiver.seen().len(), 0);
    for hook in desk.store.webhooks().await.expect("read") {
        let problem = hook.problem.unwrap_or_default();
        assert!(problem.contains("may not be sent to"), "{}: {problem}", hook.url);
    }
    // Nobody there, and nobody who speaks TLS.
    desk.at(hours(24));
    let mut sender = Sender::new(desk.store.clone(), &loopback());
    send(&desk, &mut sender).await;
    let hooks = desk.store.webhooks().await.expect("read");
    let problem = |n: usize| hooks[n].problem.clone();
    assert_eq!((problem(0), problem(1)), (None, None));
    assert!(problem(3).is_some_and(|p| p.starts_with("cannot be reached: ")), "{:?}", problem(3));
    assert!(hooks.iter().all(|h| !h.problem.as_deref().unwrap_or("").contains("token=x")));
}

#[tokio::test]
async fn several_nodes_send_nothing_twice() {
    const TICKETS: usize = 40;
    on_both(async |mut desk| {
        let receiver = Receiver::start().await;
        let spec = receiver.spec("crm", &["ticket.received"]);
        desk.store.create_webhook(&spec, ADA, desk.now).await.expect("made");
        let mut nodes = tokio::task::JoinSet::new();
        for n in 10..10 + TICKETS {
            desk.received(&format!("+849010000{n}"), &format!("Ann {n}"), "FOOD").await;
        }
        while desk.store.seal(desk.now).await.expect("sealed") > 0 {}
        for _ in 0..3 {
            let (store, now) = (desk.store.clone(), desk.now);
            nodes.spawn(async move {
                let mut sender = Sender::new(store, &loopback());
                while sender.step(now).await.expect("a database") > 0 {
                    sender.idle().await;
                }
            });
        }
        while let Some(node) = nodes.join_next().await {
            node.expect("sent");
        }
        send(&desk, &mut Sender::new(desk.store.clone(), &loopback())).await;
        let seen = receiver.seen();
        let ids: BTreeSet<&str> = seen.iter().map(|s| s.header("webhook-id")).collect();
        assert_eq!((seen.len(), ids.len()), (TICKETS, TICKETS));
    })
    .await;
}

/// A node dies after it took a message over; another after the receiver had it.
#[tokio::test]
async fn what_a_dead_node_took_is_sent_by_another() {
    on_both(async |mut desk| {
        let receiver = Receiver::start().await;
        let spec = receiver.spec("crm", &["ticket.received"]);
        let made = desk.store.create_webhook(&spec, ADA, desk.now).await.expect("made");
        desk.received("+84901000001", "Mary Johnson", "FOOD").await;
        desk.store.seal(desk.now).await.expect("sealed");
        desk.store.fill_webhooks(desk.now).await.expect("filled");
        let id = made.webhook.id;
        let taken = desk.store.claim_deliveries(id, 9, desk.now).await.expect("taken");
        assert_eq!(taken.len(), 1);
        assert!(desk.store.claim_deliveries(id, 9, desk.now).await.expect("none").is_empty());
        assert_eq!(desk.store.webhooks_due(desk.now).await.expect("none"), [0_i64; 0]);
        desk.at(minutes(2));
        receiver.permits.forget_permits(Semaphore::MAX_PERMITS);
        let mut dying = Sender::new(desk.store.clone(), &loopback());
        assert_eq!(dying.step(desk.now).await.expect("a database"), 1);
        while receiver.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        drop(dying);
        receiver.permits.add_permits(Semaphore::MAX_PERMITS);
        desk.at(minutes(2));
        // The first node comes back to life, and its word no longer counts.
        let late = spillway::store::Outcome::Delivered { status: 200 };
        let settled = desk.store.settle_delivery(&taken[0], &late, desk.now).await;
        assert!(!settled.expect("looked"), "somebody else has it");
        assert_eq!(send(&desk, &mut Sender::new(desk.store.clone(), &loopback())).await, 1);
        let seen = receiver.seen();
        let ids: BTreeSet<&str> = seen.iter().map(|s| s.header("webhook-id")).collect();
        assert_eq!((seen.len(), ids.len()), (2, 1), "the receiver can tell");
    })
    .await;
}

#[tokio::test]
async fn zammad_gets_a_ticket() {
    on_both_with(Arc::default(), async |mut desk| {
        let receiver = Receiver::start().await;
        let format = WebhookFormat::Zammad { group: "Users".into() };
        let spec = WebhookSpec { format, ..receiver.spec("zammad", &[]) };
        desk.store.create_webhook(&spec, ADA, desk.now).await.expect("made");
        let number = desk.call("+84901000001", "Mary Johnson", "rice").await;
        let parts = vec![("category".to_string(), "FOOD".to_string())];
        desk.tell(number, |t| t.slots[2].parts = parts.clone()).await;
        desk.hang_up(number).await;
        send(&desk, &mut Sender::new(desk.store.clone(), &loopback())).await;
        assert_eq!(number, TicketNumber(1));
        let [message] = &receiver.seen()[..] else { panic!("one comes") };
        let want = serde_json::json!({
            "title": "Callback 1: FOOD",
            "group": "Users",
            "customer_id": "guess:84901000001@callers.invalid",
            "state": "new",
            "priority": "2 normal",
            "article": {
                "subject": "Callback 1: FOOD",
                "body": "Call back: +84901000001\nname: Mary Johnson\naddress: 7 Garden Street\n\
                         need: rice\nLanguage: en\nHotline: demo\nOffice: -\n\
                         Received: 2026-03-02T03:00:00Z\nStage: open",
                "content_type": "text/plain",
                "type": "phone",
                "sender": "Customer",
                "internal": false,
            },
        });
        assert_eq!(message.json(), want);
    })
    .await;
}

/// As a server does it: by the clock, until it is told to stop.
#[tokio::test]
async fn a_server_sends_by_itself() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = TicketStore::open(&StoreOptions::new(dir.path())).await.expect("SQLite");
    let mut desk = Desk::new(store.clone());
    let receiver = Receiver::start().await;
    let spec = receiver.spec("crm", &["ticket.received"]);
    desk.store.create_webhook(&spec, ADA, desk.now).await.expect("made");
    let stop = CancellationToken::new();
    let (stopped, config) = (stop.clone(), loopback());
    let running =
        tokio::spawn(async move { webhook::run(store, &config, Timestamp::now, stopped).await });
    desk.received("+84901000001", "Mary Johnson", "FOOD").await;
    desk.store.seal(desk.now).await.expect("sealed");
    let done = async {
        let filter = DeliveryFilter { state: Some(DeliveryState::Done), ..Default::default() };
        while desk.store.deliveries(&filter, 1).await.expect("read").is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let limit = SignedDuration::from_secs(20).unsigned_abs();
    tokio::time::timeout(limit, done).await.expect("sent within seconds");
    assert_eq!(receiver.seen().len(), 1);
    stop.cancel();
    running.await.expect("stops");
}
