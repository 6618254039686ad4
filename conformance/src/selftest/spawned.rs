//! Cases that kill their server, or read its files and its log: the control server is tried as a process of its own, in the
//! suite's own program, by `control --config`.

use std::{sync::Arc, time::Duration};

use super::{Alone, DEADLINE, GRACE, Manner, Plan, Subject, Trial};
use crate::{
    canary::Places,
    preflight::{self, Wishes},
    run::{Settings, run},
    scenario::{Capability, Case, Vectors},
    spawn::{CommandTemplate, Spawner},
};

/// How long a start may take on a machine that tries many servers at once.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// Whether a case can only be played on a server that is a process of the suite's own.
pub(super) fn is_apart(case: &Case) -> bool {
    [
        Capability::Spawn,
        Capability::DataDir,
        Capability::ServerLog,
    ]
    .into_iter()
    .any(|need| case.needs(need))
}

/// Plays such cases on the subject.
pub(super) async fn attempt(
    subject: Subject,
    manner: Manner,
    cases: &[&Case],
    vectors: &Arc<Vectors>,
    plan: &Plan,
) -> Trial {
    let spawner = Spawner {
        command: command(subject, plan),
        ready_within: READY_WITHIN,
        stop_within: manner.patience,
        keep: None,
    };
    let process = match spawner.prepare("server", &Default::default()) {
        Ok(process) => process,
        Err(error) => return Trial::unplayed(subject, format!("no folder: {error}")),
    };
    let wishes = Wishes {
        patience: manner.patience,
        wait_ready: Duration::ZERO,
        authority: None,
        trace: false,
        record: false,
    };
    let ready = preflight::start(Arc::clone(&process), &wishes, vectors);
    let ready = match tokio::time::timeout(READY_WITHIN + GRACE, ready).await {
        Ok(Ok(ready)) => ready,
        Ok(Err(unready)) => return Trial::unplayed(subject, unready.to_string()),
        Err(_) => return Trial::endless(subject),
    };
    let settings = Settings {
        jobs: manner.jobs,
        deadline: DEADLINE,
        fail_fast: false,
        without: Vec::new(),
        trace: false,
        url: None,
        suite: plan.suite.clone(),
        spawner: Some(spawner),
        places: Places::default(),
    };
    let never = std::future::pending();
    let mut alone = Alone::default();
    let played = run(ready, cases, vectors, &settings, &mut alone, never);
    let trial = match tokio::time::timeout(DEADLINE + GRACE, played).await {
        Ok(result) => alone.trial(subject, cases, &result),
        Err(_) => Trial::endless(subject),
    };
    // What cannot be killed now is killed when it is dropped.
    let _ = process.kill().await;
    trial
}

fn command(subject: Subject, plan: &Plan) -> CommandTemplate {
    let mut arguments = vec!["control", "--config", "{config}"];
    match subject {
        Subject::Faultless => {}
        Subject::Fault(fault) => arguments.extend(["--fault", fault.id]),
        Subject::Null(peer) => arguments.extend(["--null", peer.name()]),
    }
    CommandTemplate::of(&plan.program, &arguments)
}
