//! `learn`: walks someone who writes a server from step to step.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::{
    Library, complain,
    run::exit,
    session::{Meeting, Plan, Played},
};
use crate::{
    exit::Exit,
    learn::Course,
    report::{
        Report,
        lesson::{Book, Standing},
    },
    scenario::Case,
    story::visible::visible,
};

/// How long all steps may take.
const DEADLINE: Duration = Duration::from_secs(600);

pub const HELP: &str = "Without a server it shows the whole way. The steps are played in their order, up to the first that is not whole; nothing is \
kept between two calls.

Exit codes: 0 every step is whole, 1 one is not, 2 usage, configuration or vectors, 3 no server there, 4 the suite failed, 130 interrupted";

#[derive(Debug, Args)]
pub struct Arguments {
    /// The server, such as ws://127.0.0.1:7311
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// Show the whole way
    #[arg(long, conflicts_with_all = ["url", "step", "from", "spawn"])]
    list: bool,
    /// Play this step alone; without a server show it, with everything that is needed to build it
    #[arg(long, value_name = "STEP", conflicts_with = "from")]
    step: Option<String>,
    /// Begin with this step: those before it are not played again
    #[arg(long, value_name = "STEP")]
    from: Option<String>,
    #[command(flatten)]
    meeting: Meeting,
}

pub fn execute(
    arguments: &Arguments,
    vectors: Option<&PathBuf>,
    library: &Library,
) -> Result<Exit, Exit> {
    let course = Course::read().map_err(|why| complain(Exit::Harness, &why))?;
    let book = Book {
        course: &course,
        corpus: &library.corpus,
        requirements: &library.requirements,
        vectors: &library.vectors,
    };
    let step = place(&course, arguments.step.as_deref())?;
    let from = place(&course, arguments.from.as_deref())?;
    let url = arguments.url.as_deref();
    if url.is_none() && !arguments.meeting.spawns() {
        if from.is_some() {
            return Err(complain(
                Exit::Usage,
                "--from plays steps against a server: give its URL, such as ws://127.0.0.1:7311",
            ));
        }
        let text = step.map_or_else(|| book.way(), |step| book.step(step));
        anstream::print!("{text}");
        return Ok(Exit::Conformant);
    }
    let (from, to) = match step {
        Some(step) => (step, step + 1),
        None => (from.unwrap_or_default(), course.steps.len()),
    };
    let stages: Vec<Vec<&Case>> = course.steps[from..to]
        .iter()
        .map(|lesson| lesson.cases(&library.vectors))
        .collect();
    let plan = Plan {
        url,
        stages: &stages,
        deadline: DEADLINE,
        fail_fast: true,
        record: false,
        verbose: false,
    };
    let Played { result, .. } = arguments
        .meeting
        .play(&plan, library)
        .inspect_err(|exit| hint(*exit))?;
    let call = arguments.meeting.call(url, vectors);
    let report = Report {
        result: &result,
        requirements: &library.requirements,
        call: &call,
        transcripts: &super::run::NO_TRANSCRIPTS,
    };
    let standing = Standing {
        report,
        from,
        to,
        server: &call.server(),
    };
    anstream::print!("{}", book.standing(standing));
    Ok(exit(&result))
}

/// The place of a step that the command line names.
fn place(course: &Course, name: Option<&str>) -> Result<Option<usize>, Exit> {
    let Some(name) = name else {
        return Ok(None);
    };
    let place = course.place(name).ok_or_else(|| {
        let near = course.steps.iter().map(|lesson| lesson.id.as_str());
        let near = near.max_by(|one, other| {
            strsim::jaro_winkler(one, name).total_cmp(&strsim::jaro_winkler(other, name))
        });
        let why = format!(
            "`{name}` is no step: give a number from 1 to {}, or a name such as {}; --list shows them",
            course.steps.len(),
            near.unwrap_or_default()
        );
        complain(Exit::Usage, &why)
    })?;
    Ok(Some(place))
}

/// What someone without a server, or with one of another kind, does first.
fn hint(exit: Exit) {
    if exit == Exit::Unreachable {
        let text = "this is before step 1: `dispatch-conformance learn --step 1` says what to answer there, and how to begin";
        anstream::eprintln!("{}", visible(text));
    }
}
