//! A connection's join: the account is let in, and the member's reading begins.

use dispatch_protocol::refusal::Refusal;
use dispatch_protocol::session::Session;
use dispatch_protocol::wire::{Refused, ServerFrame};

use super::Connection;
use super::farewell::End;
use crate::house::{Joined, text};
use crate::reader::Reader;

impl Connection {
    /// Answers a `prove` or a `resume`: by a welcome, or by a refusal after which a `hello` is awaited again.
    pub(super) async fn join(
        &mut self,
        joined: impl Future<Output = Result<Joined, Refusal>>,
    ) -> Result<(), End> {
        self.session = Session::new();
        match joined.await {
            Ok(Joined {
                open,
                welcome,
                key,
                membership,
            }) => {
                let (from, covered) = (open.from(), welcome.checkpoint.size);
                let reader = Reader::new(&self.house.feed, from, covered, membership);
                self.session = Session::Open(open);
                self.write([text(&ServerFrame::Welcome(Box::new(welcome)))])
                    .await?;
                self.reader = Some(reader);
                self.key = Some(key);
                self.stranger = None;
                Ok(())
            }
            Err(refusal) => {
                self.say(ServerFrame::Refused(Refused::new(None, refusal)))
                    .await
            }
        }
    }
}
