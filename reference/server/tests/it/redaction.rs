//! A redacted ciphertext is gone: from what is served, and from every file of the store.

use dispatch_protocol::entry::{Body, Redaction};
use dispatch_protocol::refusal::Code;

use crate::client::SOON;
use crate::community::Community;
use crate::member::{Member, message};

fn redaction(index: u64) -> Body {
    Body::Redaction(Redaction {
        index,
        reason: "a name was in it".to_owned(),
    })
}

/// Whether any file of the community's store holds a long run of this byte, which stands for a ciphertext.
pub fn on_disk(community: &Community, byte: u8) -> bool {
    std::fs::read_dir(community.path("store"))
        .unwrap()
        .any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
            bytes
                .windows(100)
                .any(|run| run.iter().all(|found| *found == byte))
        })
}

#[tokio::test]
async fn a_redacted_ciphertext_leaves_the_feed_and_every_file_of_the_store() {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    let kept = member.say(message(epoch, 0xb1)).await;
    let gone = member.say(message(epoch, 0xa7)).await;
    assert!(on_disk(&community, 0xa7));
    member.say(redaction(gone)).await;

    let late = Member::join(&server, "m02").await;
    assert_eq!(late.ciphertexts[gone as usize], None);
    assert!(late.ciphertexts[kept as usize].is_some());
    late.chain().check(&late.welcome.checkpoint).unwrap();

    let begun = std::time::Instant::now();
    while on_disk(&community, 0xa7) {
        assert!(begun.elapsed() < SOON, "the ciphertext stays in a file");
        tokio::task::yield_now().await;
    }
    assert!(on_disk(&community, 0xb1));

    let again = member.entry(redaction(gone));
    assert_eq!(member.submit(again).await, Err(Code::BadRedaction));
    server.shutdown().await.unwrap();
    assert!(!on_disk(&community, 0xa7) && on_disk(&community, 0xb1));
}

#[tokio::test]
async fn a_message_and_its_redaction_in_one_breath_never_show_the_ciphertext() {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    let index = member.size();
    let said = member.entry(message(epoch, 0xa7));
    let taken_back = member.entry(redaction(index));
    let frames = [
        member.submit_frame("said", said),
        member.submit_frame("back", taken_back),
    ];
    for frame in &frames {
        member.client.feed(frame).await;
    }
    member.client.flush().await;
    assert_eq!(member.answer("said").await.unwrap().0, index);
    member.answer("back").await.unwrap();
    let late = Member::join(&server, "m02").await;
    assert_eq!(late.ciphertexts[index as usize], None);
}
