//! A process's processor time and memory, as the operating system counts them (Linux: `/proc`). Not for this process's
//! own share of the work: the generator is another process than the server, so that each is counted by itself.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use serde::Serialize;

use super::Problem;

/// A process that is watched.
#[derive(Debug, Clone, Copy)]
pub struct Watched(u32);

/// Processor time up to a moment.
#[derive(Debug, Clone, Default)]
pub struct Spent {
    /// Of each thread that lives, by its name and number.
    threads: BTreeMap<(String, u32), Duration>,
}

/// Processor time between two moments.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Usage {
    /// All threads together, in microseconds.
    pub total_us: f64,
    /// Threads of one name together, in microseconds.
    pub by_thread_us: BTreeMap<String, f64>,
}

impl Watched {
    /// Watches a process by its id.
    pub fn new(id: u32) -> Watched {
        Watched(id)
    }

    /// The processor time that its living threads have had.
    ///
    /// # Errors
    /// Where the system does not say: no Linux, no such process, or a kernel without scheduler statistics.
    pub fn spent(self) -> Result<Spent, Problem> {
        let folder = format!("/proc/{}/task", self.0);
        let mut threads = BTreeMap::new();
        for entry in fs::read_dir(&folder).map_err(Problem::at(&folder))? {
            let entry = entry.map_err(Problem::at(&folder))?;
            let read = |name: &str| fs::read_to_string(entry.path().join(name));
            // A thread may end while it is looked at.
            let (Ok(name), Ok(schedule)) = (read("comm"), read("schedstat")) else {
                continue;
            };
            let nanos = schedule
                .split(' ')
                .next()
                .and_then(|nanos| nanos.parse().ok())
                .ok_or_else(|| Problem::new("the kernel tells no processor time of threads"))?;
            let id = entry.file_name().to_string_lossy().parse().unwrap_or(0);
            threads.insert((name.trim().to_owned(), id), Duration::from_nanos(nanos));
        }
        Ok(Spent { threads })
    }

    /// Resident memory in bytes: `VmRSS`. What the kernel holds for its sockets is not in it.
    ///
    /// # Errors
    /// Where the system does not say.
    pub fn resident(self) -> Result<u64, Problem> {
        let path = format!("/proc/{}/status", self.0);
        let text = fs::read_to_string(&path).map_err(Problem::at(&path))?;
        let kib = text.lines().find_map(|line| {
            let rest = line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB")?;
            rest.trim().parse::<u64>().ok()
        });
        kib.map(|kib| kib * 1024)
            .ok_or_else(|| Problem::new(format!("{path} tells no VmRSS")))
    }
}

impl Spent {
    /// What was spent since an earlier moment. Threads that ended in between are not counted.
    pub fn since(&self, before: &Spent) -> Usage {
        let mut usage = Usage::default();
        for ((name, id), spent) in &self.threads {
            let known = before.threads.get(&(name.clone(), *id));
            let spent = spent.saturating_sub(known.copied().unwrap_or_default());
            let micros = spent.as_nanos() as f64 / 1000.0;
            usage.total_us += micros;
            *usage.by_thread_us.entry(family(name)).or_default() += micros;
        }
        usage.by_thread_us.retain(|_, micros| *micros > 0.0);
        usage
    }
}

/// Threads that differ by their number alone are of one family.
fn family(name: &str) -> String {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    match stem.strip_suffix('-') {
        Some(stem) if stem.len() < name.len() => format!("{stem}-*"),
        _ => name.to_owned(),
    }
}

/// The processor time that the calling thread has had.
pub(crate) fn own_thread() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(spent.tv_sec as u64, spent.tv_nsec as u32)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_works_is_told_by_its_name() {
        let watched = Watched::new(std::process::id());
        let before = watched.spent().unwrap();
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let (told, ready) = std::sync::mpsc::channel();
        let worker = std::thread::Builder::new().name("digger-7".to_owned());
        let worker = worker.spawn(move || {
            while own_thread() < Duration::from_millis(20) {}
            told.send(()).unwrap();
            let _ = wait.recv();
        });
        ready.recv().unwrap();
        // What a running thread has had is told once the kernel has looked; this one sleeps soon.
        let usage = loop {
            let usage = watched.spent().unwrap().since(&before);
            if usage
                .by_thread_us
                .get("digger-*")
                .is_some_and(|us| *us >= 20_000.0)
            {
                break usage;
            }
            std::thread::yield_now();
        };
        drop(done);
        worker.unwrap().join().unwrap();
        assert!(usage.total_us >= usage.by_thread_us["digger-*"]);
    }

    #[test]
    fn memory_is_told_in_bytes() {
        let resident = Watched::new(std::process::id()).resident().unwrap();
        assert!(resident > 1 << 20);
    }

    #[test]
    fn a_number_at_the_end_of_a_name_makes_no_family_without_its_dash() {
        assert_eq!(family("verify-1"), "verify-*");
        assert_eq!(family("tokio-rt-worker"), "tokio-rt-worker");
        assert_eq!(family("ledger"), "ledger");
        assert_eq!(family("io9"), "io9");
    }
}
