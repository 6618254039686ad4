//! Process groups: a server and whatever it started are ended together, by the id that the suite gave them.

use std::io;

use tokio::process::Command;

/// How a group is asked to end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ending {
    /// At once, without a word: SIGKILL.
    Kill,
    /// In order: SIGTERM.
    Stop,
}

#[cfg(unix)]
pub(super) use here::{begin, end, is_left};
#[cfg(not(unix))]
pub(super) use nowhere::{begin, end, is_left};

#[cfg(unix)]
mod here {
    use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

    use super::{Command, Ending, io};

    /// Lets the command begin a group of its own, whose id is its process id.
    pub fn begin(command: &mut Command) -> io::Result<()> {
        command.process_group(0);
        Ok(())
    }

    /// Signals all of a group. One that has ended already is no error.
    pub fn end(group: u32, ending: Ending) -> io::Result<()> {
        let signal = match ending {
            Ending::Kill => Signal::KILL,
            Ending::Stop => Signal::TERM,
        };
        match pid(group).map(|pid| kill_process_group(pid, signal)) {
            Some(Ok(())) | Some(Err(rustix::io::Errno::SRCH)) | None => Ok(()),
            Some(Err(error)) => Err(error.into()),
        }
    }

    /// Whether a process of the group is left.
    pub fn is_left(group: u32) -> bool {
        pid(group).is_some_and(|pid| test_kill_process_group(pid).is_ok())
    }

    fn pid(group: u32) -> Option<Pid> {
        i32::try_from(group).ok().and_then(Pid::from_raw)
    }
}

#[cfg(not(unix))]
mod nowhere {
    use super::{Command, Ending, io};

    /// Says that there is none.
    pub fn begin(_: &mut Command) -> io::Result<()> {
        Err(io::Error::other(
            "--spawn needs process groups, which this system does not have",
        ))
    }

    /// Nothing was begun.
    pub fn end(_: u32, _: Ending) -> io::Result<()> {
        Ok(())
    }

    /// Nothing was begun.
    pub fn is_left(_: u32) -> bool {
        false
    }
}
