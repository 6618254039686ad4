//! `dispatchd roster`: who is on it, as the chain on disk says.

use std::collections::HashMap;
use std::process::ExitCode;

use dispatch_protocol::bytes::Id;
use dispatch_protocol::entry::Body;
use dispatch_protocol::key::PublicKey;

use super::Place;
use crate::allowlist;
use crate::error::Error;
use crate::ledger;
use crate::opening::{self, Care};

pub(super) fn run(place: &Place) -> Result<ExitCode, Error> {
    let config = place.load()?;
    let shelf = ledger::shelf(&config)?;
    let mut since: HashMap<Id, u64> = HashMap::new();
    let state = opening::load(&*shelf, Care::Again, &mut |block| match &block.entry.body {
        Body::Genesis(_) => {
            since.insert(block.entry.author, block.index);
        }
        Body::Roster(roster) => {
            let added = roster
                .add
                .iter()
                .filter_map(|der| PublicKey::parse(der).ok());
            since.extend(added.map(|key| (key.id(), block.index)));
        }
        _ => {}
    })?;
    let names: HashMap<Id, Option<String>> = match &config.allowlist {
        Some(path) if path.exists() => allowlist::read(path)?
            .into_iter()
            .map(|key| (key.id(), key.name))
            .collect(),
        _ => HashMap::new(),
    };
    anstream::println!("{:<43}  {:>6}  {:>5}  NAME", "ID", "SINCE", "BITS");
    let mut members = 0;
    for key in state.roster() {
        let id = key.id();
        members += 1;
        let name = match names.get(&id) {
            _ if id == state.authority() => "(the authority)",
            Some(Some(name)) => name,
            Some(None) => "(no name)",
            None => "(not on the allowlist)",
        };
        let since = since.get(&id).copied().unwrap_or(0);
        anstream::println!("{id}  {since:>6}  {:>5}  {name}", key.modulus_bytes() * 8);
    }
    let waiting = names.keys().filter(|id| !state.on_roster(id)).count();
    anstream::println!(
        "{members} on the roster of {} after {} blocks",
        state.community(),
        state.size()
    );
    if waiting > 0 {
        anstream::println!(
            "{waiting} more on the allowlist: a running dispatchd adds them, unless the authority removed them itself"
        );
    }
    Ok(ExitCode::SUCCESS)
}
