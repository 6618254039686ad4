//! A member at load that comes back by itself: it joins or resumes wherever the load balancer sends it, verifies what it is
//! shown, hands in again what was not acknowledged, and keeps what it saw, to be held against the chain at the end.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use dispatch_protocol::bytes::{Hash, Id};
use dispatch_protocol::chain::{Block, State};
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::entry::{Draft, Entry};
use dispatch_protocol::key::KeyPair;
use dispatch_protocol::refusal::Code;
use dispatch_protocol::session::Joined;
use dispatch_protocol::wire::{Accepted, ClientFrame, Ref, Refused, ServerFrame, Submit, Welcome};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::client::Target;
use crate::community::key;
use crate::load::{FOR_EVER, Orders, Tally};
use crate::member::{dial_for, message, nonce, now};

type Socket = WebSocketStream<TcpStream>;

/// Entries of an author that may be without an answer.
const WINDOW: usize = 16;

/// How long it waits after a loss, where the server says nothing else. A client's would grow; here the load is to be back soon.
const AGAIN: Duration = Duration::from_millis(50);

/// What it does besides reading.
pub enum Role {
    /// Nothing.
    Reader,
    /// Writes messages to this epoch.
    Author { epoch: Id, next_seq: u64 },
}

/// What was acknowledged: by an entry's id its block's index and hash.
pub type Receipts = BTreeMap<Id, (u64, Hash)>;

/// Blocks that were shown one after the other.
#[derive(Default)]
pub struct Testimony {
    /// Of each, from block 0 on, its hash and its entry's id.
    pub blocks: Vec<(Hash, Id)>,
    pub checkpoints: Vec<Checkpoint>,
}

/// See the module.
pub struct Voice {
    pub name: String,
    key: KeyPair,
    role: Role,
    genesis: Block,
    chain: State,
    joined: Option<Joined>,
    /// Handed in and not acknowledged, in the order of their numbers.
    open: VecDeque<Entry>,
    /// What was acknowledged.
    pub receipts: Receipts,
    /// What it saw. Another one begins when what it held was not the server's any more.
    pub testimonies: Vec<Testimony>,
    /// What contradicted what it held or was told before, in words.
    pub doubts: Vec<String>,
    tally: Arc<Tally>,
}

/// How a connection ended.
enum End {
    /// The orders are carried out.
    Done,
    /// It broke, or was refused for now; come again after this time.
    Lost(Duration),
}

impl Voice {
    pub fn new(name: &str, genesis: Block, role: Role, tally: Arc<Tally>) -> Voice {
        let mut voice = Voice {
            name: name.to_owned(),
            key: key(name),
            role,
            chain: State::from_genesis(genesis.clone()).unwrap().0,
            genesis,
            joined: None,
            open: VecDeque::new(),
            receipts: Receipts::new(),
            testimonies: Vec::new(),
            doubts: Vec::new(),
            tally,
        };
        voice.begin();
        voice
    }

    pub fn is_author(&self) -> bool {
        matches!(self.role, Role::Author { .. })
    }

    /// The least size of a chain that holds everything that was acknowledged.
    pub fn size_acknowledged(&self) -> u64 {
        let last = self.receipts.values().map(|(index, _)| index + 1);
        last.max().unwrap_or(0)
    }

    /// The chain as it was verified last.
    pub fn chain(&self) -> &State {
        &self.chain
    }

    /// Carries out the orders, over as many connections as it takes.
    pub async fn run(mut self, target: Target, mut orders: watch::Receiver<Orders>) -> Voice {
        let _alarm = self.tally.alarm();
        loop {
            let end = match self.connect(&target).await {
                Ok((socket, size)) => self.converse(socket, size, &mut orders).await,
                Err(lost) => lost,
            };
            match end {
                End::Done => return self,
                End::Lost(wait) => tokio::time::sleep(wait).await,
            }
        }
    }

