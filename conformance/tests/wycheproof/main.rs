//! Wycheproof's test sets over the suite's own codec and RustCrypto, on which it stands: RSA-PSS, X25519, HKDF and
//! ChaCha20-Poly1305.
//!
//! Where the verdict of this protocol is another than Wycheproof's, `vectors/wycheproof.md` says by which requirement. Its
//! tables have to be exact: a verdict that moves fails here, in either direction. The reference has a test of its own.

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
