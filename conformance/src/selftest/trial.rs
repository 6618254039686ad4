//! One subject and what became of the cases that were played on it.

use std::collections::BTreeMap;

use crate::{
    control::{Fault, NullPeer},
    result::{CaseResult, RunResult, Verdict},
};

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
    /// The verdict of each case that was played, by what the case itself saw.
    pub verdicts: BTreeMap<String, Verdict>,
    /// Cases that passed by themselves and failed by what was seen elsewhere in the run.
    pub implicated: Vec<String>,
    /// How the cases failed that did: requirement, what was expected, and what came.
    pub failures: BTreeMap<String, String>,
    /// Why no case could be played.
    pub unready: Option<String>,
}

impl Trial {
    /// A subject that the preflight turned away.
    pub(super) fn unready(subject: Subject, why: String) -> Self {
        Self {
            unready: Some(why),
            ..Self::endless(subject)
        }
    }

    /// A subject whose cases did not come to an end: it has shown nothing.
    pub(super) fn endless(subject: Subject) -> Self {
        Self {
            subject,
            verdicts: BTreeMap::new(),
            implicated: Vec::new(),
            failures: BTreeMap::new(),
            unready: None,
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
        self.implicated.extend(other.implicated);
        self.failures.extend(other.failures);
        self.unready = self.unready.or(other.unready);
        self
    }

    /// A subject whose cases were played; `alone` is what each case saw by itself.
    pub(super) fn of(
        subject: Subject,
        alone: BTreeMap<String, Verdict>,
        result: &RunResult,
    ) -> Self {
        let implicated = result.cases.iter().filter(|case| {
            fails(case.verdict) && alone.get(&case.id).is_some_and(|verdict| !fails(*verdict))
        });
        let failures = result.cases.iter().filter_map(|case| {
            let told = told(case)?;
            Some((case.id.clone(), told))
        });
        Self {
            subject,
            implicated: implicated.map(|case| case.id.clone()).collect(),
            failures: failures.collect(),
            unready: None,
            verdicts: alone,
        }
    }

    /// The cases that failed by what they saw themselves.
    pub fn failed(&self) -> impl Iterator<Item = &str> {
        self.with(fails)
    }

    /// The cases that passed.
    pub fn passed(&self) -> impl Iterator<Item = &str> {
        self.with(|verdict| verdict == Verdict::Pass)
    }

    /// Takes back a failure that did not come again.
    pub(super) fn acquit(&mut self, case: &str) {
        if let Some(verdict) = self.verdicts.get_mut(case) {
            *verdict = Verdict::Pass;
        }
        self.implicated.retain(|id| id != case);
        self.failures.remove(case);
    }

    fn with(&self, is_wanted: impl Fn(Verdict) -> bool) -> impl Iterator<Item = &str> {
        self.verdicts
            .iter()
            .filter(move |(_, verdict)| is_wanted(**verdict))
            .map(|(id, _)| id.as_str())
    }
}

/// Whether a verdict says that the case caught something. A suite that fails by itself catches nothing.
pub(super) fn fails(verdict: Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Fail | Verdict::Crashed | Verdict::Timeout | Verdict::Warn
    )
}

fn told(case: &CaseResult) -> Option<String> {
    let failure = case.failure.as_ref()?;
    let requirement = failure.requirement.as_deref().unwrap_or("-");
    Some(format!(
        "{requirement}: expected {}; came {}",
        failure.expected, failure.came
    ))
}
