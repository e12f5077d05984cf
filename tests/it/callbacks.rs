//! The callback queue from outside: one story, told by SQLite and by PostgreSQL.

mod crash;
pub mod desk;
mod figures;
mod model;
mod webhook_crash;
mod webhooks;

use crate::support::postgres::Postgres;
use desk::{Desk, anna, boris, hours, minutes, supervisor};
use spillway::store::{ActError, Pick, StoreOptions, TicketFilter, TicketStore};
use spillway::ticket::{
    Act, Actor, Callback, CallbackPolicy, Escalation, Inquiry, Policies, Priority, Progress,
    Refused, SlotRecord, SlotStatus, Stage, Ticket, TicketNumber, TicketStatus,
};
use std::sync::Arc;

/// Runs `story` on a database of each kind.
pub async fn on_both(story: impl AsyncFn(Desk)) {
    on_both_with(Arc::default(), story).await;
}

/// The same, by these policies.
async fn on_both_with(policies: Arc<Policies>, story: impl AsyncFn(Desk)) {
    let dir = tempfile::tempdir().expect("a folder");
    let options = StoreOptions { policies, ..StoreOptions::new(dir.path()) };
    story(Desk::new(TicketStore::open(&options).await.expect("SQLite"))).await;
    let Some(postgres) = Postgres::start() else { return };
    let options = StoreOptions { address: Some(postgres.address()), ..options };
    story(Desk::new(TicketStore::open(&options).await.expect("PostgreSQL"))).await;
}

fn stage(desk: &Callback) -> &'static str {
    desk.stage.name()
}

#[tokio::test]
async fn who_calls_again_may_ask_and_withdraw() {
    on_both(async |mut desk: Desk| {
        let ticket = desk.received("+84900000001", "Lan", "food").await;
        let other = desk.received("+84900000002", "Minh", "food").await;
        let known = desk.store.waiting_for("demo", "+84900000001", TicketNumber(99)).await;
        let known = known.expect("read").expect("there");
        let standing = desk.store.standing(&known, desk.now).await.expect("read");
        assert_eq!((standing.number, &standing.progress), (ticket, &Progress::Waiting));
        assert!(standing.by.is_some() && !standing.late);

        // A question about somebody else's withdraws nothing and leaves nothing to do.
        let asks = |ticket, withdraws| {
            move |t: &mut Ticket| {
                t.slots
                    .iter_mut()
                    .for_each(|s| *s = SlotRecord { status: SlotStatus::Empty, ..s.clone() });
                t.inquiry = Some(Inquiry { ticket, withdraws });
                t.status = TicketStatus::Open;
            }
        };
        let call = desk.call("+84900000001", "", "").await;
        desk.tell(call, asks(other, true)).await;
        assert_eq!(stage(&desk.callback(call).await), "cancelled");
        assert_eq!(stage(&desk.callback(other).await), "open");

        let call = desk.call("+84900000001", "", "").await;
        desk.tell(call, asks(ticket, true)).await;
        for number in [call, ticket] {
            assert_eq!(stage(&desk.callback(number).await), "cancelled");
        }
        let none = desk.store.waiting_for("demo", "+84900000001", TicketNumber(99)).await;
        assert_eq!(none.expect("read"), None);

        // After the promise was broken the caller is owed an apology.
        desk.at(hours(49));
        while desk.sweep().await.acts > 0 {}
        let late = desk.store.get(other).await.expect("read").expect("there");
        let standing = desk.store.standing(&late, desk.now).await.expect("read");
        assert_eq!((standing.late, standing.by), (true, None));
    })
    .await;
}

