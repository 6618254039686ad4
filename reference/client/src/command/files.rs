//! The commands about files: `export`, `backup`, `restore`, `name`.

use std::collections::HashSet;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use dispatch_protocol::backup::{Backup, Contents, Membership, Named};
use dispatch_protocol::key::{CardKey, KeyPair};
use serde_json::json;

use super::Restore;
use super::home::{Home, seal, write_new};
use super::show::Output;
use super::talk;
use crate::error::{Error, at};
use crate::private::make_private;
use crate::reading;
use crate::store::Vault;

/// How many cards, and how many communities, a backup holds, and how many names. // [BACKUP-3]
const MOST: usize = 1024;
const MOST_NAMES: usize = 65_536;

pub(super) fn export(home: &Home, file: Option<&Path>) -> Result<(), Error> {
    let community = home.stored()?;
    let to: Box<dyn std::io::Write> = match file {
        None => Box::new(std::io::stdout().lock()),
        Some(path) => Box::new(std::fs::File::create_new(path).map_err(at(path))?),
    };
    let path = file.unwrap_or(Path::new("standard output"));
    let mut to = BufWriter::new(to);
    community.each(0, |block| {
        let text = serde_json::to_string(&block).expect("a block is plain JSON");
        writeln!(to, "{text}").map_err(at(path))
    })?;
    let kept = community
        .follower()
        .and_then(|f| f.keeper().kept().cloned());
    if let Some(checkpoint) = kept {
        writeln!(to, "{}", json!({ "checkpoint": checkpoint })).map_err(at(path))?;
    }
    to.flush().map_err(at(path))
}

pub(super) fn backup(home: &Home, file: &Path, output: &Output) -> Result<(), Error> {
    if file.exists() {
        return Err(Error::file(
            file,
            "there is such a file already, and nothing is overwritten",
        ));
    }
    let key = home.key()?;
    let mut contents = Contents {
        private_key: KeyPair::from_pkcs8_der(&key.to_pkcs8_der())
            .map_err(|error| Error::Usage(error.to_string()))?,
        cards: Vec::new(),
        communities: Vec::new(),
        names: Vec::new(),
    };
    let mut cards = Vec::new();
    let mut add = |contents: &mut Contents, vault: &Vault| -> Result<(), Error> {
        cards.push(vault.cards()?);
        for (account, name) in vault.names()? {
            if contents.names.iter().all(|known| known.account != account) {
                contents.names.push(Named { account, name });
            }
        }
        Ok(())
    };
    for (folder, invitation) in home.joined()? {
        let vault = Vault::open(&folder)?;
        add(&mut contents, &vault)?;
        contents.communities.push(Membership {
            invitation,
            checkpoint: vault.checkpoint()?.or(vault.restored()?),
        });
    }
    // last: what is newer stands in the communities
    if let Some(vault) = home.brought()? {
        add(&mut contents, &vault)?;
    }
    let left_out;
    (contents.cards, left_out) = newest(cards);
    for (what, count, most) in [
        ("communities", contents.communities.len(), MOST),
        ("names", contents.names.len(), MOST_NAMES),
    ] {
        if count > most {
            return Err(Error::Usage(format!(
                "a backup holds {most} {what} at most, and here are {count}; use a home for each group of communities"
            )));
        }
    }
    let passphrase = home.new_passphrase()?;
    let text = seal(&contents, &passphrase).encode();
    // opened as it will be some day, before anybody relies on it
    let opened = Backup::decode(text.as_bytes()).and_then(|backup| backup.open(&passphrase));
    opened.map_err(Error::Input)?;
    write_new(file, text.as_bytes())?;
    if left_out > 0 {
        anstream::eprintln!(
            "dispatch: {left_out} of the oldest card keys have no room in a backup; what was encrypted for them alone is read in this home alone"
        );
    }
    let (communities, cards) = (contents.communities.len(), contents.cards.len());
    if output.json {
        output.line(&json!({"type": "backup", "communities": communities, "cards": cards}));
    } else {
        anstream::println!(
            "{}: the account's key, {cards} card keys, {communities} communities; opened again by the passphrase alone",
            file.display()
        );
    }
    Ok(())
}

