//! The latest checkpoint and proofs, verified as a client does.

use dispatch_protocol::merkle::{verify_consistency, verify_inclusion};
use dispatch_protocol::refusal::Code;
use dispatch_protocol::wire::{Consistency, Inclusion, ServerFrame};

use super::caller::Caller;
use crate::community::Community;
use crate::member::{Member, card};

#[tokio::test]
async fn every_proof_of_a_chain_verifies_and_there_is_no_other() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    for number in 1..7 {
        member.say(card(number)).await;
    }
    let size = member.size();
    let caller = Caller::of(&server, &member.joined);
    let tree = member.chain().tree();
    let root = |size| tree.root(size).unwrap();
    for to in 1..=size {
        for index in 0..to {
            let path = format!("/v1/proofs/inclusion?index={index}&size={to}");
            let proof = Inclusion::decode(&caller.get(&path).await.body).unwrap();
            assert_eq!((proof.index, proof.size), (index, to));
            let block = tree.block(index).unwrap();
            verify_inclusion(&block, index, to, &proof.path, &root(to)).unwrap();
        }
        let path = format!("/v1/proofs/consistency?to={to}&from=1");
        let proof = Consistency::decode(&caller.get(&path).await.body).unwrap();
        assert_eq!((proof.from, proof.to), (1, to));
        verify_consistency(1, to, &root(1), &root(to), &proof.path).unwrap();
    }
    let more = size + 1;
    for query in [
        format!("inclusion?index=0&size={more}"),
        format!("inclusion?index={size}&size={more}"),
        format!("inclusion?index={size}&size={size}"),
        "inclusion?index=3&size=3".to_owned(),
        "inclusion?index=0&size=0".to_owned(),
        "inclusion?index=0&size=9007199254740991".to_owned(),
        format!("consistency?from=1&to={more}"),
        "consistency?from=3&to=2".to_owned(),
        "consistency?from=0&to=2".to_owned(),
        "consistency?from=0&to=0".to_owned(),
    ] {
        let answer = caller.get(&format!("/v1/proofs/{query}")).await;
        assert_eq!(answer.refused(), Code::UnknownHave, "{query}");
    }
}

#[tokio::test]
async fn the_checkpoint_is_the_latest() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let caller = Caller::of(&server, &member.joined);
    for number in 1..4 {
        let index = member.say(card(number)).await;
        member.read_to_checkpoint(index + 1).await;
        let ServerFrame::Checkpoint { checkpoint } = caller.get("/v1/checkpoint").await.frame()
        else {
            panic!("no checkpoint")
        };
        assert_eq!(Some(&checkpoint), member.pushed.as_ref());
        member.chain().check(&checkpoint).unwrap();
    }
}
