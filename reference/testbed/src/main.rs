//! `testbed`: a cluster to try things on by hand or from a script, until Ctrl-C or the end of its input.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use dispatch_testbed::{Database, Fleet, Plan, Postgres, Problem};

/// Starts PostgreSQL with a synchronous standby and several dispatchd behind a load balancer, prints where they are, and
/// ends them when its input ends
#[derive(Parser)]
struct Arguments {
    /// The program dispatchd, such as target/debug/dispatchd
    program: PathBuf,
    /// How many processes of it
    #[arg(long, default_value_t = 3)]
    processes: usize,
    /// Further arguments of `dispatchd init`, such as --allow FILE
    #[arg(last = true)]
    init: Vec<OsString>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Problem> {
    let mut primary = Postgres::start().await?;
    let standby = primary.standby().await?;
    let url = primary.create_database("dispatch").await?;
    let fleet = Fleet::start(Plan {
        program: arguments.program,
        processes: arguments.processes,
        database: Some(Database {
            urls: vec![url.clone()],
            password: primary.password().to_owned(),
        }),
        init: arguments.init,
        settings: Vec::new(),
        stays: None,
    })
    .await?;
    println!("origin    {}", fleet.origin());
    for number in 0..fleet.len() {
        let (address, folder) = (fleet.address(number), fleet.folder(number).display());
        println!("dispatchd http://{address} {folder}");
    }
    println!("database  {url} PGPASSWORD={}", primary.password());
    println!("standby   {}", standby.url("dispatch"));
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let read = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        // Nobody waits any more after Ctrl-C.
        let _ = ended.send(read);
    });
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = end => {}
    }
    Ok(())
}
