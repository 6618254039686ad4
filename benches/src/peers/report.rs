//! What the servers showed, side by side, and the goals that are set on their ratios.

use std::collections::BTreeMap;
use std::fmt;

use super::column::{Column, Of, Taken, middle};
use super::{Kind, Server};
use crate::goals::{Line, STRFRY};
use crate::table::{Table, figure};

/// Everything that was measured.
#[derive(Debug)]
pub struct Report {
    /// By server.
    pub columns: [Column; 4],
    /// How many idle connections were held.
    pub idle: usize,
}

/// A line of the table: its name, the load, and what is told of it.
const ROWS: [(&str, Kind, Of); 9] = [
    (
        "8 connections, window 64: accepted/s",
        Kind::Eight,
        Taken::accepted,
    ),
    (
        "  server's processor time for each, µs",
        Kind::Eight,
        Taken::server,
    ),
    (
        "1 connection, window 64: accepted/s",
        Kind::One,
        Taken::accepted,
    ),
    (
        "50 subscribers: accepted and read by all/s",
        Kind::FanOut,
        Taken::sustained,
    ),
    ("  deliveries/s", Kind::FanOut, Taken::deliveries),
    (
        "  server's processor time for each message, µs",
        Kind::FanOut,
        Taken::server,
    ),
    (
        "300/s, 50 subscribers: delivery p50, ms",
        Kind::Calm,
        Taken::delivery_p50,
    ),
    ("  p99, ms", Kind::Calm, Taken::delivery_p99),
    (
        "one message at a time, acknowledged: p50, ms",
        Kind::Alone,
        Taken::acknowledgement,
    ),
];

impl Report {
    fn column(&self, server: Server) -> &Column {
        // The columns stand in the order of the servers.
        &self.columns[server as usize]
    }

    /// The reference's figure as a multiple of a peer's: the middle one of the turns, each of which has met both.
    fn ratio(&self, peer: Server, kind: Kind, of: Of) -> Option<f64> {
        let ours = self.column(Server::Dispatch).turns(kind, of);
        let theirs = self.column(peer).turns(kind, of);
        let pairs = ours.into_iter().zip(theirs);
        middle(
            pairs
                .filter_map(|(ours, theirs)| Some(ours? / theirs?))
                .collect(),
        )
    }

    /// The goals that name a peer which is run here.
    pub fn ratios(&self) -> [Line; 2] {
        [
            self.beside(
                1,
                "8 connections: accepted",
                Server::Nostr,
                24.0,
                (Kind::Eight, Taken::accepted),
            ),
            self.beside(
                2,
                "50 subscribers: accepted and read by all",
                Server::CoreNats,
                1.5,
                (Kind::FanOut, Taken::sustained),
            ),
        ]
    }

    /// The goals that name a peer, and those of latency.
    pub fn lines(&self) -> Vec<Line> {
        let ours = self.column(Server::Dispatch);
        let calm = |of: Of| ours.middle(Kind::Calm, of);
        let [accepted, read] = self.ratios();
        vec![
            accepted,
            strfry(1, "8 connections: accepted", "at least 6 times it"),
            read,
            strfry(
                2,
                "50 subscribers: accepted and read by all",
                "at least 6 times it",
            ),
            Line::most(
                3,
                "300/s, 50 subscribers: delivery, p50",
                calm(Taken::delivery_p50),
                "ms",
                3.0,
            ),
            Line::most(
                3,
                "300/s, 50 subscribers: delivery, p99",
                calm(Taken::delivery_p99),
                "ms",
                10.0,
            ),
            strfry(
                3,
                "one message at a time, acknowledged",
                "at most 0.5 of it",
            ),
        ]
    }

    fn beside(
        &self,
        goal: u8,
        what: &str,
        peer: Server,
        least: f64,
        (kind, of): (Kind, Of),
    ) -> Line {
        let what = format!("{what} ÷ {}'s", peer.name());
        if let Some(ratio) = self.ratio(peer, kind, of) {
            return Line::least(goal, &what, Some(ratio), "times it", least);
        }
        let column = self.column(peer);
        let why = match &column.version {
            Err(_) => "it was not run, as told above",
            Ok(_) => "it failed, as told above",
        };
        Line::not_measured(goal, &what, &format!("at least {least} times it"), why)
    }

    fn table(&self) -> Table {
        let mut table = Table::new([
            "",
            "dispatch-d",
            "nostr-rs-relay",
            "NATS JetStream",
            "core NATS",
        ]);
        let told = |number: Option<f64>| number.map_or("-".to_owned(), figure);
        for (what, kind, of) in ROWS {
            let cell = |place: usize| told(self.columns[place].middle(kind, of));
            table.row([what.to_owned(), cell(0), cell(1), cell(2), cell(3)]);
        }
        let cell = |place: usize| told(self.columns[place].idle.map(|bytes| bytes / 1024.0));
        let what = format!(
            "{} idle connections: resident memory of each, KiB",
            self.idle
        );
        table.row([what, cell(0), cell(1), cell(2), cell(3)]);
        table
    }

