//! What happens to the tickets, as server-sent events.

use super::Shared;
use super::extract::Asker;
use super::problem::Problem;
use super::ticket_row::TicketRow;
use crate::access::{Permission, Principal};
use crate::live::News;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use jiff::Timestamp;
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Entries read at a time for who was away.
const PAGE: u32 = 500;
/// A stream's user is looked at again so often: who is disabled or demoted sees no more.
pub(super) const CHECK: Duration = Duration::from_secs(15);

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(events))
}

/// What happened to a ticket. Its place in the log is the event's id.
#[derive(Serialize, ToSchema)]
struct TicketEventView<'e> {
    /// When.
    at: Timestamp,
    /// Who: role and user name, `caller` or `clock`.
    actor: &'e str,
    /// What was done; as in the acts on tickets, and `tell`, `hang_up`, `receive`, `lapse`, `wake`,
    /// `escalate`, `merge`, `import`.
    act: &'e str,
    /// To which ticket.
    ticket: i64,
    /// Its hotline.
    hotline: &'e str,
    /// The ticket as it stands now; null when it is there no more.
    row: Option<TicketRow>,
}

/// Follow what happens to the tickets.
///
/// A stream of server-sent events named `ticket`. After `Last-Event-ID` nothing is left out;
/// without it the stream begins now.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events",
    extensions(("x-permission" = json!("tickets:read"))),
    params(("Last-Event-ID" = Option<String>, Header, description = "The last event that came")),
    responses((status = 200, description = "The stream; each event's data is of this shape",
        body = TicketEventView, content_type = "text/event-stream")),
)]
async fn events(
    State(shared): State<Shared>,
    Asker(principal): Asker,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let news = shared.feed.follow();
    let after = match headers.get("last-event-id") {
        Some(id) => {
            let place = id.to_str().ok().and_then(place);
            let wrong = || Problem::invalid("Last-Event-ID is none of ours; leave it out");
            place.ok_or_else(wrong)?
        }
        None => shared.store.last_event().await?,
    };
    let watch = Watch::new(shared, principal, Permission::ReadTickets);
    let stream = Follower { watch, news, after, behind: true, waiting: vec![] };
    let stream = futures::stream::unfold(stream, Follower::next);
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(CHECK)))
}

/// Reads a place in the log: seal and entry, as `7-1234`.
pub(super) fn place(id: &str) -> Option<(i64, i64)> {
    let (seal, id) = id.split_once('-')?;
    Some((seal.parse().ok()?, id.parse().ok()?))
}

/// Somebody who may go on watching as long as nothing is taken from them.
pub(super) struct Watch {
    pub(super) shared: Shared,
    pub(super) by: Principal,
    needs: Permission,
    check: tokio::time::Interval,
}

impl Watch {
    pub(super) fn new(shared: Shared, by: Principal, needs: Permission) -> Watch {
        Watch { shared, by, needs, check: tokio::time::interval(CHECK) }
    }

    /// What `news` gives next; `None` when that ends, the server stops, or who watches is demoted
    /// or disabled.
    pub(super) async fn next<T: Clone>(
        &mut self,
        news: &mut Receiver<T>,
    ) -> Option<Result<T, RecvError>> {
        loop {
            tokio::select! {
                () = self.shared.stop.cancelled() => return None,
                news = news.recv() => return Some(news),
                _ = self.check.tick() => {
                    self.by = self.shared.access.again(&self.by, Timestamp::now()).await.ok()?;
                    self.by.demand(self.needs).ok()?;
                }
            }
        }
    }
}

/// One stream.
struct Follower {
    watch: Watch,
    news: Receiver<Arc<News>>,
    /// What came last.
    after: (i64, i64),
    /// The log may have more than the news tell.
    behind: bool,
    /// Read from the log and not yet sent, the next one last.
    waiting: Vec<Arc<News>>,
}

impl Follower {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Follower)> {
        loop {
            let news = self.next_news().await?;
            let event = &news.event;
            if (event.seal, event.id) <= self.after {
                continue;
            }
            self.after = (event.seal, event.id);
            if self.watch.by.user().profile.hotlines.include(&event.hotline) {
                return Some((Ok(self.sent(&news)), self));
            }
        }
    }

    /// The next entry of the log, whosever it is; `None` ends the stream.
    async fn next_news(&mut self) -> Option<Arc<News>> {
        loop {
            if let Some(news) = self.waiting.pop() {
                return Some(news);
            }
            if self.behind {
                // A browser asks again by itself when a stream ends.
                let page = self.watch.shared.store.ticket_events(self.after, PAGE).await.ok()?;
                self.behind = page.len() == PAGE as usize;
                let page = News::of(&self.watch.shared.store, page).await.ok()?;
                self.waiting = page.into_iter().rev().map(Arc::new).collect();
                continue;
            }
            match self.watch.next(&mut self.news).await? {
                Ok(news) => return Some(news),
                Err(RecvError::Lagged(_)) => self.behind = true,
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn sent(&self, News { event, ticket }: &News) -> Event {
        let view = TicketEventView {
            at: Timestamp::from_millisecond(event.at).unwrap_or_default(),
            actor: &event.actor,
            act: &event.act,
            ticket: event.ticket,
            hotline: &event.hotline,
            row: ticket.as_deref().map(|stored| self.watch.shared.row(&self.watch.by, stored)),
        };
        let data = serde_json::to_string(&view).unwrap_or_default();
        Event::default().id(format!("{}-{}", event.seal, event.id)).event("ticket").data(data)
    }
}
