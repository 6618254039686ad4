//! `states`: explores the models, and prints what they found.

use clap::{Parser, Subcommand};
use dispatch_model::{examine_all, table};

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
}

fn main() {
    let arguments = Arguments::parse();
    let models = examine_all();
    match arguments.command {
        None => {
            for model in &models {
                println!("{}", table::properties(model));
            }
            print!("{}", table::table(&models));
        }
        Some(Command::Traces) => {
            for model in &models {
                println!("# {}\n", model.name);
                for attack in &model.attacks {
                    println!("{attack}");
                }
            }
        }
    }
}
