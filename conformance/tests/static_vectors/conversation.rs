//! The whole conversation, read with one state: every frame fits the ones before it.

use crate::outcome::{Failure, Outcome, bytes, hash, same, same_bytes, uint};
use dispatch_conformance::codec::chain::ChainModel;
use dispatch_conformance::codec::epoch::Wrapping;
use dispatch_conformance::codec::message::{Place, read_plaintext, unpad};
use dispatch_conformance::codec::{
    Join, PublicKey, Verdict, accounts, entry, evidence, fields, frame,
};
use serde_json::{Value, json};

/// What is wrong, test by test.
pub fn failures(group: &Value) -> Vec<String> {
    let mut reader = Reader::new(group);
    let mut wrong = Vec::new();
    for test in crate::list(group, "tests") {
        if let Err(why) = reader.read(test) {
            wrong.push(format!("{}: {why:?}", test["id"]));
        }
    }
    wrong
}

#[derive(Default)]
struct Reader {
    chain: ChainModel,
    origin: String,
    hello: Value,
    challenge: Value,
    token: Vec<u8>,
    submitted: Value,
    accepted: Option<Value>,
    epoch: Value,
    message: Value,
}

impl Reader {
    fn new(group: &Value) -> Self {
        Self {
            origin: crate::text(group, "origin").to_owned(),
            ..Self::default()
        }
    }

    fn read(&mut self, test: &Value) -> Outcome {
        let frame = &test["frame"];
        let text = frame.to_string();
        match crate::text(test, "said_by") {
            "client" => drop(frame::read_client(text.as_bytes())?),
            "server" => expect(
                frame::read_server(text.as_bytes())?.is_some(),
                "the type is known",
            )?,
            "document" => return self.discovery(frame),
            "plaintext" => return self.plaintext(frame),
            "file" => {
                return same_bytes(
                    &json!({ "id": test["id"], "community": self.challenge["community"] }),
                    "community",
                    &evidence::verify(frame)?,
                );
            }
            other => panic!("said by {other}"),
        }
        match crate::text(frame, "type") {
            "hello" => self.hello = frame.clone(),
            "challenge" => self.challenge = frame.clone(),
            "prove" => self.prove(frame)?,
            "welcome" => self.welcome(frame)?,
            "blocks" => self.blocks(frame)?,
            "submit" => self.submit(frame)?,
            "accepted" => {
                same(frame, "ref", self.submitted["ref"].clone())?;
                self.accepted = Some(frame.clone());
            }
            "refused" => self.refused(frame)?,
            "checkpoint" => {
                self.chain.check_checkpoint(&frame["checkpoint"], None)?;
            }
            "bye" => {}
            other => panic!("a frame {other}"),
        }
        Ok(())
    }

    fn discovery(&mut self, document: &Value) -> Outcome {
        frame::check_discovery(document)?;
        let mut chain = ChainModel::pinned(hash(document, "community"));
        chain.append(&document["genesis"])?;
        Ok(())
    }

    fn prove(&mut self, frame: &Value) -> Outcome {
        same(
            frame,
            "server_nonce",
            self.challenge["server_nonce"].clone(),
        )?;
        same(&self.hello, "origin", self.origin.clone())?;
        self.token = bytes(frame, "signature");
        Ok(self.join()?.verify(&self.account()?, &self.token)?)
    }

    fn welcome(&mut self, frame: &Value) -> Outcome {
        // The blocks come behind it, so the server key is that of the community's genesis as the suite knows it.
        let server = accounts::named("server").expect("a test account").key();
        self.join()?.verify_welcome(frame, &self.token, server)?;
        expect(
            uint(&frame["checkpoint"], "size") <= uint(frame, "size"),
            "the checkpoint is not ahead",
        )
    }

    fn blocks(&mut self, frame: &Value) -> Outcome {
        self.chain.take_frame(frame)?;
        if let Some(accepted) = self.accepted.take() {
            self.chain
                .check_accepted(&accepted, &entry::id(&self.submitted["entry"])?)?;
            let block = &crate::list(frame, "blocks")[0];
            same(block, "entry", self.submitted["entry"].clone())?;
        }
        for block in crate::list(frame, "blocks") {
            match crate::text(&block["entry"], "kind") {
                "epoch" => self.epoch = block["entry"].clone(),
                "message" => self.message = block["entry"].clone(),
                _ => {}
            }
        }
        Ok(())
    }

    fn submit(&mut self, frame: &Value) -> Outcome {
        same_bytes(frame, "token", &self.token)?;
        entry::verify_signature(&frame["entry"], &self.account()?)?;
        // What is answered by `refused` comes while a message's block is still on its way.
        if self.accepted.is_none() {
            self.submitted = frame.clone();
        }
        Ok(())
    }

    fn refused(&mut self, frame: &Value) -> Outcome {
        same(frame, "code", "bad_seq")?;
        same(&self.submitted["entry"], "seq", 3)
    }

    fn plaintext(&mut self, plaintext: &Value) -> Outcome {
        let (alice, bob) = (
            accounts::named("m01").expect("Alice"),
            accounts::named("m02").expect("Bob"),
        );
        let community = hash(&self.message, "community");
        let body = &self.epoch["body"];
        let wrapping = Wrapping::between(community, alice, bob, hash(body, "commitment"));
        let wraps = entry::wraps(body)?;
        let (_, wrap) = wraps
            .iter()
            .find(|(member, _)| *member == bob.id())
            .expect("a wrap for Bob");
        let secret = wrapping.unwrap(wrap, &bob.x25519_private())?;
        let place = Place {
            community,
            epoch: entry::id(&self.epoch)?,
            author: alice.id(),
            seq: uint(&self.message, "seq"),
        };
        let body = &self.message["body"];
        let padded = place.open(&secret, &bytes(body, "salt"), &bytes(body, "ciphertext"))?;
        let read = read_plaintext(unpad(&padded)?)?;
        expect(read == *plaintext, "the plaintext is what Alice wrote")
    }

    fn join(&self) -> Result<Join, Verdict> {
        Ok(Join {
            origin: self.origin.clone(),
            community: fields::hash(&self.challenge, "community")?,
            account: self.account()?.id(),
            client_nonce: fields::hash(&self.hello, "client_nonce")?,
            server_nonce: fields::hash(&self.challenge, "server_nonce")?,
            expires_at: fields::uint(&self.challenge, "expires_at")?,
        })
    }

    fn account(&self) -> Result<PublicKey, Verdict> {
        PublicKey::from_der(&fields::bytes(&self.hello, "public_key")?)
    }
}

fn expect(holds: bool, what: &str) -> Outcome {
    match holds {
        true => Ok(()),
        false => Err(Failure::Differs(format!("not so: {what}"))),
    }
}
