//! Certificates for one test.

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::CertificateDer;

/// A certificate that vouches for itself, and its key.
pub struct Certified {
    pub certificate: CertificateDer<'static>,
    /// In PEM, as its file has it.
    pub certificate_pem: String,
    pub key_pem: String,
}

/// One for these names and addresses.
pub fn certified(names: &[&str]) -> Certified {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    Certified {
        certificate_pem: pem("CERTIFICATE", cert.der()),
        key_pem: pem("PRIVATE KEY", &signing_key.serialize_der()),
        certificate: cert.into(),
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}
