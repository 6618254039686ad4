//! The goals, measured one after the other and told as one table. A goal that does not hold on this
//! machine is told, too: no time makes the program fail.

mod line;
mod suite;
mod verification;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::ceiling::stage::Stage as Ceiling;
use crate::growth;
use crate::load::stage::{Outcome, Stage};
use crate::load::target::Socket;
use crate::load::{Load, Pace, Problem};
use crate::peers::{self, Given};
use crate::sync;

pub use line::{Line, Verdict};
pub use verification::{VERIFY, verify_store};

/// Bytes of each message's plaintext.
const PLAINTEXT: usize = 1024;

/// How often the server and the ceiling take turns. Odd, so that one is in the middle.
const ROUNDS: usize = 3;

/// How many idle connections are wanted.
const IDLE: usize = 10_000;

/// What the generator needs besides idle connections: its other sockets and files.
const SPARE: u64 = 500;

/// Why nothing is said here of a peer that `loadgen peers` runs.
const PEERS: &str = "cargo peers runs it beside this one, where it is installed";

/// Why nothing is said of a peer that no program here runs.
pub(crate) const STRFRY: &str = "strfry is not run here";

/// What a measurement tells, as soon as it is known.
pub enum Told<'a> {
    /// A line of the table.
    Line(Line),
    /// A load that was run, by its name, with everything that it showed.
    Load(&'a str, &'a Outcome),
}

