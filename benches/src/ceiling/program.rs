//! The program: its start, and its connections.

use std::fs::{self, File};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path as Part, State};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use dispatch_protocol::key::PublicKey;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::pool::{self, History, Job};
use super::wire::Submitted;
use crate::load::Problem;

/// The hidden first argument by which the generator becomes this program.
pub const SERVE: &str = "serve-ceiling";

/// What a connection's buffers hold, as the reference has them.
const READ_BYTES: usize = 3072;
const WRITE_BYTES: usize = 4096;

/// How many messages are taken from a socket at once, and verified one after the other.
const TOGETHER: usize = 16;

#[derive(Clone)]
struct House {
    jobs: Sender<Job>,
    history: Arc<History>,
}

/// Serves on a port of 127.0.0.1, which it tells on standard error, the authors whose keys (DER) are in a folder by
/// their place in the list; the chain goes to a file beside them.
pub fn serve(folder: &Path) -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().map_err(Problem::at("the runtime"));
    match runtime.and_then(|runtime| runtime.block_on(run(folder))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("ceiling: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run(folder: &Path) -> Result<(), Problem> {
    let mut keys = Vec::new();
    while let Ok(der) = fs::read(folder.join(keys.len().to_string())) {
        keys.push(PublicKey::parse(&der).map_err(Problem::at("an author's key"))?);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.map_err(Problem::at("no port"))?;
    let address = listener.local_addr().map_err(Problem::at("no port"))?;
    eprintln!("serving {address}");
    serve_on(listener, keys, &folder.join("chain")).await
}

/// Serves these authors; the chain goes to a new file.
///
/// # Errors
/// A file that cannot be made; no thread; a listener that fails.
pub async fn serve_on(
    listener: TcpListener,
    keys: Vec<PublicKey>,
    chain: &Path,
) -> Result<(), Problem> {
    let file = File::create_new(chain).map_err(Problem::at(chain.display()))?;
    let history = Arc::new(History::new());
    let jobs = pool::start(keys, file, history.clone()).map_err(Problem::at("no thread"))?;
    let router = Router::new()
        .route("/{who}", get(open))
        .with_state(House { jobs, history });
    axum::serve(
        axum::serve::ListenerExt::tap_io(listener, |stream| {
            let _ = stream.set_nodelay(true);
        }),
        router,
    )
    .await
    .map_err(Problem::at("the listener"))
}

/// `/all` is sent every group from now on; `/own` only answers.
async fn open(
    State(house): State<House>,
    Part(who): Part<String>,
    upgrade: WebSocketUpgrade,
) -> Response {
    // From before the socket is open, so that whoever has one misses nothing.
    let place = (who == "all").then(|| *house.history.watch().borrow());
    upgrade
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .on_upgrade(move |socket| async move {
            let (sink, stream) = socket.split();
            let (answers, answered) = unbounded_channel();
            tokio::spawn(write(sink, answered, house.history.clone(), place));
            read(stream, &house.jobs, &answers).await;
        })
}

/// Hands in what comes, as many at once as have come, until the socket ends.
async fn read(
    stream: SplitStream<WebSocket>,
    jobs: &Sender<Job>,
    answers: &tokio::sync::mpsc::UnboundedSender<Vec<Bytes>>,
) {
    let mut chunks = stream.ready_chunks(TOGETHER);
    while let Some(chunk) = chunks.next().await {
        let mut messages = Vec::with_capacity(chunk.len());
        for message in chunk {
            match message {
                Ok(Message::Binary(bytes)) => match Submitted::read(bytes) {
                    Some(message) => messages.push(message),
                    None => return,
                },
                Ok(_) => {}
                Err(_) => return,
            }
        }
        let answers = answers.clone();
        if !messages.is_empty() && jobs.send(Job { messages, answers }).is_err() {
            return;
        }
    }
}

/// Writes answers and, to whoever reads, groups: all that there are, and then one flush.
async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    mut answered: UnboundedReceiver<Vec<Bytes>>,
    history: Arc<History>,
    mut place: Option<usize>,
) -> Result<(), axum::Error> {
    let mut count = history.watch();
    count.mark_changed();
    loop {
        tokio::select! {
            answers = answered.recv() => {
                let Some(mut answers) = answers else { return Ok(()) };
                while let Ok(more) = answered.try_recv() {
                    answers.extend(more);
                }
                for answer in answers {
                    sink.feed(Message::Binary(answer)).await?;
                }
            }
            Ok(()) = count.changed(), if place.is_some() => {}
        }
        if let Some(place) = &mut place {
            count.mark_unchanged();
            let groups = history.from(*place);
            *place += groups.len();
            for group in groups {
                sink.feed(Message::Binary(group)).await?;
            }
        }
        sink.flush().await?;
    }
}
