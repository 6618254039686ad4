//! A member as the load needs one: joins a server, holds its chain, hands entries in one by one, and opens further sockets
//! under its session. What a load sends is made before, by [`letters`](super::letters).

use std::sync::Arc;

use dispatch_protocol::bytes::{Id, Nonce};
use dispatch_protocol::chain::{Block, State};
use dispatch_protocol::entry::{Body, Draft, Entry, Prefix};
use dispatch_protocol::key::KeyPair;
use dispatch_protocol::session::{Dial, Joined};
use dispatch_protocol::wire::{ClientFrame, Ref, ServerFrame, Submit};
use futures_util::{SinkExt as _, StreamExt as _};
use rand::Rng as _;
use tokio_tungstenite::tungstenite::Message;

use super::Problem;
use super::target::{BUFFER, Socket, Target};

/// The path of the socket. // [WS-1]
const SOCKET: &str = "/v1/socket";

/// See the module.
pub struct Member {
    target: Target,
    key: Arc<KeyPair>,
    joined: Joined,
    /// None while the member rests: a socket that nobody reads would be sent everything all the same.
    socket: Option<Socket>,
    chain: State,
}

impl Member {
    /// Joins, and reads the chain as it is then, every rule checked.
    ///
    /// # Errors
    /// A server that refuses, or whose welcome or chain does not verify.
    pub async fn join(target: &Target, key: Arc<KeyPair>) -> Result<Member, Problem> {
        let genesis = target.discover().await?.genesis;
        let (chain, _) = State::from_genesis(genesis).map_err(Problem::at("block 0"))?;
        Member::join_holding(target, key, chain).await
    }

    /// Joins holding a chain, and reads what the server has beyond it, every rule checked.
    ///
    /// # Errors
    /// A server that refuses, or whose welcome or chain does not verify.
    pub async fn join_holding(
        target: &Target,
        key: Arc<KeyPair>,
        chain: State,
    ) -> Result<Member, Problem> {
        let (joined, socket) = enter(target, &key, &chain).await?;
        let size = joined.chain().size;
        let mut member = Member {
            target: target.clone(),
            key,
            joined,
            socket: Some(socket),
            chain,
        };
        member.read_to(size).await?;
        Ok(member)
    }

    /// The account.
    pub fn id(&self) -> Id {
        self.key.public().id()
    }

    /// Signs as the account.
    pub fn key(&self) -> &KeyPair {
        &self.key
    }

    /// The chain as far as it was read.
    pub fn chain(&self) -> &State {
        &self.chain
    }

    /// Reads on until the chain has so many blocks.
    ///
    /// # Errors
    /// A block that breaks a rule.
    pub async fn read_to(&mut self, size: u64) -> Result<(), Problem> {
        while self.chain.size() < size {
            if let ServerFrame::Blocks(blocks) = self.next().await? {
                self.take(blocks.blocks)?;
            }
        }
        Ok(())
    }

    /// Says something, and reads its block; gives the entry's id.
    ///
    /// # Errors
    /// A refusal.
    pub async fn say(&mut self, body: Body) -> Result<Id, Problem> {
        let draft = self.draft(self.chain.next_seq(&self.id()), body);
        let entry = Entry::sign(draft, &self.key);
        let id = entry.id();
        let text = self.submit_text("one", entry)?;
        let sent = self.awake().await?.send(Message::text(text)).await;
        sent.map_err(Problem::at("an entry could not be sent"))?;
        loop {
            match self.next().await? {
                ServerFrame::Blocks(blocks) => self.take(blocks.blocks)?,
                ServerFrame::Checkpoint { .. } => {}
                ServerFrame::Accepted(accepted) => {
                    self.read_to(accepted.index + 1).await?;
                    return Ok(id);
                }
                other => return Err(unexpected("an answer to an entry", &other)),
            }
        }
    }

    /// An entry of the account that is still to be signed.
    pub fn draft(&self, seq: u64, body: Body) -> Draft {
        Draft {
            community: self.chain.community(),
            author: self.id(),
            seq,
            seen: self.chain.prefix(),
            sent_at: now(),
            body,
        }
    }

    /// The frame that hands an entry in.
    ///
    /// # Errors
    /// A reference of another form than [SUB-1] has.
    pub fn submit_text(&self, reference: &str, entry: Entry) -> Result<String, Problem> {
        let reference = Ref::parse(reference)
            .ok_or_else(|| Problem::new(format!("{reference} is no reference")))?;
        let frame = ClientFrame::Submit(Submit {
            reference,
            token: self.joined.token().clone(),
            entry,
        });
        serde_json::to_string(&frame).map_err(Problem::at("a frame"))
    }

