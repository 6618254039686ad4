//! The goals for a live server, measured one after the other and told as one table. A goal that does not hold on this
//! machine is told, too: no time makes the program fail.

use std::fmt;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;

use crate::load::stage::{Outcome, Stage};
use crate::load::target::Socket;
use crate::load::{Load, Pace, Problem};

/// Bytes of each message's plaintext.
const PLAINTEXT: usize = 1024;

/// How many idle connections are wanted.
const IDLE: usize = 10_000;

/// What the generator needs besides idle connections: its other sockets and files.
const SPARE: u64 = 500;

/// Whether a goal holds here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It does.
    Holds,
    /// It does not.
    DoesNotHold,
    /// It was not measured, and why.
    NotMeasured(String),
    /// A figure to be read beside the others; no goal is set for it.
    Told,
}

/// One line of the table.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// The goal's number.
    pub goal: u8,
    /// What was measured.
    pub what: String,
    /// What came out, with its unit.
    pub figure: String,
    /// What is wanted.
    pub wanted: String,
    /// Whether it holds.
    pub verdict: Verdict,
}

impl Line {
    fn new(goal: u8, what: &str, figure: String, wanted: &str, verdict: Verdict) -> Line {
        Line {
            goal,
            what: what.to_owned(),
            figure,
            wanted: wanted.to_owned(),
            verdict,
        }
    }

    /// A figure that must not exceed another.
    fn most(goal: u8, what: &str, value: Option<f64>, unit: &str, most: f64) -> Line {
        let wanted = format!("at most {most} {unit}");
        match value {
            Some(value) => {
                let verdict = match value <= most {
                    true => Verdict::Holds,
                    false => Verdict::DoesNotHold,
                };
                Line::new(goal, what, format!("{value:.2} {unit}"), &wanted, verdict)
            }
            None => {
                let why = "the system does not tell the server's share".to_owned();
                Line::new(
                    goal,
                    what,
                    String::new(),
                    &wanted,
                    Verdict::NotMeasured(why),
                )
            }
        }
    }

    fn told(goal: u8, what: &str, figure: String) -> Line {
        Line::new(goal, what, figure, "", Verdict::Told)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match &self.verdict {
            Verdict::Holds => "holds".to_owned(),
            Verdict::DoesNotHold => "does not hold".to_owned(),
            Verdict::NotMeasured(why) => format!("not measured: {why}"),
            Verdict::Told => "-".to_owned(),
        };
        let Line {
            goal,
            what,
            figure,
            wanted,
            ..
        } = self;
        write!(f, "({goal}) {what:<63} {figure:<28} {wanted:<28} {verdict}")
    }
}

/// Measures the live goals. Each line goes to `tell` as soon as it is known. Takes some minutes.
///
/// # Errors
/// A server that does not come up, or a load that lost a message.
pub async fn measure(mut tell: impl FnMut(Line)) -> Result<(), Problem> {
    let load = |senders, subscribers, messages, pace| Load {
        senders,
        subscribers,
        messages,
        pace,
    };
    let many = run(load(8, 0, 16_000, Pace::Window(64))).await?;
    tell(accepted("8 connections, window 64", &many));
    let what = "its server's processor time for each accepted message";
    let unit = "verifications";
    tell(Line::most(1, what, many.in_verifications, unit, 2.2));
    let one = run(load(1, 0, 8000, Pace::Window(64))).await?;
    tell(accepted("1 connection, window 64", &one));

    let fan_out = run(load(8, 50, 12_000, Pace::Window(64))).await?;
    tell(sustained("50 subscribers", &fan_out));
    let each = per_delivery(&fan_out);
    let what = "50 subscribers: server time for each delivery, all of it";
    tell(Line::most(2, what, each, "µs", 1.5));
    let crowd = run(load(8, 1000, 2000, Pace::Window(64))).await?;
    tell(sustained("1,000 subscribers", &crowd));
    let what = "1,000 subscribers: server time for each delivery, all of it";
    tell(Line::most(2, what, per_delivery(&crowd), "µs", 1.5));

    let calm = load(8, 50, 3000, Pace::PerSecond(300.0));
    let paced = run(calm).await?;
    let (p50, p99) = delivery(&paced);
    tell(Line::most(
        3,
        "300/s, 50 subscribers: delivery, p50",
        p50,
        "ms",
        3.0,
    ));
    tell(Line::most(
        3,
        "300/s, 50 subscribers: delivery, p99",
        p99,
        "ms",
        10.0,
    ));
    let busy = each.zip(per_delivery(&paced));
    let what = "server time for each delivery: at 300/s ÷ under full load";
    let figure = busy.map_or(String::new(), |(full, calm)| format!("{:.1}", calm / full));
    let verdict = match busy {
        Some((full, calm)) if calm > full => Verdict::Holds,
        Some(_) => Verdict::DoesNotHold,
        None => Verdict::NotMeasured("the system does not tell it".to_owned()),
    };
    tell(Line::new(
        2,
        what,
        figure,
        "above 1: it falls with load",
        verdict,
    ));
    let alone = run(load(1, 0, 1000, Pace::Window(1))).await?;
    let figure = format!("p50 {:.2} ms", alone.measured.acknowledgement.p50_ms);
    tell(Line::told(3, "one message at a time, acknowledged", figure));
    idle(calm, &mut tell).await
}

