//! A conversation that is ready for a load: authors who have joined and share an epoch, a reader, and their sockets.

use std::sync::Arc;

use dispatch_protocol::chain::State;
use dispatch_protocol::entry::{Body, CardBody, Epoch as EpochBody, Recipient};
use dispatch_protocol::epoch::{Secret, WrapContext};
use dispatch_protocol::key::{CardKey, KeyPair};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio_tungstenite::tungstenite::Message;

use super::drive::{Load, Participants};
use super::hearing::{self, Heard};
use super::letters::{self, Epoch, Letters};
use super::member::Member;
use super::target::{BUFFER, Socket, Target};
use super::{Problem, limit};

/// How many sockets are opened at a time.
const AT_A_TIME: usize = 32;

/// See the module.
pub struct Conversation {
    authors: Vec<Member>,
    epoch: Epoch,
}

/// A load that is ready to run, and the statements that it is made of.
pub struct Prepared<H> {
    /// Sockets and frames.
    pub participants: Participants<Socket, Message, H>,
    /// Some of the signed statements in it.
    pub signed: Vec<limit::Signed>,
}

impl Conversation {
    /// Joins with each key; each author publishes a card, and the first makes an epoch for all of them.
    ///
    /// # Errors
    /// A server that refuses.
    pub async fn begin(target: &Target, keys: &[Arc<KeyPair>]) -> Result<Conversation, Problem> {
        let mut authors = Vec::new();
        for key in keys {
            let mut author = Member::join(target, key.clone()).await?;
            let card = CardKey::generate().card();
            author.say(Body::Card(CardBody { x25519: card })).await?;
            authors.push(author);
        }
        let mut conversation = Conversation {
            authors,
            epoch: Epoch {
                id: dispatch_protocol::bytes::Id::ZERO,
                secret: Secret::generate(),
            },
        };
        conversation.catch_up().await?;
        let body = conversation.epoch_body()?;
        let first = conversation.first_mut()?;
        conversation.epoch.id = first.say(Body::Epoch(body)).await?;
        conversation.catch_up().await?;
        Ok(conversation)
    }

    /// Goes on with a conversation that stands in a chain which is held already: joins with each key, and says nothing. All
    /// of these are recipients of the epoch.
    ///
    /// # Errors
    /// A server that refuses.
    pub async fn go_on(
        target: &Target,
        keys: &[Arc<KeyPair>],
        chain: &State,
        epoch: Epoch,
    ) -> Result<Conversation, Problem> {
        let mut authors = Vec::new();
        for key in keys {
            let mut author = Member::join_holding(target, key.clone(), chain.clone()).await?;
            author.rest();
            authors.push(author);
        }
        Ok(Conversation { authors, epoch })
    }

    /// Those who write.
    pub fn authors(&self) -> &[Member] {
        &self.authors
    }

    /// What they encrypt under.
    pub fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    fn first(&self) -> Result<&Member, Problem> {
        let first = self.authors.first();
        first.ok_or_else(|| Problem::new("a load needs a sender's key"))
    }

    fn first_mut(&mut self) -> Result<&mut Member, Problem> {
        let first = self.authors.first_mut();
        first.ok_or_else(|| Problem::new("a load needs a sender's key"))
    }

    /// Brings each author to the size of the one that has read most.
    ///
    /// # Errors
    /// A chain that breaks a rule.
    pub async fn catch_up(&mut self) -> Result<(), Problem> {
        let sizes = self.authors.iter().map(|author| author.chain().size());
        let size = sizes.max().unwrap_or(0);
        self.read_to(size).await
    }

    /// Reads on to so many blocks, as after a load; then nobody keeps a socket.
    ///
    /// # Errors
    /// A chain that breaks a rule.
    pub async fn read_to(&mut self, size: u64) -> Result<(), Problem> {
        for author in &mut self.authors {
            author.read_to(size).await?;
            author.rest();
        }
        Ok(())
    }

    fn epoch_body(&self) -> Result<EpochBody, Problem> {
        let first = self.first()?;
        let chain = first.chain();
        let commitment = self.epoch.secret.commitment();
        let mut wraps = Vec::new();
        for author in &self.authors {
            let card = chain.card(&author.id(), chain.size());
            let context = WrapContext {
                community: chain.community(),
                author: first.id(),
                recipient: author.id(),
                card: card.ok_or_else(|| Problem::new("a card that was published is missing"))?,
                commitment,
            };
            wraps.push(Recipient {
                member: author.id(),
                wrap: context
                    .seal(&self.epoch.secret)
                    .map_err(Problem::at("a wrap"))?,
            });
        }
        Ok(EpochBody { commitment, wraps })
    }

    /// Makes the messages, and opens the sockets: what a load is made of. Senders and subscribers have read everything
    /// that stands in the chain now, so that they are sent what comes.
    ///
    /// # Errors
    /// A server that refuses.
    pub async fn prepare(
        &self,
        load: &Load,
        plaintext: usize,
    ) -> Result<Prepared<impl Fn(&Message) -> Heard + Clone + Unpin + Send + use<>>, Problem> {
        let authors = &self.authors[..load.senders.min(self.authors.len())];
        // Signing is work for threads of its own, which a runtime's thread may wait for: nothing else is under way.
        let Letters {
            frames,
            signed,
            least,
        } = tokio::task::block_in_place(|| {
            letters::write(authors, &self.epoch, load.messages, plaintext)
        })?;
        let prefix = self.first()?.chain().prefix();
        let mut senders = Vec::new();
        for (author, frames) in authors.iter().zip(frames) {
            let socket = author.another_socket(prefix, BUFFER).await?;
            senders.push((socket, frames.into_iter().map(Message::text).collect()));
        }
        Ok(Prepared {
            participants: Participants {
                senders,
                subscribers: self.sockets(load.subscribers, BUFFER).await?,
                hear: move |message: &Message| match message {
                    Message::Text(text) => hearing::dispatch(text, least),
                    Message::Close(_) => Heard::Wrong("the server closed a socket".to_owned()),
                    _ => Heard::Other,
                },
                numbers: prefix.size..prefix.size + load.messages as u64,
                ordered: true,
                senders_read: true,
            },
            signed,
        })
    }

    /// So many more sockets of one member, who has read everything.
    ///
    /// # Errors
    /// A server that refuses.
    pub async fn sockets(&self, count: usize, buffer: usize) -> Result<Vec<Socket>, Problem> {
        let reader = self.first()?;
        let prefix = reader.chain().prefix();
        let open = |_| reader.another_socket(prefix, buffer);
        let opening = stream::iter((0..count).map(open));
        opening.buffered(AT_A_TIME).try_collect().await
    }
}
