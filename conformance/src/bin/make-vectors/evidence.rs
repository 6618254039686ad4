//! `evidence.json`: files that prove a fork, and files that do not.

use crate::community::{Community, checkpoint_by, labelled};
use crate::file::{File, Group, Test, invalid, valid};
use crate::keys::named;
use dispatch_conformance::codec::{Checkpoint, Hash, base64url::encode, merkle};
use serde_json::{Value, json};

pub fn file() -> File {
    File::new("evidence", "Evidence of forks. Verify the file `evidence`; a valid one convicts the server of `community`.")
        .flag("proof-unchecked", "takes the inclusion proof as it comes", &[])
        .flag("signature-unchecked", "does not verify both checkpoints by the server key of this genesis", &[])
        .flag("growth-is-no-fork", "takes two checkpoints of one chain for a fork", &[])
        .group(Group::new("evidence", "`evidence`: the file's JSON; `community`: whose server it convicts.").tests(good()).tests(bad()))
}

/// Two stories of one community, which part behind block 1.
fn stories() -> (Community, Community) {
    let mut one = Community::example();
    let roster = one.roster(&[named("m01"), named("m02")], &[]);
    one.append(roster);
    let mut two = one.clone();
    for (at, names) in [
        (&mut one, ["m01", "m02", "m01"]),
        (&mut two, ["m02", "m01", "m02"]),
    ] {
        for name in names {
            let card = at.card(named(name));
            at.append(card);
        }
    }
    let more = two.card(named("m01"));
    two.append(more);
    (one, two)
}

/// The inclusion proof of the block at this index in the tree of all blocks.
fn inclusion(at: &Community, index: usize) -> Value {
    let hashes = at.model.hashes();
    proof(&hashes[index], &merkle::inclusion_proof(index, &hashes))
}

fn proof(block_hash: &Hash, path: &[Hash]) -> Value {
    json!({ "block_hash": encode(block_hash), "path": path.iter().map(|h| encode(h)).collect::<Vec<_>>() })
}

fn evidence(genesis: &Value, first: Value, second: Value, inclusion: Option<Value>) -> Value {
    let mut file = json!({ "format": "dispatch-d/1 evidence", "genesis": genesis, "first": first, "second": second });
    if let Some(inclusion) = inclusion {
        file["inclusion"] = inclusion;
    }
    file
}

fn good() -> Vec<Test> {
    let (one, two) = stories();
    let genesis = &one.blocks[0];
    let ok = |id: &str, about: &str, evidence: Value| {
        valid(id, about, &["EVID-1"])
            .with("evidence", evidence)
            .with("community", encode(&one.id()))
    };
    let other_root = Checkpoint {
        root: labelled("root"),
        ..one.statement(5)
    };
    let mut annotated = evidence(
        genesis,
        one.checkpoint_of(4),
        two.checkpoint(),
        Some(inclusion(&two, 3)),
    );
    annotated["found_by"] = "a reader".into();
    vec![
        ok(
            "evidence-equal-sizes",
            "two checkpoints of one size with two heads",
            evidence(genesis, one.checkpoint_of(5), two.checkpoint_of(5), None),
        ),
        ok(
            "evidence-equal-sizes-two-roots",
            "two checkpoints of one size and head, with two roots",
            evidence(
                genesis,
                one.checkpoint_of(5),
                checkpoint_by(&other_root, one.server),
                None,
            ),
        ),
        ok(
            "evidence-grown",
            "the second is larger, and has another block where the first ends",
            evidence(
                genesis,
                one.checkpoint_of(4),
                two.checkpoint(),
                Some(inclusion(&two, 3)),
            ),
        ),
        ok(
            "evidence-right-behind-the-fork",
            "the first ends with the first block that differs",
            evidence(
                genesis,
                one.checkpoint_of(3),
                two.checkpoint(),
                Some(inclusion(&two, 2)),
            ),
        ),
        ok(
            "evidence-equal-sizes-with-inclusion",
            "one size, two heads, and the inclusion proof besides",
            evidence(
                genesis,
                one.checkpoint_of(5),
                two.checkpoint_of(5),
                Some({
                    let hashes = &two.model.hashes()[..5];
                    proof(&hashes[4], &merkle::inclusion_proof(4, hashes))
                }),
            ),
        ),
        ok(
            "evidence-unknown-member",
            "a member that the verifier does not know",
            annotated,
        ),
    ]
}

