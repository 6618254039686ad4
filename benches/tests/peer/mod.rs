//! Small servers that speak as the peers do, as far as a load needs it, and go wrong where they are told to.

pub mod nats;
pub mod nostr;

use dispatch_benches::load::target::Target;
use tokio::net::{TcpListener, TcpStream};

/// Serves each connection by a task of its own.
async fn listen<F: Future<Output = ()> + Send + 'static>(
    connection: impl Fn(TcpStream) -> F + Send + 'static,
) -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = Target::at(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream));
        }
    });
    target
}

/// What a server does wrong, at its tenth message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// It delivers the message twice.
    Doubles,
    /// It does not keep it, and says so.
    Refuses,
    /// It hangs up on a subscriber instead.
    HangsUp,
}

impl Fault {
    /// Whether it goes wrong now.
    pub fn strikes(self, fault: Fault, count: usize) -> bool {
        self == fault && count == 10
    }
}
