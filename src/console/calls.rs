//! The calls that run: watched as they go, and listened in to.

use super::Shared;
use super::events::{CHECK, Watch};
use super::extract::{Asker, Place};
use super::problem::Problem;
use super::ticket_view::instant;
use super::transcript::TurnView;
use crate::access::{Permission, Principal};
use crate::audio::SAMPLE_RATE_HZ;
use crate::call::HangupCause;
use crate::live::{RunningCall, StereoFrame};
use crate::ticket::{CallId, Consent, Priority, SlotRecord, SlotStatus};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(running_calls))
        .routes(routes!(call_events))
        .routes(routes!(call_audio))
}

/// A running call. Without the permission `personal_data:read` the caller's number, all words and
/// keys and the slots' values are empty, and `masked` is true.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RunningCallView {
    /// Its identity everywhere.
    id: String,
    /// The hotline that answered.
    hotline: String,
    /// ISO 639-1.
    language: String,
    /// `sip`, `audiosocket` or `websocket`.
    entrance: String,
    /// When it was answered.
    answered_at: Timestamp,
    /// True where personal data is left out.
    masked: bool,
    /// The caller's number as the network gave it; empty when withheld.
    caller_id: String,
    /// The turns so far, the newest last; of very many only the last.
    turns: Vec<TurnView>,
    /// The slot or stage that the caller is asked for now; empty where nothing is asked.
    asked: String,
    /// The form as it fills, in its order.
    slots: Vec<RunningSlotView>,
    /// How soon somebody must call back.
    priority: Priority,
    /// Consent to the recording; who declines cannot be listened in to.
    consent: Consent,
    /// The ticket's number; null as long as it has none.
    ticket: Option<u64>,
    /// Why the call ended, in its last event; null while it runs.
    ended: Option<HangupCause>,
}

/// One field of the form.
#[derive(Debug, Serialize, ToSchema)]
struct RunningSlotView {
    /// Its name in the hotline's file.
    slot: String,
    /// How far it has come.
    status: SlotStatus,
    /// What was understood; empty when nothing was.
    value: String,
    /// How sure it is, 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    confidence: f32,
}

impl RunningCallView {
    /// The call as `by` may see it.
    pub(super) fn new(by: &Principal, call: &RunningCall) -> RunningCallView {
        let personal = by.may(Permission::SeePersonalData);
        let shown = |text: &str| if personal { text.to_string() } else { String::new() };
        let slot = |slot: &SlotRecord| RunningSlotView {
            slot: slot.slot.clone(),
            status: slot.status,
            value: shown(&slot.value),
            confidence: slot.confidence,
        };
        RunningCallView {
            id: call.id.to_string(),
            hotline: call.hotline.clone(),
            language: call.language.clone(),
            entrance: call.entrance.clone(),
            answered_at: instant(call.answered_unix_ms),
            masked: !personal,
            caller_id: shown(&call.caller_id),
            turns: call.turns.iter().map(|turn| TurnView::new(turn, personal)).collect(),
            asked: call.asked.clone(),
            slots: call.slots.iter().map(slot).collect(),
            priority: call.priority,
            consent: call.consent,
            ticket: call.ticket.map(|number| number.0),
            ended: call.ended,
        }
    }
}

/// The calls that run.
///
/// On this server, in the order in which they were answered.
#[utoipa::path(
    get, path = "/api/v1/calls", tag = "calls",
    extensions(("x-permission" = json!("calls:watch"))),
    responses((status = 200, description = "The calls", body = Vec<RunningCallView>)),
)]
async fn running_calls(
    State(shared): State<Shared>,
    Asker(by): Asker,
) -> Json<Vec<RunningCallView>> {
    let calls = shared.board.calls();
    let calls = calls.iter().filter(|call| sees(&by, call));
    Json(calls.map(|call| RunningCallView::new(&by, call)).collect())
}

fn sees(by: &Principal, call: &RunningCall) -> bool {
    by.user().profile.hotlines.include(&call.hotline)
}

