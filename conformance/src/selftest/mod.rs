//! The suite judged by servers that are known to be wrong: which case catches which fault, and what peers pass that
//! understand nothing.
//!
//! It plays live cases against the control server, once without a fault, once with each, and against the null peers.
//! A case that nothing fails proves nothing, and neither does a run that a null peer passes. What a case fails by is
//! what it saw itself, not what another case of the run saw.

pub mod document;
mod excuses;
mod matrix;
pub mod page;
pub mod report;
mod spawned;
mod touchstones;
mod trial;

use std::{collections::BTreeMap, fmt, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use crate::{
    canary::Places,
    control::{self, Fault, Faults, NullPeer, Running, fault},
    peer::Target,
    preflight::{self, Wishes},
    requirement::Requirements,
    result::{CaseResult, RunResult, Suite, Verdict},
    run::{AFTERMATH, Settings, Watcher, run},
    scenario::{Capability, Case, Vectors},
};

pub use excuses::NULL_PASSES;
pub use matrix::{Matrix, Told};
pub use touchstones::TOUCHSTONES;
pub use trial::{Subject, Trial};

use trial::fails;

/// How cases are played on a subject.
#[derive(Debug, Clone, Copy)]
struct Manner {
    /// How long a step waits.
    patience: Duration,
    /// Cases at a time.
    jobs: usize,
}

/// A server with a fault answers in milliseconds or never; what is silent so long is tried again.
const FAULTY: Manner = Manner {
    patience: Duration::from_secs(2),
    jobs: 6,
};
/// However busy the machine is, a right server is not accused.
const PATIENT: Manner = Manner {
    patience: Duration::from_secs(10),
    jobs: 4,
};
/// A null peer answers at once or never, and most cases only wait.
const NULL: Manner = Manner {
    patience: Duration::from_millis(300),
    jobs: 12,
};
/// How long one subject's cases may take. A silent peer lets every step wait.
const DEADLINE: Duration = Duration::from_secs(300);
/// How long the preflight and the look afterwards may take besides.
const GRACE: Duration = Duration::from_secs(20);

/// Which cases a fault meets besides those of its requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Others {
    /// The [`TOUCHSTONES`].
    Touchstones,
    /// This of so many shares of all cases, counted from 1: as many runs as there are shares make the full matrix.
    Share(usize, usize),
    /// Those that decide a requirement of these areas, such as cases that were just added.
    Areas(Vec<String>),
    /// All.
    All,
}

/// What to try.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Subjects by their names, or faults by their requirements; all where there is none.
    pub subjects: Vec<String>,
    /// Which cases each fault meets besides those of its requirement.
    pub others: Others,
    /// Subjects at a time.
    pub at_a_time: usize,
    /// Which suite this is.
    pub suite: Suite,
    /// The suite's own program: the control server as a process that can be killed.
    pub program: PathBuf,
}

/// Tries every subject of the plan; `told` hears of each that is done.
pub async fn selftest(
    vectors: &Arc<Vectors>,
    requirements: &Requirements,
    plan: &Plan,
    mut told: impl FnMut(&Trial),
) -> Matrix {
    let nulls = NullPeer::ALL.into_iter().map(Subject::Null);
    let faults = fault::catalogue().map(Subject::Fault);
    let subjects = std::iter::once(Subject::Faultless)
        .chain(nulls)
        .chain(faults);
    let wanted = |subject: &Subject| {
        plan.subjects.is_empty() || plan.subjects.iter().any(|name| subject.is_called(name))
    };
    let mut subjects: Vec<(usize, Subject)> = subjects.filter(wanted).enumerate().collect();
    // Who takes longest begins first.
    subjects.sort_by_key(|(_, subject)| !takes_long(*subject, vectors));
    let mut trials: Vec<(usize, Trial)> = Vec::new();
    let tried = stream::iter(subjects)
        .map(|(place, subject)| async move { (place, attempt(subject, vectors, plan).await) });
    let mut tried = std::pin::pin!(tried.buffer_unordered(plan.at_a_time.max(1)));
    while let Some((place, trial)) = tried.next().await {
        told(&trial);
        trials.push((place, trial));
    }
    trials.sort_by_key(|(place, _)| *place);
    let trials = trials.into_iter().map(|(_, trial)| trial).collect();
    Matrix::new(trials, vectors, requirements, plan)
}

