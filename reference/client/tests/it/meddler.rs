//! A way to the server that reads along: it sees each frame, and may change what the server says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;

/// The frames that clients sent, in their order, without the numbers by which they came.
pub type Heard = Arc<Mutex<Vec<Value>>>;

/// Hands on what comes to the listener; the server's frames as `change` makes them, which is told what clients have sent.
pub fn serve(
    listener: TcpListener,
    server: SocketAddr,
    change: impl Fn(&mut Value, &[Value]) + Send + Sync + 'static,
) -> Heard {
    let heard = Heard::default();
    let (kept, change) = (heard.clone(), Arc::new(change));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (heard, change) = (kept.clone(), change.clone());
            tokio::spawn(async move {
                let _ = pass(client, server, &heard, &*change).await;
            });
        }
    });
    heard
}

async fn pass(
    mut client: TcpStream,
    server: SocketAddr,
    heard: &Heard,
    change: &(impl Fn(&mut Value, &[Value]) + Send + Sync),
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut begin = [0; 14];
    client.peek(&mut begin).await?;
    let mut there = TcpStream::connect(server).await?;
    if &begin != b"GET /v1/socket" {
        tokio::io::copy_bidirectional(&mut client, &mut there).await?;
        return Ok(());
    }
    let mut client = tokio_tungstenite::accept_async(client).await?;
    let url = format!("ws://{server}/v1/socket");
    let (mut there, _) = tokio_tungstenite::client_async(url, there).await?;
    loop {
        tokio::select! {
            Some(message) = client.next() => {
                let message = message?;
                if let Message::Text(text) = &message {
                    heard.lock().unwrap().push(serde_json::from_str(text)?);
                }
                there.send(message).await?;
            }
            Some(message) = there.next() => {
                let mut message = message?;
                if let Message::Text(text) = &message {
                    let mut frame = serde_json::from_str(text)?;
                    change(&mut frame, &heard.lock().unwrap());
                    message = Message::text(frame.to_string());
                }
                client.send(message).await?;
            }
            else => return Ok(()),
        }
    }
}
