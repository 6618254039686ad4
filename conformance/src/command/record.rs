//! `record`: plays cases and writes what was said, a file a case, for a reader to follow.

use std::{borrow::Cow, fs, path::PathBuf};

use clap::Args;

use super::{
    Library, complain,
    run::{Selection, exit},
    session::{DEADLINE, Meeting, Plan},
};
use crate::{exit::Exit, report::recording, scenario::Case};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// The folder for the transcripts; it is made where it is missing
    #[arg(long, value_name = "DIR", default_value = "transcripts")]
    to: PathBuf,
    #[command(flatten)]
    meeting: Meeting,
}

pub fn execute(arguments: &Arguments, library: &Library) -> Result<Exit, Exit> {
    let cases = arguments.selection.cases(library)?;
    let plan = Plan {
        url: arguments.selection.url(),
        stages: &[cases.iter().collect()],
        deadline: DEADLINE,
        fail_fast: false,
        record: true,
        verbose: false,
    };
    let played = arguments.meeting.play(&plan, library)?;
    let failed = |path: &PathBuf, error: std::io::Error| {
        complain(Exit::Usage, &format!("{}: {error}", path.display()))
    };
    fs::create_dir_all(&arguments.to).map_err(|error| failed(&arguments.to, error))?;
    let mut written: Vec<(Cow<'_, Case>, &str)> = Vec::new();
    for result in &played.result.cases {
        let case = library.vectors.played(&result.id);
        let (Some(case), Some(transcript)) = (case, played.transcripts.get(&result.id)) else {
            continue;
        };
        let path = arguments.to.join(format!("{}.md", result.id));
        let text = recording::render(&case, result, transcript, &library.requirements);
        fs::write(&path, text).map_err(|error| failed(&path, error))?;
        written.push((case, result.verdict.name()));
    }
    let path = arguments.to.join("README.md");
    fs::write(&path, recording::index(&written)).map_err(|error| failed(&path, error))?;
    anstream::println!(
        "{} transcripts in {}",
        written.len(),
        arguments.to.display()
    );
    Ok(exit(&played.result))
}
