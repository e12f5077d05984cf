//! "Try it": a browser's microphone calls the bot, and its page sees what the bot understands.

use super::Shared;
use super::calls::RunningCallView;
use super::extract::Asker;
use super::problem::Problem;
use crate::access::Principal;
use crate::call::HangupCause;
use crate::live::{Line, RunningCall};
use crate::media::{FarEnd, FromBrowser, MESSAGE_BYTES_MAX};
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A browser that takes nothing for so long is gone.
const SEND: Duration = Duration::from_secs(10);
/// How long a browser may take to answer a goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// Seconds after which a line may be free.
const RETRY_AFTER_S: u64 = 30;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(try_it))
}

/// A text message to the browser.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ToBrowser<'c> {
    /// The call was answered; the first message.
    Ready {
        /// Its identity everywhere.
        call_id: &'c str,
    },
    /// The call changed.
    Call {
        /// As it stands now.
        call: Box<RunningCallView>,
    },
    /// The call is over; the last message.
    Ended {
        /// Why.
        cause: HangupCause,
        /// The ticket's number; null where the database was away.
        ticket: Option<u64>,
    },
}

/// Call the bot from a browser.
///
/// A WebSocket. Binary messages both ways are 20 ms of sound each: signed 16 bit little-endian,
/// mono, 8 kHz, 320 bytes. Text messages to the browser are JSON of the shape below. The browser
/// may send `{"type":"dtmf","digit":"1"}` and `{"type":"hangup"}`; anything else ends the call with
/// close code 1007, longer messages with 1009. The ticket's branch is `try-it`: it is no part of
/// the statistics, and never merged with a caller's. A tenth of the lines, one at least, is
/// callers' own.
#[utoipa::path(
    get, path = "/api/v1/try", tag = "calls",
    extensions(("x-permission" = json!("calls:watch"))),
    responses(
        (status = 101, description = "The call is answered; text messages are of this shape",
            body = ToBrowser, content_type = "application/json"),
        (status = 400, description = "The request opens no WebSocket", body = Problem,
            content_type = "application/problem+json"),
        (status = 426, description = "This way no WebSocket can be opened", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "The free lines are kept for callers, or the database is \
            away; wait as long as Retry-After says", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
async fn try_it(
    State(shared): State<Shared>,
    Asker(by): Asker,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|rejection| {
        Problem::new(rejection.status(), "no-websocket", rejection.body_text())
    })?;
    let line = shared.doorway.line().ok_or_else(|| {
        let detail = "the free lines are kept for callers; try again when fewer are calling";
        let busy = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail);
        busy.retry_after(RETRY_AFTER_S)
    })?;
    let upgrade = upgrade.max_message_size(MESSAGE_BYTES_MAX).max_frame_size(MESSAGE_BYTES_MAX);
    Ok(upgrade.on_upgrade(async move |socket| talk(socket, line, by).await))
}

/// One call, from its first message to its last.
async fn talk(socket: WebSocket, line: Line, by: Principal) {
    let (far, call) = line.connect();
    let mut talk = Talk { socket, far, call, by };
    let Some((code, reason)) = talk.run().await else { return };
    let Talk { mut socket, far, .. } = talk;
    drop(far);
    let close = CloseFrame { code, reason: reason.into() };
    let goodbye = async {
        // With sound unread the connection would be reset, and the goodbye lost with it.
        if socket.send(Message::Close(Some(close))).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    let _ = tokio::time::timeout(GOODBYE, goodbye).await;
}

struct Talk {
    socket: WebSocket,
    far: FarEnd,
    call: watch::Receiver<Arc<RunningCall>>,
    by: Principal,
}

/// A close code (RFC 6455, 7.4.1) and its reason; `None` where nobody is there to be told.
type Close = Option<(u16, String)>;

impl Talk {
    async fn run(&mut self) -> Close {
        let first = self.call.borrow_and_update().clone();
        let call_id = first.id.to_string();
        if !self.tell(&ToBrowser::Ready { call_id: &call_id }).await || !self.show(&first).await {
            return None;
        }
        let mut sounding = true;
        loop {
            tokio::select! {
                changed = self.call.changed() => {
                    // The last state says why the call ended.
                    changed.ok()?;
                    let call = self.call.borrow_and_update().clone();
                    if !self.show(&call).await {
                        return None;
                    }
                    if let Some(cause) = call.ended {
                        let ticket = call.ticket.map(|number| number.0);
                        self.tell(&ToBrowser::Ended { cause, ticket }).await;
                        return Some((close_code::NORMAL, cause.to_string()));
                    }
                }
                sound = self.far.sound(), if sounding => match sound {
                    Some(pcm) => {
                        if !self.send(Message::Binary(pcm.into())).await {
                            return None;
                        }
                    }
                    None => sounding = false,
                },
                message = self.socket.recv() => match self.heard(message).await {
                    Ok(()) => {}
                    Err(close) => return close,
                },
            }
        }
    }

    /// Takes a message of the browser's; an error when there will be no more.
    async fn heard(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), Close> {
        let read = match message {
            Some(Ok(Message::Binary(bytes))) => FromBrowser::binary(&bytes),
            Some(Ok(Message::Text(text))) => FromBrowser::text(&text),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
            Some(Ok(Message::Close(_))) | None => return Err(None),
            // Or a connection that broke: then nobody reads this.
            Some(Err(_)) => {
                let reason = "longer than any message of this protocol, or against RFC 6455";
                return Err(Some((close_code::SIZE, reason.into())));
            }
        };
        match read {
            Ok(message) => {
                self.far.tell(message).await;
                Ok(())
            }
            Err(error) => {
                self.far.tell(FromBrowser::Over(HangupCause::NotAcceptable)).await;
                Err(Some((close_code::INVALID, error.to_string())))
            }
        }
    }

    async fn show(&mut self, call: &RunningCall) -> bool {
        let call = Box::new(RunningCallView::new(&self.by, call));
        self.tell(&ToBrowser::Call { call }).await
    }

    async fn tell(&mut self, message: &ToBrowser<'_>) -> bool {
        let text = serde_json::to_string(message).unwrap_or_default();
        self.send(Message::Text(text.into())).await
    }

    /// False when the browser is gone.
    async fn send(&mut self, message: Message) -> bool {
        let sent = tokio::time::timeout(SEND, self.socket.send(message)).await;
        matches!(sent, Ok(Ok(())))
    }
}
