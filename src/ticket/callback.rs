//! The callback's life cycle: who holds a ticket, when somebody rings, how it ends.
//!
//! ```text
//! taking -> open -> claimed -> calling -> done | unreached (all attempts used)
//!            ^         |          |
//!            |<-- lease lapses ---|
//!            |<-- scheduled <-----|  nobody answered, or a time was agreed
//!            |<-- referred           to the responsible office, until it hands back
//! ```
//!
//! From any stage before the end a ticket may be cancelled or merged into the caller's earlier one.
//! Nothing here reads a clock: `now` is an argument, and what falls due is an [`Act`] of
//! [`Actor::Clock`], asked for with [`Callback::due_act`].

use super::policy::CallbackPolicy;
use super::{Priority, TicketNumber};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Characters of one text of an operator's.
pub const TEXT_CHARS_MAX: usize = 4_000;

/// Who changes a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The caller, through the bot or the status page.
    Caller,
    /// Nobody: a time has come.
    Clock,
    /// An operator, by user name.
    Operator(String),
    /// A supervisor, who may also act on what others hold.
    Supervisor(String),
}

impl Actor {
    /// The user's name, for those who have one.
    pub fn user(&self) -> Option<&str> {
        match self {
            Actor::Caller | Actor::Clock => None,
            Actor::Operator(name) | Actor::Supervisor(name) => Some(name),
        }
    }
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Actor::Caller => f.write_str("caller"),
            Actor::Clock => f.write_str("clock"),
            Actor::Operator(name) => write!(f, "operator {name}"),
            Actor::Supervisor(name) => write!(f, "supervisor {name}"),
        }
    }
}

/// One operator's hold on a ticket; it ends by itself, so that a ticket outlives who held it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The user who holds it.
    pub by: String,
    /// When it ends unless it is extended.
    pub until: Timestamp,
}

/// Where a ticket stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The call is still running.
    Taking,
    /// Waiting for an operator.
    Open,
    /// An operator prepares the call.
    Claimed(Lease),
    /// An operator is ringing or talking.
    Calling(Lease),
    /// Nobody rings before this time.
    Scheduled {
        /// When it is open again.
        at: Timestamp,
    },
    /// The responsible office has it.
    Referred {
        /// Its name.
        office: String,
    },
    /// The caller was put through to a person during the call.
    PutThrough,
    /// Settled.
    Done {
        /// The disposition code, from the hotline's list.
        disposition: String,
    },
    /// Rung as often as the hotline does, and never reached.
    Unreached,
    /// Withdrawn, by the caller or for a reason that a note gives.
    Cancelled,
    /// A repeat call: the earlier ticket stands for it.
    Merged {
        /// The earlier ticket.
        into: TicketNumber,
        /// Where this one stood, for undoing.
        was: Box<Stage>,
    },
}

impl Stage {
    /// All names, in the order of the life cycle.
    pub const NAMES: [&str; 11] = [
        "taking",
        "open",
        "claimed",
        "calling",
        "scheduled",
        "referred",
        "put_through",
        "done",
        "unreached",
        "cancelled",
        "merged",
    ];

    /// Its name, as in JSON and in filters.
    pub fn name(&self) -> &'static str {
        match self {
            Stage::Taking => "taking",
            Stage::Open => "open",
            Stage::Claimed(_) => "claimed",
            Stage::Calling(_) => "calling",
            Stage::Scheduled { .. } => "scheduled",
            Stage::Referred { .. } => "referred",
            Stage::PutThrough => "put_through",
            Stage::Done { .. } => "done",
            Stage::Unreached => "unreached",
            Stage::Cancelled => "cancelled",
            Stage::Merged { .. } => "merged",
        }
    }

    /// True while somebody still owes the caller something.
    pub fn is_pending(&self) -> bool {
        match self {
            Stage::Open | Stage::Claimed(_) | Stage::Calling(_) => true,
            Stage::Scheduled { .. } | Stage::Referred { .. } => true,
            Stage::Taking | Stage::PutThrough | Stage::Done { .. } => false,
            Stage::Unreached | Stage::Cancelled | Stage::Merged { .. } => false,
        }
    }

    /// The lease, while somebody holds the ticket.
    pub fn lease(&self) -> Option<&Lease> {
        match self {
            Stage::Claimed(lease) | Stage::Calling(lease) => Some(lease),
            _ => None,
        }
    }
}

