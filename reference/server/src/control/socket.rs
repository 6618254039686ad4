//! The server's end.

use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dispatch_protocol::entry::Entry;
use dispatch_protocol::refusal::{Code, Refusal};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::{Answer, Request, Standing, fits, path_of};
use crate::house::{House, shutting_down};
use crate::outbox::{Outbox, Outcome, unavailable};
use crate::writer::Command;

/// How many callers are served at once; others wait.
const CALLERS: usize = 8;

/// How long a caller may take for a line.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often, and how far apart, it is looked whether the files are clean before the answer is no.
const LOOKS: (u32, Duration) = (50, Duration::from_millis(100));

/// What a line holds beside the entry.
const AROUND: u64 = 1024;

/// A socket that listens. Its file goes with it.
pub(crate) struct ControlSocket {
    listener: UnixListener,
    file: SocketFile,
}

/// The socket's file, told from a later server's by its device and number.
struct SocketFile {
    path: PathBuf,
    is: (u64, u64),
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let found = std::fs::symlink_metadata(&self.path);
        if found.is_ok_and(|found| (found.dev(), found.ino()) == self.is) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl ControlSocket {
    /// Listens beside a store whose lock this process has: a socket that is there already is one that a killed server left.
    ///
    /// # Errors
    /// A sentence: a path that is too long, another file in its place, a file system that has no sockets.
    pub(crate) fn open(store: &Path) -> Result<ControlSocket, String> {
        let path = path_of(store);
        if !fits(&path) {
            let bytes = path.as_os_str().len();
            return Err(format!(
                "{}: a socket's path may have some hundred bytes, and this one has {bytes}; give the store a shorter one",
                path.display()
            ));
        }
        let told = |problem: io::Error| format!("{}: {problem}", path.display());
        match std::fs::symlink_metadata(&path) {
            Ok(found) if found.file_type().is_socket() => {
                std::fs::remove_file(&path).map_err(told)?;
            }
            Ok(_) => {
                let problem =
                    "a file that is no socket is in the place of the control socket; move it away";
                return Err(format!("{}: {problem}", path.display()));
            }
            Err(_) => {}
        }
        listen(&path).map_err(told)
    }

    /// Serves until the server stops.
    pub(crate) async fn run(self, house: Arc<House>) {
        let ControlSocket { listener, file } = self;
        let mut calls = JoinSet::new();
        loop {
            tokio::select! {
                () = house.stopped() => break,
                accepted = listener.accept(), if calls.len() < CALLERS => match accepted {
                    Ok((stream, _)) => drop(calls.spawn(serve(stream, house.clone()))),
                    Err(problem) => {
                        tracing::debug!(%problem, "the control socket could not accept");
                        tokio::time::sleep(LOOKS.1).await;
                    }
                },
                Some(_) = calls.join_next() => {}
            }
        }
        drop((listener, file));
        while calls.join_next().await.is_some() {}
    }
}

/// The mode is set between bind and listen: nobody can connect before that.
fn listen(path: &Path) -> io::Result<ControlSocket> {
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
    let made = std::fs::symlink_metadata(path)?;
    let file = SocketFile {
        path: path.to_owned(),
        is: (made.dev(), made.ino()),
    };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    rustix::net::listen(&socket, CALLERS as i32)?;
    let listener = StdListener::from(socket);
    listener.set_nonblocking(true)?;
    Ok(ControlSocket {
        listener: UnixListener::from_std(listener)?,
        file,
    })
}

/// One caller: a line is asked, a line is answered, until it hangs up.
async fn serve(mut stream: UnixStream, house: Arc<House>) {
    let (reading, mut writing) = stream.split();
    let mut reading = BufReader::new(reading);
    let most = house.host.limits.frame_bytes + AROUND;
    loop {
        let mut line = String::new();
        let mut bounded = (&mut reading).take(most);
        let asked = tokio::time::timeout(PATIENCE, bounded.read_line(&mut line)).await;
        let (answer, is_last) = match asked {
            Ok(Ok(0)) | Err(_) => return,
            Ok(Ok(_)) if line.ends_with('\n') => (answer(&line, &house).await, false),
            // Too long, cut off, or not UTF-8: what follows it cannot be told from its end.
            Ok(_) => (Err(not_understood()), true),
        };
        let answer = answer.unwrap_or_else(|refusal| Answer::Refused {
            code: refusal.code.as_str().to_owned(),
            detail: refusal.detail,
        });
        let Ok(mut text) = serde_json::to_string(&answer) else {
            return;
        };
        text.push('\n');
        if writing.write_all(text.as_bytes()).await.is_err() || is_last {
            return;
        }
    }
}

async fn answer(line: &str, house: &House) -> Result<Answer, Refusal> {
    match serde_json::from_str(line).map_err(|_| not_understood())? {
        Request::Standing => {
            let (community, seen, seq, _) = house.lobby.authority();
            Ok(Answer::Standing(Standing {
                community,
                size: seen.size,
                head: seen.hash,
                seq,
            }))
        }
        Request::Entry(entry) => append(entry.get(), house).await.map(Answer::Accepted),
        Request::Swept => Ok(Answer::Swept(swept(house).await)),
    }
}

/// An entry goes the way of every other; its author is not a session's, but its signature says whose it is. // [ENTRY-3]
async fn append(text: &str, house: &House) -> Result<u64, Refusal> {
    let entry = Entry::decode(text, &house.host.limits)?;
    let (_, _, _, key) = house.lobby.authority();
    if entry.author != key.id() {
        return Err(Refusal::new(
            Code::WrongAuthor,
            "ENTRY-3",
            "the control socket takes the authority's entries alone",
        ));
    }
    let outbox = Arc::new(Outbox::default());
    house
        .submit(entry, key, text.len(), None, &outbox)
        .await
        .ok_or_else(shutting_down)?;
    outbox.arrived().await;
    match outbox.take().pop().map(|answer| answer.outcome) {
        Some(Outcome::Accepted { index, .. }) => Ok(index),
        Some(Outcome::Refused(refusal)) => Err(refusal),
        None => Err(unavailable("the entry was lost on its way; send it again")),
    }
}

/// Waits a while until the writer has nothing left to sweep. // [RED-5]
async fn swept(house: &House) -> bool {
    for _ in 0..LOOKS.0 {
        let (done, outcome) = oneshot::channel();
        house.intake.command(Command::IsSwept(done));
        match outcome.await {
            Ok(true) => return true,
            Ok(false) => tokio::time::sleep(LOOKS.1).await,
            Err(_) => return false,
        }
    }
    false
}

fn not_understood() -> Refusal {
    Refusal::malformed(
        "CONV-1",
        "not a line of the control socket; the program that asks may be of another version",
    )
}
