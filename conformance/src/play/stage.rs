//! A case while it is played: its accounts, connections, entries, and what was captured.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value;

use super::{entry, evaluate::Trouble};
use crate::{
    accounts::Actor,
    codec::Hash,
    peer::{
        Connection, Server,
        connection::{End, Missing},
    },
    result::{Failure, Finding, Verdict},
    scenario::{AccountKind, Case, Step, Vectors},
    story::{Timeline, shorten},
};

/// Where a case is played.
#[derive(Debug)]
pub struct Stage {
    /// The server under test.
    pub server: Arc<Server>,
    /// All vectors, for values of the static ones.
    pub vectors: Arc<Vectors>,
    /// The roles' accounts.
    pub roles: BTreeMap<String, (AccountKind, Actor)>,
    /// The story.
    pub timeline: Timeline,
    pub(super) case: String,
    pub(super) connections: BTreeMap<String, Connection>,
    pub(super) captured: BTreeMap<String, Value>,
    pub(super) made: BTreeMap<String, Made>,
    pub(super) round: Option<u64>,
    pub(super) references: u64,
    pub(super) unsettling: bool,
    pub(super) findings: Vec<Finding>,
    secrets: Mutex<HashMap<Hash, Hash>>,
}

/// An entry that was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// The entry.
    pub entry: Value,
    /// Index and hash, if it was accepted.
    pub accepted: Option<(u64, Value)>,
    /// The `ref` under which it was sent last.
    pub reference: Option<String>,
}

impl Made {
    /// An entry that was not sent yet.
    pub fn new(entry: Value) -> Self {
        Self {
            entry,
            accepted: None,
            reference: None,
        }
    }

    /// Its id.
    ///
    /// # Errors
    /// If it is so malformed that it has none.
    pub fn id(&self) -> Result<Hash, Trouble> {
        entry::id(&self.entry)
    }
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// What that makes of the case.
    pub verdict: Verdict,
    /// The requirement that is broken, if the step knows it better than the case.
    pub requirement: Option<String>,
    /// What had to come.
    pub expected: String,
    /// What came.
    pub came: String,
}

impl Miss {
    /// Something else came.
    pub fn other(expected: impl Into<String>, came: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Fail,
            requirement: None,
            expected: expected.into(),
            came: came.into(),
        }
    }

    /// The suite cannot go on.
    pub fn harness(came: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::HarnessError,
            requirement: None,
            expected: "a step that can be played".into(),
            came: came.into(),
        }
    }

    /// Nothing came.
    pub fn missing(expected: impl Into<String>, missing: Missing) -> Self {
        let (verdict, came) = match missing {
            Missing::Timeout(patience) => {
                (Verdict::Timeout, format!("nothing within {patience:?}"))
            }
            Missing::Ended(end) => (ended(&end), end.describe()),
        };
        Self {
            verdict,
            requirement: None,
            expected: expected.into(),
            came,
        }
    }

    /// The same, against a requirement.
    pub fn against(mut self, requirement: &str) -> Self {
        self.requirement = Some(requirement.to_owned());
        self
    }
}

impl From<Trouble> for Miss {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Vector(text) => Self::harness(text),
            Trouble::Server(text) => Self::other("what the next step is made of", text),
        }
    }
}

/// What an end of a connection means where an answer was due.
pub fn ended(end: &End) -> Verdict {
    if end.is_polite() {
        Verdict::Fail
    } else {
        Verdict::Crashed
    }
}

/// What became of a case that was played.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What the suite says.
    pub verdict: Verdict,
    /// How it failed.
    pub failure: Option<Failure>,
    /// Everything that was found wrong, whatever the case is about.
    pub findings: Vec<Finding>,
}

impl Stage {
    /// A stage with nothing on it but the roles' accounts.
    pub fn new(
        server: Arc<Server>,
        vectors: Arc<Vectors>,
        case: &str,
        roles: BTreeMap<String, (AccountKind, Actor)>,
        timeline: Timeline,
    ) -> Self {
        Self {
            server,
            vectors,
            roles,
            timeline,
            case: case.to_owned(),
            connections: BTreeMap::new(),
            captured: BTreeMap::new(),
            made: BTreeMap::new(),
            round: None,
            references: 0,
            unsettling: false,
            findings: Vec::new(),
            secrets: Mutex::default(),
        }
    }

    pub(super) fn connection(&mut self, name: &str) -> Result<&mut Connection, Miss> {
        let connection = self.connections.get_mut(name);
        connection.ok_or_else(|| Miss::harness(format!("no connection is called `{name}`")))
    }

    /// Keeps an epoch's secret.
    pub(super) fn keep_secret(&self, commitment: Hash, secret: Hash) {
        self.secrets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(commitment, secret);
    }

    /// The secret of a commitment.
    pub(super) fn secret(&self, commitment: &Hash) -> Option<Hash> {
        self.secrets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(commitment)
            .copied()
    }

    /// A `ref` that this case did not use before.
    pub(super) fn fresh_reference(&mut self) -> String {
        self.references += 1;
        format!("r{}", self.references)
    }

    /// What was found wrong on a connection.
    pub(super) fn findings_on(&mut self, connection: &str) -> Vec<Finding> {
        self.collect_findings();
        self.findings
            .iter()
            .filter(|finding| finding.connection == connection)
            .cloned()
            .collect()
    }

    pub(super) fn collect_findings(&mut self) {
        for connection in self.connections.values() {
            for fault in connection.take_faults() {
                self.findings.push(Finding {
                    requirement: fault.requirement,
                    detail: fault.detail,
                    case: self.case.clone(),
                    connection: connection.name.clone(),
                });
            }
        }
    }

