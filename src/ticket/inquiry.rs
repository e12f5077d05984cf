//! Somebody calls again to ask about a ticket.

use super::{Callback, CallbackBy, Escalation, Stage, TicketNumber};
use serde::{Deserialize, Serialize};

/// What a caller may be told of a ticket; nothing personal, for numbers can be guessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketStanding {
    /// Its number.
    pub number: TicketNumber,
    /// How far it is.
    pub progress: Progress,
    /// The promise is broken: the caller is owed an apology.
    #[serde(default)]
    pub late: bool,
    /// By when somebody will have called, where that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<CallbackBy>,
}

/// How far a ticket is, as a caller sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Somebody will call.
    Waiting,
    /// The responsible office will call.
    AtOffice(String),
    /// Nobody will call any more.
    Settled,
}

impl TicketStanding {
    /// Of ticket `number`; `by` is when somebody will have called.
    pub fn new(
        number: TicketNumber,
        callback: &Callback,
        by: Option<CallbackBy>,
    ) -> TicketStanding {
        let progress = match &callback.stage {
            Stage::Referred { office } => Progress::AtOffice(office.clone()),
            stage if stage.is_pending() || *stage == Stage::Taking => Progress::Waiting,
            _ => Progress::Settled,
        };
        let late = callback.escalation == Escalation::Overdue && progress != Progress::Settled;
        let by = by.filter(|_| progress == Progress::Waiting);
        TicketStanding { number, progress, late, by }
    }
}

/// What a call was about that asked for a ticket and told nothing new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inquiry {
    /// The ticket asked about.
    pub ticket: TicketNumber,
    /// The caller needs no call any more. It counts only from the number that is to be called back.
    pub withdraws: bool,
}
