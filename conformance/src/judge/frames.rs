//! Every frame once more through the observers.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::Value;

use crate::{
    bundle::Bundle,
    peer::{Observer, Server, Target, connection::BY_REQUESTS},
    result::Finding,
    run::{AFTERMATH, audit},
    scenario::{Capability, Vectors},
    transcript::{Line, What},
};

/// What the frames of a run show.
#[derive(Debug)]
pub struct Replayed {
    /// The server as it was seen in the end.
    pub server: Arc<Server>,
    /// What is wrong with what it sent.
    pub findings: Vec<Finding>,
}

/// Lets observers see all frames of a bundle, in their order and at their times.
///
/// # Errors
/// If the bundle's origin is none.
pub fn replay(bundle: &Bundle, vectors: &Vectors) -> Result<Replayed, String> {
    let subject = &bundle.result.server;
    let target = Target::parse(&subject.origin)?;
    let server = Arc::new(Server::new(
        target,
        Duration::ZERO,
        subject.discovery.clone(),
    ));
    let mut lines: Vec<(&str, &Line)> = Vec::new();
    // A case that kills its server has one of its own, with another chain.
    let elsewhere = |id: &str| {
        vectors
            .case(id)
            .is_some_and(|case| case.needs(Capability::Spawn))
    };
    for (case, transcript) in bundle.transcripts.iter().filter(|(id, _)| !elsewhere(id)) {
        lines.extend(transcript.lines.iter().map(|line| (case.as_str(), line)));
    }
    lines.sort_by_key(|(_, line)| line.n);
    let mut findings = Vec::new();
    let mut observers: BTreeMap<(&str, &str), Observer> = BTreeMap::new();
    for (case, line) in lines {
        let at = (case, line.on.as_str());
        server.set_clock(line.at);
        let begun = match line.what {
            What::Opened(101) => Some(Observer::new(Arc::clone(&server))),
            What::Opened(BY_REQUESTS) => Some(Observer::by_requests(Arc::clone(&server))),
            _ => None,
        };
        if let Some(begun) = begun {
            // A connection of the same name before is over.
            if let Some(mut old) = observers.insert(at, begun) {
                collect(&mut findings, at, &mut old);
            }
        }
        let Some(observer) = observers.get_mut(&at) else {
            continue;
        };
        match &line.what {
            What::Sent(text) => observer.sends(text),
            What::SentBytes(_) => observer.sends(""),
            What::Received(text) => {
                observer.receives(text);
            }
            What::ReceivedBytes(length) => observer.receives_binary(*length),
            What::Ended { close, .. } => observer.ends(*close),
            _ => {}
        }
    }
    let whole = was_read_whole(bundle, &server);
    for (at, observer) in &mut observers {
        let waits_for = observer.check_receipts();
        collect(&mut findings, *at, observer);
        if let Some(index) = waits_for.filter(|index| whole && *index >= server.chain.have().0) {
            findings.push(Finding {
                requirement: "CHAIN-5".into(),
                detail: format!("a receipt for block {index}, and no such block is on the chain"),
                case: at.0.to_owned(),
                connection: at.1.to_owned(),
            });
        }
    }
    findings.extend(audit(&server).map(|fault| Finding {
        requirement: fault.requirement,
        detail: fault.detail,
        case: "(the chain)".into(),
        connection: String::new(),
    }));
    Ok(Replayed { server, findings })
}

/// Whether the chain was read after the last case, up to the size of the welcome: so each accepted entry's block is there.
fn was_read_whole(bundle: &Bundle, server: &Server) -> bool {
    let last = bundle
        .transcripts
        .get(AFTERMATH)
        .into_iter()
        .flat_map(|transcript| &transcript.lines);
    let welcomes = last.filter_map(|line| match &line.what {
        What::Received(text) => serde_json::from_str::<Value>(text).ok(),
        _ => None,
    });
    let mut sizes = welcomes
        .filter(|frame| frame["type"] == "welcome")
        .filter_map(|frame| frame["size"].as_u64());
    sizes.any(|size| size <= server.chain.have().0)
}

fn collect(findings: &mut Vec<Finding>, (case, on): (&str, &str), observer: &mut Observer) {
    observer.check_receipts();
    findings.extend(observer.take_faults().into_iter().map(|fault| Finding {
        requirement: fault.requirement,
        detail: fault.detail,
        case: case.to_owned(),
        connection: on.to_owned(),
    }));
}
