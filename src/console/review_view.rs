//! An ended call as those see it who judge how it went.

use super::Shared;
use super::ticket_view::instant;
use crate::access::{Permission, Principal};
use crate::call::HangupCause;
use crate::replay::score::{CallFacts, CallScore, ScoreSums};
use crate::replay::{Divergence, Judgement, Mark, Outcome, Truthful};
use crate::store::{Review, StoredTicket};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// An ended call in a list. Without the permission `personal_data:read` values are empty, and
/// `masked` is true.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReviewRow {
    /// The number of the call's ticket.
    number: u64,
    /// The call's identity everywhere.
    call: String,
    /// When it was answered.
    answered_at: Timestamp,
    /// From answer to end, in milliseconds; null for a call that was cut off by a crash.
    duration_ms: Option<u64>,
    /// Why it ended.
    hangup_cause: Option<HangupCause>,
    /// The hotline that answered.
    hotline: String,
    /// ISO 639-1.
    language: String,
    /// The caller confirmed the whole at the read-back.
    complete: bool,
    /// Its files are still kept: it can be heard and replayed.
    kept: bool,
    /// True where personal data is left out.
    masked: bool,
    /// The form, in its order.
    slots: Vec<ReviewSlot>,
    /// Somebody has looked at it.
    reviewed: bool,
    /// What went wrong.
    marks: Vec<Mark>,
    /// What the last replay came to; null before the first.
    replay: Option<ReplayView>,
    /// How it went, as its journal tells; null before the first replay.
    score: Option<CallScore>,
}

/// One slot: what the bot wrote, and what it came to be.
#[derive(Debug, Serialize, ToSchema)]
struct ReviewSlot {
    /// Its name in the hotline's file.
    slot: String,
    /// What the bot wrote.
    told: String,
    /// What stands on the ticket now.
    right: String,
    /// An operator put another value there.
    corrected: bool,
    /// An operator has worked with it: without a correction it was right.
    judged: bool,
}

/// What a replay came to.
#[derive(Debug, Serialize, ToSchema)]
struct ReplayView {
    /// When.
    at: Timestamp,
    /// The version of the program that replayed it.
    build: String,
    /// What came out.
    outcome: OutcomeName,
    /// Where the first difference is, milliseconds since the answer.
    at_ms: Option<u64>,
    /// Why it cannot be replayed.
    reason: Option<String>,
    /// The hotline's files are not those of the call's day.
    hotline_changed: bool,
}

/// What came out of a replay.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OutcomeName {
    /// The same, bit for bit.
    Same,
    /// Something else.
    Diverged,
    /// The journal does not hold all that the call was decided from.
    NotReplayable,
}

/// A page of ended calls.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReviewPage {
    /// The calls.
    pub(super) items: Vec<ReviewRow>,
    /// The `cursor` of the next page; null on the last.
    pub(super) next: Option<String>,
    /// Over the newest calls of the list, 2,000 at most; null on pages after the first.
    pub(super) sums: Option<ScoreSums>,
}

/// An ended call under review.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReviewView {
    /// Raised by one at each change; the `ETag` is made of it. 0 before the first.
    pub(super) version: u64,
    /// The call.
    call: ReviewRow,
    /// What was really said; empty where personal data is left out.
    truth: Truthful,
    /// Who judged it last: role and user name.
    judged_by: Option<String>,
    /// When.
    judged_at: Option<Timestamp>,
    /// The first difference of the last replay, with its lines; null where there is none, or where
    /// personal data is left out.
    divergence: Option<DivergenceView>,
}

/// The first difference; lines are the journal's own.
#[derive(Debug, Serialize, ToSchema)]
struct DivergenceView {
    /// Milliseconds since the answer.
    at_ms: u64,
    /// The last lines that were the same, oldest first.
    before: Vec<String>,
    /// What the journal has; null when it has no further output here.
    expected: Option<String>,
    /// What came out; null when nothing more did.
    got: Option<String>,
}

/// What somebody judges of a call.
#[derive(Debug, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewJudgement {
    /// Somebody has looked at the call.
    pub(super) reviewed: bool,
    /// What went wrong.
    #[schema(max_items = 100)]
    pub(super) marks: Vec<Mark>,
    /// What was really said, and a note.
    pub(super) truth: Truthful,
}

impl NewJudgement {
    pub(super) fn parts(self) -> (Judgement, Truthful) {
        (Judgement { reviewed: self.reviewed, marks: self.marks }, self.truth)
    }
}

