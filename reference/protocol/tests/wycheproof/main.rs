//! Wycheproof's test sets over this crate and the libraries that it stands on: RSA-PSS, HKDF and ChaCha20-Poly1305 on
//! aws-lc-rs; X25519 within `hpke`, and on aws-lc-rs besides, so that two libraries agree on it.
//!
//! Where the verdict of this protocol is another than Wycheproof's, `vectors/wycheproof.md` says by which requirement. Its
//! tables have to be exact: a verdict that moves fails here, in either direction.

// One reader of the tables for both stacks: it holds numbers against them, and knows neither.
#[path = "../../../../conformance/tests/wycheproof/ledger.rs"]
mod ledger;
mod rsa_pss;
mod symmetric;
mod x25519;

use ledger::Ledger;

#[test]
fn every_verdict_is_wycheproofs_or_stands_in_the_tables() {
    let mut ledger = Ledger::default();
    rsa_pss::run(&mut ledger);
    x25519::open_wraps(&mut ledger);
    x25519::agree(&mut ledger);
    x25519::check_cards(&mut ledger);
    symmetric::derive(&mut ledger);
    symmetric::open_and_seal(&mut ledger);
    ledger.must_be_the_tables();
}
