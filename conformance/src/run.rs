//! Plays the selected cases on a server: as many at a time as accounts and `--jobs` allow, each with accounts of its own.

mod aftermath;
mod hindrance;
mod one;
mod own;

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use tokio::task::JoinSet;

use crate::{
    accounts::{Lease, Pool},
    canary::Places,
    peer::{Server, server::now},
    preflight::Ready,
    result::{CaseResult, Finding, RunResult, Subject, Suite, Verdict},
    scenario::{Capability, Case, Transport, Vectors, step::Verb},
    spawn::Spawner,
};
pub use aftermath::{AFTERMATH, audit};
use one::Played;

/// How to run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many cases at a time, beside those that wait for a moment; with 1, one after the other.
    pub jobs: usize,
    /// How long the whole run may take.
    pub deadline: Duration,
    /// Whether the first failure ends it.
    pub fail_fast: bool,
    /// Capabilities that were declared absent.
    pub without: Vec<Capability>,
    /// Whether everything sent and received goes to standard error.
    pub trace: bool,
    /// The server's URL, as it was given.
    pub url: Option<String>,
    /// Which suite this is.
    pub suite: Suite,
    /// Makes servers for the cases that kill theirs.
    pub spawner: Option<Spawner>,
    /// Where a server writes that the suite did not start.
    pub places: Places,
}

/// Who is told how a run goes.
pub trait Watcher {
    /// A case begins.
    fn begins(&mut self, case: &Case);
    /// A case has ended.
    fn ends(&mut self, result: &CaseResult);
}

/// Plays cases. Ends early, with what there is, when `interrupted` does.
pub async fn run(
    ready: Ready,
    cases: &[&Case],
    vectors: &Arc<Vectors>,
    settings: &Settings,
    watcher: &mut dyn Watcher,
    interrupted: impl Future<Output = ()>,
) -> RunResult {
    let stages = [cases.to_vec()];
    run_in_turn(ready, &stages, vectors, settings, watcher, interrupted).await
}

/// Plays cases stage after stage, as [`run`] does those of one. A stage begins once no case of those before it has failed.
pub async fn run_in_turn(
    ready: Ready,
    stages: &[Vec<&Case>],
    vectors: &Arc<Vectors>,
    settings: &Settings,
    watcher: &mut dyn Watcher,
    interrupted: impl Future<Output = ()>,
) -> RunResult {
    let cases = &stages.concat();
    let begun = Instant::now();
    let Ready {
        server,
        pool,
        findings,
        notes,
        holds_authority,
    } = ready;
    let first_own_block = server.chain.have().0;
    let mut run = Run {
        server: Arc::clone(&server),
        pool,
        vectors: Arc::clone(vectors),
        settings,
        holds_authority,
        results: Vec::new(),
        findings,
        notes,
        begun,
        began_ms: now(),
        begun_at: SystemTime::now(),
        store_cases: that_need(cases, Capability::DataDir),
        own_cases: that_need(cases, Capability::Spawn),
        stopped: false,
    };
    tokio::pin!(interrupted);
    let mut was_interrupted = false;
    for stage in stages {
        was_interrupted = run.play_all(stage, watcher, &mut interrupted).await;
        if was_interrupted || run.has_failed() {
            break;
        }
    }
    if !was_interrupted {
        run.aftermath(first_own_block).await;
    }
    run.quote_the_crashed();
    run.into_result(cases, was_interrupted)
}

struct Run<'a> {
    server: Arc<Server>,
    pool: Pool,
    vectors: Arc<Vectors>,
    settings: &'a Settings,
    holds_authority: bool,
    results: Vec<CaseResult>,
    findings: Vec<Finding>,
    notes: Vec<String>,
    begun: Instant,
    began_ms: u64,
    begun_at: SystemTime,
    /// The cases that a search of the server's data decides.
    store_cases: Vec<String>,
    /// The cases that have a server of their own.
    own_cases: Vec<String>,
    stopped: bool,
}

