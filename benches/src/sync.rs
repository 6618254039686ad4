//! A first sync: how fast a newcomer is sent a long chain, beside the disk and the network alone, and what it does to those who
//! write meanwhile. Nothing that comes is verified here: what that costs is goal 5's to say.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use dispatch_protocol::entry::Prefix;
use dispatch_protocol::session::Joined;
use futures_util::StreamExt as _;
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use crate::goals::Line;
use crate::growth::{Folder, LETTERS, PLAINTEXT, keys_of, room};
use crate::load::community::settle;
use crate::load::conversation::Conversation;
use crate::load::letters::Epoch;
use crate::load::member::{enter, resumed};
use crate::load::server::Process;
use crate::load::stage::Stage;
use crate::load::target::{BUFFER, Target};
use crate::load::{Load, Pace, Problem};

/// Accounts of the community: one writes meanwhile, the others read.
const ACCOUNTS: usize = 5;

/// How many read the whole chain again and again while one writes.
const READERS: usize = 4;

/// Blocks of the chain, unless it is told otherwise.
pub const BLOCKS: u64 = 50_000;

/// Blocks of one request.
const LIMIT: u64 = 500;

/// What a frame of the chain takes at most, which is how the bare network is written to.
const PIECE: usize = 32 << 10;

/// One message after the other, by one who waits for each answer.
const WRITER: Load = Load {
    senders: 1,
    subscribers: 0,
    messages: 400,
    pace: Pace::Window(1),
};

/// So much in so long.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Flow {
    /// Bytes.
    pub bytes: u64,
    /// In how many seconds.
    pub seconds: f64,
}

impl Flow {
    fn since(begun: Instant, bytes: u64) -> Flow {
        let seconds = begun.elapsed().as_secs_f64();
        Flow { bytes, seconds }
    }

    /// In MB/s.
    pub fn rate(&self) -> f64 {
        self.bytes as f64 / 1e6 / self.seconds
    }
}

/// What a first sync showed.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Blocks of the chain.
    pub blocks: u64,
    /// The store's file, read by itself.
    pub disk: Flow,
    /// As many bytes as the socket's, over TCP on loopback.
    pub network: Flow,
    /// The chain, over a WebSocket.
    pub socket: Flow,
    /// The chain, by requests for 500 blocks, each over a connection of its own.
    pub requests: Flow,
    /// The median of one message at a time, acknowledged, in milliseconds.
    pub alone_ms: f64,
    /// The same while others read the whole chain, again and again.
    pub beside_ms: f64,
    /// How many whole chains they read meanwhile.
    pub chains: u64,
}

impl Report {
    /// The lines of the table of goals.
    pub fn lines(&self) -> [Line; 2] {
        let Report { socket, disk, .. } = self;
        let rate = |flow: &Flow| format!("{:.0} MB/s", flow.rate());
        let what = format!("first sync of {} blocks over a socket", self.blocks);
        let by_file = format!(
            "{}; {:.2} of reading the file",
            rate(socket),
            disk.seconds / socket.seconds
        );
        let beside = format!("one message at a time beside {READERS} first syncs, p50 ÷ alone");
        [
            Line::told(6, &what, by_file),
            Line::told(
                6,
                &beside,
                format!("{:.1} times", self.beside_ms / self.alone_ms),
            ),
        ]
    }
}

