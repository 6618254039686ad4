//! Open files: a case opens a thousand connections, and a system gives a process few unless it asks for more.

/// Raises the limit of open files as far as the system lets a process. Where it does not, a case that needs more says so.
pub fn raise_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        let _ = setrlimit(Resource::Nofile, limit);
    }
}