    /// Everything, for programs.
    pub fn json(&self) -> serde_json::Value {
        let servers = self.columns.iter().map(|column| {
            let loads: BTreeMap<_, _> = column
                .taken
                .iter()
                .map(|(kind, turns)| (kind.name(), turns))
                .collect();
            serde_json::json!({
                "server": column.server,
                "version": column.version.as_ref().ok(),
                "not_run": column.version.as_ref().err(),
                "loads": loads,
                "idle_bytes": column.idle,
                "failed": column.failed,
            })
        });
        serde_json::json!({ "servers": servers.collect::<Vec<_>>(), "goals": self.lines() })
    }
}

fn strfry(goal: u8, what: &str, wanted: &str) -> Line {
    Line::not_measured(goal, &format!("{what} ÷ strfry's"), wanted, STRFRY)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.table().text())?;
        for column in &self.columns {
            let name = column.server.name();
            match &column.version {
                Ok(version) => writeln!(f, "{name} {version}: {}", column.server.does())?,
                Err(missing) => writeln!(f, "{name}: not measured: {missing}")?,
            }
            for failed in &column.failed {
                writeln!(f, "{name}: {failed}")?;
            }
        }
        writeln!(f, "strfry: not measured here")?;
        writeln!(f)?;
        self.lines()
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Problem;
    use crate::peers::program::{NATS, NOSTR};

    /// A server that was so many times as fast as another.
    fn fast(server: Server, version: &str, times: f64) -> Column {
        let taken = |turn: f64| Taken {
            accepted_per_s: 1000.0 * times + turn,
            sustained_per_s: 500.0 * times + turn,
            deliveries_per_s: 25_000.0 * times,
            server_us: Some(1000.0 / times),
            acknowledgement_p50_ms: 10.0 / times,
            delivery_ms: Some((40.0 / times, 100.0 / times)),
        };
        let turns = |kind: Kind| {
            let turns = [3.0, 1.0, 2.0].into_iter().take(kind.turns());
            turns.map(|turn| Some(taken(turn))).collect()
        };
        Column {
            server,
            version: Ok(version.to_owned()),
            taken: Kind::ALL.map(|kind| (kind, turns(kind))).into(),
            idle: Some(8192.0 / times),
            failed: Vec::new(),
        }
    }

    fn absent(server: Server, missing: String) -> Column {
        Column {
            server,
            version: Err(missing),
            taken: BTreeMap::new(),
            idle: None,
            failed: Vec::new(),
        }
    }

    fn report() -> Report {
        Report {
            columns: [
                fast(Server::Dispatch, "0.1.0", 25.0),
                fast(Server::Nostr, "0.8.12", 1.0),
                fast(Server::JetStream, "2.9.10", 20.0),
                fast(Server::CoreNats, "2.9.10", 20.0),
            ],
            idle: 1000,
        }
    }

    #[test]
    fn the_servers_stand_side_by_side_and_the_goals_below() {
        insta::assert_snapshot!(report().to_string());
    }

    #[test]
    fn without_peers_the_reference_stands_alone_and_it_is_told_how_to_get_them() {
        let mut report = report();
        report.columns[1] = absent(Server::Nostr, NOSTR.missing());
        report.columns[2] = absent(Server::JetStream, NATS.missing());
        report.columns[3] = absent(Server::CoreNats, NATS.missing());
        insta::assert_snapshot!(report.to_string());
    }

    #[test]
    fn a_ratio_is_the_middle_one_of_turns_that_met_both() {
        let mut report = report();
        let taken = |accepted_per_s| {
            let column = fast(Server::Nostr, "", 1.0);
            let taken = column.taken[&Kind::Eight][0].unwrap();
            Some(Taken {
                accepted_per_s,
                ..taken
            })
        };
        let turns = [taken(40.0), taken(90.0), taken(60.0)];
        report.columns[0].taken.insert(Kind::Eight, turns.into());
        let turns = [taken(2.0), taken(1.0), taken(2.0)];
        report.columns[1].taken.insert(Kind::Eight, turns.into());
        let ratio = |report: &Report| report.ratio(Server::Nostr, Kind::Eight, Taken::accepted);
        assert_eq!(ratio(&report), Some(30.0));
        // what a turn lacks is not made up for by another turn
        let turns = [taken(2.0), None, None];
        report.columns[1].taken.insert(Kind::Eight, turns.into());
        assert_eq!(ratio(&report), Some(20.0));
    }

    #[test]
    fn a_peer_that_fails_is_told_and_the_reference_that_fails_ends_the_run() {
        let mut report = report();
        let lost = || Err(Problem::new("messages 3 to 4 were lost"));
        let core = &mut report.columns[3];
        core.taken.remove(&Kind::FanOut);
        core.note(Kind::FanOut, lost()).unwrap();
        let told = "core NATS: 50 subscribers: messages 3 to 4 were lost";
        assert!(report.to_string().contains(told));
        let line = report.lines()[2].to_string();
        assert!(line.contains("not measured: it failed"), "{line}");
        let problem = report.columns[0].note(Kind::FanOut, lost()).unwrap_err();
        let told = "dispatch-d, 50 subscribers: messages 3 to 4 were lost";
        assert_eq!(problem.to_string(), told);
    }
}
