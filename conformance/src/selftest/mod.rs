//! The suite judged by servers that are known to be wrong: which case catches which fault, and what peers pass that
//! understand nothing.
//!
//! It plays live cases against the control server, once without a fault, once with each, and against the null peers.
//! A case that nothing fails proves nothing, and neither does a run that a null peer passes.

mod matrix;
pub mod report;
mod spawned;

use std::{path::PathBuf, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use crate::{
    canary::Places,
    control::{self, Faults, NullPeer, Running, fault},
    peer::Target,
    preflight::{self, Wishes},
    result::CaseResult,
    run::{Settings, Watcher, run},
    scenario::{Case, Vectors},
};

pub use matrix::{Matrix, NULL_PASSES, Subject, Trial};

/// How long a step waits for a server with a fault, which answers in milliseconds or never.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a step waits for the faultless server, however busy the machine is.
const FAULTLESS_PATIENCE: Duration = Duration::from_secs(10);
/// How long a step waits for a null peer, which answers at once or never.
const NULL_PATIENCE: Duration = Duration::from_millis(300);
/// How long one subject's cases may take. A silent peer lets every step wait.
const DEADLINE: Duration = Duration::from_secs(100);
/// How long the preflight and the look afterwards may take besides.
const GRACE: Duration = Duration::from_secs(20);
/// Cases at a time on one subject.
const JOBS: usize = 4;
/// Cases at a time on a null peer: most of them only wait.
const NULL_JOBS: usize = 12;

/// What to try.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Subjects by their names, or faults by their requirements; all where there is none.
    pub subjects: Vec<String>,
    /// Whether each fault meets every case, and not those of its requirement alone.
    pub full: bool,
    /// Subjects at a time.
    pub at_a_time: usize,
    /// SHA-256 over the vectors.
    pub vectors_hash: String,
    /// The suite's own program: the control server as a process that can be killed.
    pub program: PathBuf,
}

/// Tries every subject of the plan; `told` hears of each that is done.
pub async fn selftest(vectors: &Arc<Vectors>, plan: &Plan, mut told: impl FnMut(&Trial)) -> Matrix {
    let nulls = NullPeer::ALL.into_iter().map(Subject::Null);
    let faults = fault::catalogue().map(Subject::Fault);
    let subjects = std::iter::once(Subject::Faultless)
        .chain(nulls)
        .chain(faults);
    let wanted = |subject: &Subject| {
        plan.subjects.is_empty() || plan.subjects.iter().any(|name| subject.is_called(name))
    };
    let subjects: Vec<Subject> = subjects.filter(wanted).collect();
    let mut trials: Vec<(usize, Trial)> = Vec::new();
    let tried = stream::iter(subjects.into_iter().enumerate())
        .map(|(place, subject)| async move { (place, attempt(subject, vectors, plan).await) });
    let mut tried = std::pin::pin!(tried.buffer_unordered(plan.at_a_time.max(1)));
    while let Some((place, trial)) = tried.next().await {
        told(&trial);
        trials.push((place, trial));
    }
    trials.sort_by_key(|(place, _)| *place);
    let trials = trials.into_iter().map(|(_, trial)| trial).collect();
    Matrix::new(trials, vectors, plan)
}

/// Plays the subject's cases on it.
async fn attempt(subject: Subject, vectors: &Arc<Vectors>, plan: &Plan) -> Trial {
    let own = |case: &&Case| match subject {
        Subject::Fault(fault) => {
            plan.full || case.requirements.iter().any(|id| id == fault.requirement())
        }
        Subject::Faultless | Subject::Null(_) => true,
    };
    let cases = vectors.cases.iter().filter(own);
    let (apart, here): (Vec<&Case>, Vec<&Case>) = cases.partition(|case| spawned::is_apart(case));
    match subject {
        Subject::Fault(fault) if fault.is_spawned => {
            spawned::attempt(subject, &apart, vectors, plan).await
        }
        Subject::Fault(_) => attempt_here(subject, &here, vectors, plan).await,
        Subject::Faultless | Subject::Null(_) => {
            let (here, apart) = tokio::join!(
                attempt_here(subject, &here, vectors, plan),
                spawned::attempt(subject, &apart, vectors, plan)
            );
            here.and(apart)
        }
    }
}

/// Plays cases on a server in this process.
async fn attempt_here(
    subject: Subject,
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
    let running = match started {
        Ok(running) => running,
        Err(error) => return Trial::unready(subject, format!("no port: {error}")),
    };
    let playing = play(subject, &running, cases, vectors, plan);
    // A server that answers nobody must not hold the others up; what did not end has caught nothing.
    let trial = timeout(DEADLINE + GRACE, playing).await;
    running.shutdown().await;
    trial.unwrap_or_else(|_| Trial::endless(subject))
}

async fn play(
    subject: Subject,
    running: &Running,
    cases: &[&Case],
    vectors: &Arc<Vectors>,
    plan: &Plan,
) -> Trial {
    let target = Target::parse(&running.url).expect("an address of ours");
    let wishes = Wishes {
        patience: patience(subject),
        wait_ready: Duration::ZERO,
        authority: None,
        trace: false,
    };
    let ready = match preflight::ready(target, &wishes, vectors).await {
        Ok(ready) => ready,
        Err(unready) => return Trial::unready(subject, unready.to_string()),
    };
    let settings = Settings {
        jobs: jobs(subject),
        deadline: DEADLINE,
        fail_fast: false,
        without: Vec::new(),
        trace: false,
        url: Some(running.url.clone()),
        vectors_hash: plan.vectors_hash.clone(),
        spawner: None,
        places: Places::default(),
    };
    let never = std::future::pending();
    let result = run(ready, cases, vectors, &settings, &mut Unwatched, never).await;
    Trial::of(subject, &result)
}

fn patience(subject: Subject) -> Duration {
    match subject {
        Subject::Null(_) => NULL_PATIENCE,
        Subject::Fault(_) => PATIENCE,
        Subject::Faultless => FAULTLESS_PATIENCE,
    }
}

fn jobs(subject: Subject) -> usize {
    match subject {
        Subject::Null(_) => NULL_JOBS,
        Subject::Fault(_) | Subject::Faultless => JOBS,
    }
}

/// Nobody is told of single cases.
struct Unwatched;

impl Watcher for Unwatched {
    fn begins(&mut self, _: &Case) {}
    fn ends(&mut self, _: &CaseResult) {}
}

#[cfg(test)]
mod tests;
