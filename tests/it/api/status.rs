//! The public status: by the API and by the page, as callers ask.

use super::office::{Answer, Browser, Office, on_both, on_sqlite};
use crate::callbacks::desk::{Desk, anna, hours, supervisor};
use jiff::Timestamp;
use regex::Regex;
use serde_json::{Value, json};
use spillway::access::Role;
use spillway::store::StoreOptions;
use spillway::ticket::{
    Act, CallbackPolicy, CallbackSpec, Hours, HoursSpec, Policies, TicketNumber,
};
use std::collections::BTreeSet;
use std::sync::Arc;

const PHONE: &str = "+84900000001";

async fn ask(browser: &Browser, number: TicketNumber, phone: &str) -> Answer {
    browser.post("/api/v1/status", &json!({ "number": number, "phone": phone })).await
}

async fn look(browser: &Browser, number: TicketNumber, more: &[(&str, &str)]) -> Answer {
    let number = number.to_string();
    let mut fields = vec![("number", number.as_str()), ("phone", "0900 000 001")];
    fields.extend(more);
    browser.submit("/status?lang=en", &fields).await
}

fn done() -> Act {
    Act::Finish { disposition: "helped".into() }
}

/// Somebody called, and somebody saw to it.
async fn settled(desk: &mut Desk) -> TicketNumber {
    let number = desk.received(PHONE, "Lan", "food").await;
    desk.does(number, Act::Claim, &anna()).await;
    desk.does(number, Act::Ring, &anna()).await;
    desk.does(number, done(), &anna()).await;
    number
}

