//! Members who talk, while others come and go.

use dispatch_client::{Addressed, Content, Error, Event, Id};
use dispatch_protocol::refusal::Code;

use crate::community::{Community, Member, id, invitation, key, text};

#[tokio::test(flavor = "multi_thread")]
async fn members_talk_while_others_are_let_in_and_removed() {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let invitation = invitation(&server);
    let owner = Member::join(&community, &invitation, "authority").await;
    let alice = Member::join(&community, &invitation, "m01").await;
    let mut bob = Member::join(&community, &invitation, "m02").await;
    alice.cards(3).await;
    bob.cards(3).await;

    // both send, both read
    let first = alice.say("Hello, Bob.").await;
    let heard = bob.message(first).await;
    assert_eq!(text(&heard).as_deref(), Some("Hello, Bob."));
    assert_eq!(heard.author, id("m01"));
    let answer = bob
        .client
        .send(
            "Hello, Alice.",
            Addressed {
                reply_to: Some(heard.id),
                channel: Some("greetings".into()),
                to: None,
            },
        )
        .await
        .unwrap();
    let history = alice.client.history(answer.index, 1).await.unwrap();
    let Content::Said(plaintext) = &history[0].content else {
        panic!("{history:?}")
    };
    assert_eq!(plaintext.reply_to, Some(heard.id));
    assert_eq!(plaintext.channel.as_deref(), Some("greetings"));
    // the same recipients, so the same epoch
    assert_eq!(history[0].epoch, heard.epoch);

    // Carol is let in, verifies all, and reads what comes after her
    let carols = [key("m03").public().clone()];
    let index = owner
        .client
        .change_roster(&carols, &[])
        .await
        .unwrap()
        .index;
    let added = bob
        .until(|event| match event {
            Event::Roster {
                index: at, added, ..
            } if at == index => Some(added),
            _ => None,
        })
        .await;
    assert_eq!(added, [id("m03")]);
    let carol = Member::join(&community, &invitation, "m03").await;
    alice.cards(4).await;
    carol.cards(4).await;
    alice.say("Welcome, Carol.").await;
    let last = alice.say("Ask whatever you like.").await;
    let heard = alice.client.history(last, 1).await.unwrap();
    carol.holds(last).await;
    assert_eq!(
        carol.texts().await,
        ["Welcome, Carol.", "Ask whatever you like."]
    );
    let sealed = carol.client.history(first, 1).await.unwrap();
    assert_eq!(sealed[0].content, Content::Sealed);

    // until somebody shares what was said before
    alice.client.share_history(id("m03")).await.unwrap();
    let shared = alice.client.chain().await.unwrap().unwrap().size;
    carol.holds(shared - 1).await;
    assert_eq!(carol.texts().await.len(), 4);
    let error = alice.client.share_history(id("m03")).await.unwrap_err();
    assert!(matches!(error, Error::Usage(_)), "{error}");

    // Bob is removed: his client ends, and what follows is under a secret that was never wrapped for him
    owner.client.change_roster(&[], &[id("m02")]).await.unwrap();
    let why = bob
        .until(|event| match event {
            Event::Disconnected { reason, retry_in } => {
                assert_eq!(retry_in, None);
                Some(reason)
            }
            _ => None,
        })
        .await;
    assert!(why.contains("was removed"), "{why}");
    let gone = bob.client.send("Am I there?", Addressed::default()).await;
    assert!(
        matches!(
            gone,
            Err(Error::Refused {
                code: Code::Removed,
                ..
            })
        ),
        "{gone:?}"
    );
    let owners = owner.client.chain().await.unwrap().unwrap().size;
    alice.holds(owners - 1).await;
    let without = alice.say("Bob has left us.").await;
    let after = alice.client.history(without, 1).await.unwrap();
    assert_ne!(after[0].epoch, heard[0].epoch);
    carol.holds(without).await;
    assert_eq!(carol.texts().await.last().unwrap(), "Bob has left us.");
    for member in [owner, alice, carol] {
        member.client.close().await;
    }
    // what Bob's own folder holds does not open it
    let store = rusqlite::Connection::open(community.folder("m02").join("keys.sqlite")).unwrap();
    let opens = |epoch: &Id| -> i64 {
        let count = "SELECT count(*) FROM epoch WHERE id = ?";
        store
            .query_row(count, [epoch.as_bytes()], |row| row.get(0))
            .unwrap()
    };
    assert_eq!((opens(&heard[0].epoch), opens(&after[0].epoch)), (1, 0));
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_conversation_is_sealed_to_everybody_else() {
    let community = Community::with(&["m01", "m02", "m03"]);
    let server = community.serve().await;
    let invitation = invitation(&server);
    let alice = Member::join(&community, &invitation, "m01").await;
    let bob = Member::join(&community, &invitation, "m02").await;
    let carol = Member::join(&community, &invitation, "m03").await;
    alice.cards(3).await;
    let to = Addressed {
        to: Some(vec![id("m02")]),
        ..Addressed::default()
    };
    // an epoch that Carol can read, too, is there already
    alice.say("For all.").await;
    let index = alice.client.send("For you alone.", to).await.unwrap().index;
    let end = alice.say("For all again.").await;
    for member in [&bob, &carol] {
        member.holds(end).await;
    }
    assert_eq!(
        bob.texts().await,
        ["For all.", "For you alone.", "For all again."]
    );
    assert_eq!(carol.texts().await, ["For all.", "For all again."]);
    let sealed = carol.client.history(index, 1).await.unwrap();
    assert_eq!(sealed[0].content, Content::Sealed);
    let nobody = Addressed {
        to: Some(vec![id("m04")]),
        ..Addressed::default()
    };
    let error = alice.client.send("?", nobody).await.unwrap_err();
    assert!(
        error.to_string().contains("is not on the roster"),
        "{error}"
    );
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redacted_message_loses_its_words_everywhere() {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let invitation = invitation(&server);
    let alice = Member::join(&community, &invitation, "m01").await;
    let mut bob = Member::join(&community, &invitation, "m02").await;
    alice.cards(2).await;
    let index = alice.say("I should not have said that: xyzzy.").await;
    assert!(text(&bob.message(index).await).is_some());
    let refused = bob.client.redact(index, "not mine").await.unwrap_err();
    assert!(
        matches!(
            refused,
            Error::Refused {
                code: Code::NotAuthority,
                ..
            }
        ),
        "{refused}"
    );
    alice.client.redact(index, "private").await.unwrap();
    let (message, reason) = bob
        .until(|event| match event {
            Event::Redaction {
                message, reason, ..
            } => Some((message, reason)),
            _ => None,
        })
        .await;
    assert_eq!((message, reason.as_str()), (index, "private"));
    for member in [&alice, &bob] {
        let history = member.client.history(index, 1).await.unwrap();
        assert_eq!(history[0].content, Content::Redacted);
    }
    // a later join sees the gap and the redaction, and is content
    bob.client.close().await;
    std::fs::remove_file(community.folder("m02").join("chain.sqlite")).unwrap();
    let bob = Member::join(&community, &invitation, "m02").await;
    assert_eq!(
        bob.client.history(index, 1).await.unwrap()[0].content,
        Content::Redacted
    );
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_let_in_again_reads_what_is_said_from_then_on() {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let invitation = invitation(&server);
    let owner = Member::join(&community, &invitation, "authority").await;
    let alice = Member::join(&community, &invitation, "m01").await;
    let bob = Member::join(&community, &invitation, "m02").await;
    bob.client.ready().await.unwrap();
    alice.cards(3).await;
    let before = alice.say("Before.").await;
    owner.client.change_roster(&[], &[id("m02")]).await.unwrap();
    let bobs = [key("m02").public().clone()];
    let again = owner.client.change_roster(&bobs, &[]).await.unwrap();
    alice.holds(again.index).await;
    // the same members, and an epoch that is stale for ever
    let after = alice.say("After.").await;
    let epoch = async |index| alice.client.history(index, 1).await.unwrap()[0].epoch;
    assert_ne!(epoch(before).await, epoch(after).await);
    let bob = Member::join(&community, &invitation, "m02").await;
    assert_eq!(bob.texts().await, ["Before.", "After."]);
    bob.say("Thank you.").await;
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_for_some_is_shared_with_nobody_who_comes_later() {
    let community = Community::with(&["m01", "m02", "m04"]);
    let server = community.serve().await;
    let invitation = invitation(&server);
    let owner = Member::join(&community, &invitation, "authority").await;
    owner.client.ready().await.unwrap();
    let mut members = Vec::new();
    for name in ["m01", "m02", "m04"] {
        members.push(Member::join(&community, &invitation, name).await);
    }
    let alice = &members[0];
    alice.cards(4).await;
    alice.say("For all four.").await;
    let to = Addressed {
        to: Some(vec![id("m02"), id("authority")]),
        ..Addressed::default()
    };
    let private = alice.client.send("For you two alone.", to).await.unwrap();
    // who could not read it leaves, so that all who are left can
    owner.client.change_roster(&[], &[id("m04")]).await.unwrap();
    let carols = [key("m03").public().clone()];
    owner.client.change_roster(&carols, &[]).await.unwrap();
    let carol = Member::join(&community, &invitation, "m03").await;
    carol.client.ready().await.unwrap();
    alice.cards(4).await;
    alice
        .sees(async |client| {
            let members = client.members().await.unwrap();
            members
                .iter()
                .any(|member| member.id == id("m03") && member.has_card)
        })
        .await;
    alice.client.share_history(id("m03")).await.unwrap();
    let size = alice.client.chain().await.unwrap().unwrap().size;
    carol.holds(size - 1).await;
    assert_eq!(carol.texts().await, ["For all four."]);
    let sealed = carol.client.history(private.index, 1).await.unwrap();
    assert_eq!(sealed[0].content, Content::Sealed);
    server.shutdown().await.unwrap();
}
