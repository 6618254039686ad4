//! What is read of a community without a server: history, members, the chain.

use dispatch_protocol::chain::State;

use crate::client::{Chain, Member};
use crate::community::Community;
use crate::error::Error;
use crate::event::Message;

/// The messages from a block on, at most so many.
pub(crate) fn history(
    community: &Community,
    from: u64,
    most: usize,
) -> Result<Vec<Message>, Error> {
    let mut found = Vec::new();
    community.each(from, |block| {
        if found.len() < most {
            found.extend(community.message(&block));
        }
        Ok(())
    })?;
    Ok(found)
}

/// Who is on the roster, in the order in which they first came.
pub(crate) fn members(community: &Community) -> Vec<Member> {
    let Some(state) = community.state() else {
        return Vec::new();
    };
    let member = |id| Member {
        id,
        is_authority: id == state.authority(),
        has_card: state.card(&id, state.size()).is_some(),
    };
    state.roster().map(|key| member(key.id())).collect()
}

/// The chain as it is held.
pub(crate) fn chain(community: &Community) -> Option<Chain> {
    let state: &State = community.state()?;
    Some(Chain {
        community: state.community(),
        size: state.size(),
        head: state.head(),
        checkpoint: community.follower()?.keeper().kept().cloned(),
    })
}