    /// Opens a connection, and a session on it: the one that it has, or a new one. Gives the welcome's size, too.
    async fn connect(&mut self, target: &Target) -> Result<(Socket, u64), End> {
        let lost = |_| End::Lost(AGAIN);
        let stream = TcpStream::connect(target.address)
            .await
            .map_err(|_| End::Lost(AGAIN))?;
        let url = format!("ws://{}/v1/socket", target.address);
        let opened = tokio_tungstenite::client_async(url, stream).await;
        let mut socket = opened.map_err(|_| End::Lost(AGAIN))?.0;
        let have = Some(self.chain.prefix());
        let (waiting, welcome) = if let Some(joined) = &self.joined {
            let (waiting, resume) = joined.resume(nonce(), have);
            send(&mut socket, &ClientFrame::Resume(resume))
                .await
                .map_err(lost)?;
            let welcome = self.welcome(&mut socket).await?;
            self.tally.count(|counts| counts.resumed += 1);
            (waiting, welcome)
        } else {
            let (dial, nonce) = (dial_for(target, self.key.public()), nonce());
            let hello = ClientFrame::Hello(dial.hello(nonce, None, have));
            send(&mut socket, &hello).await.map_err(lost)?;
            let challenge = match next(&mut socket).await {
                Some(ServerFrame::Challenge(challenge)) => challenge,
                other => return Err(self.turned_away(other)),
            };
            let (waiting, prove) = dial.prove(nonce, &challenge, &self.key).unwrap();
            send(&mut socket, &ClientFrame::Prove(prove))
                .await
                .map_err(lost)?;
            (waiting, self.welcome(&mut socket).await?)
        };
        match waiting.welcome(&welcome) {
            Ok(joined) => self.joined = Some(joined),
            Err(finding) => return Err(self.doubt(format!("a welcome: {finding}"))),
        }
        Ok((socket, welcome.size))
    }

    async fn welcome(&mut self, socket: &mut Socket) -> Result<Welcome, End> {
        match next(socket).await {
            Some(ServerFrame::Welcome(welcome)) => Ok(*welcome),
            other => Err(self.turned_away(other)),
        }
    }

    /// What to do after something else than what should have come.
    fn turned_away(&mut self, frame: Option<ServerFrame>) -> End {
        match frame {
            None | Some(ServerFrame::Bye(_)) => End::Lost(AGAIN),
            Some(ServerFrame::Refused(refused)) => match refused.code {
                Code::Unavailable => End::Lost(self.wait(&refused)),
                Code::ShuttingDown => End::Lost(AGAIN),
                // A session that was granted a moment before the loss may be forgotten: it is no entry. [SESS-10]
                Code::BadToken if self.joined.take().is_some() => End::Lost(AGAIN),
                // What it holds, a server had shown. [JOIN-14]
                Code::UnknownHave => {
                    self.doubt(format!("what was shown is unknown: {}", refused.detail))
                }
                code => panic!("{} is refused with {code}: {}", self.name, refused.detail),
            },
            Some(other) => panic!("{} was told {other:?}", self.name),
        }
    }

    /// Keeps what contradicts, and begins anew with what everybody knows.
    fn doubt(&mut self, words: String) -> End {
        self.doubts.push(format!(
            "{} at {} blocks: {words}",
            self.name,
            self.chain.size()
        ));
        self.chain = State::from_genesis(self.genesis.clone()).unwrap().0;
        self.joined = None;
        self.begin();
        End::Lost(AGAIN)
    }

    fn begin(&mut self) {
        let first = (self.genesis.hash(), self.genesis.entry.id());
        self.testimonies.push(Testimony {
            blocks: vec![first],
            checkpoints: Vec::new(),
        });
    }

    /// A refusal that names no time leaves a client without a hint. [LIM-7]
    fn wait(&mut self, refused: &Refused) -> Duration {
        self.tally.count(|counts| counts.unavailable += 1);
        assert!(!refused.detail.is_empty());
        Duration::from_millis(
            refused
                .retry_after
                .expect("unavailable says when to come again"),
        )
    }

    async fn converse(
        &mut self,
        mut socket: Socket,
        size: u64,
        orders: &mut watch::Receiver<Orders>,
    ) -> End {
        // Of what is on its way on this connection, the numbers.
        let mut waiting = BTreeSet::new();
        // After a refusal for now: when to hand in once more what was not taken.
        let mut pause: Option<Duration> = None;
        let end = loop {
            let Orders { write, until } = *orders.borrow_and_update();
            if self.chain.size() >= size && waiting.is_empty() {
                if let Some(wait) = pause.take() {
                    tokio::time::sleep(wait).await;
                }
                if self.hand_in_again(&mut socket, &mut waiting).await.is_err() {
                    break End::Lost(AGAIN);
                }
            }
            let done = match self.role {
                Role::Author { .. } => !write && self.open.is_empty(),
                Role::Reader => until.is_some_and(|until| self.chain.size() >= until),
            };
            if done {
                break End::Done;
            }
            let may_write = write && pause.is_none() && self.chain.size() >= size;
            if may_write && self.hand_in(&mut socket, &mut waiting).await.is_err() {
                break End::Lost(AGAIN);
            }
            let frame = tokio::select! {
                frame = next(&mut socket) => frame,
                Ok(()) = orders.changed() => continue,
                () = tokio::time::sleep(FOR_EVER), if !waiting.is_empty() => {
                    panic!("{} waits for {} answers, and nothing comes", self.name, waiting.len());
                }
            };
            match frame {
                Some(ServerFrame::Blocks(blocks)) => {
                    if let Err(finding) = blocks
                        .blocks
                        .into_iter()
                        .try_for_each(|block| self.take(block))
                    {
                        break self.doubt(finding);
                    }
                }
                Some(ServerFrame::Checkpoint { checkpoint }) => {
                    self.testimony().checkpoints.push(checkpoint)
                }
                Some(ServerFrame::Accepted(accepted)) => self.acknowledge(&accepted, &mut waiting),
                Some(ServerFrame::Refused(refused)) => match (refused.code, pause) {
                    (Code::Unavailable, _) => {
                        waiting.remove(&number(refused.reference.as_ref()));
                        pause = Some(self.wait(&refused));
                    }
                    // The one before it was not taken.
                    (Code::BadSeq, Some(_)) => {
                        waiting.remove(&number(refused.reference.as_ref()));
                    }
                    (code, _) => panic!("{} is refused with {code}: {}", self.name, refused.detail),
                },
                None | Some(ServerFrame::Bye(_)) => break End::Lost(AGAIN),
                Some(other) => panic!("{} was told {other:?}", self.name),
            }
        };
        if matches!(end, End::Lost(_)) {
            self.tally.count(|counts| {
                counts.broken += 1;
                counts.amid += u64::from(!waiting.is_empty());
            });
        }
        end
    }

