//! What was said in a ticket's call, turn by turn, beside its recording.

use super::Shared;
use super::blocking::blocking;
use super::extract::{Asker, Place};
use super::problem::Problem;
use crate::access::Permission;
use crate::call::{Speaker, SpokenTurn, TurnLog};
use crate::journal::{JOURNAL_FILE, Reader};
use crate::ticket::TicketNumber;
use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Turns of one call that are read; a call has some dozens.
const TURNS_MAX: usize = 2_000;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(transcript))
}

/// One side's turn.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TurnView {
    /// Its number within the call, from 1; turns that turn out to be nothing vanish again.
    number: u32,
    /// Who.
    speaker: Speaker,
    /// The prompt's text, the caller's words so far, or the keys.
    text: String,
    /// Its beginning, milliseconds since the answer.
    from_ms: u64,
    /// Its end; null while it goes on.
    to_ms: Option<u64>,
    /// False while the words may change.
    settled: bool,
}

impl TurnView {
    /// The turn; without its words for who may not see personal data.
    pub(super) fn new(turn: &SpokenTurn, personal: bool) -> TurnView {
        TurnView {
            number: turn.number,
            speaker: turn.speaker,
            text: if personal { turn.text.clone() } else { String::new() },
            from_ms: turn.from_ms,
            to_ms: turn.to_ms,
            settled: turn.settled,
        }
    }
}

/// A call's words. Without the permission `personal_data:read` they are empty, and `masked` is
/// true.
#[derive(Debug, Serialize, ToSchema)]
struct TranscriptView {
    /// True where personal data is left out.
    masked: bool,
    /// False while the call runs, and where its journal breaks off: the turns end there too.
    whole: bool,
    /// The turns, the oldest first.
    turns: Vec<TurnView>,
}

/// Read what was said in a call.
///
/// The bot's prompts, the caller's words as the recogniser heard them, the keys; times are those of
/// the recording. Each reading is in the audit log.
#[utoipa::path(
    get, path = "/api/v1/tickets/{number}/transcript", tag = "recordings",
    extensions(("x-permission" = json!("recordings:listen"))),
    params(("number" = u64, Path, description = "The ticket's number")),
    responses((status = 200, description = "The turns", body = TranscriptView)),
)]
async fn transcript(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(number): Place<u64>,
) -> Result<Json<TranscriptView>, Problem> {
    let stored = shared.ticket(&by, Permission::HearRecordings, number).await?;
    let personal = by.may(Permission::SeePersonalData);
    let kept = shared.archive.open_file(&stored.ticket.call_id, JOURNAL_FILE).await?;
    let journal = kept.read_range(0..kept.bytes()).await?;
    if personal {
        let (number, by) = (TicketNumber(number), by.name_in_log());
        shared.store.handed_out(number, JOURNAL_FILE, &by, Timestamp::now()).await?;
    }
    // Thousands of lines, of a long call.
    let (turns, whole) = blocking(move || turns_of(journal)).await;
    let turns = turns.turns().iter().map(|turn| TurnView::new(turn, personal)).collect();
    Ok(Json(TranscriptView { masked: !personal, whole, turns }))
}

/// The turns as far as `journal` can be read, and whether that is to the call's end.
fn turns_of(journal: Vec<u8>) -> (TurnLog, bool) {
    let mut turns = TurnLog::new(TURNS_MAX);
    let Ok(mut reader) = Reader::from_bytes(JOURNAL_FILE, journal) else { return (turns, false) };
    let whole = reader.read_turns(&mut turns).is_ok() && reader.ending().is_some();
    (turns, whole)
}