    /// Opens another socket under the session, to be sent what comes after a prefix.
    ///
    /// # Errors
    /// A server that refuses, or whose welcome does not verify.
    pub async fn another_socket(&self, have: Prefix, buffer: usize) -> Result<Socket, Problem> {
        resumed(&self.target, &self.joined, have, buffer).await
    }

    /// Closes the socket until it is needed again.
    pub fn rest(&mut self) {
        self.socket = None;
    }

    async fn awake(&mut self) -> Result<&mut Socket, Problem> {
        if self.socket.is_none() {
            let have = self.chain.prefix();
            self.socket = Some(self.another_socket(have, BUFFER).await?);
        }
        self.socket
            .as_mut()
            .ok_or_else(|| Problem::new("a member without a socket"))
    }

    async fn next(&mut self) -> Result<ServerFrame, Problem> {
        next(self.awake().await?).await
    }

    fn take(&mut self, blocks: Vec<Block>) -> Result<(), Problem> {
        for block in blocks {
            self.chain
                .replay(block)
                .map_err(Problem::at("the server's chain"))?;
        }
        Ok(())
    }
}

/// Opens a socket under a session, to be sent what comes after a prefix.
///
/// # Errors
/// A server that refuses, or whose welcome does not verify.
pub async fn resumed(
    target: &Target,
    joined: &Joined,
    have: Prefix,
    buffer: usize,
) -> Result<Socket, Problem> {
    let mut socket = target.open(SOCKET, buffer).await?;
    let (waiting, resume) = joined.resume(nonce(), Some(have));
    say(&mut socket, &ClientFrame::Resume(resume)).await?;
    match next(&mut socket).await? {
        ServerFrame::Welcome(welcome) => waiting
            .welcome(&welcome)
            .map(|_| socket)
            .map_err(Problem::at("the welcome to a further socket")),
        other => Err(unexpected("a welcome", &other)),
    }
}

/// Joins holding a chain: from the first byte to the welcome, verified.
///
/// # Errors
/// A server that refuses, or whose challenge or welcome does not verify.
pub async fn enter(
    target: &Target,
    key: &KeyPair,
    chain: &State,
) -> Result<(Joined, Socket), Problem> {
    let dial = Dial {
        origin: target.origin.clone(),
        community: chain.community(),
        server_key: chain.server_key().clone(),
        account: key.public().clone(),
    };
    let mut socket = target.open(SOCKET, BUFFER).await?;
    let nonce = nonce();
    let hello = dial.hello(nonce, None, Some(chain.prefix()));
    say(&mut socket, &ClientFrame::Hello(hello)).await?;
    let challenge = match next(&mut socket).await? {
        ServerFrame::Challenge(challenge) => challenge,
        other => return Err(unexpected("a challenge", &other)),
    };
    let (waiting, prove) = dial
        .prove(nonce, &challenge, key)
        .map_err(Problem::at("the challenge"))?;
    say(&mut socket, &ClientFrame::Prove(prove)).await?;
    let welcome = match next(&mut socket).await? {
        ServerFrame::Welcome(welcome) => welcome,
        other => return Err(unexpected("a welcome", &other)),
    };
    let joined = waiting
        .welcome(&welcome)
        .map_err(Problem::at("the welcome"))?;
    Ok((joined, socket))
}

async fn say(socket: &mut Socket, frame: &ClientFrame) -> Result<(), Problem> {
    let text = serde_json::to_string(frame).map_err(Problem::at("a frame"))?;
    let sent = socket.send(Message::text(text)).await;
    sent.map_err(Problem::at("a frame could not be sent"))
}

async fn next(socket: &mut Socket) -> Result<ServerFrame, Problem> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                let frame = ServerFrame::decode(&text).map_err(Problem::at("a frame"))?;
                if let Some(frame) = frame {
                    return Ok(frame);
                }
            }
            Some(Ok(Message::Close(_))) | None => return Err(Problem::new("the server hung up")),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(Problem::new(format!("a socket failed: {error}"))),
        }
    }
}

fn unexpected(wanted: &str, frame: &ServerFrame) -> Problem {
    match frame {
        ServerFrame::Refused(refused) => {
            Problem::new(format!("refused with {}: {}", refused.code, refused.detail))
        }
        ServerFrame::Bye(bye) => Problem::new(format!("bye with {}: {}", bye.code, bye.detail)),
        _ => Problem::new(format!("another frame came instead of {wanted}")),
    }
}

fn nonce() -> Nonce {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    Nonce::new(bytes)
}

/// Now, in milliseconds since 1970.
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
