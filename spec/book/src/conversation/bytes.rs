//! The bytes under the signatures and hashes of a conversation, computed and checked frame by frame.

use anyhow::{Result, anyhow, bail, ensure};
use dispatch_conformance::codec::chain::ChainModel;
use dispatch_conformance::codec::epoch::{self, Wrapping};
use dispatch_conformance::codec::message::{self, Place};
use dispatch_conformance::codec::{
    Account, Checkpoint, Hash, Join, Tuple, Verdict, accounts, base64url, block, entry, evidence,
    fields, sha256,
};
use serde_json::Value;

use super::{short, whole};

/// A tuple, and what comes of it.
pub(super) struct Covered {
    pub(super) title: &'static str,
    pub(super) label: &'static str,
    pub(super) tuple: Tuple,
    /// Markdown, one line each.
    pub(super) consequences: Vec<String>,
}

/// Who listens to the conversation, with what they know by then.
#[derive(Default)]
pub(super) struct Listener {
    chain: ChainModel,
    join: Option<Join>,
    secret: Option<Hash>,
    padded: Option<Vec<u8>>,
}

impl Listener {
    /// Takes the next frame in; gives what is signed or hashed in it.
    pub(super) fn take(&mut self, id: &str, frame: &Value) -> Result<Vec<Covered>> {
        match (id, frame["type"].as_str()) {
            ("conversation-discovery", _) => self.genesis(frame),
            ("conversation-evidence", _) => convicted(frame),
            ("conversation-plaintext", _) => self.plaintext(frame),
            (_, Some("hello")) => self.hello(frame),
            (_, Some("challenge")) => self.challenge(frame),
            (_, Some("prove")) => self.prove(frame),
            (_, Some("welcome")) => self.welcome(frame),
            (_, Some("blocks")) => self.blocks(frame),
            (_, Some("submit")) => self.submit(frame),
            (_, Some("checkpoint")) => Ok(vec![self.checkpoint(&frame["checkpoint"])?]),
            (_, Some("accepted" | "refused" | "bye")) => Ok(Vec::new()),
            _ => bail!("a frame of a type that is not known here"),
        }
    }

    fn genesis(&mut self, document: &Value) -> Result<Vec<Covered>> {
        let genesis = &document["genesis"];
        let mut covered = self.entry_of(&genesis["entry"], named("authority")?)?;
        let community = good(block::hash(genesis))?;
        ensure!(
            good(fields::hash(document, "community"))? == community,
            "block 0's hash is not the community's id"
        );
        covered.push(Covered {
            title: "Block 0's hash",
            label: "block",
            tuple: good(block::tuple(genesis))?,
            consequences: vec![format!(
                "Its H is `{}`: the community's id, in letters `{}` (GEN-3).",
                short(&community),
                base64url::encode(&community)
            )],
        });
        Ok(covered)
    }

    fn hello(&mut self, frame: &Value) -> Result<Vec<Covered>> {
        let account = alice()?.id();
        let key = good(fields::bytes(frame, "public_key"))?;
        ensure!(key == alice()?.public_key(), "it is not Alice's key");
        self.join = Some(Join {
            origin: good(fields::text(frame, "origin"))?.to_owned(),
            community: Hash::default(),
            account,
            client_nonce: good(fields::hash(frame, "client_nonce"))?,
            server_nonce: Hash::default(),
            expires_at: 0,
        });
        Ok(Vec::new())
    }

    fn challenge(&mut self, frame: &Value) -> Result<Vec<Covered>> {
        let join = self.join.as_mut().ok_or_else(|| anyhow!("no hello"))?;
        join.community = good(fields::hash(frame, "community"))?;
        join.server_nonce = good(fields::hash(frame, "server_nonce"))?;
        join.expires_at = good(fields::uint(frame, "expires_at"))?;
        Ok(Vec::new())
    }

    fn prove(&self, frame: &Value) -> Result<Vec<Covered>> {
        let join = self.joined()?;
        let bytes = good(fields::bytes(frame, "signature"))?;
        good(join.verify(alice()?.key(), &bytes))?;
        Ok(vec![Covered {
            title: "What Alice signs",
            label: "join",
            tuple: join.tuple(),
            consequences: vec![
                "The `signature` verifies over these bytes with Alice's key (SIG-1): RSASSA-PSS is random, so yours will differ, and verify as well.".to_owned(),
                format!("The signature's bytes are the session's token; the server keeps their hash, `{}`.", short(&sha256(&bytes))),
            ],
        }])
    }

