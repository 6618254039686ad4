//! `with-postgres COMMAND...`: a PostgreSQL with a synchronous standby for as long as a command runs, which finds it by
//! DISPATCH_POSTGRES and PGPASSWORD in its environment. The command's exit code is this program's.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use dispatch_testbed::{Postgres, Problem};

/// Starts PostgreSQL with a synchronous standby, and runs a command that finds it by DISPATCH_POSTGRES and PGPASSWORD
#[derive(Parser)]
struct Arguments {
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, Problem> {
    let mut primary = Postgres::start().await?;
    let _standby = primary.standby().await?;
    let client = primary.client("postgres").await?;
    let may = client.batch_execute("ALTER ROLE dispatch CREATEDB").await;
    may.map_err(Problem::at("the right to make databases"))?;
    let url = primary.url("");
    let (server, _) = url
        .rsplit_once('/')
        .ok_or_else(|| Problem::new("an address without a database"))?;
    let [program, rest @ ..] = &arguments.command[..] else {
        return Err(Problem::new("name a command"));
    };
    let name = program.to_string_lossy().into_owned();
    let status = tokio::process::Command::new(program)
        .args(rest)
        .env("DISPATCH_POSTGRES", server)
        .env("PGPASSWORD", primary.password())
        .kill_on_drop(true)
        .status()
        .await
        .map_err(Problem::at(name))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}
