//! Values by name: `server.origin`, `alice.id`, `a.token`, `hi.block.time`, and what was captured.

use serde_json::{Value, json};

use super::{Made, Stage, bytes, entry, evaluate::Trouble};
use crate::{accounts::Actor, codec::sha256, peer::Connection};

impl Stage {
    /// The value of a path.
    pub(super) fn named(&self, path: &str) -> Result<Value, Trouble> {
        let path = &*self.numbered(path);
        let (root, rest) = path
            .split_once('.')
            .map_or((path, ""), |(root, rest)| (root, rest));
        if path == "i" {
            return Ok(self
                .round
                .ok_or("`i` has a value inside a `repeat` only")?
                .into());
        }
        if root == "server" {
            return self.of_server(rest);
        }
        if let Some(frame) = self.captured.get(root) {
            return below(frame, rest)
                .cloned()
                .ok_or_else(|| unsaid(path, frame));
        }
        if let Some(made) = self.made.get(root) {
            return self.of_entry(made, path, rest);
        }
        if let Some((_, actor)) = self.roles.get(root) {
            return self.of_role(actor, rest);
        }
        if let Some(connection) = self.connections.get(root) {
            return of_connection(connection, path, rest);
        }
        Err(Trouble::Vector(format!("nothing is called `{root}` here")))
    }

    /// The account of a role.
    pub fn role(&self, name: &str) -> Result<&Actor, Trouble> {
        let role = self.roles.get(name).map(|(_, actor)| actor);
        role.ok_or_else(|| Trouble::Vector(format!("no role is called `{name}`")))
    }

    /// A frame that was kept under a name.
    pub fn captured(&self, name: &str) -> Result<&Value, Trouble> {
        self.captured
            .get(&*self.numbered(name))
            .ok_or_else(|| Trouble::Vector(format!("no frame was kept as `{name}`")))
    }

    /// An entry that was made.
    pub fn entry_made(&self, name: &str) -> Result<&Made, Trouble> {
        self.made
            .get(&*self.numbered(name))
            .ok_or_else(|| Trouble::Vector(format!("no entry was made as `{name}`")))
    }

    fn of_server(&self, path: &str) -> Result<Value, Trouble> {
        let server = &self.server;
        let (size, head) = server.chain.have();
        let (name, rest) = path
            .split_once('.')
            .map_or((path, ""), |(name, rest)| (name, rest));
        let genesis = &server.discovery["genesis"]["entry"]["body"];
        match (name, rest) {
            ("limits", limit) => Ok(server.limit(limit).into()),
            ("origin", "") => Ok(server.target.origin().into()),
            ("community", "") => Ok(bytes::value(&self.community()?)),
            ("key", "") => Ok(genesis["server_key"].clone()),
            ("authority", "") => {
                let key = bytes::of(&genesis["authority"]).map_err(Trouble::Server)?;
                Ok(bytes::value(&sha256(&key)))
            }
            ("size", "") | ("have", "size") => Ok(size.into()),
            ("head", "") | ("have", "hash") => Ok(bytes::value(&head)),
            ("have", "") => Ok(json!({"size": size, "hash": bytes::value(&head)})),
            ("largest_ciphertext", "") => Ok(server.largest_ciphertext().into()),
            _ => Err(Trouble::Vector(format!("a server has no `{path}`"))),
        }
    }

    fn of_role(&self, actor: &Actor, name: &str) -> Result<Value, Trouble> {
        let chain = &self.server.chain;
        match name {
            "id" => Ok(bytes::value(&actor.id())),
            "public_key" => Ok(bytes::value(actor.public_key())),
            "x25519" => Ok(bytes::value(&actor.x25519_public())),
            "next_seq" => Ok(chain.next_seq(&actor.id()).into()),
            "last_seen_size" => Ok(chain.last_seen_size(&actor.id()).into()),
            _ => Err(Trouble::Vector(format!("an account has no `{name}`"))),
        }
    }

    fn of_entry(&self, made: &Made, path: &str, name: &str) -> Result<Value, Trouble> {
        let (first, rest) = name
            .split_once('.')
            .map_or((name, ""), |(first, rest)| (first, rest));
        let placed = || {
            let found = || {
                self.server
                    .chain
                    .find(&made.id().ok()?)
                    .map(|(index, hash)| (index, bytes::value(&hash)))
            };
            let unplaced = || {
                Trouble::Server(format!(
                    "`{path}`: the entry was not accepted, and no block has it"
                ))
            };
            made.accepted.clone().or_else(found).ok_or_else(unplaced)
        };
        let value = match first {
            "entry" => made.entry.clone(),
            "id" => bytes::value(&made.id()?),
            "index" => placed()?.0.into(),
            "hash" => placed()?.1,
            "ref" => made
                .reference
                .clone()
                .ok_or_else(|| format!("`{path}`: the entry was not sent"))?
                .into(),
            "block" => {
                let (index, _) = placed()?;
                let block = self.server.chain.block(index);
                block.ok_or_else(|| {
                    Trouble::Server(format!("`{path}`: block {index} has not come"))
                })?
            }
            _ => return Err(Trouble::Vector(format!("an entry has no `{first}`"))),
        };
        below(&value, rest)
            .cloned()
            .ok_or_else(|| unsaid(path, &value))
    }
}

fn of_connection(connection: &Connection, path: &str, name: &str) -> Result<Value, Trouble> {
    let observer = connection.observer();
    let unjoined = || Trouble::Server(format!("`{path}`: no welcome came on this connection"));
    let (first, rest) = name
        .split_once('.')
        .map_or((name, ""), |(first, rest)| (first, rest));
    let value = match first {
        "client_nonce" => bytes::value(&observer.client_nonce().ok_or_else(unjoined)?),
        "server_nonce" => bytes::value(&observer.server_nonce().ok_or_else(unjoined)?),
        "welcome" => observer.joined().ok_or_else(unjoined)?.welcome.clone(),
        "token" | "expires_at" => observer.joined().ok_or_else(unjoined)?.welcome[first].clone(),
        _ => return Err(Trouble::Vector(format!("a connection has no `{first}`"))),
    };
    below(&value, rest)
        .cloned()
        .ok_or_else(|| unsaid(path, &value))
}

/// What lies below a value by a path with points.
fn below<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .filter(|part| !part.is_empty())
        .try_fold(value, entry::member)
}

fn unsaid(path: &str, value: &Value) -> Trouble {
    Trouble::Server(format!(
        "there is no `{path}` in {}",
        crate::story::shorten::value(value)
    ))
}
