//! What the process takes of the machine, under the names that Prometheus' clients share. Read from `/proc`, where there is
//! one.

use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use crate::clock;

/// See the module.
#[derive(Debug)]
pub(crate) struct Process {
    /// In seconds since 1970.
    started: u64,
}

impl Process {
    /// Counts its age from here.
    pub(crate) fn begun() -> Process {
        Process {
            started: clock::now() / 1000,
        }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let mut show = |name: &str, help: &str, unit: Option<&Unit>, value: Option<u64>| {
            let Some(value) = value else { return Ok(()) };
            let gauge = ConstGauge::new(value as i64);
            let metric = encoder.encode_descriptor(name, help, unit, gauge.metric_type())?;
            gauge.encode(metric)
        };
        show(
            "process_start_time",
            "When the server began, since 1970",
            Some(&Unit::Seconds),
            Some(self.started),
        )?;
        show(
            "process_resident_memory",
            "Memory that the process holds",
            Some(&Unit::Bytes),
            resident(),
        )?;
        show(
            "process_open_fds",
            "Files and sockets that are open",
            None,
            fs::read_dir("/proc/self/fd")
                .ok()
                .map(|open| open.count() as u64),
        )?;
        if let Some(seconds) = processor_seconds() {
            let counter = ConstCounter::new(seconds);
            let metric = encoder.encode_descriptor(
                "process_cpu",
                "Processor time that the process has used",
                Some(&Unit::Seconds),
                counter.metric_type(),
            )?;
            counter.encode(metric)?;
        }
        Ok(())
    }
}

/// In bytes.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Of all threads, in the kernel and outside.
fn processor_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the name in brackets, which may hold anything: fields 14 and 15 of proc(5), in hundredths of a second.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(11).map(str::parse::<u64>);
    let (user, system) = (times.next()?.ok()?, times.next()?.ok()?);
    Some((user + system) as f64 / 100.0)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_system_tells_all_of_it() {
        assert!(resident().unwrap() > 1 << 20);
        let before = processor_seconds().unwrap();
        let mut sum = 0_u64;
        while processor_seconds().unwrap() - before < 0.02 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
    }
}