    fn welcome(&self, frame: &Value) -> Result<Vec<Covered>> {
        let token = good(fields::bytes(frame, "token"))?;
        let join = self.joined()?;
        good(join.verify_welcome(frame, &token, named("server")?.key()))?;
        let session = Join {
            expires_at: good(fields::uint(frame, "expires_at"))?,
            ..join.clone()
        };
        let head = good(fields::hash(frame, "head"))?;
        let size = good(fields::uint(frame, "size"))?;
        Ok(vec![
            Covered {
                title: "What the server signs for Alice",
                label: "welcome",
                tuple: session.welcome_tuple(size, &head, &token),
                consequences: vec![
                    "The `signature` verifies with the server key of block 0 (JOIN-16, JOIN-17)."
                        .to_owned(),
                ],
            },
            self.checkpoint(&frame["checkpoint"])?,
        ])
    }

    fn blocks(&mut self, frame: &Value) -> Result<Vec<Covered>> {
        let before = self.chain.size();
        good(self.chain.take_frame(frame))?;
        let blocks = good(fields::list(frame, "blocks"))?;
        let mut covered = Vec::new();
        for block in blocks {
            covered.push(Covered {
                title: "A block's hash",
                label: "block",
                tuple: good(block::tuple(block))?,
                consequences: vec![format!(
                    "Its H is `{}`: `prev` of the next, `{}`.",
                    short(&good(block::hash(block))?),
                    base64url::encode(&good(block::hash(block))?)
                )],
            });
        }
        if let [block] = blocks {
            match block["entry"]["kind"].as_str() {
                Some("epoch") => covered.push(self.unwrap(&block["entry"])?),
                Some("message") => covered.push(self.open(&block["entry"])?),
                _ => {}
            }
        } else if before == 0
            && let [_, roster, card] = blocks
        {
            covered.extend(self.entry_of(&roster["entry"], named("authority")?)?);
            covered.extend(self.entry_of(&card["entry"], bob()?)?);
        }
        Ok(covered)
    }

    fn submit(&self, frame: &Value) -> Result<Vec<Covered>> {
        self.entry_of(&frame["entry"], alice()?)
    }

    /// An entry's two tuples.
    fn entry_of(&self, of: &Value, author: &Account) -> Result<Vec<Covered>> {
        let kind = good(fields::text(of, "kind"))?;
        let label = match kind {
            "genesis" => "body/genesis",
            "roster" => "body/roster",
            "card" => "body/card",
            "epoch" => "body/epoch",
            "message" => "body/message",
            other => bail!("a kind that is not known here: {other}"),
        };
        good(entry::verify_signature(of, author.key()))?;
        let digest = good(entry::body_digest(kind, &of["body"]))?;
        let id = good(entry::id(of))?;
        Ok(vec![
            Covered {
                title: "The body",
                label,
                tuple: good(entry::body_tuple(kind, &of["body"]))?,
                consequences: vec![format!("Its H is the body_digest, `{}`.", short(&digest))],
            },
            Covered {
                title: "What the author signs",
                label: "entry",
                tuple: good(entry::tuple(of))?,
                consequences: vec![
                    "The entry's `signature` verifies over these bytes with the author's key (ENTRY-3).".to_owned(),
                    format!(
                        "Their H is the entry's id, `{}`; the signature is not in it, so one statement has one id however often it is signed.",
                        base64url::encode(&id)
                    ),
                ],
            },
        ])
    }

    /// Bob opens his wrap.
    fn unwrap(&mut self, of: &Value) -> Result<Covered> {
        let bob = bob()?;
        let commitment = good(fields::hash(&of["body"], "commitment"))?;
        let wrapping = Wrapping {
            community: good(fields::hash(of, "community"))?,
            author: good(fields::hash(of, "author"))?,
            recipient: bob.id(),
            x25519: bob.x25519_public(),
            commitment,
        };
        let wraps = good(entry::wraps(&of["body"]))?;
        let Some((_, wrap)) = wraps.iter().find(|(member, _)| *member == bob.id()) else {
            bail!("there is no wrap for Bob");
        };
        let secret = good(wrapping.unwrap(wrap, &bob.x25519_private()))?;
        ensure!(epoch::commitment(&secret) == commitment, "another secret");
        self.secret = Some(secret);
        Ok(Covered {
            title: "HPKE's info for Bob's wrap",
            label: "wrap",
            tuple: wrapping.info(),
            consequences: vec![format!(
                "Bob's wrap opens under it to the secret, `{}`, whose commitment is the one of the epoch (ENC-2, ENC-3).",
                short(&secret)
            )],
        })
    }

