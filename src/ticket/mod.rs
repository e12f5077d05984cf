//! The callback ticket: what the caller told us, how sure we are of it, and what became of it.

use crate::speech::SpeechSegment;
use serde::{Deserialize, Serialize};

mod callback;
mod event;
mod hours;
mod inquiry;
mod office;
mod place;
mod plain;
mod policy;
mod promise;
mod rating;
mod repeat;
mod statistics;
mod table;
mod transition;

pub use callback::{
    Act, Actor, Attempt, Callback, Correction, Escalation, Lease, Note, Refused, Stage, Standing,
};
pub use event::{OVERDUE, event_kind, event_kinds};
pub use hours::{Hours, HoursSpec, WeekSpec};
pub use inquiry::{Inquiry, Progress, TicketStanding, is_callers};
pub use office::{Office, OfficeSpec, Offices, Routed};
pub use plain::searchable;
pub use policy::{CallbackPolicy, CallbackSpec, Policies, SlotNames};
pub use promise::{CallbackBy, Workload, expected, spoken_deadline};
pub use rating::Rating;
pub use repeat::same_case;
pub use statistics::{Counts, Statistics, StatisticsBy, StatisticsRow, Tally, Waits};
pub use table::inert;

/// One call's identity everywhere: ticket, folder of the recording, journal, log lines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub String);

impl std::fmt::Display for CallId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The short number a caller is told; given by the store, from 1.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct TicketNumber(pub u64);

impl std::fmt::Display for TicketNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// How far the call has come with its ticket; what happens afterwards is [`Stage`]'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketStatus {
    /// The call is still running: the words so far are kept, nobody calls back yet.
    Taking,
    /// The caller waits to be called back.
    Open,
    /// The caller was put through to a person: nobody needs to call back.
    Closed,
}

/// How soon somebody must call back.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// In order of arrival.
    Normal,
    /// Before the others.
    High,
    /// A life may be at risk.
    Emergency,
}

/// How far a slot has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlotStatus {
    /// Not asked, or asked and not answered.
    Empty,
    /// Heard, not yet confirmed by the caller.
    Heard,
    /// Confirmed by the caller.
    Confirmed,
    /// Not understood or skipped: an operator completes it from the recording.
    OperatorToComplete,
}

/// One field of the form as it stands on the ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SlotRecord {
    /// The slot's name in the hotline's file, for example `address`.
    pub slot: String,
    /// How far it has come.
    pub status: SlotStatus,
    /// What an operator reads; empty when nothing was understood.
    #[serde(default)]
    pub value: String,
    /// Named parts of the value, for example `house` and `street`; in reading order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<(String, String)>,
    /// The recogniser's words the value was made from.
    #[serde(default)]
    pub heard: String,
    /// 0..=1; 1 for keys.
    #[serde(default)]
    pub confidence: f32,
    /// Where in the recording the caller speaks of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audio: Vec<SpeechSegment>,
}

/// Whether the caller agreed to be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Not answered yet.
    Unasked,
    /// The caller agreed.
    Given,
    /// The caller declined: the recording is removed, the ticket is made from words and keys.
    Declined,
}

/// What stands between a caller and the help they asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// The call it came from; saving twice for one call changes one ticket.
    pub call_id: CallId,
    /// Raised by one at each change, so that a late save never overwrites a newer one.
    pub revision: u32,
    /// The hotline's name.
    pub hotline: String,
    /// ISO 639-1 of the call.
    pub language: String,
    /// As the network gave it; empty when withheld.
    pub caller_id: String,
    /// The number to call back, E.164 where it could be normalised.
    pub callback_number: String,
    /// Consent to the recording.
    pub consent: Consent,
    /// How soon.
    pub priority: Priority,
    /// Where it stands.
    pub status: TicketStatus,
    /// The form, in its order.
    pub slots: Vec<SlotRecord>,
    /// The caller confirmed the whole at the read-back.
    pub complete: bool,
    /// Some words exist only as sound: a person must listen.
    pub to_be_transcribed: bool,
    /// A message left after the tone, when the recogniser failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub message: Vec<SpeechSegment>,
    /// The caller's rating of the bot, 1..=5.
    #[serde(default)]
    pub rating: Option<u8>,
    /// The caller asked about another ticket and told nothing new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inquiry: Option<Inquiry>,
    /// What the PBX told us about the call: header name to value, for example `diversion`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<(String, String)>,
}

/// The user of the first SIP or tel URI in `header`; the header itself where there is none.
fn uri_user(header: &str) -> &str {
    let uri = ["sip:", "sips:", "tel:"].iter().find_map(|s| header.split_once(s)).map(|(_, u)| u);
    uri.and_then(|uri| uri.split(['@', ';', '>']).next()).unwrap_or(header)
}

/// The branch of tickets that users of the console made when they tried the bot.
pub const TRIAL_BRANCH: &str = "try-it";

impl Ticket {
    /// True when nobody in need called: a user of the console tried the bot. Such a ticket is no
    /// part of a caller's case, and no part of the statistics.
    pub fn is_trial(&self) -> bool {
        self.branch() == TRIAL_BRANCH
    }

    /// The record of `slot`, if the form has it.
    pub fn slot(&self, slot: &str) -> Option<&SlotRecord> {
        self.slots.iter().find(|s| s.slot == slot)
    }

    /// The value of `slot`, empty when there is none.
    pub fn value(&self, slot: &str) -> &str {
        self.slot(slot).map_or("", |s| s.value.as_str())
    }

    /// Where in the PBX the call came from, as far as the PBX tells: its headers `X-Branch` or
    /// `X-Queue`, or the number the call was diverted from (`Diversion`, RFC 5806); else empty.
    pub fn branch(&self) -> &str {
        let fact = |name: &str| {
            let found = self.facts.iter().find(|(n, v)| n == name && !v.trim().is_empty());
            found.map(|(_, value)| value.trim())
        };
        fact("x-branch").or(fact("x-queue")).or(fact("diversion").map(uri_user)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::uri_user;

    #[test]
    fn the_number_a_call_was_diverted_from() {
        let check = |header: &str, want| assert_eq!(uri_user(header), want, "{header}");
        check("<sip:112@pbx>;reason=no-answer", "112");
        check("\"Ward 5\" <sips:ward5@pbx;x=1>", "ward5");
        check("<tel:+84901;ext=1>", "+84901");
        check("sip:112@pbx", "112");
        check("reception", "reception");
        check("", "");
    }
}
