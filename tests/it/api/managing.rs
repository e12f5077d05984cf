//! What supervisors and administrators do: figures, webhooks, recordings.

use super::office::{Office, on_both, on_sqlite};
use crate::access::gate::profile;
use crate::support::calls;
use jiff::Timestamp;
use serde_json::{Value, json};
use spillway::access::{Hotlines, Profile, Role};
use std::collections::BTreeSet;

#[tokio::test]
async fn figures_are_read_and_told() {
    on_both(async |office: Office| {
        let mut desk = office.desk();
        desk.received("+84900000001", "Lan", "food").await;
        desk.received("+84900000002", "Minh", "food").await;
        let ada = office.user("ada", Role::Administrator).await;
        let hour = "2026-01-31T08:00:00Z";
        let told = json!({ "hotline": "demo", "hour": hour, "answered": 5, "abandoned": 2 });
        assert_eq!(ada.put("/api/v1/statistics/answered", &told).await.status, 204);
        let path = "/api/v1/statistics?from=2026-01-31T00:00&by=language";
        let figures = ada.get(path).await.ok();
        let total = &figures["total"];
        assert_eq!((&total["bot"], &total["answered"]), (&json!(2), &json!(5)), "{figures}");
        assert_eq!(figures["rows"][0]["key"], "en");
        let csv = ada.get(&format!("{path}&format=csv")).await;
        assert!(csv.header("content-type").starts_with("text/csv"));
        assert_eq!(csv.text.lines().count(), 1 + 1 + 1, "{}", csv.text);
        let check =
            async |query: &str| ada.get(&format!("/api/v1/statistics?{query}")).await.problem(422);
        assert_eq!(check("from=yesterday").await, "invalid");
        assert_eq!(check("by=colour").await, "invalid");
        assert_eq!(check("from=2026-01-31T00:00&to=2026-01-30T00:00").await, "invalid");
        let odd = json!({ "hotline": "demo", "hour": "2026-01-31T08:07:00Z", "answered": 5,
            "abandoned": 2 });
        assert_eq!(ada.put("/api/v1/statistics/answered", &odd).await.problem(422), "invalid");

        let own = Hotlines::Only(BTreeSet::from(["flood".to_string()]));
        let own = Profile { hotlines: own, ..profile(Role::Supervisor) };
        let sofia = office.user_of("sofia", own).await;
        assert_eq!(sofia.get(path).await.problem(422), "invalid");
        assert_eq!(sofia.get(&format!("{path}&hotline=demo")).await.problem(422), "invalid");
        let flood = sofia.get(&format!("{path}&hotline=flood")).await.ok();
        assert_eq!(flood["total"]["received"], 0);
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn webhooks_are_kept() {
    on_both(async |office: Office| {
        let ada = office.user("ada", Role::Administrator).await;
        let spec = json!({ "name": "CRM", "url": "https://crm.example/hooks",
            "kinds": ["ticket.received"], "authorization": "Token secret-1" });
        let keyed = ada.with("idempotency-key", Some("one"));
        let made = keyed.post("/api/v1/webhooks", &spec).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let id = made.ok()["webhook"]["id"].as_i64().expect("an id");
        assert!(made.ok()["secret"].as_str().expect("a secret").starts_with("whsec_"));
        // A secret is shown once, also to who lost the answer.
        assert_eq!(keyed.post("/api/v1/webhooks", &spec).await.problem(409), "shown-once");
        assert_eq!(ada.post("/api/v1/webhooks", &spec).await.problem(409), "name-taken");
        let listed = ada.get("/api/v1/webhooks").await;
        assert!(!listed.text.contains("secret-1") && !listed.text.contains("whsec_"));
        assert_eq!(listed.ok()[0]["authorized"], true);
        let path = format!("/api/v1/webhooks/{id}");
        let other = json!({ "name": "CRM", "url": "ftp://crm.example" });
        assert_eq!(ada.put(&path, &other).await.problem(422), "invalid");
        let paused = json!({ "name": "CRM", "url": "https://crm.example/", "active": false });
        assert_eq!(ada.put(&path, &paused).await.ok()["active"], false);
        let dead = ada.get("/api/v1/webhook-deliveries?state=dead").await.ok();
        assert_eq!(dead, json!({ "items": [], "next": null }));
        let again = ada.post("/api/v1/webhook-deliveries/1/redelivery", &Value::Null).await;
        assert_eq!(again.problem(404), "not-found");
        assert_eq!(ada.delete(&path).await.status, 204);
        assert_eq!(ada.get(&path).await.problem(404), "not-found");
        while office.store.seal(Timestamp::now()).await.expect("sealed") > 0 {}
        let log = office.store.events((0, 0), 100).await.expect("read");
        let acts: Vec<_> = log.iter().filter(|e| e.act.starts_with("webhook")).collect();
        assert_eq!(acts.len(), 3, "{acts:?}");
        assert!(acts.iter().all(|e| e.actor == "administrator ada"), "{acts:?}");
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_recording_is_heard_in_parts_held_and_erased() {
    on_sqlite(async |office: Office| {
        let number = office.desk().received("+84900000001", "Lan", "food").await;
        let stored = office.store.get(number).await.expect("read").expect("there");
        let frames = 50;
        calls::record(&office.data_dir, None, &stored.ticket.call_id.0, frames).await;
        let path = format!("/api/v1/tickets/{number}/recording");
        let anna = office.user("anna", Role::Operator).await;
        let whole = anna.request("GET", &path).send().await.expect("answered");
        assert_eq!(whole.status().as_u16(), 200);
        assert_eq!(whole.headers()["content-type"], "audio/wav");
        let whole = whole.bytes().await.expect("read");
        assert_eq!((&whole[..4], whole.len()), (&b"RIFF"[..], 44 + frames * 640));
        let part = anna.with("range", Some("bytes=44-683")).request("GET", &path).send().await;
        let part = part.expect("answered");
        assert_eq!(part.status().as_u16(), 206);
        let told = format!("bytes 44-683/{}", whole.len());
        assert_eq!(part.headers()["content-range"], told.as_str());
        assert_eq!(part.bytes().await.expect("read"), whole[44..684]);
        for (asked, status) in [("bytes=-10", 206), ("bytes=99999999-", 416), ("lines=1", 416)] {
            let answer = anna.with("range", Some(asked)).request("GET", &path).send().await;
            assert_eq!(answer.expect("answered").status().as_u16(), status, "{asked}");
        }
        let otto = office.user("otto", Role::Observer).await;
        assert_eq!(otto.get(&path).await.problem(403), "denied");
        let history = anna.get(&format!("/api/v1/tickets/{number}/history")).await.ok();
        let heard = history.as_array().expect("a list").iter().filter(|e| e["act"] == "hand_out");
        assert_eq!(heard.count(), 1);

        let sofia = office.user("sofia", Role::Supervisor).await;
        let hold = format!("/api/v1/tickets/{number}/hold");
        assert_eq!(sofia.put(&hold, &json!({ "reason": " " })).await.problem(422), "invalid");
        assert_eq!(sofia.put(&hold, &json!({ "reason": "case 7" })).await.status, 204);
        let forget = json!({ "number": "+84900000001" });
        let dry = json!({ "number": "+84900000001", "dry_run": true });
        let erasure = "/api/v1/callers/erasure";
        assert_eq!(sofia.post(erasure, &dry).await.ok()["tickets"], json!([number]));
        assert_eq!(sofia.post(erasure, &forget).await.problem(409), "legal-hold");
        assert_eq!(sofia.delete(&hold).await.status, 204);
        assert_eq!(anna.post(erasure, &forget).await.problem(403), "denied");
        assert_eq!(sofia.post(erasure, &forget).await.ok()["tickets"], json!([number]));
        assert_eq!(anna.get(&path).await.problem(404), "not-found");
        let seen = anna.get(&format!("/api/v1/tickets/{number}")).await.text;
        assert!(!seen.contains("Lan") && !seen.contains("84900000001"), "{seen}");
        let word = json!({ "number": "somebody" });
        assert_eq!(sofia.post(erasure, &word).await.problem(422), "invalid");
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_server_is_well_and_hotlines_are_known() {
    on_sqlite(async |office: Office| {
        assert_eq!(office.browser().get("/api/v1/health").await.status, 200);
        let anna = office.user("anna", Role::Operator).await;
        assert_eq!(anna.get("/api/v1/hotlines").await.ok(), json!([]));
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn tickets_are_taken_out_as_a_table() {
    on_both(async |office: Office| {
        let mut desk = office.desk();
        for n in 0..3 {
            desk.received(&format!("+8490000000{n}"), "=Lan", "food").await;
        }
        let sofia = office.user("sofia", Role::Supervisor).await;
        let table = sofia.get("/api/v1/tickets/export?stage=open").await;
        assert!(table.header("content-type").starts_with("text/csv"));
        let none = sofia.get("/api/v1/tickets/export?stage=done").await.text;
        let lines: Vec<&str> = table.text.lines().collect();
        assert_eq!(lines.len(), 1 + 3, "{}", table.text);
        assert!(lines[0].starts_with("number,received_at,due_at,stage"), "{}", lines[0]);
        // The newest first, and no formula.
        assert!(lines[1].contains("+84900000002") && lines[1].contains("'=Lan"), "{}", lines[1]);
        assert_eq!(none, "");
        let anna = office.user("anna", Role::Operator).await;
        assert_eq!(anna.get("/api/v1/tickets/export").await.problem(403), "denied");
        while office.store.seal(Timestamp::now()).await.expect("sealed") > 0 {}
        let ada = office.user("ada", Role::Administrator).await;
        let log = ada.get("/api/v1/audit?act=export").await.text;
        assert!(log.contains("supervisor sofia"), "{log}");
        office.close().await;
    })
    .await;
}
