//! One whole conversation, read with one state by both of its sides.

use std::collections::HashMap;

use dispatch_protocol::bytes::{Bytes, Id};
use dispatch_protocol::entry::{Body, Entry, Prefix};
use dispatch_protocol::epoch::{MessageContext, Plaintext, WrapContext};
use dispatch_protocol::key::PublicKey;
use dispatch_protocol::limits::Limits;
use dispatch_protocol::session::Meeting;
use dispatch_protocol::verify::{Evidence, Follower, Keeper};
use dispatch_protocol::wire::{
    Accepted, Challenge, ClientFrame, Discovery, Hello, Prove, Ref, ServerFrame,
};

use crate::epoch::private;
use crate::vector::Vector;

/// What both sides know by now.
#[derive(Default)]
struct Talk {
    origin: String,
    discovery: Option<Discovery>,
    hello: Option<Hello>,
    challenge: Option<Challenge>,
    prove: Option<Prove>,
    follower: Option<Follower>,
    welcomed: bool,
    submitted: HashMap<Ref, Entry>,
    receipts: Vec<(Entry, Accepted)>,
    blocks: Vec<Entry>,
    ended: bool,
}

/// Plays it, and gives the number of its frames.
pub fn play(group: &Vector) -> usize {
    let mut talk = Talk {
        origin: group.text("origin").to_owned(),
        ..Talk::default()
    };
    let tests = group.value("tests").as_array().unwrap();
    for test in tests {
        let test = Vector(test);
        assert_eq!(test.text("result"), "valid");
        let text = test.value("frame").to_string();
        match test.text("said_by") {
            "document" => talk.begin(Discovery::decode(&text).unwrap()),
            "client" => talk.client(ClientFrame::decode(&text, &Limits::default()).unwrap()),
            "server" => talk.server(ServerFrame::decode(&text).unwrap().unwrap()),
            "plaintext" => talk.read(&text),
            "file" => talk.convict(&Evidence::decode(&text).unwrap()),
            other => panic!("{other} says nothing here"),
        }
    }
    let follower = talk.follower.as_ref().unwrap();
    follower.finish().unwrap();
    for (entry, accepted) in &talk.receipts {
        follower
            .receipt(accepted, &entry.author, entry.seq, &entry.id())
            .unwrap();
    }
    assert!(talk.welcomed && talk.ended && !talk.receipts.is_empty());
    tests.len()
}

impl Talk {
    fn begin(&mut self, discovery: Discovery) {
        discovery.limits.check().unwrap();
        let genesis = discovery.genesis.clone();
        let (follower, _) =
            Follower::begin(genesis, Some(discovery.community), Keeper::default()).unwrap();
        self.follower = Some(follower);
        self.discovery = Some(discovery);
    }

    fn meeting(&self) -> Meeting {
        let (hello, challenge) = (self.hello.as_ref().unwrap(), self.challenge.unwrap());
        Meeting {
            origin: self.origin.clone(),
            community: self.discovery.as_ref().unwrap().community,
            account: PublicKey::parse(&hello.public_key).unwrap().id(),
            client_nonce: hello.client_nonce,
            server_nonce: challenge.server_nonce,
        }
    }

    fn client(&mut self, frame: ClientFrame) {
        match frame {
            ClientFrame::Hello(hello) => {
                assert_eq!(hello.origin, self.origin);
                self.hello = Some(hello);
            }
            ClientFrame::Prove(prove) => {
                let challenge = self.challenge.unwrap();
                assert_eq!(prove.server_nonce, challenge.server_nonce);
                let key = PublicKey::parse(&self.hello.as_ref().unwrap().public_key).unwrap();
                let tuple = self.meeting().join_tuple(challenge.expires_at);
                key.verify(&tuple, &prove.signature).unwrap();
                self.prove = Some(prove);
            }
            ClientFrame::Submit(submit) => {
                assert!(self.welcomed);
                assert_eq!(submit.token, self.prove.as_ref().unwrap().signature);
                let state = self.follower.as_ref().unwrap().state();
                let key = state.key_of(&submit.entry.author).unwrap();
                submit.entry.clone().verify(key).unwrap();
                let known = self.submitted.insert(submit.reference, submit.entry);
                assert_eq!(known, None, "a ref is used once");
            }
            ClientFrame::Resume(_) => panic!("nobody resumes here"),
        }
    }

