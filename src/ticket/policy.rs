//! How a hotline works its callbacks: promise, leases, retries, hours and offices, from its file.

use super::hours::{Hours, HoursSpec};
use super::office::{OfficeSpec, Offices, Routed};
use super::{Ticket, TicketNumber};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Longer than any call: whoever took a ticket for so long is no more.
const CALL_MAX_MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// Three short messages of 160 letters.
const NOTICE_CHARS_MAX: usize = 480;

/// `[callback]` of a hotline's file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallbackSpec {
    /// Hours from the first call to the promised answer.
    pub within_h: u32,
    /// Hours before that in which a ticket goes before the others.
    pub at_risk_h: u32,
    /// Minutes an operator holds a ticket without a sign of life.
    pub lease_min: u32,
    /// How often a caller is rung.
    pub attempts_max: u32,
    /// Minutes to wait after the first, second, ... missed attempt.
    pub retry_after_min: Vec<u32>,
    /// Operators on shift. 0: nobody knows, and callers are told the hotline's `promise`.
    pub agents: u32,
    /// Minutes one callback takes with its wrap-up.
    pub handling_min: u32,
    /// The codes an operator may settle a ticket with.
    pub dispositions: Vec<String>,
    /// What a caller is written whose promise is broken, with `{number}` for the ticket's; empty:
    /// nothing.
    pub notice: String,
}

impl Default for CallbackSpec {
    fn default() -> Self {
        let codes = ["helped", "informed", "passed_on", "no_need", "wrong_number"];
        CallbackSpec {
            within_h: 48,
            at_risk_h: 6,
            lease_min: 10,
            attempts_max: 3,
            retry_after_min: vec![30, 180],
            agents: 0,
            handling_min: 6,
            dispositions: codes.map(String::from).to_vec(),
            notice: String::new(),
        }
    }
}

/// The form's slots by what they hold, as this hotline names them; empty where it has none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SlotNames {
    /// Of the caller's name.
    pub name: String,
    /// Of the address.
    pub address: String,
    /// Of the need.
    pub need: String,
}

impl SlotNames {
    /// The category of the ticket's need; empty while it is unknown.
    pub fn category<'t>(&self, ticket: &'t Ticket) -> &'t str {
        let parts = ticket.slot(&self.need).map_or(&[][..], |s| s.parts.as_slice());
        parts.iter().find(|(part, _)| part == "category").map_or("", |(_, c)| c.as_str())
    }
}

/// How a hotline works its callbacks.
#[derive(Debug, Clone)]
pub struct CallbackPolicy {
    /// From the caller's first call to the answer that was promised.
    pub within: SignedDuration,
    /// So long before that a ticket is at risk.
    pub at_risk: SignedDuration,
    /// How long an operator holds a ticket without a sign of life.
    pub lease: SignedDuration,
    /// How often a caller is rung.
    pub attempts_max: usize,
    /// Waits after the first, second, ... missed attempt; the last one counts for the rest.
    pub retry_after: Vec<SignedDuration>,
    /// After so long a call is over, whether or not its end was heard of.
    pub call_max: SignedDuration,
    /// Operators on shift; 0: nobody knows.
    pub agents: u32,
    /// What one callback takes with its wrap-up.
    pub handling: SignedDuration,
    /// The codes a ticket may be settled with.
    pub dispositions: Vec<String>,
    /// As [`CallbackSpec::notice`].
    pub notice: String,
    /// When operators work and callers may be rung.
    pub hours: Hours,
    /// Who is responsible for what.
    pub offices: Offices,
    /// What the form's slots hold.
    pub slots: SlotNames,
}

impl CallbackPolicy {
    /// The offices that may be responsible for `ticket`; where they are several, a supervisor
    /// decides.
    pub fn offices_of(&self, ticket: &Ticket, now: Timestamp) -> Vec<String> {
        let parts = ticket.slot(&self.slots.address).map_or(&[][..], |s| s.parts.as_slice());
        let date = self.hours.local(now).date();
        let offices = match self.offices.route(self.slots.category(ticket), parts, date) {
            Routed::None => vec![],
            Routed::One(office) => vec![office],
            Routed::Several(offices) => offices,
        };
        offices.into_iter().map(|office| office.name.clone()).collect()
    }

    /// What the caller with ticket `number` is written whose promise is broken.
    pub fn notice(&self, number: TicketNumber) -> Option<String> {
        let text = self.notice.replace("{number}", &number.to_string());
        (!text.is_empty()).then_some(text)
    }

