//! What is wrong with a discovery document.

use serde_json::Value;

use super::{Fault, http::Answer};
use crate::codec::{base64url, block, frame};

/// The bounds of the limits, as the specification's chapter states them.
const BOUNDS: [(&str, u64, u64); 7] = [
    ("frame_bytes", 65_536, 524_288),
    ("ciphertext_bytes", 144, 65_536),
    ("wraps", 1, 1024),
    ("skew_ms", 1000, 86_400_000),
    ("session_ms", 1000, 2_592_000_000),
    ("challenge_ms", 1000, 60_000),
    ("checkpoint_ms", 10, 60_000),
];

/// Holds a document, and the answer that brought it, against the specification.
pub fn faults(document: &Value, answer: &Answer) -> Vec<Fault> {
    let mut faults = Vec::new();
    let header = |name: &str| {
        answer
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let media = header("content-type")
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    if media != "application/json" {
        faults.push(Fault::new(
            "DISC-1",
            format!("the discovery document's Content-Type is {media:?}"),
        ));
    }
    if header("access-control-allow-origin") != "*" {
        faults.push(Fault::new(
            "DISC-4",
            "the answer lacks `Access-Control-Allow-Origin: *`",
        ));
    }
    if let Err(verdict) = frame::check_discovery(document) {
        faults.push(Fault::against("CONV-11", &verdict));
        faults.push(Fault::against("DISC-1", &verdict));
    }
    match block::hash(&document["genesis"]) {
        Ok(hash) if document["community"] == base64url::encode(&hash) => {}
        _ => faults.push(Fault::new(
            "DISC-2",
            "`community` is not the hash of `genesis`",
        )),
    }
    if !lists(document, "versions", "dispatch-d/1") {
        faults.push(Fault::new(
            "DISC-1",
            "`versions` does not hold \"dispatch-d/1\"",
        ));
    }
    if !lists(document, "transports", "ws") {
        faults.push(Fault::new("DISC-3", "`transports` does not hold \"ws\""));
    }
    faults.extend(limits(&document["limits"]));
    faults
}

fn limits(limits: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (name, least, most) in BOUNDS {
        match limits[name].as_u64() {
            Some(limit) if (least..=most).contains(&limit) => {}
            _ => faults.push(Fault::new(
                "LIM-5",
                format!("`{name}` is {}, not from {least} to {most}", limits[name]),
            )),
        }
    }
    let limit = |name: &str| limits[name].as_u64().unwrap_or_default();
    let largest = (limit("ciphertext_bytes") * 4)
        .div_ceil(3)
        .max(200 * limit("wraps"))
        + 4096;
    if limit("frame_bytes") < largest {
        faults.push(Fault::new(
            "LIM-10",
            format!("`frame_bytes` is less than {largest}"),
        ));
    }
    faults
}

fn lists(document: &Value, name: &str, text: &str) -> bool {
    document[name]
        .as_array()
        .is_some_and(|items| items.iter().any(|item| item == text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Corpus;

    #[test]
    fn the_bounds_are_those_of_the_specification() {
        let corpus = Corpus::embedded();
        let chapter = corpus.text("spec/errors.md").expect("the chapter");
        for (name, least, most) in BOUNDS {
            assert!(
                chapter.contains(&format!("| {name} | {least} to {most} |")),
                "{name}"
            );
        }
    }

    #[test]
    fn a_limit_out_of_its_bounds_is_found() {
        let sound = serde_json::json!({"frame_bytes": 262_144, "ciphertext_bytes": 65_536, "wraps": 1024, "skew_ms": 600_000,
            "session_ms": 21_600_000, "challenge_ms": 60_000, "checkpoint_ms": 1000});
        assert_eq!(limits(&sound), []);
        for (name, least, most) in BOUNDS {
            for wrong in [least - 1, most + 1] {
                let mut bad = sound.clone();
                bad[name] = wrong.into();
                assert!(
                    limits(&bad)
                        .iter()
                        .any(|fault| fault.requirement == "LIM-5"),
                    "{name} {wrong}"
                );
            }
        }
        let mut small = sound;
        small["frame_bytes"] = 65_536.into();
        assert!(
            limits(&small)
                .iter()
                .any(|fault| fault.requirement == "LIM-10")
        );
    }
}