fn bad() -> Vec<Test> {
    let (one, two) = stories();
    let genesis = &one.blocks[0];
    let not = |id: &str, about: &str, flag, evidence: Value| {
        invalid(id, about, &["EVID-1"], "bad_evidence")
            .flag(flag)
            .with("evidence", evidence)
    };
    let growth = "growth-is-no-fork";
    let unsigned = "signature-unchecked";
    let unproven = "proof-unchecked";
    let by = |statement: &Checkpoint, signer: &str| checkpoint_by(statement, named(signer));
    let elsewhere = Community::found("Elsewhere", named("other-authority"), named("server"));
    let mut tampered = two.checkpoint_of(5);
    tampered["head"] = encode(&labelled("head")).into();
    let later = Checkpoint {
        time: one.now + 1,
        ..one.statement(5)
    };
    let of_nothing = Checkpoint {
        size: 0,
        head: [0; 32],
        ..one.statement(5)
    };
    let grown = |inclusion: Option<Value>| {
        evidence(genesis, one.checkpoint_of(4), two.checkpoint(), inclusion)
    };
    let hashes = two.model.hashes();
    let path = merkle::inclusion_proof(3, &hashes);
    let mut spoilt_genesis = genesis.clone();
    spoilt_genesis["entry"]["signature"] = one.blocks[1]["entry"]["signature"].clone();
    let spoilt_id = dispatch_conformance::codec::block::hash(&spoilt_genesis).expect("well formed");
    let of_spoilt = |at: &Community| {
        checkpoint_by(
            &Checkpoint {
                community: spoilt_id,
                ..at.statement(5)
            },
            at.server,
        )
    };
    let mut other_format = evidence(genesis, one.checkpoint_of(5), two.checkpoint_of(5), None);
    other_format["format"] = "dispatch-d/2 evidence".into();
    vec![
        not(
            "evidence-same-checkpoint",
            "one checkpoint twice",
            growth,
            evidence(genesis, one.checkpoint_of(5), one.checkpoint_of(5), None),
        ),
        not(
            "evidence-same-chain-later",
            "one size, head and root at two times",
            growth,
            evidence(genesis, one.checkpoint_of(5), by(&later, "server"), None),
        ),
        not(
            "evidence-growth",
            "a chain that grew: the proven block is the first's head",
            growth,
            evidence(
                genesis,
                two.checkpoint_of(4),
                two.checkpoint(),
                Some(inclusion(&two, 3)),
            ),
        ),
        not(
            "evidence-before-the-fork",
            "the first ends before the stories part",
            growth,
            evidence(
                genesis,
                one.checkpoint_of(2),
                two.checkpoint(),
                Some(inclusion(&two, 1)),
            ),
        ),
        not(
            "evidence-no-inclusion",
            "sizes that differ, and no inclusion proof",
            unproven,
            grown(None),
        ),
        not(
            "evidence-other-index",
            "the proof is of another block than the one where the first ends",
            unproven,
            grown(Some(inclusion(&two, 4))),
        ),
        not(
            "evidence-other-hash",
            "the proof does not lead from this hash",
            unproven,
            grown(Some(proof(&labelled("hash"), &path))),
        ),
        not(
            "evidence-short-proof",
            "the proof's last hash is missing",
            unproven,
            grown(Some(proof(&hashes[3], &path[..path.len() - 1]))),
        ),
        not(
            "evidence-long-proof",
            "the proof has a hash too many",
            unproven,
            grown(Some(proof(&hashes[3], &[&path[..], &[hashes[0]]].concat()))),
        ),
        not(
            "evidence-swapped",
            "the larger checkpoint is the first",
            unproven,
            evidence(
                genesis,
                two.checkpoint(),
                one.checkpoint_of(4),
                Some(inclusion(&two, 3)),
            ),
        ),
        not(
            "evidence-first-by-authority",
            "the first is signed by the authority",
            unsigned,
            evidence(
                genesis,
                by(&one.statement(5), "authority"),
                two.checkpoint_of(5),
                None,
            ),
        ),
        not(
            "evidence-second-by-other-server",
            "the second is signed by another key",
            unsigned,
            evidence(
                genesis,
                one.checkpoint_of(5),
                by(&two.statement(5), "other-server"),
                None,
            ),
        ),
        not(
            "evidence-second-changed",
            "the second was changed after it was signed",
            unsigned,
            evidence(genesis, one.checkpoint_of(5), tampered, None),
        ),
        not(
            "evidence-two-communities",
            "checkpoints of two communities with one server key",
            unsigned,
            evidence(genesis, one.checkpoint_of(1), elsewhere.checkpoint(), None),
        ),
        not(
            "evidence-other-genesis",
            "the genesis of another community with the same server key",
            unsigned,
            evidence(
                &elsewhere.blocks[0],
                one.checkpoint_of(5),
                two.checkpoint_of(5),
                None,
            ),
        ),
        not(
            "evidence-genesis-signature",
            "a genesis that its authority did not sign",
            unsigned,
            evidence(&spoilt_genesis, of_spoilt(&one), of_spoilt(&two), None),
        ),
        not(
            "evidence-of-nothing",
            "a checkpoint of size 0",
            unsigned,
            evidence(
                genesis,
                by(&of_nothing, "server"),
                two.checkpoint(),
                Some(inclusion(&two, 0)),
            ),
        ),
        not(
            "evidence-other-format",
            "another format",
            unsigned,
            other_format,
        ),
    ]
}