/// Measures the live goals. Takes a minute or two.
///
/// # Errors
/// A server that does not come up, or a load that lost a message.
pub async fn measure(tell: &mut impl FnMut(Told<'_>)) -> Result<(), Problem> {
    live(tell).await?;
    for (goal, what, least) in [
        (1, "8 connections: accepted ÷ nostr-rs-relay's", 24.0),
        (
            2,
            "50 subscribers: accepted and read by all ÷ core NATS's",
            1.5,
        ),
    ] {
        let wanted = format!("at least {least} times it");
        tell(Told::Line(Line::not_measured(goal, what, &wanted, PEERS)));
    }
    Ok(())
}

async fn live(tell: &mut impl FnMut(Told<'_>)) -> Result<(), Problem> {
    accepting(tell).await?;
    let full = fanning_out(tell).await?;
    let calm = load(8, 50, 3000, Pace::PerSecond(300.0));
    latency(calm, full, tell).await?;
    idle(tell).await
}

/// Measures all nine goals: the live ones, the peers that are installed, chains up to a million blocks, verification and the
/// suite. Takes some six minutes. `doing` is told what is under way.
///
/// # Errors
/// As [`measure`], or a disk without room, or a suite that fails.
pub async fn measure_all(
    tell: &mut impl FnMut(Told<'_>),
    doing: &mut impl FnMut(&str),
) -> Result<(), Problem> {
    live(tell).await?;
    let beside = peers::measure(&Given::default(), &mut *doing).await?;
    for line in beside.ratios() {
        tell(Told::Line(line));
    }
    doing("a chain is sent to newcomers");
    for line in sync::measure(sync::BLOCKS).await?.lines() {
        tell(Told::Line(line));
    }
    doing("chains are verified");
    verification::measure(&mut |line| tell(Told::Line(line)))?;
    let grown = growth::run(1_000_000, |what| doing(what)).await?;
    for line in grown.lines() {
        tell(Told::Line(line));
    }
    doing("the suite is run");
    suite::measure(&mut |line| tell(Told::Line(line)))
}

fn load(senders: usize, subscribers: usize, messages: usize, pace: Pace) -> Load {
    Load {
        senders,
        subscribers,
        messages,
        pace,
    }
}

/// Goal 1: what is accepted, beside the ceiling program.
async fn accepting(tell: &mut impl FnMut(Told<'_>)) -> Result<(), Problem> {
    let unit = "verifications";
    let eight = load(8, 0, 8000, Pace::Window(64));
    let (many, same) = beside(eight, tell).await?;
    let name = "8 connections, window 64";
    tell(Told::Line(accepted(name, &many)));
    let what = "the same: server's processor time for each";
    let line = Line::most(1, what, many.in_verifications, unit, 2.2);
    tell(Told::Line(line));
    tell(Told::Line(accepted(
        "ceiling program, the same load",
        &same,
    )));
    tell(Told::Line(of_ceiling(share(&many, &same))));
    let what = "the ceiling's processor time for each ÷ the server's";
    let times = same.measured.server_us_per_accepted;
    let times = times.zip(many.measured.server_us_per_accepted);
    let figure = times.map_or(String::new(), |(least, ours)| {
        format!("{:.2}", least / ours)
    });
    tell(Told::Line(Line::told(1, what, figure)));
    let own = ceiling("ceiling, answers alone", eight, false, tell).await?;
    let name = "ceiling program that sends its senders nothing but answers";
    tell(Told::Line(accepted(name, &own)));
    let alone = load(1, 0, 8000, Pace::Window(64));
    let one = run("1 connection", alone, tell).await?;
    tell(Told::Line(accepted("1 connection, window 64", &one)));
    let what = "1 connection: server's processor time for each";
    let line = Line::most(1, what, one.in_verifications, unit, 2.2);
    tell(Told::Line(line));
    let what = "8 connections: accepted ÷ strfry's";
    let line = Line::not_measured(1, what, "at least 6 times it", STRFRY);
    tell(Told::Line(line));
    Ok(())
}

/// Runs the same load against the server and the ceiling in turn, so that whatever else the machine does meets both, and
/// gives the round whose share is the middle one.
async fn beside(
    load: Load,
    tell: &mut impl FnMut(Told<'_>),
) -> Result<(Outcome, Outcome), Problem> {
    let mut stage = Stage::open(load.senders).await?;
    let mut top = Ceiling::open(load.senders)?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let ours = stage.run(load, PLAINTEXT).await?;
        tell(Told::Load("8 connections", &ours));
        let least = top.run(load, true).await?;
        tell(Told::Load("ceiling, 8 connections", &least));
        rounds.push((ours, least));
    }
    rounds.sort_by(|(a, b), (c, d)| share(a, b).total_cmp(&share(c, d)));
    Ok(rounds.swap_remove(ROUNDS / 2))
}

fn share(ours: &Outcome, ceiling: &Outcome) -> f64 {
    ours.measured.accepted_per_s / ceiling.measured.accepted_per_s
}

/// Nothing that does more is faster: a machine that says so was busy with something else.
fn of_ceiling(share: f64) -> Line {
    let what = "8 connections: accepted ÷ the ceiling's";
    let wanted = 0.6;
    if share > 1.0 {
        let why = format!("{share:.2}, above 1: the machine is too busy with other work");
        return Line::not_measured(1, what, &format!("at least {wanted} of it"), &why);
    }
    Line::least(1, what, Some(share), "of it", wanted)
}

/// Goal 2: fan-out. Gives the server's time for each of 50 subscribers' deliveries under full load.
async fn fanning_out(tell: &mut impl FnMut(Told<'_>)) -> Result<Option<f64>, Problem> {
    let fifty = load(8, 50, 12_000, Pace::Window(64));
    let fan_out = run("50 subscribers", fifty, tell).await?;
    tell(Told::Line(sustained("50 subscribers", &fan_out)));
    let each = per_delivery(&fan_out);
    let what = "50 subscribers: server time for each delivery, all of it";
    tell(Told::Line(Line::most(2, what, each, "µs", 1.5)));
    let same = ceiling("ceiling, 50 subscribers", fifty, true, tell).await?;
    let name = "ceiling program, 50 subscribers";
    tell(Told::Line(sustained(name, &same)));
    let crowd = load(8, 1000, 2000, Pace::Window(64));
    let crowd = run("1,000 subscribers", crowd, tell).await?;
    tell(Told::Line(sustained("1,000 subscribers", &crowd)));
    let what = "1,000 subscribers: server time for each delivery, all of it";
    let line = Line::most(2, what, per_delivery(&crowd), "µs", 1.5);
    tell(Told::Line(line));
    let what = "50 subscribers: accepted and read by all ÷ strfry's";
    let line = Line::not_measured(2, what, "at least 6 times it", STRFRY);
    tell(Told::Line(line));
    Ok(each)
}

/// Goal 3: latency, and what a delivery costs a server that has little to do.
async fn latency(
    calm: Load,
    full: Option<f64>,
    tell: &mut impl FnMut(Told<'_>),
) -> Result<(), Problem> {
    let paced = run("300/s, 50 subscribers", calm, tell).await?;
    let (p50, p99) = delivery(&paced);
    let what = "300/s, 50 subscribers: delivery, p50";
    tell(Told::Line(Line::most(3, what, p50, "ms", 3.0)));
    let what = "300/s, 50 subscribers: delivery, p99";
    tell(Told::Line(Line::most(3, what, p99, "ms", 10.0)));
    let what = "server time for each delivery: at 300/s ÷ under full load";
    let times = full.zip(per_delivery(&paced));
    let times = times.map(|(full, calm)| calm / full);
    // It falls as load rises.
    let line = Line::least(2, what, times, "times", 1.0);
    tell(Told::Line(line));
    let alone = load(1, 0, 1000, Pace::Window(1));
    let alone = run("one at a time", alone, tell).await?;
    let figure = format!("p50 {:.2} ms", alone.measured.acknowledgement.p50_ms);
    let what = "one message at a time, acknowledged";
    tell(Told::Line(Line::told(3, what, figure)));
    let what = "one message at a time ÷ strfry's time";
    let line = Line::not_measured(3, what, "at most 0.5 of it", STRFRY);
    tell(Told::Line(line));
    Ok(())
}

async fn run(name: &str, load: Load, tell: &mut impl FnMut(Told<'_>)) -> Result<Outcome, Problem> {
    let mut stage = Stage::open(load.senders).await?;
    let outcome = stage.run(load, PLAINTEXT).await?;
    tell(Told::Load(name, &outcome));
    Ok(outcome)
}

async fn ceiling(
    name: &str,
    load: Load,
    senders_read: bool,
    tell: &mut impl FnMut(Told<'_>),
) -> Result<Outcome, Problem> {
    let mut stage = Ceiling::open(load.senders)?;
    let outcome = stage.run(load, senders_read).await?;
    tell(Told::Load(name, &outcome));
    Ok(outcome)
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

/// Goal 4: idle connections: what one costs, and what many do to a load beside them.
async fn idle(tell: &mut impl FnMut(Told<'_>)) -> Result<(), Problem> {
    let calm = load(8, 50, 1000, Pace::PerSecond(300.0));
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
    tell(Told::Line(Line::most(4, &what, each, "KiB", 8.0)));
    drop(joined);
    // Every member is sent every message, so that sockets which stay idle beside a load are those of nobody.
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let (_, quiet) = delivery(&stage.run(calm, PLAINTEXT).await?);
        let mut strangers: Vec<Socket> = Vec::new();
        for _ in 0..count {
            strangers.push(stage.target().open("/v1/socket", 4096).await?);
        }
        let (_, beside) = delivery(&stage.run(calm, PLAINTEXT).await?);
        drop(strangers);
        ratios.extend(beside.zip(quiet).map(|(beside, quiet)| beside / quiet));
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios.get(ROUNDS / 2).copied();
    let what = format!("300/s beside {count} idle sockets: delivery's p99");
    let line = Line::most(4, &what, ratio, "times that without", 1.25);
    tell(Told::Line(line));
    Ok(())
}

/// How many idle connections this process may have: its limit of open files is raised as far as it goes.
pub(crate) fn room() -> usize {
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
    fn a_server_that_seems_faster_than_the_ceiling_was_not_measured() {
        assert_eq!(of_ceiling(0.6).verdict, Verdict::Holds);
        assert_eq!(of_ceiling(0.59).verdict, Verdict::DoesNotHold);
        assert!(matches!(of_ceiling(1.14).verdict, Verdict::NotMeasured(_)));
    }
}
