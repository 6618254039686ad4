//! `run`: plays cases against a server, and reports.

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;

use super::{
    Library, complain,
    session::{Meeting, Plan, Played},
};
use crate::{
    baseline::Baseline,
    exit::Exit,
    report::{Report, Wanted, terminal},
    requirement::Level,
    result::{RunResult, Verdict},
    scenario::Case,
    selector,
    transcript::Transcript,
};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    meeting: Meeting,
    /// Expect the failures of this file, and no others; see `baseline write`
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Stop at the first failure
    #[arg(long)]
    fail_fast: bool,
    /// Write a report; may be repeated. Formats: json, junit, tap, html, md, badge (SVG), bundle
    #[arg(long, value_name = "FORMAT=PATH")]
    report: Vec<Wanted>,
    /// A line for each case
    #[arg(long, short)]
    verbose: bool,
}

/// Which server, and which cases.
#[derive(Debug, Args)]
pub struct Selection {
    /// The server, such as ws://127.0.0.1:7311 (without one, the embedded reference), and what to play: cases, requirements, areas
    /// such as JOIN, or patterns with * and ?
    #[arg(value_name = "URL | SELECTOR")]
    arguments: Vec<String>,
    /// Only cases of at least this level: MUST, SHOULD or MAY
    #[arg(long)]
    level: Option<Level>,
}

impl Selection {
    /// The server's URL, and the selectors.
    fn parts(&self) -> (Option<&str>, &[String]) {
        match self.arguments.split_first() {
            Some((first, rest)) if first.contains("://") => (Some(first), rest),
            _ => (None, &self.arguments),
        }
    }

    /// The server's URL; the embedded reference without one.
    pub fn url(&self) -> Option<&str> {
        self.parts().0
    }

    /// The cases.
    ///
    /// # Errors
    /// If there are none; why was said already.
    pub fn cases<'a>(&self, library: &'a Library) -> Result<Vec<&'a Case>, Exit> {
        let selected = selector::select(
            self.parts().1,
            self.level,
            &library.vectors,
            &library.requirements,
        );
        match selected {
            Ok(cases) if cases.is_empty() => {
                Err(complain(Exit::Usage, "there are no cases to play"))
            }
            Ok(cases) => Ok(cases),
            Err(nothing) => Err(complain(Exit::Usage, &nothing.to_string())),
        }
    }
}

pub fn execute(
    arguments: &Arguments,
    vectors: Option<&PathBuf>,
    library: &Library,
) -> Result<Exit, Exit> {
    let baseline = arguments
        .baseline
        .as_ref()
        .map(|path| Baseline::open(path, &library.vectors))
        .transpose()
        .map_err(|why| complain(Exit::Usage, &why))?;
    let plan = Plan {
        url: arguments.selection.url(),
        cases: &arguments.selection.cases(library)?,
        fail_fast: arguments.fail_fast,
        record: arguments.report.iter().any(Wanted::needs_transcripts),
        verbose: arguments.verbose,
    };
    let Played {
        mut result,
        transcripts,
    } = arguments.meeting.play(&plan, library)?;
    if let Some(baseline) = &baseline {
        baseline.apply(&mut result);
    }
    let call = arguments.meeting.call(plan.url, vectors);
    let report = Report {
        result: &result,
        requirements: &library.requirements,
        call: &call,
        transcripts: &transcripts,
    };
    anstream::print!("{}", terminal::render(report));
    for wanted in &arguments.report {
        wanted.write(report).map_err(|why| {
            complain(
                Exit::Usage,
                &format!("the report could not be written: {why}"),
            )
        })?;
    }
    Ok(exit(&result))
}

/// What a run says to its caller.
pub fn exit(result: &RunResult) -> Exit {
    if result.interrupted {
        Exit::Interrupted
    } else if result.count(Verdict::HarnessError) > 0 {
        Exit::Harness
    } else if result.failed() > 0 || result.cases.is_empty() {
        Exit::Nonconformant
    } else if result.count(Verdict::Xpass) > 0 {
        Exit::Drift
    } else {
        Exit::Conformant
    }
}

/// No transcripts, for reports that need none.
pub static NO_TRANSCRIPTS: BTreeMap<String, Transcript> = BTreeMap::new();
