//! How a check ends, and the readers that checks share.

use dispatch_conformance::codec::{Hash, PublicKey, Verdict, base64url};
use serde_json::Value;

/// Nothing: the input is valid and every answer is the one in the test.
pub type Outcome = Result<(), Failure>;

/// Why a check did not pass.
#[derive(Debug)]
pub enum Failure {
    /// The codec refused the input; where, if the test is of several steps.
    Refused(Verdict, Option<String>),
    /// An answer is another one than the test's.
    Differs(String),
}

impl From<Verdict> for Failure {
    fn from(verdict: Verdict) -> Self {
        Self::Refused(verdict, None)
    }
}

/// Holds an answer against the test's member of this name.
pub fn same(test: &Value, name: &str, answer: impl Into<Value>) -> Outcome {
    let answer = answer.into();
    match test[name] == answer {
        true => Ok(()),
        false => Err(Failure::Differs(format!(
            "`{name}` is {}, we have {answer}",
            test[name]
        ))),
    }
}

/// The same for bytes.
pub fn same_bytes(test: &Value, name: &str, answer: &[u8]) -> Outcome {
    same(test, name, base64url::encode(answer))
}

/// A member that is bytes.
pub fn bytes(test: &Value, name: &str) -> Vec<u8> {
    let text = test[name]
        .as_str()
        .unwrap_or_else(|| panic!("{}: `{name}` is no text", test["id"]));
    base64url::decode(text).unwrap_or_else(|v| panic!("{}: `{name}`: {v}", test["id"]))
}

/// A member that is 32 bytes.
pub fn hash(test: &Value, name: &str) -> Hash {
    bytes(test, name)
        .try_into()
        .unwrap_or_else(|_| panic!("{}: `{name}` is no hash", test["id"]))
}

/// A member that is a number.
pub fn uint(test: &Value, name: &str) -> u64 {
    test[name]
        .as_u64()
        .unwrap_or_else(|| panic!("{}: `{name}` is no number", test["id"]))
}

/// A member that is a good public key.
pub fn key(test: &Value, name: &str) -> PublicKey {
    PublicKey::from_der(&bytes(test, name))
        .unwrap_or_else(|v| panic!("{}: `{name}`: {v}", test["id"]))
}
