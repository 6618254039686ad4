//! What the server counts, as Prometheus reads it: how much it does, what it refuses, whether anything waits. Numbers alone:
//! no account, no address, no text of anybody is a label. [`serve`] shows them at an address of their own, since
//! how busy a community is, is nobody else's business.

mod process;
pub(crate) mod serve;
mod standing;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use dispatch_protocol::entry::Kind;
use dispatch_protocol::refusal::Code;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

pub(crate) use process::Process;
pub(crate) use standing::Standing;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfCode {
    code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfRequest {
    path: &'static str,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfWay {
    transport: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfReason {
    reason: &'static str,
}

/// Why a connection got no place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TurnedAway {
    /// Too many are at a stranger's request.
    Strangers,
    /// As many connections as are configured are there.
    Full,
    /// TLS came to nothing.
    Handshake,
    /// The system gave none, such as for want of open files.
    System,
}

/// What holds a place for long.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// A socket.
    Socket,
    /// A stream of events.
    Events,
    /// A request that waits for blocks.
    Waiting,
}

/// See the module.
pub(crate) struct Metrics {
    registry: Registry,
    joins: Counter,
    entries: Family<OfKind, Counter>,
    refusals: Family<OfCode, Counter>,
    byes: Family<OfCode, Counter>,
    requests: Family<OfRequest, Counter>,
    open: Family<OfWay, Gauge>,
    turned_away: Family<OfReason, Counter>,
    commit_seconds: Histogram,
    commit_blocks: Histogram,
}

impl Metrics {
    /// Everything at zero.
    pub(crate) fn new() -> Metrics {
        let mut registry = Registry::default();
        let ours = registry.sub_registry_with_prefix("dispatchd");
        let metrics = Metrics {
            joins: Counter::default(),
            entries: Family::default(),
            refusals: Family::default(),
            byes: Family::default(),
            requests: Family::default(),
            open: Family::default(),
            turned_away: Family::default(),
            // 100 µs to 6.5 s, and 1 to 512 blocks.
            commit_seconds: Histogram::new((0..9).map(|step| 1e-4 * 4_f64.powi(step))),
            commit_blocks: Histogram::new((0..10).map(|step| f64::from(1 << step))),
            registry: Registry::default(),
        };
        // What happens seldom is shown from the start: a rate over it begins with its first time.
        for way in [Way::Socket, Way::Events, Way::Waiting] {
            drop(metrics.open.get_or_create(&of(way)));
        }
        for reason in [
            TurnedAway::Strangers,
            TurnedAway::Full,
            TurnedAway::Handshake,
            TurnedAway::System,
        ] {
            drop(metrics.turned_away.get_or_create(&because(reason)));
        }
        for code in [Code::RateLimited, Code::Unavailable] {
            drop(metrics.refusals.get_or_create(&with(code)));
        }
        ours.register(
            "build",
            "The program that runs",
            Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]),
        );
        ours.register("joins", "Accounts that were let in", metrics.joins.clone());
        ours.register(
            "entries",
            "Entries that were appended, by kind",
            metrics.entries.clone(),
        );
        ours.register(
            "refusals",
            "Frames and requests that were refused, by code",
            metrics.refusals.clone(),
        );
        ours.register(
            "byes",
            "Connections and streams that were ended with a bye, by code",
            metrics.byes.clone(),
        );
        ours.register(
            "http_requests",
            "Requests under /v1/ that were answered, by what was asked for and status",
            metrics.requests.clone(),
        );
        ours.register(
            "open",
            "Sockets and streams that are open, and requests that wait for blocks",
            metrics.open.clone(),
        );
        ours.register(
            "turned_away",
            "Connections that got no place, by reason",
            metrics.turned_away.clone(),
        );
        ours.register_with_unit(
            "commit",
            "How long the store took to make a batch durable",
            Unit::Seconds,
            metrics.commit_seconds.clone(),
        );
        ours.register(
            "commit_blocks",
            "How many blocks a batch had",
            metrics.commit_blocks.clone(),
        );
        Metrics {
            registry,
            ..metrics
        }
    }

    /// Shows what is read when it is asked for, too.
    pub(crate) fn with(mut self, standing: Standing, process: Process) -> Metrics {
        self.registry.register_collector(Box::new(standing));
        self.registry.register_collector(Box::new(process));
        self
    }

    /// An account was let in.
    pub(crate) fn joined(&self) {
        self.joins.inc();
    }

    /// So many blocks were made durable in one batch.
    pub(crate) fn committed(&self, blocks: usize, took: Duration) {
        self.commit_seconds.observe(took.as_secs_f64());
        self.commit_blocks.observe(blocks as f64);
    }

    /// A block is there to be read.
    pub(crate) fn appended(&self, kind: Kind) {
        let kind = kind.as_str();
        self.entries.get_or_create(&OfKind { kind }).inc();
    }

    /// Something was refused.
    pub(crate) fn refused(&self, code: Code) {
        self.refusals.get_or_create(&with(code)).inc();
    }

    /// A connection or stream was ended.
    pub(crate) fn said_bye(&self, code: Code) {
        self.byes.get_or_create(&with(code)).inc();
    }

    /// A request was answered.
    pub(crate) fn answered(&self, path: &'static str, status: u16) {
        let request = OfRequest { path, status };
        self.requests.get_or_create(&request).inc();
    }

    /// A connection got no place.
    pub(crate) fn turned_away(&self, reason: TurnedAway) {
        self.turned_away.get_or_create(&because(reason)).inc();
    }

    /// Counts one as open until it is dropped.
    pub(crate) fn opened(self: &Arc<Self>, way: Way) -> Open {
        self.open.get_or_create(&of(way)).inc();
        Open(self.clone(), way)
    }

    /// Everything as text (OpenMetrics 1.0).
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        if let Err(cause) = encode(&mut text, &self.registry) {
            tracing::error!(%cause, "the metrics could not be written");
            let _ = writeln!(text, "# EOF");
        }
        text
    }
}

