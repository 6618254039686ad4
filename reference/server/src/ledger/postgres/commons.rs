//! Sessions and challenges in the database, for all processes of a server.
//!
//! Sessions are committed without waiting for the disk or a standby: one that a crash takes is a token that nobody knows any
//! more, and its holder joins again (SESS-10). What ends them is in the chain, which nothing takes. Challenges lie in a table
//! that the database empties when it comes up after a crash, or as what was a standby: none that was spent comes back.
//! // [JOIN-13], [JOIN-21]

use std::sync::Arc;

use dispatch_protocol::bytes::{Id, Nonce};
use dispatch_protocol::session::{Live, TokenHash};
use futures_util::FutureExt as _;
use tokio::sync::Semaphore;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::database::{Database, PATIENCE, Value};
use super::schema::{CHALLENGE, FORGET_CHALLENGES, GRANT, KEPT_SESSION, SPEND};
use super::shelf::{array, signed, unsigned, value};
use crate::ledger::StoreError;
use crate::ledger::commons::{Asked, Commons, Kept, Outstanding};

/// How many questions are asked at a time, each on a connection of its own: what strangers can ask for is bounded. // [LIM-9]
const AT_A_TIME: usize = 16;

/// See the module.
pub(super) struct PostgresCommons {
    database: Arc<Database>,
    room: Semaphore,
}

impl PostgresCommons {
    pub(super) fn new(database: Arc<Database>) -> PostgresCommons {
        PostgresCommons {
            database,
            room: Semaphore::new(AT_A_TIME),
        }
    }

    async fn ask(&self, statement: &str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        let room = tokio::time::timeout(PATIENCE, self.room.acquire()).await;
        let Ok(Ok(_room)) = room else {
            return Err(StoreError::Away {
                path: self.database.place().to_owned(),
                what: "too many wait for its answers".to_owned(),
            });
        };
        self.database.rows(statement, values).await
    }

    fn damaged(&self, what: String) -> StoreError {
        StoreError::Damaged {
            path: self.database.place().to_owned(),
            index: None,
            what,
        }
    }
}

impl Commons for PostgresCommons {
    fn forget_challenges(&self) -> Asked<'_, ()> {
        async { self.ask(FORGET_CHALLENGES, &[]).await.map(drop) }.boxed()
    }

    fn post(&self, challenge: Outstanding, forgotten: Vec<Nonce>, now: u64) -> Asked<'_, ()> {
        async move {
            let forgotten: Vec<&[u8]> = forgotten
                .iter()
                .map(|nonce| &nonce.as_bytes()[..])
                .collect();
            let values: [Value<'_>; 6] = [
                (&&challenge.nonce.as_bytes()[..], Type::BYTEA),
                (&challenge.hello, Type::TEXT),
                (&signed(challenge.made_at), Type::INT8),
                (&signed(challenge.ends_at), Type::INT8),
                (&signed(now), Type::INT8),
                (&forgotten, Type::BYTEA_ARRAY),
            ];
            self.ask(CHALLENGE, &values).await.map(drop)
        }
        .boxed()
    }

    fn spend(&self, nonce: Nonce) -> Asked<'_, Option<Outstanding>> {
        async move {
            // Asked once more on another connection it may find nothing: then it was spent, and its client says hello again.
            let values: [Value<'_>; 1] = [(&&nonce.as_bytes()[..], Type::BYTEA)];
            let rows = self.ask(SPEND, &values).await?;
            let read = |row: &Row| -> Result<Outstanding, String> {
                Ok(Outstanding {
                    nonce,
                    hello: value(row, 0)?,
                    made_at: unsigned(row, 1)?,
                    ends_at: unsigned(row, 2)?,
                })
            };
            let spent = rows.first().map(read).transpose();
            spent.map_err(|what| self.damaged(format!("a challenge: {what}")))
        }
        .boxed()
    }

    fn grant(&self, token: TokenHash, kept: Kept, now: u64) -> Asked<'_, u64> {
        async move {
            let Kept { live, size } = &kept;
            let values: [Value<'_>; 7] = [
                (&&token.hash().as_bytes()[..], Type::BYTEA),
                (&&live.account.as_bytes()[..], Type::BYTEA),
                (&signed(live.expires_at), Type::INT8),
                (&live.origin, Type::TEXT),
                (&&live.server_nonce.as_bytes()[..], Type::BYTEA),
                (&signed(*size), Type::INT8),
                (&signed(now), Type::INT8),
            ];
            let rows = self.ask(GRANT, &values).await?;
            let size = match rows.first() {
                Some(row) => unsigned(row, 0),
                None => Err("the chain's size has no row".to_owned()),
            };
            size.map_err(|what| self.damaged(what))
        }
        .boxed()
    }

    fn session(&self, token: TokenHash) -> Asked<'_, Option<Kept>> {
        async move {
            let values: [Value<'_>; 1] = [(&&token.hash().as_bytes()[..], Type::BYTEA)];
            let rows = self.ask(KEPT_SESSION, &values).await?;
            let read = |row: &Row| -> Result<Kept, String> {
                Ok(Kept {
                    live: Live {
                        account: Id::new(array(row, 0)?),
                        expires_at: unsigned(row, 1)?,
                        origin: value(row, 2)?,
                        server_nonce: Nonce::new(array(row, 3)?),
                    },
                    size: unsigned(row, 4)?,
                })
            };
            let kept = rows.first().map(read).transpose();
            kept.map_err(|what| self.damaged(format!("a session: {what}")))
        }
        .boxed()
    }
}
