//! The client as a program holds it: a handle, and the events.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use dispatch_protocol::bytes::{Hash, Id};
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::epoch::Plaintext;
use dispatch_protocol::invitation::Invitation;
use dispatch_protocol::key::{KeyPair, PublicKey};
use tokio::sync::{mpsc, oneshot};

use crate::community::Community;
use crate::dial::Place;
use crate::error::Error;
use crate::event::{Event, Message};
use crate::running::{Job, Order, Running};
use crate::store::{Presence, Vault};
use crate::writing::Errand;

/// How many events wait for their reader. Beyond that, the client reads no more from the server.
const EVENTS: usize = 4096;

/// What a client is started with.
#[derive(Clone)]
pub struct Settings {
    /// The community, and where it is dialled.
    pub invitation: Invitation,
    /// The folder of this community and account alone. It is made where it is not there.
    pub folder: PathBuf,
    /// Milliseconds since 1970.
    pub clock: Clock,
    /// The TLS configuration; without one, the system's roots are trusted.
    pub tls: Option<Arc<rustls::ClientConfig>>,
}

/// Where the time comes from.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

impl Settings {
    /// With the system's clock and roots.
    pub fn new(invitation: Invitation, folder: impl Into<PathBuf>) -> Self {
        Self {
            invitation,
            folder: folder.into(),
            clock: Arc::new(now),
            tls: None,
        }
    }
}

/// Now, by the system's clock, in milliseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

/// Whom a message is for, and what it belongs to.
#[derive(Debug, Clone, Default)]
pub struct Addressed {
    /// These members and oneself; without any, everyone on the roster.
    pub to: Option<Vec<Id>>,
    /// The entry id of the message that this one answers.
    pub reply_to: Option<Id>,
    /// Where it is said: 1 to 64 bytes.
    pub channel: Option<String>,
}

/// An entry that stands in the chain, as the server acknowledged and this client saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The block's index.
    pub index: u64,
    /// The block's hash.
    pub hash: Hash,
    /// The entry's id.
    pub id: Id,
}

/// A member of the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The account.
    pub id: Id,
    /// Whether it is the authority.
    pub is_authority: bool,
    /// Whether it has published a card, so that something can be encrypted for it.
    pub has_card: bool,
}

/// The verified chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The community's id.
    pub community: Id,
    /// The number of blocks.
    pub size: u64,
    /// The hash of the last one.
    pub head: Hash,
    /// The highest checkpoint that was verified.
    pub checkpoint: Option<Checkpoint>,
}

/// A running client. It joins, follows, and joins again by itself, until it is closed or dropped.
#[derive(Clone)]
pub struct Client {
    orders: mpsc::Sender<Order>,
    ended: Arc<OnceLock<Error>>,
    /// Where what is wanted is stored before anything else, in the order in which it is said.
    desk: Arc<tokio::sync::Mutex<Desk>>,
}

/// A way to the store beside the running client's, which may be busy with a server that does not answer.
struct Desk {
    vault: Vault,
    owner: String,
}

/// The events, in the order of the chain. Messages and changes of the roster come from the first [`Event::Synced`] on; what
/// was said before is [`Client::history`]. They must be read, or dropped: the client waits for a reader who lags far behind.
pub struct Events(mpsc::Receiver<Event>);

impl Events {
    /// The next event; none once the client has ended.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.recv().await
    }
}

impl Client {
    /// Opens the store, restores the chain, and begins to join. Must be called within a multi-threaded tokio runtime.
    ///
    /// # Errors
    /// [`Error::Usage`] or [`Error::Store`]. What goes wrong on the way to the server comes as an event, and is tried again.
    pub async fn start(settings: Settings, key: Arc<KeyPair>) -> Result<(Self, Events), Error> {
        let place = Place::of(&settings.invitation, settings.tls.clone())?;
        let (invitation, folder, public) = (
            settings.invitation.clone(),
            settings.folder.clone(),
            key.public().clone(),
        );
        let opening =
            tokio::task::spawn_blocking(move || Community::open(&folder, &invitation, &public));
        let (community, repaired) = opening.await.map_err(|_| Error::Closed)??;
        let presence = Presence::show(&settings.folder)?;
        let desk = Desk {
            vault: Vault::open(&settings.folder)?,
            owner: presence.name().to_owned(),
        };
        let (orders, taken) = mpsc::channel(64);
        let (told, events) = mpsc::channel(EVENTS);
        let ended = Arc::new(OnceLock::new());
        let running = Running::new(
            community,
            presence,
            place,
            key,
            settings.clock,
            taken,
            (told, ended.clone()),
        );
        tokio::spawn(running.run(repaired));
        let desk = Arc::new(tokio::sync::Mutex::new(desk));
        let client = Self {
            orders,
            ended,
            desk,
        };
        Ok((client, Events(events)))
    }

    /// Waits until everything that the server states is verified; gives the chain's size.
    ///
    /// # Errors
    /// Why the client ended.
    pub async fn synced(&self) -> Result<u64, Error> {
        self.ask(Order::Synced).await
    }

    /// Waits until others can encrypt for this member, too: its card stands in the chain.
    ///
    /// # Errors
    /// Why the client ended.
    pub async fn ready(&self) -> Result<u64, Error> {
        self.ask(Order::Ready).await
    }

