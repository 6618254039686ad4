//! The commands that talk to a server: `join`, `send`, `tail`, `history`, `members`, `share`, `redact`; and `invite`.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use dispatch_protocol::bytes::Id;
use dispatch_protocol::invitation::Invitation;
use serde_json::json;

use super::home::Home;
use super::show::{Names, Output, Progress};
use super::{History, Send};
use crate::client::{Addressed, Client, Events, Settings};
use crate::community::Community;
use crate::error::{Error, at};
use crate::event::{Event, Message};
use crate::reading;

/// After so long without a server, a command that is no `tail` gives up.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn invite(home: &Home, output: &Output) -> Result<(), Error> {
    let (_, invitation) = home.chosen()?;
    if output.json {
        output.line(&json!({
            "type": "invitation", "invitation": invitation.to_string(), "community": invitation.community(),
        }));
    } else {
        anstream::println!("{invitation}");
    }
    Ok(())
}

pub(super) fn join(home: &Home, link: &str, output: &Output) -> Result<(), Error> {
    let invitation = Invitation::decode(link).map_err(Error::Input)?;
    let folder = home.folder_of(invitation.community());
    let is_new = !folder.exists();
    let key = home.key()?;
    if is_new {
        home.hand_on(&folder)?;
    }
    let settings = Settings::new(invitation.clone(), &folder);
    let joined = block_on(async {
        let (client, mut events) = Client::start(settings, key).await?;
        let size = synced(&client, &mut events, output).await?;
        let members = client.members().await?.len();
        answered(&mut events, output, client.ready()).await?;
        client.close().await;
        Ok((size, members))
    });
    // nobody was let in: what is left of the attempt holds nothing that was received
    if is_new && matches!(joined, Err(Error::Refused { .. } | Error::Server { .. })) {
        forget(home, &folder);
    }
    let (size, members) = joined?;
    if output.json {
        output.line(&json!({
            "type": "joined", "community": invitation.community(), "size": size, "members": members,
        }));
    } else {
        anstream::println!("joined {}", invitation.community());
        anstream::println!("{size} blocks verified, {members} members on the roster");
    }
    Ok(())
}

/// Takes a community's folder away that holds no chain, no evidence and no card but those that a backup brought.
fn forget(home: &Home, folder: &std::path::Path) {
    let count = |vault: &crate::store::Vault| vault.cards().map(|cards| cards.len());
    let brought = match home.brought() {
        Ok(Some(vault)) => count(&vault).unwrap_or_default(),
        _ => 0,
    };
    let fresh = crate::store::Vault::open(folder)
        .is_ok_and(|vault| count(&vault).is_ok_and(|held| held <= brought));
    let has_evidence = std::fs::read_dir(folder).is_ok_and(|mut entries| {
        entries.any(|e| e.is_ok_and(|e| e.file_name().to_string_lossy().starts_with("evidence")))
    });
    if fresh && !has_evidence {
        let _ = std::fs::remove_dir_all(folder);
    }
}

pub(super) fn send(home: &Home, arguments: &Send, output: &Output) -> Result<(), Error> {
    let text = if arguments.text == "-" {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        read.map_err(|error| Error::Usage(format!("standard input cannot be read: {error}")))?;
        text.trim_end_matches('\n').to_owned()
    } else {
        arguments.text.clone()
    };
    online(home, async |client, events, names| {
        synced(&client, events, output).await?;
        let members = client.members().await?;
        let ids: Vec<Id> = members.iter().map(|member| member.id).collect();
        let to = arguments.to.iter().map(|member| found(member, &ids, names));
        let to: Vec<Id> = to.collect::<Result<_, _>>()?;
        let reply_to = match arguments.reply_to {
            None => None,
            Some(index) => {
                let there = client.history(index, 1).await?;
                let message = there.into_iter().find(|message| message.index == index);
                Some(message.map(|message| message.id).ok_or_else(|| {
                    Error::Usage(format!(
                        "there is no message {index}; `history` shows the numbers"
                    ))
                })?)
            }
        };
        let addressed = Addressed {
            to: (!to.is_empty()).then_some(to),
            reply_to,
            channel: arguments.channel.clone(),
        };
        let sending = client.send(&text, addressed);
        let receipt = answered(events, output, sending).await?;
        output.receipt("sent", &receipt);
        Ok(client)
    })
}

pub(super) fn share(home: &Home, member: &str, output: &Output) -> Result<(), Error> {
    online(home, async |client, events, names| {
        synced(&client, events, output).await?;
        let ids: Vec<Id> = client.members().await?.iter().map(|m| m.id).collect();
        let sharing = client.share_history(found(member, &ids, names)?);
        let receipt = answered(events, output, sharing).await?;
        output.receipt("shared", &receipt);
        Ok(client)
    })
}

pub(super) fn redact(home: &Home, index: u64, reason: &str, output: &Output) -> Result<(), Error> {
    online(home, async |client, events, _| {
        synced(&client, events, output).await?;
        let receipt = answered(events, output, client.redact(index, reason)).await?;
        output.receipt("redacted", &receipt);
        Ok(client)
    })
}

