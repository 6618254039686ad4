//! A case that kills its server: it gets one of its own, in a folder of its own, with the limits that it asks for.
//!
//! So it disturbs no other case, none waits for it, and what it breaks is gone with it.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{
    aftermath::{self, AFTERMATH},
    one::{self, Played},
};
use crate::{
    canary,
    preflight::{self, Wishes},
    result::{Finding, Verdict},
    scenario::{Case, Vectors},
    spawn::Spawner,
    transcript::Recorder,
};

/// Plays a case on a server that is started for it, and ends it.
pub async fn play_on_own(
    spawner: Spawner,
    vectors: Arc<Vectors>,
    case: Case,
    patience: Duration,
    trace: bool,
    recorder: Option<Arc<Recorder>>,
) -> Played {
    let unset = |reason: String| Played {
        result: one::not_played(&case, Verdict::Untestable, reason),
        findings: Vec::new(),
        notes: Vec::new(),
    };
    let limits = case.server.as_ref().map(|server| server.limits.clone());
    let process = match spawner.prepare(&case.id, &limits.unwrap_or_default()) {
        Ok(process) => process,
        Err(error) => return unset(format!("its server's folder could not be made: {error}")),
    };
    let wishes = Wishes {
        patience,
        wait_ready: Duration::ZERO,
        authority: None,
        trace,
        record: false,
    };
    let ready = match preflight::start(Arc::clone(&process), &wishes, &vectors).await {
        Ok(ready) => ready,
        Err(unready) => return unset(format!("its server could not be used: {unready}")),
    };
    let mut pool = ready.pool;
    let Some(lease) = pool.lend(&case) else {
        return unset("it asks for more accounts than there are".into());
    };
    let server = ready.server;
    if let Some(recorder) = recorder {
        // What was read before the case is not of its transcript.
        server.record_with(recorder);
    }
    let (mut played, _) = one::play_one(
        Arc::clone(&server),
        Arc::clone(&vectors),
        case,
        lease,
        trace,
    )
    .await;
    played.notes.extend(ready.notes);
    played.findings.extend(ready.findings);
    let failed = played.result.verdict.counts_as_failure();
    if !failed {
        let mut faults: Vec<_> = aftermath::audited(&server).await.into_iter().collect();
        let swept =
            canary::sweep(&server, &process.places(), SystemTime::UNIX_EPOCH, patience).await;
        faults.extend(swept.faults);
        let case = format!("{} {AFTERMATH}", played.result.id);
        played
            .findings
            .extend(faults.into_iter().map(|fault| Finding {
                requirement: fault.requirement,
                detail: fault.detail,
                case: case.clone(),
                connection: String::new(),
            }));
        // What its own server left behind the case saw itself.
        let own = |finding: &&Finding| played.result.requirements.contains(&finding.requirement);
        if let Some(finding) = played.findings.iter().find(own) {
            aftermath::condemn(&mut played.result, finding);
        }
    }
    if let Err(error) = process.kill().await {
        played.notes.push(format!(
            "the server of {} could not be killed: {error}",
            played.result.id
        ));
    }
    if failed {
        played.notes.push(format!(
            "what the server of {} said{}",
            played.result.id,
            process.said()
        ));
    }
    played
}
