//! Open files: each connection is one, and a system gives a process few unless it asks for more. For the program alone: a
//! library does not change its process.

/// Files that are open whatever the number of connections: the store, its readers, the log, the watch.
const OWN: u64 = 64;

/// Raises the limit of open files, and warns where so many connections, and strangers' requests, may still be too many.
pub(crate) fn allow(connections: usize, requests: usize) {
    let needed = (connections + requests) as u64 + OWN;
    if let Some(files) = raise_limit()
        && files < needed
    {
        tracing::warn!(
            files,
            needed,
            connections,
            "the system lets this process open fewer files than its connections may need; raise the limit (ulimit -n) or lower `connections`"
        );
    }
}

/// Raises the limit of open files as far as the system lets a process, and gives it; none where it cannot be known.
#[cfg(unix)]
fn raise_limit() -> Option<u64> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let before = limit.current;
    limit.current = limit.maximum;
    match setrlimit(Resource::Nofile, limit) {
        // None stands for no limit at all.
        Ok(()) => Some(limit.maximum.unwrap_or(u64::MAX)),
        Err(_) => before,
    }
}

/// Not known here.
#[cfg(not(unix))]
fn raise_limit() -> Option<u64> {
    None
}
