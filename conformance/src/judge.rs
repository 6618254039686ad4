//! The verdicts of a bundle again, offline: what of them follows from what was recorded.
//!
//! Two things are done anew with the suite's own codec. Every frame passes the observers once more, in the order in which it
//! was sent or came, at the time at which it did ([`frames`]): forms, signatures, linkage, receipts. And every step is held
//! against what it took, as the vector says ([`steps`]). What neither can see stays open, and is counted: that nothing came in
//! time, what a pong carried, values that were asked of the chain at that moment.
//!
//! A server signs welcomes, checkpoints and its blocks' entries are signed by their authors; a challenge, a refusal or a receipt
//! has no signature. Who forges those, and what they lead to, and the verdict, and the digest, all in accord, is not found out.

mod frames;
mod held;
mod sent;
mod steps;
mod window;

use std::sync::Arc;

use crate::{
    bundle::Bundle,
    requirement::Level,
    result::{CaseResult, Finding, Verdict},
    scenario::{Capability, Vectors},
};
use steps::Walked;

/// What is said of one case of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The case's id.
    pub case: String,
    /// The verdict that the bundle has.
    pub recorded: Verdict,
    /// What follows from its transcript.
    pub outcome: Outcome,
}

/// What follows from a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The verdict, as far as can be seen; so many steps cannot.
    Follows {
        /// Steps that were judged again.
        judged: usize,
        /// Steps that stay open.
        open: usize,
    },
    /// Another verdict, or a transcript that cannot be one.
    Contradicts(String),
    /// Nothing.
    Open(String),
}

/// Judges a bundle.
///
/// # Errors
/// In words, if these vectors are not those of the bundle, or the bundle names no server.
pub fn judge(
    bundle: &Bundle,
    vectors: &Arc<Vectors>,
    vectors_hash: &str,
) -> Result<Vec<Judged>, String> {
    if bundle.result.suite.vectors != vectors_hash {
        return Err(format!(
            "the bundle was judged by the vectors {}, and these are {vectors_hash}: take the suite that wrote it",
            bundle.result.suite.vectors
        ));
    }
    let mut settled = bundle.result.clone();
    settled.settle();
    if settled != bundle.result {
        return Err("the bundle's sums do not follow from its cases: it was changed".into());
    }
    let replayed = frames::replay(bundle, vectors)?;
    let judged = bundle.result.cases.iter().map(|result| {
        let case = vectors.played(&result.id);
        let outcome = match (case.as_deref(), bundle.transcripts.get(&result.id)) {
            (Some(case), _) if case.needs(Capability::Spawn) && result.reason.is_none() => {
                Outcome::Open(
                    "it is played on a server of its own, whose chain stands in no transcript"
                        .into(),
                )
            }
            (None, _) => Outcome::Contradicts("there is no such case".into()),
            (Some(case), Some(transcript)) => {
                match steps::walk(case, transcript, &replayed, vectors) {
                    Ok(walked) => outcome(result, &walked, &replayed.findings),
                    Err(why) => Outcome::Contradicts(why),
                }
            }
            (Some(_), None) if result.reason.is_some() => Outcome::Open("it was not played".into()),
            (Some(_), None) => Outcome::Contradicts("it has a verdict and no transcript".into()),
        };
        Judged {
            case: result.id.clone(),
            recorded: recorded(result),
            outcome,
        }
    });
    let mut judged: Vec<Judged> = judged.collect();
    for finding in untold(bundle, &replayed.findings) {
        let outcome = Outcome::Contradicts(format!(
            "what came breaks {}, and the bundle does not say so: {}",
            finding.requirement, finding.detail
        ));
        match judged.iter_mut().find(|judged| judged.case == finding.case) {
            Some(judged) => judged.outcome = outcome,
            None => judged.push(Judged {
                case: finding.case.clone(),
                recorded: Verdict::Pass,
                outcome,
            }),
        }
    }
    Ok(judged)
}

/// Findings that neither the bundle tells of nor any of its cases is about; a case that is about one has been judged by it.
fn untold<'a>(bundle: &'a Bundle, findings: &'a [Finding]) -> impl Iterator<Item = &'a Finding> {
    let told = |id: &String| {
        let about = |case: &CaseResult| case.reason.is_none() && case.requirements.contains(id);
        let noticed = |finding: &Finding| finding.requirement == *id;
        bundle.result.cases.iter().any(about) || bundle.result.noticed.iter().any(noticed)
    };
    findings
        .iter()
        .filter(move |finding| !told(&finding.requirement))
}

/// The verdict before a baseline changed its name.
fn recorded(result: &CaseResult) -> Verdict {
    match (&result.baseline, result.verdict) {
        (Some(expected), Verdict::Xfail) => expected.verdict,
        (_, Verdict::Xpass) => Verdict::Pass,
        (_, verdict) => verdict,
    }
}

fn outcome(result: &CaseResult, walked: &Walked, findings: &[Finding]) -> Outcome {
    let finding = findings
        .iter()
        .find(|finding| result.requirements.contains(&finding.requirement));
    let verdict = recorded(result);
    let follows = Outcome::Follows {
        judged: walked.judged,
        open: walked.open,
    };
    let level = |verdict: Verdict| match (result.level, verdict) {
        (Level::Should | Level::May, Verdict::Fail | Verdict::Timeout) => Verdict::Warn,
        (_, verdict) => verdict,
    };
    if matches!(verdict, Verdict::HarnessError | Verdict::Untestable) {
        return Outcome::Open(format!(
            "{} is about the suite, and not about frames",
            verdict.name()
        ));
    }
    let besides = result
        .failure
        .as_ref()
        .is_some_and(|failure| failure.step.is_none());
    match (verdict, &walked.broken, finding) {
        (Verdict::Pass, Some((place, _, why)), _) => {
            Outcome::Contradicts(format!("it is PASS, and step {place} does not hold: {why}"))
        }
        (Verdict::Pass, None, Some(finding)) => Outcome::Contradicts(format!(
            "it is PASS, and {} is broken in {}: {}",
            finding.requirement, finding.case, finding.detail
        )),
        (Verdict::Pass, None, None) if !walked.complete => {
            Outcome::Contradicts("it is PASS, and its transcript ends before the last step".into())
        }
        (Verdict::Pass, None, None) => follows,
        (Verdict::Fail | Verdict::Warn, _, Some(_)) => follows,
        (_, Some((_, derived, _)), _) if level(*derived) == verdict => follows,
        (_, Some((place, derived, why)), _) => Outcome::Contradicts(format!(
            "it is {}, and by its transcript {}: step {place}: {why}",
            verdict.name(),
            level(*derived).name()
        )),
        (_, None, _) if besides => Outcome::Open(format!(
            "{} hangs on what was found outside of its frames",
            verdict.name()
        )),
        (_, None, _) if walked.complete && walked.open == 0 => Outcome::Contradicts(format!(
            "it is {}, and each of its steps holds",
            verdict.name()
        )),
        (_, None, _) => Outcome::Open(format!(
            "{} hangs on a step that cannot be seen again",
            verdict.name()
        )),
    }
}
