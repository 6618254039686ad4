//! A case while it is played: its accounts, connections, entries, and what was captured.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    io,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value;
use tokio::task::{JoinHandle, JoinSet};

use super::{entry, evaluate::Trouble, miss::Miss};
use crate::{
    accounts::Actor,
    codec::{Hash, accounts},
    peer::{
        Connection, Server,
        connection::Missing,
        http::{Answer, HttpFault},
        server::now,
        wire::Wire,
    },
    result::{Failure, Finding, Verdict},
    scenario::{AccountKind, Transport, Vectors},
    story::{Timeline, shorten},
    transcript::What,
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
    /// What carries its connections.
    pub transport: Transport,
    pub(super) connections: BTreeMap<String, Connection>,
    /// Connections on which no socket was opened.
    pub(super) dialled: BTreeMap<String, Wire>,
    /// What is being sent on a connection little by little; it ends with the case.
    pub(super) trickles: BTreeMap<String, JoinSet<io::Result<()>>>,
    /// Fragments, made by hand, of a text whose last one is still to be sent.
    pub(super) partial: BTreeMap<String, String>,
    /// Requests whose answers are waited for.
    pub(super) requests: BTreeMap<String, JoinHandle<Result<Answer, HttpFault>>>,
    pub(super) captured: BTreeMap<String, Value>,
    pub(super) made: BTreeMap<String, Made>,
    pub(super) round: Option<u64>,
    pub(super) references: u64,
    pub(super) unsettling: bool,
    pub(super) findings: Vec<Finding>,
    secrets: Mutex<HashMap<Hash, Hash>>,
    clocks: Mutex<HashMap<Hash, u64>>,
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
            transport: Transport::Ws,
            connections: BTreeMap::new(),
            dialled: BTreeMap::new(),
            trickles: BTreeMap::new(),
            partial: BTreeMap::new(),
            requests: BTreeMap::new(),
            captured: BTreeMap::new(),
            made: BTreeMap::new(),
            round: None,
            references: 0,
            unsettling: false,
            findings: Vec::new(),
            secrets: Mutex::default(),
            clocks: Mutex::default(),
        }
    }

    pub(super) fn connection(&mut self, name: &str) -> Result<&mut Connection, Miss> {
        let name = self.numbered(name);
        let connection = self.connections.get_mut(&*name);
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

    /// Now, but later than this author's entry before: two entries of one millisecond would be one statement.
    pub(super) fn sent_at(&self, author: Hash) -> u64 {
        let mut clocks = self.clocks.lock().unwrap_or_else(PoisonError::into_inner);
        let last = clocks.entry(author).or_default();
        *last = now().max(*last + 1);
        *last
    }

    /// A name as it is called in this round of a `repeat`: `#` stands for the round's number.
    pub(super) fn numbered<'a>(&self, name: &'a str) -> Cow<'a, str> {
        match self.round {
            Some(round) if name.contains('#') => name.replace('#', &round.to_string()).into(),
            _ => name.into(),
        }
    }

    /// Keeps an entry under a name; a later one takes the place of an earlier one.
    pub(super) fn keep_entry(&mut self, name: &str, entry: Value) {
        let name = self.numbered(name).into_owned();
        self.timeline.record("", || What::Made {
            name: name.clone(),
            entry: entry.clone(),
        });
        self.made.insert(name, Made::new(entry));
    }

    /// Keeps a frame under a name.
    pub(super) fn keep_frame(&mut self, name: &str, frame: &Value) {
        let name = self.numbered(name).into_owned();
        self.captured.insert(name, frame.clone());
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
    pub(super) fn finding_against(&mut self, requirements: &[String]) -> Option<Failure> {
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
    pub(super) async fn settle(&mut self) {
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
                match arrived {
                    Ok(()) => {
                        connection.observer().check_receipts();
                    }
                    Err(Missing::Timeout(_)) if connection.is_reading() => {
                        connection.observer().misses(index);
                    }
                    Err(_) => {}
                }
            }
        }
    }

    /// Whether a fresh connection still gets a challenge.
    pub(super) async fn server_lives(&mut self) -> Result<(), Miss> {
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
        let own = self.roles.values().next().map(|(_, actor)| actor.clone());
        let any = || accounts::named("m01").map(Actor::Known);
        let key = own.or_else(any).map(|actor| actor.public_key().to_vec());
        self.hello_with(&key.unwrap_or_default())
    }
}