    fn server(&mut self, frame: ServerFrame) {
        assert!(!self.ended);
        let follower = self.follower.as_mut().unwrap();
        match frame {
            ServerFrame::Challenge(challenge) => {
                assert_eq!(challenge.community, follower.state().community());
                self.challenge = Some(challenge);
            }
            ServerFrame::Welcome(welcome) => {
                let chain = Prefix {
                    size: welcome.size,
                    hash: welcome.head,
                };
                let server_key = follower.state().server_key().clone();
                follower.welcome(chain).unwrap();
                follower.checkpoint(&welcome.checkpoint).unwrap();
                let token = &self.prove.as_ref().unwrap().signature;
                self.meeting().verify(&welcome, token, &server_key).unwrap();
                self.welcomed = true;
            }
            ServerFrame::Blocks(mut frame) => {
                self.blocks
                    .extend(frame.blocks.iter().map(|block| block.entry.clone()));
                if frame.from == 0 {
                    // the client holds block 0 by the discovery document
                    let genesis = frame.blocks.remove(0);
                    assert_eq!(Id::from(genesis.hash()), follower.state().community());
                    frame.from = 1;
                }
                follower.blocks(frame).unwrap();
            }
            ServerFrame::Checkpoint { checkpoint } => follower.checkpoint(&checkpoint).unwrap(),
            ServerFrame::Accepted(accepted) => {
                let reference = accepted.reference.clone().unwrap();
                let entry = self.submitted.remove(&reference).unwrap();
                self.receipts.push((entry, accepted));
            }
            ServerFrame::Refused(refused) => {
                self.submitted.remove(&refused.reference.unwrap()).unwrap();
            }
            ServerFrame::Bye(bye) => {
                assert!(bye.code.close_code().is_some());
                self.ended = true;
            }
        }
    }

    /// What Bob reads: the last message of the chain, opened by way of his own wrap.
    fn read(&self, text: &str) {
        let expected = Plaintext::decode(text.as_bytes()).unwrap();
        let state = self.follower.as_ref().unwrap().state();
        let mut messages = self.blocks.iter().filter_map(|entry| match &entry.body {
            Body::Message(message) => Some((entry, message)),
            _ => None,
        });
        let (entry, message) = messages.next_back().expect("a message");
        let (carrier, epoch) = self
            .blocks
            .iter()
            .find_map(|entry| match &entry.body {
                Body::Epoch(epoch) if entry.id() == message.epoch => Some((entry, epoch)),
                _ => None,
            })
            .expect("its epoch");
        let secrets: Vec<_> = epoch
            .wraps
            .iter()
            .map(|recipient| {
                let card = state.card(&recipient.member, carrier.seen.size).unwrap();
                let context = WrapContext {
                    community: entry.community,
                    author: carrier.author,
                    recipient: recipient.member,
                    card,
                    commitment: epoch.commitment,
                };
                context.open(&private(&card), &recipient.wrap).unwrap()
            })
            .collect();
        assert!(secrets.len() > 1);
        for secret in secrets {
            let context = MessageContext {
                community: entry.community,
                epoch: message.epoch,
                author: entry.author,
                seq: entry.seq,
            };
            let ciphertext: &Bytes = message.ciphertext.as_ref().unwrap();
            let bytes = context.decrypt(&secret, &message.salt, ciphertext).unwrap();
            assert_eq!(Plaintext::decode(&bytes).unwrap(), expected);
        }
    }

    fn convict(&self, evidence: &Evidence) {
        evidence.verify().unwrap();
        let follower = self.follower.as_ref().unwrap();
        assert_eq!(evidence.first.community, follower.state().community());
        let kept = follower.keeper().kept().unwrap();
        assert!([&evidence.first, &evidence.second].contains(&kept));
    }
}