/// How near a ticket is to breaking its promise.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Escalation {
    /// There is time.
    #[default]
    None,
    /// Little time is left: it goes before the others.
    AtRisk,
    /// The promise is broken: a supervisor decides, and the caller is told.
    Overdue,
}

/// What a call brings into the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// How soon, by what the caller said.
    pub priority: Priority,
    /// When the call was answered.
    pub received_at: Timestamp,
}

/// One time somebody rang the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When.
    pub at: Timestamp,
    /// Which user.
    pub by: String,
}

/// What a user wrote on the ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
    /// The words; personal data, erased with the ticket.
    pub text: String,
}

/// What a user put right in the form. What the caller was understood to say stays beside it: the
/// difference is what the recogniser is measured by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Which slot.
    pub slot: String,
    /// Its right value.
    pub value: String,
    /// The value's named parts, as on the ticket.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<(String, String)>,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
}

/// What somebody does to a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// The call is over and the caller waits.
    Receive,
    /// The caller was put through to a person.
    PutThrough,
    /// Takes the ticket for oneself.
    Claim,
    /// Keeps it for another lease.
    Extend,
    /// Gives it back to the queue.
    Release,
    /// Begins to ring the caller.
    Ring,
    /// Nobody answered.
    Miss,
    /// Settles the ticket.
    Finish {
        /// The disposition code.
        disposition: String,
    },
    /// Agrees on a time.
    Schedule {
        /// Not before.
        at: Timestamp,
    },
    /// Sends the ticket to the responsible office.
    Refer {
        /// Its name.
        office: String,
    },
    /// The office gives it back.
    HandBack,
    /// Withdraws it.
    Cancel,
    /// Puts an ended ticket back into the queue.
    Reopen,
    /// Changes how soon.
    Prioritise {
        /// How soon.
        priority: Priority,
    },
    /// Writes a note.
    Note {
        /// Its words.
        text: String,
    },
    /// Puts a slot right.
    Correct {
        /// Which.
        slot: String,
        /// Its right value.
        value: String,
        /// The value's named parts.
        #[serde(default)]
        parts: Vec<(String, String)>,
    },
    /// The lease is over.
    Lapse,
    /// The agreed time has come.
    Wake,
    /// The promise is at risk, or broken.
    Escalate,
}

impl Act {
    /// Its name, as in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Act::Receive => "receive",
            Act::PutThrough => "put_through",
            Act::Claim => "claim",
            Act::Extend => "extend",
            Act::Release => "release",
            Act::Ring => "ring",
            Act::Miss => "miss",
            Act::Finish { .. } => "finish",
            Act::Schedule { .. } => "schedule",
            Act::Refer { .. } => "refer",
            Act::HandBack => "hand_back",
            Act::Cancel => "cancel",
            Act::Reopen => "reopen",
            Act::Prioritise { .. } => "prioritise",
            Act::Note { .. } => "note",
            Act::Correct { .. } => "correct",
            Act::Lapse => "lapse",
            Act::Wake => "wake",
            Act::Escalate => "escalate",
        }
    }
}

/// Why an act was refused; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The ticket's stage does not know this act.
    #[error("the ticket is {stage}, so it takes no {act}")]
    Stage {
        /// The stage's name.
        stage: &'static str,
        /// The act's name.
        act: &'static str,
    },
    /// Somebody else holds the ticket.
    #[error("{by} holds the ticket until {until}; a supervisor can release it")]
    Held {
        /// The user.
        by: String,
        /// Until when.
        until: Timestamp,
    },
    /// This needs another role.
    #[error("{act} is for {whom}")]
    NotAllowed {
        /// The act's name.
        act: &'static str,
        /// Who may.
        whom: &'static str,
    },
    /// The caller may not be rung now.
    #[error("the hotline rings nobody now; ring from {from}, or ask a supervisor")]
    Quiet {
        /// When it may.
        from: Timestamp,
    },
    /// The caller has rated it before.
    #[error("the ticket is rated already")]
    Rated,
    /// The act itself makes no sense.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which part of it.
        field: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
}

