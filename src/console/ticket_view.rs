//! A ticket as the API shows it: without what who asks may not see.

use crate::call::HangupCause;
use crate::store::{QueuePlace, StoredTicket};
use crate::ticket::{
    CallbackPolicy, Consent, Escalation, Priority, SlotRecord, SlotStatus, Stage, TicketNumber,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A callback ticket. Without the permission `personal_data:read` what callers said, and who they
/// are, is left out, and `masked` is true.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TicketView {
    /// The number the caller was told.
    number: u64,
    /// Raised by one at each change; the `ETag` is made of it.
    version: u64,
    /// The hotline that took the call.
    hotline: String,
    /// ISO 639-1 of the call.
    language: String,
    /// When the caller first called: the promise's clock starts here.
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
    /// The responsible office, by routing or referral.
    #[serde(skip_serializing_if = "Option::is_none")]
    office: Option<String>,
    /// Offices among which a supervisor has to decide.
    offices: Vec<String>,
    /// True where personal data is left out.
    masked: bool,
    /// The caller's number as the network gave it; empty when withheld.
    caller_id: String,
    /// The number to call back, E.164 where it could be normalised.
    callback_number: String,
    /// The form, in its order.
    slots: Vec<SlotView>,
    /// The caller confirmed the whole at the read-back.
    complete: bool,
    /// Some words exist only as sound: a person must listen.
    to_be_transcribed: bool,
    /// A message left after the tone.
    message: Vec<Clip>,
    /// Consent to the recording.
    consent: Consent,
    /// Why nothing of it may go: legal hold. Null where there is none; empty where it is masked.
    hold: Option<String>,
    /// When it was decided that the recording goes; null where it is kept.
    files_gone_at: Option<Timestamp>,
    /// The caller's rating, 1 to 5.
    rating: Option<u8>,
    /// The call.
    call: CallView,
    /// Repeat calls merged into this one.
    repeats: Vec<RepeatView>,
    /// When somebody rang the caller.
    attempts: Vec<AttemptView>,
    /// What users wrote.
    notes: Vec<NoteView>,
    /// When it ended.
    closed_at: Option<Timestamp>,
    /// When it last changed.
    updated_at: Timestamp,
}

/// Where a ticket stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "name", rename_all = "snake_case")]
pub(super) enum StageView {
    /// The call is still running.
    Taking,
    /// Waiting for an operator.
    Open,
    /// An operator prepares the call.
    Claimed {
        /// The user.
        by: String,
        /// Until when, unless it is extended.
        until: Timestamp,
    },
    /// An operator is ringing or talking.
    Calling {
        /// The user.
        by: String,
        /// Until when, unless it is extended.
        until: Timestamp,
    },
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
        /// The disposition code.
        disposition: String,
    },
    /// Rung as often as the hotline does, and never reached.
    Unreached,
    /// Withdrawn.
    Cancelled,
    /// A repeat call: the earlier ticket stands for it.
    Merged {
        /// The earlier ticket.
        into: u64,
    },
}

/// One field of the form.
#[derive(Debug, Serialize, ToSchema)]
struct SlotView {
    /// Its name in the hotline's file.
    slot: String,
    /// How far it has come.
    status: SlotStatus,
    /// What was understood; empty when nothing was.
    value: String,
    /// Named parts of the value, in reading order.
    parts: Vec<PartView>,
    /// The recogniser's words.
    heard: String,
    /// How sure it is, 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    confidence: f32,
    /// Where in the recording the caller speaks of it.
    audio: Vec<Clip>,
    /// The value as a user put it right.
    correction: Option<CorrectionView>,
}

/// One part of a value, such as an address's street.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PartView {
    /// Which part.
    #[schema(max_length = 64)]
    pub(super) name: String,
    /// Its value.
    #[schema(max_length = 400)]
    pub(super) value: String,
}

/// A stretch of the recording, milliseconds from its start.
#[derive(Debug, Serialize, ToSchema)]
struct Clip {
    /// From here on.
    from_ms: u64,
    /// To here.
    to_ms: u64,
}

/// A slot put right.
#[derive(Debug, Serialize, ToSchema)]
struct CorrectionView {
    /// Its right value.
    value: String,
    /// The value's parts.
    parts: Vec<PartView>,
    /// When.
    at: Timestamp,
    /// Who: role and user name.
    by: String,
}

/// The ticket's call.
#[derive(Debug, Serialize, ToSchema)]
struct CallView {
    /// Its identity everywhere.
    id: String,
    /// When it was answered.
    answered_at: Timestamp,
    /// When it ended; null while it runs.
    ended_at: Option<Timestamp>,
    /// Why it ended.
    hangup_cause: Option<HangupCause>,
    /// From answer to end, in milliseconds.
    duration_ms: Option<u64>,
}

/// A repeat call.
#[derive(Debug, Serialize, ToSchema)]
struct RepeatView {
    /// Its ticket.
    number: u64,
    /// When it was answered.
    received_at: Timestamp,
    /// How soon, by what the caller said then.
    priority: Priority,
}

