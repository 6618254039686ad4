//! A server that is killed (SIGKILL) again and again in the midst of full load, started again on the same store, and told
//! once more what it had not acknowledged.
//!
//! A kill shows what survives the loss of the process: what the process gave to the system survives with it. What survives a
//! loss of power it does not show.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use dispatch_protocol::bytes::Id;
use dispatch_protocol::entry::Entry;
use dispatch_protocol::key::KeyPair;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::author::{Counter, End, Receipts, Spoken, speak};
use super::kept::{Broken, Kept};
use super::witness::{Testimony, watch};
use super::{AUTHORS, WINDOW, WITNESSES};
use crate::load::community::Community;
use crate::load::conversation::Conversation;
use crate::load::member::Member;
use crate::load::server::Process;
use crate::load::target::{BUFFER, Target};
use crate::load::{Problem, letters};

/// How often it is killed.
pub const KILLS: u64 = 10;

/// Acknowledgements between two kills, at the least.
const BETWEEN: u64 = 300;

/// So many that were acknowledged are handed in again, too: they must get the receipt that they got.
const AGAIN: usize = 8;

/// How long one life of the server may take.
const WITHIN: Duration = Duration::from_secs(60);

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// Kills.
    pub kills: u64,
    /// Kills that left messages without an answer.
    pub amid: u64,
    /// Messages that were acknowledged, each one counted once.
    pub acknowledged: u64,
    /// Messages that were handed in again, since no answer had come.
    pub again: u64,
    /// Those of them that the server had kept.
    pub again_kept: u64,
    /// Blocks that were shown, over all witnesses.
    pub shown: u64,
    /// What was promised and is not kept.
    pub broken: Broken,
    /// What `dispatchd verify` says.
    pub verified: String,
}

/// An author's messages, and what was acknowledged of them.
struct Voice {
    key: Arc<KeyPair>,
    entries: Vec<Entry>,
    ids: Vec<Id>,
    receipts: Receipts,
    /// How many were handed in, by this life or an earlier one.
    handed_in: usize,
}

/// Kills a server in the midst of full load.
///
/// # Errors
/// A server that does not come back, or refuses what it should take.
pub async fn kill() -> Result<Outcome, Problem> {
    let community = Community::found(AUTHORS)?;
    let (process, target) = serve(&community)?;
    let conversation = Conversation::begin(&target, &community.keys).await?;
    // More than are acknowledged before the last kill, so that it comes amid the load, too.
    let count = (KILLS * (BETWEEN + KILLS)) as usize + AUTHORS * WINDOW * (KILLS as usize + 1);
    let mut voices = voices(&community, &conversation, count)?;
    drop(conversation);
    process.kill()?;
    let mut outcome = Outcome {
        kills: 0,
        amid: 0,
        acknowledged: 0,
        again: 0,
        again_kept: 0,
        shown: 0,
        broken: Broken::default(),
        verified: String::new(),
    };
    let mut shown = Vec::new();
    for round in 0..=KILLS {
        let open = unanswered(&voices);
        // Other moments of the batches and the checkpoints each time.
        let after = (round < KILLS).then_some(BETWEEN + round);
        let life = live(&community, &mut voices, after);
        let life = tokio::time::timeout(WITHIN, life)
            .await
            .map_err(|_| Problem::new(format!("a life of the server took over {WITHIN:?}")))??;
        shown.extend(life.shown);
        let receipt = |(voice, place): &(usize, u64)| voices[*voice].receipts.get(place);
        let kept = open
            .iter()
            .filter_map(receipt)
            .filter(|(index, _)| *index < life.size);
        outcome.again_kept += kept.count() as u64;
        if after.is_some() {
            let open = unanswered(&voices).len() as u64;
            outcome.kills += 1;
            outcome.amid += u64::from(open > 0);
            outcome.again += open;
        }
    }
    let (kept, verified) = Kept::read(&community.path())?;
    outcome.verified = verified;
    let acknowledged = voices.iter().map(|voice| (&voice.receipts, &voice.ids[..]));
    outcome.broken = kept.against(acknowledged, &shown);
    outcome.acknowledged = voices.iter().map(|voice| voice.receipts.len() as u64).sum();
    outcome.shown = shown.iter().map(|seen| seen.hashes.len() as u64).sum();
    let all: usize = voices.iter().map(|voice| voice.entries.len()).sum();
    if outcome.acknowledged != all as u64 {
        return Err(Problem::new(format!(
            "{} of {all} messages were acknowledged",
            outcome.acknowledged
        )));
    }
    Ok(outcome)
}

impl Outcome {
    /// Whether everything that was promised is kept, and each kill came amid the load.
    pub fn holds(&self) -> bool {
        self.broken == Broken::default() && self.kills == KILLS && self.amid == KILLS
    }
}

fn serve(community: &Community) -> Result<(Process, Target), Problem> {
    let (process, address, origin) = Process::serve(&community.path())?;
    Ok((process, Target::new(address, origin)))
}

