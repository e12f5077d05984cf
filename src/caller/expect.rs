//! What must come of a call, and whether it did.

use crate::caller::pattern::{AnyOf, Pattern};
use crate::ticket::{Consent, Priority, Ticket, TicketStatus};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The `[expect]` of a scenario; what is absent is not looked at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expectations {
    /// Whether there is a ticket at all.
    pub ticket: Option<bool>,
    /// The caller confirmed the whole.
    pub complete: Option<bool>,
    /// There is a ticket, and it is not complete.
    pub partial: Option<bool>,
    /// Consent to the recording.
    pub consent: Option<Consent>,
    /// Where the ticket stands.
    pub status: Option<TicketStatus>,
    /// How soon.
    pub priority: Option<Priority>,
    /// A person must listen.
    pub to_be_transcribed: Option<bool>,
    /// The caller's rating.
    pub rating: Option<u8>,
    /// ISO 639-1 of the call.
    pub language: Option<String>,
    /// The number to call back, compared by its digits and a leading `+`.
    pub callback_number: Option<AnyOf>,
    /// Slot to value.
    pub slots: BTreeMap<String, AnyOf>,
    /// Part of any slot's value, such as `house`, to its text.
    pub parts: BTreeMap<String, AnyOf>,
    /// Who ended the call.
    pub hung_up_by: Option<Party>,
    /// The longest 95th percentile of the gaps after speech.
    pub gap_ms_p95_max: Option<u64>,
}

/// One end of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// Spillway, which was called.
    Bot,
    /// Who called: our end, or the far end of a call that was answered here.
    Caller,
    /// Who was called, where that is our end.
    Callee,
}

/// One expectation, checked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// What was looked at, for example `slots.name`.
    pub what: String,
    /// What was expected.
    pub want: String,
    /// What there was.
    pub got: String,
    /// Whether that is right.
    pub ok: bool,
    /// It was enough to find it in what the bot said.
    #[serde(skip)]
    pub on_prompt: bool,
}

/// What a call came to, as far as expectations can see.
#[derive(Debug, Clone, Copy)]
pub struct Outcome<'a> {
    /// The ticket, where one was made.
    pub ticket: Option<&'a Ticket>,
    /// Who ended the call.
    pub hung_up_by: Option<Party>,
    /// 95th percentile of the gaps after speech.
    pub gap_ms_p95: Option<u64>,
}

impl Expectations {
    /// True when only a ticket can tell whether they are met.
    pub fn need_ticket(&self) -> bool {
        !self.on_ticket(None).is_empty()
    }

    /// Every expectation beside what there was, in the file's order of kinds.
    pub fn check(&self, outcome: Outcome<'_>) -> Vec<Check> {
        let mut checks = self.on_ticket(outcome.ticket);
        if let Some(want) = self.hung_up_by {
            let got = outcome.hung_up_by;
            checks.push(Check::new("hung_up_by", name(&want), got.map(|g| name(&g)), |_| {
                got == Some(want)
            }));
        }
        if let Some(max) = self.gap_ms_p95_max {
            let got = outcome.gap_ms_p95;
            let want = format!("at most {max}");
            checks.push(Check::new("gap_ms_p95", want, got.map(|g| g.to_string()), |_| {
                got.is_some_and(|g| g <= max)
            }));
        }
        checks
    }

    fn on_ticket(&self, ticket: Option<&Ticket>) -> Vec<Check> {
        let mut checks = Vec::new();
        let mut same = |what: &str, want: Option<String>, got: Option<String>| {
            if let Some(want) = want {
                let right = want.clone();
                checks.push(Check::new(what, want, got, |got| got == right));
            }
        };
        let yes = |b: bool| (if b { "yes" } else { "no" }).to_owned();
        same("ticket", self.ticket.map(yes), Some(yes(ticket.is_some())));
        same("complete", self.complete.map(yes), ticket.map(|t| yes(t.complete)));
        same("partial", self.partial.map(yes), ticket.map(|t| yes(!t.complete)));
        same("consent", self.consent.map(|c| name(&c)), ticket.map(|t| name(&t.consent)));
        same("status", self.status.map(|s| name(&s)), ticket.map(|t| name(&t.status)));
        same("priority", self.priority.map(|p| name(&p)), ticket.map(|t| name(&t.priority)));
        let transcribe = ticket.map(|t| yes(t.to_be_transcribed));
        same("to_be_transcribed", self.to_be_transcribed.map(yes), transcribe);
        let rating = ticket.and_then(|t| t.rating).map(|r| r.to_string());
        same("rating", self.rating.map(|r| r.to_string()), rating);
        same("language", self.language.clone(), ticket.map(|t| t.language.clone()));
        if let Some(want) = &self.callback_number {
            let got = ticket.map(|t| t.callback_number.clone());
            let right = |got: &str| want.matches_number(got);
            checks.push(Check::new("callback_number", want.to_string(), got, right));
        }
        for (slot, want) in &self.slots {
            let got = ticket.map(|t| t.value(slot).to_owned());
            let what = format!("slots.{slot}");
            checks.push(Check::new(what, want.to_string(), got, |got| want.matches(got)));
        }
        for (part, want) in &self.parts {
            let got = ticket.map(|t| part_of(t, part).to_owned());
            let what = format!("parts.{part}");
            checks.push(Check::new(what, want.to_string(), got, |got| want.matches(got)));
        }
        checks
    }
}

