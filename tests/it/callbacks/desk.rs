//! What the stories of the queue share: callers, operators, and a clock that they set.

use jiff::{SignedDuration, Timestamp};
use spillway::call::HangupCause;
use spillway::store::{ActError, CallEnd, Pick, Stamps, Swept, TicketStore};
use spillway::ticket::{
    Act, Actor, CallId, Callback, Consent, Priority, SlotRecord, SlotStatus, Ticket, TicketNumber,
    TicketStatus,
};

pub fn anna() -> Actor {
    Actor::Operator("anna".into())
}

pub fn boris() -> Actor {
    Actor::Operator("boris".into())
}

pub fn supervisor() -> Actor {
    Actor::Supervisor("sofia".into())
}

pub fn hours(n: i64) -> SignedDuration {
    SignedDuration::from_hours(n)
}

pub fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

/// A queue and the time there.
pub struct Desk {
    pub store: TicketStore,
    pub start: Timestamp,
    pub now: Timestamp,
    pub hotline: String,
    calls: u32,
}

impl Desk {
    pub fn new(store: TicketStore) -> Desk {
        let start = "2026-03-02T03:00:00Z".parse().expect("a Monday");
        Desk { store, start, now: start, hotline: "demo".into(), calls: 0 }
    }

    /// Lets time pass.
    pub fn at(&mut self, later: SignedDuration) {
        self.now += later;
    }

    fn stamps(&self) -> Stamps {
        let now = self.now.as_millisecond();
        Stamps { created_unix_ms: now, updated_unix_ms: now }
    }

    /// Somebody calls, and is still talking.
    pub async fn call(&mut self, from: &str, name: &str, need: &str) -> TicketNumber {
        self.calls += 1;
        let call = format!("{}-{}", self.hotline, self.calls);
        let ticket = Ticket { hotline: self.hotline.clone(), ..ticket(&call, from, name, need) };
        self.store.save(&ticket, self.stamps()).await.expect("saved")
    }

    /// The caller says more.
    pub async fn tell(&self, number: TicketNumber, change: impl Fn(&mut Ticket)) {
        let stored = self.store.get(number).await.expect("read").expect("there");
        let mut ticket = stored.ticket;
        change(&mut ticket);
        ticket.revision += 1;
        self.store.save(&ticket, self.stamps()).await.expect("saved");
    }

    pub async fn hang_up(&self, number: TicketNumber) {
        self.tell(number, |t| t.status = TicketStatus::Open).await;
        let stored = self.store.get(number).await.expect("read").expect("there");
        let cause = Some(HangupCause::Finished);
        let ended_unix_ms = self.now.as_millisecond();
        let end = CallEnd { cause, duration_ms: 60_000, ended_unix_ms };
        self.store.finish(&stored.ticket.call_id, end).await.expect("noted");
    }

    /// A whole call.
    pub async fn received(&mut self, from: &str, name: &str, need: &str) -> TicketNumber {
        let number = self.call(from, name, need).await;
        self.hang_up(number).await;
        number
    }

    pub async fn claim(&self, by: &Actor) -> Option<TicketNumber> {
        let pick = Pick { hotline: self.hotline.clone(), ..Pick::default() };
        let by = by.user().expect("a user");
        let claimed = self.store.claim_next(&pick, by, self.now).await.expect("looked");
        claimed.map(|t| t.number)
    }

    pub async fn act(
        &self,
        number: TicketNumber,
        act: Act,
        by: &Actor,
    ) -> Result<Callback, ActError> {
        self.store.act(number, &act, by, None, self.now).await.map(|t| t.callback)
    }

    pub async fn does(&self, number: TicketNumber, act: Act, by: &Actor) -> Callback {
        let name = act.name();
        self.act(number, act, by).await.unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub async fn callback(&self, number: TicketNumber) -> Callback {
        self.store.get(number).await.expect("read").expect("there").callback
    }

    pub async fn sweep(&self) -> Swept {
        self.store.sweep(self.now).await.expect("swept")
    }

    /// Something this store would never do to itself.
    pub async fn raw(&self, sql: &'static str) {
        sqlx::any::install_default_drivers();
        let name = self.store.name();
        let url = if name.contains("://") { name.into() } else { format!("sqlite://{name}") };
        let mut raw = <sqlx::AnyConnection as sqlx::Connection>::connect(&url).await.expect(&url);
        sqlx::query("PRAGMA foreign_keys = OFF").execute(&mut raw).await.ok();
        sqlx::query("ALTER TABLE events DISABLE TRIGGER ALL").execute(&mut raw).await.ok();
        sqlx::query("ALTER TABLE seals DISABLE TRIGGER ALL").execute(&mut raw).await.ok();
        sqlx::query(sql).execute(&mut raw).await.expect(sql);
    }

    /// Every change so far is in the log, and the log holds.
    pub async fn check_audit(&self) {
        while self.store.seal(self.now).await.expect("sealed") > 0 {}
        let report = self.store.verify_audit(None).await.expect("read");
        assert_eq!((report.broken, report.unsealed), (None, 0));
        assert!(report.events > 0 && report.seals > 0);
        let page = self.store.events((0, 0), 10_000).await.expect("read");
        assert_eq!(page.len() as i64, report.events);
        let words = page.iter().map(|e| e.detail.as_str()).collect::<String>();
        for personal in ["Mary", "Johnson", "+8490", "rice", "Garden"] {
            assert!(!words.contains(personal), "{personal} is in the audit log");
        }
    }
}

/// What a caller said so far.
pub fn ticket(call: &str, from: &str, name: &str, need: &str) -> Ticket {
    let slot = |slot: &str, value: &str| SlotRecord {
        slot: slot.into(),
        status: SlotStatus::Confirmed,
        value: value.into(),
        parts: vec![],
        heard: value.to_lowercase(),
        confidence: 0.9,
        audio: vec![],
    };
    Ticket {
        call_id: CallId(call.into()),
        revision: 1,
        hotline: "demo".into(),
        language: "en".into(),
        caller_id: from.into(),
        callback_number: from.into(),
        consent: Consent::Given,
        priority: Priority::Normal,
        status: TicketStatus::Taking,
        slots: vec![slot("name", name), slot("address", "7 Garden Street"), slot("need", need)],
        complete: true,
        to_be_transcribed: false,
        message: vec![],
        rating: None,
        inquiry: None,
        facts: vec![],
    }
}
