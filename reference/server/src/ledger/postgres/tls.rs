//! TLS to the database, over the same stack as the server's own.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What connects by TLS to a database that these authorities vouch for, or those that the system trusts.
///
/// # Errors
/// A sentence: a file that cannot be read, or holds no certificate.
pub(super) fn connector(authorities: Option<&Path>) -> Result<MakeRustlsConnect, String> {
    let mut roots = RootCertStore::empty();
    match authorities {
        // A system without any is no problem before a database that is spoken to in the clear.
        None => {
            let trusted = rustls_native_certs::load_native_certs().certs;
            roots.add_parsable_certificates(trusted);
        }
        Some(path) => {
            let bad = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
            let text = std::fs::read(path).map_err(|cause| bad(&cause))?;
            for certificate in CertificateDer::pem_slice_iter(&text) {
                let certificate = certificate.map_err(|cause| bad(&cause))?;
                roots.add(certificate).map_err(|cause| bad(&cause))?;
            }
            if roots.is_empty() {
                return Err(bad(&"no certificate in PEM (-----BEGIN CERTIFICATE-----)"));
            }
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| cause.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
