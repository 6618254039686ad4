//! A connection's join: the proof is verified, the account let in and the welcome signed on the threads that do RSA work.

use dispatch_protocol::refusal::{Code, Refusal};
use dispatch_protocol::session::Session;
use dispatch_protocol::wire::{Refused, ServerFrame};

use super::delivery::Reader;
use super::farewell::End;
use super::outbox::unavailable;
use super::{Connection, text};
use crate::lobby::{Guest, Lobby};

impl Connection {
    /// Answers a `prove` or a `resume`: by a welcome, or by a refusal after which a `hello` is awaited again.
    pub(super) async fn join(
        &mut self,
        admit: impl FnOnce(&Lobby) -> Result<Guest, Refusal> + Send + 'static,
    ) -> Result<(), End> {
        self.session = Session::new();
        let (lobby, server_key) = (self.house.lobby.clone(), self.house.server_key.clone());
        let joining = self.house.intake.run(move || {
            let Guest {
                granted,
                key,
                membership,
            } = admit(&lobby)?;
            let (open, welcome) = granted.welcome(&server_key); // [JOIN-15], [JOIN-16]
            Ok((open, welcome, key, membership))
        });
        let joined = joining.await.unwrap_or_else(|| {
            Err(unavailable(
                "the server could not look at the proof; try again",
            ))
        });
        match joined {
            Ok((open, welcome, key, membership)) => {
                tracing::debug!(account = %open.account(), size = welcome.size, "joined");
                let reader = Reader::new(
                    &self.house.feed,
                    &open,
                    welcome.checkpoint.size,
                    key,
                    membership,
                );
                self.session = Session::Open(open);
                self.write([text(&ServerFrame::Welcome(Box::new(welcome)))])
                    .await?;
                self.reader = Some(reader);
                self.stranger = None;
                Ok(())
            }
            Err(refusal) => {
                if refusal.code == Code::BadProof || refusal.code == Code::NotAllowed {
                    tracing::info!(code = %refusal.code, "a join was refused");
                }
                self.say(ServerFrame::Refused(Refused::new(None, refusal)))
                    .await
            }
        }
    }
}
