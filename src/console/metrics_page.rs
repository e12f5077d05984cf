//! `/metrics` for Prometheus, at an address of its own: it needs no login, and so is not told to
//! the world.

use super::ConsoleError;
use crate::live::Doorway;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// OpenMetrics 1.0, "Content type".
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The page, and where it is served.
pub struct MetricsPage {
    listener: TcpListener,
    doorway: Doorway,
    stop: CancellationToken,
}

impl MetricsPage {
    /// Binds it, for the server that `doorway` leads to.
    pub async fn bind(
        address: SocketAddr,
        doorway: Doorway,
        stop: CancellationToken,
    ) -> Result<MetricsPage, ConsoleError> {
        let listener = super::listener("metrics.listen", address).await?;
        Ok(MetricsPage { listener, doorway, stop })
    }

    /// Where it is served.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until it is stopped.
    pub async fn run(self) -> std::io::Result<()> {
        let routes = Router::new().route("/metrics", get(page)).with_state(self.doorway);
        axum::serve(self.listener, routes).with_graceful_shutdown(self.stop.cancelled_owned()).await
    }
}

async fn page(State(doorway): State<Doorway>) -> Response {
    match doorway.metrics() {
        Some(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