    /// Bob opens the message.
    fn open(&mut self, of: &Value) -> Result<Covered> {
        let body = &of["body"];
        let secret = self.secret.ok_or_else(|| anyhow!("no secret yet"))?;
        let place = Place {
            community: good(fields::hash(of, "community"))?,
            epoch: good(fields::hash(body, "epoch"))?,
            author: good(fields::hash(of, "author"))?,
            seq: good(fields::uint(of, "seq"))?,
        };
        let salt = good(fields::bytes(body, "salt"))?;
        let ciphertext = good(fields::bytes(body, "ciphertext"))?;
        let padded = good(place.open(&secret, &salt, &ciphertext))?;
        let okm = place.key_and_nonce(&secret, &salt);
        let consequences = vec![
            format!(
                "HKDF-SHA256 over the secret, with the salt and `message-key` as info, gives the key `{}` and the nonce `{}` (ENC-15).",
                short(&okm[..32]),
                whole(&okm[32..])
            ),
            format!(
                "With this aad ChaCha20-Poly1305 opens the {} bytes of ciphertext to {} of padded plaintext (ENC-6).",
                ciphertext.len(),
                padded.len()
            ),
        ];
        self.padded = Some(padded);
        Ok(Covered {
            title: "The message's aad",
            label: "message-aad",
            tuple: place.aad(),
            consequences,
        })
    }

    fn plaintext(&self, stated: &Value) -> Result<Vec<Covered>> {
        let padded = self
            .padded
            .as_ref()
            .ok_or_else(|| anyhow!("no message yet"))?;
        let read = good(message::read_plaintext(good(message::unpad(padded))?))?;
        ensure!(read == *stated, "the message says something else");
        Ok(Vec::new())
    }

    fn checkpoint(&self, of: &Value) -> Result<Covered> {
        let checkpoint = good(Checkpoint::verified(of, named("server")?.key()))?;
        let size = self.chain.size();
        if size >= checkpoint.size {
            let held = (
                self.chain.head_of(checkpoint.size),
                self.chain.root_of(checkpoint.size),
            );
            ensure!(
                held == (Some(checkpoint.head), Some(checkpoint.root)),
                "the checkpoint is of another chain"
            );
        }
        Ok(Covered {
            title: "What the server signs for everybody",
            label: "checkpoint",
            tuple: checkpoint.tuple(),
            consequences: vec![
                "The `signature` verifies with the server key of block 0 (CHECK-1).".to_owned(),
            ],
        })
    }

    fn joined(&self) -> Result<&Join> {
        self.join.as_ref().ok_or_else(|| anyhow!("no hello"))
    }
}

/// The two checkpoints of a server that lied.
fn convicted(file: &Value) -> Result<Vec<Covered>> {
    good(evidence::verify(file))?;
    ["first", "second"]
        .into_iter()
        .zip([
            "What the server signed for Alice",
            "What it signed for somebody else",
        ])
        .map(|(name, title)| {
            let checkpoint = good(Checkpoint::verified(&file[name], named("server")?.key()))?;
            Ok(Covered {
                title,
                label: "checkpoint",
                tuple: checkpoint.tuple(),
                consequences: vec![
                    "The `signature` verifies with the server key of block 0.".to_owned(),
                ],
            })
        })
        .collect()
}

fn alice() -> Result<&'static Account> {
    named("m01")
}

fn bob() -> Result<&'static Account> {
    named("m02")
}

fn named(name: &str) -> Result<&'static Account> {
    accounts::named(name).ok_or_else(|| anyhow!("there is no test account {name}"))
}

fn good<T>(outcome: std::result::Result<T, Verdict>) -> Result<T> {
    outcome.map_err(|verdict| anyhow!("{verdict:?}"))
}
