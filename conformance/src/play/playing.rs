//! Plays a case, step by step.

use super::{Outcome, Stage, miss::Miss};
use crate::{
    result::{Failure, Verdict},
    scenario::{Case, Step, step::Verb},
    transcript::What,
};

/// The place of what follows the last step: receipts are held against blocks, and the server must live.
pub const AFTER: &str = "after";

/// Plays a case to its end, or to the first step that fails.
pub async fn play(stage: &mut Stage, case: &Case) -> Outcome {
    let failed = play_steps(stage, case, &case.steps, "").await;
    let failed = match failed {
        None => {
            stage.timeline.record("", || What::Step(AFTER.into()));
            stage.settle().await;
            stage
                .finding_against(&case.requirements)
                .map(|failure| (Verdict::Fail, failure))
        }
        failed => failed,
    };
    let unsettled = stage.unsettling
        || stage
            .connections
            .values_mut()
            .any(|connection| connection.ended().is_some());
    let failed = match failed {
        None if unsettled => stage
            .server_lives()
            .await
            .err()
            .map(|miss| told(case, miss, None)),
        failed => failed,
    };
    stage.collect_findings();
    stage.trickles.clear();
    for connection in stage.connections.values_mut() {
        if connection.ended().is_none() {
            connection.close().await;
        }
    }
    let (verdict, failure) = failed.map_or((Verdict::Pass, None), |(verdict, failure)| {
        (verdict, Some(failure))
    });
    Outcome {
        verdict,
        failure,
        findings: std::mem::take(&mut stage.findings),
    }
}

/// Plays steps; `place` is that of the steps around them.
async fn play_steps(
    stage: &mut Stage,
    case: &Case,
    steps: &[Step],
    place: &str,
) -> Option<(Verdict, Failure)> {
    for (number, step) in (1..).zip(steps) {
        let place = if place.is_empty() {
            number.to_string()
        } else {
            format!("{place}.{number}")
        };
        if let Verb::Repeat(repeat) = &step.verb {
            for round in 0..repeat.times {
                stage.round = Some(round);
                if let Some(failed) = Box::pin(play_steps(stage, case, &repeat.steps, &place)).await
                {
                    return Some(failed);
                }
            }
            stage.round = None;
            continue;
        }
        let begins = at_place(stage, &place);
        stage.timeline.record("", || What::Step(begins));
        let done = stage.step(step).await;
        if let Err(miss) = done {
            // A finding of the case's own says more than the silence that it led to.
            let finding = stage.finding_against(&case.requirements);
            return Some(match finding {
                Some(failure) if miss.verdict != Verdict::HarnessError => {
                    (Verdict::Fail, at(stage, failure, &place, step))
                }
                _ => {
                    let (verdict, failure) = told(case, miss, Some(step));
                    (verdict, at(stage, failure, &place, step))
                }
            });
        }
        if let Some(failure) = stage.finding_against(&case.requirements) {
            return Some((Verdict::Fail, at(stage, failure, &place, step)));
        }
    }
    None
}

fn told(case: &Case, miss: Miss, step: Option<&Step>) -> (Verdict, Failure) {
    let failure = Failure {
        requirement: miss
            .requirement
            .or_else(|| case.requirements.first().cloned()),
        step: None,
        does: step.map(|step| step.text.clone()),
        expected: miss.expected,
        came: miss.came,
    };
    (miss.verdict, failure)
}

fn at(stage: &Stage, mut failure: Failure, place: &str, step: &Step) -> Failure {
    failure.step = Some(at_place(stage, place));
    failure.does = Some(step.text.clone());
    failure
}

/// A step's place, with the round of its `repeat`.
fn at_place(stage: &Stage, place: &str) -> String {
    match stage.round {
        Some(round) => format!("{place} (i = {round})"),
        None => place.to_owned(),
    }
}
