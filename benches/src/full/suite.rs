//! The conformance suite at full load. In the community in which its cases are played other members write, and others read
//! everything: with every fourth case that ends, and four times a second, each author hands in a batch. The suite verifies every
//! block on each of its connections, at a hundred times the price that it costs the server, and so this load goes by the
//! suite's own pace. Beside it a second server of another community is written to as fast as it answers, by authors who sign
//! with whatever the processors have left, so that nothing of them is idle.
//!
//! Cases about what a server does while nobody writes (a request that waits for the next block) are played after that load,
//! with the other server's going on.
//!
//! Before that the same cases are played on the same server at rest, and each must come to the same verdict.
//!
//! The suite is a process of its own and judges by its socket alone; authors and witnesses are another, the server a third.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Parser as _;
use dispatch_conformance::corpus::Corpus;
use dispatch_conformance::scenario::Capability;
use dispatch_conformance::{command, files, key_files};
use dispatch_server::Founding;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::Command;

use super::kept::{Broken, Kept};
use super::load::{BATCH, Load, Pace};
use super::{AUTHORS, WINDOW, WITNESSES};
use crate::load::Problem;
use crate::load::community::Community;
use crate::load::conversation::Conversation;
use crate::load::server::Process;
use crate::load::target::Target;

/// The hidden first argument by which this program becomes the suite.
pub const SUITE: &str = "conformance-for-load";

/// Acknowledgements before the suite begins.
const BEFORE: u64 = 512;

/// Parts of the suite's run, in each of which the load must have been at work.
const PARTS: usize = 10;

/// How often the counts are read meanwhile, and a batch is handed in though no case ends.
const LOOK: Duration = Duration::from_millis(250);

/// After so many cases that have ended each author hands in a batch.
const CASES: u64 = 4;

/// Plays cases; what `loadgen conformance-for-load ARGUMENTS` does.
pub fn play(arguments: Vec<OsString>) -> ExitCode {
    files::raise_limit();
    let name = OsString::from("dispatch-conformance");
    command::execute(command::Cli::parse_from(
        [name].into_iter().chain(arguments),
    ))
    .into()
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// How many cases had each verdict, at rest and at load.
    pub verdicts: BTreeMap<String, u64>,
    /// Cases that were judged otherwise at load than at rest.
    pub otherwise: Vec<String>,
    /// Messages that were acknowledged while the suite ran, in each tenth of its time.
    pub parts: Vec<u64>,
    /// Messages that the other server acknowledged while the suite ran.
    pub beside: u64,
    /// Messages that were acknowledged by the end.
    pub acknowledged: u64,
    /// The most messages of one author that were without an answer at one time.
    pub most_open: u64,
    /// Blocks that were shown, over all witnesses.
    pub shown: u64,
    /// What was promised and is not kept.
    pub broken: Broken,
    /// What `dispatchd verify` says.
    pub verified: String,
    /// What the suite said at load, where anything was judged otherwise.
    pub said: String,
}

/// What is read of the suite's report.
#[derive(Deserialize)]
struct Report {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    verdict: String,
}

