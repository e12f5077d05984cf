//! The operators' side: the REST API under `/api/v1`, described by its OpenAPI document.

use crate::access::{Access, AccessError};
use crate::config::{Cidr, InForce};
use crate::live::{Board, Doorway, Feed, Switchboard};
use crate::replay::Replayer;
use crate::store::{Archive, StoreError, TicketStore};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use document::Rules;
use guard::Guard;
use jiff::Timestamp;
use problem::Problem;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

mod account;
mod addresses;
mod answers;
mod assets;
mod audit;
mod audit_export;
mod blocking;
mod board;
mod callback_call;
mod calls;
mod choices;
mod document;
mod events;
mod extract;
mod guard;
mod hotline_file;
mod hotlines;
mod idempotency;
mod invitations;
mod metrics_page;
mod packs;
mod presence;
mod problem;
mod recordings;
mod retention;
mod review_view;
mod reviews;
mod session;
mod statistics;
mod status;
mod status_page;
mod ticket_row;
mod ticket_view;
mod tickets;
mod tickets_export;
mod transcript;
mod try_it;
mod users;
mod webhooks;

pub use metrics_page::MetricsPage;

/// A request's body may have so many bytes; files have limits of their own.
const BODY_BYTES_MAX: usize = 256 * 1024;
/// How often what has expired is deleted.
const SWEEP: Duration = Duration::from_secs(300);

/// Why the console does not start.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The address cannot be had.
    #[error("{key}: {address}: {reason}; free the port or choose another")]
    Bind {
        /// The configuration's key of it.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// The system's words.
        reason: std::io::Error,
    },
    /// Users cannot be let in.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What every request shares.
#[derive(Clone)]
pub struct Shared {
    /// The tickets.
    pub store: TicketStore,
    /// The users.
    pub access: Access,
    /// What calls left.
    pub archive: Archive,
    /// What happens to the tickets.
    pub feed: Feed,
    /// Calls operators' telephones and callers'.
    pub switchboard: Switchboard,
    /// The calls that run.
    pub board: Board,
    /// Replays ended calls.
    pub replayer: Replayer,
    /// The way in for a browser's call.
    pub doorway: Doorway,
    /// What of the files is in force.
    pub in_force: Arc<InForce>,
    /// Reverse proxies, whose word on a browser's address is believed.
    pub proxies: Arc<[Cidr]>,
    /// Ends the streams when the server stops.
    pub stop: CancellationToken,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Spillway",
        description = "Callback tickets of an overloaded hotline. Times are RFC 3339 in UTC. \
            Errors are problem details (RFC 9457). Lists are paged: `next` of one page is the \
            `cursor` of the following. A POST with an `Idempotency-Key` is done once, however \
            often it is sent within a day. By session, a change needs the header `X-CSRF-Token`.",
    ),
    components(schemas(Problem))
)]
struct Description;

/// The routes, the document that describes them, and who may call what.
fn api() -> (Router<Shared>, Value, Rules) {
    let described = OpenApiRouter::with_openapi(Description::openapi())
        .merge(session::routes())
        .merge(tickets::routes())
        .merge(tickets_export::routes())
        .merge(choices::routes())
        .merge(answers::routes())
        .merge(callback_call::routes())
        .merge(recordings::routes())
        .merge(transcript::routes())
        .merge(reviews::routes())
        .merge(events::routes())
        .merge(presence::routes())
        .merge(calls::routes())
        .merge(board::routes())
        .merge(try_it::routes())
        .merge(statistics::routes())
        .merge(webhooks::routes())
        .merge(hotlines::routes())
        .merge(addresses::routes())
        .merge(hotline_file::routes())
        .merge(packs::routes())
        .merge(retention::routes())
        .merge(account::routes())
        .merge(invitations::routes())
        .merge(users::routes())
        .merge(audit::routes())
        .merge(audit_export::routes())
        .merge(status::routes());
    let (router, description) = described.split_for_parts();
    // Written by the library from our types: it is JSON.
    let document = serde_json::to_value(&description).unwrap_or_default();
    let (document, rules) = document::complete(document);
    (router, document, rules)
}

/// The OpenAPI 3.1 document.
pub fn openapi() -> Value {
    api().1
}

/// The console, bound to its address.
pub struct Console {
    listener: TcpListener,
    shared: Shared,
}

impl Console {
    /// Binds it.
    pub async fn bind(address: SocketAddr, shared: Shared) -> Result<Console, ConsoleError> {
        let listener = listener("console.listen", address).await?;
        Ok(Console { listener, shared })
    }

    /// Where it is served.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers requests until it is stopped; those that run are answered.
    pub async fn run(self) -> std::io::Result<()> {
        let stop = self.shared.stop.clone();
        tokio::spawn(sweep(self.shared.clone()));
        let service = router(self.shared).into_make_service_with_connect_info::<SocketAddr>();
        let served = axum::serve(self.listener, service);
        served.with_graceful_shutdown(stop.cancelled_owned()).await
    }
}

/// A listener at the `address` that the configuration's `key` names.
async fn listener(key: &'static str, address: SocketAddr) -> Result<TcpListener, ConsoleError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|reason| ConsoleError::Bind { key, address, reason })
}

/// Deletes what has expired.
async fn sweep(shared: Shared) {
    let mut tick = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => break,
            _ = tick.tick() => {}
        }
        let now = Timestamp::now();
        if let Err(error) = shared.access.sweep(now).await {
            tracing::warn!(%error, "ended sessions are not deleted yet");
        }
        if let Err(error) = shared.store.sweep_requests(now).await {
            tracing::warn!(%error, "old answers are not deleted yet");
        }
    }
}

fn router(shared: Shared) -> Router {
    let (routes, document, mut rules) = api();
    let routes = routes.merge(status_page::routes(&mut rules));
    let guard = Guard { shared: shared.clone(), rules: Arc::new(rules) };
    let document: Arc<str> = document.to_string().into();
    let served = move || async move { json(document.to_string()).into_response() };
    routes
        .route_layer(axum::middleware::from_fn_with_state(shared.clone(), idempotency::once))
        .route_layer(axum::middleware::from_fn_with_state(guard, guard::guard))
        .route("/api/v1/openapi.json", axum::routing::get(served))
        .method_not_allowed_fallback(async || {
            let detail = "this takes other methods; see Allow";
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
        })
        .fallback(assets::serve)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(axum::middleware::from_fn(guard::private))
        .with_state(shared)
}

fn json(text: String) -> impl IntoResponse {
    ([(axum::http::header::CONTENT_TYPE, "application/json")], text)
}
