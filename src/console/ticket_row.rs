//! A ticket as lists show it: one line, without what who asks may not see.

use super::Shared;
use super::ticket_view::{StageView, instant, stage_view};
use crate::access::{Permission, Principal};
use crate::store::{QueuePlace, StoredTicket};
use crate::ticket::{Escalation, Priority};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A callback ticket in a list. Without the permission `personal_data:read` names, addresses and
/// telephone numbers are empty, and `masked` is true.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TicketRow {
    /// The number the caller was told.
    number: u64,
    /// Raised by one at each change.
    version: u64,
    /// The hotline that took the call.
    hotline: String,
    /// The hotline's branch that the caller chose or reached; empty where it has none.
    branch: String,
    /// ISO 639-1 of the call.
    language: String,
    /// When the caller first called.
    received_at: Timestamp,
    /// When the promise ends.
    due_at: Timestamp,
    /// How near it is to breaking its promise.
    escalation: Escalation,
    /// How soon, all things considered.
    priority: Priority,
    /// Where it stands.
    stage: StageView,
    /// The category of the need; empty while it is unknown.
    need: String,
    /// The district of the caller's address, or its place where there is none; empty while unknown.
    district: String,
    /// The responsible office, by routing or referral.
    office: Option<String>,
    /// Offices among which a supervisor has to decide.
    offices: Vec<String>,
    /// True where personal data is left out.
    masked: bool,
    /// The caller's name, as it was last put right.
    name: String,
    /// The caller's address, as it was last put right.
    address: String,
    /// The caller's number as the network gave it; empty when withheld.
    caller_id: String,
    /// The number to call back, E.164 where it could be normalised.
    callback_number: String,
    /// The caller confirmed the whole at the read-back.
    complete: bool,
    /// Some words exist only as sound: a person must listen.
    to_be_transcribed: bool,
    /// Calls of this caller that it stands for.
    calls: usize,
    /// How often somebody rang the caller.
    attempts: usize,
    /// Notes that users wrote.
    notes: usize,
    /// When it last changed.
    updated_at: Timestamp,
}

/// A page of tickets.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TicketPage {
    /// The tickets.
    pub(super) items: Vec<TicketRow>,
    /// The `cursor` of the next page; null on the last.
    pub(super) next: Option<String>,
    /// How many there are in all, counted up to 10,000; null on pages after the first.
    pub(super) total: Option<u32>,
}

impl Shared {
    /// The ticket's line as `by` may see it.
    pub(super) fn row(&self, by: &Principal, stored: &StoredTicket) -> TicketRow {
        let personal = by.may(Permission::SeePersonalData);
        let shown = |text: &str| if personal { text.to_string() } else { String::new() };
        let (ticket, callback) = (&stored.ticket, &stored.callback);
        let policy = self.store.policies().of(&ticket.hotline);
        let (slots, place) = (&policy.slots, QueuePlace::of(stored));
        TicketRow {
            number: stored.number.0,
            version: stored.version,
            hotline: ticket.hotline.clone(),
            branch: ticket.branch().to_string(),
            language: ticket.language.clone(),
            received_at: place.received_at,
            due_at: callback.due_at(policy),
            escalation: callback.escalation,
            priority: place.priority,
            stage: stage_view(&callback.stage),
            need: slots.category(ticket).to_string(),
            district: stored.district(slots).to_string(),
            office: callback.office.clone(),
            offices: callback.offices.clone(),
            masked: !personal,
            name: shown(stored.value(&slots.name)),
            address: shown(stored.value(&slots.address)),
            caller_id: shown(&ticket.caller_id),
            callback_number: shown(&ticket.callback_number),
            complete: ticket.complete,
            to_be_transcribed: ticket.to_be_transcribed,
            calls: 1 + callback.repeats.len(),
            attempts: callback.attempts.len(),
            notes: callback.notes.len(),
            updated_at: instant(stored.updated_unix_ms),
        }
    }
}
