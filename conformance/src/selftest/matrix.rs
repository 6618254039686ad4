//! What the trials came to: killers of faults, faults without one, cases without a victim, passes of null peers.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Others, Plan,
    excuses::NULL_PASSES,
    trial::{Subject, Trial, fails},
};
use crate::{
    control::Fault,
    requirement::Requirements,
    result::Verdict,
    scenario::{Case, Vectors},
};

/// A case, as far as a reader of the matrix has to know it.
#[derive(Debug, Clone)]
pub struct Told {
    /// What a right server does.
    pub title: String,
    /// The requirements that it decides.
    pub requirements: Vec<String>,
}

/// Everything that was tried.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// In the order of the catalogue, the faultless server and the null peers first.
    pub trials: Vec<Trial>,
    /// The cases by their ids.
    pub cases: BTreeMap<String, Told>,
    /// The sentence of each requirement that a fault breaks.
    pub sentences: BTreeMap<String, String>,
    /// Which cases each fault met besides its own.
    pub others: Others,
    /// Whether every fault was tried.
    pub whole: bool,
    /// SHA-256 over the vectors.
    pub vectors_hash: String,
}

impl Matrix {
    pub(super) fn new(
        trials: Vec<Trial>,
        vectors: &Vectors,
        requirements: &Requirements,
        plan: &Plan,
    ) -> Self {
        let told = |case: &Case| Told {
            title: case.title.clone(),
            requirements: case.requirements.clone(),
        };
        let cases = vectors
            .cases
            .iter()
            .map(|case| (case.id.clone(), told(case)));
        let broken = trials.iter().filter_map(|trial| match trial.subject {
            Subject::Fault(fault) => requirements.of(fault.requirement()),
            Subject::Faultless | Subject::Null(_) => None,
        });
        Self {
            sentences: broken
                .map(|requirement| (requirement.id.clone(), requirement.sentence.clone()))
                .collect(),
            trials,
            cases: cases.collect(),
            others: plan.others.clone(),
            whole: plan.subjects.is_empty(),
            vectors_hash: plan.suite.vectors.clone(),
        }
    }

    /// Faults and their trials.
    pub fn faults(&self) -> impl Iterator<Item = (&'static Fault, &Trial)> {
        self.trials.iter().filter_map(|trial| match trial.subject {
            Subject::Fault(fault) => Some((fault, trial)),
            Subject::Faultless | Subject::Null(_) => None,
        })
    }

