//! `cargo instructions`: counts the instructions of a message's steps and holds them against the accepted ones.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use dispatch_benches::instructions::{Bounds, count, steps};

/// Count the instructions of the steps of a message's way, and hold them against those that were accepted
#[derive(Parser)]
#[command(name = "instructions")]
struct Arguments {
    /// Accept what is counted now: from then on it is the bound
    #[arg(long)]
    accept: bool,
    /// The accepted counts
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.json"))]
    bounds: PathBuf,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Make what the steps work on in a folder, to look at them with callgrind by hand
    Prepare { folder: PathBuf },
    /// Go through the steps with what was made in a folder: for valgrind
    Steps { folder: PathBuf },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.action {
        Some(Action::Steps { folder }) => steps::go(folder).map(|()| true).map_err(Into::into),
        Some(Action::Prepare { folder }) => {
            steps::prepare(folder).map(|()| true).map_err(Into::into)
        }
        None => hold(&arguments.bounds, arguments.accept),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::from(2)
        }
    }
}

/// Whether what is counted holds.
fn hold(path: &Path, accept: bool) -> Result<bool, Box<dyn std::error::Error>> {
    let mut bounds = if accept && !path.exists() {
        Bounds::default()
    } else {
        Bounds::read(path)?
    };
    let counts = count(&std::env::current_exe()?, &["steps"])?;
    let architecture = std::env::consts::ARCH;
    if accept {
        bounds.accept(architecture, &counts);
        bounds.write(path)?;
    }
    let Some((text, holds)) = bounds.judge(architecture, &counts) else {
        println!(
            "nothing was accepted for {architecture} yet; `cargo instructions --accept` does it"
        );
        return Ok(true);
    };
    print!("{text}");
    if !holds {
        println!(
            "\nA step takes more than was accepted. Find out why (callgrind_annotate, perf); if it has to be so, run\n\
             `cargo instructions --accept` and say why in the commit."
        );
    }
    Ok(holds)
}