/// Measures a first sync of so many blocks.
///
/// # Errors
/// No room on the disk; a server that does not come up, refuses, or sends another chain.
pub async fn measure(blocks: u64) -> Result<Report, Problem> {
    let dir = tempfile::tempdir().map_err(Problem::at("a temporary folder"))?;
    let instead = "set TMPDIR to a folder of another disk, or give fewer --blocks";
    room::check(dir.path(), room::needed(blocks, LETTERS as u64), instead)?;
    let mut made = Folder::found(dir.path(), ACCOUNTS, 0).map_err(Problem::at("a community"))?;
    let grown = made.grow(blocks, LETTERS, false);
    grown.map_err(Problem::at("a chain"))?;
    let community = dir.path().join("community");
    settle(&community)?;
    let disk = file(&made.config.store)?;
    let (process, address, origin) = Process::serve(&community)?;
    let target = Target::new(address, origin);
    let keys = keys_of(&made.community.writers)?;
    let chain = &made.community.state;
    let (joined, held) = enter(&target, &keys[1], chain).await?;
    drop(held);
    let hash = chain.tree().block(0);
    let hash = hash.ok_or_else(|| Problem::new("the chain has no block 0"))?;
    let first = Prefix { size: 1, hash };
    let reader = Arc::new(Reader {
        target: target.clone(),
        joined,
        first,
        size: chain.size(),
        chains: AtomicU64::new(0),
    });
    let begun = Instant::now();
    let bytes = reader.read().await?;
    let socket = Flow::since(begun, bytes);
    let network = network(bytes).await.map_err(Problem::at("loopback"))?;
    let requests = reader.ask().await?;
    let epoch = Epoch {
        id: made.community.epoch,
        secret: made.community.secret.clone(),
    };
    let conversation = Conversation::go_on(&target, &keys[..1], chain, epoch).await?;
    let mut stage = Stage::of(Some(process), target, conversation);
    let alone = stage.run(WRITER, PLAINTEXT).await?;
    let mut reading = JoinSet::new();
    for _ in 0..READERS {
        let reader = Arc::clone(&reader);
        reading.spawn(async move {
            loop {
                reader.read().await?;
                reader.chains.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let beside = tokio::select! {
        outcome = stage.run(WRITER, PLAINTEXT) => outcome?,
        Some(ended) = reading.join_next() => return ended.map_err(Problem::at("a reader"))?,
    };
    drop(reading);
    Ok(Report {
        blocks: chain.size(),
        disk,
        network,
        socket,
        requests,
        alone_ms: alone.measured.acknowledgement.p50_ms,
        beside_ms: beside.measured.acknowledgement.p50_ms,
        chains: reader.chains.load(Ordering::Relaxed),
    })
}

/// A member who holds block 0 alone, and reads all others without looking at them.
struct Reader {
    target: Target,
    joined: Joined,
    first: Prefix,
    /// Blocks of the chain as it was made.
    size: u64,
    /// How many times it was read beside the writer.
    chains: AtomicU64,
}

impl Reader {
    /// Reads the chain over a socket, to its end as it was made; gives the bytes of its frames.
    async fn read(&self) -> Result<u64, Problem> {
        let target = &self.target;
        let mut socket = resumed(target, &self.joined, self.first, BUFFER).await?;
        let (mut bytes, mut next) = (0, self.first.size);
        while next < self.size {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    if let Some(end) = follows(&text, next)? {
                        bytes += text.len() as u64;
                        next = end;
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => {
                    let words = format!("the server hung up before block {next}");
                    return Err(Problem::new(words));
                }
                Some(Ok(_)) => {}
            }
        }
        Ok(bytes)
    }

    /// Reads the chain by requests.
    async fn ask(&self) -> Result<Flow, Problem> {
        let token = data_encoding::BASE64URL_NOPAD.encode(self.joined.token());
        let header = format!("Authorization: Dispatch {token}\r\n");
        let begun = Instant::now();
        let (mut bytes, mut next) = (0, self.first.size);
        while next < self.size {
            let path = format!("/v1/blocks?from={next}&limit={LIMIT}");
            let text = self.target.get(&path, &header).await?;
            let end = follows(&text, next)?;
            next = end.ok_or_else(|| Problem::new(format!("{path} answers without blocks")))?;
            bytes += text.len() as u64;
        }
        Ok(Flow::since(begun, bytes))
    }
}

/// The index behind the last block of a frame of blocks; none of another frame.
///
/// # Errors
/// A frame that does not begin with the block that is due.
fn follows(text: &str, due: u64) -> Result<Option<u64>, Problem> {
    const BLOCK: &str = "{\"index\":";
    let number = |at: usize| {
        let digits = text[at + BLOCK.len()..].split(',').next();
        digits.and_then(|digits| digits.parse::<u64>().ok())
    };
    let (Some(first), Some(last)) = (text.find(BLOCK), text.rfind(BLOCK)) else {
        return Ok(None);
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first == due && last >= first => Ok(Some(last + 1)),
        _ => Err(Problem::new(format!(
            "other blocks came where {due} was due"
        ))),
    }
}

fn file(path: &Path) -> Result<Flow, Problem> {
    let begun = Instant::now();
    let bytes = std::fs::read(path).map_err(Problem::at(path.display()))?;
    Ok(Flow::since(begun, bytes.len() as u64))
}

/// How fast so many bytes go over loopback, in pieces as frames are.
async fn network(bytes: u64) -> std::io::Result<Flow> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let begun = Instant::now();
    let writing = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        let piece = vec![7; PIECE];
        for _ in 0..bytes.div_ceil(PIECE as u64) {
            stream.write_all(&piece).await?;
        }
        Ok::<_, std::io::Error>(())
    });
    let mut stream = TcpStream::connect(address).await?;
    let (mut buffer, mut read) = (vec![0; BUFFER], 0);
    loop {
        match stream.read(&mut buffer).await? {
            0 => break,
            count => read += count as u64,
        }
    }
    writing.await.map_err(std::io::Error::other)??;
    Ok(Flow::since(begun, read))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut flow = |what: &str, flow: &Flow| {
            let megabytes = flow.bytes as f64 / 1e6;
            writeln!(f, "{what:<27} {megabytes:7.1} MB  {:7.0} MB/s", flow.rate())
        };
        flow("the store's file, read", &self.disk)?;
        flow("bare TCP on loopback", &self.network)?;
        flow("first sync, over a socket", &self.socket)?;
        flow("first sync, by requests", &self.requests)?;
        let Report {
            blocks,
            alone_ms,
            beside_ms,
            chains,
            ..
        } = self;
        writeln!(
            f,
            "one message at a time, p50  {alone_ms:.2} ms; {beside_ms:.2} ms beside {READERS} who read {chains} whole chains of {blocks} blocks meanwhile"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_that_are_not_due_are_told() {
        let text = r#"{"type":"blocks","from":5,"blocks":[{"index":5,"prev":"x"},{"index":6,"prev":"y"}]}"#;
        assert_eq!(follows(text, 5).unwrap(), Some(7));
        assert_eq!(follows(r#"{"type":"checkpoint"}"#, 5).unwrap(), None);
        assert!(follows(text, 4).is_err());
        assert!(follows(text, 6).is_err());
    }

    #[test]
    fn the_report_tells_what_came_and_how_fast() {
        let flow = |bytes, seconds| Flow { bytes, seconds };
        let report = Report {
            blocks: 20_000,
            disk: flow(20_000_000, 0.01),
            network: flow(40_000_000, 0.025),
            socket: flow(40_000_000, 0.05),
            requests: flow(40_100_000, 0.1),
            alone_ms: 0.4,
            beside_ms: 1.2,
            chains: 7,
        };
        let lines = report.lines().map(|line| line.to_string());
        insta::assert_snapshot!(format!("{report}\n{}", lines.join("\n")));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn loopback_carries_what_is_asked_for() {
        let flow = network(100_000).await.unwrap();
        assert_eq!(flow.bytes, 4 * PIECE as u64);
    }
}