    /// The first finding against one of these requirements.
    fn finding_against(&mut self, requirements: &[String]) -> Option<Failure> {
        self.collect_findings();
        let finding = self
            .findings
            .iter()
            .find(|finding| requirements.contains(&finding.requirement))?;
        Some(Failure {
            requirement: Some(finding.requirement.clone()),
            step: None,
            does: None,
            expected: "what the requirement says, in whatever the server sends".into(),
            came: format!("on `{}`: {}", finding.connection, finding.detail),
        })
    }

    /// Waits for the blocks of what was accepted on connections that still get blocks, and holds the receipts against them.
    async fn settle(&mut self) {
        for connection in self.connections.values_mut() {
            let waits_for = connection.observer().check_receipts();
            if let Some(index) = waits_for
                && connection.ended().is_none()
            {
                let arrived = connection
                    .until(std::time::Duration::ZERO, |observer| {
                        observer.joined().is_some_and(|joined| joined.next > index)
                    })
                    .await;
                if arrived.is_ok() {
                    connection.observer().check_receipts();
                }
            }
        }
    }

    /// Whether a fresh connection still gets a challenge.
    async fn server_lives(&mut self) -> Result<(), Miss> {
        const NAME: &str = "after";
        let expected = "a server that lives: a fresh connection whose `hello` gets a `challenge`";
        let hello = self.any_hello();
        let opened = Connection::open(&self.server, NAME, &[], None, &self.timeline).await;
        let crashed = |came: String| Miss {
            verdict: Verdict::Crashed,
            ..Miss::other(expected, came)
        };
        let mut connection = opened.map_err(|fault| crashed(fault.to_string()))?;
        connection.send_text(&hello.to_string(), 1).await;
        match connection.answer().await {
            Ok(frame) if frame["type"] == "challenge" => Ok(()),
            Ok(frame) => Err(Miss::other(expected, shorten::value(&frame))),
            Err(missing) => Err(crashed(Miss::missing(expected, missing).came)),
        }
    }

    /// A `hello` by one of the case's accounts, or by any.
    fn any_hello(&self) -> Value {
        let actor = self.roles.values().map(|(_, actor)| actor.clone()).next();
        let key = actor.as_ref().map_or_else(
            || crate::codec::accounts::named("m01").map(|account| account.public_key()),
            |actor| Some(actor.public_key()),
        );
        serde_json::json!({
            "type": "hello",
            "version": "dispatch-d/1",
            "origin": self.server.target.origin(),
            "public_key": super::bytes::value(key.unwrap_or_default()),
            "client_nonce": super::bytes::value(&crate::codec::randomness::Randomness::hash(&mut crate::codec::randomness::System)),
        })
    }
}

/// Plays a case to its end, or to the first step that fails.
pub async fn play(stage: &mut Stage, case: &Case) -> Outcome {
    let failed = play_steps(stage, case, &case.steps, "").await;
    let failed = match failed {
        None => {
            stage.settle().await;
            stage
                .finding_against(&case.requirements)
                .map(|failure| (Verdict::Fail, failure))
        }
        failed => failed,
    };
    let unsettled = stage.unsettling
        || stage
            .connections
            .values_mut()
            .any(|connection| connection.ended().is_some());
    let failed = match failed {
        None if unsettled => stage
            .server_lives()
            .await
            .err()
            .map(|miss| told(case, miss, None)),
        failed => failed,
    };
    stage.collect_findings();
    for connection in stage.connections.values_mut() {
        if connection.ended().is_none() {
            connection.close().await;
        }
    }
    let (verdict, failure) = failed.map_or((Verdict::Pass, None), |(verdict, failure)| {
        (verdict, Some(failure))
    });
    Outcome {
        verdict,
        failure,
        findings: std::mem::take(&mut stage.findings),
    }
}

/// Plays steps; `place` is that of the steps around them.
pub(super) async fn play_steps(
    stage: &mut Stage,
    case: &Case,
    steps: &[Step],
    place: &str,
) -> Option<(Verdict, Failure)> {
    for (number, step) in (1..).zip(steps) {
        let place = if place.is_empty() {
            number.to_string()
        } else {
            format!("{place}.{number}")
        };
        if let crate::scenario::step::Verb::Repeat(repeat) = &step.verb {
            for round in 0..repeat.times {
                stage.round = Some(round);
                if let Some(failed) = Box::pin(play_steps(stage, case, &repeat.steps, &place)).await
                {
                    return Some(failed);
                }
            }
            stage.round = None;
            continue;
        }
        let done = stage.step(step).await;
        if let Err(miss) = done {
            // A finding of the case's own says more than the silence that it led to.
            let finding = stage.finding_against(&case.requirements);
            return Some(match finding {
                Some(failure) if miss.verdict != Verdict::HarnessError => {
                    (Verdict::Fail, at(stage, failure, &place, step))
                }
                _ => {
                    let (verdict, failure) = told(case, miss, Some(step));
                    (verdict, at(stage, failure, &place, step))
                }
            });
        }
        if let Some(failure) = stage.finding_against(&case.requirements) {
            return Some((Verdict::Fail, at(stage, failure, &place, step)));
        }
    }
    None
}

fn told(case: &Case, miss: Miss, step: Option<&Step>) -> (Verdict, Failure) {
    let failure = Failure {
        requirement: miss
            .requirement
            .or_else(|| case.requirements.first().cloned()),
        step: None,
        does: step.map(|step| step.text.clone()),
        expected: miss.expected,
        came: miss.came,
    };
    (miss.verdict, failure)
}

fn at(stage: &Stage, mut failure: Failure, place: &str, step: &Step) -> Failure {
    failure.step = Some(match stage.round {
        Some(round) => format!("{place} (i = {round})"),
        None => place.to_owned(),
    });
    failure.does = Some(step.text.clone());
    failure
}
