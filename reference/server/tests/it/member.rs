//! A member for tests: joins, keeps the chain by the protocol's own rules, and writes.

use dispatch_protocol::bytes::{Bytes, Hash, Id, Nonce, Salt};
use dispatch_protocol::chain::State;
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::entry::{
    Body, CardBody, Draft, Entry, Epoch, Message as MessageBody, Prefix, Recipient,
};
use dispatch_protocol::key::{Card, KeyPair, PublicKey};
use dispatch_protocol::refusal::Code;
use dispatch_protocol::session::{Dial, Joined};
use dispatch_protocol::wire::{ClientFrame, Ref, ServerFrame, Submit, Welcome};

use crate::client::{Client, Target};
use crate::community::key;

/// A member on a socket.
pub struct Member {
    pub client: Client,
    pub key: KeyPair,
    pub joined: Joined,
    pub welcome: Welcome,
    /// The chain as this member holds it, verified.
    pub chain: Option<State>,
    /// The last checkpoint that was pushed.
    pub pushed: Option<Checkpoint>,
    /// Each block's ciphertext as it was sent, by its index.
    pub ciphertexts: Vec<Option<Bytes>>,
    /// The answers that came while blocks were waited for.
    pub answers: Vec<ServerFrame>,
    pub next_seq: u64,
}

/// What a member needs to know of the server before it dials.
pub fn dial_for(server: impl Into<Target>, account: &PublicKey) -> Dial {
    let Target {
        origin, community, ..
    } = server.into();
    Dial {
        origin,
        community,
        server_key: key("server").public().clone(),
        account: account.clone(),
    }
}

pub fn nonce() -> Nonce {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    Nonce::new(bytes)
}

/// Now, by the machine's clock.
pub fn now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis() as u64
}

/// Says hello and proves; gives the answer to the proof.
pub async fn prove(
    client: &mut Client,
    server: impl Into<Target>,
    key: &KeyPair,
    session_ms: Option<u64>,
    have: Option<Prefix>,
) -> Result<(Joined, Welcome), Code> {
    let dial = dial_for(server, key.public());
    let nonce = nonce();
    client
        .send(&ClientFrame::Hello(dial.hello(nonce, session_ms, have)))
        .await;
    let challenge = match client.next().await {
        ServerFrame::Challenge(challenge) => challenge,
        ServerFrame::Refused(refused) => return Err(refused.code),
        other => panic!("expected challenge, got {other:?}"),
    };
    let (waiting, prove) = dial.prove(nonce, &challenge, key).unwrap();
    client.send(&ClientFrame::Prove(prove)).await;
    match client.next().await {
        ServerFrame::Welcome(welcome) => Ok((waiting.welcome(&welcome).unwrap(), *welcome)),
        ServerFrame::Refused(refused) => Err(refused.code),
        other => panic!("expected welcome, got {other:?}"),
    }
}

impl Member {
    /// Joins, and reads the chain up to the welcome's size.
    pub async fn join(server: impl Into<Target>, name: &str) -> Member {
        Member::join_for(server, name, None).await
    }

    /// The same, for a session of so many milliseconds at most.
    pub async fn join_for(
        server: impl Into<Target>,
        name: &str,
        session_ms: Option<u64>,
    ) -> Member {
        let server = server.into();
        Member::join_on(Client::dial(&server).await, &server, name, session_ms).await
    }

    /// The same on a socket that was dialled before.
    pub async fn join_on(
        mut client: Client,
        server: impl Into<Target>,
        name: &str,
        session_ms: Option<u64>,
    ) -> Member {
        let key = key(name);
        let (joined, welcome) = prove(&mut client, server, &key, session_ms, None)
            .await
            .unwrap();
        let size = welcome.size;
        let mut member = Member {
            client,
            key,
            joined,
            welcome,
            chain: None,
            pushed: None,
            ciphertexts: Vec::new(),
            answers: Vec::new(),
            next_seq: 0,
        };
        member.read_to(size).await;
        member.next_seq = member.chain().next_seq(&member.id());
        member
    }

    pub fn id(&self) -> Id {
        self.key.public().id()
    }

    pub fn chain(&self) -> &State {
        self.chain.as_ref().expect("a member holds block 0")
    }

    pub fn size(&self) -> u64 {
        self.chain.as_ref().map_or(0, State::size)
    }

