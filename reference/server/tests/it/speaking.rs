//! Entries: in order, many at once, answered once, read by everybody.

use dispatch_protocol::refusal::Code;
use dispatch_server::Queues;

use crate::community::Community;
use crate::member::{Member, card, message};

#[tokio::test]
async fn entries_sent_without_waiting_are_appended_in_their_order() {
    speak_without_waiting(Community::with(&["m01", "m02"])).await;
}

#[tokio::test]
async fn where_every_queue_is_as_short_as_it_may_be_all_goes_on_and_nothing_is_lost() {
    let mut community = Community::with(&["m01", "m02"]);
    community.config.queues = Queues {
        entries_kib: 1024,
        entries_of_socket: 1,
        batch: 1,
        joins: 1,
        strangers: 1,
        requests: 1,
        requests_of_network: 1,
        challenges: 1,
        recent_kib: 64,
        readers: 1,
    };
    speak_without_waiting(community).await;
}

async fn speak_without_waiting(community: Community) {
    let server = community.serve().await;
    let mut writer = Member::join(&server, "m01").await;
    let mut reader = Member::join(&server, "m02").await;
    let epoch = writer.epoch_for_oneself().await;
    let before = writer.size();
    for number in 0..200_u64 {
        let entry = writer.entry(message(epoch, number as u8));
        let frame = writer.submit_frame(&format!("n{number}"), entry);
        writer.client.feed(&frame).await;
    }
    writer.client.flush().await;
    for number in 0..200 {
        let (index, _) = writer.answer(&format!("n{number}")).await.unwrap();
        assert_eq!(index, before + number);
    }
    reader.read_to(before + 200).await;
    writer.read_to(before + 200).await;
    assert_eq!(reader.chain().head(), writer.chain().head());
    reader.read_to_checkpoint(before + 200).await;
}

#[tokio::test]
async fn the_same_entry_again_gets_the_same_receipt_also_after_a_restart() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let entry = member.entry(card(1));
    let first = member.submit(entry.clone()).await.unwrap();
    assert_eq!(member.submit(entry.clone()).await, Ok(first));
    server.shutdown().await.unwrap();

    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    assert_eq!(member.submit(entry).await, Ok(first));
    assert_eq!(member.size(), first.0 + 1);
}

#[tokio::test]
async fn a_refused_entry_leaves_the_connection_and_the_chain_as_they_were() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let far = member.entry_with(7, card(1));
    assert_eq!(member.submit(far).await, Err(Code::BadSeq));
    let mut forged = member.entry_with(1, card(1));
    forged.sent_at += 1;
    assert_eq!(member.submit(forged).await, Err(Code::BadSignature));
    let index = member.say(card(1)).await;
    assert_eq!(index, 2);
}

#[tokio::test]
async fn many_members_write_at_once_and_all_read_one_chain() {
    let names = ["m01", "m02", "m03", "m04", "m05", "m06"];
    let community = Community::with(&names);
    let server = community.serve().await;
    let mut writers = Vec::new();
    for name in names {
        writers.push(Member::join(&server, name).await);
    }
    let each = 20;
    let expected = 2 + (names.len() * each) as u64;
    let tasks: Vec<_> = writers
        .into_iter()
        .map(|mut member| {
            tokio::spawn(async move {
                for number in 0..each {
                    let entry = member.entry(card(number as u8 + 1));
                    let frame = member.submit_frame(&format!("n{number}"), entry);
                    member.client.send(&frame).await;
                }
                for number in 0..each {
                    member.answer(&format!("n{number}")).await.unwrap();
                }
                member.read_to(expected).await;
                member.chain().head()
            })
        })
        .collect();
    let mut heads = Vec::new();
    for task in tasks {
        heads.push(task.await.unwrap());
    }
    assert!(heads.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn who_was_away_for_long_reads_on_from_the_store() {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let mut writer = Member::join(&server, "m01").await;
    let epoch = writer.epoch_for_oneself().await;
    let before = writer.size();
    for number in 0..300_u64 {
        let entry = writer.entry(message(epoch, number as u8));
        let frame = writer.submit_frame(&format!("n{number}"), entry);
        writer.client.feed(&frame).await;
    }
    writer.client.flush().await;
    writer.read_to(before + 300).await;
    server.shutdown().await.unwrap();
    // After a restart the feed is empty: all that was said before comes from the store, in many blocks a frame.
    let server = community.serve().await;
    let late = Member::join(&server, "m02").await;
    assert_eq!(late.chain().head(), writer.chain().head());
    assert!(
        late.ciphertexts[before as usize..]
            .iter()
            .all(Option::is_some)
    );
}
