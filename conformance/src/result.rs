//! What a run came to: verdicts, failures with their stories, findings. Reports render it; nothing here prints.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use crate::requirement::Level;

/// What the suite says of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum Verdict {
    /// The server did what the case asks.
    Pass,
    /// It did something else.
    Fail,
    /// It did not do what it SHOULD or MAY.
    Warn,
    /// It dropped a connection on which an answer was due, or does not answer any more.
    Crashed,
    /// It did not answer in time.
    Timeout,
    /// The case needs a capability that was declared absent.
    Unsupported,
    /// The case needs a capability that is missing, and nobody declared that.
    Untestable,
    /// The suite itself could not go on.
    HarnessError,
    /// It did not hold, as the baseline says.
    Xfail,
    /// It holds, though the baseline says that it does not.
    Xpass,
}

impl Verdict {
    /// All of them, in the order of a summary.
    pub const ALL: [Self; 10] = [
        Self::Pass,
        Self::Fail,
        Self::Crashed,
        Self::Timeout,
        Self::Untestable,
        Self::HarnessError,
        Self::Xpass,
        Self::Xfail,
        Self::Warn,
        Self::Unsupported,
    ];

    /// Its name in every report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Warn => "WARN",
            Self::Crashed => "CRASHED",
            Self::Timeout => "TIMEOUT",
            Self::Unsupported => "UNSUPPORTED",
            Self::Untestable => "UNTESTABLE",
            Self::HarnessError => "HARNESS-ERROR",
            Self::Xfail => "XFAIL",
            Self::Xpass => "XPASS",
        }
    }

    /// Whether a run with it fails: a server with it is not conformant, and nobody expected that.
    pub fn counts_as_failure(self) -> bool {
        !matches!(
            self,
            Self::Pass | Self::Warn | Self::Unsupported | Self::Xfail | Self::Xpass
        )
    }
}

/// Something that a server sent and that breaks a requirement, whatever the case was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The requirement's id.
    pub requirement: String,
    /// What was wrong.
    pub detail: String,
    /// The case in which it was seen.
    pub case: String,
    /// The connection on which it was seen.
    pub connection: String,
}

/// Where a case ended, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The requirement that is broken: a finding's own, else the case's first.
    pub requirement: Option<String>,
    /// The step, counted from 1; inside a `repeat` with the round, such as `4.2 (i = 7)`.
    pub step: Option<String>,
    /// The step as it stands in the vector.
    pub does: Option<String>,
    /// What had to come.
    pub expected: String,
    /// What came.
    pub came: String,
}

/// One line of the story of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Since the case began, in milliseconds.
    #[serde(
        rename = "at_ms",
        serialize_with = "milliseconds",
        deserialize_with = "from_milliseconds"
    )]
    pub at: Duration,
    /// The connection's name; empty for what is about none.
    pub connection: String,
    /// Which way it went.
    pub direction: Direction,
    /// A shortened frame, or what happened.
    pub text: String,
}

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the suite to the server.
    Sent,
    /// From the server to the suite.
    Received,
    /// Neither: something that happened to the connection.
    Happened,
}

impl Direction {
    /// A sign for it in a terminal.
    pub fn arrow(self) -> &'static str {
        match self {
            Self::Sent => "→",
            Self::Received => "←",
            Self::Happened => "·",
        }
    }
}

/// What a baseline says of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The verdict that is expected.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
}

/// What became of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseResult {
    /// The case's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Why it matters.
    pub why: String,
    /// Its level.
    pub level: Level,
    /// The requirements that it decides.
    pub requirements: Vec<String>,
    /// What the suite says.
    pub verdict: Verdict,
    /// How long it took, in milliseconds.
    #[serde(
        rename = "duration_ms",
        serialize_with = "milliseconds",
        deserialize_with = "from_milliseconds"
    )]
    pub duration: Duration,
    /// Why it was not run, where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the baseline says of it, where it says anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Expected>,
    /// How it failed, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What was sent and received, in order, where it failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timeline: Vec<Moment>,
}

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunResult {
    /// `dispatch-d/1 conformance report`.
    pub format: String,
    /// The suite.
    pub suite: Suite,
    /// The server.
    pub server: Subject,
    /// Whether the server is conformant as far as the selected cases say.
    pub conformant: bool,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
    /// When it began, in milliseconds since 1970.
    pub began_ms: u64,
    /// How long it took, in milliseconds.
    #[serde(
        rename = "duration_ms",
        serialize_with = "milliseconds",
        deserialize_with = "from_milliseconds"
    )]
    pub duration: Duration,
    /// How many cases have each verdict.
    pub counts: BTreeMap<String, usize>,
    /// Which requirements the cases that were run decide.
    pub covered: Vec<String>,
    /// The cases, in the order of the vectors.
    pub cases: Vec<CaseResult>,
    /// Findings that no case which was run is about.
    pub noticed: Vec<Finding>,
    /// What a reader should know of the run, such as a roster that was mended.
    pub notes: Vec<String>,
}

/// Which suite judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suite {
    /// The version of the runner.
    pub version: String,
    /// SHA-256 over the vectors, in hexadecimal.
    pub vectors: String,
    /// SHA-256 over the requirements and the vectors, in hexadecimal: two results with one hash can be compared.
    #[serde(default)]
    pub hash: String,
}

/// Which server was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// What it was called on the command line; none for the embedded reference.
    pub url: Option<String>,
    /// The origin that was dialled.
    pub origin: String,
    /// Its discovery document.
    pub discovery: Value,
}

impl RunResult {
    /// The value of `format`.
    pub const FORMAT: &'static str = "dispatch-d/1 conformance report";

    /// How many cases have a verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.cases
            .iter()
            .filter(|case| case.verdict == verdict)
            .count()
    }

    /// How many cases count as failed.
    pub fn failed(&self) -> usize {
        self.cases
            .iter()
            .filter(|case| case.verdict.counts_as_failure())
            .count()
    }

    /// Sets what follows from the cases.
    pub fn settle(&mut self) {
        self.counts = Verdict::ALL
            .into_iter()
            .map(|verdict| (verdict.name().to_owned(), self.count(verdict)))
            .collect();
        self.conformant = self.failed() == 0
            && self.count(Verdict::Xfail) == 0
            && !self.interrupted
            && !self.cases.is_empty();
        let run = self.cases.iter().filter(|case| case.reason.is_none());
        let mut covered: Vec<String> = run
            .flat_map(|case| case.requirements.iter().cloned())
            .collect();
        covered.sort();
        covered.dedup();
        self.covered = covered;
    }
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    let micros = u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
    serializer.serialize_f64(f64::from(micros) / 1000.0)
}

fn from_milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let milliseconds = f64::deserialize(deserializer)?;
    // The text has whole microseconds; a float's last bit must not lose one.
    let micros = (milliseconds * 1000.0).round() / 1_000_000.0;
    Duration::try_from_secs_f64(micros).map_err(de::Error::custom)
}
