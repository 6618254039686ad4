//! After the last case: the whole chain is read once more, and what was found anywhere is held against every case.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use super::Run;
use crate::{
    accounts::Actor,
    canary,
    codec::{Role, accounts, chain::ChainModel},
    peer::{Fault, Server, server::now},
    play::Stage,
    requirement::Level,
    result::{CaseResult, Failure, Finding, Verdict},
    scenario::{AccountKind, step::Have},
    story::Timeline,
};

/// The name of what the runner does after the last case.
pub const AFTERMATH: &str = "(after the last case)";

impl Run<'_> {
    /// Reads the chain again, and judges what only the whole run shows.
    pub(super) async fn aftermath(&mut self, first_own_block: u64) {
        // What is due before the chain is read again is covered by the checkpoint that its welcome shows, whoever goes on writing.
        let due = now().saturating_sub(1000);
        self.read_again().await;
        let checkpoint_ms = self.server.limit("checkpoint_ms");
        let mut faults = self
            .server
            .chain
            .uncovered(first_own_block, checkpoint_ms, due);
        faults.extend(audited(&self.server).await);
        faults.extend(self.search().await);
        self.findings
            .extend(faults.into_iter().map(|fault| Finding {
                requirement: fault.requirement,
                detail: fault.detail,
                case: AFTERMATH.into(),
                connection: String::new(),
            }));
        self.hold_against_cases();
    }

    /// Looks for what the server must not keep, log or say.
    async fn search(&mut self) -> Vec<Fault> {
        let places = self.places();
        // Of a process of its own the suite knows where it writes.
        let begun = match &self.server.process {
            Some(_) => SystemTime::UNIX_EPOCH,
            None => self.begun_at,
        };
        let swept = canary::sweep(&self.server, &places, begun, self.server.patience).await;
        self.notes.extend(swept.notes);
        if swept.is_blind {
            let blind = self.results.iter_mut().filter(|result| {
                result.verdict == Verdict::Pass && self.store_cases.contains(&result.id)
            });
            for result in blind {
                result.verdict = Verdict::Untestable;
                result.reason = Some("the server's data could not be searched".into());
            }
        }
        swept.faults
    }

    /// Joins without `have`: each block must be the one that was sent before.
    async fn read_again(&mut self) {
        let Some(member) = accounts::with_role(Role::Member)
            .find(|account| self.server.chain.is_member(&account.id()))
        else {
            return;
        };
        let roles = BTreeMap::from([(
            "somebody".to_owned(),
            (AccountKind::Member, Actor::Known(member)),
        )]);
        let timeline = Timeline::begin(self.settings.trace.then_some(AFTERMATH))
            .recorded(self.server.recorder(), AFTERMATH);
        let mut stage = Stage::new(
            Arc::clone(&self.server),
            Arc::clone(&self.vectors),
            AFTERMATH,
            roles,
            timeline,
        );
        if let Err(why) = stage.enter("somebody", Have::Nothing).await {
            self.notes.push(format!(
                "the chain could not be read again after the cases: {why}"
            ));
        }
        self.findings.extend(stage.take_findings());
    }

    /// A case that names a requirement does not pass where its breach was seen anywhere in the run.
    fn hold_against_cases(&mut self) {
        for result in self
            .results
            .iter_mut()
            .filter(|result| result.verdict == Verdict::Pass)
        {
            let finding = self
                .findings
                .iter()
                .filter(|finding| result.requirements.contains(&finding.requirement))
                // What this case's server left behind tells more of it than what another one's did.
                .min_by_key(|finding| {
                    finding.case != AFTERMATH && finding.case.ends_with(AFTERMATH)
                });
            let Some(finding) = finding else { continue };
            condemn(result, finding);
        }
    }
}

/// Holds a finding against a case that passed.
pub(super) fn condemn(result: &mut CaseResult, finding: &Finding) {
    result.verdict = if result.level == Level::Must {
        Verdict::Fail
    } else {
        Verdict::Warn
    };
    result.failure = Some(Failure {
        requirement: Some(finding.requirement.clone()),
        step: None,
        does: None,
        expected: "what the requirement says, in whatever the server sends in any case".into(),
        came: format!(
            "in {}{}: {}",
            finding.case,
            on(&finding.connection),
            finding.detail
        ),
    });
}

/// Audits the whole chain, off the threads that wait for sockets.
pub(super) async fn audited(server: &Arc<Server>) -> Option<Fault> {
    let server = Arc::clone(server);
    let audited = tokio::task::spawn_blocking(move || audit(&server)).await;
    // It is computation alone: it ends, or the suite is at its end.
    audited.ok().flatten()
}

/// Holds the whole chain against the rules that a client goes by; says the first that a block breaks.
pub fn audit(server: &Server) -> Option<Fault> {
    let mut model = ChainModel::pinned(server.chain.community()?);
    for index in 0..server.chain.have().0 {
        let block = server.chain.block(index)?;
        if let Err(verdict) = model.append(&block) {
            let requirement = match verdict.requirement {
                "CHAIN-8" => "CHAIN-1",
                "CHAIN-9" => "CHAIN-2",
                "CHAIN-10" => "CHAIN-3",
                "GEN-3" => "DISC-2",
                other => other,
            };
            return Some(Fault::new(
                requirement,
                format!("block {index}: {}", verdict.detail),
            ));
        }
    }
    None
}

fn on(connection: &str) -> String {
    if connection.is_empty() {
        String::new()
    } else {
        format!(", on `{connection}`")
    }
}
