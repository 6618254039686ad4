//! `states`: explores the models, and prints what they found.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use dispatch_model::{cases, examine_all, table};

/// State models of dispatch-d/1: every order of events within bounds, with all rules and without each.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Print each attack, step by step
    Traces,
    /// Write walks through the models to vectors/live/model.json
    Cases,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Command::Cases) = arguments.command {
        return write_cases();
    }
    let models = examine_all();
    match arguments.command {
        None => {
            for model in &models {
                println!("{}", table::properties(model));
            }
            print!("{}", table::table(&models));
        }
        Some(_) => {
            for model in &models {
                println!("# {}\n", model.name);
                for attack in &model.attacks {
                    println!("{attack}");
                }
            }
        }
    }
    let (line, holds) = table::closing(&models);
    println!("{line}");
    if holds {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn write_cases() -> ExitCode {
    match std::fs::write(cases::PATH, cases::file()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!(
                "{}: {error}: run this in a checkout of the repository",
                cases::PATH
            );
            ExitCode::FAILURE
        }
    }
}
