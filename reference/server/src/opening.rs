//! A store at a start: its chain is [loaded](load()) into a state. [`Opened`] holds the configured keys and the allowlist
//! against it, and brings an older store to this version when nothing speaks against it.

mod load;

use dispatch_protocol::chain::{Block, Linked, State};
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::key::KeyPair;

use crate::allowlist::{self, Listed};
use crate::error::Error;
use crate::ledger::{self, Ledger, Shelf, Step, StoreError};
use crate::writer::Tip;
use crate::{Config, checkpointer, key_file};
pub(crate) use load::{Care, TAIL, load};

/// How much is read at once of what others have appended, in bytes.
const UNIT_BYTES: usize = 1 << 20;

/// Whether the store is that of the community that the configuration names, if it names one.
///
/// # Errors
/// [`StoreError::Foreign`].
pub(crate) fn is_of(state: &State, shelf: &dyn Shelf, config: &Config) -> Result<(), StoreError> {
    match config.community {
        Some(expected) if expected != state.community() => Err(StoreError::Foreign {
            path: shelf.place().to_owned(),
            expected,
            found: state.community(),
        }),
        _ => Ok(()),
    }
}

/// What a store and the configured keys come to before anything is written or served.
pub(crate) struct Opened {
    pub(crate) ledger: Box<dyn Ledger>,
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
        let mut ledger = ledger::open(config)?;
        let state = load(ledger.shelf(), Care::Start, &mut |_| {})?;
        if state.size() > TAIL {
            tracing::info!(
                blocks = state.size(),
                whole = TAIL,
                "only the last blocks were verified whole; `dispatchd verify` checks all of them"
            );
        }
        is_of(&state, ledger.shelf(), config)?;
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
        migrate(&mut *ledger)?;
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

/// Covers what no checkpoint covers yet, before anybody is served. Gives the one that is kept then. // [CHECK-3]
///
/// # Errors
/// If it is not durable.
pub(crate) fn cover(
    ledger: &mut dyn Ledger,
    state: &mut State,
    server_key: &KeyPair,
) -> Result<Checkpoint, StoreError> {
    let mut before = 0;
    if let Some(kept) = ledger.shelf().checkpoint()? {
        if kept.size == state.size() {
            return Ok(kept);
        }
        before = kept.time;
    }
    loop {
        let kept = ledger.keep(&checkpointer::sign(Tip::of(state), before, server_key))?;
        // Another process may have been faster, and have covered what it appended meanwhile.
        catch_up(ledger.shelf(), state, kept.size, &mut |_| {})?;
        if kept.size == state.size() {
            return Ok(kept);
        }
        before = kept.time;
    }
}

/// Takes in what others have appended to the same store up to a size, in order. `taken` is handed each block; what it came
/// from is judged by all but its signature, as at a start.
///
/// # Errors
/// [`StoreError`]: a block that is missing, or is none of this chain.
pub(crate) fn catch_up(
    shelf: &dyn Shelf,
    state: &mut State,
    size: u64,
    taken: &mut dyn FnMut(Linked),
) -> Result<(), StoreError> {
    while state.size() < size {
        let due = state.size();
        let damaged = |what: String| StoreError::Damaged {
            path: shelf.place().to_owned(),
            index: Some(due),
            what,
        };
        let blocks = shelf.blocks(due..size, UNIT_BYTES)?;
        if blocks.is_empty() {
            return Err(damaged("the block is missing".to_owned()));
        }
        for block in blocks {
            let restored = state.restore(block);
            taken(
                restored.map_err(|finding| {
                    damaged(format!("{} ({})", finding.detail, finding.verdict))
                })?,
            );
        }
    }
    Ok(())
}

/// Brings an older store to this version, and says so.
pub(crate) fn migrate(ledger: &mut dyn Ledger) -> Result<(), StoreError> {
    let mut begun = false;
    let migrated = ledger.migrate(&mut |step| match step {
        Step::Copied(..) if !begun => {
            begun = true;
            tracing::info!("the store is of an older version; it is copied, then migrated");
        }
        Step::Copied(..) | Step::Committed => {}
        Step::Kept => tracing::info!("the copy is made"),
        Step::Filled(blocks) => tracing::debug!(blocks, "migrating"),
    })?;
    if let Some(migrated) = migrated {
        tracing::info!(
            from = migrated.from,
            to = migrated.to,
            backup = %migrated.backup.display(),
            "the store was migrated; remove the backup when all is well, since what is redacted from now on stays in it"
        );
        if !migrated.packed {
            tracing::info!(
                "the store's file still has the room that its older form took, and fills it by and by; somebody reads it, or the disk has no room for a second one"
            );
        }
    }
    Ok(())
}
