//! Two peers joined in memory: a server without sockets, and a client, with a clock of the test's own.

use dispatch_protocol::bytes::Nonce;
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::limits::Limits;
use dispatch_protocol::refusal::Refusal;
use dispatch_protocol::session::{Dial, Host, Joined, Open, Session, Sessions, Step};
use dispatch_protocol::wire::{Challenge, ClientFrame, Hello, Prove, ServerFrame, Welcome};

use crate::world::{World, key};

pub const ORIGIN: &str = "https://chat.example.org";

/// A server without sockets.
pub struct Server {
    pub world: World,
    pub host: Host,
    pub sessions: Sessions,
    pub checkpoint: Checkpoint,
    pub nonces: u8,
}

/// A connection to it, as the server holds it.
pub struct Connection {
    pub session: Session,
}

impl Server {
    pub fn new() -> Self {
        let world = World::with_members(&["m01", "m02"]);
        let checkpoint = world.checkpoint();
        let host = Host {
            origins: vec![ORIGIN.to_owned(), "http://127.0.0.1:7311".to_owned()],
            community: world.state.community(),
            limits: Limits::default(),
        };
        Self {
            world,
            host,
            sessions: Sessions::new(),
            checkpoint,
            nonces: 0,
        }
    }

    pub fn now(&self) -> u64 {
        self.world.now
    }

    /// Takes a frame off the wire; gives the answer.
    pub fn take(&mut self, connection: &mut Connection, frame: ClientFrame) -> ServerFrame {
        let text = serde_json::to_string(&frame).unwrap();
        let frame = ClientFrame::decode(&text, &self.host.limits).unwrap();
        self.nonces += 1;
        let nonce = Nonce::new([self.nonces; 32]);
        let session = std::mem::take(&mut connection.session);
        let answer = match session.receive(frame, &self.host, || nonce, self.world.now) {
            Step::Reply(session, answer) => {
                connection.session = session;
                answer
            }
            Step::Prove(proof) => {
                let granted = proof.verify().and_then(|proven| {
                    proven.admit(
                        &self.world.state,
                        &mut self.sessions,
                        &self.checkpoint,
                        self.world.now,
                    )
                });
                self.open(
                    connection,
                    granted.map(|granted| granted.welcome(key("server"))),
                )
            }
            Step::Resume(resumption) => {
                let granted = resumption.admit(
                    &self.world.state,
                    &self.sessions,
                    &self.checkpoint,
                    self.world.now,
                );
                self.open(
                    connection,
                    granted.map(|granted| granted.welcome(key("server"))),
                )
            }
            Step::Submit(session, submission) => {
                connection.session = session;
                let linked = self.world.submit(submission.entry).unwrap();
                ServerFrame::Accepted(dispatch_protocol::wire::Accepted {
                    reference: Some(submission.reference),
                    index: linked.block().index,
                    hash: linked.hash(),
                })
            }
            Step::End(bye) => ServerFrame::Bye(bye),
        };
        ServerFrame::decode(&answer.to_text()).unwrap().unwrap()
    }

    pub fn open(
        &self,
        connection: &mut Connection,
        granted: Result<(Open, Welcome), Refusal>,
    ) -> ServerFrame {
        match granted {
            Ok((open, welcome)) => {
                connection.session = Session::Open(open);
                ServerFrame::Welcome(Box::new(welcome))
            }
            Err(refusal) => {
                ServerFrame::Refused(dispatch_protocol::wire::Refused::new(None, refusal))
            }
        }
    }
}

pub fn connect() -> Connection {
    Connection {
        session: Session::new(),
    }
}

pub fn dial(server: &Server, account: &str) -> Dial {
    Dial {
        origin: ORIGIN.to_owned(),
        community: server.host.community,
        server_key: key("server").public().clone(),
        account: key(account).public().clone(),
    }
}

pub const NONCE: Nonce = Nonce::new([0xc1; 32]);

pub fn hello(server: &Server, account: &str) -> Hello {
    dial(server, account).hello(NONCE, None, None)
}

pub fn challenge(server: &mut Server, connection: &mut Connection, hello: Hello) -> Challenge {
    match server.take(connection, ClientFrame::Hello(hello)) {
        ServerFrame::Challenge(challenge) => challenge,
        other => panic!("no challenge: {other:?}"),
    }
}

pub fn refused(frame: ServerFrame) -> &'static str {
    match frame {
        ServerFrame::Refused(refused) => refused.code.as_str(),
        other => panic!("not refused: {other:?}"),
    }
}

pub fn prove(server: &Server, account: &str, challenge: &Challenge) -> Prove {
    dial(server, account)
        .prove(NONCE, challenge, key(account))
        .unwrap()
        .1
}

/// A whole join, verified by the client.
pub fn join_with(
    server: &mut Server,
    account: &str,
    hello: Hello,
) -> (Connection, Joined, Welcome) {
    let mut connection = connect();
    let challenge = challenge(server, &mut connection, hello);
    let (awaiting, prove) = dial(server, account)
        .prove(NONCE, &challenge, key(account))
        .unwrap();
    match server.take(&mut connection, ClientFrame::Prove(prove)) {
        ServerFrame::Welcome(welcome) => {
            (connection, awaiting.welcome(&welcome).unwrap(), *welcome)
        }
        other => panic!("no welcome: {other:?}"),
    }
}

pub fn join(server: &mut Server, account: &str) -> (Connection, Joined) {
    let hello = hello(server, account);
    let (connection, joined, _) = join_with(server, account, hello);
    (connection, joined)
}