    /// Says something, and waits until it stands in the chain. It is stored before it is sent, and sent again after a loss of
    /// the connection or of the program, so that it is said once.
    ///
    /// # Errors
    /// [`Error::Usage`], [`Error::Clock`], [`Error::Refused`], or why the client ended.
    pub async fn send(&self, text: &str, addressed: Addressed) -> Result<Receipt, Error> {
        if let Some(channel) = &addressed.channel
            && !(1..=64).contains(&channel.len())
        {
            return Err(Error::Usage("a channel's name has 1 to 64 bytes".into()));
        }
        self.run(Errand::Say {
            plaintext: Plaintext {
                text: text.to_owned(),
                reply_to: addressed.reply_to,
                channel: addressed.channel,
            },
            to: addressed
                .to
                .map(|to| to.into_iter().collect::<BTreeSet<_>>()),
        })
        .await
    }

    /// Lets a member who came late read what all others of the roster can. Everyone sees that it was shared.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn share_history(&self, with: Id) -> Result<Receipt, Error> {
        self.run(Errand::Share { with }).await
    }

    /// Takes the words of one's own message away, or as the authority those of anyone.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn redact(&self, index: u64, reason: &str) -> Result<Receipt, Error> {
        if reason.len() > 512 {
            return Err(Error::Usage("a reason has at most 512 bytes".into()));
        }
        let reason = reason.to_owned();
        self.run(Errand::Redact { index, reason }).await
    }

    /// Changes the roster, as the authority.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn change_roster(&self, add: &[PublicKey], remove: &[Id]) -> Result<Receipt, Error> {
        self.run(Errand::Roster {
            add: add.iter().map(PublicKey::to_bytes).collect(),
            remove: remove.to_vec(),
        })
        .await
    }

    /// The messages of the store from a block on, at most so many.
    ///
    /// # Errors
    /// [`Error::Store`], or why the client ended.
    pub async fn history(&self, from: u64, most: usize) -> Result<Vec<Message>, Error> {
        self.look(move |community| crate::reading::history(community, from, most))
            .await?
    }

    /// Who is on the roster.
    ///
    /// # Errors
    /// Why the client ended.
    pub async fn members(&self) -> Result<Vec<Member>, Error> {
        self.look(|community| crate::reading::members(community))
            .await
    }

    /// The chain as it is held; none before block 0 came.
    ///
    /// # Errors
    /// Why the client ended.
    pub async fn chain(&self) -> Result<Option<Chain>, Error> {
        self.look(|community| crate::reading::chain(community))
            .await
    }

    /// Ends the client, and waits until it has. What was not acknowledged stays in the store, and is sent by the next one.
    pub async fn close(self) {
        let _ = self.orders.send(Order::Close).await;
        self.orders.closed().await;
    }

    async fn run(&self, errand: Errand) -> Result<Receipt, Error> {
        let (answer, answered) = oneshot::channel();
        if self.orders.is_closed() {
            return Err(self.why().await);
        }
        // held until it is in the queue, so that the order in the store is that of the queue
        let mut desk = self.desk.clone().lock_owned().await;
        let text = errand.encode();
        let storing = tokio::task::spawn_blocking(move || {
            let Desk { vault, owner } = &mut *desk;
            let number = vault.add_errand(owner, &text);
            (desk, number)
        });
        let (mut desk, number) = storing.await.map_err(|_| Error::Closed)?;
        let job = Job::new(errand, number?, answer);
        if let Err(unsent) = self.orders.send(Order::Do(job)).await {
            // whoever asked is told that it was not taken
            if let Order::Do(job) = unsent.0 {
                desk.vault.drop_errand(job.number)?;
            }
            return Err(self.why().await);
        }
        drop(desk);
        self.outcome(answered).await
    }

    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&mut Community) -> T + Send + 'static,
    ) -> Result<T, Error> {
        self.ask(|answer| {
            Order::Look(Box::new(move |community| {
                let _ = answer.send(Ok(look(community)));
            }))
        })
        .await
    }

    async fn ask<T>(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<T, Error>>) -> Order,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        match self.orders.send(order(answer)).await {
            Ok(()) => self.outcome(answered).await,
            Err(_) => Err(self.why().await),
        }
    }

    async fn outcome<T>(&self, answered: oneshot::Receiver<Result<T, Error>>) -> Result<T, Error> {
        match answered.await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.why().await),
        }
    }

    /// Why nothing is answered any more.
    async fn why(&self) -> Error {
        // whoever ran it is gone by then, and has said why
        self.orders.closed().await;
        self.ended.get().cloned().unwrap_or(Error::Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dispatch_protocol::key::ModulusBits;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_fault_of_the_clients_own_is_told_to_whoever_asks_and_to_whoever_waits() {
        let dir = tempfile::tempdir().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        // nobody answers there
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let invitation = Invitation::new(&origin, Id::new([7; 32])).unwrap();
        let key = Arc::new(KeyPair::generate(ModulusBits::Bits2048).unwrap());
        let settings = Settings::new(invitation, dir.path().join("it"));
        let (client, mut events) = Client::start(settings, key).await.unwrap();
        let waiting = tokio::spawn({
            let client = client.clone();
            async move { client.synced().await }
        });
        let fault = client.look(|_| panic!("a fault, made for this test")).await;
        let fault: Result<(), Error> = fault;
        assert!(matches!(fault, Err(Error::Failed)), "{fault:?}");
        let waited = waiting.await.unwrap();
        assert!(matches!(waited, Err(Error::Failed)), "{waited:?}");
        let sent = client.send("?", Addressed::default()).await;
        assert!(matches!(sent, Err(Error::Failed)), "{sent:?}");
        while events.next().await.is_some() {}
    }
}
