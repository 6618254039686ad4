//! A certificate chain and its private key, read and held against each other.

use std::fs;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::client::verify_server_name;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use x509_cert::der::Decode as _;

use crate::config::TlsFiles;
use crate::error::{Error, at};
use crate::origin::Origin;

/// See the module.
#[derive(Debug)]
pub(crate) struct Pair {
    key: Arc<CertifiedKey>,
    /// Until when the certificate is valid, in seconds since 1970.
    pub(crate) not_after: u64,
}

impl Pair {
    /// Reads both files.
    ///
    /// # Errors
    /// [`Error::Configuration`] with the file: not there, no PEM, another form, or a key that is not the certificate's.
    pub(crate) fn read(files: &TlsFiles) -> Result<Pair, Error> {
        let chain = certificates(&files.certificate)?;
        let not_after = not_after(&chain[0]).ok_or_else(|| {
            Error::file(&files.certificate, "its first certificate cannot be read")
        })?;
        let key = private_key(&files.key)?;
        let key = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider());
        let key = key.map_err(|cause| match cause {
            rustls::Error::InconsistentKeys(_) => Error::file(
                &files.key,
                format!(
                    "the key does not belong to the certificate in {}",
                    files.certificate.display()
                ),
            ),
            cause => Error::file(
                &files.key,
                format!("not a private key that TLS can use ({cause})"),
            ),
        })?;
        Ok(Pair {
            key: Arc::new(key),
            not_after,
        })
    }

    /// The hosts among these origins that the certificate does not name.
    pub(crate) fn not_named<'a>(&self, origins: &'a [Origin]) -> Vec<&'a str> {
        let Ok(certificate) = ParsedCertificate::try_from(&self.key.cert[0]) else {
            return Vec::new();
        };
        let hosts = origins.iter().filter(|origin| origin.is_https());
        hosts
            .map(Origin::host)
            .filter(|host| {
                let name = ServerName::try_from(*host);
                !name.is_ok_and(|name| verify_server_name(&certificate, &name).is_ok())
            })
            .collect()
    }
}

/// The pair that is shown to clients at the moment.
#[derive(Debug)]
pub(crate) struct Shown(RwLock<Arc<Pair>>);

impl Shown {
    /// Shows this one.
    pub(crate) fn new(pair: Pair) -> Shown {
        Shown(RwLock::new(Arc::new(pair)))
    }

    /// What is shown.
    pub(crate) fn pair(&self) -> Arc<Pair> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Shows another one from the next handshake on. True if it is another one.
    pub(crate) fn change(&self, pair: Pair) -> bool {
        let mut shown = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_other = shown.key.cert != pair.key.cert;
        *shown = Arc::new(pair);
        is_other
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.pair().key.clone())
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = fs::read(path).map_err(at(path))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err(Error::file(
            path,
            "no certificate in PEM (-----BEGIN CERTIFICATE-----)",
        )),
        Ok(chain) => Ok(chain),
        Err(cause) => Err(Error::file(path, format!("damaged PEM ({cause})"))),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    if is_open_to_all(path) {
        return Err(Error::file(
            path,
            format!(
                "everybody on this machine can read this private key; mend it with: chmod o= {}",
                path.display()
            ),
        ));
    }
    let text = fs::read(path).map_err(at(path))?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|cause| match cause {
        pem::Error::NoItemsFound => Error::file(
            path,
            "no private key in PEM (-----BEGIN PRIVATE KEY-----); an encrypted one has to be decrypted first",
        ),
        cause => Error::file(path, format!("damaged PEM ({cause})")),
    })
}

/// A group may read it, as Debian's `ssl-cert` does.
#[cfg(unix)]
fn is_open_to_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o007 != 0)
}

#[cfg(not(unix))]
fn is_open_to_all(_: &Path) -> bool {
    false
}

fn not_after(certificate: &CertificateDer<'_>) -> Option<u64> {
    let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
    let not_after = certificate.tbs_certificate.validity.not_after;
    Some(not_after.to_unix_duration().as_secs())
}
