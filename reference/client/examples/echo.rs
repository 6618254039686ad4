//! A bot that answers whoever speaks to it: `echo INVITATION FOLDER KEY`, where KEY is a private key in PEM.
//!
//! It ends when its standard input does.

use std::sync::Arc;

use dispatch_client::{Addressed, Client, Content, Event, Invitation, KeyPair, Settings};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("usage: echo INVITATION FOLDER KEY");
    let invitation = Invitation::decode(&next()?)?;
    let folder = next()?;
    let key = Arc::new(KeyPair::from_pkcs8_pem(&std::fs::read_to_string(next()?)?)?);
    let me = key.public().id();

    let (client, mut events) = Client::start(Settings::new(invitation, folder), key).await?;
    client.ready().await?;
    println!("ready");
    let mut end = Box::pin(tokio::task::spawn_blocking(|| {
        std::io::read_to_string(std::io::stdin())
    }));
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            _ = &mut end => break,
        };
        match event {
            Some(Event::Message(message)) if message.author != me => {
                let Content::Said(plaintext) = message.content else {
                    continue;
                };
                let answer = Addressed {
                    reply_to: Some(message.id),
                    channel: plaintext.channel,
                    to: None,
                };
                client
                    .send(&format!("You said: {}", plaintext.text), answer)
                    .await?;
            }
            Some(Event::Finding { finding, evidence }) => {
                return Err(
                    format!("the server is not to be trusted: {finding} {evidence:?}").into(),
                );
            }
            Some(_) => {}
            None => break,
        }
    }
    client.close().await;
    Ok(())
}
