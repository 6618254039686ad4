//! Waiting for an event that nobody announces: looking until it is there, under a bound.

use std::time::{Duration, Instant};

use crate::Problem;

/// How long anything that must come may take. Far more than it takes: a machine may be busy.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// How often it is looked.
const PAUSE: Duration = Duration::from_millis(10);

/// Looks until there is something.
///
/// # Errors
/// That of a look, and that nothing came in time, which names what was waited for.
pub(crate) async fn until<T>(
    what: &str,
    mut look: impl AsyncFnMut() -> Result<Option<T>, Problem>,
) -> Result<T, Problem> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if begun.elapsed() > SOON {
            return Err(Problem::new(format!("waited {SOON:?} for {what}, in vain")));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