/// All that has happened to a ticket since its call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// Where it stands.
    pub stage: Stage,
    /// What its own call brought.
    pub own: Standing,
    /// The repeat calls merged into it, each with what it brought.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeats: Vec<(TicketNumber, Standing)>,
    /// How near it is to breaking its promise.
    #[serde(default)]
    pub escalation: Escalation,
    /// When somebody rang.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// The responsible office, by routing or by referral.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub office: Option<String>,
    /// Offices among which a supervisor has to decide.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offices: Vec<String>,
    /// When it was first sent to an office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referred_at: Option<Timestamp>,
    /// When the caller was rung and reached, of a ticket that is done; where nobody had to ring,
    /// when it was settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// What users wrote.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// What users put right; the last one for a slot counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<Correction>,
}

impl Callback {
    /// Of a call that has just begun.
    pub fn new(own: Standing) -> Callback {
        Callback {
            stage: Stage::Taking,
            own,
            repeats: vec![],
            escalation: Escalation::None,
            attempts: vec![],
            office: None,
            offices: vec![],
            referred_at: None,
            reached_at: None,
            closed_at: None,
            notes: vec![],
            corrections: vec![],
        }
    }

    /// How soon, all things considered: the calls merged into it, that there were several, and the
    /// promise.
    pub fn priority(&self) -> Priority {
        let brought =
            self.repeats.iter().map(|(_, s)| s.priority).fold(self.own.priority, Ord::max);
        let pressing = !self.repeats.is_empty() || self.escalation > Escalation::None;
        if pressing { brought.max(Priority::High) } else { brought }
    }

    /// Notes the offices that may be responsible: one is, several are to be decided about.
    pub fn route(&mut self, mut offices: Vec<String>) {
        match offices.len() {
            1 => self.office = offices.pop(),
            _ => self.offices = offices,
        }
    }

    /// When the caller first called: the clock of the promise starts here.
    pub fn received_at(&self) -> Timestamp {
        let first = self.repeats.iter().map(|(_, s)| s.received_at);
        first.fold(self.own.received_at, Ord::min)
    }

    /// When the promise ends.
    pub fn due_at(&self, policy: &CallbackPolicy) -> Timestamp {
        later(self.received_at(), policy.within)
    }

    /// The value of `slot` as a user put it right.
    pub fn corrected(&self, slot: &str) -> Option<&Correction> {
        self.corrections.iter().rev().find(|c| c.slot == slot)
    }

    /// When [`Callback::due_act`] has its next act; `None` when only people move this ticket.
    pub fn wakes_at(&self, policy: &CallbackPolicy) -> Option<Timestamp> {
        let escalation = self.escalates_at(policy);
        self.stage_ends_at(policy).into_iter().chain(escalation).min()
    }

    /// When the clock ends the stage.
    fn stage_ends_at(&self, policy: &CallbackPolicy) -> Option<Timestamp> {
        match &self.stage {
            Stage::Taking => Some(later(self.own.received_at, policy.call_max)),
            Stage::Claimed(lease) | Stage::Calling(lease) => Some(lease.until),
            Stage::Scheduled { at } => Some(*at),
            _ => None,
        }
    }

    fn escalates_at(&self, policy: &CallbackPolicy) -> Option<Timestamp> {
        let due = self.due_at(policy);
        match self.escalation {
            _ if !self.stage.is_pending() => None,
            Escalation::None => Some(later(due, -policy.at_risk)),
            Escalation::AtRisk => Some(due),
            Escalation::Overdue => None,
        }
    }

    /// What the clock has to do by `now`; to be asked again after each.
    pub fn due_act(&self, policy: &CallbackPolicy, now: Timestamp) -> Option<Act> {
        if self.escalates_at(policy).is_some_and(|at| at <= now) {
            return Some(Act::Escalate);
        }
        let act = match &self.stage {
            Stage::Taking => Act::Receive,
            Stage::Claimed(_) | Stage::Calling(_) => Act::Lapse,
            Stage::Scheduled { .. } => Act::Wake,
            _ => return None,
        };
        self.stage_ends_at(policy).is_some_and(|at| at <= now).then_some(act)
    }
}

/// `at` moved by `by`, within what a timestamp can hold.
pub(super) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}