/// The newest of these cards, each list of them the newest first, and how many have no room.
fn newest(lists: Vec<Vec<CardKey>>) -> (Vec<CardKey>, usize) {
    let (mut newest, mut known, mut left_out) = (Vec::new(), HashSet::new(), 0);
    let mut lists: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    loop {
        let rank: Vec<CardKey> = lists.iter_mut().filter_map(Iterator::next).collect();
        if rank.is_empty() {
            return (newest, left_out);
        }
        for card in rank {
            if !known.insert(card.card()) {
                continue;
            }
            match newest.len() < MOST {
                true => newest.push(card),
                false => left_out += 1,
            }
        }
    }
}

pub(super) fn restore(home: &Home, arguments: &Restore, output: &Output) -> Result<(), Error> {
    if home.has_account() {
        return Err(Error::Usage(format!(
            "an account lives in {} already, and is never overwritten; choose another --home",
            home.path().display()
        )));
    }
    let path = &arguments.file;
    let bytes = std::fs::read(path).map_err(at(path))?;
    let file = Backup::decode(&bytes).map_err(Error::Input)?;
    let passphrase = home.passphrase("The backup's passphrase: ")?;
    let contents = file.open(&passphrase).map_err(Error::Input)?;
    make_private(home.path())?;
    let account = contents.private_key.public().id();
    // they belong to the account, and may be for communities that the backup does not name
    let mut brought = Vault::open(home.path())?;
    for card in contents.cards.iter().rev() {
        brought.add_card(card)?;
    }
    for Named { account, name } in &contents.names {
        brought.set_name(account, name)?;
    }
    drop(brought);
    for Membership {
        invitation,
        checkpoint,
    } in &contents.communities
    {
        let folder = home.folder_of(invitation.community());
        home.hand_on(&folder)?;
        let mut vault = Vault::open(&folder)?;
        vault.set_owner(invitation, account)?;
        // [BACKUP-7] kept as soon as block 0 is there and its server key verifies it
        if let Some(checkpoint) = checkpoint {
            vault.set_restored(checkpoint)?;
        }
    }
    let (communities, cards) = (contents.communities.len(), contents.cards.len());
    // last: a home without a key can be filled again
    home.settle(contents.private_key, arguments.no_passphrase)?;
    if output.json {
        output.line(&json!({
            "type": "restored", "account": account, "communities": communities, "cards": cards,
        }));
    } else {
        anstream::println!("account {account}");
        anstream::println!(
            "{cards} card keys and {communities} communities; the next command fetches their chains"
        );
    }
    Ok(())
}

pub(super) fn name(home: &Home, member: &str, name: &str) -> Result<(), Error> {
    if !(1..=255).contains(&name.len()) {
        return Err(Error::Usage("a name has 1 to 255 bytes".to_owned()));
    }
    let mut community = home.stored()?;
    let ids: Vec<_> = reading::members(&community).iter().map(|m| m.id).collect();
    let id = talk::found(member, &ids, &talk::names(&community)?)?;
    community.vault.set_name(&id, name)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_cards_of_each_community_have_room_first() {
        let cards = |count| -> Vec<CardKey> { (0..count).map(|_| CardKey::generate()).collect() };
        let (many, few) = (cards(MOST + 10), cards(3));
        let publics = |cards: &[CardKey]| cards.iter().map(CardKey::card).collect::<Vec<_>>();
        let (many_publics, few_publics) = (publics(&many), publics(&few));
        let again = vec![CardKey::from_bytes(&many[0].to_bytes())];
        let (kept, left_out) = newest(vec![many, few, again]);
        let kept = publics(&kept);
        assert_eq!((kept.len(), left_out), (MOST, 13));
        assert_eq!(kept[..2], [many_publics[0], few_publics[0]]);
        assert!(few_publics.iter().all(|card| kept.contains(card)));
        assert_eq!(kept.last(), Some(&many_publics[MOST - 4]));
    }
}