    fn testimony(&mut self) -> &mut Testimony {
        self.testimonies.last_mut().expect("there is always one")
    }

    /// Verifies a block by all of the chain's rules.
    fn take(&mut self, block: Block) -> Result<(), String> {
        let seen = (block.hash(), block.entry.id());
        self.testimony().blocks.push(seen);
        let linked = self.chain.replay(block);
        linked
            .map(drop)
            .map_err(|finding| format!("a block: {finding}"))
    }

    /// An entry that is handed in again gets the receipt that it got before. [ENTRY-5]
    fn acknowledge(&mut self, accepted: &Accepted, waiting: &mut BTreeSet<u64>) {
        let seq = number(accepted.reference.as_ref());
        assert!(
            waiting.remove(&seq),
            "{}: {seq} was not handed in",
            self.name
        );
        let place = self.open.iter().position(|entry| entry.seq == seq);
        let entry = self
            .open
            .remove(place.expect("what waits is open"))
            .unwrap();
        self.receipts
            .insert(entry.id(), (accepted.index, accepted.hash));
        self.tally.acknowledged();
    }

    /// Hands in what is open and not on its way.
    async fn hand_in_again(
        &mut self,
        socket: &mut Socket,
        waiting: &mut BTreeSet<u64>,
    ) -> Result<(), ()> {
        for place in 0..self.open.len() {
            let entry = self.open[place].clone();
            waiting.insert(entry.seq);
            self.tally.count(|counts| counts.again += 1);
            send(socket, &self.submit(entry)).await?;
        }
        Ok(())
    }

    /// Signs and hands in as much as there is room for.
    async fn hand_in(
        &mut self,
        socket: &mut Socket,
        waiting: &mut BTreeSet<u64>,
    ) -> Result<(), ()> {
        while self.open.len() < WINDOW {
            let Role::Author { epoch, next_seq } = &mut self.role else {
                return Ok(());
            };
            let draft = Draft {
                community: self.chain.community(),
                author: self.key.public().id(),
                seq: *next_seq,
                seen: self.chain.prefix(),
                sent_at: now(),
                body: message(*epoch, *next_seq as u8),
            };
            *next_seq += 1;
            let entry = Entry::sign(draft, &self.key);
            self.open.push_back(entry.clone());
            waiting.insert(entry.seq);
            send(socket, &self.submit(entry)).await?;
        }
        Ok(())
    }

    fn submit(&self, entry: Entry) -> ClientFrame {
        let joined = self.joined.as_ref().expect("whoever hands in has joined");
        ClientFrame::Submit(Submit {
            reference: Ref::parse(&entry.seq.to_string()).unwrap(),
            token: joined.token().clone(),
            entry,
        })
    }
}

/// The number by which an entry was handed in.
fn number(reference: Option<&Ref>) -> u64 {
    let reference = reference.expect("an answer names what it answers");
    reference.to_string().parse().unwrap()
}

async fn send(socket: &mut Socket, frame: &ClientFrame) -> Result<(), ()> {
    let text = serde_json::to_string(frame).unwrap();
    socket.send(Message::text(text)).await.map_err(drop)
}

/// The next frame; none once the connection has ended, however it did.
async fn next(socket: &mut Socket) -> Option<ServerFrame> {
    loop {
        match socket.next().await?.ok()? {
            Message::Text(text) => {
                return Some(ServerFrame::decode(&text).unwrap().expect("a known frame"));
            }
            Message::Close(_) => return None,
            _ => {}
        }
    }
}
