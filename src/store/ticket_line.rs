//! A ticket as a line of a table, for spreadsheets.

use super::StoredTicket;
use crate::ticket::{CallbackPolicy, Priority, Stage, inert};
use jiff::Timestamp;
use serde::Serialize;

/// A ticket as a row of CSV; nothing in it is a formula to a spreadsheet.
#[derive(Serialize)]
pub struct TicketLine {
    number: u64,
    received_at: Timestamp,
    due_at: Timestamp,
    stage: &'static str,
    priority: Priority,
    hotline: String,
    language: String,
    callback_number: String,
    name: String,
    address: String,
    need: String,
    need_category: String,
    office: String,
    attempts: usize,
    closed_at: Option<Timestamp>,
    disposition: String,
    call_id: String,
}

impl TicketLine {
    /// The ticket as it stands, its promise by its hotline's `policy`.
    pub fn new(stored: &StoredTicket, policy: &CallbackPolicy) -> TicketLine {
        let StoredTicket { ticket, callback, .. } = stored;
        let value = |slot: &str| inert(stored.value(slot));
        let disposition = match &callback.stage {
            Stage::Done { disposition } => disposition.as_str(),
            _ => "",
        };
        TicketLine {
            number: stored.number.0,
            received_at: callback.received_at(),
            due_at: callback.due_at(policy),
            stage: callback.stage.name(),
            priority: callback.priority(),
            hotline: inert(&ticket.hotline),
            language: inert(&ticket.language),
            callback_number: inert(&ticket.callback_number),
            name: value(&policy.slots.name),
            address: value(&policy.slots.address),
            need: value(&policy.slots.need),
            need_category: inert(policy.slots.category(ticket)),
            office: inert(callback.office.as_deref().unwrap_or_default()),
            attempts: callback.attempts.len(),
            closed_at: callback.closed_at,
            disposition: inert(disposition),
            call_id: ticket.call_id.0.clone(),
        }
    }
}