/// The sums of these calls.
pub(super) fn sums(calls: &[(StoredTicket, Review)]) -> ScoreSums {
    let slots: Vec<Vec<(&str, bool)>> =
        calls.iter().map(|(stored, _)| stored.judged_slots()).collect();
    ScoreSums::of(calls.iter().zip(&slots).map(|((stored, review), slots)| {
        let scored = review.scored.as_ref();
        CallFacts {
            complete: stored.ticket.complete,
            slots,
            duration_ms: stored.duration_ms,
            outcome: scored.map(|s| &s.replayed.outcome),
            score: scored.and_then(|s| s.score.as_ref()),
            marks: review.judgement.marks.len(),
            reviewed: review.judgement.reviewed,
        }
    }))
}

impl Shared {
    /// The call's line as `by` may see it.
    pub(super) fn review_row(
        &self,
        by: &Principal,
        stored: &StoredTicket,
        review: &Review,
    ) -> ReviewRow {
        let personal = by.may(Permission::SeePersonalData);
        let shown = |text: &str| if personal { text.to_string() } else { String::new() };
        let judged = stored.judged_slots();
        let slots = stored.ticket.slots.iter().map(|s| ReviewSlot {
            slot: s.slot.clone(),
            told: shown(&s.value),
            right: shown(stored.value(&s.slot)),
            corrected: stored.is_corrected(Some(&s.slot)),
            judged: judged.iter().any(|(slot, _)| *slot == s.slot),
        });
        ReviewRow {
            number: stored.number.0,
            call: stored.ticket.call_id.to_string(),
            answered_at: instant(stored.created_unix_ms),
            duration_ms: stored.duration_ms,
            hangup_cause: stored.hangup_cause,
            hotline: stored.ticket.hotline.clone(),
            language: stored.ticket.language.clone(),
            complete: stored.ticket.complete,
            kept: stored.files_gone_unix_ms.is_none(),
            masked: !personal,
            slots: slots.collect(),
            reviewed: review.judgement.reviewed,
            marks: review.judgement.marks.clone(),
            replay: review.scored.as_ref().map(ReplayView::new),
            score: review.scored.as_ref().and_then(|s| fresh(stored, review, s.score.as_ref()?)),
        }
    }

    /// The review as `by` may see it.
    pub(super) fn review_view(
        &self,
        by: &Principal,
        stored: &StoredTicket,
        review: &Review,
    ) -> ReviewView {
        let personal = by.may(Permission::SeePersonalData);
        let divergence = review.divergence.as_deref().filter(|_| personal);
        ReviewView {
            version: review.version,
            call: self.review_row(by, stored, review),
            truth: if personal { review.truth.clone() } else { Truthful::default() },
            judged_by: review.judged.as_ref().map(|(by, _)| by.clone()),
            judged_at: review.judged.as_ref().map(|(_, at)| *at),
            divergence: divergence.map(DivergenceView::new),
        }
    }
}

/// The score without the ranks of values that were put right since: they were ranked for others.
fn fresh(stored: &StoredTicket, review: &Review, score: &CallScore) -> Option<CallScore> {
    let scored_at = review.scored.as_ref()?.at;
    let mut score = score.clone();
    for slot in &mut score.slots {
        let since = stored.callback.corrected(&slot.slot).is_some_and(|c| c.at > scored_at);
        slot.rank = slot.rank.filter(|_| !since);
    }
    Some(score)
}

impl ReplayView {
    fn new(scored: &crate::store::Scored) -> ReplayView {
        let (outcome, at_ms, reason) = match &scored.replayed.outcome {
            Outcome::Same { .. } => (OutcomeName::Same, None, None),
            Outcome::Diverged(found) => (OutcomeName::Diverged, Some(found.at_ms.as_ms()), None),
            Outcome::NotReplayable { reason } => {
                (OutcomeName::NotReplayable, None, Some(reason.clone()))
            }
        };
        let (at, build) = (scored.at, scored.build.clone());
        let hotline_changed = scored.replayed.hotline_changed;
        ReplayView { at, build, outcome, at_ms, reason, hotline_changed }
    }
}

impl DivergenceView {
    fn new(found: &Divergence) -> DivergenceView {
        DivergenceView {
            at_ms: found.at_ms.as_ms(),
            before: found.before.clone(),
            expected: found.expected.clone(),
            got: found.got.clone(),
        }
    }
}
