//! A server's inside without its sockets: connections, the table of sessions and the chain, driven by a program of steps. What
//! a client does next is the fuzzer's to choose; the model here knows what must come of it.
//!
//! RSA costs a millisecond a signature, so that a run does some hundred executions a second and not a hundred thousand.

#![no_main]

use std::collections::HashSet;
use std::sync::LazyLock;

use dispatch_protocol::bytes::{Bytes, Hash, Id, Nonce, Salt, Wrap};
use dispatch_protocol::chain::{Admission, Block, State, found};
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::entry::{
    Body, CardBody, Draft, Entry, Epoch, Message, Prefix, Recipient, Redaction, Roster, Share,
};
use dispatch_protocol::key::{Card, KeyPair};
use dispatch_protocol::limits::Limits;
use dispatch_protocol::session::{
    AwaitWelcome, Dial, Granted, Host, Session, Sessions, Step, TokenHash,
};
use dispatch_protocol::wire::{
    Challenge, ClientFrame, Prove, Ref, Resume, ServerFrame, Submit, Welcome,
};
use libfuzzer_sys::arbitrary::{self, Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;

const ORIGIN: &str = "http://127.0.0.1:7311";
const BEGIN: u64 = 1_790_000_000_000;
/// The most steps of a program.
const STEPS: usize = 48;

macro_rules! keys {
    ($($name:literal),*) => {
        [$(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/keys/", $name, ".test-key.pem"))),*]
    };
}

/// The authority, three members and a stranger; and the server.
static ACCOUNTS: LazyLock<Vec<KeyPair>> = LazyLock::new(|| {
    let read = |pem: &str| KeyPair::from_pkcs8_pem(pem).expect("a test key");
    keys!("authority", "m01", "m02", "m03", "m04", "server")
        .map(read)
        .into()
});

/// A chain whose roster has the authority, m01 and m02.
static FOUNDED: LazyLock<(State, Vec<Block>)> = LazyLock::new(|| {
    let genesis = found("fuzz", &ACCOUNTS[0], server().public(), BEGIN).expect("it is founded");
    let (mut state, first) = State::from_genesis(genesis).expect("a genesis");
    let add = Roster {
        add: vec![
            ACCOUNTS[1].public().to_bytes(),
            ACCOUNTS[2].public().to_bytes(),
        ],
        remove: Vec::new(),
    };
    let entry = sign(&state, 0, 2, state.prefix(), BEGIN, Body::Roster(add));
    let verified = entry
        .verify(ACCOUNTS[0].public())
        .expect("its author signed it");
    let Ok(Admission::Append(admitted)) = state.admit(verified, BEGIN, &Limits::default()) else {
        panic!("the first roster entry is admitted")
    };
    let second = state.append(*admitted, BEGIN);
    (state, vec![first.into_block(), second.into_block()])
});

fn server() -> &'static KeyPair {
    &ACCOUNTS[5]
}

fn sign(state: &State, who: usize, seq: u64, seen: Prefix, sent_at: u64, body: Body) -> Entry {
    let draft = Draft {
        community: state.community(),
        author: ACCOUNTS[who].public().id(),
        seq,
        seen,
        sent_at,
        body,
    };
    Entry::sign(draft, &ACCOUNTS[who])
}

/// What a client, or the clock, does next. Small numbers are taken modulo what there is.
#[derive(Arbitrary, Debug)]
enum Do {
    Hello {
        connection: u8,
        who: u8,
        odd: u8,
        session_ms: Option<u16>,
        have: Have,
    },
    Prove {
        connection: u8,
        odd: u8,
    },
    Resume {
        connection: u8,
        session: u8,
        have: Have,
    },
    /// Both halves of a join, as they are done.
    Join {
        connection: u8,
        who: u8,
    },
    /// Mostly as a client does it; the highest values of `odd` stand for what one does not do.
    Submit {
        connection: u8,
        session: u8,
        odd: u8,
        seen: u8,
        what: What,
    },
    Raw {
        connection: u8,
        text: String,
    },
    Hangup {
        connection: u8,
    },
    Wait {
        minutes: u8,
    },
}

/// As many steps as the bytes give: the derived form of a list would toss a coin behind each.
#[derive(Debug)]
struct Program(Vec<Do>);

impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> arbitrary::Result<Program> {
        let mut steps = Vec::new();
        while !bytes.is_empty() && steps.len() < STEPS {
            steps.push(Do::arbitrary(bytes)?);
        }
        Ok(Program(steps))
    }
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum Have {
    Nothing,
    Part(u8),
    Wrong(u8),
}

/// The highest values stand for what no client says.
#[derive(Arbitrary, Debug)]
enum What {
    Card(u8),
    /// The accounts whose bits are set, and the author.
    Epoch(u8),
    Share(u8, u8),
    Message(u8, u8),
    /// One of the messages.
    Redaction(u8),
    /// Removes an account that is on the roster, and adds another.
    Roster(u8),
}

#[derive(Default)]
struct Connection {
    session: Session,
    /// What its client said and heard of a challenge.
    asked: Option<(usize, Nonce, Challenge)>,
}

/// A session that was granted.
struct Held {
    who: usize,
    token: Bytes,
    ends: u64,
    /// Until a roster entry removed its account.
    is_lasting: bool,
}

struct World {
    state: State,
    blocks: Vec<Block>,
    sessions: Sessions,
    held: Vec<Held>,
    connections: [Connection; 3],
    epochs: Vec<Id>,
    sent: Vec<Entry>,
    /// The last welcome.
    welcomed: Option<Welcome>,
    nonces: u64,
    now: u64,
}

fuzz_target!(|program: Program| {
    let (state, blocks) = FOUNDED.clone();
    let mut world = World {
        state,
        blocks,
        sessions: Sessions::new(),
        held: Vec::new(),
        connections: Default::default(),
        epochs: Vec::new(),
        sent: Vec::new(),
        welcomed: None,
        nonces: 0,
        now: BEGIN,
    };
    for step in program.0 {
        world.step(step);
        world.check_sessions();
    }
    world.check_chain();
});

impl World {
    fn step(&mut self, step: Do) {
        match step {
            Do::Wait { minutes } => self.now += u64::from(minutes) * 60_000,
            Do::Hangup { connection } => *self.connection(connection) = Connection::default(),
            Do::Raw { connection, text } => {
                if let Ok(frame) = ClientFrame::decode(&text, &Limits::default()) {
                    self.receive(connection, frame);
                }
            }
            Do::Hello {
                connection,
                who,
                odd,
                session_ms,
                have,
            } => {
                let who = usize::from(who) % 5;
                let wrong_origin = odd > 250;
                let nonce = self.nonce();
                let mut dial = dial(&self.state, who);
                if wrong_origin {
                    dial.origin.push('0');
                }
                let life = session_ms.map(|ms| 1000 + u64::from(ms));
                let hello = dial.hello(nonce, life, self.prefix(have));
                let reply = self.receive(connection, ClientFrame::Hello(hello));
                if let Some(ServerFrame::Challenge(challenge)) = reply {
                    assert!(!wrong_origin, "[JOIN-2]");
                    self.connection(connection).asked = Some((who, nonce, challenge));
                }
            }
            Do::Prove { connection, odd } => {
                let (forged, other_nonce, twice) = (odd == 255, odd == 254, odd > 250);
                let Some((who, nonce, mut challenge)) = self.connection(connection).asked else {
                    return;
                };
                if other_nonce {
                    challenge.server_nonce = Nonce::new([9; 32]);
                }
                let signer = if forged { (who + 1) % 5 } else { who };
                let dial = dial(&self.state, who);
                let (waiting, prove) = dial
                    .prove(nonce, &challenge, &ACCOUNTS[signer])
                    .expect("its community");
                let waiting = (!forged && !other_nonce).then_some(waiting);
                self.prove(connection, who, waiting, prove.clone());
                if twice {
                    self.prove(connection, who, None, prove);
                }
            }
            Do::Resume {
                connection,
                session,
                have,
            } => {
                let Some(token) = self.token(session) else {
                    return;
                };
                let resume = Resume {
                    token,
                    client_nonce: self.nonce(),
                    have: self.prefix(have),
                };
                self.receive(connection, ClientFrame::Resume(resume));
            }
            Do::Join { connection, who } => {
                self.step(Do::Hello {
                    connection,
                    who,
                    odd: 0,
                    session_ms: None,
                    have: Have::Nothing,
                });
                self.step(Do::Prove { connection, odd: 0 });
            }
            Do::Submit {
                mut connection,
                session,
                odd,
                seen,
                what,
            } => {
                let Some(token) = self.token(session) else {
                    return;
                };
                let held = &self.held[usize::from(session) % self.held.len()];
                let who = if odd == 255 {
                    (held.who + 1) % 5
                } else {
                    held.who
                };
                if odd != 254 {
                    let of = |at: &Connection| {
                        let open = at.session.open();
                        open.is_some_and(|open| open.token() == TokenHash::of(&token))
                    };
                    let place = self.connections.iter().position(of);
                    connection = place.map_or(connection, |place| place as u8);
                }
                let id = ACCOUNTS[who].public().id();
                let size = self.state.size().saturating_sub(u64::from(seen % 8)).max(1);
                let seen = Prefix {
                    size,
                    hash: self.state.prefix_head(size).expect("it is there"),
                };
                let seq = match odd {
                    253 => self.state.next_seq(&id) + 1,
                    252 => self.state.next_seq(&id) - 1,
                    _ => self.state.next_seq(&id),
                };
                let sent_at = if odd == 251 {
                    self.now + 600_001
                } else {
                    self.now
                };
                let mut entry = sign(
                    &self.state,
                    who,
                    seq,
                    seen,
                    sent_at,
                    self.body(what, who, seq),
                );
                if odd == 250 {
                    entry.sent_at ^= 1;
                }
                if odd == 249
                    && let Some(before) = self.sent.last()
                {
                    entry = before.clone();
                }
                self.sent.push(entry.clone());
                let reference = Ref::parse("one").expect("a ref");
                let submit = Submit {
                    reference,
                    token,
                    entry,
                };
                self.receive(connection, ClientFrame::Submit(submit));
            }
        }
    }

    /// A frame comes in; gives the reply, if there is one at once.
    fn receive(&mut self, connection: u8, frame: ClientFrame) -> Option<ServerFrame> {
        let text = serde_json::to_string(&frame).expect("a frame is written");
        // A message without its ciphertext is none, say. // [MSG-6]
        let read = ClientFrame::decode(&text, &Limits::default()).ok()?;
        assert!(read == frame, "what was written is read as something else");
        let resumed = match &frame {
            ClientFrame::Resume(resume) => Some(resume.token.clone()),
            _ => None,
        };
        let host = Host {
            origins: vec![ORIGIN.to_owned()],
            community: self.state.community(),
            limits: Limits::default(),
        };
        let (nonce, now) = (self.nonce(), self.now);
        let session = std::mem::take(&mut self.connection(connection).session);
        match session.receive(frame, &host, || nonce, now) {
            Step::Reply(session, reply) => {
                assert!(ServerFrame::decode(&reply.to_text()) == Ok(Some(reply.clone())));
                self.connection(connection).session = session;
                return Some(reply);
            }
            Step::Prove(proof) => {
                let proven = proof.verify().ok()?;
                let account = proven.account();
                let latest = self.checkpoint();
                let granted = proven
                    .admit(&self.state, &mut self.sessions, &latest, now)
                    .ok()?;
                assert!(self.state.on_roster(&account), "[JOIN-12]");
                self.open(connection, granted);
            }
            Step::Resume(resumption) => {
                let latest = self.checkpoint();
                let granted = resumption
                    .admit(&self.state, &self.sessions, &latest, now)
                    .ok()?;
                let token = resumed.expect("it was a resume");
                let held = self
                    .held
                    .iter()
                    .find(|held| held.token == token)
                    .expect("[SESS-4]");
                assert!(held.is_lasting && now < held.ends, "[SESS-3], [SESS-7]");
                assert_eq!(granted.account(), ACCOUNTS[held.who].public().id());
                self.open(connection, granted);
            }
            Step::Submit(session, submission) => {
                let open = session.open().expect("who hands in has joined");
                assert!(now < open.expires_at(), "[SESS-3]");
                assert_eq!(submission.entry.author, open.account(), "[SESS-2]");
                // A connection whose account was removed is closed by its server. // [SESS-5]
                let is_member = self.state.on_roster(&open.account());
                self.connection(connection).session = session;
                if is_member {
                    self.append(submission.entry);
                } else {
                    *self.connection(connection) = Connection::default();
                }
            }
            Step::End(_) => {}
        }
        None
    }

    fn prove(&mut self, connection: u8, who: usize, waiting: Option<AwaitWelcome>, prove: Prove) {
        let token = prove.signature.clone();
        let before = self.sessions.len();
        self.welcomed = None;
        self.receive(connection, ClientFrame::Prove(prove));
        let Some(welcome) = self.welcomed.take() else {
            assert_eq!(
                self.sessions.len(),
                before,
                "a refused proof grants nothing"
            );
            return;
        };
        let waiting = waiting.expect("[JOIN-9], [JOIN-11]: it was forged, or named no challenge");
        waiting.welcome(&welcome).expect("[JOIN-17]");
        let open = self
            .connection(connection)
            .session
            .open()
            .expect("it was welcomed");
        assert_eq!(open.token(), TokenHash::of(&token));
        assert_eq!(open.account(), ACCOUNTS[who].public().id(), "[JOIN-11]");
        let ends = open.expires_at();
        assert!(
            ends > self.now && ends <= self.now + Limits::default().session_ms,
            "[SESS-18]"
        );
        self.held.push(Held {
            who,
            token,
            ends,
            is_lasting: true,
        });
    }

    fn open(&mut self, connection: u8, granted: Granted) {
        let (open, welcome) = granted.welcome(server());
        assert_eq!(
            (welcome.size, welcome.head),
            (self.state.size(), self.state.head())
        );
        self.state.check(&welcome.checkpoint).expect("[CHECK-5]");
        self.connection(connection).session = Session::Open(open);
        self.welcomed = Some(welcome);
    }

    /// The entry goes to the chain; what is refused leaves no trace.
    fn append(&mut self, entry: Entry) {
        let before = (self.state.size(), self.state.head(), self.state.root());
        let key = self.state.key_of(&entry.author).expect("a member").clone();
        let (author, seq, id) = (entry.author, entry.seq, entry.id());
        let body = entry.body.clone();
        let Ok(verified) = entry.verify(&key) else {
            return;
        };
        match self.state.admit(verified, self.now, &Limits::default()) {
            Err(_) => {}
            Ok(Admission::Repeat { index, hash }) => {
                assert_eq!(self.blocks[index as usize].hash(), hash, "[ENTRY-5]");
                assert_eq!(self.blocks[index as usize].entry.id(), id);
            }
            Ok(Admission::Append(admitted)) => {
                let linked = self.state.append(*admitted, self.now);
                assert_eq!(
                    self.state.place_of(&author, seq, &id),
                    Some((before.0, linked.hash()))
                );
                self.blocks.push(linked.into_block());
                match body {
                    Body::Epoch(_) => self.epochs.push(id),
                    Body::Roster(roster) => {
                        for account in &roster.remove {
                            self.sessions.revoke(account);
                            let of =
                                |held: &&mut Held| ACCOUNTS[held.who].public().id() == *account;
                            self.held
                                .iter_mut()
                                .filter(of)
                                .for_each(|held| held.is_lasting = false);
                        }
                    }
                    _ => {}
                }
                return;
            }
        }
        assert_eq!(
            (self.state.size(), self.state.head(), self.state.root()),
            before
        );
    }

    fn body(&self, what: What, who: usize, salt: u64) -> Body {
        let id = |who: usize| ACCOUNTS[who % 5].public().id();
        let epoch = |which: u8| match self.epochs.len() {
            0 => Id::new([which; 32]),
            some => self.epochs[usize::from(which) % some],
        };
        let wraps = |mask: u8| {
            let chosen = (0..5).filter(|account| mask & 1 << account != 0 || *account == who);
            let twice = (mask == 255).then_some(who);
            let wrap = |account| Recipient {
                member: id(account),
                wrap: Wrap::new([7; 80]),
            };
            chosen.chain(twice).map(wrap).collect::<Vec<_>>()
        };
        match what {
            What::Card(byte) => {
                let mut bytes = [byte; 32];
                bytes[31] = if byte == 255 { 255 } else { 0 };
                Body::Card(CardBody {
                    x25519: Card::new(bytes),
                })
            }
            What::Epoch(mask) => Body::Epoch(Epoch {
                commitment: Hash::of(&salt.to_be_bytes()),
                wraps: wraps(mask),
            }),
            What::Share(which, mask) => Body::Share(Share {
                epoch: epoch(which),
                wraps: wraps(mask),
            }),
            What::Message(which, byte) => {
                let ciphertext = vec![byte; if byte == 254 { 145 } else { 144 }];
                Body::Message(Message {
                    epoch: epoch(which),
                    salt: Salt::new([byte; 16]),
                    ciphertext_hash: Hash::of(&ciphertext),
                    ciphertext: (byte != 255).then(|| Bytes::from(ciphertext)),
                })
            }
            What::Redaction(which) => {
                let is_message = |block: &&Block| matches!(block.entry.body, Body::Message(_));
                let messages: Vec<_> = self.blocks.iter().filter(is_message).collect();
                let index = match messages.len() {
                    some @ 1.. if which < 240 => messages[usize::from(which) % some].index,
                    _ => which.into(),
                };
                Body::Redaction(Redaction {
                    index,
                    reason: String::new(),
                })
            }
            What::Roster(which) => {
                let account = usize::from(which) % 5;
                let is_there = self.state.on_roster(&id(account));
                let key = ACCOUNTS[account].public().to_bytes();
                Body::Roster(Roster {
                    add: (!is_there || which > 250)
                        .then_some(key)
                        .into_iter()
                        .collect(),
                    remove: (is_there || which > 252)
                        .then(|| id(account))
                        .into_iter()
                        .collect(),
                })
            }
        }
    }

    /// The table holds exactly what was granted and is neither over nor revoked.
    fn check_sessions(&mut self) {
        for held in &self.held {
            let live = self.sessions.find(&TokenHash::of(&held.token), self.now);
            let is_due = held.is_lasting && self.now < held.ends;
            assert_eq!(live.is_some(), is_due, "[SESS-3], [SESS-5], [SESS-7]");
        }
        if self.now.is_multiple_of(7) {
            self.sessions.expire(self.now);
            assert!(self.sessions.next_end().is_none_or(|end| end > self.now));
        }
    }

    /// What the server admitted every client accepts, byte for byte. // [ENTRY-13]
    fn check_chain(mut self) {
        let mut blocks = std::mem::take(&mut self.blocks).into_iter();
        let genesis = blocks.next().expect("block 0");
        let (mut theirs, _) = State::from_genesis(genesis).expect("a genesis");
        let mut redacted = HashSet::new();
        for block in blocks {
            if let Body::Redaction(redaction) = &block.entry.body {
                assert!(redacted.insert(redaction.index), "[RED-2]");
            }
            let text = serde_json::to_string(&block).expect("a block is written");
            let read = Block::decode(&text).expect("and read");
            assert!(read == block);
            theirs.replay(read).expect("[ENTRY-13]");
        }
        assert_eq!(theirs.description(), self.state.description());
        assert!(theirs.roster().eq(self.state.roster()));
    }

    fn connection(&mut self, which: u8) -> &mut Connection {
        &mut self.connections[usize::from(which) % 3]
    }

    fn token(&self, which: u8) -> Option<Bytes> {
        let count = self.held.len();
        (count > 0).then(|| self.held[usize::from(which) % count].token.clone())
    }

    fn prefix(&self, have: Have) -> Option<Prefix> {
        let at = |size: u8| u64::from(size) % (self.state.size() + 1);
        match have {
            Have::Nothing => None,
            Have::Part(size) => Some(Prefix {
                size: at(size),
                hash: self.state.prefix_head(at(size))?,
            }),
            Have::Wrong(size) => Some(Prefix {
                size: size.into(),
                hash: Hash::of(&[size]),
            }),
        }
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::sign(self.state.description(), self.now, server())
    }

    fn nonce(&mut self) -> Nonce {
        self.nonces += 1;
        Nonce::new(*Hash::of(&self.nonces.to_be_bytes()).as_bytes())
    }
}

fn dial(state: &State, who: usize) -> Dial {
    Dial {
        origin: ORIGIN.to_owned(),
        community: state.community(),
        server_key: server().public().clone(),
        account: ACCOUNTS[who].public().clone(),
    }
}
