//! What the console's pages live on: lists that find, who is there, and the pages themselves.

use super::office::{Office, on_both, on_sqlite};
use crate::access::gate::profile;
use serde_json::{Value, json};
use spillway::access::{Profile, Role};

/// The document that the pages' client is made of.
#[test]
fn the_pages_client_is_of_this_api() {
    let written = include_str!("../../../web/openapi.json");
    let document = serde_json::to_string_pretty(&spillway::console::openapi()).expect("JSON");
    let mend = "spillway openapi > web/openapi.json";
    assert!(written.trim_end() == document, "web/openapi.json is of another version; run: {mend}");
}

#[tokio::test]
async fn tickets_are_found_however_they_are_written() {
    on_both(async |office: Office| {
        let mut desk = office.desk();
        let lan = desk.received("+84900000001", "Nguyễn Thị Lan", "food").await.0;
        let minh = desk.received("+84911222333", "Trần Đức Minh", "medicine").await.0;
        let anna = office.user("anna", Role::Operator).await;
        let check = async |query: &str, want: &[u64]| {
            let page = anna.get(&format!("/api/v1/tickets?{query}")).await.ok();
            let items = page["items"].as_array().expect("items").iter();
            let found: Vec<u64> = items.filter_map(|t| t["number"].as_u64()).collect();
            assert_eq!(found, want, "{query}");
            assert_eq!(page["total"], want.len(), "{query}");
        };
        check("q=", &[minh, lan]).await;
        check("q=nguyen+lan", &[lan]).await;
        check("q=DUC", &[minh]).await;
        check("q=0911+222+333", &[minh]).await;
        check("q=222333", &[minh]).await;
        check(&format!("q={lan}"), &[lan]).await;
        check("q=%25", &[minh, lan]).await;
        check("q=nobody", &[]).await;
        check("branch=food", &[]).await;
        check("district=nowhere", &[]).await;
        let long = format!("/api/v1/tickets?q={}", "a".repeat(201));
        assert_eq!(anna.get(&long).await.problem(422), "invalid");
        let put_right = json!({ "act": "correct", "slot": "name", "value": "Ngô Văn Sửu" });
        anna.act(lan, json!({ "act": "claim" })).await.ok();
        anna.act(lan, put_right).await.ok();
        check("q=suu", &[lan]).await;
        let row = anna.get("/api/v1/tickets?q=suu").await.ok()["items"][0].clone();
        assert_eq!((&row["name"], &row["calls"]), (&json!("Ngô Văn Sửu"), &json!(1)));

        let observer = office.user("otto", Role::Observer).await;
        assert_eq!(observer.get("/api/v1/tickets?q=lan").await.problem(403), "denied");
        let rows = observer.get("/api/v1/tickets").await.text;
        assert!(!rows.contains("Sửu") && !rows.contains("84911222333"), "{rows}");
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn who_is_there_is_known() {
    on_both(async |office: Office| {
        let number = office.desk().received("+84900000001", "Lan", "food").await.0;
        let (anna, boris) =
            (office.user("anna", Role::Operator).await, office.user("boris", Role::Operator).await);
        let sofia = office.user("sofia", Role::Supervisor).await;
        assert_eq!(sofia.get("/api/v1/agents").await.ok(), json!([]));
        let now = jiff::Timestamp::now();
        assert_eq!(office.store.agents_at_work("demo", now).await.expect("counted"), 0);

        let ready = json!({ "state": "ready", "ticket": number });
        assert_eq!(anna.put("/api/v1/presence", &ready).await.status, 204);
        assert_eq!(boris.put("/api/v1/presence", &json!({ "state": "break" })).await.status, 204);
        let agents = sofia.get("/api/v1/agents").await.ok();
        let states: Vec<&Value> =
            agents.as_array().expect("agents").iter().map(|a| &a["state"]).collect();
        assert_eq!(states, ["ready", "break"]);
        assert_eq!(agents[0]["ticket"], number);
        let viewers = format!("/api/v1/tickets/{number}/viewers");
        assert_eq!(boris.get(&viewers).await.ok()[0]["user"], "anna");
        assert_eq!(anna.get(&viewers).await.ok(), json!([]));
        assert_eq!(office.store.agents_at_work("demo", now).await.expect("counted"), 1);
        let later = now + jiff::SignedDuration::from_mins(5);
        assert_eq!(office.store.agents_at_work("demo", later).await.expect("counted"), 0);

        // Who only reads is no agent.
        let observer =
            office.user_of("otto", Profile { personal_data: true, ..profile(Role::Observer) });
        let observer = observer.await;
        observer.put("/api/v1/presence", &json!({ "state": "ready" })).await;
        assert_eq!(office.store.agents_at_work("demo", now).await.expect("counted"), 1);
        assert_eq!(anna.get("/api/v1/agents").await.problem(403), "denied");
        let wrong = json!({ "state": "asleep" });
        assert_eq!(anna.put("/api/v1/presence", &wrong).await.problem(422), "invalid");
        let none = json!({ "state": "ready", "ticket": 1_u64 << 63 });
        assert_eq!(anna.put("/api/v1/presence", &none).await.problem(422), "invalid");
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_pages_are_in_the_program() {
    on_sqlite(async |office: Office| {
        let browser = office.browser();
        let page = browser.get("/tickets/7").await;
        assert!(page.status == 200, "built without its pages? {}", page.text);
        let policy = page.header("content-security-policy").to_string();
        let nonce = policy.split("'nonce-").nth(1).and_then(|p| p.split('\'').next());
        assert!(page.text.contains(nonce.expect("a nonce")) && !page.text.contains("__NONCE__"));
        let again = browser.get("/").await.header("content-security-policy").to_string();
        assert_ne!(policy, again, "a nonce is used once");

        let script = page.text.split('"').find(|t| t.starts_with("/assets/") && t.ends_with(".js"));
        let script = script.expect("a script").to_string();
        let plain = browser.get(&script).await;
        assert_eq!(plain.header("content-encoding"), "");
        assert!(plain.header("cache-control").contains("immutable"), "{script}");
        let packed = browser.with("accept-encoding", Some("gzip, br")).get(&script).await;
        assert_eq!(packed.header("content-encoding"), "gzip");
        assert_eq!(browser.get("/assets/none.js").await.problem(404), "not-found");
        assert_eq!(browser.get("/api/v1/none").await.problem(404), "not-found");
        assert_eq!(browser.post("/tickets", &json!({})).await.problem(405), "method-not-allowed");
        office.close().await;
    })
    .await;
}