/// Plays the cases of these selectors (all without one) at rest and at full load.
///
/// # Errors
/// A suite or a server that does not run; an author or a witness that was not served as it should be.
pub async fn suite(selectors: &[String]) -> Result<Outcome, Problem> {
    let community = found()?;
    let (process, target) = serve(&community)?;
    let conversation = Conversation::begin(&target, &community.keys).await?;
    let (at_rest, _) = played(&target, selectors, || {}).await?;
    let silent = silent()?;
    let ids = at_rest.cases.iter().map(|case| case.id.clone());
    let (silent, amid): (Vec<_>, Vec<_>) = ids.partition(|id| silent.contains(id));
    if amid.is_empty() {
        let words = "none of these cases can be played while others write";
        return Err(Problem::new(words));
    }
    let neighbours = Community::found(AUTHORS)?;
    let (neighbour, elsewhere) = serve(&neighbours)?;
    let beside = Conversation::begin(&elsewhere, &neighbours.keys).await?;
    let beside = Load::begin(beside, 0, Pace::Free).await?;
    let load = Load::begin(conversation, WITNESSES, Pace::Granted).await?;
    for _ in 0..BEFORE / BATCH as u64 / AUTHORS as u64 {
        load.grant();
    }
    load.counter.reaches(BEFORE).await;
    let beside_before = beside.counter.count();
    let mut looks = vec![(Instant::now(), load.counter.count())];
    let mut ended = 0;
    let (mut at_load, mut said) = {
        let playing = played(&target, &amid, || {
            ended += 1;
            if ended % CASES == 0 {
                load.grant();
            }
        });
        tokio::pin!(playing);
        loop {
            tokio::select! {
                played = &mut playing => break played?,
                () = tokio::time::sleep(LOOK) => {
                    looks.push((Instant::now(), load.counter.count()));
                    load.grant();
                }
            }
        }
    };
    looks.push((Instant::now(), load.counter.count()));
    let ended = load.end().await?;
    if !silent.is_empty() {
        let (quiet, more) = played(&target, &silent, || {}).await?;
        at_load.cases.extend(quiet.cases);
        said.push_str(&more);
    }
    let beside_after = beside.counter.count();
    beside.end().await?;
    drop(neighbour);
    drop(process);
    let (kept, verified) = Kept::read(&community.path())?;
    let authors = ended.authors.iter();
    let broken = kept.against(
        authors.map(|(receipts, ids)| (receipts, &ids[..])),
        &ended.shown,
    );
    let mut verdicts = BTreeMap::new();
    for case in &at_load.cases {
        *verdicts.entry(case.verdict.clone()).or_default() += 1;
    }
    let otherwise = otherwise(&at_rest, &at_load);
    Ok(Outcome {
        verdicts,
        said: if otherwise.is_empty() {
            String::new()
        } else {
            said
        },
        otherwise,
        parts: parts(&looks),
        beside: beside_after - beside_before,
        acknowledged: ended
            .authors
            .iter()
            .map(|(receipts, _)| receipts.len() as u64)
            .sum(),
        most_open: ended.most_open,
        shown: ended
            .shown
            .iter()
            .map(|seen| seen.hashes.len() as u64)
            .sum(),
        broken,
        verified,
    })
}

impl Outcome {
    /// Whether everything holds: verdicts as at rest, none of them a failure, and a load that was at work all the time and is whole.
    pub fn holds(&self) -> bool {
        let quiet = ["PASS", "UNSUPPORTED"];
        let passed = self
            .verdicts
            .keys()
            .all(|verdict| quiet.contains(&verdict.as_str()));
        let worked = self.beside > 0 && self.parts.iter().all(|part| *part > 0);
        passed && worked && self.otherwise.is_empty() && self.broken == Broken::default()
    }
}

/// A community of the suite's accounts, and of those who write beside them.
fn found() -> Result<Community, Problem> {
    let folder = tempfile::tempdir().map_err(Problem::at("no temporary folder"))?;
    let corpus = Corpus::embedded();
    let write = |name: &str| {
        let path = folder.path().join(name);
        let text = corpus.text(&format!("vectors/keys/{name}"));
        let text = text.ok_or_else(|| Problem::new(format!("the suite has no {name}")))?;
        key_files::write(&path, text).map_err(Problem::at(path.display()))?;
        Ok::<_, Problem>(path)
    };
    let mut founding = Founding {
        authority_key: Some(write("authority.test-key.pem")?),
        server_key: Some(write("server.test-key.pem")?),
        allow: vec![write("allowlist.pem")?],
        ..Founding::default()
    };
    // Short enough to be waited for.
    founding.limits.challenge_ms = 2000;
    Community::found_in(folder, AUTHORS, founding)
}

fn serve(community: &Community) -> Result<(Process, Target), Problem> {
    let (process, address, origin) = Process::serve(&community.path())?;
    Ok((process, Target::new(address, origin)))
}

/// The cases that show what a server does while nobody writes: a request that waits for the next block is answered by it,
/// whoever's it is.
fn silent() -> Result<Vec<String>, Problem> {
    let library = command::Library::open(None).map_err(Problem::new)?;
    let cases = library.vectors.cases.iter();
    let silent =
        cases.filter(|case| case.needs(Capability::Exclusive) && case.needs(Capability::Http));
    Ok(silent.map(|case| case.id.clone()).collect())
}

