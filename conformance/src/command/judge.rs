//! `judge BUNDLE`: the verdicts again, offline, from the transcripts.

use std::path::PathBuf;

use clap::Args;
use owo_colors::OwoColorize;

use super::{Library, complain};
use crate::{
    bundle::Bundle,
    exit::Exit,
    judge::{Outcome, judge},
    story::visible::visible_line,
};

#[derive(Debug, Args)]
pub struct Arguments {
    /// The bundle's file
    bundle: PathBuf,
    /// A line for each case
    #[arg(long, short)]
    verbose: bool,
}

pub fn execute(arguments: &Arguments, library: &Library) -> Result<Exit, Exit> {
    let usage = |why: String| complain(Exit::Usage, &why);
    let bundle = Bundle::open(&arguments.bundle).map_err(usage)?;
    let hash = library.corpus.vectors_hash();
    let judged = judge(&bundle, &library.vectors, &hash)
        .map_err(|why| usage(format!("{}: {why}", arguments.bundle.display())))?;
    let (mut follow, mut contradicted, mut nothing) = (0, 0, 0);
    let (mut steps, mut steps_open) = (0, 0);
    for case in &judged {
        let verdict = case.recorded.name();
        match &case.outcome {
            Outcome::Follows { judged, open } => {
                follow += 1;
                steps += judged;
                steps_open += open;
                if arguments.verbose {
                    anstream::println!(
                        "{} {}  {verdict}; {judged} steps judged, {open} open",
                        "FOLLOWS    ".green(),
                        case.case
                    );
                }
            }
            Outcome::Contradicts(why) => {
                contradicted += 1;
                anstream::println!(
                    "{} {}  {}",
                    "CONTRADICTS".red(),
                    case.case.bold(),
                    visible_line(why)
                );
            }
            Outcome::Open(why) => {
                nothing += 1;
                if arguments.verbose {
                    anstream::println!(
                        "{} {}  {verdict}; {}",
                        "OPEN       ".yellow(),
                        case.case,
                        visible_line(why)
                    );
                }
            }
        }
    }
    anstream::println!("{steps} steps judged again, {steps_open} of what no transcript shows");
    anstream::println!("{follow} verdicts follow, {contradicted} contradicted, {nothing} open");
    Ok(match contradicted {
        0 => Exit::Conformant,
        _ => Exit::Nonconformant,
    })
}
