//! Frames over a socket, and the join: hello, challenge, prove, welcome.

use std::time::Duration;

use dispatch_protocol::bytes::Nonce;
use dispatch_protocol::entry::Prefix;
use dispatch_protocol::key::KeyPair;
use dispatch_protocol::refusal::Code;
use dispatch_protocol::session::{AwaitWelcome, Dial, Joined};
use dispatch_protocol::wire::{Bye, ClientFrame, ServerFrame, Welcome};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::tungstenite::Message;

use crate::community::server;
use crate::dial::Socket;
use crate::error::Error;

/// How long each answer of a join may take: a server signs it, and a thousand others may be joining.
const PATIENCE: Duration = Duration::from_secs(30);

/// A session, and what the server said with it.
pub(crate) struct Session {
    pub(crate) joined: Joined,
    pub(crate) welcome: Welcome,
    /// The end of the challenge, by the server's clock; none after a resume.
    pub(crate) challenge_end: Option<u64>,
}

/// Sends a frame.
pub(crate) async fn say(socket: &mut Socket, frame: &ClientFrame) -> Result<(), Error> {
    let text = serde_json::to_string(frame).expect("a frame is plain JSON");
    socket.send(Message::text(text)).await.map_err(ended)
}

/// Waits for the next frame that means something to this client. // [CONV-10]
pub(crate) async fn hear(socket: &mut Socket) -> Result<ServerFrame, Error> {
    loop {
        if let Some(frame) = sign(socket).await? {
            return Ok(frame);
        }
    }
}

/// Waits for any sign of life: a frame, or a message that means nothing to this client, such as an answer to a ping.
pub(crate) async fn sign(socket: &mut Socket) -> Result<Option<ServerFrame>, Error> {
    match socket.next().await {
        Some(Ok(Message::Text(text))) => {
            ServerFrame::decode(&text).map_err(|refusal| server(refusal.into()))
        }
        Some(Ok(Message::Close(_))) | None => {
            Err(Error::Network("the server closed the connection".into()))
        }
        Some(Ok(_)) => Ok(None),
        Some(Err(error)) => Err(ended(error)),
    }
}

/// Why the server ends a connection.
pub(crate) fn bye(bye: Bye) -> Error {
    Error::Refused {
        code: bye.code,
        detail: bye.detail,
        retry_after: bye.retry_after.map(Duration::from_millis),
    }
}

async fn answer(socket: &mut Socket) -> Result<ServerFrame, Error> {
    match tokio::time::timeout(PATIENCE, hear(socket)).await {
        Ok(Ok(ServerFrame::Refused(refused))) => Err(Error::Refused {
            code: refused.code,
            detail: refused.detail,
            retry_after: refused.retry_after.map(Duration::from_millis),
        }),
        Ok(Ok(ServerFrame::Bye(bye))) => Err(self::bye(bye)),
        Ok(other) => other,
        Err(_) => Err(Error::Network("the server does not answer in time".into())),
    }
}

/// Joins: the server proves itself in the same exchange.
pub(crate) async fn join(
    socket: &mut Socket,
    dial: &Dial,
    key: &KeyPair,
    have: Option<Prefix>,
) -> Result<Session, Error> {
    let nonce = nonce();
    say(socket, &ClientFrame::Hello(dial.hello(nonce, None, have))).await?;
    let ServerFrame::Challenge(challenge) = answer(socket).await? else {
        return Err(out_of_turn("challenge"));
    };
    // [JOIN-19]
    let (awaiting, prove) = dial.prove(nonce, &challenge, key).map_err(server)?;
    say(socket, &ClientFrame::Prove(prove)).await?;
    let mut session = welcomed(socket, awaiting).await?;
    session.challenge_end = Some(challenge.expires_at);
    Ok(session)
}

/// Opens another connection under a session; none where the server does not know it any more.
pub(crate) async fn resume(
    socket: &mut Socket,
    joined: &Joined,
    have: Option<Prefix>,
) -> Result<Option<Session>, Error> {
    let (awaiting, resume) = joined.resume(nonce(), have);
    say(socket, &ClientFrame::Resume(resume)).await?;
    match welcomed(socket, awaiting).await {
        Ok(session) => Ok(Some(session)),
        Err(Error::Refused {
            code: Code::BadToken,
            ..
        }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn welcomed(socket: &mut Socket, awaiting: AwaitWelcome) -> Result<Session, Error> {
    let ServerFrame::Welcome(welcome) = answer(socket).await? else {
        return Err(out_of_turn("welcome"));
    };
    // [JOIN-17] [CHECK-6]
    let joined = awaiting.welcome(&welcome).map_err(server)?;
    Ok(Session {
        joined,
        welcome: *welcome,
        challenge_end: None,
    })
}

fn nonce() -> Nonce {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system's random source works");
    Nonce::new(bytes)
}

fn out_of_turn(due: &str) -> Error {
    Error::Network(format!(
        "the server sent another frame where a {due} is due"
    ))
}

fn ended(error: tokio_tungstenite::tungstenite::Error) -> Error {
    Error::Network(format!("the connection ended: {error}"))
}
