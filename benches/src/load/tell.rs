//! What a load showed, for people.

use std::fmt;

use super::drive::{Latency, Measured, Pace};
use super::stage::Outcome;

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let load = &self.load;
        writeln!(
            f,
            "{} messages of {} bytes by {} senders, {}; {} subscribers",
            load.messages, self.plaintext, load.senders, load.pace, load.subscribers
        )?;
        self.measured.fmt(f)?;
        writeln!(
            f,
            "one verification    {:.1} µs (RSA-2048, PSS, parsed key; processor time)",
            self.verification_us
        )?;
        match self.in_verifications {
            Some(ratio) => writeln!(
                f,
                "server / limit      {ratio:.2} verifications for each accepted message"
            ),
            None => writeln!(
                f,
                "server / limit      not measured: the server's process is not known"
            ),
        }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "accepted            {} of {}, {:.0} a second",
            self.accepted, self.accepted, self.accepted_per_s
        )?;
        writeln!(f, "acknowledgement     {}", self.acknowledgement)?;
        if let Some(delivery) = &self.delivery {
            writeln!(
                f,
                "delivered           {}, {:.0} a second; {:.0} messages a second to everybody",
                self.deliveries, self.deliveries_per_s, self.sustained_per_s
            )?;
            writeln!(f, "delivery            {delivery}")?;
        }
        if let (Some(server), Some(each)) = (&self.server, self.server_us_per_accepted) {
            writeln!(
                f,
                "server's processor  {each:.1} µs for each accepted message"
            )?;
            let mut threads: Vec<_> = server.by_thread_us.iter().collect();
            threads.sort_by(|one, other| other.1.total_cmp(one.1));
            for (name, spent) in threads {
                let each = spent / self.accepted as f64;
                writeln!(f, "  {name:<18}{each:.1} µs")?;
            }
        }
        if let Some(resident) = self.server_resident {
            let mib = resident as f64 / f64::from(1 << 20);
            writeln!(f, "server's memory     {mib:.0} MiB resident at the end")?;
        }
        Ok(())
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "p50 {:.2} ms, p90 {:.2}, p99 {:.2}, p99.9 {:.2}, max {:.2}",
            self.p50_ms, self.p90_ms, self.p99_ms, self.p999_ms, self.max_ms
        )
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pace::Window(width) => write!(f, "window {width}"),
            Pace::PerSecond(rate) => write!(f, "{rate} a second in all"),
        }
    }
}