#[tokio::test]
async fn a_shift() {
    on_both(async |mut desk| {
        // Three calls; the second is an emergency, the third still running.
        let mary = desk.call("+84901000001", "Mary Johnson", "FOOD").await;
        desk.at(minutes(2));
        let fire = desk.call("+84901000002", "Peter Long", "FIRE").await;
        desk.tell(fire, |t| t.priority = Priority::Emergency).await;
        let last = desk.call("+84901000003", "Ann Low", "FOOD").await;
        assert_eq!(desk.claim(&anna()).await, None, "callers are still talking");
        desk.hang_up(mary).await;
        desk.hang_up(fire).await;

        assert_eq!(desk.claim(&anna()).await, Some(fire), "the emergency first");
        assert_eq!(desk.claim(&boris()).await, Some(mary));
        assert_eq!(desk.claim(&boris()).await, None, "the third caller still talks");
        let refused = desk.act(fire, Act::Ring, &boris()).await.unwrap_err();
        assert!(refused.to_string().starts_with("anna holds the ticket until"), "{refused}");

        // Nobody answers Anna three times.
        for attempt in 1..=3 {
            desk.does(fire, Act::Ring, &anna()).await;
            let missed = desk.does(fire, Act::Miss, &anna()).await;
            assert_eq!(missed.attempts.len(), attempt);
            if attempt < 3 {
                assert_eq!(stage(&missed), "scheduled");
                desk.at(hours(3));
                desk.sweep().await;
                assert_eq!(desk.claim(&anna()).await, Some(fire), "the time has come");
            } else {
                assert_eq!(stage(&missed), "unreached");
            }
        }
        let refused = desk.act(fire, Act::Reopen, &anna()).await.unwrap_err();
        assert_eq!(refused.to_string(), "reopen is for supervisors");
        assert_eq!(stage(&desk.does(fire, Act::Reopen, &supervisor()).await), "open");

        // Boris went home: his lease lapsed with the first sweep.
        assert_eq!(stage(&desk.callback(mary).await), "open");
        assert_eq!(desk.claim(&anna()).await, Some(fire));
        assert_eq!(desk.claim(&anna()).await, Some(mary));
        let value = "12 Garden Street".to_string();
        let correct = Act::Correct { slot: "address".into(), value, parts: vec![] };
        desk.does(mary, correct, &anna()).await;
        desk.does(mary, Act::Note { text: "asks for rice".into() }, &boris()).await;
        desk.does(mary, Act::Ring, &anna()).await;
        let known = Act::Finish { disposition: "saved the day".into() };
        assert!(desk.act(mary, known, &anna()).await.is_err(), "no code of the hotline's");
        let done = desk.does(mary, Act::Finish { disposition: "helped".into() }, &anna()).await;
        assert_eq!((stage(&done), done.closed_at), ("done", Some(desk.now)));
        assert_eq!(done.corrected("address").map(|c| c.value.as_str()), Some("12 Garden Street"));

        // The last caller is put through.
        desk.tell(last, |t| t.status = TicketStatus::Closed).await;
        assert_eq!(stage(&desk.callback(last).await), "put_through");
        desk.check_audit().await;
    })
    .await;
}

#[tokio::test]
async fn promises() {
    on_both(async |mut desk| {
        let early = desk.received("+84901000001", "Mary Johnson", "FOOD").await;
        desk.at(hours(1));
        let late = desk.received("+84901000002", "Peter Long", "FOOD").await;
        desk.does(early, Act::Refer { office: "Ward 5".into() }, &supervisor()).await;
        assert_eq!(desk.claim(&anna()).await, Some(late));
        let at = desk.now + hours(46);
        desk.does(late, Act::Schedule { at }, &anna()).await;
        desk.at(hours(40));
        desk.sweep().await;
        assert_eq!(desk.callback(early).await.escalation, Escalation::None);
        desk.at(hours(1));
        desk.sweep().await;
        let risky = desk.callback(early).await;
        assert_eq!((risky.escalation, risky.priority()), (Escalation::AtRisk, Priority::High));
        desk.at(hours(6));
        assert_eq!(desk.sweep().await.acts, 3, "overdue; at risk; its time has come");
        assert_eq!(desk.callback(early).await.escalation, Escalation::Overdue);
        assert_eq!(stage(&desk.callback(late).await), "open");
        assert_eq!(desk.sweep().await.acts, 0);
        assert_eq!(stage(&desk.does(early, Act::HandBack, &supervisor()).await), "open");
        // It is the older one, and has waited longest.
        assert_eq!(desk.claim(&anna()).await, Some(early));
        desk.check_audit().await;
    })
    .await;
}

#[tokio::test]
async fn who_calls_again_waits_no_longer() {
    on_both(async |mut desk| {
        let first = desk.received("+84901000001", "Nguyễn Văn An", "FOOD").await;
        let other = desk.received("+84901000009", "Mary Johnson", "FOOD").await;
        desk.at(hours(2));
        let again = desk.received("+84901000001", "Nguyễn Văn An", "FOOD").await;
        let kept = desk.callback(first).await;
        assert_eq!(kept.repeats.len(), 1);
        assert_eq!(kept.priority(), Priority::High, "who calls twice is in need");
        assert_eq!(kept.received_at(), desk.start, "since the first call");
        let merged = desk.callback(again).await;
        assert!(matches!(merged.stage, Stage::Merged { into, .. } if into == first));
        assert_eq!(desk.claim(&anna()).await, Some(first));
        assert_eq!(desk.claim(&anna()).await, Some(other));
        assert_eq!(desk.claim(&anna()).await, None, "the repeat call is nobody's work");

        // A supervisor sees that they were two people.
        let undo = async |by: Actor| desk.store.merge(first, again, true, &by, desk.now).await;
        let refused = undo(anna()).await.unwrap_err();
        assert!(matches!(refused, ActError::Refused(Refused::NotAllowed { .. })), "{refused}");
        undo(supervisor()).await.expect("undone");
        assert_eq!(desk.callback(first).await.repeats, []);
        assert_eq!(desk.claim(&boris()).await, Some(again));
        desk.check_audit().await;
    })
    .await;
}

