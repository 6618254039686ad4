//! `selftest`: proves that the cases catch what they are there for.

use std::{fs, path::PathBuf};

use clap::Args;

use super::{Library, complain};
use crate::{
    exit::Exit,
    selftest::{Others, Plan, Trial, document, page, report, selftest},
    suite_hash::suite,
};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Faults to try, requirements whose faults to try, null/silent and the like, or `control`; without one: all of them
    #[arg(value_name = "SUBJECT")]
    subjects: Vec<String>,
    /// Let each fault meet every case, and not those of its requirement and the touchstones alone (some 15 minutes)
    #[arg(long, conflicts_with_all = ["share", "areas"])]
    full: bool,
    /// Let each fault meet one share of the other cases, such as 2/9: nine runs make the full matrix
    #[arg(long, value_name = "K/N")]
    share: Option<Others>,
    /// Let each fault meet the cases of these areas, such as ones that were just added: HTTP,SSE
    #[arg(
        long,
        value_name = "AREA,...",
        value_delimiter = ',',
        conflicts_with = "share"
    )]
    areas: Vec<String>,
    /// Servers at a time
    #[arg(long, value_name = "N", default_value_t = 16)]
    servers: usize,
    /// Write the kill matrix as JSON
    #[arg(long, value_name = "PATH")]
    json: Option<PathBuf>,
    /// Write the kill matrix as a page that needs no network
    #[arg(long, value_name = "PATH")]
    html: Option<PathBuf>,
    /// A line for each server that is done
    #[arg(long, short)]
    verbose: bool,
}

pub fn execute(arguments: Arguments, library: Library) -> Exit {
    let Library {
        corpus,
        vectors,
        requirements,
    } = library;
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => {
            return complain(
                Exit::Harness,
                &format!("no way to its own program: {error}"),
            );
        }
    };
    let plan = Plan {
        program,
        subjects: arguments.subjects,
        others: match arguments.share {
            Some(share) => share,
            None if !arguments.areas.is_empty() => Others::Areas(arguments.areas),
            None if arguments.full => Others::All,
            None => Others::Touchstones,
        },
        at_a_time: arguments.servers,
        suite: suite(&requirements, &corpus),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return complain(Exit::Harness, &format!("no runtime: {error}")),
    };
    let told = |trial: &Trial| {
        if arguments.verbose {
            anstream::eprintln!("{}", report::line(trial));
        }
    };
    let matrix = runtime.block_on(selftest(&vectors, &requirements, &plan, told));
    runtime.shutdown_background();
    if matrix.trials.is_empty() {
        return complain(
            Exit::Usage,
            "there is no such subject; `control --list-faults` prints those that there are",
        );
    }
    anstream::print!("{}", report::render(&matrix));
    let json = arguments
        .json
        .map(|path| (path, format!("{:#}\n", document::to_json(&matrix))));
    let html = arguments.html.map(|path| (path, page::render(&matrix)));
    for (path, text) in json.into_iter().chain(html) {
        if let Err(error) = fs::write(&path, text) {
            return complain(Exit::Usage, &format!("{}: {error}", path.display()));
        }
    }
    match matrix.holds() {
        true => Exit::Conformant,
        false => Exit::Nonconformant,
    }
}
