//! The canary: what a server must not keep, log or say is planted in a run, and looked for in everything that it stored,
//! logged and served.
//!
//! Found is found: a secret in any of the forms of [`search`] breaks a requirement. Not found proves as much as the files can
//! be read: a store that is compressed or encrypted hides what it holds, and the report says so.

mod files;
mod search;
mod secrets;

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use tokio::time::{Instant, sleep};

use crate::peer::{Fault, Server};
use files::{Place, Text};
use search::Needles;
pub use search::{Form, Hit};
pub use secrets::{Kind, Secret};

/// Between two looks whether a redacted ciphertext is gone.
const LOOK: Duration = Duration::from_millis(50);
/// How many findings of one kind are told.
const TOLD: usize = 5;

/// Where a server writes.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The folder of its data.
    pub data: Option<PathBuf>,
    /// The file of its log.
    pub log: Option<PathBuf>,
}

/// What a search came to.
#[derive(Debug, Default)]
pub struct Swept {
    /// What was found, each with the requirement that it breaks.
    pub faults: Vec<Fault>,
    /// What a reader of the report should know.
    pub notes: Vec<String>,
    /// Whether the data folder was not the server's, so that nothing is known of its store.
    pub is_blind: bool,
}

/// Searches what the server stored, logged and served since `begun`.
///
/// A redacted ciphertext may take `patience` to go.
pub async fn sweep(
    server: &Server,
    places: &Places,
    begun: SystemTime,
    patience: Duration,
) -> Swept {
    let mut swept = Swept::default();
    let secrets = secrets::of(server);
    let needles = Needles::of(&secrets);
    for text in served(server) {
        tell(&mut swept, &secrets, &needles.find(&text.bytes), &text);
    }
    if let Some(log) = &places.log {
        match files::read(log) {
            Ok(text) => tell(&mut swept, &secrets, &needles.find(&text.bytes), &text),
            Err(error) => swept
                .notes
                .push(format!("the server's log cannot be read: {error}")),
        }
    }
    if let Some(data) = &places.data {
        look_into_store(
            &mut swept, server, data, begun, patience, &secrets, &needles,
        )
        .await;
    }
    swept
}

async fn look_into_store(
    swept: &mut Swept,
    server: &Server,
    data: &std::path::Path,
    begun: SystemTime,
    patience: Duration,
    secrets: &[Secret],
    needles: &Needles,
) {
    let stored = match files::below(data) {
        Ok(stored) => stored,
        Err(error) => {
            swept.is_blind = true;
            let note = format!("the data in {} cannot be read: {error}", data.display());
            return swept.notes.push(note);
        }
    };
    if !stored.iter().any(|text| text.changed >= begun) {
        swept.is_blind = true;
        return swept.notes.push(format!(
            "nothing in {} changed during the run: that is not where this server stores",
            data.display()
        ));
    }
    for text in &stored {
        tell(swept, secrets, &needles.find(&text.bytes), text);
    }
    // The chain itself has to be there: if it cannot be seen, neither can a secret.
    let known = secrets::signatures(server);
    let known = Needles::of(&known);
    if !stored
        .iter()
        .any(|text| !known.find(&text.bytes).is_empty())
    {
        swept.notes.push(
            "no entry's signature can be read in the server's data: a store that is compressed or encrypted keeps its \
             secrets from this search, too"
                .into(),
        );
    }
    let gone = secrets::redacted(server);
    let needles = Needles::of(&gone);
    let until = Instant::now() + patience;
    loop {
        let stored = files::below(data).unwrap_or_default();
        let left: Vec<(&Text, Vec<Hit>)> = stored
            .iter()
            .map(|text| (text, needles.find(&text.bytes)))
            .filter(|(_, hits)| !hits.is_empty())
            .collect();
        if left.is_empty() {
            return;
        }
        if Instant::now() >= until {
            for (text, hits) in left {
                tell(swept, &gone, &hits, text);
            }
            return;
        }
        sleep(LOOK).await;
    }
}

/// What the server said that is not for its receiver's eyes alone: details of refusals, and blocks.
fn served(server: &Server) -> Vec<Text> {
    let details = server.details();
    let details = details
        .into_iter()
        .map(|detail| Text::said(Place::Detail, "a `detail`".into(), detail));
    let size = server.chain.have().0;
    let blocks = (0..size).filter_map(|index| {
        let block = server.chain.block(index)?;
        Some(Text::said(
            Place::Block,
            format!("block {index}"),
            block.to_string(),
        ))
    });
    details.chain(blocks).collect()
}

/// Turns hits into faults, the first few of each requirement.
fn tell(swept: &mut Swept, secrets: &[Secret], hits: &[Hit], text: &Text) {
    let mut told: Vec<&str> = Vec::new();
    for hit in hits {
        let secret = &secrets[hit.secret];
        let Some(requirement) = secret.kind.breaks(text.place) else {
            continue;
        };
        if told.iter().filter(|id| **id == requirement).count() >= TOLD {
            continue;
        }
        told.push(requirement);
        swept.faults.push(Fault::new(
            requirement,
            format!(
                "{}, as {}, in {} at byte {}",
                secret.name, hit.form, text.name, hit.offset
            ),
        ));
    }
}
