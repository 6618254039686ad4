//! Each step of a message's way, by itself, and what it is of one RSA verification.

use std::cell::RefCell;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use dispatch_benches::chain::{Community, Signing};
use dispatch_benches::closing::{Closing, LIMIT};
use dispatch_benches::keys;
use dispatch_protocol::bytes::{Bytes, Hash, Salt};
use dispatch_protocol::chain::{Admission, Block};
use dispatch_protocol::entry::Entry;
use dispatch_protocol::epoch::{MessageContext, Secret, WrapContext};
use dispatch_protocol::key::{CardKey, PublicKey};
use dispatch_protocol::limits::Limits;
use dispatch_protocol::merkle::{Tree, verify_consistency, verify_inclusion};
use dispatch_protocol::wire::{ClientFrame, Ref, Submit, blocks_text};

/// Letters of a message, so that its `submit` has about 1.5 KiB.
const LETTERS: usize = 420;

/// Blocks of the tree.
const TREE: u64 = 100_000;

fn main() {
    let mut steps = Steps::new();
    signatures(&mut steps);
    statements(&mut steps);
    encryption(&mut steps);
    tree(&mut steps);
    chain(&mut steps);
    steps.criterion.final_summary();
    println!("\n{}", steps.closing.borrow().text());
}

/// Criterion, and what the closing table takes from each of its samples.
struct Steps {
    criterion: Criterion,
    closing: Rc<RefCell<Closing>>,
}

impl Steps {
    fn new() -> Self {
        let criterion = Criterion::default()
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_secs(1))
            .sample_size(20)
            .configure_from_args();
        Self {
            criterion,
            closing: Rc::default(),
        }
    }

    /// A step that needs nothing prepared.
    fn step<R>(&mut self, name: &'static str, mut turn: impl FnMut() -> R) {
        self.prepared(name, 1, 1, || (), |()| turn());
    }

    /// A step of which each turn, of so many elements on so many cores, takes something that is prepared outside of what is
    /// timed. What a turn gives back is dropped outside of it, too.
    fn prepared<I, R>(
        &mut self,
        name: &'static str,
        elements: u64,
        cores: usize,
        mut prepare: impl FnMut() -> I,
        mut turn: impl FnMut(I) -> R,
    ) {
        let closing = self.closing.clone();
        let mut group = self.criterion.benchmark_group("steps");
        group.throughput(Throughput::Elements(elements));
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|turns| {
                let mut took = Duration::ZERO;
                let mut left = turns;
                let at_once = (4096 / elements).clamp(1, 64);
                while left > 0 {
                    // Many at once, since to ask a clock takes as long as the shortest steps do.
                    let inputs: Vec<I> = (0..left.min(at_once)).map(|_| prepare()).collect();
                    left -= inputs.len() as u64;
                    let mut outputs = Vec::with_capacity(inputs.len());
                    let begun = Instant::now();
                    for input in inputs {
                        outputs.push(turn(black_box(input)));
                    }
                    took += begun.elapsed();
                    black_box(outputs);
                }
                let each = took.as_nanos() as f64 / turns as f64;
                closing.borrow_mut().note(name, elements, cores, each);
                took
            });
        });
    }
}

fn signatures(steps: &mut Steps) {
    let key = keys::make(1).remove(0);
    let message = Hash::of(b"a message");
    let signature = key.sign(message.as_bytes());
    let public = key.public();
    steps.step(LIMIT, || public.verify(message.as_bytes(), &signature));
    steps.step("RSA-2048 verification, key parsed anew", || {
        let key = PublicKey::parse(public.der()).expect("a good key");
        key.verify(message.as_bytes(), &signature)
    });
    steps.step("RSA-2048 signature", || key.sign(message.as_bytes()));
}

fn statements(steps: &mut Steps) {
    let (community, _) = Community::found(1, 0);
    let entry = community.messages(1, LETTERS, Signing::Real).remove(0);
    let frame = ClientFrame::Submit(Submit {
        reference: Ref::parse("1").expect("a short reference"),
        token: Bytes::from(vec![7; 256]),
        entry: entry.clone(),
    });
    let text = serde_json::to_string(&frame).expect("a frame is plain JSON");
    let limits = Limits::default();
    steps.step("submit of 1.5 KiB, decoded", || {
        ClientFrame::decode(&text, &limits).expect("a good frame")
    });
    steps.step("entry tuple of a message", || entry.tuple());
    steps.step("entry id: tuple and hash", || entry.id());
    let (state, key, now) = (
        &community.state,
        community.writers[0].public(),
        community.now(),
    );
    steps.prepared(
        "message, tuple to verified",
        1,
        1,
        || entry.clone(),
        |entry| entry.verify(key).expect("its author's"),
    );

    let block = Block {
        index: state.size(),
        prev: state.head(),
        time: now,
        entry: entry.clone(),
    };
    steps.step("block to JSON", || {
        serde_json::to_string(&block).expect("a block is plain JSON")
    });
    let json = serde_json::to_string(&block).expect("a block is plain JSON");
    steps.step("block of 1.5 KiB, decoded", || {
        Block::decode(&json).expect("a good block")
    });
    let texts = vec![json; 64];
    steps.prepared(
        "blocks frame of written blocks",
        64,
        1,
        || (),
        |()| blocks_text(0, texts.iter().map(String::as_str)),
    );

    let signed = community.messages(64, LETTERS, Signing::Real);
    let verified: Vec<_> = signed
        .into_iter()
        .map(|entry| entry.verify(key).expect("its author's"))
        .collect();
    steps.prepared(
        "message, admitted and appended",
        64,
        1,
        || (community.state.clone(), verified.clone()),
        |(mut state, verified)| {
            for entry in verified {
                match state.admit(entry, now, &limits).expect("a good entry") {
                    Admission::Append(admitted) => black_box(state.append(*admitted, now)),
                    Admission::Repeat { .. } => unreachable!("each is new"),
                };
            }
            state
        },
    );
}

