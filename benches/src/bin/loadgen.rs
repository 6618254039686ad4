//! The load generator. `loadgen --help` tells what it does.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use dispatch_benches::ceiling;
use dispatch_benches::cluster;
use dispatch_benches::full::{kill, suite, suite::SUITE};
use dispatch_benches::goals::{self, Told};
use dispatch_benches::load::server::{self, DISPATCHD, SERVE};
use dispatch_benches::load::stage::{Elsewhere, Stage};
use dispatch_benches::load::{Load, Pace, Problem};
use dispatch_benches::peers::{self, Given};
use dispatch_benches::sync;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

const EXAMPLES: &str = "\
Examples:
  loadgen run                                        8 senders, window 64
  loadgen run --senders 1 --window 1                 one message at a time
  loadgen run --rate 300 --messages 3000 --subscribers 50
  loadgen run --url http://127.0.0.1:7311 --keys DIR --pid 4711

Messages are encrypted and signed before the clock starts, in as many threads as there are cores: some 0.8 ms each.";

/// A bounded load of real messages: how many are accepted, how fast they come, and what they cost the server.
#[derive(Parser)]
#[command(name = "loadgen", after_help = EXAMPLES, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run one load against a server of its own, or one that runs already
    Run(RunArguments),
    /// Measure the live goals one after the other, and print them as a table
    Goals {
        /// Measure all nine: also the peers that are installed, long chains, verification and the suite. Some six minutes
        #[arg(long)]
        all: bool,
        /// Print JSON, a line at a time
        #[arg(long)]
        json: bool,
        /// Print everything that each load showed, too, such as the server's processor time by thread
        #[arg(long)]
        details: bool,
    },
    /// Drive the reference and the peers that are installed by the same loads, and print a table
    Peers {
        /// nostr-rs-relay's program, if it is not in PATH
        #[arg(long, value_name = "PATH")]
        nostr: Option<PathBuf>,
        /// nats-server's program, if it is not in PATH
        #[arg(long, value_name = "PATH")]
        nats: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Drive one server on SQLite, and one, two and three processes over a PostgreSQL with a synchronous standby, by the same
    /// loads, and print a table. Needs Debian's postgresql-15
    Cluster {
        /// Messages of a load
        #[arg(long, default_value_t = 8000, value_parser = clap::value_parser!(u32).range(160..=1_000_000))]
        messages: u32,
        /// Readers of the load that is read
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=16_000))]
        readers: u16,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Play the conformance suite beside members who write as fast as they are answered, then kill a server in the midst of
    /// such a load, again and again
    Full {
        /// Which of the two; both without one
        part: Option<Part>,
        /// Play only these cases, as `dispatch-conformance run` names them
        #[arg(long, value_name = "SELECTOR")]
        case: Vec<String>,
    },
    /// Send a long chain to newcomers, beside the disk and the network alone, and beside one who writes meanwhile
    Sync {
        /// Blocks of the chain
        #[arg(long, default_value_t = sync::BLOCKS, value_parser = clap::value_parser!(u64).range(1000..=10_000_000))]
        blocks: u64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    #[command(name = SERVE, hide = true)]
    Serve { folder: PathBuf },
    #[command(name = goals::VERIFY, hide = true)]
    VerifyStore { store: PathBuf },
    #[command(name = ceiling::SERVE, hide = true)]
    ServeCeiling { folder: PathBuf },
    #[command(name = DISPATCHD, hide = true, disable_help_flag = true)]
    Dispatchd {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    #[command(name = SUITE, hide = true, disable_help_flag = true)]
    Suite {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Part {
    /// The conformance suite
    Suite,
    /// The kills
    Kill,
}

#[derive(Args)]
struct RunArguments {
    /// Connections that send, each by an account of its own
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    senders: u16,
    /// Connections that only read
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=16_000))]
    subscribers: u16,
    /// Messages of all senders together
    #[arg(long, default_value_t = 8000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    messages: u32,
    /// Messages of one sender that may be without an answer
    #[arg(long, default_value_t = 64, conflicts_with = "rate", value_parser = clap::value_parser!(u16).range(1..=256))]
    window: u16,
    /// Messages a second of all senders together, whatever the server does
    #[arg(long)]
    rate: Option<f64>,
    /// Bytes of a message's plaintext
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u16).range(11..=40_000))]
    plaintext: u16,
    /// A server that runs already; its rate limits must be off
    #[arg(long, requires = "keys")]
    url: Option<String>,
    /// A folder of private keys (PKCS#8 in PEM) of members of that server
    #[arg(long, value_name = "DIR", requires = "url")]
    keys: Option<PathBuf>,
    /// That server's process, whose processor time and memory are to be told
    #[arg(long, requires = "url")]
    pid: Option<u32>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let line = CommandLine::parse();
    let outcome = match line.command {
        Command::Serve { folder } => return server::serve(folder.into()),
        Command::ServeCeiling { folder } => return ceiling::serve(&folder),
        Command::Dispatchd { arguments } => return server::run(arguments),
        Command::Suite { arguments } => return suite::play(arguments),
        Command::Full { part, case } => in_runtime(full(part, &case)),
        Command::Cluster {
            messages,
            readers,
            json,
        } => in_runtime(clustered(messages, readers, json)),
        Command::Run(arguments) => in_runtime(run(arguments)),
        Command::Goals { all, json, details } => in_runtime(measured(all, json, details)),
        Command::VerifyStore { store } => goals::verify_store(store.as_os_str()),
        Command::Sync { blocks, json } => in_runtime(synced(blocks, json)),
        Command::Peers { nostr, nats, json } => in_runtime(beside(Given { nostr, nats }, json)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("loadgen: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn in_runtime<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Problem::at("the runtime could not be started"))?
        .block_on(work)
}

async fn full(part: Option<Part>, cases: &[String]) -> Result<(), Problem> {
    let mut holds = true;
    if part != Some(Part::Kill) {
        let outcome = suite::suite(cases).await?;
        print!("{outcome}");
        holds &= outcome.holds();
    }
    if part != Some(Part::Suite) {
        let outcome = kill::kill().await?;
        print!("{outcome}");
        holds &= outcome.holds();
    }
    match holds {
        true => Ok(()),
        false => Err(Problem::new(
            "what must hold at full load does not; see above",
        )),
    }
}

async fn run(arguments: RunArguments) -> Result<(), Problem> {
    let pace = match arguments.rate {
        None => Pace::Window(arguments.window.into()),
        Some(rate) if rate > 0.0 && rate <= 1e6 => Pace::PerSecond(rate),
        Some(rate) => {
            let words = format!("--rate {rate}: give messages a second, above 0 and up to 1000000");
            return Err(Problem::new(words));
        }
    };
    let load = Load {
        senders: arguments.senders.into(),
        subscribers: arguments.subscribers.into(),
        messages: arguments.messages as usize,
        pace,
    };
    let mut stage = match (arguments.url, arguments.keys) {
        (Some(origin), Some(keys)) => {
            let place = Elsewhere {
                origin,
                keys,
                process: arguments.pid,
            };
            Stage::elsewhere(&place, load.senders).await?
        }
        _ => Stage::open(load.senders).await?,
    };
    let outcome = stage.run(load, arguments.plaintext.into()).await?;
    print(&outcome, arguments.json)
}

async fn clustered(messages: u32, readers: u16, json: bool) -> Result<(), Problem> {
    let size = cluster::Size {
        messages: messages as usize,
        readers: readers.into(),
    };
    let report = cluster::measure(size, &mut |doing| eprintln!("{doing}")).await?;
    print(&report, json)
}

async fn synced(blocks: u64, json: bool) -> Result<(), Problem> {
    let report = sync::measure(blocks).await?;
    print(&report, json)
}

async fn measured(all: bool, json: bool, details: bool) -> Result<(), Problem> {
    if !all {
        return goals::measure(&mut |told| tell(&told, json, details)).await;
    }
    // What is known is told at once, lest it be lost; the table comes at the end, by the goals' numbers.
    let mut lines = Vec::new();
    let mut note = |told: Told<'_>| match told {
        Told::Line(line) => {
            eprintln!("{line}");
            lines.push(line);
        }
        Told::Load(..) => tell(&told, json, details),
    };
    goals::measure_all(&mut note, &mut |doing| eprintln!("{doing}")).await?;
    lines.sort_by_key(|line| line.goal);
    for line in lines {
        tell(&Told::Line(line), json, details);
    }
    Ok(())
}

/// Measures the peers. A signal ends the run as a failure does: the servers end with it.
async fn beside(given: Given, json: bool) -> Result<(), Problem> {
    let mut terminated = signal(SignalKind::terminate()).map_err(Problem::at("signals"))?;
    let report = tokio::select! {
        report = peers::measure(&given, |under_way| eprintln!("{under_way}")) => report?,
        _ = tokio::signal::ctrl_c() => return Err(Problem::new("interrupted")),
        _ = terminated.recv() => return Err(Problem::new("terminated")),
    };
    match json {
        true => println!("{}", report.json()),
        false => print!("\n{report}"),
    }
    Ok(())
}

fn tell(told: &Told<'_>, json: bool, details: bool) {
    match told {
        Told::Line(line) => match serde_json::to_string(line) {
            Ok(text) if json => println!("{text}"),
            _ => println!("{line}"),
        },
        Told::Load(name, outcome) if details => {
            let value = serde_json::json!({ "load": name, "outcome": outcome });
            match json {
                true => println!("{value}"),
                false => println!("\n{name}: {outcome}"),
            }
        }
        Told::Load(..) => {}
    }
}

fn print(outcome: &(impl fmt::Display + Serialize), json: bool) -> Result<(), Problem> {
    if json {
        let text = serde_json::to_string_pretty(outcome).map_err(Problem::at("the JSON"))?;
        println!("{text}");
    } else {
        print!("{outcome}");
    }
    Ok(())
}
