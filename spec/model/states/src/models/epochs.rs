//! Who can read what is written, while the roster changes (spec/entries.md).
//!
//! Alice and Bob stay; Zed is removed and added. Each has a card. Whoever was once given an epoch's secret keeps it. A server that
//! judges by what an author had seen could be led by whom it withholds a removal from.

mod rules;

pub use rules::{Key, SPARE};

use stateright::{Model, Property};

use crate::check::{Rule, Stated};

const BLOCKS: usize = 5;
/// Alice and Bob.
const STAY: [usize; 2] = [0, 1];
/// The account that comes and goes.
pub const ZED: usize = 2;

/// A set of accounts.
pub type Accounts = Vec<usize>;

/// A block.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Block {
    /// Zed is removed.
    Remove,
    /// Zed is added.
    Add,
    /// An epoch, for these recipients.
    Epoch(Accounts),
    /// A share of the epoch in this block, by and for an account.
    Share(usize, usize, usize),
    /// A message under the epoch in this block.
    Message(usize, usize),
}

/// What may happen: an entry is submitted by an account that has seen so many blocks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Submit {
    /// Its author.
    pub by: usize,
    /// What it would become.
    pub block: Block,
    seen: usize,
}

/// The model, with all rules or without one.
#[derive(Debug, Clone)]
pub struct Epochs(pub(crate) Option<Key>);

/// Whether an account is on the roster after these blocks.
pub fn is_member(chain: &[Block], account: usize) -> bool {
    let mut changes = chain
        .iter()
        .rev()
        .filter(|block| matches!(block, Block::Remove | Block::Add));
    account != ZED || changes.next() != Some(&Block::Remove)
}

/// Whether an account got the secret of the epoch in a block, and in which block; with or without shares.
pub fn recipient_since(
    chain: &[Block],
    epoch: usize,
    account: usize,
    shares: bool,
) -> Option<usize> {
    let mut blocks = chain.iter().enumerate();
    let gives = |(place, block): (usize, &Block)| match block {
        Block::Epoch(to) => place == epoch && to.contains(&account),
        Block::Share(of, _, to) => shares && *of == epoch && *to == account,
        _ => false,
    };
    blocks.position(gives)
}

fn is_recipient(chain: &[Block], epoch: usize, account: usize) -> bool {
    recipient_since(chain, epoch, account, true).is_some()
}

impl Epochs {
    fn keeps(&self, key: Key) -> bool {
        self.0 != Some(key)
    }

    fn is_stale(&self, chain: &[Block], epoch: usize) -> bool {
        if !self.keeps(Key::StaleForEver) && is_member(chain, ZED) {
            return false;
        }
        let since = recipient_since(chain, epoch, ZED, self.keeps(Key::StaleByShare));
        since.is_some_and(|since| chain[since..].contains(&Block::Remove))
    }

    /// The codes of all rules that the entry breaks.
    pub fn refusals(&self, chain: &[Block], submit: &Submit) -> Vec<&'static str> {
        let judged = match self.keeps(Key::Present) {
            true => chain,
            false => &chain[..submit.seen],
        };
        let by = submit.by;
        let mut codes = Vec::new();
        let mut broken = |key, holds: bool, code| {
            if self.keeps(key) && !holds {
                codes.push(code);
            }
        };
        broken(Key::Author, is_member(chain, by), "not_allowed");
        match &submit.block {
            Block::Epoch(to) => {
                let members = to.iter().all(|account| is_member(judged, *account));
                broken(Key::EpochRecipients, members, "bad_recipient");
            }
            Block::Share(epoch, _, to) => {
                broken(
                    Key::ShareRecipients,
                    is_member(judged, *to),
                    "bad_recipient",
                );
                broken(
                    Key::Sharer,
                    is_recipient(judged, *epoch, by),
                    "not_recipient",
                );
            }
            Block::Message(epoch, _) => {
                broken(
                    Key::Recipient,
                    is_recipient(judged, *epoch, by),
                    "not_recipient",
                );
                broken(Key::Stale, !self.is_stale(judged, *epoch), "stale_epoch");
            }
            Block::Remove | Block::Add => {}
        }
        codes
    }
}

