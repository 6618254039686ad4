//! The log: on standard error, for people or as JSON. No token, key or plaintext is ever handed to it. // [SESS-16], [ENC-18]

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};
use crate::error::Error;

/// Begins to log for this process.
///
/// # Errors
/// If the level is no filter.
pub(crate) fn begin(log: &Log) -> Result<(), Error> {
    let level = log.level.as_deref().unwrap_or("info");
    let filter = EnvFilter::try_new(level).map_err(|cause| {
        Error::configuration(format!(
            "log level `{level}` is no filter ({cause}); write info, warn or debug"
        ))
    })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A line that cannot be written (a full disk, a dead log collector) is lost, and nothing else is: otherwise the
        // thread that logs would panic.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    match log.format {
        LogFormat::Human => lines
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    Ok(())
}
