//! `chains.json`: whole chains, as a client reads them.

mod common;
mod epochs;
mod genesis;
mod good;
mod links;
mod membership;
mod messages;
mod views;
mod writing;

use crate::community::Community;
use crate::ordered;
use dispatch_conformance::codec::base64url::encode;
use std::collections::HashMap;

use crate::file::{File, Group, Test, invalid, valid};
use serde_json::{Map, Value, json};

const PROCEDURE: &str = "The client holds nothing but what the test gives it: `pinned`, the community's id that it was \
    invited to; `kept`, the highest checkpoint that it verified in another session; `have`, the number of blocks that it \
    said it holds. It takes the `frames` one by one: `from`, and names of the group's `blocks`, which are the frame's \
    blocks. Then it holds against them, as far as they are there: `welcome`, the size and head of a welcome whose \
    signature was found good; `checkpoint`; `accepted`, the answer to the entry with the id `entry_id`. The chain is then \
    whole: what no block redacts must have its ciphertext. A valid chain has this `size`, `head` and `root`. An invalid one \
    is refused with `code` at `at`: a block's name, or `from`, `welcome`, `checkpoint`, `accepted` or `end`.";

const WRITING: &str = "The client takes the `frames` as in `chains`; nothing in them is refused. It is one of the recipients of `epoch`, an \
    epoch of that chain. Where the test is valid it may write under it, as far as the chain says; where it is invalid it must \
    not, by `code`.";

pub fn file() -> File {
    let mut chains = Blocks::default();
    let rules: Vec<Test> = [
        good::tests(&mut chains),
        genesis::tests(&mut chains),
        links::tests(&mut chains),
        common::tests(&mut chains),
        membership::tests(&mut chains),
        epochs::tests(&mut chains),
        messages::tests(&mut chains),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut views = Blocks::default();
    let seen = views::tests(&mut views);
    let mut writing = Blocks::default();
    let written = writing::tests(&mut writing);
    File::new("chains", "Whole chains, and what a client says of them.")
        .flag("links", "does not hold a block's place, link or time against the block before", &[])
        .flag("replay", "takes an entry at another place or a second time", &[])
        .flag("fork-joined", "takes an entry whose author saw another chain", &[])
        .flag("roster-now", "looks at another roster than that of the entry's place in the chain", &[])
        .flag("genesis-unchecked", "takes block 0 as it comes", &[])
        .flag("epoch-for-ever", "forgets that an epoch is stale", &[])
        .flag("prefix-of-seen", "looks for cards in the chain and not in the entry's `seen` prefix", &[])
        .flag("recipients", "does not hold the wraps against roster, cards or the epoch's recipients", &[])
        .flag("gap", "takes a message without ciphertext that nobody redacted, or refuses one that somebody did", &[])
        .flag("old-card", "writes on under an epoch though a recipient has a new card", &[])
        .flag("newest-wrap", "takes a share for the new card as if it took the wrap for the old one back", &[])
        .flag("first-wrap", "looks at the first wrap for each recipient, and at none that came later", &[])
        .flag("shares-left-out", "looks at the wraps of the epoch's entry, and not at those of shares", &[])
        .flag("first-card", "asks whether a recipient ever had another card, and not which one the wrap is for", &[])
        .flag("other-block", "takes a card of the same value for another", &[])
        .flag("no-memory", "does not hold what a server shows against what it showed before", &[])
        .group(
            Group::new("chains", PROCEDURE).shared("blocks", Value::Object(chains.all)).tests(rules),
        )
        .group(Group::new("views", PROCEDURE).shared("blocks", Value::Object(views.all)).tests(seen))
        .group(Group::new("writing", WRITING).shared("blocks", Value::Object(writing.all)).tests(written))
        .flag_rest("signature-unchecked", "does not verify each entry's signature by its author's key, in the one scheme", &["chain-signed-"])
        .flag_rest("roster-unchecked", "does not hold a change of the roster against the roster, or against who may make it", &["chain-roster-"])
        .flag_rest("card-unchecked", "takes any 32 bytes for a card", &["chain-card-"])
        .flag_rest("message-unchecked", "does not hold a message against its epoch, or its ciphertext against its hash and length", &["chain-message-"])
        .flag_rest("redaction-unchecked", "does not ask what is redacted, by whom, and whether it was before", &["chain-redaction-"])
        .flag_rest("unknown-kind", "skips entries of a kind that it does not know", &["chain-unknown-kind"])
}

/// The blocks of a group, by name.
#[derive(Default)]
struct Blocks {
    all: Map<String, Value>,
    names: HashMap<String, String>,
}

impl Blocks {
    /// The name of this block, which it has from now on.
    fn name(&mut self, id: &str, block: &Value) -> String {
        let text = ordered::compact(block);
        if let Some(name) = self.names.get(&text) {
            return name.clone();
        }
        let kind = block["entry"]["kind"].as_str().expect("a kind");
        let usual = format!("{}-{kind}", block["index"]);
        let name = match self.all.contains_key(&usual) {
            false => usual,
            true => format!("{usual} of {id}"),
        };
        assert!(
            self.all.insert(name.clone(), block.clone()).is_none(),
            "{name} stands twice"
        );
        self.names.insert(text, name.clone());
        name
    }

    /// One `blocks` frame.
    fn frame(&mut self, id: &str, from: u64, blocks: &[Value]) -> Value {
        let names: Vec<String> = blocks.iter().map(|b| self.name(id, b)).collect();
        json!({ "from": from, "blocks": names })
    }

    /// A valid chain, in one frame.
    fn valid(
        &mut self,
        id: &str,
        about: &str,
        requirements: &[&'static str],
        chain: &Community,
    ) -> Test {
        let frame = self.frame(id, 0, &chain.blocks);
        self.valid_frames(id, about, requirements, chain, vec![frame])
    }

    /// A valid chain, in these frames.
    fn valid_frames(
        &mut self,
        id: &str,
        about: &str,
        requirements: &[&'static str],
        chain: &Community,
        frames: Vec<Value>,
    ) -> Test {
        let (size, head) = (chain.model.size(), chain.model.head());
        let root = chain.model.root_of(size).expect("the whole chain");
        valid(id, about, requirements)
            .with("frames", frames)
            .with("size", size)
            .with("head", encode(&head))
            .with("root", encode(&root))
    }

    /// A chain whose last block must be refused.
    fn bad_end(
        &mut self,
        id: &str,
        about: &str,
        requirement: &'static str,
        code: &'static str,
        chain: &Community,
        last: Value,
    ) -> Test {
        let blocks = [&chain.blocks[..], &[last]].concat();
        self.bad(id, about, requirement, code, &blocks, blocks.len() - 1)
    }

    /// A chain of which the block at this place in the list must be refused.
    fn bad(
        &mut self,
        id: &str,
        about: &str,
        requirement: &'static str,
        code: &'static str,
        blocks: &[Value],
        at: usize,
    ) -> Test {
        let frame = self.frame(id, 0, blocks);
        let at = self.name(id, &blocks[at]);
        invalid(id, about, &[requirement], code)
            .with("frames", vec![frame])
            .with("at", at)
    }
}

/// The block without its message's ciphertext.
fn redacted(block: &Value) -> Value {
    let mut block = block.clone();
    block["entry"]["body"]
        .as_object_mut()
        .expect("a body")
        .remove("ciphertext");
    block
}
