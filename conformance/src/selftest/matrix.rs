//! What the trials came to: killers of faults, faults without one, cases without a victim, passes of null peers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Plan;
use crate::{
    control::{Fault, NullPeer},
    result::{CaseResult, RunResult, Verdict},
    scenario::Vectors,
};

/// Cases that null peers may pass, and why.
pub const NULL_PASSES: &[(&str, &str)] = &[
    ("disc-document", DOCUMENT),
    ("disc-for-every-page", DOCUMENT),
    ("disc-limits-fit-each-other", DOCUMENT),
    ("disc-limits-in-bounds", DOCUMENT),
    ("key-server-is-not-authority", DOCUMENT),
];

const DOCUMENT: &str =
    "a null peer shows a true discovery document, so that a run gets as far as the sockets";

/// Who was judged.
#[derive(Debug, Clone, Copy)]
pub enum Subject {
    /// The control server without a fault.
    Faultless,
    /// The control server with one.
    Fault(&'static Fault),
    /// A null peer.
    Null(NullPeer),
}

impl Subject {
    /// Its name: a fault's id, `control`, or `null/` and the peer's.
    pub fn name(self) -> String {
        match self {
            Self::Faultless => "control".to_owned(),
            Self::Fault(fault) => fault.id.to_owned(),
            Self::Null(peer) => format!("null/{peer}"),
        }
    }

    /// Whether this is its name, or the requirement that it breaks.
    pub(super) fn is_called(self, name: &str) -> bool {
        let breaks = matches!(self, Self::Fault(fault) if fault.requirement() == name);
        breaks || self.name() == name
    }
}

/// What became of a subject.
#[derive(Debug, Clone)]
pub struct Trial {
    /// Who was judged.
    pub subject: Subject,
    /// The verdict of each case that was played.
    pub verdicts: BTreeMap<String, Verdict>,
    /// How the cases failed that did: requirement, what was expected, and what came.
    pub failures: BTreeMap<String, String>,
    /// Why no case could be played.
    pub unready: Option<String>,
}

impl Trial {
    /// A subject that the preflight turned away.
    pub(super) fn unready(subject: Subject, why: String) -> Self {
        Self {
            subject,
            verdicts: BTreeMap::new(),
            failures: BTreeMap::new(),
            unready: Some(why),
        }
    }

    /// A process that could not be judged: nothing was caught, and on the faultless server it is a false alarm.
    pub(super) fn unplayed(subject: Subject, why: String) -> Self {
        const NO_CASE: &str = "(no case was played on its process)";
        let mut trial = Self::endless(subject);
        trial.verdicts.insert(NO_CASE.to_owned(), Verdict::Crashed);
        trial.failures.insert(NO_CASE.to_owned(), why);
        trial
    }

    /// The verdicts of two runs on one subject.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.verdicts.extend(other.verdicts);
        self.failures.extend(other.failures);
        self.unready = self.unready.or(other.unready);
        self
    }

    /// A subject whose cases did not come to an end.
    pub(super) fn endless(subject: Subject) -> Self {
        Self {
            unready: None,
            ..Self::unready(subject, String::new())
        }
    }

    /// A subject whose cases were played.
    pub(super) fn of(subject: Subject, result: &RunResult) -> Self {
        let verdicts = result
            .cases
            .iter()
            .map(|case| (case.id.clone(), case.verdict));
        let failures = result.cases.iter().filter_map(|case| {
            let told = told(case)?;
            Some((case.id.clone(), told))
        });
        Self {
            subject,
            verdicts: verdicts.collect(),
            failures: failures.collect(),
            unready: None,
        }
    }

    /// The cases that failed.
    pub fn failed(&self) -> impl Iterator<Item = &str> {
        self.with(fails)
    }

    /// The cases that passed.
    pub fn passed(&self) -> impl Iterator<Item = &str> {
        self.with(|verdict| verdict == Verdict::Pass)
    }

    fn with(&self, is_wanted: impl Fn(Verdict) -> bool) -> impl Iterator<Item = &str> {
        self.verdicts
            .iter()
            .filter(move |(_, verdict)| is_wanted(**verdict))
            .map(|(id, _)| id.as_str())
    }
}

/// Everything that was tried.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// In the order of the catalogue, the faultless server and the null peers first.
    pub trials: Vec<Trial>,
    /// Each case's requirements.
    pub cases: BTreeMap<String, Vec<String>>,
    /// Whether each fault met every case.
    pub full: bool,
    /// Whether every fault was tried.
    pub whole: bool,
    /// SHA-256 over the vectors.
    pub vectors_hash: String,
}

