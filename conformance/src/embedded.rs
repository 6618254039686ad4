//! The reference server inside the suite's own process, for `run` without a URL.
//!
//! The only file of the suite that names the reference; it is judged over its socket, like any server.

#[cfg(feature = "embedded")]
pub use here::Embedded;
#[cfg(not(feature = "embedded"))]
pub use nowhere::Embedded;

#[cfg(feature = "embedded")]
mod here {
    use std::path::PathBuf;

    use dispatch_server::{Founding, Running, Server, init};
    use tempfile::TempDir;

    use crate::{corpus::Corpus, key_files};

    /// A running reference with a store that goes when it does.
    pub struct Embedded {
        url: String,
        running: Running,
        _folder: TempDir,
    }

    impl Embedded {
        /// Founds a community of the test accounts in a temporary folder and serves it on a free port of this machine.
        ///
        /// # Errors
        /// In words, if that was not possible.
        pub async fn start() -> Result<Self, String> {
            let failed = |error: &dyn std::fmt::Display| {
                format!("the embedded reference did not start: {error}")
            };
            let folder = tempfile::tempdir().map_err(|error| failed(&error))?;
            let corpus = Corpus::embedded();
            let write = |name: &str| -> Result<PathBuf, String> {
                let path = folder.path().join(name);
                let text = corpus
                    .text(&format!("vectors/keys/{name}"))
                    .ok_or_else(|| failed(&format!("no {name}")))?;
                key_files::write(&path, text).map_err(|error| failed(&error))?;
                Ok(path)
            };
            let mut founding = Founding {
                name: "dispatch-conformance".into(),
                bind: ([127, 0, 0, 1], 0).into(),
                authority_key: Some(write("authority.test-key.pem")?),
                server_key: Some(write("server.test-key.pem")?),
                allow: vec![write("allowlist.pem")?],
                ..Founding::default()
            };
            // Short enough to be waited for.
            founding.limits.challenge_ms = 2000;
            let config = init(&folder.path().join("community"), &founding)
                .map_err(|error| failed(&error))?;
            let running = Server::start(config)
                .await
                .map_err(|error| failed(&error))?;
            let url = format!("ws://{}", running.address());
            Ok(Self {
                url,
                running,
                _folder: folder,
            })
        }

        /// Where it is.
        pub fn url(&self) -> &str {
            &self.url
        }

        /// Stops it. Its store is gone after that, so that what went wrong on the way is of no interest.
        pub async fn stop(self) {
            drop(self.running);
        }
    }
}

#[cfg(not(feature = "embedded"))]
mod nowhere {
    /// Nothing: this build carries no reference.
    #[derive(Debug)]
    pub enum Embedded {}

    impl Embedded {
        /// Says that there is none.
        ///
        /// # Errors
        /// Always.
        pub async fn start() -> Result<Self, String> {
            Err("this build carries no reference: give the URL of a server, such as ws://127.0.0.1:7311".into())
        }

        /// Where it is.
        pub fn url(&self) -> &str {
            match *self {}
        }

        /// Stops it.
        pub async fn stop(self) {
            match self {}
        }
    }
}
