//! The kill matrix as JSON.

use serde_json::{Map, Value, json};

use super::{Matrix, NULL_PASSES};

/// The matrix as a document: `{format, vectors, full, holds, what does not hold, null_peers, excuses, faults, cases}`.
pub fn to_json(matrix: &Matrix) -> Value {
    let faults: Vec<Value> = matrix
        .faults()
        .map(|(fault, trial)| {
            json!({
                "id": fault.id,
                "requirement": fault.requirement(),
                "mistake": fault.mistake,
                "spreads": fault.spreads,
                "unready": trial.unready,
                "played": trial.verdicts.len(),
                "killers": matrix.killers(fault, trial),
                "bystanders": matrix.bystanders(fault, trial),
                "failures": trial.failures,
            })
        })
        .collect();
    let cases: Map<String, Value> = matrix
        .cases
        .iter()
        .map(|(id, told)| {
            let caught: Vec<&str> = matrix.caught_by(id).map(|fault| fault.id).collect();
            let case = json!({ "title": told.title, "requirements": told.requirements, "catches": caught });
            (id.clone(), case)
        })
        .collect();
    let unexplained: Map<String, Value> = matrix
        .unexplained()
        .into_iter()
        .map(|(fault, cases)| (fault.id.to_owned(), json!(cases)))
        .collect();
    let passes = |of: Vec<(String, Vec<&str>)>| -> Map<String, Value> {
        of.into_iter()
            .map(|(name, cases)| (name, json!(cases)))
            .collect()
    };
    let ids = |faults: Vec<&crate::control::Fault>| -> Vec<&str> {
        faults.into_iter().map(|fault| fault.id).collect()
    };
    let excuses: Map<String, Value> = NULL_PASSES
        .iter()
        .map(|(case, why)| ((*case).to_owned(), json!(why)))
        .collect();
    json!({
        "format": "dispatch-d/1 selftest",
        "vectors": matrix.vectors_hash,
        "met": matrix.others.to_string(),
        "holds": matrix.holds(),
        "unheard": matrix.unheard(),
        "survivors": ids(matrix.survivors()),
        "toothless": matrix.toothless(),
        "unexplained": unexplained,
        "overexplained": ids(matrix.overexplained()),
        "false_alarms": matrix.false_alarms(),
        "null_passes": passes(matrix.null_passes()),
        "idle_excuses": matrix.idle_excuses(),
        "null_peers": passes(matrix.null_peers().collect()),
        "excuses": excuses,
        "faults": faults,
        "cases": cases,
    })
}
