//! One chain, measured: its server's start, its joins, its proofs, a load on it.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use dispatch_protocol::bytes::Bytes;
use dispatch_protocol::chain::State;
use dispatch_protocol::key::KeyPair;
use serde::Serialize;

use super::proof;
use super::{Folder, LETTERS, Space};
use crate::load::community::settle;
use crate::load::conversation::Conversation;
use crate::load::letters::Epoch;
use crate::load::member::enter;
use crate::load::server::Process;
use crate::load::stage::{Outcome, Stage};
use crate::load::target::Target;
use crate::load::usage::{Watched, own_thread};
use crate::load::{Load, Pace, Problem};

/// How often a server is started.
const STARTS: usize = 3;

/// How often members join: in so many groups, of whose processor times the middle one is told.
const GROUPS: usize = 5;
const JOINS: usize = 10;

/// How many signatures are timed beside each group of joins.
const SIGNATURES: u32 = 30;

/// How often the load runs, of which the middle one is told; the first of all is not looked at.
const ROUNDS: usize = 5;

/// The load: small enough that it does not make a chain of 1,000 blocks one of 10,000.
const LOAD: Load = Load {
    senders: 8,
    subscribers: 0,
    messages: 1000,
    pace: Pace::Window(16),
};

/// Accounts that write in each community that is measured.
pub(super) const WRITERS: usize = 10;

/// What one chain showed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its blocks before the load.
    pub blocks: u64,
    /// Accounts on its roster.
    pub members: usize,
    /// From the start of the server's process to its first answer that it is ready, in milliseconds.
    pub ready_ms: f64,
    /// Its resident memory then, in bytes.
    pub resident: u64,
    /// Processor time of the thread that appends, for each message of the load, in microseconds.
    pub append_us: f64,
    /// Processor time of the whole server for each of them.
    pub submit_us: f64,
    /// Both as multiples of one RSA-2048 verification beside the same round: what they are compared by, since a machine's
    /// speed swings.
    pub append_in_verifications: f64,
    /// See above.
    pub submit_in_verifications: f64,
    /// From opening a socket to a verified welcome, in milliseconds: the member's own signature is in it.
    pub join_ms: f64,
    /// The server's processor time of that, in microseconds.
    pub join_us: f64,
    /// The same as a multiple of one RSA-2048 signature beside it.
    pub join_in_signatures: f64,
    /// Hashes of the consistency proof from a tenth of the chain.
    pub hashes_from_tenth: usize,
    /// Hashes of the longest one there is.
    pub hashes_at_most: usize,
    /// The longest that an answer of either took, in milliseconds, over a new connection each.
    pub proof_ms: f64,
    /// Where the store's bytes are.
    pub space: Space,
    /// The bytes that its entries need in binary.
    pub binary: u64,
}

impl Row {
    /// Bytes of the store for each block.
    pub fn stored(&self) -> f64 {
        self.space.file as f64 / self.blocks as f64
    }

    /// The store as a multiple of what its entries need in binary.
    pub fn of_binary(&self) -> f64 {
        self.space.file as f64 / self.binary as f64
    }
}

/// Measures a chain. `community` is the folder that is served, the chain's own or a copy of it; the load stays in it.
///
/// # Errors
/// A server that does not come up, refuses, proves something wrong, or loses a message.
pub async fn measure(folder: &Folder, community: &Path) -> Result<Row, Problem> {
    let chain = &folder.community.state;
    let space = Space::of(&folder.config.store)?;
    settle(community)?;
    let (process, target, ready_ms, resident) = start(community).await?;
    let keys = keys_of(&folder.community.writers)?;
    let watched = process.watched();
    let joins = join(&target, &keys, chain, watched).await?;
    let tenth = (chain.size() / 10).max(1);
    let worst = proof::worst(chain.size());
    let mut hashes = [0, 0];
    let mut proof_ms = 0.0_f64;
    for (hashes, from) in hashes.iter_mut().zip([tenth, worst]) {
        let mut answers = Vec::new();
        for _ in 0..JOINS {
            let told = proof::ask(&target, &joins.token, chain.tree(), from).await?;
            *hashes = told.hashes;
            answers.push(told.took.as_secs_f64() * 1e3);
        }
        proof_ms = proof_ms.max(median(answers));
    }
    let epoch = Epoch {
        id: folder.community.epoch,
        secret: folder.community.secret.clone(),
    };
    let conversation = Conversation::go_on(&target, &keys[..LOAD.senders], chain, epoch).await?;
    let stage = Stage::of(Some(process), target, conversation);
    let outcomes = load(stage).await?;
    let of = |figure: fn(&Outcome) -> Option<f64>| {
        let figures: Option<Vec<f64>> = outcomes.iter().map(figure).collect();
        let words = "the system does not tell the processor time of the server's threads";
        figures.map(median).ok_or_else(|| Problem::new(words))
    };
    Ok(Row {
        blocks: chain.size(),
        members: chain.roster().count(),
        ready_ms,
        resident,
        append_us: of(append)?,
        submit_us: of(|outcome| outcome.measured.server_us_per_accepted)?,
        append_in_verifications: of(|outcome| Some(append(outcome)? / outcome.verification_us))?,
        submit_in_verifications: of(|outcome| outcome.in_verifications)?,
        join_ms: median(joins.took_ms),
        join_us: median(joins.spent_us),
        join_in_signatures: median(joins.in_signatures),
        hashes_from_tenth: hashes[0],
        hashes_at_most: hashes[1],
        proof_ms,
        space,
        binary: folder.binary,
    })
}

