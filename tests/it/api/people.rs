//! Users over HTTP: how they come, what they do with what is theirs, and how they go.

use super::office::{Answer, Browser, Office, on_both, on_sqlite};
use crate::access::gate::{name, profile};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use spillway::access::{By, Role};

/// Everybody's password, and nobody's.
const RIGHT: &str = "thirsty-lamp-41";
const WRONG: &str = "thirsty-lamp-42";

async fn log_in(browser: &Browser, name: &str, password: &str, code: Option<&str>) -> Answer {
    let given = json!({ "name": name, "password": password, "code": code });
    browser.post("/api/v1/session", &given).await
}

/// The code that an app shows for `base32` in so many seconds.
fn code(base32: &Value, seconds: i64) -> String {
    let secret = totp_rs::Secret::try_from_base32(base32.as_str().expect("base 32")).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).with_account_name("x").build().unwrap();
    totp.generate((Timestamp::now().as_second() + seconds) as u64).to_string()
}

/// A profile as the API takes it.
fn body(role: Role) -> Value {
    serde_json::to_value(profile(role)).expect("JSON")
}

/// An operator to be added.
fn added(name: &str) -> Value {
    json!({ "name": name, "profile": body(Role::Operator) })
}

#[tokio::test]
async fn an_office_comes_to_life() {
    on_both(async |office: Office| {
        let secret = office.access.set_up_secret(Timestamp::now()).await.unwrap().expect("fresh");
        let set_up = async |secret: &str, password: &str| {
            let given = json!({
                "secret": secret, "name": "Boss", "display_name": "The Boss",
                "password": password,
            });
            office.browser().post("/api/v1/set-up", &given).await
        };
        assert_eq!(set_up(&"A".repeat(43), RIGHT).await.problem(422), "bad-invitation");
        assert_eq!(set_up("x", RIGHT).await.problem(422), "bad-invitation");
        assert_eq!(set_up(&secret.text(), "password1234").await.problem(422), "weak-password");
        let made = set_up(&secret.text(), RIGHT).await;
        assert_eq!((made.status, &made.json()["profile"]["role"]), (201, &json!("administrator")));
        assert_eq!(set_up(&secret.text(), RIGHT).await.problem(422), "bad-invitation");

        let boss = office.login("boss").await.with("idempotency-key", Some("add anna"));
        let new = added("anna");
        let made = boss.post("/api/v1/users", &new).await;
        assert_eq!((made.status, made.header("etag")), (201, "\"1\""));
        let again = boss.post("/api/v1/users", &new).await;
        assert_eq!(again.problem(409), "shown-once");
        let boss = boss.with("idempotency-key", None);
        assert_eq!(boss.post("/api/v1/users", &new).await.problem(409), "name-taken");
        let mut more = added("eva");
        more["colour"] = json!("red");
        assert_eq!(boss.post("/api/v1/users", &more).await.problem(422), "invalid");
        assert_eq!(boss.post("/api/v1/users", &added("e v a")).await.problem(422), "invalid");
        let listed = boss.get("/api/v1/users").await.ok();
        let names: Vec<&Value> = listed.as_array().unwrap().iter().map(|u| &u["name"]).collect();
        assert_eq!(names, ["anna", "boss"]);
        assert_eq!(listed[0]["status"], "invited");
        let created: Timestamp = listed[0]["created_at"].as_str().unwrap().parse().unwrap();
        assert!(Timestamp::now().duration_since(created) < SignedDuration::from_mins(5));

        let anna = office.browser();
        assert_eq!(log_in(&anna, "anna", RIGHT, None).await.problem(401), "login-refused");
        let forgot = boss.send("POST", "/api/v1/users/anna/invitation", None).await;
        let void = made.json()["invitation"]["secret"].clone();
        let accept = async |secret: &Value| {
            let given = json!({ "secret": secret, "password": RIGHT });
            anna.post("/api/v1/invitations/accept", &given).await
        };
        assert_eq!(accept(&void).await.problem(422), "bad-invitation");
        let accepted = accept(&forgot.ok()["secret"]).await;
        assert_eq!((forgot.status, accepted.ok()), (201, json!({ "name": "anna" })));
        assert!(accepted.header("set-cookie").starts_with("__Host-spillway-device="));
        let known = anna.took(&accepted, &Value::Null);
        let came = log_in(&known, "anna", RIGHT, None).await;
        assert_eq!(came.ok()["user"]["name"], "anna");
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_password_and_a_second_factor_change_hands() {
    on_both(async |office: Office| {
        let (anna, other) = (office.user("anna", Role::Operator).await, office.login("anna").await);
        let change = async |by: &Browser, old: &str, new: &str| {
            by.put("/api/v1/password", &json!({ "old": old, "new": new })).await
        };
        let new = "hungry-clock-17";
        assert_eq!(change(&anna, WRONG, new).await.problem(401), "login-refused");
        assert_eq!(change(&anna, RIGHT, "short").await.problem(422), "weak-password");
        let changed = change(&anna, RIGHT, new).await;
        for ended in [&anna, &other] {
            assert_eq!(ended.get("/api/v1/session").await.problem(401), "not-logged-in");
        }
        let anna = anna.took(&changed, &changed.ok());

        let path = "/api/v1/second-factor";
        let password = json!({ "password": new });
        let begin = async |by: &Browser, password: &Value| by.post(path, password).await;
        let keyed = anna.with("idempotency-key", Some("a second factor"));
        let wrong = json!({ "password": WRONG });
        assert_eq!(begin(&anna, &wrong).await.problem(401), "login-refused");
        let begun = begin(&keyed, &password).await;
        assert_eq!((begun.status, begin(&keyed, &password).await.status), (201, 409));
        let secret = &begun.ok()["secret"];
        let confirm = async |code: &str| anna.put(path, &json!({ "code": code })).await;
        assert_eq!(confirm("no").await.problem(422), "bad-code");
        let confirmed = confirm(&code(secret, 0)).await;
        let given = confirmed.ok();
        let recovery: Vec<&str> = given["recovery_codes"]
            .as_array()
            .expect("codes")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(recovery.len(), 10);
        assert_eq!(anna.get("/api/v1/session").await.problem(401), "not-logged-in");
        let anna = anna.took(&confirmed, &given["session"]);
        assert_eq!(begin(&anna, &password).await.problem(409), "second-factor-set-up");

        let stranger = office.browser();
        let enter = async |code: Option<&str>| log_in(&stranger, "anna", new, code).await;
        assert_eq!(enter(None).await.problem(401), "code-needed");
        assert_eq!(enter(Some("000000")).await.problem(401), "login-refused");
        enter(Some(&code(secret, 30))).await.ok();
        enter(Some(recovery[0])).await.ok();
        assert_eq!(enter(Some(recovery[0])).await.problem(401), "login-refused");

        let remove = async |code: &str| {
            let given = json!({ "password": new, "code": code });
            anna.post("/api/v1/second-factor/removal", &given).await
        };
        assert_eq!(remove(recovery[0]).await.problem(422), "bad-code");
        assert_eq!(remove(recovery[1]).await.status, 204);
        assert_eq!(remove(recovery[2]).await.problem(404), "not-found");
        enter(None).await.ok();
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn rights_end_with_the_next_request() {
    on_both(async |office: Office| {
        let boss = office.user("boss", Role::Administrator).await;
        let anna = office.user("anna", Role::Supervisor).await;
        let path = "/api/v1/users/anna";
        let change = async |browser: &Browser, role: Role| browser.put(path, &body(role)).await;
        let read = boss.get(path).await;
        let tagged = boss.with("if-match", Some(read.header("etag")));
        assert_eq!(boss.get("/api/v1/users/nobody").await.problem(404), "not-found");
        assert_eq!(boss.get("/api/v1/users/n%20b").await.problem(404), "not-found");
        assert_eq!(anna.get(path).await.problem(403), "denied");

        let demoted = change(&tagged, Role::Operator).await;
        assert_eq!(demoted.ok()["profile"]["role"], "operator");
        assert_eq!(anna.get("/api/v1/tickets").await.problem(401), "not-logged-in");
        let stale = change(&tagged, Role::Supervisor).await;
        assert_eq!(stale.problem(412), "changed");
        assert_eq!(format!("\"{}\"", stale.json()["version"]), demoted.header("etag"));
        let again = boss.with("if-match", Some(demoted.header("etag")));
        change(&again, Role::Supervisor).await.ok();

        let anna = office.login("anna").await;
        let disable = async |name: &str, disabled: bool| {
            let path = format!("/api/v1/users/{name}/disabled");
            boss.put(&path, &json!({ "disabled": disabled })).await
        };
        assert_eq!(disable("anna", true).await.ok()["status"], "disabled");
        assert_eq!(anna.get("/api/v1/session").await.problem(401), "not-logged-in");
        assert_eq!(disable("anna", false).await.ok()["status"], "active");
        let anna = office.login("anna").await;
        assert_eq!(boss.delete("/api/v1/users/anna/sessions").await.status, 204);
        assert_eq!(anna.get("/api/v1/session").await.problem(401), "not-logged-in");
        let anna = office.login("anna").await;
        assert_eq!(boss.delete("/api/v1/users/anna/second-factor").await.status, 204);
        assert_eq!(anna.get("/api/v1/session").await.problem(401), "not-logged-in");

        let own = "/api/v1/users/boss";
        let last = "last-administrator";
        assert_eq!(boss.put(own, &body(Role::Operator)).await.problem(409), last);
        assert_eq!(disable("boss", true).await.problem(409), last);
        assert_eq!(boss.delete(own).await.problem(409), last);

        assert_eq!(boss.delete(path).await.status, 204);
        assert_eq!(boss.delete(path).await.problem(404), "not-found");
        let new = added("anna");
        assert_eq!(boss.post("/api/v1/users", &new).await.problem(409), "name-taken");
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn tokens_are_made_used_and_revoked() {
    on_both(async |office: Office| {
        let boss = office.user("boss", Role::Administrator).await;
        let anna = office.user("anna", Role::Operator).await;
        let path = "/api/v1/tokens";
        let until = Timestamp::now() + SignedDuration::from_hours(1);
        let new = |scope: &str, until: Timestamp| {
            json!({ "label": "a board", "scopes": [scope], "expires_at": until })
        };
        let make = async |scope: &str| anna.post(path, &new(scope, until)).await;
        assert_eq!(make("users:manage").await.problem(403), "denied");
        assert_eq!(make("tickets:fly").await.problem(422), "invalid");
        let late = new("tickets:read", until + SignedDuration::from_hours(24 * 366));
        assert_eq!(anna.post(path, &late).await.problem(422), "invalid");
        let made = make("tickets:read").await;
        assert_eq!((made.status, &made.json()["token"]["used_at"]), (201, &Value::Null));
        let bearer = format!("Bearer {}", made.json()["secret"].as_str().expect("a secret"));
        let board = office.browser().with("authorization", Some(&bearer));
        assert_eq!(board.get("/api/v1/tickets").await.ok()["items"], json!([]));
        assert_eq!(board.get("/api/v1/sessions").await.problem(403), "session-needed");
        let more = board.post(path, &new("tickets:read", until)).await;
        assert_eq!(more.problem(403), "session-needed");
        let listed = anna.get(path).await;
        assert!(listed.ok()[0]["used_at"].is_string() && !listed.text.contains("spw_"));

        let number = &listed.ok()[0]["number"];
        assert_eq!(boss.delete(&format!("{path}/{number}")).await.problem(404), "not-found");
        assert_eq!(anna.delete(&format!("{path}/{number}")).await.status, 204);
        assert_eq!(anna.delete(&format!("{path}/{number}")).await.problem(404), "not-found");
        assert_eq!(board.get("/api/v1/tickets").await.problem(401), "not-logged-in");

        let made = make("tickets:work").await.ok();
        let theirs = "/api/v1/users/anna/tokens";
        let listed = boss.get(theirs).await.ok();
        assert_eq!((&listed[0], listed[1]["revoked_at"].is_string()), (&made["token"], true));
        assert_eq!(boss.get("/api/v1/users/eva/tokens").await.problem(404), "not-found");
        let one = format!("{theirs}/{}", made["token"]["number"]);
        assert_eq!(anna.delete(&one).await.problem(403), "denied");
        assert_eq!(boss.delete(&one).await.status, 204);
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    on_sqlite(async |office: Office| {
        let (one, two) = (office.user("anna", Role::Operator).await, office.login("anna").await);
        let listed = two.get("/api/v1/sessions").await.ok();
        let current: Vec<&Value> =
            listed.as_array().unwrap().iter().map(|s| &s["current"]).collect();
        assert_eq!(current, [true, false]);
        assert!(listed[0]["seen_at"].is_string(), "{listed}");
        let boris = office.user("boris", Role::Operator).await;
        let first = format!("/api/v1/sessions/{}", listed[1]["number"]);
        assert_eq!(boris.delete(&first).await.problem(404), "not-found");
        assert_eq!(two.delete(&first).await.status, 204);
        assert_eq!(one.get("/api/v1/session").await.problem(401), "not-logged-in");
        let three = office.login("anna").await;
        let out = three.delete("/api/v1/sessions").await;
        assert_eq!(out.status, 204);
        assert!(out.header("set-cookie").contains("Max-Age=0"), "{out:?}");
        assert_eq!(two.get("/api/v1/session").await.problem(401), "not-logged-in");
        assert_eq!(boris.get("/api/v1/session").await.status, 200);
        office.close().await;
    })
    .await;
}

/// Guesses until the door stays shut.
async fn throttled(guess: impl AsyncFn() -> Answer) {
    for _ in 0..5 {
        assert_eq!(guess().await.problem(401), "login-refused");
    }
    let answer = guess().await;
    assert_eq!(answer.problem(429), "throttled");
    let wait: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=2).contains(&wait), "{wait}");
}

#[tokio::test]
async fn who_guesses_waits() {
    on_sqlite(async |office: Office| {
        let anna = office.user("anna", Role::Operator).await;
        let boris = office.user("boris", Role::Operator).await;
        let stranger = office.browser();
        throttled(async || log_in(&stranger, "anna", WRONG, None).await).await;
        throttled(async || {
            let given = json!({ "old": WRONG, "new": "hungry-clock-17" });
            anna.put("/api/v1/password", &given).await
        })
        .await;
        throttled(async || {
            let given = json!({ "password": WRONG });
            boris.post("/api/v1/second-factor", &given).await
        })
        .await;
        assert_eq!(anna.get("/api/v1/session").await.status, 200);
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_audit_log_is_read_and_proved() {
    on_both(async |office: Office| {
        let otto = office.user("otto", Role::Observer).await;
        let number = office.desk().received("+84900000001", "Lan", "food").await.0;
        for n in 0..5 {
            let profile = profile(Role::Operator);
            let (by, now) = (By::Machine, Timestamp::now());
            office.access.add_user(by, &name(&format!("u{n}")), &profile, now).await.unwrap();
        }
        while office.store.seal(Timestamp::now()).await.unwrap() > 0 {}
        let all = async |query: &str| {
            let (mut entries, mut cursor) = (vec![], String::new());
            loop {
                let page = otto.get(&format!("/api/v1/audit?{query}{cursor}")).await.ok();
                entries.extend(page["items"].as_array().expect("items").clone());
                let Some(next) = page["next"].as_str() else { break entries };
                cursor = format!("&cursor={next}");
            }
        };
        let acts = |entries: &[Value]| -> Vec<String> {
            entries.iter().map(|e| e["act"].as_str().expect("an act").to_string()).collect()
        };
        let whole = all("limit=1000").await;
        for limit in [1, 2, 3] {
            assert_eq!(all(&format!("limit={limit}")).await, whole);
            let added = all(&format!("limit={limit}&actor=machine&act=user_added")).await;
            assert_eq!(acts(&added), ["user_added"; 6]);
        }
        let of_ticket = all(&format!("ticket={number}")).await;
        assert_eq!(acts(&of_ticket), ["tell", "receive", "hang_up"]);
        assert_eq!(all("act=flown").await, Vec::<Value>::new());
        let third = whole[2]["place"].as_str().expect("a place");
        assert_eq!(all(&format!("cursor={third}")).await, whole[3..]);
        for bad in ["limit=0", "limit=1001", "cursor=x", "ticket=x", "colour=red"] {
            let refused = otto.get(&format!("/api/v1/audit?{bad}")).await;
            assert_eq!(refused.problem(422), "invalid", "{bad}");
        }

        let path = "/api/v1/audit/verification";
        let report = otto.get(path).await.ok();
        assert_eq!((&report["events"], &report["broken"]), (&json!(whole.len()), &Value::Null));
        let head = report["head"].as_str().expect("a head");
        let found = otto.get(&format!("{path}?head={head}")).await.ok();
        assert_eq!((&found["head_found"], &found["broken"]), (&json!(true), &Value::Null));
        let other = "0".repeat(64);
        let gone = otto.get(&format!("{path}?head={other}")).await.ok();
        assert!(gone["broken"].as_str().expect("broken").contains(&other), "{gone}");
        assert_eq!(otto.get(&format!("{path}?head=x")).await.problem(422), "invalid");
        office.close().await;
    })
    .await;
}