fn encryption(steps: &mut Steps) {
    let (community, _) = Community::found(1, 0);
    let author = community.writers[0].public().id();
    let secret = Secret::generate();
    let members: Vec<CardKey> = (0..10).map(|_| CardKey::generate()).collect();
    let context = |member: &CardKey| WrapContext {
        community: community.state.community(),
        author,
        recipient: author,
        card: member.card(),
        commitment: secret.commitment(),
    };
    steps.prepared(
        "epoch sealed for 10 members",
        10,
        1,
        || (),
        |()| {
            let sealed = members.iter().map(|member| context(member).seal(&secret));
            sealed.collect::<Vec<_>>()
        },
    );
    let wrap = context(&members[0]).seal(&secret).expect("a good card");
    steps.step("wrap opened", || {
        context(&members[0]).open(&members[0], &wrap)
    });

    let message = MessageContext {
        community: community.state.community(),
        epoch: community.epoch,
        author,
        seq: 1,
    };
    let (salt, text) = (Salt::new([1; 16]), "m".repeat(LETTERS));
    steps.step("message sealed", || {
        message.encrypt(&secret, &salt, text.as_bytes())
    });
    let sealed = message.encrypt(&secret, &salt, text.as_bytes());
    steps.step("message opened", || {
        message.decrypt(&secret, &salt, &sealed)
    });
}

fn tree(steps: &mut Steps) {
    let block = |index: u64| Hash::of(&index.to_be_bytes());
    let mut tree = Tree::default();
    (0..TREE).for_each(|index| tree.append(block(index)));
    let (hash, mut growing) = (block(TREE), tree.clone());
    steps.prepared(
        "tree of 100,000 to 200,000: appended",
        64,
        1,
        || (),
        |()| {
            if growing.size() >= 2 * TREE {
                growing.clone_from(&tree);
            }
            (0..64).for_each(|_| growing.append(hash));
        },
    );
    let root = tree.root(TREE).expect("so many blocks");
    // Sizes all over the tree, none of them a round one.
    let mut place = 0;
    let mut next = move || {
        place = (place + 61_803) % (TREE - 1);
        place
    };
    steps.step("tree of 100,000: root", || tree.root(next() + 1));
    steps.step("tree of 100,000: inclusion proof", || {
        tree.inclusion(next(), TREE)
    });
    steps.step("tree of 100,000: consistency proof", || {
        tree.consistency(next() + 1, TREE)
    });
    let index = 61_803;
    let path = tree.inclusion(index, TREE).expect("so many blocks");
    steps.step("inclusion proof verified", || {
        verify_inclusion(&block(index), index, TREE, &path, &root)
    });
    let (old, path) = (tree.root(index), tree.consistency(index, TREE));
    let (old, path) = (old.expect("so many"), path.expect("so many"));
    steps.step("consistency proof verified", || {
        verify_consistency(index, TREE, &old, &root, &path)
    });
}

fn chain(steps: &mut Steps) {
    let (mut community, _) = Community::found(10, 0);
    let begun = community.state.clone();
    let entries: Vec<Entry> = community.messages(2048, LETTERS, Signing::Real);
    let blocks: Vec<Block> = entries
        .into_iter()
        .map(|entry| community.append(entry))
        .collect();
    steps.prepared(
        "chain restored: all but signatures",
        2048,
        1,
        || (begun.clone(), blocks.clone()),
        |(mut state, blocks)| {
            for block in blocks {
                black_box(state.restore(block).expect("a good block"));
            }
            state
        },
    );
    steps.prepared(
        "chain replayed, block by block",
        512,
        1,
        || (begun.clone(), blocks[..512].to_vec()),
        |(mut state, blocks)| {
            for block in blocks {
                black_box(state.replay(block).expect("a good block"));
            }
            state
        },
    );
    let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    steps.prepared(
        "chain replayed in batches on all cores",
        2048,
        cores.get(),
        || (begun.clone(), blocks.clone()),
        |(mut state, blocks)| {
            let taken = state.replay_batch(blocks, cores).expect("good blocks");
            (state, taken)
        },
    );
}
