//! From a dialled server to a welcome that was verified; and what a server is found to have done on the way.

use dispatch_protocol::refusal::Code;
use dispatch_protocol::session::Dial;
use dispatch_protocol::verdict::{Finding, Verdict};

use super::Running;
use crate::community::server;
use crate::dial::Socket;
use crate::error::Error;
use crate::forks;
use crate::joining::{self, Session};

impl Running {
    /// Dials and joins; gives the socket and the size that the welcome states.
    pub(super) async fn joined(&mut self) -> Result<(Socket, u64), Error> {
        self.discover().await?;
        let mut socket = self.place.socket().await?;
        let have = self.community().ask();
        let dial = self.dial();
        let live = self.session.take();
        let resumed = match &live {
            Some(joined) if joined.expires_at() > self.server_now() => {
                joining::resume(&mut socket, joined, have).await
            }
            _ => Ok(None),
        };
        let session = match resumed {
            Ok(Some(session)) => Ok(session),
            Ok(None) => joining::join(&mut socket, &dial, &self.key, have).await,
            Err(error) => Err(error),
        };
        let session = match session {
            Ok(session) => session,
            Err(Error::Refused {
                code: Code::UnknownHave,
                ..
            }) => return Err(self.unknown_have(&dial).await),
            Err(error) => return Err(error),
        };
        let Session {
            joined,
            welcome,
            challenge_end,
        } = session;
        if let Some(end) = challenge_end {
            let made = end.saturating_sub(self.community().limits.challenge_ms);
            self.ahead = (self.clock)().cast_signed() - made.cast_signed();
        }
        self.backoff.joined();
        let chain = joined.chain();
        self.session = Some(joined);
        let taken = self.community().welcome(chain, &welcome.checkpoint);
        taken.map_err(|error| self.with_evidence(error))?;
        Ok((socket, chain.size))
    }

    /// Reads the discovery document once: block 0, which pins the server key, and the limits. // [JOIN-20]
    async fn discover(&mut self) -> Result<(), Error> {
        if self.discovered {
            return Ok(());
        }
        let document = self.place.discover().await?;
        let wanted = self.community().invitation().community();
        // [INV-2]
        if document.community != wanted {
            let finding = Finding::new(
                Verdict::WrongGenesis,
                "INV-2",
                format!(
                    "the server is that of the community {}, and the invitation is to {wanted}; ask whoever sent it for a new one",
                    document.community
                ),
            );
            return Err(server(finding));
        }
        // [LIM-5]
        if let Err(error) = document.limits.check() {
            return Err(Error::Network(format!(
                "the server states a limit that no server may have: {error}"
            )));
        }
        self.work(move |community, _| {
            community.begin(document.genesis)?;
            community.limits = document.limits;
            community.vault.set_limits(&community.limits)?;
            Ok::<(), Error>(())
        })
        .await?;
        self.discovered = true;
        Ok(())
    }

    fn dial(&mut self) -> Dial {
        let account = self.key.public().clone();
        let community = self.community();
        Dial {
            origin: community.invitation().origin().to_owned(), // [JOIN-1]
            community: community.invitation().community(),
            server_key: community
                .state()
                .expect("block 0 is held")
                .server_key()
                .clone(),
            account,
        }
    }

    /// The server does not know what it showed before: a fork or a rollback.
    async fn unknown_have(&mut self, dial: &Dial) -> Error {
        match forks::collect(&self.place, dial, &self.key).await {
            Ok(shown) => {
                let community = self.community();
                let (finding, evidence) = forks::judge(community, &shown);
                let evidence = evidence.and_then(|e| forks::write(community.folder(), &e).ok());
                Error::Server { finding, evidence }
            }
            // a server that hides what it shows now has shown something else before all the same
            Err(error) => server(Finding::new(
                Verdict::Fork,
                "CHECK-12",
                format!(
                    "the server does not know the chain that it showed before, and what it shows now could not be read: {error}"
                ),
            )),
        }
    }

    /// Adds the file that proves a fork, where one can be made.
    pub(super) fn with_evidence(&mut self, error: Error) -> Error {
        let Error::Server { finding, .. } = error else {
            return error;
        };
        let community = self.community();
        let evidence = (finding.verdict == Verdict::Fork)
            .then(|| forks::shown(community))
            .flatten()
            .and_then(|evidence| forks::write(community.folder(), &evidence).ok());
        Error::Server { finding, evidence }
    }
}
