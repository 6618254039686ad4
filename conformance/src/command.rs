//! The commands of `dispatch-conformance`.

mod baseline;
mod control;
mod coverage;
mod explain;
mod judge;
mod keys;
mod learn;
mod list;
mod matrix;
mod own;
mod record;
mod replay;
mod run;
mod selftest;
mod session;

use std::{
    path::PathBuf,
    sync::{Arc, LazyLock},
};

use clap::{Parser, Subcommand};

use crate::{
    corpus::Corpus, exit::Exit, requirement::Requirements, result::Suite, scenario::Vectors,
    story::visible::visible, suite_hash::suite,
};

/// With the suite hash, by which two results can be compared.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let corpus = Corpus::embedded();
    let Suite { version, hash, .. } = suite(&Requirements::read(&corpus), &corpus);
    format!("{version} (suite {hash})")
});

/// Judges servers of the chat protocol dispatch-d/1 by replaying scenarios against them.
#[derive(Debug, Parser)]
#[command(name = "dispatch-conformance", version = VERSION.as_str(), max_term_width = 120)]
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
    #[command(
        override_usage = "dispatch-conformance run [OPTIONS] [URL] [SELECTOR]...
       dispatch-conformance run [OPTIONS] --spawn 'CMD {config}' [SELECTOR]...",
        after_help = "Exit codes: 0 conformant, or nothing but what the baseline expects, 1 not conformant, 2 usage, configuration or \
        vectors, 3 no server there, 4 the suite failed, 5 what the baseline expects to fail passes, 130 interrupted"
    )]
    Run(Box<run::Arguments>),
    /// Play a case of a bundle again: FIXED, FAILED or ERROR
    #[command(override_usage = "dispatch-conformance replay [OPTIONS] BUNDLE#CASE [URL]")]
    Replay(Box<replay::Arguments>),
    /// Judge a bundle again, offline: which verdicts follow from its transcripts
    Judge(judge::Arguments),
    /// Play cases and write what was said, a file a case, for a reader to follow
    #[command(override_usage = "dispatch-conformance record [OPTIONS] [URL] [SELECTOR]...")]
    Record(Box<record::Arguments>),
    /// Keep known failures in a file, with their reasons
    Baseline(Box<baseline::Arguments>),
    /// Put several runs side by side on a page
    Matrix(matrix::Arguments),
    /// List the live cases
    List(list::Arguments),
    /// Show a requirement with everything that decides it, or a case with its whole story
    Explain(explain::Arguments),
    /// Write the keys of the test accounts, ready for a server's allowlist
    Keys(keys::Arguments),
    /// Write a server step by step: which step is next, the one case to look at, and what the specification says of it
    #[command(after_help = learn::HELP)]
    Learn(Box<learn::Arguments>),
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
    pub vectors: Arc<Vectors>,
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
            vectors: Arc::new(vectors),
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
        Command::Run(arguments) => whole(run::execute(&arguments, cli.vectors.as_ref(), &library)),
        Command::Replay(arguments) => {
            whole(replay::execute(&arguments, cli.vectors.as_ref(), &library))
        }
        Command::Judge(arguments) => whole(judge::execute(&arguments, &library)),
        Command::Record(arguments) => whole(record::execute(&arguments, &library)),
        Command::Matrix(arguments) => whole(matrix::execute(&arguments, &library)),
        Command::Baseline(arguments) => whole(baseline::execute(
            &arguments,
            cli.vectors.as_ref(),
            &library,
        )),
        Command::List(arguments) => list::execute(&arguments, &library),
        Command::Explain(arguments) => explain::execute(&arguments, &library),
        Command::Keys(arguments) => keys::execute(&arguments, &library),
        Command::Learn(arguments) => {
            whole(learn::execute(&arguments, cli.vectors.as_ref(), &library))
        }
        Command::Coverage => coverage::execute(&library),
        Command::Control(arguments) => control::execute(&arguments),
        Command::Selftest(arguments) => selftest::execute(arguments, library),
    }
}

/// How the program ends, early or not.
fn whole(ended: Result<Exit, Exit>) -> Exit {
    ended.unwrap_or_else(|exit| exit)
}

/// Says in one line why the program ends.
fn complain(exit: Exit, why: &str) -> Exit {
    anstream::eprintln!("dispatch-conformance: {}", visible(why));
    exit
}
