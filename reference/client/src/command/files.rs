//! The commands about files: `export`, `backup`, `restore`, `name`.

use std::io::{BufWriter, Write as _};
use std::path::Path;

use dispatch_protocol::backup::{Backup, Contents, Membership, Named};
use dispatch_protocol::key::KeyPair;
use serde_json::json;

use super::Restore;
use super::home::{Home, seal, write_new};
use super::show::Output;
use super::talk;
use crate::error::{Error, at};
use crate::private::make_private;
use crate::reading;
use crate::store::Vault;

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
    let add = |contents: &mut Contents, vault: &Vault| -> Result<(), Error> {
        for card in vault.cards()? {
            if contents
                .cards
                .iter()
                .all(|known| known.card() != card.card())
            {
                contents.cards.push(card);
            }
        }
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
            checkpoint: vault.checkpoint()?,
        });
    }
    // last: what is newer stands in the communities
    if let Some(vault) = home.brought()? {
        add(&mut contents, &vault)?;
    }
    let passphrase = home.new_passphrase()?;
    write_new(file, seal(&contents, &passphrase).encode().as_bytes())?;
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
        // [BACKUP-7] it is verified as soon as block 0 is there, before anything is held against it
        if let Some(checkpoint) = checkpoint {
            vault.keep(checkpoint)?;
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
