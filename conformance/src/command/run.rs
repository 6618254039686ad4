//! `run`: plays cases against a server, and reports.

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;

use super::{
    Library, complain,
    session::{DEADLINE, Meeting, Plan, Played},
};
use crate::{
    baseline::Baseline,
    exit::Exit,
    report::{Report, Wanted, terminal},
    requirement::Level,
    result::{RunResult, Verdict},
    scenario::{Case, Transport},
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
    /// What carries the cases: ws, poll (requests and long-polling), sse (requests and server-sent events), or all; several with
    /// commas. Cases about a socket's own frames, opening and end are played over ws alone
    #[arg(long, value_name = "TRANSPORT,...", value_delimiter = ',', default_value = "ws", value_parser = carriers)]
    transport: Vec<Carriers>,
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

    /// The cases, each over each transport that is wanted and that it means something on.
    ///
    /// # Errors
    /// If there are none; why was said already.
    pub fn cases(&self, library: &Library) -> Result<Vec<Case>, Exit> {
        let (named, plain): (Vec<&String>, Vec<&String>) = self
            .parts()
            .1
            .iter()
            .partition(|selector| Transport::split(selector).is_some());
        let plain: Vec<String> = plain.into_iter().cloned().collect();
        let mut cases = Vec::new();
        if named.is_empty() || !plain.is_empty() {
            for transport in self.transports() {
                let carried = self.carried(&plain, transport, library)?;
                cases.extend(anew(&cases, carried));
            }
        }
        for (selector, transport) in named
            .into_iter()
            .filter_map(|selector| Transport::split(selector))
        {
            let carried = self.carried(&[selector.to_owned()], transport, library)?;
            if carried.is_empty() {
                let why = format!(
                    "`{selector}` means something on a socket alone: leave `@{}` out",
                    transport.name()
                );
                return Err(complain(Exit::Usage, &why));
            }
            cases.extend(anew(&cases, carried));
        }
        if cases.is_empty() {
            return Err(complain(Exit::Usage, "there are no cases to play"));
        }
        Ok(cases)
    }

    fn carried(
        &self,
        selectors: &[String],
        transport: Transport,
        library: &Library,
    ) -> Result<Vec<Case>, Exit> {
        let selected = selector::select(
            selectors,
            self.level,
            &library.vectors,
            &library.requirements,
        );
        match selected {
            Ok(cases) => Ok(cases
                .into_iter()
                .filter_map(|case| case.over(transport))
                .collect()),
            Err(nothing) => Err(complain(Exit::Usage, &nothing.to_string())),
        }
    }

    /// What is to carry the cases.
    fn transports(&self) -> Vec<Transport> {
        let mut wanted: Vec<Transport> = self
            .transport
            .iter()
            .flat_map(|carriers| carriers.0.clone())
            .collect();
        wanted.sort();
        wanted.dedup();
        wanted
    }
}

/// Those of these cases that are not among the others.
fn anew(cases: &[Case], carried: Vec<Case>) -> Vec<Case> {
    let is_new = |case: &Case| cases.iter().all(|other| other.id != case.id);
    carried.into_iter().filter(is_new).collect()
}

/// The transports of a word.
#[derive(Debug, Clone)]
struct Carriers(Vec<Transport>);

fn carriers(word: &str) -> Result<Carriers, String> {
    match (word, Transport::named(word)) {
        ("all", _) => Ok(Carriers(Transport::ALL.to_vec())),
        (_, Some(transport)) => Ok(Carriers(vec![transport])),
        _ => Err("ws, poll, sse or all".to_owned()),
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
    let cases = arguments.selection.cases(library)?;
    let plan = Plan {
        url: arguments.selection.url(),
        stages: &[cases.iter().collect()],
        deadline: DEADLINE,
        fail_fast: arguments.fail_fast,
        record: arguments.report.iter().any(Wanted::needs_transcripts),
        verbose: arguments.verbose,
    };
    let Played {
        mut result,
        transcripts,
    } = arguments.meeting.play(&plan, library)?;
    let left = cases.len().saturating_sub(result.cases.len());
    if arguments.fail_fast && left > 0 {
        result.notes.push(format!(
            "stopped at the first failure: {left} cases were not played"
        ));
    }
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