impl Check {
    fn new(
        what: impl Into<String>,
        want: impl Into<String>,
        got: Option<String>,
        right: impl FnOnce(&str) -> bool,
    ) -> Check {
        let ok = got.as_deref().is_some_and(right);
        let got = got.unwrap_or_else(|| "(nothing)".to_owned());
        Check { what: what.into(), want: want.into(), got, ok, on_prompt: false }
    }

    /// What the bot should have said before a turn, and what it said.
    pub fn on_prompt(turn: usize, want: &Pattern, said: Option<&str>) -> Check {
        let what = format!("turn {turn} expect_prompt");
        let said = said.map(str::to_owned);
        let check = Check::new(what, want.to_string(), said, |said| want.found_in(said));
        Check { on_prompt: true, ..check }
    }
}

/// The part called `part` of the first slot that has one; empty when none has.
fn part_of<'a>(ticket: &'a Ticket, part: &str) -> &'a str {
    let mut parts = ticket.slots.iter().flat_map(|s| &s.parts);
    parts.find(|(name, _)| name == part).map_or("", |(_, value)| value.as_str())
}

/// The name a value has in files.
fn name<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        other => other.map_or_else(|e| e.to_string(), |v| v.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticket::{CallId, SlotRecord, SlotStatus};

    fn ticket() -> Ticket {
        let slot = |slot: &str, value: &str, parts: &[(&str, &str)]| SlotRecord {
            slot: slot.into(),
            status: SlotStatus::Confirmed,
            value: value.into(),
            parts: parts.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect(),
            heard: String::new(),
            confidence: 1.0,
            audio: Vec::new(),
        };
        Ticket {
            call_id: CallId("c".into()),
            revision: 1,
            hotline: "demo".into(),
            language: "en".into(),
            caller_id: "+15550100".into(),
            callback_number: "+15550100".into(),
            consent: Consent::Given,
            priority: Priority::Normal,
            status: TicketStatus::Open,
            slots: vec![
                slot("name", "Mary Smith", &[]),
                slot("address", "12 Church Street", &[("house", "12")]),
            ],
            complete: true,
            to_be_transcribed: false,
            message: Vec::new(),
            rating: None,
            inquiry: None,
            facts: Vec::new(),
        }
    }

    /// The names of the expectations that `text` sets and that the ticket does not meet.
    fn check(text: &str, ticket: Option<&Ticket>, want: &[&str]) {
        let expect: Expectations = toml::from_str(text).expect("expectations");
        let outcome = Outcome { ticket, hung_up_by: Some(Party::Bot), gap_ms_p95: Some(800) };
        let checks = expect.check(outcome);
        let wrong: Vec<_> = checks.iter().filter(|c| !c.ok).map(|c| c.what.as_str()).collect();
        assert_eq!(wrong, want, "{text}");
        assert!(!checks.is_empty(), "{text} checks nothing");
    }

    #[test]
    fn a_ticket_is_compared_with_what_is_expected() {
        let t = ticket();
        let right = "complete = true\npartial = false\nconsent = 'given'\nstatus = 'open'\n\
            priority = 'normal'\nto_be_transcribed = false\nlanguage = 'en'\nticket = true\n\
            callback_number = '+1 555 0100'\nhung_up_by = 'bot'\ngap_ms_p95_max = 800\n\
            slots.name = 'mary smith'\nslots.address = ['x', 'regex:^12 ']\nparts.house = '12'";
        check(right, Some(&t), &[]);
        check("slots.name = 'Mary Smythe'", Some(&t), &["slots.name"]);
        check("slots.need = 'food'", Some(&t), &["slots.need"]);
        check("slots.need = ''", Some(&t), &[]);
        check("parts.house = '70'", Some(&t), &["parts.house"]);
        check("partial = true\nconsent = 'declined'", Some(&t), &["partial", "consent"]);
        check("rating = 5", Some(&t), &["rating"]);
        check(
            "hung_up_by = 'caller'\ngap_ms_p95_max = 799",
            Some(&t),
            &["hung_up_by", "gap_ms_p95"],
        );
    }

    #[test]
    fn without_a_ticket_nothing_about_it_is_right() {
        check("ticket = false", None, &[]);
        check(
            "ticket = true\npartial = true\nslots.name = ''",
            None,
            &["ticket", "partial", "slots.name"],
        );
    }

    #[test]
    fn a_call_may_expect_nothing_of_the_ticket() {
        let need = |text| toml::from_str::<Expectations>(text).expect("good").need_ticket();
        assert!(!need("hung_up_by = 'bot'") && !need(""));
        assert!(need("ticket = false") && need("parts.house = '1'") && need("complete = true"));
    }
}