/// Plays the subject's cases on it.
async fn attempt(subject: Subject, vectors: &Arc<Vectors>, plan: &Plan) -> Trial {
    let manner = match subject {
        Subject::Faultless => PATIENT,
        Subject::Fault(_) => FAULTY,
        Subject::Null(_) => NULL,
    };
    let numbered = vectors.cases.iter().enumerate();
    let meets = |place: usize, case: &Case| match subject {
        Subject::Fault(fault) => is_about(case, fault) || plan.others.include(place, case),
        Subject::Faultless | Subject::Null(_) => true,
    };
    let cases: Vec<&Case> = numbered
        .filter(|(place, case)| meets(*place, case))
        .map(|(_, case)| case)
        .collect();
    let mut trial = serve_and_play(subject, manner, &cases, vectors, plan).await;
    confirm(&mut trial, vectors, plan).await;
    trial
}

/// Plays once more, on a fresh server and with all patience, what may be the load's doing or another case's, and not
/// the subject's: failures without a fault, failures of unrelated cases, and a kill that is but a silence.
async fn confirm(trial: &mut Trial, vectors: &Arc<Vectors>, plan: &Plan) {
    let fault = match trial.subject {
        Subject::Null(_) => return,
        Subject::Faultless => None,
        Subject::Fault(fault) => Some(fault),
    };
    let failed = |case: &&Case| {
        trial
            .verdicts
            .get(&case.id)
            .is_some_and(|verdict| fails(*verdict))
    };
    let is_own = |case: &&Case| fault.is_some_and(|fault| is_about(case, fault));
    let (killers, others): (Vec<&Case>, Vec<&Case>) = vectors
        .cases
        .iter()
        .filter(|case| failed(case) || trial.implicated.contains(&case.id))
        .partition(is_own);
    if fault.is_none_or(|fault| fault.spreads.is_none()) {
        try_again(trial, &others, vectors, plan).await;
    }
    let is_silent = |case: &&Case| trial.verdicts.get(&case.id) == Some(&Verdict::Timeout);
    if killers
        .iter()
        .all(|case| is_silent(case) || !failed_by_itself(trial, case))
    {
        // One that is silent again is enough.
        for case in killers {
            if failed_by_itself(trial, case) {
                try_again(trial, &[case], vectors, plan).await;
                if failed_by_itself(trial, case) {
                    return;
                }
            }
        }
    }
}

fn failed_by_itself(trial: &Trial, case: &Case) -> bool {
    trial.failed().any(|id| id == case.id)
}

/// Takes the failures back that do not come again.
async fn try_again(trial: &mut Trial, cases: &[&Case], vectors: &Arc<Vectors>, plan: &Plan) {
    if cases.is_empty() {
        return;
    }
    let again = serve_and_play(trial.subject, PATIENT, cases, vectors, plan).await;
    for case in cases {
        let fails_again = failed_by_itself(&again, case) || again.implicated.contains(&case.id);
        if !fails_again && again.unready.is_none() {
            trial.acquit(&case.id);
        }
    }
}

/// Plays the cases on the subject: those that kill their server or read its files on a process, the others here.
async fn serve_and_play(
    subject: Subject,
    manner: Manner,
    cases: &[&Case],
    vectors: &Arc<Vectors>,
    plan: &Plan,
) -> Trial {
    let (apart, here): (Vec<&Case>, Vec<&Case>) =
        cases.iter().partition(|case| spawned::is_apart(case));
    let on_process = spawned::attempt(subject, manner, &apart, vectors, plan);
    let in_process = serve_here(subject, manner, &here, vectors, plan);
    match subject {
        Subject::Fault(fault) if fault.is_spawned => on_process.await,
        Subject::Fault(_) => in_process.await,
        Subject::Faultless | Subject::Null(_) if apart.is_empty() => in_process.await,
        Subject::Faultless | Subject::Null(_) if here.is_empty() => on_process.await,
        Subject::Faultless | Subject::Null(_) => {
            let (here, apart) = tokio::join!(in_process, on_process);
            here.and(apart)
        }
    }
}

/// Starts the subject in this process, plays the cases on it, and ends it.
async fn serve_here(
    subject: Subject,
    manner: Manner,
    cases: &[&Case],
    vectors: &Arc<Vectors>,
    plan: &Plan,
) -> Trial {
    let started = match subject {
        Subject::Faultless => control::start(Faults::none()).await,
        Subject::Fault(fault) => {
            control::start(Faults::of(&[fault.id]).expect("it stands in the catalogue")).await
        }
        Subject::Null(peer) => control::start_null(0, peer).await,
    };
    let Ok(running) = started else {
        // No port: that shows nothing of the suite.
        return Trial::endless(subject);
    };
    let playing = play(subject, manner, &running, cases, vectors, plan);
    // A server that answers nobody must not hold the others up; what did not end has caught nothing.
    let trial = timeout(DEADLINE + GRACE, playing).await;
    running.shutdown().await;
    trial.unwrap_or_else(|_| Trial::endless(subject))
}

