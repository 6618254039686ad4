//! How fast a long chain is read, beside what the disk and the network could do in the same run. It prints; nothing here
//! fails on a slow machine: `cargo test --release -p dispatch-server --test it -- --ignored --nocapture history`.

use std::time::Instant;

use dispatch_protocol::bytes::{Hash, Salt};
use dispatch_protocol::entry::{Body, Message};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::client::Client;
use crate::community::{Community, key};
use crate::http::caller::{Caller, join};
use crate::http::stream::Events;
use crate::member::{Member, prove};

/// Messages in the chain, of a kilobyte each.
const MESSAGES: u64 = 20_000;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it measures"]
async fn a_first_sync_beside_the_disk_and_the_network() {
    let mut community = Community::with(&["m01", "m02"]);
    community.config.rates.entries = None;
    let server = community.serve().await;
    let size = fill(&server).await;
    server.shutdown().await.unwrap();

    // From the store alone: nothing is in the feed.
    let server = community.serve().await;
    let megabytes = |bytes: u64, begun: Instant| bytes as f64 / 1e6 / begun.elapsed().as_secs_f64();
    let store = community.config.store.clone();
    let begun = Instant::now();
    let file = std::fs::read(&store).unwrap();
    let disk = megabytes(file.len() as u64, begun);
    println!(
        "the store's file      {:7.1} MB  {disk:7.0} MB/s",
        file.len() as f64 / 1e6
    );

    let begun = Instant::now();
    let mut client = Client::dial(&server).await;
    prove(&mut client, &server, &key("m02"), None, None)
        .await
        .unwrap();
    let (mut bytes, mut next) = (0, 0);
    while next < size {
        let text = client.next_text().await;
        bytes += text.len() as u64;
        next += text.matches("\"prev\":").count() as u64;
    }
    let socket = megabytes(bytes, begun);
    println!(
        "over a socket         {:7.1} MB  {socket:7.0} MB/s",
        bytes as f64 / 1e6
    );

    let network = loopback(bytes).await;
    println!(
        "bare TCP on loopback  {:7.1} MB  {network:7.0} MB/s",
        bytes as f64 / 1e6
    );

    let (joined, _) = join(&Caller::stranger(&server), &key("m02"), None, None)
        .await
        .unwrap();
    let caller = Caller::of(&server, &joined);
    for (what, caller) in [
        ("by requests          ", caller.clone()),
        (
            "by requests, in gzip ",
            caller.with("Accept-Encoding", "gzip"),
        ),
    ] {
        let begun = Instant::now();
        let (mut bytes, mut next, mut tags) = (0, 0, Vec::new());
        while next < size {
            let path = format!("/v1/blocks?from={next}&limit=500");
            let answer = caller.raw(&path).await;
            bytes += answer.body.len() as u64;
            tags.push((path, answer.header("etag").unwrap().to_owned()));
            next += 500;
        }
        println!(
            "{what} {:7.1} MB  {:7.0} MB/s",
            bytes as f64 / 1e6,
            megabytes(bytes, begun)
        );
        let begun = Instant::now();
        for (path, tag) in &tags {
            let answer = caller.with("If-None-Match", tag).raw(path).await;
            assert_eq!(answer.status, 304);
        }
        let each = begun.elapsed() / tags.len() as u32;
        println!("  asked again, unchanged: {each:?} for 500 blocks");
    }

    let begun = Instant::now();
    let mut events = Events::open(&caller, "").await;
    let (mut bytes, mut next) = (0, 0);
    while next < size {
        let event = events.next().await;
        bytes += event.data.len() as u64;
        next += event.data.matches("\"prev\":").count() as u64;
    }
    println!(
        "by events             {:7.1} MB  {:7.0} MB/s",
        bytes as f64 / 1e6,
        megabytes(bytes, begun)
    );
}

/// Appends the messages; gives the chain's size.
async fn fill(server: &dispatch_server::Running) -> u64 {
    let mut member = Member::join(server, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    let begun = member.size();
    for number in 0..MESSAGES {
        let mut ciphertext = vec![0; 1040];
        aws_lc_rs::rand::fill(&mut ciphertext).unwrap();
        let body = Body::Message(Message {
            epoch,
            salt: Salt::new([7; 16]),
            ciphertext_hash: Hash::of(&ciphertext),
            ciphertext: Some(ciphertext.into()),
        });
        let entry = member.entry(body);
        let frame = member.submit_frame("m", entry);
        member.client.feed(&frame).await;
        if number % 200 == 199 {
            member.client.flush().await;
            member.read_to(begun + number + 1).await;
            member.answers.clear();
        }
    }
    member.client.flush().await;
    member.read_to(begun + MESSAGES).await;
    member.size()
}

/// How fast so many bytes go over loopback, in pieces as a frame has them.
async fn loopback(bytes: u64) -> f64 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let begun = Instant::now();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let piece = vec![7; 32 << 10];
        for _ in 0..bytes / piece.len() as u64 {
            stream.write_all(&piece).await.unwrap();
        }
    });
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (mut buffer, mut read) = (vec![0; 64 << 10], 0);
    loop {
        match stream.read(&mut buffer).await.unwrap() {
            0 => return read as f64 / 1e6 / begun.elapsed().as_secs_f64(),
            count => read += count,
        }
    }
}
