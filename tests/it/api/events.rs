//! The stream of events.

use super::office::{Browser, Office, on_both, on_sqlite};
use crate::access::gate::{name, profile};
use serde_json::{Value, json};
use spillway::access::{By, Hotlines, Profile, Role};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// A stream being read.
pub struct Stream {
    answer: reqwest::Response,
    text: String,
}

/// One event: its id, empty where it has none, and data.
type Event = (String, Value);

impl Stream {
    async fn open(browser: &Browser, last: Option<&str>) -> Stream {
        Stream::of(&browser.with("last-event-id", last), "/api/v1/events").await
    }

    pub async fn of(browser: &Browser, path: &str) -> Stream {
        let request = browser.request("GET", path);
        let answer = request.send().await.expect("answered");
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Stream { answer, text: String::new() }
    }

    /// The next event; `None` at the stream's end.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |key: &str| {
                    event.lines().find_map(|l| l.strip_prefix(key)).map(|v| v.trim().to_string())
                };
                let found = field("data:").map(|data| (field("id:").unwrap_or_default(), data));
                self.text = rest.to_string();
                match found {
                    Some((id, data)) => {
                        return Some((id, serde_json::from_str(&data).expect("JSON")));
                    }
                    // A comment that keeps the line open.
                    None => continue,
                }
            }
            let chunk = timeout(Duration::from_secs(30), self.answer.chunk()).await;
            match chunk.expect("in time").ok()? {
                Some(chunk) => self.text += std::str::from_utf8(&chunk).expect("UTF-8"),
                None => return None,
            }
        }
    }

    /// Events until one of `act`, that one the last.
    async fn until(&mut self, act: &str) -> Vec<Event> {
        let mut events = vec![];
        loop {
            let event = self.next().await.expect("an event");
            let found = event.1["act"] == act;
            events.push(event);
            if found {
                return events;
            }
        }
    }
}

#[tokio::test]
async fn what_happens_is_told_at_once_and_nothing_is_left_out() {
    on_both(async |office: Office| {
        let anna = office.user("anna", Role::Operator).await;
        let mut stream = Stream::open(&anna, None).await;
        let observer = office.user("otto", Role::Observer).await;
        let mut masked = Stream::open(&observer, None).await;
        let mut desk = office.desk();
        let began = Instant::now();
        let number = desk.received("+84900000001", "Lan", "food").await.0;
        let told = stream.until("hang_up").await;
        let took = began.elapsed();
        assert!(took < Duration::from_secs(5), "{took:?}");
        let last = told.last().expect("an event");
        assert_eq!((&last.1["ticket"], &last.1["hotline"]), (&json!(number), &json!("demo")));
        assert_eq!(last.1["row"]["name"], "Lan");
        let told = format!("{:?}", masked.until("receive").await);
        assert!(!told.contains("Lan") && !told.contains("84900000001"), "{told}");
        drop(masked);
        drop(stream);

        // Away for a while: nothing of it is left out, nothing comes twice.
        anna.act(number, json!({ "act": "claim" })).await.ok();
        for n in 0..20 {
            let text = format!("note {n}");
            anna.act(number, json!({ "act": "note", "text": text })).await.ok();
        }
        anna.act(number, json!({ "act": "release" })).await.ok();
        let mut stream = Stream::open(&anna, Some(&last.0)).await;
        let missed = stream.until("release").await;
        let acts: Vec<&str> = missed.iter().filter_map(|e| e.1["act"].as_str()).collect();
        assert_eq!((acts.len(), acts[0], acts[21]), (22, "claim", "release"), "{acts:?}");
        anna.act(number, json!({ "act": "cancel" })).await.ok();
        assert_eq!(stream.until("cancel").await.len(), 1);

        let wrong = anna.with("last-event-id", Some("yesterday")).get("/api/v1/events").await;
        assert_eq!(wrong.problem(422), "invalid");
        office.close().await;
        assert_eq!(stream.next().await, None);
    })
    .await;
}

#[tokio::test]
async fn a_stream_tells_of_ones_own_hotlines_only() {
    on_sqlite(async |office: Office| {
        let own = Hotlines::Only(BTreeSet::from(["flood".to_string()]));
        let own = Profile { hotlines: own, ..profile(Role::Operator) };
        let eva = office.user_of("eva", own).await;
        let mut stream = Stream::open(&eva, None).await;
        let mut desk = office.desk();
        desk.received("+84900000001", "Lan", "food").await;
        desk.hotline = "flood".into();
        let number = desk.received("+84900000002", "Minh", "food").await.0;
        let told = stream.until("receive").await;
        assert!(told.iter().all(|e| e.1["ticket"] == number), "{told:?}");
        // Who is disabled cannot open another.
        let now = jiff::Timestamp::now();
        let done = office.access.set_disabled(By::Machine, &name("eva"), true, now).await;
        done.expect("disabled");
        assert_eq!(eva.get("/api/v1/events").await.problem(401), "not-logged-in");
        office.close().await;
    })
    .await;
}
