//! The suite's command line.

use std::process::ExitCode;

use clap::Parser;
use dispatch_conformance::{
    command::{Cli, execute},
    files,
};

fn main() -> ExitCode {
    files::raise_limit();
    execute(Cli::parse()).into()
}
