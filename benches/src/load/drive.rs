//! Runs senders and subscribers together, and measures.

use std::ops::Range;
use std::time::{Duration, Instant};

use futures_util::{Sink, Stream};
use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::hearing::Heard;
use super::sender::{Gate, Sender, Sent};
use super::subscriber::subscribe;
use super::usage::{Usage, Watched};
use super::{Problem, Tally};

/// How messages are handed in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// By each sender, as long as fewer than so many of its messages are without an answer.
    Window(usize),
    /// So many a second by all senders together, whatever the server does.
    PerSecond(f64),
}

/// What a load is.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Load {
    /// Connections that send.
    pub senders: usize,
    /// Connections that only read.
    pub subscribers: usize,
    /// Messages of all senders together.
    pub messages: usize,
    /// How they are handed in.
    pub pace: Pace,
}

/// Who takes part in a load: sockets that stand, and what is sent on them.
pub struct Participants<S, T, H> {
    /// Each sender's socket and its messages.
    pub senders: Vec<(S, Vec<T>)>,
    /// The subscribers' sockets.
    pub subscribers: Vec<S>,
    /// What the server's messages mean.
    pub hear: H,
    /// The numbers under which the messages are delivered.
    pub numbers: Range<u64>,
    /// Whether the server keeps one order for everybody.
    pub ordered: bool,
    /// Whether senders are sent everybody's messages as subscribers are.
    pub senders_read: bool,
}

/// What a load showed.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// Messages that were acknowledged: all of them.
    pub accepted: u64,
    /// Acknowledged messages a second, from the first that was sent to the last acknowledgement.
    pub accepted_per_s: f64,
    /// Messages that subscribers received, each one counted: all of them.
    pub deliveries: u64,
    /// Deliveries a second, from the first message that was sent to the last delivery.
    pub deliveries_per_s: f64,
    /// Messages a second that were both acknowledged and in everybody's hands at the end.
    pub sustained_per_s: f64,
    /// From when a message was sent, or was meant to be, to its acknowledgement.
    pub acknowledgement: Latency,
    /// The same to each subscriber's receipt. None without subscribers.
    pub delivery: Option<Latency>,
    /// The server's processor time.
    pub server: Option<Usage>,
    /// The server's processor time for each accepted message, in microseconds.
    pub server_us_per_accepted: Option<f64>,
    /// The server's resident memory at the end, in bytes.
    pub server_resident: Option<u64>,
}

/// A distribution, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Latency {
    /// Half were faster.
    pub p50_ms: f64,
    /// Nine of ten were faster.
    pub p90_ms: f64,
    /// 99 of 100 were faster.
    pub p99_ms: f64,
    /// 999 of 1000 were faster.
    pub p999_ms: f64,
    /// The slowest.
    pub max_ms: f64,
}

/// Runs a load to its end. `within` bounds it.
///
/// # Errors
/// A message that was refused, not acknowledged, lost, doubled or out of order; a socket that failed; no end in time.
pub async fn drive<S, T, I, H, E>(
    participants: Participants<S, T, H>,
    pace: Pace,
    watched: Option<Watched>,
    within: Duration,
) -> Result<Measured, Problem>
where
    S: Stream<Item = Result<I, E>> + Sink<T, Error = E> + Unpin + Send + 'static,
    T: Unpin + Send + 'static,
    I: Send + 'static,
    E: std::fmt::Display + Send + 'static,
    H: Fn(&I) -> Heard + Clone + Unpin + Send + 'static,
{
    let Participants {
        senders,
        subscribers,
        hear,
        numbers,
        ordered,
        senders_read,
    } = participants;
    let tally = || match ordered {
        true => Tally::in_order(numbers.clone()),
        false => Tally::in_any_order(numbers.clone()),
    };
    let mut reading = JoinSet::new();
    for socket in subscribers {
        reading.spawn(subscribe(socket, hear.clone(), tally()));
    }
    let before = watched.map(Watched::spent).transpose()?;
    let mut sending = JoinSet::new();
    let mut ticking = Vec::new();
    let mut count = 0;
    for (socket, messages) in senders {
        count += messages.len();
        let gate = match pace {
            Pace::Window(width) => Gate::Window(width),
            Pace::PerSecond(_) => {
                let (tick, ticks) = unbounded_channel();
                ticking.push(tick);
                Gate::Clock(ticks)
            }
        };
        let tally = senders_read.then(tally);
        sending.spawn(Sender::new(socket, hear.clone(), messages, gate, tally));
    }
    let begun = Instant::now();
    if let Pace::PerSecond(rate) = pace {
        tick(ticking, count, begun, rate)?;
    }
    let work = async {
        let mut sent = Vec::new();
        while let Some(done) = sending.join_next().await {
            sent.push(done.map_err(Problem::at("a sender"))??);
        }
        let mut read = Vec::new();
        while let Some(done) = reading.join_next().await {
            // The socket is kept to the end: closing it is none of the work that is measured.
            read.push(done.map_err(Problem::at("a subscriber"))??);
        }
        Ok((sent, read))
    };
    let (sent, read) = tokio::time::timeout(within, work)
        .await
        .map_err(|_| Problem::new(format!("the load did not end within {within:?}")))??;
    let after = watched.map(Watched::spent).transpose()?;
    let usage = after
        .zip(before)
        .map(|(after, before)| after.since(&before));
    let tallies: Vec<&Tally> = read.iter().map(|(tally, _)| tally).collect();
    let mut measured = measure(begun, &numbers, &sent, &tallies)?;
    measured.server_us_per_accepted = usage
        .as_ref()
        .map(|usage| usage.total_us / measured.accepted as f64);
    measured.server = usage;
    measured.server_resident = watched.map(Watched::resident).transpose()?;
    Ok(measured)
}

