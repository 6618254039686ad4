//! A store at a start: its whole chain is read into a state, and judged on the way. A store that does not hold together
//! is reported with the place, and never mended.

use dispatch_protocol::chain::{Block, State};

use crate::Config;
use crate::ledger::{Shelf, StoreError};

/// How many blocks at the end get their signatures verified again at each start. Those before were verified when they
/// came, and every hash is computed again: a changed value anywhere breaks the chain.
const TAIL: u64 = 256;

/// What `judge` does to every block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Care {
    /// Signatures of the last blocks alone.
    Start,
    /// Every signature.
    Full,
    /// No signature: the store was good a moment ago.
    Again,
}

/// Reads the chain.
///
/// # Errors
/// [`StoreError::Damaged`] with the first block that is wrong, or what is missing at the end.
pub(crate) fn load(
    shelf: &dyn Shelf,
    path: &std::path::Path,
    care: Care,
    seen: &mut dyn FnMut(&Block),
) -> Result<State, StoreError> {
    let damaged = |index: Option<u64>, what: String| StoreError::Damaged {
        path: path.to_owned(),
        index,
        what,
    };
    // Before the blocks: beside a running server the chain grows between two reads, and never shrinks.
    let checkpoint = shelf.checkpoint()?.ok_or_else(|| {
        damaged(
            None,
            "no checkpoint is kept in it, though there always is one".to_owned(),
        )
    })?;
    shelf.applied()?;
    let size = shelf.size()?;
    let verified_from = match care {
        Care::Start => size.saturating_sub(TAIL),
        Care::Full => 0,
        Care::Again => size,
    };
    let mut state: Option<State> = None;
    shelf.each(&mut |block| {
        seen(&block);
        let index = block.index;
        let judged = match &mut state {
            None => State::from_genesis(block).map(|(begun, _)| state = Some(begun)),
            Some(state) if index < verified_from => state.restore(block).map(drop),
            Some(state) => state.replay(block).map(drop),
        };
        judged.map_err(|finding| {
            damaged(
                Some(index),
                format!("{} ({})", finding.detail, finding.verdict),
            )
        })
    })?;
    let state = state.ok_or_else(|| damaged(Some(0), "there is no block in it".to_owned()))?;
    if checkpoint.size > state.size() {
        let what = format!(
            "blocks are missing at the end: this server signed a checkpoint over {} blocks, and there are {}",
            checkpoint.size,
            state.size()
        );
        return Err(damaged(Some(state.size()), what));
    }
    state
        .check(&checkpoint)
        .map_err(|finding| damaged(None, format!("{} ({})", finding.detail, finding.verdict)))?;
    // [RED-8] Also behind the checkpoint.
    if let Some(index) = state.first_gap() {
        return Err(damaged(
            Some(index),
            "the message has no ciphertext, and no block redacts it".to_owned(),
        ));
    }
    Ok(state)
}

/// Whether the store is that of the community that the configuration names, if it names one.
///
/// # Errors
/// [`StoreError::Foreign`].
pub(crate) fn is_of(state: &State, config: &Config) -> Result<(), StoreError> {
    match config.community {
        Some(expected) if expected != state.community() => Err(StoreError::Foreign {
            path: config.store.clone(),
            expected,
            found: state.community(),
        }),
        _ => Ok(()),
    }
}
