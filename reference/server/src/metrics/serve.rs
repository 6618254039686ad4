//! The address for the owner's own programs: `/metrics`, and whether the server lives and is ready. Nothing of the protocol.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum_server::Handle;

use super::Metrics;
use crate::error::Error;
use crate::health::Health;

/// How long a request may take to come.
const HEAD: Duration = Duration::from_secs(10);

/// The type of OpenMetrics' text.
const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Shows them until the handle says otherwise.
///
/// # Errors
/// If the listener cannot be used.
pub(crate) fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    health: Health,
    handle: Handle<SocketAddr>,
) -> Result<impl Future<Output = ()> + use<>, Error> {
    let routes = Router::new()
        .route(
            "/metrics",
            get(|State(metrics): State<Arc<Metrics>>| async move {
                ([(CONTENT_TYPE, TEXT)], metrics.text()).into_response()
            }),
        )
        .with_state(metrics)
        .merge(health.routes())
        .fallback(|| async {
            (
                StatusCode::NOT_FOUND,
                "here are /metrics, /healthz and /readyz\n",
            )
        })
        .into_make_service();
    let mut server = axum_server::from_tcp(listener)
        .map_err(|cause| Error::Failed(cause.to_string()))?
        .handle(handle)
        .first_request_timeout(HEAD);
    server.http_builder().http1().header_read_timeout(HEAD);
    Ok(async move {
        if let Err(problem) = server.serve(routes).await {
            tracing::error!(%problem, "the metrics' listener failed");
        }
    })
}
