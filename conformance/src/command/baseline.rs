//! `baseline write`, `baseline check`: known failures, written from a run and held against one.

use std::{fs, path::PathBuf};

use clap::{Args, Subcommand};

use super::{
    Library, complain,
    run::{NO_TRANSCRIPTS, Selection, exit},
    session::{DEADLINE, Meeting, Plan},
};
use crate::{
    baseline::{Baseline, NO_REASON},
    bundle,
    exit::Exit,
    report::{Report, terminal},
    result::{RunResult, Verdict},
};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write a run's failures to a file, ready for their reasons; reasons that stand there already stay
    Write(Run),
    /// Say how a run differs from a file: new failures, and what passes unexpectedly
    Check(Run),
}

#[derive(Debug, Args)]
struct Run {
    /// The baseline
    file: PathBuf,
    /// Take a report (json) or a bundle instead of a run
    #[arg(long, value_name = "REPORT", conflicts_with = "arguments")]
    from: Option<PathBuf>,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    meeting: Meeting,
}

pub fn execute(
    arguments: &Arguments,
    vectors: Option<&PathBuf>,
    library: &Library,
) -> Result<Exit, Exit> {
    match &arguments.what {
        What::Write(run) => write(run, library),
        What::Check(run) => check(run, vectors, library),
    }
}

fn write(run: &Run, library: &Library) -> Result<Exit, Exit> {
    let known = match run.file.exists() {
        true => opened(run, library)?,
        false => Baseline::default(),
    };
    let result = run.result(library)?;
    if result.interrupted {
        return Err(complain(
            Exit::Interrupted,
            "interrupted: a part of a run makes no baseline",
        ));
    }
    let text = Baseline::of(&result, &known);
    fs::write(&run.file, &text)
        .map_err(|error| complain(Exit::Usage, &format!("{}: {error}", run.file.display())))?;
    let (failed, open) = (result.failed(), text.matches(NO_REASON).count());
    anstream::println!(
        "{}: {failed} known failures, {open} of them without a reason yet",
        run.file.display()
    );
    Ok(Exit::Conformant)
}

fn check(run: &Run, vectors: Option<&PathBuf>, library: &Library) -> Result<Exit, Exit> {
    let baseline = opened(run, library)?;
    let mut result = run.result(library)?;
    baseline.apply(&mut result);
    let call = run.meeting.call(result.server.url.as_deref(), vectors);
    let report = Report {
        result: &result,
        requirements: &library.requirements,
        call: &call,
        transcripts: &NO_TRANSCRIPTS,
    };
    anstream::print!("{}", terminal::render(report));
    let reached = result
        .cases
        .iter()
        .filter(|case| case.baseline.is_some())
        .count();
    if reached < baseline.len() {
        anstream::println!(
            "{} known failures are of cases that were not played",
            baseline.len() - reached
        );
    }
    let unexpected: Vec<&str> = result
        .cases
        .iter()
        .filter(|case| case.verdict == Verdict::Xpass)
        .map(|case| case.id.as_str())
        .collect();
    if !unexpected.is_empty() {
        anstream::println!(
            "take out of {}: {}",
            run.file.display(),
            unexpected.join(" ")
        );
    }
    Ok(exit(&result))
}

fn opened(run: &Run, library: &Library) -> Result<Baseline, Exit> {
    Baseline::open(&run.file, &library.vectors).map_err(|why| complain(Exit::Usage, &why))
}

impl Run {
    /// The result: of a report, or of a run that is played now.
    fn result(&self, library: &Library) -> Result<RunResult, Exit> {
        if let Some(path) = &self.from {
            return bundle::result(path).map_err(|why| complain(Exit::Usage, &why));
        }
        let cases = self.selection.cases(library)?;
        let plan = Plan {
            url: self.selection.url(),
            stages: &[cases.iter().collect()],
            deadline: DEADLINE,
            fail_fast: false,
            record: false,
            verbose: false,
        };
        Ok(self.meeting.play(&plan, library)?.result)
    }
}