/// See [`Metrics::opened`].
pub(crate) struct Open(Arc<Metrics>, Way);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.get_or_create(&of(self.1)).dec();
    }
}

fn of(way: Way) -> OfWay {
    OfWay {
        transport: match way {
            Way::Socket => "ws",
            Way::Events => "sse",
            Way::Waiting => "poll",
        },
    }
}

fn because(reason: TurnedAway) -> OfReason {
    OfReason {
        reason: match reason {
            TurnedAway::Strangers => "strangers",
            TurnedAway::Full => "full",
            TurnedAway::Handshake => "handshake",
            TurnedAway::System => "system",
        },
    }
}

fn with(code: Code) -> OfCode {
    OfCode {
        code: code.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_told_and_what_is_over_is_not_open() {
        let metrics = Arc::new(Metrics::new());
        let open = metrics.opened(Way::Socket);
        metrics.joined();
        metrics.refused(Code::BadProof);
        metrics.committed(3, Duration::from_millis(3));
        for kind in [Kind::Message, Kind::Message, Kind::Card] {
            metrics.appended(kind);
        }
        let text = metrics.text();
        for line in [
            "dispatchd_open{transport=\"ws\"} 1",
            "dispatchd_open{transport=\"sse\"} 0",
            "dispatchd_joins_total 1",
            "dispatchd_refusals_total{code=\"bad_proof\"} 1",
            "dispatchd_refusals_total{code=\"rate_limited\"} 0",
            "dispatchd_entries_total{kind=\"message\"} 2",
            "dispatchd_entries_total{kind=\"card\"} 1",
            "dispatchd_commit_blocks_sum 3.0",
            "dispatchd_commit_seconds_count 1",
            "dispatchd_turned_away_total{reason=\"full\"} 0",
        ] {
            assert!(text.lines().any(|said| said == line), "{line} in {text}");
        }
        drop(open);
        assert!(
            metrics
                .text()
                .contains("dispatchd_open{transport=\"ws\"} 0")
        );
        assert!(text.ends_with("# EOF\n"));
    }
}