    /// The cases of the fault's requirement that failed on it, by what they saw themselves.
    pub fn killers<'a>(&'a self, fault: &'a Fault, trial: &'a Trial) -> Vec<&'a str> {
        trial
            .failed()
            .filter(|id| self.decides(id, fault.requirement()))
            .collect()
    }

    /// The cases of other requirements that failed on the fault.
    pub fn bystanders<'a>(&'a self, fault: &'a Fault, trial: &'a Trial) -> Vec<&'a str> {
        let elsewhere = trial.implicated.iter().map(String::as_str);
        let bystanders: BTreeSet<&str> = trial
            .failed()
            .chain(elsewhere)
            .filter(|id| !self.decides(id, fault.requirement()))
            .collect();
        bystanders.into_iter().collect()
    }

    /// The faults that a case catches: those of its requirements that it failed on.
    pub fn caught_by<'a>(&'a self, case: &'a str) -> impl Iterator<Item = &'static Fault> + 'a {
        self.faults()
            .filter(move |(fault, trial)| {
                trial
                    .verdicts
                    .get(case)
                    .is_some_and(|verdict| fails(*verdict))
                    && self.decides(case, fault.requirement())
            })
            .map(|(fault, _)| fault)
    }

    /// Faults that no case of their requirement catches. One that the preflight turns away is caught.
    pub fn survivors(&self) -> Vec<&'static Fault> {
        self.faults()
            .filter(|(fault, trial)| {
                trial.unready.is_none() && self.killers(fault, trial).is_empty()
            })
            .map(|(fault, _)| fault)
            .collect()
    }

    /// Cases that no fault of their requirements makes fail.
    pub fn toothless(&self) -> Vec<&str> {
        self.cases
            .keys()
            .map(String::as_str)
            .filter(|_| self.whole)
            .filter(|case| self.caught_by(case).next().is_none())
            .collect()
    }

    /// Faults that make cases of other requirements fail and do not say why, with those cases.
    pub fn unexplained(&self) -> Vec<(&'static Fault, Vec<&str>)> {
        self.faults()
            .filter(|(fault, _)| fault.spreads.is_none())
            .map(|(fault, trial)| (fault, self.bystanders(fault, trial)))
            .filter(|(_, cases)| !cases.is_empty())
            .collect()
    }

    /// Faults that say why they make other cases fail, and make none fail. Only a full matrix shows it.
    pub fn overexplained(&self) -> Vec<&'static Fault> {
        self.faults()
            .filter(|_| self.others == Others::All)
            .filter(|(fault, trial)| {
                let is_still = self.bystanders(fault, trial).is_empty();
                fault.spreads.is_some() && trial.unready.is_none() && is_still
            })
            .map(|(fault, _)| fault)
            .collect()
    }

    /// What fails on the server that keeps every rule.
    pub fn false_alarms(&self) -> Vec<&str> {
        fn failed(trial: &Trial) -> BTreeSet<&str> {
            let elsewhere = trial.implicated.iter().map(String::as_str);
            trial.failed().chain(elsewhere).collect()
        }
        let alarms = self.trials.iter().filter(|trial| is_faultless(trial));
        alarms.flat_map(failed).collect()
    }

    /// Null peers and the cases that they pass.
    pub fn null_peers(&self) -> impl Iterator<Item = (String, Vec<&str>)> {
        self.trials
            .iter()
            .filter(|trial| matches!(trial.subject, Subject::Null(_)))
            .map(|trial| (trial.subject.name(), trial.passed().collect()))
    }

    /// Null peers and the cases that they pass without a reason.
    pub fn null_passes(&self) -> Vec<(String, Vec<&str>)> {
        let excused = |id: &&str| NULL_PASSES.iter().any(|(case, _)| case == id);
        self.null_peers()
            .map(|(name, cases)| {
                let passes = cases.into_iter().filter(|id| !excused(id));
                (name, passes.collect())
            })
            .collect()
    }

    /// Excused cases that no null peer passes any more. A null peer that was late on a busy machine says nothing.
    pub fn idle_excuses(&self) -> Vec<&'static str> {
        let is_null = |trial: &&Trial| matches!(trial.subject, Subject::Null(_));
        let may_pass = |case: &str| {
            let mut verdicts = self.trials.iter().filter(is_null);
            verdicts.any(|trial| {
                let verdict = trial.verdicts.get(case);
                matches!(verdict, Some(Verdict::Pass | Verdict::Timeout) | None)
            })
        };
        let excused = NULL_PASSES.iter().map(|(case, _)| *case);
        excused
            .filter(|case| self.whole && !may_pass(case))
            .collect()
    }

    /// Subjects whose cases did not come to an end, or could not be played.
    pub fn unheard(&self) -> Vec<String> {
        let silent = |trial: &&Trial| match trial.subject {
            Subject::Fault(_) => trial.verdicts.is_empty() && trial.unready.is_none(),
            Subject::Faultless | Subject::Null(_) => trial.verdicts.is_empty(),
        };
        let unheard = self.trials.iter().filter(silent);
        unheard.map(|trial| trial.subject.name()).collect()
    }

    /// Whether the suite has teeth: everything that was tried was heard to its end, no fault survives, no case is
    /// toothless, nothing fails without a fault or a stated reason, and null peers pass what [`NULL_PASSES`] says.
    pub fn holds(&self) -> bool {
        self.unheard().is_empty()
            && self.survivors().is_empty()
            && self.toothless().is_empty()
            && self.unexplained().is_empty()
            && self.overexplained().is_empty()
            && self.false_alarms().is_empty()
            && self.null_passes().iter().all(|(_, cases)| cases.is_empty())
            && self.idle_excuses().is_empty()
    }

    pub(super) fn decides(&self, case: &str, requirement: &str) -> bool {
        self.cases
            .get(case)
            .is_some_and(|told| told.requirements.iter().any(|id| id == requirement))
    }
}

fn is_faultless(trial: &Trial) -> bool {
    matches!(trial.subject, Subject::Faultless)
}