/// Signs everything before the first life, so that a life is full load and nothing else.
fn voices(
    community: &Community,
    conversation: &Conversation,
    count: usize,
) -> Result<Vec<Voice>, Problem> {
    let each = count / AUTHORS;
    let plaintext = letters::text_of(1024);
    let authors = conversation.authors();
    std::thread::scope(|scope| {
        let signing: Vec<_> = authors
            .iter()
            .zip(&community.keys)
            .map(|(author, key)| {
                let (epoch, plaintext) = (conversation.epoch(), &plaintext);
                scope.spawn(move || {
                    let entries =
                        (0..each).map(|place| letters::entry(author, epoch, place, plaintext));
                    let entries: Vec<Entry> = entries.collect();
                    Voice {
                        key: Arc::clone(key),
                        ids: entries.iter().map(Entry::id).collect(),
                        entries,
                        receipts: Receipts::new(),
                        handed_in: 0,
                    }
                })
            })
            .collect();
        let ended = signing.into_iter().map(|thread| {
            let voice = thread.join();
            voice.map_err(|_| Problem::new("a signing thread panicked"))
        });
        ended.collect()
    })
}

/// The places of what was handed in and not acknowledged, by each voice.
fn unanswered(voices: &[Voice]) -> Vec<(usize, u64)> {
    let mut open = Vec::new();
    for (number, voice) in voices.iter().enumerate() {
        let places = 0..voice.handed_in as u64;
        let places = places.filter(|place| !voice.receipts.contains_key(place));
        open.extend(places.map(|place| (number, place)));
    }
    open
}

/// One life of the server.
struct Life {
    /// How many blocks it began with.
    size: u64,
    /// What it showed.
    shown: Vec<Testimony>,
}

/// Starts the server, lets everybody write and read, and kills it after so many answers; without a number, lets everybody
/// come to the end.
async fn live(
    community: &Community,
    voices: &mut [Voice],
    after: Option<u64>,
) -> Result<Life, Problem> {
    let (process, target) = serve(community)?;
    let mut members = Vec::new();
    for voice in voices.iter() {
        members.push(Member::join(&target, Arc::clone(&voice.key)).await?);
    }
    let prefix = members[0].chain().prefix();
    let (until, told) = watch::channel(u64::MAX);
    let mut witnesses = JoinSet::new();
    for _ in 0..WITNESSES {
        let socket = members[0].another_socket(prefix, BUFFER).await?;
        witnesses.spawn(watch(socket, prefix.size, told.clone()));
    }
    let counter = Arc::new(Counter::default());
    let mut speaking = JoinSet::new();
    for (number, (voice, member)) in voices.iter_mut().zip(&members).enumerate() {
        let socket = member.another_socket(prefix, BUFFER).await?;
        let first = voice.receipts.len().saturating_sub(AGAIN) as u64;
        let (hand_in, frames) = mpsc::channel(voice.entries.len().max(1));
        for place in first..voice.entries.len() as u64 {
            let entry = voice.entries[place as usize].clone();
            let frame = member.submit_text(&place.to_string(), entry)?;
            hand_in.try_send(frame).map_err(Problem::at("a frame"))?;
        }
        let counter = Arc::clone(&counter);
        let mut receipts = std::mem::take(&mut voice.receipts);
        speaking.spawn(async move {
            let spoken = speak(socket, frames, &counter, &mut receipts).await;
            (number, first, receipts, spoken)
        });
    }
    drop(members);
    let mut process = Some(process);
    if let Some(after) = after {
        counter.reaches(after).await;
        process.take().map(Process::kill).transpose()?;
    }
    while let Some(ended) = speaking.join_next().await {
        let (number, first, receipts, spoken) = ended.map_err(Problem::at("an author"))?;
        let Spoken { end, handed_in, .. } = spoken?;
        voices[number].receipts = receipts;
        voices[number].handed_in = (first + handed_in) as usize;
        if after.is_none() && end == End::Broken {
            return Err(Problem::new("the server hung up on an author"));
        }
    }
    if after.is_none() {
        let receipts = voices.iter().flat_map(|voice| voice.receipts.values());
        let last = receipts.map(|(index, _)| *index).max().unwrap_or(0);
        let _ = until.send(last + 1);
    }
    let mut shown = Vec::new();
    while let Some(testimony) = witnesses.join_next().await {
        shown.push(testimony.map_err(Problem::at("a witness"))??);
    }
    let size = prefix.size;
    Ok(Life { size, shown })
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Broken {
            lost,
            doubled,
            forked,
        } = self.broken;
        writeln!(
            f,
            "killed (SIGKILL)    {} times, {} of them with messages unanswered; {AUTHORS} authors, window {WINDOW}",
            self.kills, self.amid
        )?;
        writeln!(
            f,
            "acknowledged        {}; lost {lost}, doubled {doubled}",
            self.acknowledged
        )?;
        writeln!(
            f,
            "handed in again     {}, of which the server had kept {}",
            self.again, self.again_kept
        )?;
        writeln!(
            f,
            "shown to witnesses  {} blocks; forked {forked}",
            self.shown
        )?;
        writeln!(f, "dispatchd verify    {}", self.verified)
    }
}
