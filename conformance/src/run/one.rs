//! One case from the lease of its accounts to its result.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    accounts::{Actor, Lease},
    peer::Server,
    play::{Stage, play},
    requirement::Level,
    result::{CaseResult, Finding, Verdict},
    scenario::{AccountKind, Case, Vectors, step::Have},
    story::Timeline,
};

/// The name of the transcript of what restores the roster.
const RESTORING: &str = "(restoring the roster)";

/// A case that was played.
#[derive(Debug)]
pub struct Played {
    /// What became of it.
    pub result: CaseResult,
    /// What was found wrong on the way.
    pub findings: Vec<Finding>,
    /// What a reader of the report should know.
    pub notes: Vec<String>,
}

/// Plays a case, and leaves the roster as it was.
pub async fn play_one(
    server: Arc<Server>,
    vectors: Arc<Vectors>,
    case: Case,
    lease: Lease,
    trace: bool,
) -> (Played, Lease) {
    let begun = Instant::now();
    let mut roles = lease.lent.clone();
    for role in &lease.fresh {
        let chain = Arc::clone(&server);
        let fresh = move || Actor::fresh(|id| chain.chain.claim(id));
        match tokio::task::spawn_blocking(fresh).await {
            Ok(Ok(actor)) => {
                roles.insert(role.clone(), (AccountKind::Fresh, actor));
            }
            other => {
                let reason = format!("no key could be made for `{role}`: {other:?}");
                let result = not_played(&case, Verdict::HarnessError, reason);
                return (
                    Played {
                        result,
                        findings: Vec::new(),
                        notes: Vec::new(),
                    },
                    lease,
                );
            }
        }
    }
    let timeline =
        Timeline::begin(trace.then_some(case.id.as_str())).recorded(server.recorder(), &case.id);
    for (role, (_, actor)) in &roles {
        timeline.casts(role, actor.name());
    }
    let mut stage = Stage::new(
        Arc::clone(&server),
        Arc::clone(&vectors),
        &case.id,
        roles,
        timeline.clone(),
    );
    stage.transport = case.transport;
    let outcome = play(&mut stage, &case).await;
    let duration = begun.elapsed();
    let verdict = judged(case.level, outcome.verdict);
    let mut played = Played {
        result: CaseResult {
            verdict,
            duration,
            failure: outcome.failure,
            timeline: if verdict == Verdict::Pass {
                Vec::new()
            } else {
                timeline.moments()
            },
            reason: None,
            ..plain(&case, verdict)
        },
        findings: outcome.findings,
        notes: Vec::new(),
    };
    drop(stage);
    restore(&server, &vectors, &lease, &mut played).await;
    (played, lease)
}

/// The result of a case that was not played.
pub fn not_played(case: &Case, verdict: Verdict, reason: String) -> CaseResult {
    CaseResult {
        reason: Some(reason),
        ..plain(case, verdict)
    }
}

/// What a failed case means at its level.
fn judged(level: Level, verdict: Verdict) -> Verdict {
    match (level, verdict) {
        (Level::Should | Level::May, Verdict::Fail | Verdict::Timeout) => Verdict::Warn,
        (_, verdict) => verdict,
    }
}

fn plain(case: &Case, verdict: Verdict) -> CaseResult {
    CaseResult {
        id: case.id.clone(),
        title: case.title.clone(),
        why: case.why.clone(),
        level: case.level,
        requirements: case.requirements.clone(),
        verdict,
        duration: Duration::ZERO,
        reason: None,
        baseline: None,
        failure: None,
        timeline: Vec::new(),
    }
}

/// Puts members back on the roster and takes outsiders from it: the next case that is lent them counts on it.
async fn restore(server: &Arc<Server>, vectors: &Arc<Vectors>, lease: &Lease, played: &mut Played) {
    let authority = lease
        .lent
        .values()
        .find(|(kind, _)| *kind == AccountKind::Authority);
    let Some((kind, authority)) = authority.filter(|_| server.chain.have().0 > 0) else {
        return;
    };
    let roles = [("authority".to_owned(), (*kind, authority.clone()))].into();
    let case = &played.result.id;
    let mut stage = Stage::new(
        Arc::clone(server),
        Arc::clone(vectors),
        case,
        roles,
        Timeline::begin(None).recorded(server.recorder(), RESTORING),
    );
    if played.result.verdict != Verdict::Pass {
        // It may have changed the roster and broken off before it saw the block.
        if let Err(why) = stage.enter("authority", Have::All).await {
            played.notes.push(format!(
                "after {case} the chain could not be read on: {why}"
            ));
        }
    }
    let strays = |fits: fn(AccountKind) -> bool, on_roster: bool| -> Vec<&Actor> {
        let lent = lease.lent.values().filter(|(kind, _)| fits(*kind));
        let strays = lent.filter(|(_, actor)| server.chain.is_member(&actor.id()) == on_roster);
        strays.map(|(_, actor)| actor).collect()
    };
    let add = strays(AccountKind::is_member, false);
    let remove = strays(|kind| kind == AccountKind::Outsider, true);
    if !add.is_empty() || !remove.is_empty() {
        let keys: Vec<&[u8]> = add.iter().map(|actor| actor.public_key()).collect();
        let ids: Vec<_> = remove.iter().map(|actor| actor.id()).collect();
        if let Err(why) = stage.change_roster("authority", &keys, &ids).await {
            played.notes.push(format!(
                "after {case} the roster could not be restored: {why}"
            ));
        }
    }
    played.findings.extend(stage.take_findings());
}