/// One time somebody rang.
#[derive(Debug, Serialize, ToSchema)]
struct AttemptView {
    /// When.
    at: Timestamp,
    /// Which user.
    by: String,
}

/// A note.
#[derive(Debug, Serialize, ToSchema)]
struct NoteView {
    /// When.
    at: Timestamp,
    /// Who: role and user name.
    by: String,
    /// The words.
    text: String,
}

impl TicketView {
    /// `personal`: who asks may see personal data.
    pub(super) fn new(
        stored: &StoredTicket,
        policy: &CallbackPolicy,
        personal: bool,
    ) -> TicketView {
        let (ticket, callback) = (&stored.ticket, &stored.callback);
        let shown = |text: &str| if personal { text.to_string() } else { String::new() };
        let place = QueuePlace::of(stored);
        let repeats = callback.repeats.iter().map(|(number, standing)| RepeatView {
            number: number.0,
            received_at: standing.received_at,
            priority: standing.priority,
        });
        let attempts = callback.attempts.iter();
        let notes = callback.notes.iter();
        let slots = ticket.slots.iter().map(|slot| slot_view(slot, stored, personal));
        TicketView {
            number: stored.number.0,
            version: stored.version,
            hotline: ticket.hotline.clone(),
            language: ticket.language.clone(),
            received_at: place.received_at,
            due_at: callback.due_at(policy),
            escalation: callback.escalation,
            priority: place.priority,
            stage: stage_view(&callback.stage),
            need: policy.slots.category(ticket).to_string(),
            office: callback.office.clone(),
            offices: callback.offices.clone(),
            masked: !personal,
            caller_id: shown(&ticket.caller_id),
            callback_number: shown(&ticket.callback_number),
            slots: slots.collect(),
            complete: ticket.complete,
            to_be_transcribed: ticket.to_be_transcribed,
            message: ticket.message.iter().map(clip).collect(),
            consent: ticket.consent,
            hold: stored.hold.as_deref().map(shown),
            files_gone_at: stored.files_gone_unix_ms.map(instant),
            rating: ticket.rating,
            call: call_view(stored),
            repeats: repeats.collect(),
            attempts: attempts.map(|a| AttemptView { at: a.at, by: a.by.clone() }).collect(),
            notes: notes
                .map(|n| NoteView { at: n.at, by: n.by.to_string(), text: shown(&n.text) })
                .collect(),
            closed_at: callback.closed_at,
            updated_at: instant(stored.updated_unix_ms),
        }
    }
}

pub(super) fn stage_view(stage: &Stage) -> StageView {
    match stage {
        Stage::Taking => StageView::Taking,
        Stage::Open => StageView::Open,
        Stage::Claimed(lease) => StageView::Claimed { by: lease.by.clone(), until: lease.until },
        Stage::Calling(lease) => StageView::Calling { by: lease.by.clone(), until: lease.until },
        Stage::Scheduled { at } => StageView::Scheduled { at: *at },
        Stage::Referred { office } => StageView::Referred { office: office.clone() },
        Stage::PutThrough => StageView::PutThrough,
        Stage::Done { disposition } => StageView::Done { disposition: disposition.clone() },
        Stage::Unreached => StageView::Unreached,
        Stage::Cancelled => StageView::Cancelled,
        Stage::Merged { into: TicketNumber(into), .. } => StageView::Merged { into: *into },
    }
}

fn slot_view(slot: &SlotRecord, stored: &StoredTicket, personal: bool) -> SlotView {
    let shown = |text: &str| if personal { text.to_string() } else { String::new() };
    let parts = |parts: &[(String, String)]| -> Vec<PartView> {
        let parts = parts.iter().filter(|_| personal);
        parts.map(|(name, value)| PartView { name: name.clone(), value: value.clone() }).collect()
    };
    let correction = stored.callback.corrected(&slot.slot).map(|c| CorrectionView {
        value: shown(&c.value),
        parts: parts(&c.parts),
        at: c.at,
        by: c.by.to_string(),
    });
    SlotView {
        slot: slot.slot.clone(),
        status: slot.status,
        value: shown(&slot.value),
        parts: parts(&slot.parts),
        heard: shown(&slot.heard),
        confidence: slot.confidence,
        audio: slot.audio.iter().map(clip).collect(),
        correction,
    }
}

fn call_view(stored: &StoredTicket) -> CallView {
    CallView {
        id: stored.ticket.call_id.to_string(),
        answered_at: instant(stored.created_unix_ms),
        ended_at: stored.ended_unix_ms.map(instant),
        hangup_cause: stored.hangup_cause,
        duration_ms: stored.duration_ms,
    }
}

fn clip(segment: &crate::speech::SpeechSegment) -> Clip {
    Clip { from_ms: segment.start.as_ms(), to_ms: segment.end.as_ms() }
}

pub(super) fn instant(unix_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(unix_ms).unwrap_or_default()
}
