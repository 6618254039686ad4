//! The roster follows the allowlist: three-way, from what was applied last to what the file says now. A key that is new in
//! the file is added where the roster lacks it, one that is gone from it is removed where the roster has it, and whatever
//! came over the socket stays. Each change is an entry of the authority, as any other.

use std::collections::BTreeSet;

use dispatch_protocol::bytes::{Bytes, Id};
use dispatch_protocol::chain::{Admission, Linked, State};
use dispatch_protocol::entry::{Body, Draft, Entry, Roster};
use dispatch_protocol::key::KeyPair;

use super::Writer;
use crate::allowlist::Listed;
use crate::clock;

/// What following the file came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Followed {
    /// How many accounts were added.
    pub(crate) added: usize,
    /// How many accounts were removed.
    pub(crate) removed: usize,
    /// How many roster entries it took.
    pub(crate) entries: usize,
}

/// What a roster entry may take of a frame, the rest being left for what stands around it.
const AROUND: usize = 4096;

impl Writer {
    /// Makes the roster follow the file: all of it in one commit, or nothing.
    pub(super) fn follow(&mut self, listed: &[Listed]) -> Result<Followed, String> {
        let Some(authority) = self.authority.clone() else {
            return Err("this server does not hold the authority's key".to_owned());
        };
        if !self.usable() {
            return Err(format!("not now: {}", self.cause()));
        }
        let wanted: BTreeSet<Id> = listed.iter().map(Listed::id).collect();
        if !self.has_end() {
            return Err(format!("not now: {}", self.cause()));
        }
        let applied = match self.ledger.shelf().applied() {
            Ok(applied) if applied != wanted => applied,
            other => {
                self.ledger.release();
                return match other {
                    Ok(_) => Ok(Followed::default()),
                    Err(problem) => Err(problem.to_string()),
                };
            }
        };
        let (add, remove) = self.difference(listed, &applied, &wanted);
        let mut followed = Followed {
            added: add.len(),
            removed: remove.len(),
            entries: 0,
        };
        let mut staged = Vec::new();
        for roster in entries(add, remove, self.limits.frame_bytes as usize - AROUND) {
            let signed = sign(&mut self.write(), roster, &authority, &self.limits);
            match signed {
                Ok(linked) => staged.push(linked),
                Err(problem) => {
                    self.ledger.release();
                    // What was staged before is not in the store, so the state must not have it either.
                    self.trouble_for("the server reads its store again");
                    self.recover();
                    return Err(problem);
                }
            }
        }
        followed.entries = staged.len();
        self.commit(staged, Some(&wanted))
            .map_err(|problem| problem.to_string())?;
        Ok(followed)
    }

    fn difference(
        &self,
        listed: &[Listed],
        applied: &BTreeSet<Id>,
        wanted: &BTreeSet<Id>,
    ) -> (Vec<Bytes>, Vec<Id>) {
        let state = self.read();
        let add = listed
            .iter()
            .filter(|key| !applied.contains(&key.id()) && !state.on_roster(&key.id()));
        let remove = applied
            .difference(wanted)
            .copied()
            .filter(|id| state.on_roster(id) && *id != state.authority());
        (
            add.map(|key| key.key.to_bytes()).collect(),
            remove.collect(),
        )
    }
}

/// One roster entry, signed by the authority and appended to the state.
fn sign(
    state: &mut State,
    roster: Roster,
    authority: &KeyPair,
    limits: &dispatch_protocol::limits::Limits,
) -> Result<Linked, String> {
    let author = authority.public().id();
    let now = clock::now();
    let draft = Draft {
        community: state.community(),
        author,
        seq: state.next_seq(&author),
        seen: state.prefix(),
        sent_at: now,
        body: Body::Roster(roster),
    };
    let entry = Entry::sign(draft, authority)
        .verify(authority.public())
        .map_err(|refusal| refusal.to_string())?;
    match state
        .admit(entry, now, limits)
        .map_err(|refusal| refusal.to_string())?
    {
        Admission::Append(admitted) => Ok(state.append(*admitted, now)),
        Admission::Repeat { .. } => {
            Err("an entry that was just made stands in the chain already".to_owned())
        }
    }
}

/// As few entries as hold these changes, each within so many bytes of JSON; removals first, since they matter most.
fn entries(add: Vec<Bytes>, remove: Vec<Id>, bytes: usize) -> Vec<Roster> {
    let mut done = Vec::new();
    let mut roster = Roster::default();
    let mut used = 0;
    let mut room = |roster: &mut Roster, needed: usize| {
        if used + needed > bytes && used > 0 {
            done.push(std::mem::take(roster));
            used = 0;
        }
        used += needed;
    };
    for id in remove {
        room(&mut roster, 46); // 43 letters, quotation marks, a comma
        roster.remove.push(id);
    }
    for key in add {
        room(&mut roster, key.len().div_ceil(3) * 4 + 3);
        roster.add.push(key);
    }
    if used > 0 {
        done.push(roster);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_split_so_that_each_entry_fits() {
        let add = vec![Bytes::from(vec![7; 294]); 100];
        let remove = vec![Id::new([1; 32]); 10];
        let cut = entries(add, remove, 4000);
        assert_eq!(
            cut.iter().map(|roster| roster.add.len()).sum::<usize>(),
            100
        );
        assert_eq!(
            cut.iter().map(|roster| roster.remove.len()).sum::<usize>(),
            10
        );
        assert_eq!(cut[0].remove.len(), 10);
        for roster in &cut {
            assert!(
                serde_json::to_string(roster).unwrap().len() <= 4000 + 25,
                "{}",
                roster.add.len()
            );
        }
        // No entry stays emptier than it must: two neighbours never fit into one.
        for pair in cut.windows(2) {
            let both = serde_json::to_string(&pair[0]).unwrap().len()
                + serde_json::to_string(&pair[1]).unwrap().len();
            assert!(both > 4000);
        }
    }

    #[test]
    fn no_change_needs_no_entry() {
        assert!(entries(Vec::new(), Vec::new(), 4000).is_empty());
    }
}
