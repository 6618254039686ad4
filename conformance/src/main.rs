//! The suite's command line.

use std::process::ExitCode;

use clap::Parser;
use dispatch_conformance::command::{Cli, execute};

fn main() -> ExitCode {
    execute(Cli::parse()).into()
}