impl Matrix {
    pub(super) fn new(trials: Vec<Trial>, vectors: &Vectors, plan: &Plan) -> Self {
        let cases = vectors
            .cases
            .iter()
            .map(|case| (case.id.clone(), case.requirements.clone()));
        Self {
            trials,
            cases: cases.collect(),
            full: plan.full,
            whole: plan.subjects.is_empty(),
            vectors_hash: plan.vectors_hash.clone(),
        }
    }

    /// Faults and their trials.
    pub fn faults(&self) -> impl Iterator<Item = (&'static Fault, &Trial)> {
        self.trials.iter().filter_map(|trial| match trial.subject {
            Subject::Fault(fault) => Some((fault, trial)),
            Subject::Faultless | Subject::Null(_) => None,
        })
    }

    /// The cases of the fault's requirement that failed on it.
    pub fn killers<'a>(&'a self, fault: &'a Fault, trial: &'a Trial) -> Vec<&'a str> {
        trial
            .failed()
            .filter(|id| self.decides(id, fault.requirement()))
            .collect()
    }

    /// The cases of other requirements that failed on the fault.
    pub fn bystanders<'a>(&'a self, fault: &'a Fault, trial: &'a Trial) -> Vec<&'a str> {
        trial
            .failed()
            .filter(|id| !self.decides(id, fault.requirement()))
            .collect()
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
        let catches = |case: &str| {
            self.faults()
                .any(|(fault, trial)| self.killers(fault, trial).contains(&case))
        };
        self.cases
            .keys()
            .map(String::as_str)
            .filter(|case| self.whole && !catches(case))
            .collect()
    }

    /// What fails on the server that keeps every rule.
    pub fn false_alarms(&self) -> Vec<&str> {
        let faultless = |trial: &&Trial| matches!(trial.subject, Subject::Faultless);
        self.trials
            .iter()
            .filter(faultless)
            .flat_map(Trial::failed)
            .collect()
    }

    /// Null peers and the cases that they pass without a reason.
    pub fn null_passes(&self) -> Vec<(String, Vec<&str>)> {
        let passes = |trial: &'_ Trial| matches!(trial.subject, Subject::Null(_));
        self.trials
            .iter()
            .filter(|trial| passes(trial))
            .map(|trial| {
                let excused = |id: &str| NULL_PASSES.iter().any(|(case, _)| *case == id);
                let passed = trial.passed().filter(|id| !excused(id));
                (trial.subject.name(), passed.collect())
            })
            .collect()
    }

    /// Whether the suite has teeth: nothing survives, nothing is toothless, nothing fails without a fault, and no null
    /// peer passes what [`NULL_PASSES`] does not excuse.
    pub fn holds(&self) -> bool {
        self.survivors().is_empty()
            && self.toothless().is_empty()
            && self.false_alarms().is_empty()
            && self.null_passes().iter().all(|(_, cases)| cases.is_empty())
    }

    /// The matrix as a document.
    pub fn to_json(&self) -> Value {
        let faults: Vec<Value> = self
            .faults()
            .map(|(fault, trial)| {
                json!({
                    "id": fault.id,
                    "requirement": fault.requirement(),
                    "mistake": fault.mistake,
                    "spreads": fault.spreads,
                    "unready": trial.unready,
                    "played": trial.verdicts.len(),
                    "killers": self.killers(fault, trial),
                    "bystanders": self.bystanders(fault, trial),
                    "failures": trial.failures,
                })
            })
            .collect();
        let survivors: Vec<&str> = self.survivors().iter().map(|fault| fault.id).collect();
        let null_peers: serde_json::Map<String, Value> = self
            .null_passes()
            .into_iter()
            .map(|(name, cases)| (name, json!(cases)))
            .collect();
        json!({
            "format": "dispatch-d/1 selftest",
            "vectors": self.vectors_hash,
            "full": self.full,
            "holds": self.holds(),
            "survivors": survivors,
            "toothless": self.toothless(),
            "false_alarms": self.false_alarms(),
            "null_passes": null_peers,
            "faults": faults,
        })
    }
}

/// Whether a verdict says that the case caught something. A suite that fails by itself catches nothing.
fn fails(verdict: Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Fail | Verdict::Crashed | Verdict::Timeout | Verdict::Warn
    )
}

impl Matrix {
    fn decides(&self, case: &str, requirement: &str) -> bool {
        self.cases
            .get(case)
            .is_some_and(|ids| ids.iter().any(|id| id == requirement))
    }
}

fn told(case: &CaseResult) -> Option<String> {
    let failure = case.failure.as_ref()?;
    let requirement = failure.requirement.as_deref().unwrap_or("-");
    Some(format!(
        "{requirement}: expected {}; came {}",
        failure.expected, failure.came
    ))
}
