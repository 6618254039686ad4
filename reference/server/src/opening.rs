//! A store at a start: its whole chain is read into a state, and judged on the way. A store that does not hold together
//! is reported with the place, and never mended. [`Opened`] holds the configured keys and the allowlist against it.

use dispatch_protocol::chain::{Block, State};
use dispatch_protocol::key::KeyPair;

use crate::allowlist::{self, Listed};
use crate::error::Error;
use crate::ledger::{Ledger as _, Shelf, SqliteLedger, StoreError};
use crate::{Config, key_file};

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

/// What a store and the configured keys come to before anything is written or served.
pub(crate) struct Opened {
    pub(crate) ledger: SqliteLedger,
    pub(crate) state: State,
    pub(crate) genesis: Block,
    pub(crate) server_key: KeyPair,
    pub(crate) authority: Option<KeyPair>,
    pub(crate) listed: Option<Result<Vec<Listed>, Error>>,
}

impl Opened {
    /// Reads what is configured, and holds it against each other.
    ///
    /// # Errors
    /// [`Error`]: what does not fit. Nothing was changed then.
    pub(crate) fn open(config: &Config) -> Result<Opened, Error> {
        let server_key = key_file::read(&config.server_key)?;
        let authority = config
            .authority_key
            .as_deref()
            .map(key_file::read)
            .transpose()?;
        config
            .limits
            .check()
            .map_err(|problem| Error::configuration(problem.to_string()))?;
        let ledger = SqliteLedger::open(&config.store)?;
        let state = load(ledger.shelf(), &config.store, Care::Start, &mut |_| {})?;
        is_of(&state, config)?;
        if server_key.public() != state.server_key() {
            let problem = "this is not the server key that the community's block 0 names";
            return Err(Error::file(&config.server_key, problem));
        }
        if let (Some(key), Some(path)) = (&authority, &config.authority_key)
            && key.public().id() != state.authority()
        {
            return Err(Error::file(
                path,
                "this is not the key of the community's authority",
            ));
        }
        let listed = match &config.allowlist {
            Some(path) if authority.is_some() => {
                if !path.is_file() {
                    return Err(Error::file(
                        path,
                        "there is no allowlist; an empty file would remove everybody it added",
                    ));
                }
                Some(allowlist::read(path))
            }
            _ => None,
        };
        let genesis = ledger.shelf().blocks(0..1, 0)?.pop();
        let genesis = genesis.ok_or_else(|| Error::Failed("block 0 is gone".to_owned()))?;
        Ok(Opened {
            ledger,
            state,
            genesis,
            server_key,
            authority,
            listed,
        })
    }
}
