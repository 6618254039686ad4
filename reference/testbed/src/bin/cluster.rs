//! `cluster`: lets the conformance suite start, kill and start again several dispatchd behind a load balancer, each connection
//! going to the next of them:
//!
//!     DISPATCH_POSTGRES=postgres://postgres@127.0.0.1:5432 PGPASSWORD=… \
//!         dispatch-conformance run --spawn 'target/debug/cluster target/debug/dispatchd {config}'
//!
//! The PostgreSQL is one that runs; each server under test gets a database of its own in it.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use dispatch_testbed::{Database, Fleet, Plan, Problem, Stays, tokio_postgres};
use serde::Deserialize;

/// Serves what the conformance suite's configuration says by several dispatchd over one PostgreSQL
#[derive(Parser)]
struct Arguments {
    /// The program dispatchd
    program: PathBuf,
    /// The configuration that the suite wrote
    config: PathBuf,
    /// How many processes
    #[arg(long, default_value_t = 3)]
    processes: usize,
}

/// What the suite says of a server under test: conformance/spawn/config.schema.json.
#[derive(Deserialize)]
struct Config {
    listen: SocketAddr,
    origin: String,
    data_dir: PathBuf,
    community_name: String,
    authority_key: PathBuf,
    server_key: PathBuf,
    allowlist: PathBuf,
    limits: std::collections::BTreeMap<String, u64>,
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
    let path = arguments.config.display();
    let text = std::fs::read_to_string(&arguments.config).map_err(Problem::at(&path))?;
    let config: Config =
        serde_json::from_str(&text).map_err(|cause| Problem::new(format!("{path}: {cause}")))?;
    let setting = |name: &str| {
        std::env::var(name).map_err(|_| {
            Problem::new(format!(
                "{name} is not set; it says which PostgreSQL to use"
            ))
        })
    };
    let (server, password) = (setting("DISPATCH_POSTGRES")?, setting("PGPASSWORD")?);
    // Each server under test has a folder that no other has.
    let letters = config.data_dir.display().to_string();
    let name: String = letters
        .chars()
        .map(|letter| match letter.is_ascii_alphanumeric() {
            true => letter.to_ascii_lowercase(),
            false => '_',
        })
        .collect();
    let name = &name[name.len().saturating_sub(60)..];
    let folder = config.data_dir.join("fleet");
    if !folder.exists() {
        make_database(&server, &password, name).await?;
        std::fs::create_dir(&folder).map_err(Problem::at(folder.display()))?;
    }
    let mut init: Vec<OsString> = Vec::new();
    for (option, value) in [
        ("--name", OsString::from(config.community_name)),
        ("--authority-key", config.authority_key.into()),
        ("--server-key", config.server_key.into()),
        ("--allow", config.allowlist.into()),
    ] {
        init.extend([option.into(), value]);
    }
    for (limit, value) in config.limits {
        init.extend(["--limit".into(), format!("{limit}={value}").into()]);
    }
    let mut fleet = Fleet::start(Plan {
        program: arguments.program,
        processes: arguments.processes,
        database: Some(Database {
            urls: vec![format!("{server}/{name}")],
            password,
        }),
        init,
        settings: Vec::new(),
        stays: Some(Stays {
            folder,
            listen: config.listen,
            origin: config.origin,
        }),
    })
    .await?;
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .map_err(Problem::at("signals cannot be listened for"))?;
    terminate.recv().await;
    // Each says goodbye to those who are connected to it.
    for number in 0..fleet.len() {
        fleet.stop(number).await?;
    }
    Ok(())
}

/// Makes a database; one that is there already was left by a start that failed.
async fn make_database(server: &str, password: &str, name: &str) -> Result<(), Problem> {
    let mut address: tokio_postgres::Config = format!("{server}/postgres")
        .parse()
        .map_err(Problem::at("DISPATCH_POSTGRES"))?;
    address.password(password);
    let connecting = address.connect(tokio_postgres::NoTls).await;
    let (client, connection) = connecting.map_err(Problem::at(server))?;
    tokio::spawn(connection);
    for statement in [
        format!("DROP DATABASE IF EXISTS {name}"),
        format!("CREATE DATABASE {name}"),
    ] {
        let done = client.batch_execute(&statement).await;
        done.map_err(Problem::at(name))?;
    }
    Ok(())
}
