//! From a dialled server to a welcome that was verified; and what a server is found to have done on the way.

use dispatch_protocol::refusal::Code;
use dispatch_protocol::session::Dial;
use dispatch_protocol::verdict::{Finding, Verdict};

use super::Running;
use crate::community::server;
use crate::dial::Socket;
use crate::error::Error;
use crate::event::Event;
use crate::forks;
use crate::joining::{self, Session};

impl Running {
    /// Dials and joins; gives the socket and the size that the welcome states.
    pub(super) async fn joined(&mut self) -> Result<(Socket, u64), Error> {
        self.discover().await?;
        let place = self.place.clone();
        let mut socket = self.meanwhile(place.socket()).await?;
        let have = self.community().ask();
        let dial = self.dial();
        let now = self.server_now();
        let live = self.session.take().filter(|live| live.expires_at() > now);
        let (there, key) = (dial.clone(), self.key.clone());
        let joining = async {
            if let Some(live) = &live
                && let Some(session) = joining::resume(&mut socket, live, have).await?
            {
                return Ok(session);
            }
            joining::join(&mut socket, &there, &key, have).await
        };
        let session = match self.meanwhile(joining).await {
            Err(Error::Refused {
                code: Code::UnknownHave,
                ..
            }) => return Err(self.unknown_have(dial).await),
            other => other?,
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
        let place = self.place.clone();
        let document = self.meanwhile(place.discover()).await?;
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
            community: community.invitation().community(),      // [JOIN-23]
            server_key: community
                .state()
                .expect("block 0 is held")
                .server_key()
                .clone(),
            account,
        }
    }

    /// The server does not know what it showed before: a fork or a rollback.
    async fn unknown_have(&mut self, dial: Dial) -> Error {
        let denied = "the server does not know the chain that it showed before";
        let found = |text: String| Finding::new(Verdict::Fork, "CHECK-12", text);
        // told before such a server is asked for more: it may take its time, or never answer
        self.tell(Event::Finding {
            finding: found(denied.to_owned()),
            evidence: None,
        })
        .await;
        let (place, key, held) = (
            self.place.clone(),
            self.key.clone(),
            self.community().size(),
        );
        let reading = async move { Ok(forks::collect(&place, &dial, &key, held).await) };
        match self.meanwhile(reading).await {
            Ok(Ok(shown)) => {
                let community = self.community();
                let (finding, evidence) = forks::judge(community, &shown);
                let evidence = evidence.and_then(|e| forks::write(community.folder(), &e).ok());
                Error::Server { finding, evidence }
            }
            // a server that hides what it shows now has shown something else before all the same
            Ok(Err(error)) => server(found(format!(
                "{denied}, and what it shows now could not be read: {error}"
            ))),
            Err(closed) => closed,
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
