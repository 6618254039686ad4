//! How much an account or an address may do in a time. // [LIM-7]

use std::num::NonZeroU32;
use std::time::Duration;

use dispatch_protocol::refusal::Code;
use dispatch_protocol::wire::{ClientFrame, Refused, ServerFrame};
use dispatch_server::Rate;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::client::{Client, Target};
use crate::community::{Community, key};
use crate::http::caller::{self, Answer, Caller};
use crate::member::{Member, card, dial_for, nonce};

fn rate(per_second: u32, burst: u32) -> Option<Rate> {
    let [per_second, burst] = [per_second, burst].map(|number| NonZeroU32::new(number).unwrap());
    Some(Rate { per_second, burst })
}

/// Each account may hand in two entries at once and then one a second; an address may join as often.
fn strict(members: &[&str]) -> Community {
    let mut community = Community::with(members);
    community.config.rates.entries = rate(1, 2);
    community.config.rates.joins = rate(1, 2);
    community.config.proxies = vec!["127.0.0.1".parse::<std::net::IpAddr>().unwrap().into()];
    community
}

/// How often is enough to be refused, however slow the machine: each try takes far less than a second.
const TRIES: usize = 200;

/// The wait that a refusal asks for, which is that of one entry or join at most.
async fn waited(refused: &Refused) {
    assert_eq!(refused.code, Code::RateLimited);
    let wait = refused.retry_after.expect("it says when to come again");
    assert!((1..=1000).contains(&wait), "{wait}");
    tokio::time::sleep(Duration::from_millis(wait)).await;
}

fn of_problem(answer: &Answer) -> Refused {
    assert_eq!(answer.refused(), Code::RateLimited);
    let problem: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    Refused {
        reference: None,
        code: Code::RateLimited,
        detail: String::new(),
        retry_after: problem["retry_after"].as_u64(),
    }
}

#[tokio::test]
async fn who_writes_too_much_is_asked_to_wait_and_nobody_else_is() {
    let community = strict(&["m01", "m02"]);
    let server = community.serve().await;
    let mut busy = Member::join(&server, "m01").await;
    let mut other = Member::join(&server, "m02").await;
    let mut accepted = 0;
    let (entry, refused) = 'refused: {
        for _ in 0..TRIES {
            let entry = busy.entry(card(1));
            let frame = busy.submit_frame("much", entry.clone());
            busy.client.send(&frame).await;
            loop {
                match busy.client.next().await {
                    ServerFrame::Refused(refused) => break 'refused (entry, refused),
                    ServerFrame::Accepted(_) => break,
                    _ => {}
                }
            }
            accepted += 1;
        }
        panic!("nothing was too much");
    };
    assert!(accepted >= 2, "two at once are not too much");
    assert_eq!(refused.reference.as_ref().unwrap().as_str(), "much");
    other.say(card(2)).await;
    // What was refused changed nothing: the very entry is taken, by whatever transport. // [ERR-3]
    waited(&refused).await;
    let caller = Caller::of(&server, &busy.joined);
    assert_eq!(caller.submit(&entry).await.accepted(), 3 + accepted);
    // It is one account, whatever carries its entries.
    for _ in 0..TRIES {
        let answer = caller.submit(&entry).await;
        if answer.status != 200 {
            return waited(&of_problem(&answer)).await;
        }
    }
    panic!("nothing was too much");
}

#[tokio::test]
async fn joins_are_counted_by_the_address_that_a_believed_proxy_tells() {
    let community = strict(&["m01"]);
    let server = community.serve().await;
    let key = key("m01");
    let from = |address: &str| Caller::stranger(&server).with("X-Forwarded-For", address);
    let hello = async |caller: &Caller| {
        let frame = dial_for(&caller.target, key.public()).hello(nonce(), None, None);
        caller
            .post("/v1/hello", caller::json(&ClientFrame::Hello(frame)))
            .await
    };
    let until_refused = async |caller: &Caller| {
        for _ in 0..TRIES {
            let answer = hello(caller).await;
            if answer.status != 200 {
                return of_problem(&answer);
            }
        }
        panic!("nothing was too much");
    };
    let one = from("203.0.113.5");
    for _ in 0..2 {
        hello(&one).await.frame();
    }
    until_refused(&one).await;
    hello(&from("203.0.113.6")).await.frame();
    // Whatever stands before the address that the proxy appended is the client's own invention: no bucket of its own.
    let mut invented = 0..;
    for _ in 0..TRIES {
        let lies = format!("198.51.100.{}, 203.0.113.5", invented.next().unwrap() % 256);
        let answer = hello(&from(&lies)).await;
        if answer.status != 200 {
            waited(&of_problem(&answer)).await;
            break;
        }
        assert!(invented.start < TRIES, "each invention had a bucket");
    }
    hello(&one).await.frame();
    // Who tells a proxy nothing that it can read is no freer than others.
    until_refused(&from("unknown")).await;
    until_refused(&from("203.0.113.7, somebody")).await;
    hello(&from("203.0.113.8")).await.frame();
    // Behind a proxy that tells nothing everybody would pay for one.
    for _ in 0..50 {
        hello(&Caller::stranger(&server)).await.frame();
    }
}

/// As many challenges as this server holds for requests.
const CHALLENGES: usize = 20;

#[tokio::test]
async fn who_asks_for_all_the_challenges_keeps_nobody_else_out() {
    let mut community = strict(&["m01"]);
    community.config.rates.joins = None;
    community.config.queues.challenges = CHALLENGES;
    let server = community.serve().await;
    let key = key("m01");
    let from = |address: &str| Caller::stranger(&server).with("X-Forwarded-For", address);
    let greedy = from("203.0.113.5");
    for _ in 0..CHALLENGES {
        caller::hello(&greedy, &key, nonce(), None, None)
            .await
            .unwrap();
    }
    // All are the greedy one's own.
    let refused = caller::hello(&greedy, &key, nonce(), None, None).await;
    assert_eq!(refused.err(), Some(Code::RateLimited));
    let other = from("203.0.113.6");
    assert!(caller::join(&other, &key, None, None).await.is_ok());
}

#[tokio::test]
async fn a_socket_on_which_a_join_was_too_much_can_join_after_the_wait() {
    let community = strict(&["m01"]);
    let server = community.serve().await;
    let target = Target::from(&server);
    let key = key("m01");
    let dial = async || {
        let request = format!("ws://{}/v1/socket", target.address);
        let mut request = request.into_client_request().unwrap();
        let address = "203.0.113.5".parse().unwrap();
        request.headers_mut().insert("x-forwarded-for", address);
        let stream = TcpStream::connect(target.address).await.unwrap();
        Client::asking(stream, request).await
    };
    let hello = || ClientFrame::Hello(dial_for(&target, key.public()).hello(nonce(), None, None));
    for _ in 0..TRIES {
        let mut client = dial().await;
        client.send(&hello()).await;
        if let ServerFrame::Refused(refused) = client.next().await {
            waited(&refused).await;
            Member::join_on(client, &target, "m01", None).await;
            return;
        }
    }
    panic!("nothing was too much");
}
