//! The peers' loads against servers within this process that speak as they do: what is counted, and that what is wrong is
//! noticed. No peer is needed.

mod peer;

use std::time::Duration;

use dispatch_benches::load::{Load, Measured, Pace, Problem};
use dispatch_benches::peers::nats::{self, Keeping};
use dispatch_benches::peers::nostr;
use peer::Fault;

/// Longer than any of these loads takes.
const WITHIN: Duration = Duration::from_secs(60);

fn load(pace: Pace) -> Load {
    Load {
        senders: 2,
        subscribers: 2,
        messages: 51,
        pace,
    }
}

async fn over_nats(keeping: Keeping, fault: Fault, pace: Pace) -> Result<Measured, Problem> {
    let stage = nats::Stage::within(peer::nats::serve(fault).await, keeping).await?;
    stage.run(&load(pace), 1024, WITHIN).await
}

async fn over_nostr(fault: Fault, pace: Pace) -> Result<Measured, Problem> {
    let stage = nostr::Stage::within(peer::nostr::serve(fault).await);
    stage.run(&load(pace), 1024, WITHIN).await
}

fn whole(measured: &Measured) {
    assert_eq!(measured.accepted, 51);
    assert_eq!(measured.deliveries, 2 * 51);
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_is_sent_each_message_once_and_heard_once_by_each_subscriber() {
    for pace in [Pace::Window(8), Pace::PerSecond(2000.0)] {
        for keeping in [Keeping::Stream, Keeping::Nothing] {
            whole(&over_nats(keeping, Fault::None, pace).await.unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nats_that_doubles_refuses_or_hangs_up_has_shown_nothing() {
    for (fault, told) in [
        (Fault::Doubles, "came twice"),
        (Fault::Refuses, "no space left"),
        (Fault::HangsUp, "hung up on a subscriber after"),
    ] {
        let shown = over_nats(Keeping::Stream, fault, Pace::Window(8)).await;
        let problem = shown.unwrap_err().to_string();
        assert!(problem.contains(told), "{fault:?}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_is_sent_signed_events_once_and_heard_once_by_each_subscriber() {
    for pace in [Pace::Window(8), Pace::PerSecond(2000.0)] {
        whole(&over_nostr(Fault::None, pace).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_doubles_refuses_or_hangs_up_has_shown_nothing() {
    for (fault, told) in [
        (Fault::Doubles, "came twice"),
        (Fault::Refuses, "no space left"),
        (Fault::HangsUp, "the relay closed a socket"),
    ] {
        let shown = over_nostr(fault, Pace::Window(8)).await;
        let problem = shown.unwrap_err().to_string();
        assert!(problem.contains(told), "{fault:?}: {problem}");
    }
}
