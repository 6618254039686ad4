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

/// What to do where a connection was not opened because this process, or the system, has no more files: the server is not at
/// fault.
pub fn are_out(error: &std::io::Error) -> Option<String> {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let errno = error.raw_os_error()?;
        if [Errno::MFILE, Errno::NFILE]
            .map(Errno::raw_os_error)
            .contains(&errno)
        {
            return Some(format!(
                "the suite has no file left for a connection: raise its limit (`ulimit -n`), or play fewer cases at a time ({error})"
            ));
        }
    }
    let _ = error;
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn too_few_files_are_not_the_servers_fault() {
        let out = std::io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error());
        assert!(are_out(&out).unwrap().contains("ulimit -n"));
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert_eq!(are_out(&refused), None);
    }
}