    /// Checks what a hotline's file says; the problems are of key and words.
    pub fn new(
        spec: &CallbackSpec,
        hours: &HoursSpec,
        offices: &[OfficeSpec],
        needs: &[String],
        slots: SlotNames,
        call_ms_max: u64,
    ) -> Result<CallbackPolicy, Vec<(String, String)>> {
        let mut problems = Vec::new();
        let mut check = |ok: bool, key: &str, problem: &str| {
            if !ok {
                problems.push((format!("callback.{key}"), problem.to_string()));
            }
        };
        check((1..=8_760).contains(&spec.within_h), "within_h", "choose 1 to 8760 hours");
        check(spec.at_risk_h < spec.within_h, "at_risk_h", "must be less than within_h");
        check((1..=1_440).contains(&spec.lease_min), "lease_min", "choose 1 to 1440 minutes");
        check((1..=50).contains(&spec.attempts_max), "attempts_max", "choose 1 to 50");
        let retries = &spec.retry_after_min;
        check(
            !retries.is_empty() && retries.iter().all(|m| (1..=20_160).contains(m)),
            "retry_after_min",
            "give one or more waits of 1 to 20160 minutes",
        );
        check(spec.agents <= 100_000, "agents", "choose 0 to 100000");
        check((1..=240).contains(&spec.handling_min), "handling_min", "choose 1 to 240 minutes");
        let code = |c: &String| !c.trim().is_empty() && c.chars().count() <= 64;
        check(
            !spec.dispositions.is_empty() && spec.dispositions.iter().all(code),
            "dispositions",
            "give one or more codes of 1 to 64 characters",
        );
        let blanks = spec.notice.replace("{number}", "");
        check(
            spec.notice.chars().count() <= NOTICE_CHARS_MAX && !blanks.contains(['{', '}']),
            "notice",
            "give at most 480 characters, with no blank but {number}",
        );
        let hours = Hours::new(hours).map_err(|found| problems.extend(found)).ok();
        let offices = Offices::new(offices.to_vec(), needs);
        let offices = offices.map_err(|found| problems.extend(found)).ok();
        let (Some(hours), Some(offices), true) = (hours, offices, problems.is_empty()) else {
            return Err(problems);
        };
        let minutes = |m: u32| SignedDuration::from_mins(i64::from(m));
        let call_max = i64::try_from(call_ms_max).unwrap_or(i64::MAX / 2);
        Ok(CallbackPolicy {
            within: SignedDuration::from_hours(i64::from(spec.within_h)),
            at_risk: SignedDuration::from_hours(i64::from(spec.at_risk_h)),
            lease: minutes(spec.lease_min),
            attempts_max: spec.attempts_max as usize,
            retry_after: retries.iter().map(|m| minutes(*m)).collect(),
            call_max: SignedDuration::from_millis(call_max).saturating_add(CALL_MAX_MARGIN),
            agents: spec.agents,
            handling: minutes(spec.handling_min),
            dispositions: spec.dispositions.clone(),
            notice: spec.notice.clone(),
            hours,
            offices,
            slots,
        })
    }
}

impl Default for CallbackPolicy {
    /// What a hotline's file means that says nothing of callbacks.
    fn default() -> Self {
        let slots = ["name", "address", "need"].map(String::from);
        let [name, address, need] = slots;
        let slots = SlotNames { name, address, need };
        let (spec, hours) = (CallbackSpec::default(), HoursSpec::default());
        CallbackPolicy::new(&spec, &hours, &[], &[], slots, 900_000)
            .unwrap_or_else(|problems| unreachable!("the defaults are good: {problems:?}"))
    }
}

/// The policies of all hotlines that one database serves.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    by_hotline: BTreeMap<String, Arc<CallbackPolicy>>,
    others: Arc<CallbackPolicy>,
}

impl Policies {
    /// Of each hotline by its name. Tickets of hotlines whose file is gone are worked by the
    /// defaults.
    pub fn new(by_hotline: BTreeMap<String, Arc<CallbackPolicy>>) -> Policies {
        Policies { by_hotline, others: Arc::default() }
    }

    /// The hotlines that have a file, by name.
    pub fn hotlines(&self) -> impl Iterator<Item = (&str, &CallbackPolicy)> {
        self.by_hotline.iter().map(|(name, policy)| (name.as_str(), policy.as_ref()))
    }

    /// The clock that all hotlines share, with one's hours; of several zones, UTC, always open.
    pub fn shared_hours(&self) -> Hours {
        let mut all = self.by_hotline.values().map(|policy| &policy.hours);
        let first = all.next();
        let shared = first.filter(|first| all.all(|hours| hours.zone() == first.zone()));
        shared.cloned().unwrap_or_default()
    }

    /// How `hotline` works its callbacks.
    pub fn of(&self, hotline: &str) -> &Arc<CallbackPolicy> {
        self.by_hotline.get(hotline).unwrap_or(&self.others)
    }
}
