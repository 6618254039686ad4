//! TLS (RFC 8446), where the server speaks it itself: a certificate and its key from two files, which are read again when
//! they change, so that a renewed certificate is shown without a restart. [`keeper`] follows the files.

mod carrier;
mod keeper;
mod pair;

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use tokio_rustls::TlsAcceptor;

pub(crate) use carrier::Carrier;
pub(crate) use keeper::Keeper;
pub(crate) use pair::{Pair, Shown};

use crate::error::Error;

/// What is spoken inside: HTTP/1.1 alone.
const PROTOCOL: &[u8] = b"http/1.1";

/// Takes handshakes on with whatever certificate is shown at the moment.
///
/// # Errors
/// If the system gives no random bytes for session tickets.
pub(crate) fn acceptor(shown: Arc<Shown>) -> Result<TlsAcceptor, Error> {
    let failed = |cause: rustls::Error| Error::Failed(format!("TLS cannot be spoken ({cause})"));
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .with_no_client_auth()
        .with_cert_resolver(shown);
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    // A community that comes back does so with its tickets, and no private-key operation is needed.
    config.ticketer = aws_lc_rs::Ticketer::new().map_err(failed)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
