//! The examples: a conversation that was held under the test keys, read as a client and a server read it.

use serde::Serialize;
use serde_json::Value;

use crate::bytes::{Hash, Nonce};
use crate::chain::State;
use crate::entry::Prefix;
use crate::limits::Limits;
use crate::refusal::{Code, Refusal};
use crate::wire::{
    Accepted, ClientFrame, Consistency, Discovery, Inclusion, Problem, Resume, ServerFrame, Submit,
    Welcome,
};

/// Why a conversation gives no examples.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{id}: {why}")]
pub struct Unfit {
    /// The frame, by its id in the vectors.
    pub id: String,
    /// What is wrong with it.
    pub why: String,
}

/// What was said, each frame and document decoded and written again by the codec.
#[derive(Debug, Clone)]
pub struct Conversation {
    pub(super) discovery: Value,
    pub(super) hello: Value,
    pub(super) challenge: Value,
    pub(super) prove: Value,
    pub(super) welcome: Value,
    pub(super) resume: Value,
    /// The submits of a card, an epoch and a message.
    pub(super) submits: Vec<Submit>,
    pub(super) blocks: Value,
    pub(super) checkpoint: Value,
    pub(super) accepted: Value,
    pub(super) accepted_by_request: Value,
    pub(super) refused: Value,
    pub(super) bye: Value,
    pub(super) inclusion: Value,
    pub(super) consistency: Value,
    /// The index behind the blocks.
    pub(super) next: u64,
}

impl Conversation {
    /// Reads the conversation of `vectors/static/conversation.json`, whose text this is.
    ///
    /// # Errors
    /// [`Unfit`] where a frame is missing, or is none of this protocol, or the chain does not hold.
    pub fn read(text: &str) -> Result<Self, Unfit> {
        let said = Said::read(text)?;
        let discovery = Discovery::decode(&said.text("discovery")?)
            .map_err(|refusal| unfit("discovery", refusal))?;
        let welcome = match said.server("welcome")? {
            ServerFrame::Welcome(welcome) => *welcome,
            _ => return Err(unfit("welcome", "another frame")),
        };
        let accepted = match said.server("accepted-card")? {
            ServerFrame::Accepted(accepted) => accepted,
            _ => return Err(unfit("accepted-card", "another frame")),
        };
        let submits = ["submit-card", "submit-epoch", "submit-message"]
            .into_iter()
            .map(|id| match said.client(id)? {
                ClientFrame::Submit(submit) => Ok(submit),
                _ => Err(unfit(id, "another frame")),
            })
            .collect::<Result<_, _>>()?;
        let chain = said.chain()?;
        let (size, tree) = (chain.size(), chain.tree());
        let none = || unfit("blocks", "too few blocks for a proof");
        let inclusion = Inclusion {
            index: welcome.size,
            size,
            path: tree.inclusion(welcome.size, size).ok_or_else(none)?,
        };
        let consistency = Consistency {
            from: welcome.size,
            to: size,
            path: tree.consistency(welcome.size, size).ok_or_else(none)?,
        };
        let (blocks, next) = match said.server("blocks-message")? {
            ServerFrame::Blocks(blocks) => (value(&ServerFrame::Blocks(blocks)), size),
            _ => return Err(unfit("blocks-message", "another frame")),
        };
        Ok(Self {
            discovery: value(&discovery),
            hello: value(&said.client("hello")?),
            challenge: value(&said.server("challenge")?),
            prove: value(&said.client("prove")?),
            resume: value(&ClientFrame::Resume(resume(&welcome))),
            submits,
            blocks,
            checkpoint: value(&said.server("checkpoint")?),
            accepted_by_request: value(&ServerFrame::Accepted(Accepted {
                reference: None,
                ..accepted.clone()
            })),
            accepted: value(&ServerFrame::Accepted(accepted)),
            refused: value(&said.server("refused")?),
            bye: value(&said.server("bye")?),
            welcome: value(&ServerFrame::Welcome(Box::new(welcome))),
            inclusion: value(&inclusion),
            consistency: value(&consistency),
            next,
        })
    }
}

/// A problem document with a code. // [HTTP-3]
pub(super) fn problem(code: Code) -> Value {
    let mut refusal = Refusal::new(code, "HTTP-3", code.meaning());
    if let Code::RateLimited | Code::Unavailable | Code::ShuttingDown = code {
        refusal = refusal.retry_after(5000);
    }
    value(&Problem::from(refusal))
}

/// A `resume` of the session later on, under a nonce that is not the join's.
fn resume(welcome: &Welcome) -> Resume {
    Resume {
        token: welcome.token.clone(),
        client_nonce: Nonce::new(*Hash::of(welcome.token.as_slice()).as_bytes()),
        have: Some(Prefix {
            size: welcome.size,
            hash: welcome.head,
        }),
    }
}

/// The frames and documents as they stand in the file.
struct Said(Vec<Value>);

impl Said {
    fn read(text: &str) -> Result<Self, Unfit> {
        let file: Value =
            serde_json::from_str(text).map_err(|error| unfit("conversation", error))?;
        match &file["groups"][0]["tests"] {
            Value::Array(tests) => Ok(Self(tests.clone())),
            _ => Err(unfit("conversation", "no group of tests")),
        }
    }

    fn text(&self, id: &str) -> Result<String, Unfit> {
        let whole = format!("conversation-{id}");
        let found = self.0.iter().find(|test| test["id"] == *whole);
        let test = found.ok_or_else(|| unfit(id, "it is not there"))?;
        Ok(test["frame"].to_string())
    }

    fn client(&self, id: &str) -> Result<ClientFrame, Unfit> {
        ClientFrame::decode(&self.text(id)?, &Limits::default())
            .map_err(|rejected| unfit(id, rejected))
    }

    fn server(&self, id: &str) -> Result<ServerFrame, Unfit> {
        let frame = ServerFrame::decode(&self.text(id)?).map_err(|refusal| unfit(id, refusal))?;
        frame.ok_or_else(|| unfit(id, "no frame that is known"))
    }

    /// The chain of all blocks that were shown.
    fn chain(&self) -> Result<State, Unfit> {
        let mut chain: Option<State> = None;
        for id in ["blocks", "blocks-card", "blocks-epoch", "blocks-message"] {
            let ServerFrame::Blocks(blocks) = self.server(id)? else {
                return Err(unfit(id, "another frame"));
            };
            for block in blocks.blocks {
                match &mut chain {
                    None => {
                        let begun = State::from_genesis(block);
                        chain = Some(begun.map_err(|finding| unfit(id, finding))?.0);
                    }
                    Some(chain) => drop(chain.replay(block).map_err(|finding| unfit(id, finding))?),
                }
            }
        }
        chain.ok_or_else(|| unfit("blocks", "no block"))
    }
}

/// As it travels.
pub(super) fn value(said: &impl Serialize) -> Value {
    match serde_json::to_value(said) {
        Ok(value) => value,
        Err(problem) => {
            unreachable!("what is said is numbers and texts, which are always written: {problem}")
        }
    }
}

fn unfit(id: &str, why: impl ToString) -> Unfit {
    Unfit {
        id: id.to_owned(),
        why: why.to_string(),
    }
}
