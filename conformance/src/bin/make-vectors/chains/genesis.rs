//! Block 0 in all wrong forms.

use super::Blocks;
use crate::file::Test;
use crate::keys::named;
use dispatch_conformance::codec::public_key::to_der;
use rsa::traits::PublicKeyParts;

use crate::community::{Community, labelled, roster_body, sign, signed};
use dispatch_conformance::codec::{Scheme, base64url::encode, entry};
use serde_json::{Value, json};

pub(super) fn tests(blocks: &mut Blocks) -> Vec<Test> {
    let founded = Community::example();
    let (authority, outsider) = (named("authority"), named("o01"));
    let good = founded.blocks[0].clone();
    let mut bad = |id: &str, about: &str, change: &dyn Fn(&mut Value)| {
        let mut block = good.clone();
        change(&mut block);
        blocks
            .bad(id, about, "GEN-1", "bad_genesis", &[block], 0)
            .flag("genesis-unchecked")
    };
    // Changes the entry and signs it again.
    let resigned = |change: fn(&mut Value)| {
        move |block: &mut Value| {
            change(&mut block["entry"]);
            block["entry"] = signed(block["entry"].take(), authority);
        }
    };
    let weak_key = move |block: &mut Value| {
        let modulus = named("server").private_key().n().to_bytes_be();
        block["entry"]["body"]["server_key"] = encode(&to_der(&modulus, &[3])).into();
        block["entry"] = signed(block["entry"].take(), authority);
    };
    vec![
        bad(
            "chain-genesis-seq",
            "`seq` is 2",
            &resigned(|e| e["seq"] = 2.into()),
        ),
        bad(
            "chain-genesis-community",
            "`community` is not zeros",
            &resigned(|e| e["community"] = encode(&labelled("community")).into()),
        ),
        bad(
            "chain-genesis-seen-size",
            "`seen.size` is 1",
            &resigned(|e| e["seen"]["size"] = 1.into()),
        ),
        bad(
            "chain-genesis-seen-hash",
            "`seen.hash` is not zeros",
            &resigned(|e| e["seen"]["hash"] = encode(&labelled("seen")).into()),
        ),
        bad("chain-genesis-prev", "`prev` is not zeros", &|b| {
            b["prev"] = encode(&labelled("prev")).into()
        }),
        bad(
            "chain-genesis-author",
            "by another account than its authority, whose signature is good",
            &|b| {
                b["entry"]["author"] = encode(&outsider.id()).into();
                b["entry"] = signed(b["entry"].take(), outsider);
            },
        ),
        bad(
            "chain-genesis-author-id",
            "signed by its authority, in another account's name",
            &resigned(|e| e["author"] = encode(&named("o01").id()).into()),
        ),
        bad(
            "chain-genesis-signature",
            "signed by another account",
            &|b| b["entry"] = signed(b["entry"].take(), outsider),
        ),
        bad(
            "chain-genesis-pkcs1v15",
            "signed by RSASSA-PKCS1-v1_5",
            &|b| {
                let tuple = entry::tuple(&b["entry"]).expect("well formed").encode();
                b["entry"]["signature"] = encode(&sign(authority, &tuple, Scheme::Pkcs1v15)).into();
            },
        ),
        bad(
            "chain-genesis-changed",
            "the name was changed after it was signed",
            &|b| b["entry"]["body"]["name"] = "Taken over".into(),
        ),
        bad(
            "chain-genesis-one-key",
            "the server key is the authority's",
            &resigned(|e| e["body"]["server_key"] = e["body"]["authority"].clone()),
        ),
        bad(
            "chain-genesis-weak-key",
            "the server key's exponent is 3",
            &weak_key,
        ),
        bad(
            "chain-genesis-other-kind",
            "block 0 holds a roster entry",
            &|b| {
                b["entry"]["kind"] = "roster".into();
                b["entry"]["body"] = roster_body(&[outsider], &[]);
                b["entry"] = signed(b["entry"].take(), authority);
            },
        ),
        {
            let mut at = founded.clone();
            let again = at.entry(authority, "genesis", good["entry"]["body"].clone());
            let last = at.block(again);
            at.now += 1;
            blocks
                .bad_end(
                    "chain-second-genesis",
                    "a genesis entry behind block 0, well signed and numbered",
                    "GEN-4",
                    "bad_genesis",
                    &at,
                    last,
                )
                .flag("genesis-unchecked")
        },
        {
            let mut block = founded.block(json!(null));
            block["entry"] = good["entry"].clone();
            blocks
                .bad_end(
                    "chain-genesis-repeated",
                    "block 0's entry again",
                    "GEN-4",
                    "bad_genesis",
                    &founded,
                    block,
                )
                .flag("genesis-unchecked")
        },
    ]
}
