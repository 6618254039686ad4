//! The commands of `dispatch-conformance`.

mod control;
mod coverage;
mod explain;
mod keys;
mod list;
mod run;
mod selftest;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::{corpus::Corpus, exit::Exit, requirement::Requirements, scenario::Vectors};

/// Judges servers of the chat protocol dispatch-d/1 by replaying scenarios against them.
#[derive(Debug, Parser)]
#[command(name = "dispatch-conformance", version, max_term_width = 120)]
pub struct Cli {
    /// Use the vectors of this folder (with keys, live and static) instead of those in the program
    #[arg(long, global = true, value_name = "DIR")]
    vectors: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play the live cases against a server, or against the embedded reference
    Run(Box<run::Arguments>),
    /// List the live cases
    List(list::Arguments),
    /// Show a requirement with everything that decides it, or a case with its whole story
    Explain(explain::Arguments),
    /// Write the keys of the test accounts, ready for a server's allowlist
    Keys(keys::Arguments),
    /// Show for each requirement what decides it
    Coverage,
    /// Serve the control server: a second server that keeps every rule but those that it is told to break
    Control(control::Arguments),
    /// Prove that the cases catch what they are there for: play them on servers that are known to be wrong
    Selftest(selftest::Arguments),
}

/// The specification and the vectors, read.
#[derive(Debug)]
pub struct Library {
    /// The texts.
    pub corpus: Corpus,
    /// The requirements.
    pub requirements: Requirements,
    /// The vectors.
    pub vectors: Vectors,
}

impl Library {
    /// Reads what the binary carries, or another folder's vectors.
    ///
    /// # Errors
    /// In words, if the vectors cannot be used.
    pub fn open(folder: Option<&PathBuf>) -> Result<Self, String> {
        let corpus = match folder {
            Some(folder) => Corpus::with_vectors(folder)
                .map_err(|error| format!("the vectors in {}: {error}", folder.display()))?,
            None => Corpus::embedded(),
        };
        let requirements = Requirements::read(&corpus);
        let vectors = Vectors::read(&corpus).map_err(|fault| fault.to_string())?;
        Ok(Self {
            corpus,
            requirements,
            vectors,
        })
    }
}

/// Does what the command line says.
pub fn execute(cli: Cli) -> Exit {
    let library = match Library::open(cli.vectors.as_ref()) {
        Ok(library) => library,
        Err(fault) => return complain(Exit::Usage, &fault),
    };
    match cli.command {
        Command::Run(arguments) => run::execute(*arguments, cli.vectors, library),
        Command::List(arguments) => list::execute(&arguments, &library),
        Command::Explain(arguments) => explain::execute(&arguments, &library),
        Command::Keys(arguments) => keys::execute(&arguments, &library),
        Command::Coverage => coverage::execute(&library),
        Command::Control(arguments) => control::execute(&arguments),
        Command::Selftest(arguments) => selftest::execute(arguments, library),
    }
}

/// Says in one line why the program ends.
fn complain(exit: Exit, why: &str) -> Exit {
    anstream::eprintln!("dispatch-conformance: {why}");
    exit
}
