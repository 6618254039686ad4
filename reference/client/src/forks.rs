//! What proves a fork to anyone: collected, and written to a file.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use dispatch_protocol::chain::State;
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::key::KeyPair;
use dispatch_protocol::session::Dial;
use dispatch_protocol::verdict::{Finding, Verdict};
use dispatch_protocol::verify::{Evidence, EvidenceInclusion};
use dispatch_protocol::wire::ServerFrame;

use crate::community::{Community, server};
use crate::dial::Place;
use crate::error::{Error, at};
use crate::joining;

/// Evidence of what was kept against what the server has shown on this connection; none where no two checkpoints convict it.
pub(crate) fn shown(community: &Community) -> Option<Evidence> {
    let state = community.state()?;
    let kept = community.follower()?.keeper().kept()?;
    let genesis = community.block(0).ok()??;
    let shown = community.shown().iter();
    let mut pairs: Vec<(&Checkpoint, &Checkpoint)> =
        shown.clone().map(|other| (kept, other)).collect();
    // the server may contradict itself on one connection
    pairs.extend(
        shown
            .clone()
            .flat_map(|one| shown.clone().map(move |other| (one, other))),
    );
    pairs.into_iter().find_map(|(ours, other)| {
        let inclusion = (other.size <= ours.size)
            .then(|| inclusion(state, other.size, ours.size))
            .flatten();
        let evidence = Evidence::new(genesis.clone(), ours.clone(), other.clone(), inclusion);
        evidence.verify().is_ok().then_some(evidence)
    })
}

/// What a server shows to somebody who holds nothing.
pub(crate) struct Shown {
    chain: State,
    checkpoint: Checkpoint,
}

/// How long the other story may take in all. That there is one was told before.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// How many blocks beyond those that are held are read: an honest chain is hardly longer, and each costs memory.
const BEYOND: u64 = 1 << 20;

/// After `unknown_have`: reads what the server shows now. None of it is shown as the community's chain, nor stored. // [CHECK-12]
pub(crate) async fn collect(
    place: &Place,
    dial: &Dial,
    key: &KeyPair,
    held: u64,
) -> Result<Shown, Error> {
    match tokio::time::timeout(PATIENCE, read(place, dial, key, held)).await {
        Ok(shown) => shown,
        Err(_) => Err(Error::Network("it did not come in time".into())),
    }
}

async fn read(place: &Place, dial: &Dial, key: &KeyPair, held: u64) -> Result<Shown, Error> {
    let mut socket = place.socket().await?;
    let session = joining::join(&mut socket, dial, key, None).await?;
    let mut chain: Option<State> = None;
    let due = session.welcome.size.min(held.saturating_add(BEYOND));
    while chain.as_ref().map_or(0, State::size) < due {
        let frame = match joining::hear(&mut socket).await? {
            ServerFrame::Blocks(frame) => frame,
            ServerFrame::Bye(bye) => return Err(joining::bye(bye)),
            _ => continue,
        };
        for block in frame.blocks {
            // hashes and links are all that is asked for: the entries' signatures convict no server
            match &mut chain {
                None => chain = Some(State::from_genesis(block).map_err(server)?.0),
                Some(chain) => drop(chain.restore(block).map_err(server)?),
            }
        }
    }
    Ok(Shown {
        chain: chain.ok_or_else(|| Error::Network("it states no block at all".into()))?,
        checkpoint: session.welcome.checkpoint,
    })
}

/// What a server that showed this after it did not know what is held has done, and the proof of it.
pub(crate) fn judge(community: &Community, shown: &Shown) -> (Finding, Option<Evidence>) {
    let Shown {
        chain: other,
        checkpoint: theirs,
    } = shown;
    let ours = community.state().expect("something is held");
    let common = other.size().min(ours.size());
    if other.prefix_head(common) == ours.prefix_head(common) {
        let finding = Finding::new(
            Verdict::Rollback,
            "CHECK-7",
            format!(
                "the server shows {} blocks; it has shown {} before, and the missing ones are still here",
                other.size(),
                ours.size()
            ),
        );
        return (finding, None);
    }
    let finding = Finding::new(
        Verdict::Fork,
        "CHECK-8",
        "the server shows another chain than it showed before",
    );
    let kept = community.follower().and_then(|f| f.keeper().kept());
    let evidence = kept.and_then(|kept| {
        // the larger checkpoint's own chain proves the block where the smaller one ends
        let (smaller, larger, chain) = match kept.size <= theirs.size {
            true => (kept, theirs, other),
            false => (theirs, kept, ours),
        };
        let inclusion = inclusion(chain, smaller.size, larger.size);
        let genesis = community.block(0).ok()??;
        let evidence = Evidence::new(genesis, smaller.clone(), larger.clone(), inclusion);
        evidence.verify().is_ok().then_some(evidence)
    });
    (finding, evidence)
}

/// The block at which a chain of `small` blocks ends, proved in the tree over `large`.
fn inclusion(state: &State, small: u64, large: u64) -> Option<EvidenceInclusion> {
    let index = small.checked_sub(1)?;
    Some(EvidenceInclusion {
        block_hash: state.tree().block(index)?,
        path: state.tree().inclusion(index, large)?,
    })
}

/// Writes evidence to a new file in the community's folder. // [EVID-2]
pub(crate) fn write(folder: &Path, evidence: &Evidence) -> Result<PathBuf, Error> {
    let path = (1..)
        .map(|n| folder.join(format!("evidence-{n}.json")))
        .find(|path| !path.exists())
        .expect("a number is free");
    let text = serde_json::to_string_pretty(evidence).expect("evidence is plain JSON");
    let mut file = std::fs::File::create_new(&path).map_err(at(&path))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| file.sync_all())
        .map_err(at(&path))?;
    Ok(path)
}