/// Runs the suite to its end, and says when a case ends; its report, and what it said.
async fn played(
    target: &Target,
    selectors: &[String],
    mut ends: impl FnMut(),
) -> Result<(Report, String), Problem> {
    let folder = tempfile::tempdir().map_err(Problem::at("no temporary folder"))?;
    let path = folder.path().join("report.json");
    let own = std::env::current_exe().map_err(Problem::at("this program's own path"))?;
    let mut playing = Command::new(own)
        .args([
            SUITE,
            "run",
            "--verbose",
            &format!("ws://{}", target.address),
        ])
        .args(selectors)
        .arg("--report")
        .arg(format!("json={}", path.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(Problem::at("the suite"))?;
    let (out, err) = (playing.stdout.take(), playing.stderr.take());
    let (Some(mut out), Some(err)) = (out, err) else {
        return Err(Problem::new("the suite has no output"));
    };
    let mut said = String::new();
    let mut last = String::new();
    let lines = async {
        let mut lines = BufReader::new(err).lines();
        while let Some(line) = lines.next_line().await? {
            last = line;
            ends();
        }
        Ok::<_, std::io::Error>(())
    };
    tokio::try_join!(lines, out.read_to_string(&mut said)).map_err(Problem::at("the suite"))?;
    playing.wait().await.map_err(Problem::at("the suite"))?;
    let report = report(&path)
        .map_err(|problem| Problem::new(format!("the suite left no report ({problem}): {last}")))?;
    Ok((report, said))
}

fn report(path: &Path) -> Result<Report, Problem> {
    let text = std::fs::read_to_string(path).map_err(Problem::at(path.display()))?;
    serde_json::from_str(&text).map_err(Problem::at(path.display()))
}

fn otherwise(at_rest: &Report, at_load: &Report) -> Vec<String> {
    let by_id = |report: &Report| -> BTreeMap<String, String> {
        let cases = report.cases.iter();
        cases
            .map(|case| (case.id.clone(), case.verdict.clone()))
            .collect()
    };
    let (at_rest, at_load) = (by_id(at_rest), by_id(at_load));
    let ids = at_rest
        .keys()
        .chain(at_load.keys().filter(|id| !at_rest.contains_key(*id)));
    let not_played = "not played".to_owned();
    ids.filter_map(|id| {
        let [rest, load] = [&at_rest, &at_load].map(|cases| cases.get(id).unwrap_or(&not_played));
        (rest != load).then(|| format!("{id}: {rest} at rest, {load} at load"))
    })
    .collect()
}

/// How many were acknowledged in each tenth of the time between the first look and the last.
fn parts(looks: &[(Instant, u64)]) -> Vec<u64> {
    let (Some((begin, first)), Some((end, _))) = (looks.first(), looks.last()) else {
        return Vec::new();
    };
    let mut before = *first;
    let ends = (1..=PARTS).map(|part| {
        let end = *begin + (*end - *begin) * part as u32 / PARTS as u32;
        let by_then = looks.iter().rev().find(|(at, _)| *at <= end);
        let count = by_then.map_or(*first, |(_, count)| *count);
        count - std::mem::replace(&mut before, count)
    });
    ends.collect()
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Broken {
            lost,
            doubled,
            forked,
        } = self.broken;
        let verdicts: Vec<_> = self
            .verdicts
            .iter()
            .map(|(verdict, count)| format!("{count} {verdict}"))
            .collect();
        write!(f, "{}", self.said)?;
        writeln!(
            f,
            "cases at full load  {}; otherwise than at rest {}",
            verdicts.join(", "),
            self.otherwise.len()
        )?;
        for line in &self.otherwise {
            writeln!(f, "                    {line}")?;
        }
        let during: u64 = self.parts.iter().sum();
        writeln!(
            f,
            "acknowledged        {during} while the suite ran, in each tenth of its time {:?}",
            self.parts
        )?;
        writeln!(
            f,
            "                    {} beside it by another server",
            self.beside
        )?;
        writeln!(
            f,
            "                    {} in all by {AUTHORS} authors, window {WINDOW} (most open {}); lost {lost}, doubled {doubled}",
            self.acknowledged, self.most_open
        )?;
        writeln!(
            f,
            "shown to witnesses  {} blocks; forked {forked}",
            self.shown
        )?;
        writeln!(f, "dispatchd verify    {}", self.verified)
    }
}