impl Run<'_> {
    fn has_failed(&self) -> bool {
        let mut verdicts = self.results.iter().map(|result| result.verdict);
        verdicts.any(Verdict::counts_as_failure)
    }

    /// Plays what can be played; `true` if it was interrupted.
    async fn play_all(
        &mut self,
        cases: &[&Case],
        watcher: &mut dyn Watcher,
        interrupted: &mut (impl Future<Output = ()> + Unpin),
    ) -> bool {
        let mut waiting = self.in_order(cases, watcher);
        let mut running: JoinSet<(Played, Lease)> = JoinSet::new();
        let mut names: Vec<String> = Vec::new();
        let deadline = tokio::time::sleep_until((self.begun + self.settings.deadline).into());
        tokio::pin!(deadline);
        loop {
            if !self.stopped {
                self.begin_what_fits(&mut waiting, &mut running, &mut names, watcher);
            }
            if running.is_empty() {
                return false;
            }
            tokio::select! {
                ended = running.join_next() => {
                    let Some(ended) = ended else { return false };
                    self.take_in(ended, &mut names, cases, watcher);
                }
                () = &mut deadline => {
                    let late: Vec<&Case> = cases
                        .iter()
                        .copied()
                        .filter(|case| names.contains(&case.id) || waiting.iter().any(|other| other.id == case.id))
                        .collect();
                    for case in late {
                        let was = if names.contains(&case.id) { "was still being played" } else { "was not reached" };
                        let reason = format!("the case {was} at the run's deadline of {:?}", self.settings.deadline);
                        self.add(one::not_played(case, Verdict::Timeout, reason), watcher);
                    }
                    running.abort_all();
                    return false;
                }
                () = &mut *interrupted => {
                    running.abort_all();
                    return true;
                }
            }
        }
    }

    /// The cases that can be played: those that wait long first, those that need the server alone last.
    fn in_order<'c>(
        &mut self,
        cases: &[&'c Case],
        watcher: &mut dyn Watcher,
    ) -> VecDeque<&'c Case> {
        let mut playable = Vec::new();
        for case in cases {
            match self.hindrance(case) {
                Some((verdict, reason)) => {
                    self.add(one::not_played(case, verdict, reason), watcher)
                }
                None => playable.push(*case),
            }
        }
        playable.sort_by_key(|case| {
            let is_long = waits(case) || case.needs(Capability::Spawn);
            (case.needs(Capability::Exclusive), !is_long)
        });
        playable.into()
    }

    fn begin_what_fits(
        &mut self,
        waiting: &mut VecDeque<&Case>,
        running: &mut JoinSet<(Played, Lease)>,
        names: &mut Vec<String>,
        watcher: &mut dyn Watcher,
    ) {
        let mut place = 0;
        while place < waiting.len() {
            let case = waiting[place];
            let taken = match self.settings.jobs {
                // One after the other, for who follows them by eye.
                1 => running.len(),
                // A case that waits for a moment does nothing meanwhile: it takes no other's place.
                _ if waits(case) => 0,
                _ => self.at_work(names),
            };
            if taken >= self.settings.jobs {
                return;
            }
            if case.needs(Capability::Exclusive) && !running.is_empty() {
                return;
            }
            if let Some(spawner) = self.own_server(case) {
                waiting.remove(place);
                names.push(case.id.clone());
                watcher.begins(case);
                let (vectors, case) = (Arc::clone(&self.vectors), case.clone());
                let (patience, trace) = (self.server.patience, self.settings.trace);
                let recorder = self.server.recorder().cloned();
                running.spawn(async move {
                    let played =
                        own::play_on_own(spawner, vectors, case, patience, trace, recorder).await;
                    (played, Lease::default())
                });
                continue;
            }
            let Some(lease) = self.pool.lend(case) else {
                place += 1;
                continue;
            };
            waiting.remove(place);
            names.push(case.id.clone());
            watcher.begins(case);
            let exclusive = case.needs(Capability::Exclusive);
            running.spawn(one::play_one(
                Arc::clone(&self.server),
                Arc::clone(&self.vectors),
                case.clone(),
                lease,
                self.settings.trace,
            ));
            if exclusive {
                return;
            }
        }
    }

    /// How many of these cases are at work, and not waiting for a moment.
    fn at_work(&self, names: &[String]) -> usize {
        let rests = |name: &&String| {
            let id = Transport::split(name).map_or(name.as_str(), |(id, _)| id);
            self.vectors.case(id).is_some_and(waits)
        };
        names.len() - names.iter().filter(rests).count()
    }

    /// What makes the case's server, if it kills it.
    fn own_server(&self, case: &Case) -> Option<Spawner> {
        self.settings
            .spawner
            .clone()
            .filter(|_| case.needs(Capability::Spawn))
    }

    fn take_in(
        &mut self,
        ended: Result<(Played, Lease), tokio::task::JoinError>,
        names: &mut Vec<String>,
        cases: &[&Case],
        watcher: &mut dyn Watcher,
    ) {
        match ended {
            Ok((played, lease)) => {
                names.retain(|name| *name != played.result.id);
                self.pool.take_back(lease);
                self.findings.extend(played.findings);
                self.notes.extend(played.notes);
                self.add(played.result, watcher);
            }
            // The suite's own fault; its accounts stay lent, which only costs speed.
            Err(error) => {
                let known: Vec<&str> = self
                    .results
                    .iter()
                    .map(|result| result.id.as_str())
                    .collect();
                let lost = cases
                    .iter()
                    .find(|case| names.contains(&case.id) && !known.contains(&case.id.as_str()));
                if let Some(case) = lost {
                    names.retain(|name| *name != case.id);
                    self.add(
                        one::not_played(case, Verdict::HarnessError, error.to_string()),
                        watcher,
                    );
                }
            }
        }
    }

    fn add(&mut self, result: CaseResult, watcher: &mut dyn Watcher) {
        if self.settings.fail_fast && result.verdict.counts_as_failure() {
            self.stopped = true;
        }
        watcher.ends(&result);
        self.results.push(result);
    }

    /// Shows what a server of the suite's own said, if it crashed.
    fn quote_the_crashed(&mut self) {
        let crashed = |result: &CaseResult| {
            // Who kills its server has one of its own, and has quoted it.
            result.verdict == Verdict::Crashed && !self.own_cases.contains(&result.id)
        };
        if let Some(process) = &self.server.process
            && self.results.iter().any(crashed)
        {
            self.notes
                .push(format!("what the server said{}", process.said()));
        }
    }

    fn into_result(mut self, cases: &[&Case], interrupted: bool) -> RunResult {
        let place = |result: &CaseResult| cases.iter().position(|case| case.id == result.id);
        self.results.sort_by_key(place);
        let about: Vec<&String> = self
            .results
            .iter()
            .flat_map(|result| &result.requirements)
            .collect();
        let mut noticed: Vec<Finding> = self
            .findings
            .into_iter()
            .filter(|finding| !about.contains(&&finding.requirement))
            .collect();
        noticed.dedup_by(|one, other| {
            one.requirement == other.requirement && one.detail == other.detail
        });
        let mut result = RunResult {
            format: RunResult::FORMAT.into(),
            suite: self.settings.suite.clone(),
            server: Subject {
                url: self.settings.url.clone(),
                origin: self.server.target.origin().to_owned(),
                discovery: self.server.discovery.clone(),
            },
            conformant: false,
            interrupted,
            began_ms: self.began_ms,
            duration: self.begun.elapsed(),
            counts: std::collections::BTreeMap::new(),
            covered: Vec::new(),
            cases: self.results,
            noticed,
            notes: self.notes,
        };
        result.settle();
        result
    }
}

/// The ids of the cases that need a capability.
fn that_need(cases: &[&Case], capability: Capability) -> Vec<String> {
    let cases = cases.iter().filter(|case| case.needs(capability));
    cases.map(|case| case.id.clone()).collect()
}

/// Whether a case waits for something to expire.
fn waits(case: &Case) -> bool {
    case.steps
        .iter()
        .any(|step| matches!(step.verb, Verb::WaitUntil(_)))
}