/// Starts a server some times over, and gives the last with the middle of the times and of the sizes.
async fn start(community: &Path) -> Result<(Process, Target, f64, u64), Problem> {
    let (mut took, mut sizes) = (Vec::new(), Vec::new());
    let mut last = None;
    for _ in 0..STARTS {
        // The one before goes first: a store has one server.
        drop(last.take());
        let begun = Instant::now();
        let (process, address, origin) = Process::serve(community)?;
        let target = Target::new(address, origin);
        target.get("/readyz", "").await?;
        took.push(begun.elapsed().as_secs_f64() * 1e3);
        sizes.push(process.watched().resident()? as f64);
        last = Some((process, target));
    }
    let (process, target) = last.ok_or_else(|| Problem::new("no server was started"))?;
    Ok((process, target, median(took), median(sizes) as u64))
}

/// What joins showed.
struct Joins {
    /// Each one's time.
    took_ms: Vec<f64>,
    /// The server's processor time for one, of each group.
    spent_us: Vec<f64>,
    in_signatures: Vec<f64>,
    /// Of the last session.
    token: Bytes,
}

/// Lets members join who hold the chain. In groups: what a thread has had is told once it sleeps, and one join's end is not
/// to be taken for the next one's beginning.
async fn join(
    target: &Target,
    keys: &[Arc<KeyPair>],
    chain: &State,
    server: Watched,
) -> Result<Joins, Problem> {
    let mut joins = Joins {
        took_ms: Vec::new(),
        spent_us: Vec::new(),
        in_signatures: Vec::new(),
        token: Bytes::from(Vec::new()),
    };
    for group in 0..=GROUPS {
        let signature_us = signature_us(&keys[0]);
        let before = server.spent()?;
        let mut took_ms = Vec::new();
        for key in keys.iter().cycle().take(JOINS) {
            let begun = Instant::now();
            let (joined, _socket) = enter(target, key, chain).await?;
            took_ms.push(begun.elapsed().as_secs_f64() * 1e3);
            if joined.chain() != chain.prefix() {
                let words = "the server has other blocks than the chain that was made";
                return Err(Problem::new(words));
            }
            joins.token = joined.token().clone();
        }
        let spent_us = server.spent()?.since(&before).total_us / JOINS as f64;
        // The first group meets a server that has done nothing yet.
        if group > 0 {
            joins.took_ms.extend(took_ms);
            joins.spent_us.push(spent_us);
            joins.in_signatures.push(spent_us / signature_us);
        }
    }
    Ok(joins)
}

/// The processor time of one RSA-2048 signature, in microseconds: the mean of some.
fn signature_us(key: &KeyPair) -> f64 {
    let before = own_thread();
    for _ in 0..SIGNATURES {
        black_box(key.sign(black_box(b"a signature")));
    }
    (own_thread() - before).as_nanos() as f64 / 1e3 / f64::from(SIGNATURES)
}

/// The ledger's thread, for each message.
fn append(outcome: &Outcome) -> Option<f64> {
    let server = outcome.measured.server.as_ref()?;
    let ledger = server.by_thread_us.get("ledger")?;
    Some(ledger / outcome.measured.accepted as f64)
}

async fn load(mut stage: Stage) -> Result<Vec<Outcome>, Problem> {
    stage.run(LOAD, PLAINTEXT).await?;
    let mut outcomes = Vec::new();
    for _ in 0..ROUNDS {
        outcomes.push(stage.run(LOAD, PLAINTEXT).await?);
    }
    Ok(outcomes)
}

/// A message of the load is as long as those of the chain: its text stands in eleven letters of JSON.
pub const PLAINTEXT: usize = LETTERS + r#"{"text":""}"#.len();

/// The keys again, to be shared.
pub fn keys_of(writers: &[KeyPair]) -> Result<Vec<Arc<KeyPair>>, Problem> {
    let again = |key: &KeyPair| {
        let key = KeyPair::from_pkcs8_pem(&key.to_pkcs8_pem()).map_err(Problem::at("a key"))?;
        Ok(Arc::new(key))
    };
    writers.iter().map(again).collect()
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
