//! Open files: a case opens a thousand connections, and a system gives a process few unless it asks for more.

/// What a thousand connections take beside what a run has open anyway; twice that where the server is in the same process.
pub const FOR_MANY_CONNECTIONS: u64 = 1100;

/// Raises the limit of open files as far as the system lets a process. Where it does not, a case that needs more is not played.
pub fn raise_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

/// How many files this process may have open; `None` if there is no limit.
pub fn limit() -> Option<u64> {
    #[cfg(unix)]
    {
        rustix::process::getrlimit(rustix::process::Resource::Nofile).current
    }
    #[cfg(not(unix))]
    {
        None
    }
}