/// Watch the calls that run.
///
/// A stream of server-sent events named `call`, each the whole state of a call that changed; the
/// last of a call says in `ended` why it ended. Each stream begins with all calls that run, so
/// who opens it again forgets those from before.
#[utoipa::path(
    get, path = "/api/v1/calls/events", tag = "calls",
    extensions(("x-permission" = json!("calls:watch"))),
    responses((status = 200, description = "The stream; each event's data is of this shape",
        body = RunningCallView, content_type = "text/event-stream")),
)]
async fn call_events(
    State(shared): State<Shared>,
    Asker(by): Asker,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (waiting, news) = shared.board.follow();
    let watch = Watch::new(shared, by, Permission::WatchCalls);
    let stream = Follower { watch, waiting: waiting.into(), news };
    let stream = futures::stream::unfold(stream, Follower::next);
    Sse::new(stream).keep_alive(KeepAlive::new().interval(CHECK))
}

/// One stream of events.
struct Follower {
    watch: Watch,
    /// Calls that ran when it began.
    waiting: VecDeque<Arc<RunningCall>>,
    news: Receiver<Arc<RunningCall>>,
}

impl Follower {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Follower)> {
        loop {
            let call = match self.waiting.pop_front() {
                Some(call) => call,
                // Who is too slow begins again, as browsers do by themselves.
                None => self.watch.next(&mut self.news).await?.ok()?,
            };
            if sees(&self.watch.by, &call) {
                let view = RunningCallView::new(&self.watch.by, &call);
                let data = serde_json::to_string(&view).unwrap_or_default();
                return Some((Ok(Event::default().event("call").data(data)), self));
            }
        }
    }
}

/// Listen in on a call.
///
/// An endless WAV file from now on: stereo, 16 bit at 8 kHz, left the caller, right the bot. It
/// ends with the call. Each listening is in the audit log.
#[utoipa::path(
    get, path = "/api/v1/calls/{id}/audio", tag = "calls",
    extensions(("x-permission" = json!("calls:listen"))),
    params(("id" = String, Path, description = "The call's identity")),
    responses(
        (status = 200, description = "The sound", body = String, content_type = "audio/wav"),
        (status = 409, description = "The caller declined the recording, or the ticket that the \
            audit log would name has no number yet", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
async fn call_audio(
    State(shared): State<Shared>,
    Asker(by): Asker,
    Place(id): Place<String>,
) -> Result<Response, Problem> {
    let id = CallId(id);
    let call = shared.board.call(&id).filter(|call| call.ended.is_none() && sees(&by, call));
    let call = call.ok_or_else(|| Problem::not_found("there is no such call, or it is over"))?;
    by.demand_on(Permission::ListenIn, &call.hotline)?;
    let sound = shared.board.listen(&id).ok_or_else(|| {
        let detail = "the caller declined the recording, so nobody listens in";
        Problem::new(StatusCode::CONFLICT, "declined", detail)
    })?;
    let ticket = call.ticket.ok_or_else(|| {
        let detail = "the call's ticket has no number yet; try again in a moment";
        Problem::new(StatusCode::CONFLICT, "no-ticket", detail)
    })?;
    shared.store.listened_in(ticket, &by.name_in_log(), Timestamp::now()).await?;
    let watch = Watch::new(shared, by, Permission::ListenIn);
    let begin = Listener { watch, sound, header: Some(header()) };
    let body = Body::from_stream(futures::stream::unfold(begin, Listener::next));
    let kind = HeaderValue::from_static("audio/wav");
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

/// The header of a WAV file that has no end.
fn header() -> Bytes {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: SAMPLE_RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    spec.into_header_for_infinite_file().into()
}

/// Somebody who listens in.
struct Listener {
    watch: Watch,
    sound: Receiver<StereoFrame>,
    /// Still to be sent.
    header: Option<Bytes>,
}

impl Listener {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Listener)> {
        if let Some(header) = self.header.take() {
            return Some((Ok(header), self));
        }
        loop {
            match self.watch.next(&mut self.sound).await? {
                Ok(frame) => {
                    let pcm: Vec<u8> = frame.iter().flat_map(|s| s.to_le_bytes()).collect();
                    return Some((Ok(pcm.into()), self));
                }
                // Over a slow line sound is missing; what is heard stays near the call.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
