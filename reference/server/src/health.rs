//! Whether the server is well, for whoever watches over it: `/healthz` while it can do its work, `/readyz` while it takes
//! new connections besides.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::sync::watch;

/// See the module.
#[derive(Clone)]
pub(crate) struct Health {
    /// Whether the store can be written.
    pub(crate) writable: Arc<AtomicBool>,
    /// Becomes true when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Health {
    /// The two paths.
    pub(crate) fn routes<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        Router::new()
            .route(
                "/healthz",
                get(|State(health): State<Health>| async move { told(health.trouble(false)) }),
            )
            .route(
                "/readyz",
                get(|State(health): State<Health>| async move { told(health.trouble(true)) }),
            )
            .with_state(self)
    }

    fn trouble(&self, counts_stopping: bool) -> Option<&'static str> {
        if !self.writable.load(Ordering::Acquire) {
            return Some("the store cannot be written\n");
        }
        (counts_stopping && *self.stopping.borrow()).then_some("the server stops\n")
    }
}

fn told(trouble: Option<&'static str>) -> impl IntoResponse {
    let (status, text) = match trouble {
        None => (StatusCode::OK, "ok\n"),
        Some(trouble) => (StatusCode::SERVICE_UNAVAILABLE, trouble),
    };
    (status, [(CACHE_CONTROL, "no-store")], text)
}