#[tokio::test]
async fn a_caller_sees_how_the_ticket_stands() {
    on_both(async |office: Office| {
        let mut desk = office.desk();
        let caller = office.browser();
        let number = desk.received(PHONE, "Lan", "food").await;
        let found = ask(&caller, number, "0900 000 001").await;
        let view = found.ok();
        assert_eq!((&view["number"], &view["progress"]), (&json!(number), &json!("waiting")));
        assert_eq!((&view["late"], &view["can_cancel"]), (&json!(false), &json!(true)));
        assert_eq!((&view["can_rate"], &view["rated"]), (&json!(false), &json!(false)));
        let time = |key: &str| -> Timestamp {
            view[key].as_str().and_then(|t| t.parse().ok()).unwrap_or_else(|| panic!("{key}"))
        };
        assert_eq!(time("due_at").duration_since(time("received_at")), hours(48));
        assert!(time("expected_by") >= time("due_at"));
        for personal in ["Lan", "food", "Garden", "900000001"] {
            assert!(!found.text.contains(personal), "{personal}: {}", found.text);
        }

        desk.does(number, Act::Claim, &anna()).await;
        desk.does(number, Act::Refer { office: "Ward 5 <b>".into() }, &anna()).await;
        let view = ask(&caller, number, PHONE).await.ok();
        assert_eq!(view["progress"], "at_office");
        assert_eq!((&view["office"], &view["expected_by"]), (&json!("Ward 5 <b>"), &Value::Null));
        let page = look(&caller, number, &[]).await;
        assert!(page.text.contains("<strong>Ward 5 &lt;b&gt;</strong>"), "{}", page.text);

        let unknown = ask(&caller, TicketNumber(999), PHONE).await;
        let wrong = ask(&caller, number, "+84900000002").await;
        assert_eq!((wrong.problem(404), &wrong.text), (unknown.problem(404), &unknown.text));
        let enormous = ask(&caller, TicketNumber(u64::MAX), PHONE).await;
        assert_eq!(enormous.problem(404), "not-found");
        let extra = json!({ "number": 1, "phone": PHONE, "x": 1 });
        assert_eq!(caller.post("/api/v1/status", &extra).await.problem(422), "invalid");
        let long = json!({ "number": 1, "phone": "1".repeat(3_000) });
        assert_eq!(caller.post("/api/v1/status", &long).await.status, 413);
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_number_put_right_is_the_callers() {
    on_sqlite(async |office: Office| {
        let mut desk = office.desk();
        let number = desk.received(PHONE, "Lan", "food").await;
        desk.does(number, Act::Claim, &anna()).await;
        for (slot, value) in [("callback_number", "0900 000 007"), ("address", "9 Long Road")] {
            let (slot, value) = (slot.into(), value.into());
            let correct = Act::Correct { slot, value, parts: vec![] };
            desk.does(number, correct, &anna()).await;
        }
        let caller = office.browser();
        assert_eq!(ask(&caller, number, "+84900000007").await.status, 200);
        assert_eq!(ask(&caller, number, "9 Long Road").await.status, 404);
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_caller_withdraws_and_rates_once() {
    on_both(async |office: Office| {
        let mut desk = office.desk();
        let caller = office.browser();
        let number = desk.received(PHONE, "Lan", "food").await;
        let sent = json!({ "number": number, "phone": PHONE });
        let rating = json!({ "number": number, "phone": PHONE, "score": 4 });
        let rate = async |sent: &Value| caller.post("/api/v1/status/rating", sent).await;
        assert_eq!(rate(&rating).await.problem(409), "wrong-stage");

        let other = json!({ "number": number, "phone": "+84900000002" });
        let cancel = async |sent: &Value| caller.post("/api/v1/status/cancellation", sent).await;
        assert_eq!(cancel(&other).await.problem(404), "not-found");
        let view = cancel(&sent).await.ok();
        let told = (&view["progress"], &view["outcome"], &view["can_cancel"], &view["can_rate"]);
        assert_eq!(told, (&json!("settled"), &json!("cancelled"), &json!(false), &json!(true)));
        assert_eq!(cancel(&sent).await.problem(409), "wrong-stage");

        let bad = json!({ "number": number, "phone": PHONE, "score": 6 });
        assert_eq!(rate(&bad).await.problem(422), "invalid");
        let view = rate(&rating).await.ok();
        assert_eq!((&view["can_rate"], &view["rated"]), (&json!(false), &json!(true)));
        assert_eq!(rate(&rating).await.problem(409), "rated");
        let kept = office.store.rating(number).await.expect("read").expect("rated");
        assert_eq!(kept.score, 4);
        desk.check_audit().await;
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_repeat_call_shows_the_ticket_that_stands_for_it() {
    on_both(async |office: Office| {
        let mut desk = office.desk();
        let caller = office.browser();
        let first = desk.received(PHONE, "Lan", "food").await;
        let again = desk.received(PHONE, "Lan", "food").await;
        let view = ask(&caller, again, PHONE).await.ok();
        assert_eq!((&view["number"], &view["merged_into"]), (&json!(again), &json!(first)));
        assert_eq!((&view["progress"], &view["can_cancel"]), (&json!("waiting"), &json!(true)));

        // A neighbour's, put together by a supervisor: told, but not theirs to withdraw.
        let theirs = desk.received("+84900000002", "Minh", "water").await;
        let now = Timestamp::now();
        let merged = office.store.merge(first, theirs, false, &supervisor(), now).await;
        merged.expect("merged");
        let view = ask(&caller, theirs, "+84900000002").await.ok();
        assert_eq!((&view["progress"], &view["can_cancel"]), (&json!("waiting"), &json!(false)));
        let sent = json!({ "number": theirs, "phone": "+84900000002" });
        let refused = caller.post("/api/v1/status/cancellation", &sent).await;
        assert_eq!(refused.problem(403), "denied");
        let sent = json!({ "number": again, "phone": PHONE });
        assert_eq!(caller.post("/api/v1/status/cancellation", &sent).await.status, 200);
        let page = look(&caller, again, &[]).await;
        assert!(page.text.contains(&format!("your earlier ticket\u{a0}{first}")), "{}", page.text);
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn who_guesses_has_to_wait() {
    on_both(async |office: Office| {
        let number = office.desk().received(PHONE, "Lan", "food").await;
        office.user("anna", Role::Operator).await;
        let from = |address: &str| office.browser().with("x-forwarded-for", Some(address));
        let guesser = from("192.0.2.1");
        let at_once = async |phones: Vec<String>| {
            let asked = phones.into_iter().map(|phone| {
                let guesser = guesser.clone();
                tokio::spawn(async move { ask(&guesser, number, &phone).await.status })
            });
            let mut answers = vec![];
            for answer in asked.collect::<Vec<_>>() {
                answers.push(answer.await.expect("answered"));
            }
            answers
        };
        assert_eq!(at_once(vec![PHONE.into(); 20]).await, [200; 20], "who is right never waits");
        let guesses = (0..130).map(|n| format!("+84900001{n:03}")).collect();
        let answers = at_once(guesses).await;
        let seen = answers.iter().filter(|status| **status == 404).count();
        assert!((100..=105).contains(&seen), "{answers:?}");
        let refused = loop {
            let answer = ask(&guesser, number, "+84900000002").await;
            let wait: u64 = answer.header("retry-after").parse().unwrap_or(0);
            // So long that the rest of this story is told meanwhile.
            if wait >= 4 {
                break answer;
            }
        };
        assert_eq!(refused.problem(429), "throttled");
        assert_eq!(ask(&guesser, number, PHONE).await.problem(429), "throttled");
        let page = look(&guesser, number, &[]).await;
        assert_eq!(page.status, 429);
        assert!(page.header("retry-after").parse::<u64>().is_ok_and(|s| s <= 60));
        assert!(page.text.contains("too many wrong tries"), "{}", page.text);

        assert_eq!(ask(&from("192.0.2.2"), number, PHONE).await.status, 200);
        let given = json!({ "name": "anna", "password": "thirsty-lamp-41" });
        let login = guesser.post("/api/v1/session", &given).await;
        assert_eq!(login.status, 200, "{}", login.text);
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_page_leads_through_it() {
    on_both(async |office: Office| {
        let mut desk = office.desk();
        let caller = office.browser();
        let number = desk.received(PHONE, "Lan", "food").await;
        let page = look(&caller, number, &[]).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let says = |page: &Answer, words: &str| {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        };
        says(&page, &format!("<title>Ticket\u{a0}{number}</title>"));
        says(&page, "A person will call you before <time");
        says(&page, "value=\"withdraw\"");
        let asked = look(&caller, number, &[("step", "withdraw")]).await;
        says(&asked, &format!("Withdraw ticket\u{a0}{number}?"));
        assert!(desk.callback(number).await.stage.is_pending(), "only asked");
        for _ in 0..2 {
            let withdrawn = look(&caller, number, &[("step", "withdrawn")]).await;
            says(&withdrawn, "Your request is withdrawn");
            assert!(!withdrawn.text.contains("value=\"withdraw\""));
        }

        let number = settled(&mut desk).await;
        let page = look(&caller, number, &[]).await;
        says(&page, "Your request is settled.");
        says(&page, "How well were you helped?");
        for score in ["", "0", "x"] {
            let missing = look(&caller, number, &[("step", "rate"), ("score", score)]).await;
            assert_eq!(missing.status, 422, "{}", missing.text);
            says(&missing, "role=\"alert\">Choose 1 to 5.");
        }
        for score in ["5", "1"] {
            let thanks = look(&caller, number, &[("step", "rate"), ("score", score)]).await;
            says(&thanks, "Thank you for your rating.");
            assert!(!thanks.text.contains("type=\"radio\""));
        }
        let kept = office.store.rating(number).await.expect("read").expect("rated");
        assert_eq!(kept.score, 5, "the first one counts");
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn who_is_late_says_sorry_in_the_hotlines_time() {
    let zone = "zone = \"Asia/Ho_Chi_Minh\"";
    let zone: HoursSpec = toml::from_str(zone).expect("hours");
    let spec = CallbackSpec { agents: 0, ..CallbackSpec::default() };
    let slots = CallbackPolicy::default().slots;
    let policy = CallbackPolicy::new(&spec, &zone, &[], &[], slots, 900_000).expect("a policy");
    let clock: Hours = policy.hours.clone();
    let policies = Arc::new(Policies::new([("demo".to_string(), Arc::new(policy))].into()));
    let dir = tempfile::tempdir().expect("a folder");
    let options = StoreOptions { policies, ..StoreOptions::new(dir.path()) };
    let office = Office::open(&options).await;
    let mut desk = office.desk();
    let caller = office.browser();
    desk.at(hours(-60));
    let number = desk.received(PHONE, "Lan", "food").await;
    let due = clock.local(desk.now + hours(48));
    desk.at(hours(60));
    desk.sweep().await;
    assert_eq!(ask(&caller, number, PHONE).await.ok()["late"], true);
    let page = look(&caller, number, &[]).await;
    let moment = due.strftime("%H:%M on %-d %B").to_string();
    for words in ["We are sorry.", moment.as_str(), "as soon as possible"] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    desk.does(number, Act::Claim, &anna()).await;
    desk.does(number, done(), &anna()).await;
    let page = look(&caller, number, &[]).await;
    assert!(!page.text.contains("We are sorry."), "{}", page.text);
    office.close().await;
}

/// The values of an attribute.
fn all<'p>(page: &'p str, attribute: &str) -> Vec<&'p str> {
    let pattern = Regex::new(&format!(" {attribute}=\"([^\"]*)\"")).expect("a pattern");
    pattern.captures_iter(page).filter_map(|c| c.get(1)).map(|m| m.as_str()).collect()
}

#[tokio::test]
async fn every_language_and_what_a_screen_reader_needs() {
    on_sqlite(async |office: Office| {
        let number = settled(&mut office.desk()).await;
        let caller = office.browser();
        let mut titles = BTreeSet::new();
        for lang in ["vi", "en", "cs", "uk", "ru", "ko"] {
            let accepted = format!("xx, {lang}-ZZ;q=0.7");
            let blank = caller.with("accept-language", Some(&accepted)).get("/status").await;
            let path = format!("/status?lang={lang}");
            let wrong = caller.submit(&path, &[("number", "x"), ("phone", "1")]).await;
            let text = number.to_string();
            let sent = [("number", text.as_str()), ("phone", PHONE), ("step", "rate")];
            let rate = caller.submit(&path, &sent).await;
            assert_eq!((blank.status, wrong.status, rate.status), (200, 422, 422));
            titles.insert(blank.text.split("</title>").next().map(String::from));
            for page in [&blank, &wrong, &rate] {
                let begins = format!("<!DOCTYPE html><html lang=\"{lang}\">");
                assert!(page.text.starts_with(&begins), "{}", page.text);
                assert!(!page.text.contains('{') && !page.text.contains(" style="));
                let ids = all(&page.text, "id");
                assert_eq!(ids.len(), BTreeSet::from_iter(&ids).len(), "{ids:?}");
                let described = all(&page.text, "aria-describedby");
                let meant = described.iter().flat_map(|d| d.split(' '));
                for id in meant.chain(all(&page.text, "for")) {
                    assert!(ids.contains(&id), "{id}: {}", page.text);
                }
                for target in all(&page.text, "action") {
                    assert_eq!(target, path, "the language stays");
                }
            }
            assert_eq!(all(&wrong.text, "aria-invalid"), ["true"]);
            assert!(wrong.text.contains("role=\"alert\""), "{}", wrong.text);
        }
        assert_eq!(titles.len(), 6);
        office.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_page_is_safe() {
    on_sqlite(async |office: Office| {
        let number = office.desk().received(PHONE, "Lan", "food").await;
        let caller = office.browser();
        let hostile = "\"><script>alert(1)</script>&amp;";
        let fields = [("number", hostile), ("phone", hostile)];
        let page = caller.submit("/status?lang=%22%3E%3Cscript%3E", &fields).await;
        assert_eq!(page.status, 404, "{}", page.text);
        assert!(!page.text.contains("<script"), "{}", page.text);
        let escaped = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;";
        assert_eq!(page.text.matches(escaped).count(), 2, "{}", page.text);

        let check = |page: &Answer, header: &str, want: &str| {
            assert!(page.header(header).contains(want), "{header}: {}", page.header(header));
        };
        for page in [caller.get("/status").await, look(&caller, number, &[]).await, page] {
            check(&page, "content-type", "text/html; charset=utf-8");
            check(&page, "cache-control", "no-store");
            check(&page, "x-robots-tag", "noindex");
            check(&page, "referrer-policy", "same-origin");
            check(&page, "content-security-policy", "default-src 'none'; style-src 'self'");
            assert!(page.all("set-cookie").is_empty());
        }
        let style = caller.get("/status.css").await;
        check(&style, "content-type", "text/css");
        assert_eq!(style.status, 200);

        let elsewhere = caller.with("origin", Some("https://evil.example"));
        let refused = look(&elsewhere, number, &[("step", "withdrawn")]).await;
        assert_eq!(refused.problem(403), "cross-site");
        let own = caller.with("origin", Some(&office.address));
        assert_eq!(look(&own, number, &[]).await.status, 200);
        let large = "1".repeat(3_000);
        let refused = look(&caller, number, &[("score", &large)]).await;
        assert_eq!(refused.status, 413, "{}", refused.text);
        let refused = look(&caller, number, &[("step", "fly")]).await;
        assert_eq!(refused.status, 422, "{}", refused.text);
        let refused = caller.post("/status", &json!({ "number": 1 })).await;
        assert_eq!(refused.status, 415, "{}", refused.text);
        let by_address = caller.get(&format!("/status?number={number}&phone={PHONE}")).await;
        assert!(!by_address.text.contains(PHONE), "nothing is read from the address");
        let stored = office.store.get(number).await.expect("read").expect("there");
        assert!(stored.callback.stage.is_pending(), "nobody withdrew it");
        office.close().await;
    })
    .await;
}
