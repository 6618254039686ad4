//! A community for one test: founded in a temporary folder, served on a free port.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use dispatch_protocol::key::KeyPair;
use dispatch_server::{Config, Founding, Running, Server, init};

/// A community and its folder, which goes with it.
pub struct Community {
    pub dir: tempfile::TempDir,
    pub config: Config,
}

impl Community {
    /// Founded with the public test keys, and with these members on its allowlist.
    pub fn with(members: &[&str]) -> Community {
        Community::founded(members, |_| {})
    }

    /// The same, with something changed before.
    pub fn founded(members: &[&str], change: impl FnOnce(&mut Founding)) -> Community {
        let dir = tempfile::tempdir().unwrap();
        let mut founding = Founding {
            bind: ([127, 0, 0, 1], 0).into(),
            authority_key: Some(copy_of("authority", dir.path())),
            server_key: Some(copy_of("server", dir.path())),
            ..Founding::default()
        };
        if !members.is_empty() {
            let allow = dir.path().join("members");
            let keys: String = members.iter().map(|name| public_pem(name)).collect();
            std::fs::write(&allow, keys).unwrap();
            founding.allow = vec![allow];
        }
        change(&mut founding);
        let config = init(&dir.path().join("community"), &founding).unwrap();
        Community { dir, config }
    }

    /// Served.
    pub async fn serve(&self) -> Running {
        Server::start(self.config.clone()).await.unwrap()
    }

    /// A test account's key in a file beside its folder that its owner alone reads.
    pub fn key_copy(&self, name: &str) -> PathBuf {
        copy_of(name, self.dir.path())
    }

    /// A file of its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("community").join(name)
    }
}

/// A test account's file.
pub fn key_file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../../vectors/keys/{name}.test-key.pem"))
}

/// A copy of a test account's file that its owner alone reads, as a server asks of its keys.
pub fn copy_of(name: &str, folder: &Path) -> PathBuf {
    let path = folder.join(format!("{name}.pem"));
    let file = std::fs::File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path);
    let words = std::fs::read(key_file(name)).unwrap();
    file.unwrap().write_all(&words).unwrap();
    path
}

/// A test account's key pair.
pub fn key(name: &str) -> KeyPair {
    KeyPair::from_pkcs8_pem(&std::fs::read_to_string(key_file(name)).unwrap()).unwrap()
}

/// A test account's public key as an allowlist has it, named.
pub fn public_pem(name: &str) -> String {
    let der = data_encoding::BASE64.encode(key(name).public().der());
    let lines: Vec<&str> = der
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "# {name}\n-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        lines.join("\n")
    )
}
