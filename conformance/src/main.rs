//! The suite's command line.

mod files;

use std::process::ExitCode;

use clap::Parser;
use dispatch_conformance::command::{Cli, execute};

fn main() -> ExitCode {
    files::raise_limit();
    execute(Cli::parse()).into()
}