    /// Takes one frame in: blocks and checkpoints are verified, answers kept.
    pub async fn read(&mut self) {
        match self.client.next().await {
            ServerFrame::Blocks(blocks) => {
                assert!(!blocks.blocks.is_empty());
                assert_eq!(blocks.from, self.size());
                for block in blocks.blocks {
                    let ciphertext = match &block.entry.body {
                        Body::Message(message) => message.ciphertext.clone(),
                        _ => None,
                    };
                    self.ciphertexts.push(ciphertext);
                    match &mut self.chain {
                        None => self.chain = Some(State::from_genesis(block).unwrap().0),
                        Some(chain) => drop(chain.replay(block).unwrap()),
                    }
                }
            }
            ServerFrame::Checkpoint { checkpoint } => {
                self.chain().check(&checkpoint).unwrap();
                assert!(
                    self.pushed
                        .as_ref()
                        .is_none_or(|before| before.time <= checkpoint.time)
                );
                self.pushed = Some(checkpoint);
            }
            answer @ (ServerFrame::Accepted(_) | ServerFrame::Refused(_)) => {
                self.answers.push(answer)
            }
            other => panic!("unexpected {other:?}"),
        }
    }

    /// Reads until the chain has so many blocks.
    pub async fn read_to(&mut self, size: u64) {
        while self.size() < size {
            self.read().await;
        }
    }

    /// Reads until a checkpoint covers so many blocks.
    pub async fn read_to_checkpoint(&mut self, size: u64) {
        while self
            .pushed
            .as_ref()
            .is_none_or(|checkpoint| checkpoint.size < size)
        {
            self.read().await;
        }
    }

    /// Signs an entry over the chain as it is held, under the member's next number.
    pub fn entry(&mut self, body: Body) -> Entry {
        let seq = self.next_seq;
        self.next_seq += 1;
        self.entry_with(seq, body)
    }

    pub fn entry_with(&self, seq: u64, body: Body) -> Entry {
        let draft = Draft {
            community: self.chain().community(),
            author: self.id(),
            seq,
            seen: self.chain().prefix(),
            sent_at: now(),
            body,
        };
        Entry::sign(draft, &self.key)
    }

    pub fn submit_frame(&self, reference: &str, entry: Entry) -> ClientFrame {
        let reference = Ref::parse(reference).unwrap();
        ClientFrame::Submit(Submit {
            reference,
            token: self.joined.token().clone(),
            entry,
        })
    }

    /// Hands an entry in and waits for its answer: the block's index and hash, or the refusal's code.
    pub async fn submit(&mut self, entry: Entry) -> Result<(u64, Hash), Code> {
        let frame = self.submit_frame("one", entry);
        self.client.send(&frame).await;
        self.answer("one").await
    }

    /// Waits for the answer to a submit.
    pub async fn answer(&mut self, reference: &str) -> Result<(u64, Hash), Code> {
        let reference = Some(Ref::parse(reference).unwrap());
        loop {
            let place = self.answers.iter().position(|answer| match answer {
                ServerFrame::Accepted(accepted) => accepted.reference == reference,
                ServerFrame::Refused(refused) => refused.reference == reference,
                _ => false,
            });
            match place.map(|place| self.answers.remove(place)) {
                Some(ServerFrame::Accepted(accepted)) => {
                    return Ok((accepted.index, accepted.hash));
                }
                Some(ServerFrame::Refused(refused)) => return Err(refused.code),
                _ => self.read().await,
            }
        }
    }

    /// Says something, and reads its block.
    pub async fn say(&mut self, body: Body) -> u64 {
        let entry = self.entry(body);
        let (index, _) = self.submit(entry).await.unwrap();
        self.read_to(index + 1).await;
        index
    }

    /// Publishes a card and makes an epoch for oneself alone; gives the epoch's id.
    pub async fn epoch_for_oneself(&mut self) -> Id {
        self.say(card(9)).await;
        let entry = self.entry(Body::Epoch(Epoch {
            commitment: Hash::of(b"secret"),
            wraps: vec![Recipient {
                member: self.id(),
                wrap: [7; 80].into(),
            }],
        }));
        let id = entry.id();
        let (index, _) = self.submit(entry).await.unwrap();
        self.read_to(index + 1).await;
        id
    }
}

/// A usable card.
pub fn card(byte: u8) -> Body {
    let mut bytes = [byte; 32];
    bytes[31] = 0;
    Body::Card(CardBody {
        x25519: Card::new(bytes),
    })
}

/// A message whose ciphertext is made of one byte, of the least length.
pub fn message(epoch: Id, byte: u8) -> Body {
    let ciphertext = vec![byte; 144];
    Body::Message(MessageBody {
        epoch,
        salt: Salt::new([byte; 16]),
        ciphertext_hash: Hash::of(&ciphertext),
        ciphertext: Some(Bytes::from(ciphertext)),
    })
}