async fn run(load: Load) -> Result<Outcome, Problem> {
    Stage::open(load.senders).await?.run(load, PLAINTEXT).await
}

fn accepted(what: &str, outcome: &Outcome) -> Line {
    let figure = format!("{:.0}/s", outcome.measured.accepted_per_s);
    Line::told(1, &format!("{what}: accepted"), figure)
}

fn sustained(what: &str, outcome: &Outcome) -> Line {
    let Outcome { measured, .. } = outcome;
    let figure = format!(
        "{:.0}/s, {:.0} deliveries/s",
        measured.sustained_per_s, measured.deliveries_per_s
    );
    Line::told(2, &format!("{what}: accepted and read by all"), figure)
}

/// The server's processor time for each delivery to a subscriber, all of its work in it, in microseconds.
fn per_delivery(outcome: &Outcome) -> Option<f64> {
    let spent = outcome.measured.server_us_per_accepted?;
    Some(spent / outcome.load.subscribers as f64)
}

fn delivery(outcome: &Outcome) -> (Option<f64>, Option<f64>) {
    let delivery = outcome.measured.delivery;
    let p50 = delivery.map(|latency| latency.p50_ms);
    (p50, delivery.map(|latency| latency.p99_ms))
}

/// Idle connections: what one costs, and what many do to a load beside them.
async fn idle(calm: Load, tell: &mut impl FnMut(Line)) -> Result<(), Problem> {
    let count = room();
    let mut stage = Stage::open(calm.senders).await?;
    let resident = |stage: &Stage| stage.watched().map(|server| server.resident()).transpose();
    let before = resident(&stage)?;
    let joined = stage.conversation().sockets(count, 4096).await?;
    let after = resident(&stage)?;
    let each = after.zip(before);
    let each = each.map(|(after, before)| after.saturating_sub(before) as f64 / 1024.0);
    let each = each.map(|kib| kib / count as f64);
    let what = format!("{count} idle members: resident memory of each");
    tell(Line::most(4, &what, each, "KiB", 8.0));
    drop(joined);
    // Every member is sent every message, so that sockets which stay idle beside a load are those of nobody.
    let (_, quiet) = delivery(&stage.run(calm, PLAINTEXT).await?);
    let mut strangers: Vec<Socket> = Vec::new();
    for _ in 0..count {
        strangers.push(stage.target().open("/v1/socket", 4096).await?);
    }
    let (_, beside) = delivery(&stage.run(calm, PLAINTEXT).await?);
    drop(strangers);
    let ratio = beside.zip(quiet).map(|(beside, quiet)| beside / quiet);
    let what = format!("300/s beside {count} idle sockets: delivery's p99");
    tell(Line::most(4, &what, ratio, "times that without", 1.25));
    Ok(())
}

/// How many idle connections this process may have: its limit of open files is raised as far as it goes.
fn room() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let _ = setrlimit(Resource::Nofile, raised);
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    files.saturating_sub(SPARE).min(IDLE as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_holds_up_to_its_bound_and_is_told_where_nothing_was_measured() {
        let verdict = |value| Line::most(1, "it", value, "µs", 1.5).verdict;
        assert_eq!(verdict(Some(1.5)), Verdict::Holds);
        assert_eq!(verdict(Some(1.51)), Verdict::DoesNotHold);
        assert!(matches!(verdict(None), Verdict::NotMeasured(_)));
        let line = Line::most(1, "it", None, "µs", 1.5).to_string();
        assert!(line.contains("not measured: the system"), "{line}");
    }
}