/// Ticks in turn for each sender, at the moments at which messages are meant to go. A thread of its own: the runtime's
/// timers have a grain of a millisecond.
fn tick(
    ticking: Vec<UnboundedSender<Instant>>,
    count: usize,
    begun: Instant,
    rate: f64,
) -> Result<(), Problem> {
    let work = move || {
        for number in 0..count {
            let at = begun + Duration::from_secs_f64(number as f64 / rate);
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            // A sender that has failed is told of elsewhere.
            let _ = ticking[number % ticking.len()].send(at);
        }
    };
    let clock = std::thread::Builder::new().name("clock".to_owned());
    clock
        .spawn(work)
        .map_err(Problem::at("no thread for a clock"))?;
    Ok(())
}

fn measure(
    begun: Instant,
    numbers: &Range<u64>,
    sent: &[Sent],
    tallies: &[&Tally],
) -> Result<Measured, Problem> {
    let answers = || sent.iter().flat_map(|sent| &sent.answers);
    let mut sent_at = vec![None; (numbers.end - numbers.start) as usize];
    let mut acknowledgement = histogram()?;
    let mut last_answer = begun;
    for answer in answers() {
        let place = answer.number.checked_sub(numbers.start);
        match place.and_then(|place| sent_at.get_mut(place as usize)) {
            Some(moment @ None) => *moment = Some(answer.sent),
            _ => {
                let words = format!("two messages were told number {}", answer.number);
                return Err(Problem::new(words));
            }
        }
        acknowledgement.saturating_record(micros(answer.sent, answer.at));
        last_answer = last_answer.max(answer.at);
    }
    let mut delivery = histogram()?;
    let mut last_delivery = begun;
    let mut deliveries = 0;
    for arrival in tallies.iter().flat_map(|tally| tally.arrivals()) {
        for number in arrival.numbers.clone() {
            if let Some(sent) = sent_at[(number - numbers.start) as usize] {
                delivery.saturating_record(micros(sent, arrival.at));
            }
            deliveries += 1;
        }
        last_delivery = last_delivery.max(arrival.at);
    }
    let accepted = answers().count() as u64;
    let per_s = |count: u64, end: Instant| count as f64 / (end - begun).as_secs_f64().max(1e-9);
    Ok(Measured {
        accepted,
        accepted_per_s: per_s(accepted, last_answer),
        deliveries,
        deliveries_per_s: per_s(deliveries, last_delivery),
        sustained_per_s: per_s(accepted, last_answer.max(last_delivery)),
        acknowledgement: Latency::of(&acknowledgement),
        delivery: (deliveries > 0).then(|| Latency::of(&delivery)),
        server: None,
        server_us_per_accepted: None,
        server_resident: None,
    })
}

/// Microseconds, up to ten minutes, by three digits.
fn histogram() -> Result<Histogram<u64>, Problem> {
    Histogram::new_with_bounds(1, 600_000_000, 3).map_err(Problem::at("a histogram"))
}

fn micros(from: Instant, to: Instant) -> u64 {
    to.saturating_duration_since(from).as_micros() as u64
}

impl Latency {
    fn of(histogram: &Histogram<u64>) -> Latency {
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
        Latency {
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            max_ms: histogram.max() as f64 / 1000.0,
        }
    }
}