impl Model for Epochs {
    type State = Vec<Block>;
    type Action = Submit;

    fn init_states(&self) -> Vec<Vec<Block>> {
        vec![Vec::new()]
    }

    fn actions(&self, chain: &Vec<Block>, actions: &mut Vec<Submit>) {
        let size = chain.len();
        if size == BLOCKS {
            return;
        }
        let change = if is_member(chain, ZED) {
            Block::Remove
        } else {
            Block::Add
        };
        actions.push(Submit {
            by: 0,
            block: change,
            seen: size,
        });
        let least = if self.keeps(Key::Present) { size } else { 0 };
        for seen in least..=size {
            for by in [0, 1, ZED] {
                let mut submit = |block| actions.push(Submit { by, block, seen });
                let epochs = chain[..seen].iter().enumerate();
                let epochs = epochs.filter(|(_, block)| matches!(block, Block::Epoch(_)));
                let epochs: Vec<usize> = epochs.map(|(place, _)| place).collect();
                if epochs.iter().all(|epoch| self.is_stale(chain, *epoch)) {
                    submit(Block::Epoch(vec![by]));
                    for with in [0, ZED].into_iter().filter(|with| *with != by) {
                        submit(Block::Epoch(vec![by, with]));
                    }
                }
                for epoch in epochs {
                    submit(Block::Message(epoch, by));
                    // An author wraps an epoch once for each (SHARE-3).
                    let wrapped = |to: usize| {
                        let own = matches!(&chain[epoch], Block::Epoch(of) if of[0] == by && of.contains(&to));
                        own || chain.contains(&Block::Share(epoch, by, to))
                    };
                    let others = STAY.into_iter().chain([ZED]);
                    let others = others.filter(|to| *to != by && !wrapped(*to));
                    others.for_each(|to| submit(Block::Share(epoch, by, to)));
                }
            }
        }
    }

    fn next_state(&self, last: &Vec<Block>, submit: Submit) -> Option<Vec<Block>> {
        if !self.refusals(last, &submit).is_empty() {
            return None;
        }
        let mut chain = last.clone();
        chain.push(submit.block);
        Some(chain)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        rules::properties()
    }
}

impl Stated for Epochs {
    const NAME: &'static str = "epochs";
    type Key = Key;

    fn without(rule: Option<Key>) -> Self {
        Self(rule)
    }

    fn rules() -> &'static [Rule<Key>] {
        rules::RULES
    }

    fn tell(&self, chain: &Vec<Block>, submit: &Submit) -> String {
        let name = |account: &usize| ["Alice", "Bob", "Zed"][*account];
        let by = name(&submit.by);
        let place = chain.len();
        let came = match self.refusals(chain, submit).as_slice() {
            [] => format!("block {place}"),
            codes => format!("refused with {}", codes.join(" or ")),
        };
        let had = match submit.seen {
            seen if seen == place => String::new(),
            seen => format!(", who has seen {seen} blocks,"),
        };
        match &submit.block {
            Block::Remove => format!("Alice removes Zed: {came}"),
            Block::Add => format!("Alice adds Zed: {came}"),
            Block::Epoch(to) => {
                let to: Vec<&str> = to.iter().map(name).collect();
                format!("{by}{had} makes an epoch for {}: {came}", to.join(" and "))
            }
            Block::Share(epoch, _, to) => format!(
                "{by}{had} shares the epoch of block {epoch} with {}: {came}",
                name(to)
            ),
            Block::Message(epoch, _) => {
                format!("{by}{had} writes under the epoch of block {epoch}: {came}")
            }
        }
    }
}