#[tokio::test]
async fn two_at_one_ticket() {
    on_both(async |mut desk| {
        let number = desk.received("+84901000001", "Mary Johnson", "FOOD").await;
        let read = desk.store.get(number).await.expect("read").expect("there").version;
        let note = |text: &str| Act::Note { text: text.into() };
        let act = |act: Act, version| {
            let (store, now) = (desk.store.clone(), desk.now);
            async move { store.act(number, &act, &anna(), Some(version), now).await }
        };
        let version = act(note("one"), read).await.expect("noted").version;
        assert_eq!(version, read + 1);
        let changed = act(note("two"), read).await.unwrap_err();
        assert!(matches!(changed, ActError::Changed { version: v } if v == version), "{changed}");
        let nobody = TicketNumber(number.0 + 1);
        let missing = desk.act(nobody, note("three"), &anna()).await.unwrap_err();
        assert_eq!(missing.to_string(), format!("there is no ticket {nobody}"));
        for text in ["", "   ", &"x".repeat(4_001)] {
            assert!(desk.act(number, note(text), &anna()).await.is_err());
        }
        assert_eq!(desk.callback(number).await.notes.len(), 1);
        desk.check_audit().await;
    })
    .await;
}

#[tokio::test]
async fn a_forged_log_is_seen() {
    on_both(async |mut desk| {
        for n in 1..=4 {
            desk.received(&format!("+8490100000{n}"), "Mary Johnson", "FOOD").await;
            desk.store.seal(desk.now).await.expect("sealed");
        }
        let good = desk.store.verify_audit(None).await.expect("read");
        assert_eq!((good.seals, good.events, good.unsealed, good.broken), (4, 12, 0, None));
        let forge = async |sql: &'static str, want: &str| {
            desk.raw(sql).await;
            let found = desk.store.verify_audit(None).await.expect("read").broken;
            assert!(found.as_ref().is_some_and(|b| b.contains(want)), "{sql}: {found:?}");
        };
        forge("UPDATE events SET actor = 'operator boris' WHERE seal = 3", "seal 3 does not fit")
            .await;
        forge("DELETE FROM events WHERE seal = 2 AND act = 'receive'", "seal 2 closes 3 entries")
            .await;
        forge("DELETE FROM events WHERE seal = 1", "seal 1 closes 3 entries, 0 are there").await;
        forge("DELETE FROM seals WHERE number = 1", "seal 1 is missing").await;
    })
    .await;
}

#[tokio::test]
async fn the_night_is_quiet() {
    let dir = tempfile::tempdir().expect("a folder");
    let spec = spillway::ticket::HoursSpec {
        zone: Some("Asia/Ho_Chi_Minh".into()),
        quiet: Some("21:00-08:00".into()),
        ..Default::default()
    };
    let hours_of_day = spillway::ticket::Hours::new(&spec).expect("good hours");
    let policy = CallbackPolicy { hours: hours_of_day, ..CallbackPolicy::default() };
    let policies = Policies::new([("demo".to_string(), Arc::new(policy))].into());
    let options = StoreOptions { policies: Arc::new(policies), ..StoreOptions::new(dir.path()) };
    // 10:00 in the morning there.
    let mut desk = Desk::new(TicketStore::open(&options).await.expect("SQLite"));
    let mary = desk.received("+84901000001", "Mary Johnson", "FOOD").await;
    assert_eq!(desk.claim(&anna()).await, Some(mary));
    desk.at(hours(12));
    desk.does(mary, Act::Extend, &anna()).await;
    let refused = desk.act(mary, Act::Ring, &anna()).await.unwrap_err();
    assert!(refused.to_string().contains("ring from 2026-03-03T01:00:00Z"), "{refused}");
    desk.does(mary, Act::Release, &anna()).await;
    assert_eq!(desk.claim(&anna()).await, None, "nobody is rung at night");
    let fire = desk.received("+84901000002", "Peter Long", "FIRE").await;
    desk.does(fire, Act::Prioritise { priority: Priority::Emergency }, &supervisor()).await;
    assert_eq!(desk.claim(&anna()).await, Some(fire), "but in an emergency");
    desk.does(fire, Act::Ring, &anna()).await;
    let filter = TicketFilter { stages: vec!["calling".into()], ..TicketFilter::default() };
    assert_eq!(desk.store.list(&filter).await.expect("listed").len(), 1);
    let pick = Pick { hotline: "demo".into(), languages: vec!["ko".into()], office: None };
    desk.at(hours(12));
    let found = desk.store.claim_next(&pick, "anna", desk.now).await.expect("looked");
    assert_eq!(found, None, "not in a language Anna speaks");
}