async fn play(
    subject: Subject,
    manner: Manner,
    running: &Running,
    cases: &[&Case],
    vectors: &Arc<Vectors>,
    plan: &Plan,
) -> Trial {
    let target = Target::parse(&running.url).expect("an address of ours");
    let wishes = Wishes {
        patience: manner.patience,
        wait_ready: Duration::ZERO,
        authority: None,
        trace: false,
        record: false,
    };
    let ready = match preflight::ready(target, &wishes, vectors).await {
        Ok(ready) => ready,
        Err(unready) => return Trial::unready(subject, unready.to_string()),
    };
    let settings = Settings {
        jobs: manner.jobs,
        deadline: DEADLINE,
        fail_fast: false,
        without: Vec::new(),
        trace: false,
        url: Some(running.url.clone()),
        suite: plan.suite.clone(),
        spawner: None,
        places: Places::default(),
    };
    let mut alone = Alone::default();
    let never = std::future::pending();
    let result = run(ready, cases, vectors, &settings, &mut alone, never).await;
    alone.trial(subject, cases, &result)
}

impl Others {
    /// Whether a case is among them; `place` is its place among all.
    fn include(&self, place: usize, case: &Case) -> bool {
        match self {
            Self::Touchstones => TOUCHSTONES.contains(&case.id.as_str()),
            Self::Share(share, of) => place % of + 1 == *share,
            Self::Areas(areas) => case.requirements.iter().any(|id| {
                let area = id.rsplit_once('-').map_or(&**id, |(area, _)| area);
                areas.iter().any(|wanted| wanted == area)
            }),
            Self::All => true,
        }
    }
}

impl FromStr for Others {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse::<usize>().ok();
        let numbers = text
            .split_once('/')
            .map(|(share, of)| (number(share), number(of)));
        match numbers {
            Some((Some(share), Some(of))) if (1..=of).contains(&share) => {
                Ok(Self::Share(share, of))
            }
            _ => Err("a share is a number, `/`, and the number of all shares: 2/9".into()),
        }
    }
}

impl fmt::Display for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Touchstones => f.write_str("its own cases and the touchstones"),
            Self::Share(share, of) => {
                write!(f, "its own cases and share {share} of {of} of the others")
            }
            Self::Areas(areas) => write!(f, "its own cases and those of {}", areas.join(", ")),
            Self::All => f.write_str("every case"),
        }
    }
}

/// Whether all cases are played on it, or some of its own one after the other.
fn takes_long(subject: Subject, vectors: &Vectors) -> bool {
    let alone = |case: &&Case| case.needs(Capability::Exclusive);
    match subject {
        Subject::Faultless | Subject::Null(_) => true,
        Subject::Fault(fault) => {
            let mut alone = vectors.cases.iter().filter(alone);
            alone.any(|case| is_about(case, fault))
        }
    }
}

fn is_about(case: &Case, fault: &Fault) -> bool {
    case.requirements.iter().any(|id| id == fault.requirement())
}

/// Takes down each case's verdict when it ends, before what other cases saw is held against it.
#[derive(Debug, Default)]
struct Alone(BTreeMap<String, Verdict>);

impl Watcher for Alone {
    fn begins(&mut self, _: &Case) {}

    fn ends(&mut self, result: &CaseResult) {
        self.0.insert(result.id.clone(), result.verdict);
    }
}

impl Alone {
    fn trial(mut self, subject: Subject, cases: &[&Case], result: &RunResult) -> Trial {
        let searched = cases.iter().filter(|case| is_searched(case));
        for case in searched {
            let judged = result.cases.iter().find(|judged| judged.id == case.id);
            if let Some(judged) = judged.filter(|judged| !is_of_another(judged)) {
                self.0.insert(judged.id.clone(), judged.verdict);
            }
        }
        Trial::of(subject, self.0, result)
    }
}

/// Whether a case is failed by what the server of another one left behind.
fn is_of_another(judged: &CaseResult) -> bool {
    let came = judged.failure.as_ref().map(|failure| &failure.came);
    came.is_some_and(|came| {
        came.contains(AFTERMATH)
            && !came.starts_with(&format!("in {AFTERMATH}"))
            && !came.starts_with(&format!("in {} {AFTERMATH}", judged.id))
    })
}

/// Whether a case sees by a search of the server's files, its log and its refusals, when all cases are over.
fn is_searched(case: &Case) -> bool {
    case.needs(Capability::DataDir)
        || case.needs(Capability::ServerLog)
        || case.requirements.iter().any(|id| id == "ERR-4")
}

#[cfg(test)]
mod tests;
