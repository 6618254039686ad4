//! `replay BUNDLE#CASE`: plays a case of a bundle again, and says whether it is as it was.

use std::path::PathBuf;

use clap::Args;
use owo_colors::{OwoColorize, Style};

use super::{
    Library, complain,
    run::NO_TRANSCRIPTS,
    session::{DEADLINE, Meeting, Plan},
};
use crate::{
    bundle::Bundle,
    exit::Exit,
    report::{Report, terminal},
    result::{CaseResult, Verdict},
};

#[derive(Debug, Args)]
pub struct Arguments {
    /// A bundle's file and one of its cases
    #[arg(value_name = "BUNDLE#CASE")]
    what: String,
    /// Another server than the bundle's
    url: Option<String>,
    #[command(flatten)]
    meeting: Meeting,
}

pub fn execute(
    arguments: &Arguments,
    vectors: Option<&PathBuf>,
    library: &Library,
) -> Result<Exit, Exit> {
    let usage = |why: &str| complain(Exit::Usage, why);
    let (path, id) = arguments
        .what
        .rsplit_once('#')
        .ok_or_else(|| usage("give a bundle and a case, such as run.bundle#join-welcomed"))?;
    let bundle = Bundle::open(&PathBuf::from(path)).map_err(|why| usage(&why))?;
    let was = bundle.result.cases.iter().find(|case| case.id == id);
    let was = was.ok_or_else(|| usage(&format!("{path} holds no case `{id}`")))?;
    let case = library.vectors.played(id);
    let case = case.ok_or_else(|| usage(&format!("these vectors have no case `{id}` any more")))?;
    if bundle.result.suite.vectors != library.corpus.vectors_hash() {
        anstream::println!(
            "note: the bundle's vectors are others than these; the case may have changed"
        );
    }
    let there = bundle.result.server.url.as_deref();
    let url = arguments
        .url
        .as_deref()
        .or(there.filter(|_| !arguments.meeting.spawns()));
    let plan = Plan {
        url,
        stages: &[vec![&case]],
        deadline: DEADLINE,
        fail_fast: false,
        record: false,
        verbose: false,
    };
    let played = arguments
        .meeting
        .play(&plan, library)
        .inspect_err(|_| tell("ERROR", id, "the case could not be played"))?;
    let call = arguments.meeting.call(url, vectors);
    let report = Report {
        result: &played.result,
        requirements: &library.requirements,
        call: &call,
        transcripts: &NO_TRANSCRIPTS,
    };
    let Some(now) = played.result.cases.first() else {
        tell("ERROR", id, "interrupted");
        return Ok(Exit::Interrupted);
    };
    if now.verdict.counts_as_failure() {
        anstream::print!("{}", terminal::render(report));
    }
    let (word, exit) = outcome(was, now);
    let name = |case: &CaseResult| case.verdict.name();
    tell(
        word,
        id,
        &format!("it was {}, and is {}", name(was), name(now)),
    );
    Ok(exit)
}

/// What is said of a case that was and is.
fn outcome(was: &CaseResult, now: &CaseResult) -> (&'static str, Exit) {
    let held =
        |case: &CaseResult| matches!(case.verdict, Verdict::Pass | Verdict::Warn | Verdict::Xpass);
    match now.verdict {
        Verdict::HarnessError => ("ERROR", Exit::Harness),
        Verdict::Untestable | Verdict::Unsupported => ("ERROR", Exit::Usage),
        _ if !held(now) => ("FAILED", Exit::Nonconformant),
        _ if held(was) => ("PASSED", Exit::Conformant),
        _ => ("FIXED", Exit::Conformant),
    }
}

fn tell(word: &str, id: &str, why: &str) {
    let style = match word {
        "FIXED" | "PASSED" => Style::new().green(),
        _ => Style::new().red(),
    };
    anstream::println!("{} {}  {why}", word.style(style), id.bold());
}
