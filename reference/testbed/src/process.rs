//! A process that goes with the value that stands for it.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Problem;
use crate::waiting::until;

/// How long a process may take to end by itself before it is killed.
const END: Duration = Duration::from_secs(10);

/// The signal that ends a process soonest without leaving anything behind.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// SIGQUIT: PostgreSQL's "immediate", by which it ends its own processes, too.
    Quit,
    /// SIGKILL.
    Kill,
}

impl Ending {
    fn signal(self) -> Signal {
        match self {
            Ending::Quit => Signal::QUIT,
            Ending::Kill => Signal::KILL,
        }
    }

    /// As util-linux names it.
    fn name(self) -> &'static str {
        match self {
            Ending::Quit => "QUIT",
            Ending::Kill => "KILL",
        }
    }
}

/// A process whose output goes to a file.
pub(crate) struct Process {
    child: Child,
    status: Option<ExitStatus>,
    ending: Ending,
}

impl Process {
    /// Starts a [`command`], and appends what it says to a file. `ending` is sent when this value goes.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn start(
        mut command: Command,
        log: &Path,
        ending: Ending,
    ) -> Result<Process, Problem> {
        let file = File::options().append(true).create(true).open(log);
        let file = file.map_err(Problem::at(log.display()))?;
        let both = file.try_clone().map_err(Problem::at(log.display()))?;
        command.stdin(Stdio::null()).stdout(both).stderr(file);
        let program = command.get_program().to_string_lossy().into_owned();
        let child = spawn(command).map_err(Problem::at(program))?;
        Ok(Process {
            child,
            status: None,
            ending,
        })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>, Problem> {
        if self.status.is_none() {
            let status = self.child.try_wait();
            self.status = status.map_err(Problem::at("a process could not be waited for"))?;
        }
        Ok(self.status)
    }

    /// Sends it a signal. One that has ended gets none: its number may be another's by now.
    pub(crate) fn signal(&mut self, signal: Signal) -> Result<(), Problem> {
        match self.ended()? {
            None => send(self.id(), signal),
            Some(_) => Ok(()),
        }
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// It goes on.
    pub(crate) async fn end(&mut self) -> Result<ExitStatus, Problem> {
        until("a process to end", async || self.ended()).await
    }

    /// Its children, each by its number and when it began.
    pub(crate) fn children(&self) -> BTreeSet<(u32, u64)> {
        let parent = self.id();
        let Ok(processes) = std::fs::read_dir("/proc") else {
            return BTreeSet::new();
        };
        let numbers = processes.flatten();
        let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let numbers = numbers.filter_map(|number: u32| Some((number, stat(number)?)));
        let children = numbers.filter(|(_, stat)| stat.parent == parent);
        children
            .map(|(number, stat)| (number, stat.begun))
            .collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that is stopped takes no other signal than SIGKILL before it goes on.
        for signal in [self.ending.signal(), Signal::CONT] {
            let _ = self.signal(signal);
        }
        let begun = Instant::now();
        while matches!(self.ended(), Ok(None)) {
            if begun.elapsed() > END {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Sends a signal to a process by its number.
pub(crate) fn send(number: u32, signal: Signal) -> Result<(), Problem> {
    let id = i32::try_from(number).ok().and_then(Pid::from_raw);
    let id = id.ok_or_else(|| Problem::new(format!("{number} is no process")))?;
    kill_process(id, signal).map_err(Problem::at(format!("a signal to process {number}")))
}

/// Whether a process that began then still runs. One that nobody has waited for yet does not.
pub(crate) fn runs((number, begun): (u32, u64)) -> bool {
    stat(number).is_some_and(|stat| stat.begun == begun && !matches!(stat.state, 'Z' | 'X'))
}

struct Stat {
    state: char,
    parent: u32,
    /// In clock ticks since the system started.
    begun: u64,
}

/// See proc(5): the fields behind the name, which may hold anything and stands in parentheses.
fn stat(number: u32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    Some(Stat {
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        begun: fields.get(19)?.parse().ok()?,
    })
}

/// A command that the system ends by this signal when this process ends: `setpriv` (util-linux) asks for that, and becomes the
/// program. Where there is none, whoever kills this process leaves the others running.
pub(crate) fn command(program: &Path, ending: Ending) -> Command {
    static SETPRIV: OnceLock<Option<PathBuf>> = OnceLock::new();
    let setpriv = SETPRIV.get_or_init(|| {
        let path = std::env::var_os("PATH")?;
        let mut programs = std::env::split_paths(&path).map(|folder| folder.join("setpriv"));
        programs.find(|program| program.is_file())
    });
    let Some(setpriv) = setpriv else {
        return Command::new(program);
    };
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", ending.name(), "--"]);
    command.arg(program);
    command
}

/// Starts a command from a thread that lasts as long as this process: the system's signal comes when the *thread* ends that
/// started a process, and a test's thread ends with the test.
fn spawn(command: Command) -> std::io::Result<Child> {
    type Order = (Command, Sender<std::io::Result<Child>>);
    static ORDERS: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();
    let orders = ORDERS.get_or_init(|| {
        let (order, orders): (Sender<Order>, Receiver<Order>) = channel();
        std::thread::spawn(move || {
            for (mut command, answer) in orders {
                // Whoever does not wait for the answer drops it, and the process goes on.
                let _ = answer.send(command.spawn());
            }
        });
        Mutex::new(order)
    });
    let gone = || std::io::Error::other("the thread that starts processes has ended");
    let (answer, answered) = channel();
    let order = orders.lock().map_err(|_| gone())?.clone();
    order.send((command, answer)).map_err(|_| gone())?;
    answered.recv().map_err(|_| gone())?
}
