//! What supervisors and administrators watch: the board, hotlines, packs, what is kept, the log.

use super::office::{Office, on_both, on_sqlite};
use crate::access::gate::profile;
use serde_json::{Value, json};
use spillway::access::{Hotlines, Profile, Role};
use std::collections::BTreeSet;

#[tokio::test]
async fn the_board_counts_waits_promises_and_agents() {
    on_both(async |office: Office| {
        let sue = office.user("sue", Role::Supervisor).await;
        let empty = sue.get("/api/v1/board").await.ok();
        assert_eq!((&empty["hotlines"], &empty["lines"]), (&json!([]), &Value::Null));

        let mut desk = office.desk();
        let now = desk.now;
        for (hours, number) in [(50, 1), (47, 2), (3, 3), (0, 4)] {
            desk.now = now - jiff::SignedDuration::from_hours(hours);
            desk.received(&format!("+8490000000{number}"), "Lan", "food").await;
        }
        let board = sue.get("/api/v1/board").await.ok();
        let demo = &board["hotlines"][0];
        let figures = ["open", "overdue", "due_soon", "held"].map(|name| demo[name].clone());
        assert_eq!(figures, [json!(4), json!(1), json!(1), json!(0)], "{demo}");
        let waits: Vec<&Value> = demo["waits"].as_array().unwrap().iter().collect();
        let waits: Vec<u64> = waits.iter().map(|w| w["count"].as_u64().unwrap()).collect();
        assert_eq!(waits, [1, 1, 0, 0, 2], "{demo}");
        assert_eq!(demo["outlook"], Value::Null, "nobody is there");

        let anna = office.user("anna", Role::Operator).await;
        let there = |state: &str| json!({ "state": state });
        anna.put("/api/v1/presence", &there("ready")).await.ok();
        let demo = sue.get("/api/v1/board").await.ok()["hotlines"][0].clone();
        assert_eq!(
            (&demo["agents"]["ready"], &demo["agents"]["all_busy"]),
            (&json!(1), &json!(false))
        );
        let outlook = &demo["outlook"];
        assert_eq!((&outlook["agents"], &outlook["lost"]), (&json!(1), &json!(0)), "{demo}");
        anna.put("/api/v1/presence", &there("on_call")).await.ok();
        let demo = sue.get("/api/v1/board").await.ok()["hotlines"][0].clone();
        assert_eq!(demo["agents"]["all_busy"], true);

        assert_eq!(anna.get("/api/v1/board").await.problem(403), "denied");
        let own = Hotlines::Only(BTreeSet::from(["flood".to_string()]));
        let flora = Profile { hotlines: own, ..profile(Role::Supervisor) };
        let flora = office.user_of("flora", flora).await;
        assert_eq!(flora.get("/api/v1/board").await.ok()["hotlines"], json!([]));
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn hotlines_are_read_and_checked() {
    on_sqlite(async |office: Office| {
        let ada = office.user("ada", Role::Administrator).await;
        let file = ada.get("/api/v1/hotlines/demo-en/file").await.ok();
        let form = &file["form"];
        assert_eq!((&file["served"], &file["differs"]), (&json!(false), &json!(false)));
        assert_eq!(
            (&form["country"], &form["slots"][1]["kind"]),
            (&json!("US"), &json!("address"))
        );
        assert!(form["prompts"].as_array().unwrap().len() > 50, "{form}");
        assert!(form["answers"].as_u64() > Some(10));
        let check = ada.get("/api/v1/hotlines/demo-en/check").await.ok();
        assert_eq!((&check["good"], &check["findings"]), (&json!(true), &json!([])), "{check}");

        let good = std::fs::read_to_string("prompts/hotlines/demo-en.toml").unwrap();
        let findings = async |text: &str, good: bool, wanted: [&str; 2]| {
            let body = json!({ "text": text });
            let check = ada.post("/api/v1/hotline-checks", &body).await.ok();
            assert_eq!(check["good"], good, "{check}");
            let told = check["findings"].to_string();
            assert!(wanted.iter().all(|w| told.contains(w)), "{wanted:?}: {told}");
            assert!(!told.contains(env!("CARGO_MANIFEST_DIR")), "{told}");
        };
        findings(&good, true, ["[]", ""]).await;
        findings("title = ", false, ["hotlines/new.toml", "line 1"]).await;
        let odd = good.replace("\"FOOD\"", "\"GOLD\"");
        findings(&odd, false, ["needs", "GOLD"]).await;
        let odd = good.replace("\"en\"", "\"../../etc\"");
        findings(&odd, false, ["language", "ISO"]).await;
        let odd = good.replace("\"US\"", "\"../x\"");
        findings(&odd, false, ["country", "ISO"]).await;
        let odd = good.clone() + "within_h = 0\nattempts_max = 0\n";
        findings(&odd, false, ["callback.within_h", "callback.attempts_max"]).await;
        let long = json!({ "text": "#".repeat(65_537) });
        assert_eq!(ada.post("/api/v1/hotline-checks", &long).await.problem(422), "invalid");

        for name in ["demo", "..%2Fdemo-en", "%00"] {
            let path = format!("/api/v1/hotlines/{name}/file");
            assert_eq!(ada.get(&path).await.problem(404), "not-found", "{name}");
        }
        let sue = office.user("sue", Role::Supervisor).await;
        assert_eq!(sue.get("/api/v1/hotlines/demo-en/file").await.problem(403), "denied");
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn answers_are_found_and_packs_are_listed() {
    on_sqlite(async |office: Office| {
        let anna = office.user("anna", Role::Operator).await;
        let path = "/api/v1/hotlines/demo-vi/answers";
        let all = anna.get(path).await.ok().as_array().unwrap().len();
        let found = anna.get(&format!("{path}?q=tro%20CAP%20giay")).await.ok();
        let found: Vec<&str> =
            found.as_array().unwrap().iter().filter_map(|a| a["id"].as_str()).collect();
        assert!(found.contains(&"tro-cap-giay-to") && found.len() < all, "{found:?}");
        assert_eq!(anna.get(&format!("{path}?q=zzz")).await.ok(), json!([]));
        let long = format!("{path}?q={}", "a".repeat(201));
        assert_eq!(anna.get(&long).await.problem(422), "invalid");
        assert_eq!(anna.get("/api/v1/hotlines/none/answers").await.problem(404), "not-found");

        let ada = office.user("ada", Role::Administrator).await;
        let packs = ada.get("/api/v1/packs").await.ok();
        let whisper = packs.as_array().unwrap().iter().find(|p| p["name"] == "whisper-base");
        let whisper = whisper.expect("known");
        assert_eq!(whisper["engine"], "recogniser");
        let mended = whisper["mend"] == "spillway models pull whisper-base";
        assert!(mended || whisper["state"] == "ready" || whisper["state"] == "unstamped");
        let needs = ada.get("/api/v1/prerequisites").await.ok();
        let database = needs.as_array().unwrap().iter().find(|n| n["name"] == "database");
        assert_eq!(database.expect("looked at")["needed"], true);
        assert!(!needs.to_string().contains("port"), "a running server has them: {needs}");
        assert_eq!(anna.get("/api/v1/packs").await.problem(403), "denied");
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn holds_are_listed_and_an_erasure_says_why() {
    on_both(async |office: Office| {
        let mut desk = office.desk();
        let first = desk.received("+84900000001", "Lan", "food").await.0;
        let other = desk.received("", "Minh", "food").await.0;
        let sue = office.user("sue", Role::Supervisor).await;
        let hold = format!("/api/v1/tickets/{first}/hold");
        assert_eq!(sue.put(&hold, &json!({ "reason": "case 7/2026" })).await.status, 204);
        let ticket = sue.get(&format!("/api/v1/tickets/{first}")).await.ok();
        assert_eq!(ticket["hold"], "case 7/2026");
        let olga = office.user("olga", Role::Observer).await;
        let masked = olga.get(&format!("/api/v1/tickets/{first}")).await.ok();
        assert_eq!(masked["hold"], "");

        let ada = office.user("ada", Role::Administrator).await;
        let kept = ada.get("/api/v1/retention").await.ok();
        let held = &kept["held"][0];
        assert_eq!((&held["number"], &held["by"]), (&json!(first), &json!("supervisor sue")));
        assert_eq!((&kept["keep_days"], &kept["due_next"]), (&json!(90), &json!(vec![0; 7])));
        assert_eq!(sue.get("/api/v1/retention").await.problem(403), "denied");

        let erasure = |number: u64| format!("/api/v1/tickets/{number}/erasure");
        let grounds = json!({ "grounds": { "reason": "order", "reference": "12-C-2026" } });
        assert_eq!(sue.post(&erasure(first), &grounds).await.problem(409), "legal-hold");
        assert_eq!(sue.delete(&hold).await.status, 204);
        let named = json!({ "grounds": { "reference": "Lan's case" } });
        assert_eq!(sue.post(&erasure(first), &named).await.problem(422), "invalid");
        let dry = sue.post(&erasure(first), &json!({ "dry_run": true })).await.ok();
        assert_eq!(dry["tickets"], json!([first]));
        assert_eq!(
            sue.get(&format!("/api/v1/tickets/{first}")).await.ok()["callback_number"],
            "+84900000001"
        );
        assert_eq!(sue.post(&erasure(first), &grounds).await.ok()["tickets"], json!([first]));
        let gone = sue.get(&format!("/api/v1/tickets/{first}")).await.ok();
        assert_eq!((&gone["callback_number"], &gone["hold"]), (&json!(""), &Value::Null));
        // A withheld number is nobody's: the ticket alone goes.
        assert_eq!(sue.post(&erasure(other), &json!({})).await.ok()["tickets"], json!([other]));
        assert_eq!(ada.post(&erasure(other), &json!({})).await.problem(403), "denied");
        let log = office.store.history(spillway::ticket::TicketNumber(first)).await.unwrap();
        let erased = log.iter().find(|e| e.act == "erase").expect("in the log");
        let why: Value = serde_json::from_str(&erased.detail).unwrap();
        assert_eq!(why, grounds["grounds"]);
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_log_is_read_backwards_by_day_and_taken_out() {
    on_both(async |office: Office| {
        let ada = office.user("ada", Role::Administrator).await;
        let mut desk = office.desk();
        let now = desk.now;
        for (days, number) in [(3, 1), (2, 2), (1, 3), (0, 4)] {
            desk.now = now - jiff::SignedDuration::from_hours(24 * days);
            desk.received(&format!("+8490000000{number}"), "Lan", "food").await;
            while office.store.seal(desk.now).await.expect("sealed") > 0 {}
        }
        let read = async |query: &str| ada.get(&format!("/api/v1/audit?{query}")).await.ok();
        let places = |page: &Value| -> Vec<String> {
            let items = page["items"].as_array().unwrap().iter();
            items.map(|e| e["place"].as_str().unwrap().to_string()).collect()
        };
        let mut oldest = places(&read("limit=1000").await);
        let mut back = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = read(&format!("order=newest&limit=2{cursor}")).await;
            back.extend(places(&page));
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        // What was sealed meanwhile is before what was read first.
        let known = back.iter().position(|place| Some(place) == oldest.last()).expect("read");
        oldest.reverse();
        assert_eq!(back[known..], oldest);

        let from = now - jiff::SignedDuration::from_hours(60);
        let to = now - jiff::SignedDuration::from_hours(12);
        for order in ["oldest", "newest"] {
            let page = read(&format!("order={order}&from={from}&to={to}&act=tell")).await;
            let tickets: BTreeSet<i64> = page["items"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|e| e["ticket"].as_i64())
                .collect();
            assert_eq!(tickets, BTreeSet::from([2, 3]), "{order}: {page}");
        }
        let by_ada = read("actor=ada&order=newest").await;
        assert!(!places(&by_ada).is_empty());
        assert_eq!(ada.get("/api/v1/audit?from=noon").await.problem(422), "invalid");

        let export = ada.get("/api/v1/audit/export?ticket=2").await;
        assert!(export.header("content-disposition").contains("audit.jsonl"));
        let lines: Vec<Value> =
            export.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(!lines.is_empty() && lines.iter().all(|line| line["ticket"] == 2));
        let table = ada.get(&format!("/api/v1/audit/export?format=csv&to={to}")).await;
        assert!(table.text.starts_with("place,at,actor,act,ticket,detail\r\n"), "{}", table.text);
        assert!(table.text.lines().count() > 3 && !table.text.contains(",4,"));
        let sue = office.user("sue", Role::Supervisor).await;
        assert_eq!(sue.get("/api/v1/audit/export").await.problem(403), "denied");
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn filters_offer_what_there_is() {
    on_both(async |office: Office| {
        let mut desk = office.desk();
        let number = desk.received("+84900000001", "Lan", "food").await;
        desk.tell(number, |ticket| {
            ticket.facts.push(("x-branch".into(), "north".into()));
            ticket.slots[1].parts = vec![("district".into(), "Quận 1".into())];
        })
        .await;
        let anna = office.user("anna", Role::Operator).await;
        let all = anna.get("/api/v1/choices").await.ok();
        let demo = &all[0];
        let values = ["hotline", "districts", "branches"].map(|name| demo[name].clone());
        assert_eq!(values, [json!("demo"), json!(["Quận 1"]), json!(["north"])], "{all}");
        let own = Hotlines::Only(BTreeSet::from(["flood".to_string()]));
        let flora = Profile { hotlines: own, ..profile(Role::Operator) };
        let flora = office.user_of("flora", flora).await;
        assert_eq!(flora.get("/api/v1/choices").await.ok(), json!([]));
        office.close().await;
    })
    .await;
}
