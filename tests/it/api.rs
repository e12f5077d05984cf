//! The REST API, asked over HTTP as a browser or a program does.

use crate::access::gate::profile;
use jiff::Timestamp;
use office::{Browser, Office, on_both, on_sqlite};
use serde_json::{Value, json};
use spillway::access::{Hotlines, NewToken, Permission, Profile, Role};
use std::collections::{BTreeMap, BTreeSet};

mod addresses;
mod calling_back;
mod calls;
mod events;
mod managing;
pub mod office;
mod watching;
mod pages;
mod people;
mod reviews;
mod status;
mod try_it;

#[tokio::test]
async fn a_ticket_is_claimed_corrected_and_settled() {
    on_both(async |office: Office| {
        let mut desk = office.desk();
        let number = desk.received("+84900000001", "Lan", "food").await.0;
        let (anna, boris) =
            (office.user("anna", Role::Operator).await, office.user("boris", Role::Operator).await);

        let page = anna.get("/api/v1/tickets?stage=open&order=queue").await.ok();
        assert_eq!(page["items"][0]["number"], number);
        assert_eq!(page["items"][0]["stage"]["name"], "open");
        assert_eq!(page["next"], Value::Null);

        let claimed = anna.post("/api/v1/tickets/claim", &json!({ "hotline": "demo" })).await;
        assert_eq!(claimed.ok()["stage"]["by"], "anna");
        let read = claimed.header("etag").to_string();
        let none = boris.post("/api/v1/tickets/claim", &json!({ "hotline": "demo" })).await;
        assert_eq!(none.status, 204);
        assert_eq!(boris.act(number, json!({ "act": "claim" })).await.problem(409), "held");
        assert_eq!(boris.act(number, json!({ "act": "reopen" })).await.problem(403), "denied");

        let correct = json!({ "act": "correct", "slot": "name", "value": "Lan Anh" });
        let corrected = anna.with("if-match", Some(&read)).act(number, correct.clone()).await;
        let slots = corrected.ok()["slots"].as_array().expect("slots").clone();
        let of_name = slots.iter().find(|s| s["slot"] == "name").expect("a name");
        assert_eq!(
            (&of_name["value"], &of_name["correction"]["value"]),
            (&json!("Lan"), &json!("Lan Anh"))
        );
        let stale = anna.with("if-match", Some(&read)).act(number, correct).await;
        assert_eq!(stale.problem(412), "changed");
        assert!(stale.json()["version"].as_u64() > read.trim_matches('"').parse().ok());

        let unknown = json!({ "act": "finish", "disposition": "eaten" });
        assert_eq!(anna.act(number, unknown).await.problem(422), "invalid");
        let nul = json!({ "act": "note", "text": "a\0b" });
        assert_eq!(anna.act(number, nul).await.problem(422), "invalid");
        anna.act(number, json!({ "act": "ring" })).await.ok();
        let done = anna.act(number, json!({ "act": "finish", "disposition": "helped" })).await;
        assert_eq!(done.ok()["stage"], json!({ "name": "done", "disposition": "helped" }));
        assert_eq!(anna.act(number, json!({ "act": "ring" })).await.problem(409), "wrong-stage");

        let history = anna.get(&format!("/api/v1/tickets/{number}/history")).await.ok();
        let acts: Vec<&str> =
            history.as_array().expect("a list").iter().filter_map(|e| e["act"].as_str()).collect();
        assert_eq!(acts, ["tell", "receive", "hang_up", "claim", "correct", "ring", "finish"]);
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn lists_go_page_by_page_and_leave_nothing_out() {
    on_both(async |office: Office| {
        let mut desk = office.desk();
        for n in 0..7 {
            desk.received(&format!("+8490000001{n}"), "Lan", "food").await;
        }
        let anna = office.user("anna", Role::Operator).await;
        for order in ["newest", "queue"] {
            let (mut numbers, mut cursor) = (vec![], String::new());
            loop {
                let path = format!("/api/v1/tickets?order={order}&limit=3{cursor}");
                let page = anna.get(&path).await.ok();
                let items = page["items"].as_array().expect("items");
                assert!(items.len() <= 3);
                numbers.extend(items.iter().filter_map(|t| t["number"].as_u64()));
                let Some(next) = page["next"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            let mut want: Vec<u64> = (1..=7).collect();
            if order == "newest" {
                want.reverse();
            }
            assert_eq!(numbers, want, "{order}");
        }
        let check = async |query: &str| anna.get(&format!("/api/v1/tickets?{query}")).await;
        assert_eq!(check("office=a%00b").await.problem(422), "invalid");
        assert_eq!(check("limit=0").await.problem(422), "invalid");
        assert_eq!(check("stage=gone").await.problem(422), "invalid");
        assert_eq!(check("cursor=x").await.problem(422), "invalid");
        assert_eq!(check("colour=red").await.problem(422), "invalid");
        assert_eq!(check("order=queue&cursor=normal.1").await.problem(422), "invalid");
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn who_may_not_see_callers_sees_none() {
    on_sqlite(async |office: Office| {
        let number = office.desk().received("+84900000001", "Lan", "food").await.0;
        let path = format!("/api/v1/tickets/{number}");
        let observer = office.user("otto", Role::Observer).await;
        let seen = observer.get(&path).await;
        for secret in ["Lan", "84900000001"] {
            assert!(!seen.text.contains(secret), "{}", seen.text);
        }
        assert_eq!(seen.ok()["masked"], true);
        let by_number = "/api/v1/tickets?callback_number=%2B84900000001";
        assert_eq!(observer.get(by_number).await.problem(403), "denied");
        let granted = Profile { personal_data: true, ..profile(Role::Observer) };
        let granted = office.user_of("olga", granted).await;
        assert_eq!(granted.get(&path).await.ok()["callback_number"], "+84900000001");
        assert_eq!(granted.get(by_number).await.ok()["items"][0]["number"], number);

        let elsewhere = Hotlines::Only(BTreeSet::from(["flood".to_string()]));
        let elsewhere = Profile { hotlines: elsewhere, ..profile(Role::Operator) };
        let elsewhere = office.user_of("eva", elsewhere).await;
        assert_eq!(elsewhere.get(&path).await.problem(404), "not-found");
        assert_eq!(
            elsewhere.act(number, json!({ "act": "claim" })).await.problem(404),
            "not-found"
        );
        assert_eq!(elsewhere.get("/api/v1/tickets").await.ok()["items"], json!([]));
        assert_eq!(elsewhere.get("/api/v1/tickets?hotline=demo").await.ok()["items"], json!([]));
        let claim = elsewhere.post("/api/v1/tickets/claim", &json!({ "hotline": "demo" })).await;
        assert_eq!(claim.status, 204);
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_change_comes_from_our_own_pages_only() {
    on_sqlite(async |office: Office| {
        let number = office.desk().received("+84900000001", "Lan", "food").await.0;
        let anna = office.user("anna", Role::Operator).await;
        let claim = json!({ "act": "claim" });
        let check = async |browser: Browser, status: u16, want: &str| {
            assert_eq!(browser.act(number, claim.clone()).await.problem(status), want);
        };
        check(anna.with("x-csrf-token", None), 403, "csrf").await;
        check(anna.with("x-csrf-token", Some("x")), 403, "csrf").await;
        check(anna.with("sec-fetch-site", Some("cross-site")), 403, "cross-site").await;
        check(anna.with("origin", Some("https://evil.example")), 403, "cross-site").await;
        check(anna.with("cookie", None), 401, "not-logged-in").await;
        check(anna.with("authorization", Some("Bearer spw_x")), 401, "not-logged-in").await;
        assert_eq!(
            anna.with("sec-fetch-site", Some("same-origin")).act(number, claim).await.status,
            200
        );

        assert_eq!(anna.delete("/api/v1/session").await.status, 204);
        assert_eq!(anna.get("/api/v1/session").await.problem(401), "not-logged-in");
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_request_sent_twice_is_done_once() {
    on_both(async |office: Office| {
        let mut desk = office.desk();
        let first = desk.received("+84900000001", "Lan", "food").await.0;
        desk.received("+84900000002", "Minh", "medicine").await;
        let anna = office.user("anna", Role::Operator).await;
        let keyed = anna.with("idempotency-key", Some("k-1"));
        let claim = json!({ "hotline": "demo" });
        let one = keyed.post("/api/v1/tickets/claim", &claim).await;
        let two = keyed.post("/api/v1/tickets/claim", &claim).await;
        assert_eq!((one.ok()["number"].as_u64(), &one.text), (Some(first), &two.text));
        assert_eq!(one.header("etag"), two.header("etag"));
        let other = keyed.act(first, json!({ "act": "release" })).await;
        assert_eq!(other.problem(422), "invalid");
        // Somebody else's key of the same name is another.
        let boris = office.user("boris", Role::Operator).await;
        let keyed = boris.with("idempotency-key", Some("k-1"));
        let theirs = keyed.post("/api/v1/tickets/claim", &claim).await;
        assert_ne!(theirs.ok()["number"], first);
        // A refusal is an answer too.
        let refused = boris.with("idempotency-key", Some("k-2"));
        for _ in 0..2 {
            assert_eq!(refused.act(first, json!({ "act": "claim" })).await.problem(409), "held");
        }
        let long = "k".repeat(129);
        let keyed = anna.with("idempotency-key", Some(&long));
        assert_eq!(keyed.post("/api/v1/tickets/claim", &claim).await.problem(422), "invalid");
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_token_does_what_its_scopes_say() {
    on_sqlite(async |office: Office| {
        let number = office.desk().received("+84900000001", "Lan", "food").await.0;
        let anna = office.user("anna", Role::Operator).await;
        let session = anna.get("/api/v1/session").await.ok();
        assert_eq!(session["user"]["name"], "anna");
        let principal = office.principal("anna").await;
        let new = NewToken {
            label: "a board".into(),
            scopes: BTreeSet::from([Permission::ReadTickets]),
            expires_at: Timestamp::now() + jiff::SignedDuration::from_hours(1),
        };
        let made = office.access.add_token(&principal, &new, Timestamp::now()).await;
        let bearer = format!("Bearer {}", made.expect("made").1.text());
        let board = office.browser().with("authorization", Some(&bearer));
        let seen = board.get(&format!("/api/v1/tickets/{number}")).await;
        assert_eq!((&seen.ok()["masked"], &seen.ok()["caller_id"]), (&json!(true), &json!("")));
        assert_eq!(board.act(number, json!({ "act": "claim" })).await.problem(403), "denied");
        let who = board.get("/api/v1/session").await.ok();
        assert_eq!(
            (&who["permissions"], &who["csrf_token"]),
            (&json!(["tickets:read"]), &Value::Null)
        );
        office.close().await;
    })
    .await;
}

/// A value for each of a path's places, so that the route is reached: there is no such thing.
fn reached(path: &str) -> String {
    let mut out = String::new();
    for (n, part) in path.split(['{', '}']).enumerate() {
        out += if n % 2 == 1 { "999999999" } else { part };
    }
    out
}

#[tokio::test]
async fn every_route_knows_every_role() {
    on_sqlite(async |office: Office| {
        let mut browsers = BTreeMap::new();
        for role in Role::ALL {
            browsers.insert(role.name(), office.user(role.name(), role).await);
        }
        let stranger = office.browser();
        let document = stranger.get("/api/v1/openapi.json").await.ok();
        assert_eq!(document["openapi"], "3.1.0");
        let mut routes = BTreeSet::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                let rule = operation["x-permission"].as_str();
                let rule = rule.unwrap_or_else(|| panic!("{method} {path} says not who may"));
                let path = reached(path);
                let body = operation["requestBody"].is_object().then(|| json!({}));
                let send = async |browser: &Browser| {
                    let request = browser.request(method, &path);
                    let request = match &body {
                        Some(body) => request.json(body),
                        None => request,
                    };
                    request.send().await.expect("answered").status().as_u16()
                };
                let id = operation["operationId"].to_string();
                assert!(routes.insert(id), "{method} {path}: another has its operationId");
                let status = send(&stranger).await;
                assert_eq!(status == 401, rule != "public", "{method} {path}: {status}");
                if rule == "public" {
                    continue;
                }
                for role in Role::ALL {
                    let may = Permission::named(rule)
                        .is_none_or(|p| role.permissions(false).contains(&p));
                    let status = send(&browsers[role.name()]).await;
                    let said = (status == 401, status == 403, status < 500);
                    assert_eq!(said, (false, !may, true), "{role} {method} {path}: {status}");
                    // Whom that logged out comes again.
                    if browsers[role.name()].get("/api/v1/session").await.status == 401 {
                        assert_eq!((method.as_str(), status), ("delete", 204), "{path}");
                        browsers.insert(role.name(), office.login(role.name()).await);
                    }
                }
            }
        }
        assert!(routes.len() > 30, "{routes:?}");
        let check = async |method: &str, path: &str, status: u16| {
            let answer = browsers["administrator"].send(method, path, None).await;
            assert_eq!(answer.status, status, "{method} {path}");
        };
        check("GET", "/api/v1/nothing", 404).await;
        check("PATCH", "/api/v1/tickets", 405).await;
        office.close().await;
    })
    .await;
}