pub(super) fn tail(home: &Home, last: usize, output: &Output) -> Result<(), Error> {
    online(home, async |client, events, names| {
        synced(&client, events, output).await?;
        let before = client.history(0, usize::MAX).await?;
        for message in &before[before.len().saturating_sub(last)..] {
            output.message(message, names);
        }
        let shown = before.last().map(|message| message.index);
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                _ = tokio::signal::ctrl_c() => return Ok(client),
            };
            match event {
                // a message that came between the sync and the history
                Some(Event::Message(message)) if Some(message.index) <= shown => {}
                Some(event) => output.event(&event, names),
                None => {
                    client.synced().await?;
                }
            }
        }
    })
}

pub(super) fn history(home: &Home, arguments: &History, output: &Output) -> Result<(), Error> {
    let show = |messages: &[Message], names: &Names| {
        let most = arguments.last.unwrap_or(usize::MAX);
        for message in &messages[messages.len().saturating_sub(most)..] {
            output.message(message, names);
        }
    };
    if arguments.offline {
        let community = home.stored()?;
        let messages = reading::history(&community, arguments.from, usize::MAX)?;
        show(&messages, &names(&community)?);
        return Ok(());
    }
    online(home, async |client, events, names| {
        synced(&client, events, output).await?;
        show(&client.history(arguments.from, usize::MAX).await?, names);
        Ok(client)
    })
}

pub(super) fn members(home: &Home, offline: bool, output: &Output) -> Result<(), Error> {
    if offline {
        let community = home.stored()?;
        let names = names(&community)?;
        for member in reading::members(&community) {
            output.member(&member, &names);
        }
        return Ok(());
    }
    online(home, async |client, events, names| {
        synced(&client, events, output).await?;
        for member in client.members().await? {
            output.member(&member, names);
        }
        Ok(client)
    })
}

/// What the member calls others in this community.
pub(super) fn names(community: &Community) -> Result<Names, Error> {
    let names = community.vault.names()?;
    Ok(Names(names.into_iter().collect::<HashMap<_, _>>()))
}

/// The account that begins with these letters, or has this name.
pub(super) fn found(wanted: &str, ids: &[Id], names: &Names) -> Result<Id, Error> {
    let by_name = ids
        .iter()
        .filter(|id| names.0.get(id).is_some_and(|n| n == wanted));
    let by_letters = ids
        .iter()
        .filter(|id| wanted.len() >= 4 && id.to_string().starts_with(wanted));
    let mut fitting: Vec<&Id> = by_name.chain(by_letters).collect();
    fitting.dedup();
    match fitting[..] {
        [one] => Ok(*one),
        [] => Err(Error::Usage(format!(
            "nobody on the roster has the name or an id that begins with `{wanted}` (at least 4 letters); `dispatch members` shows them"
        ))),
        _ => Err(Error::Usage(format!(
            "`{wanted}` is more than one member; give more letters of the id"
        ))),
    }
}

/// Runs a client of the chosen community for one command.
fn online(
    home: &Home,
    run: impl AsyncFnOnce(Client, &mut Events, &Names) -> Result<Client, Error>,
) -> Result<(), Error> {
    let (folder, invitation): (PathBuf, Invitation) = home.chosen()?;
    let names = crate::store::Vault::open(&folder)?.names()?;
    let names = Names(names.into_iter().collect());
    let key = home.key()?;
    block_on(async {
        let (client, mut events) = Client::start(Settings::new(invitation, &folder), key).await?;
        let client = run(client, &mut events, &names).await?;
        client.close().await;
        Ok(())
    })
}

/// Waits until all is verified, and shows how far it is.
async fn synced(client: &Client, events: &mut Events, output: &Output) -> Result<u64, Error> {
    let progress = Progress::new();
    let give_up = tokio::time::sleep(PATIENCE);
    tokio::pin!(give_up);
    let outcome = loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = &mut give_up => break Err(Error::Network(
                "the server was not to be reached; what is stored shows with --offline".to_owned(),
            )),
        };
        match event {
            Some(Event::Syncing { held, of }) => {
                // as long as something comes, it is waited for
                give_up
                    .as_mut()
                    .reset(tokio::time::Instant::now() + PATIENCE);
                progress.show(held, of);
            }
            Some(Event::Synced { size }) => break Ok(size),
            Some(other) => output.notice(&other),
            None => break client.synced().await,
        }
    };
    progress.clear();
    outcome
}

/// Waits for what is on its way, and tells what happens meanwhile.
async fn answered<T>(
    events: &mut Events,
    output: &Output,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let give_up = tokio::time::sleep(PATIENCE);
    tokio::pin!(give_up, work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            Some(event) = events.next() => output.notice(&event),
            () = &mut give_up => return Err(Error::Network(
                "no answer came yet; it is stored, and the next `dispatch` that reaches the server sends it".to_owned(),
            )),
        }
    }
}

fn block_on<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(at(std::path::Path::new("the runtime")))?
        .block_on(work)
}
