//! A stream whose other side has to read: one that leaves what is written to it unread for too long is closed, whatever
//! protocol is spoken on it, and TLS or none below. So nobody holds an answer, or a place, by not reading. // [LIM-11], [SYNC-4]
//!
//! HTTP/2, which the library would speak by itself to whoever begins with it, is cut off here: its connections would be kept
//! without the bounds that requests have.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::tls::Carrier;

/// How much has to be read within the patience where more is waiting: two kilobytes a second by default.
const LEAST: usize = 128 << 10;

/// How a client of HTTP/2 begins (RFC 9113, section 3.4), as far as nothing else does.
const PREFACE: &[u8] = b"PRI ";

/// See the module.
#[derive(Debug)]
pub(crate) struct Stream {
    inner: Carrier,
    /// How much of the preface has come; none once it is known that it does not.
    begun: Option<usize>,
    patience: Duration,
    /// Since when something has had to wait. Boxed, since most connections never have to.
    waiting: Option<Box<Waiting>>,
}

#[derive(Debug)]
struct Waiting {
    alarm: Pin<Box<Sleep>>,
    read: usize,
}

impl Stream {
    /// A stream whose other side may let us wait for so long.
    pub(crate) fn new(inner: Carrier, patience: Duration) -> Stream {
        Stream {
            inner,
            begun: Some(0),
            patience,
            waiting: None,
        }
    }

    /// Whether a client begins with the preface, by what has come now.
    fn begins_http_2(&mut self, come: &[u8]) -> bool {
        for byte in come {
            let Some(begun) = self.begun else { break };
            self.begun = (PREFACE.get(begun) == Some(byte)).then_some(begun + 1);
            if self.begun == Some(PREFACE.len()) {
                return true;
            }
        }
        false
    }

    fn judge(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                if let Some(waiting) = &mut self.waiting {
                    waiting.read += bytes;
                    if waiting.read >= LEAST {
                        self.waiting = None;
                    }
                }
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(problem)) => Poll::Ready(Err(problem)),
            Poll::Pending => {
                let patience = self.patience;
                let waiting = self.waiting.get_or_insert_with(|| {
                    Box::new(Waiting {
                        alarm: Box::pin(tokio::time::sleep(patience)),
                        read: 0,
                    })
                });
                ready!(waiting.alarm.as_mut().poll(context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        match self.begun.is_some() && self.begins_http_2(&buffer.filled()[before..]) {
            true => Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
            false => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.judge(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.judge(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    /// Asked for when everything was written: nothing waits any more.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_flush(context) {
            Poll::Ready(flushed) => {
                self.waiting = None;
                Poll::Ready(flushed)
            }
            // TLS holds records back that the system does not take.
            Poll::Pending => self.judge(Poll::Pending, context).map_ok(drop),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_shutdown(context) {
            Poll::Ready(ended) => Poll::Ready(ended),
            // TLS says goodbye, and nobody takes it.
            Poll::Pending => self.judge(Poll::Pending, context).map_ok(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    async fn pair(patience: Duration) -> (Stream, TcpStream) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (accepted, client) = tokio::join!(listener.accept(), client);
        let carrier = Carrier::Plain(accepted.unwrap().0);
        (Stream::new(carrier, patience), client.unwrap())
    }

    #[tokio::test]
    async fn who_does_not_read_is_given_up_in_time() {
        let (mut stream, _client) = pair(Duration::from_millis(50)).await;
        let written = stream.write_all(&vec![0; 64 << 20]).await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn nor_does_tls_hide_that_nobody_reads() {
        let (mut stream, _client) = tls_pair(Duration::from_millis(50)).await;
        let written = stream.write_all(&vec![0; 64 << 20]).await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
        let (mut stream, _client) = tls_pair(Duration::from_millis(50)).await;
        // TLS takes a record into its own memory, so that the flush is what waits.
        let flushing = async {
            loop {
                stream.write_all(&[0; 1000]).await.unwrap();
                if let Err(problem) = stream.flush().await {
                    return problem.kind();
                }
            }
        };
        let ended = tokio::time::timeout(Duration::from_secs(20), flushing).await;
        assert_eq!(ended.expect("it is given up"), io::ErrorKind::TimedOut);
    }

    /// The same with TLS on it.
    async fn tls_pair(patience: Duration) -> (Stream, tokio_rustls::client::TlsStream<TcpStream>) {
        let names = vec!["localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let certificate = made.cert.der().clone();
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = || std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let server = rustls::ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key.into())
            .unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate).unwrap();
        let client = rustls::ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap());
        let (accepted, stream) = tokio::join!(listener.accept(), stream);
        let accepting = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(server));
        let connecting = tokio_rustls::TlsConnector::from(std::sync::Arc::new(client));
        let name = "localhost".try_into().unwrap();
        let (accepted, stream) = tokio::join!(
            accepting.accept(accepted.unwrap().0),
            connecting.connect(name, stream.unwrap())
        );
        let carrier = Carrier::Tls(Box::new(accepted.unwrap()));
        (Stream::new(carrier, patience), stream.unwrap())
    }

    #[tokio::test]
    async fn http_2_is_known_by_its_beginning_and_nothing_else_is_taken_for_it() {
        for (parts, is_cut) in [
            (&["PRI * HTTP/2.0"][..], true),
            (&["P", "RI", " *"], true),
            (&["PRIME / HTTP/1.1"], false),
            (&["POST / PRI "], false),
            (&["PR", "PRI "], false),
        ] {
            let (mut stream, mut client) = pair(Duration::from_secs(20)).await;
            let mut read = Ok(1);
            for part in parts {
                client.write_all(part.as_bytes()).await.unwrap();
                let mut buffer = [0; 64];
                read = stream.read(&mut buffer).await;
            }
            assert_eq!(read.is_err(), is_cut, "{parts:?}");
        }
    }

    #[tokio::test]
    async fn who_reads_gets_everything() {
        let (mut stream, mut client) = pair(Duration::from_secs(20)).await;
        let reading = tokio::spawn(async move {
            let mut bytes = Vec::new();
            client.read_to_end(&mut bytes).await.unwrap();
            bytes.len()
        });
        stream.write_all(&vec![0; 8 << 20]).await.unwrap();
        stream.flush().await.unwrap();
        assert!(stream.waiting.is_none(), "nothing waits after a flush");
        stream.shutdown().await.unwrap();
        assert_eq!(reading.await.unwrap(), 8 << 20);
    }
}
