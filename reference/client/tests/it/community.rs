//! A community for one test: founded in a temporary folder, served on a free port; and members with folders of their own.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dispatch_client::{Client, Content, Event, Events, Id, Invitation, KeyPair, Message, Settings};
use dispatch_server::{Config, Founding, Running, Server, init};

pub struct Community {
    pub dir: tempfile::TempDir,
    pub config: Config,
}

impl Community {
    /// Founded with the public test keys, and with these members on its allowlist.
    pub fn with(members: &[&str]) -> Self {
        Self::founded(members, |_| {})
    }

    /// The same, with something changed before.
    pub fn founded(members: &[&str], change: impl FnOnce(&mut Founding)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut founding = Founding {
            bind: ([127, 0, 0, 1], 0).into(),
            authority_key: Some(copy_of("authority", dir.path())),
            server_key: Some(copy_of("server", dir.path())),
            ..Founding::default()
        };
        let allow = dir.path().join("members");
        let keys: String = members.iter().map(|name| public_pem(name)).collect();
        std::fs::write(&allow, keys).unwrap();
        founding.allow = vec![allow];
        change(&mut founding);
        let config = init(&dir.path().join("community"), &founding).unwrap();
        Self { dir, config }
    }

    pub async fn serve(&self) -> Running {
        Server::start(self.config.clone()).await.unwrap()
    }

    /// A folder of a member's own.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

pub fn key_file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../../vectors/keys/{name}.test-key.pem"))
}

/// A copy of a test account's file that its owner alone reads, as a server asks of its keys.
fn copy_of(name: &str, folder: &Path) -> PathBuf {
    let path = folder.join(format!("{name}.pem"));
    let mut options = std::fs::File::options();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .unwrap();
    file.write_all(&std::fs::read(key_file(name)).unwrap())
        .unwrap();
    path
}

pub fn key(name: &str) -> KeyPair {
    KeyPair::from_pkcs8_pem(&std::fs::read_to_string(key_file(name)).unwrap()).unwrap()
}

pub fn id(name: &str) -> Id {
    key(name).public().id()
}

/// A test account's public key as an allowlist has it, named.
pub fn public_pem(name: &str) -> String {
    let der = data_encoding::BASE64.encode(key(name).public().der());
    format!("# {name}\n-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n")
}

pub fn invitation(server: &Running) -> Invitation {
    Invitation::new(server.origin(), server.community()).unwrap()
}

/// A running client, and what it tells.
pub struct Member {
    pub client: Client,
    pub events: Events,
}

impl Member {
    /// Starts a member's client in the folder of its name, and waits until all is verified.
    pub async fn join(community: &Community, invitation: &Invitation, name: &str) -> Self {
        let member = Self::start(
            Settings::new(invitation.clone(), community.folder(name)),
            name,
        )
        .await;
        member.client.synced().await.unwrap();
        member
    }

    pub async fn start(settings: Settings, name: &str) -> Self {
        let (client, events) = Client::start(settings, Arc::new(key(name))).await.unwrap();
        Self { client, events }
    }

    pub async fn say(&self, text: &str) -> u64 {
        let sent = self
            .client
            .send(text, dispatch_client::Addressed::default());
        sent.await.unwrap().index
    }

    /// Waits for the event that this finds something in.
    pub async fn until<T>(&mut self, mut find: impl FnMut(Event) -> Option<T>) -> T {
        patiently(async {
            loop {
                let event = self.events.next().await.expect("the client goes on");
                if let Some(found) = find(event) {
                    return found;
                }
            }
        })
        .await
    }

    /// Waits until what this member holds is as it should be.
    pub async fn sees(&self, is_so: impl AsyncFn(&Client) -> bool) {
        patiently(async {
            while !is_so(&self.client).await {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        })
        .await;
    }

    /// Waits until this member holds a block.
    pub async fn holds(&self, index: u64) {
        let is_so = async |client: &Client| client.chain().await.unwrap().unwrap().size > index;
        self.sees(is_so).await;
    }

    /// Waits until a checkpoint covers so many blocks.
    pub async fn covered(&mut self, size: u64) {
        let held = self.client.chain().await.unwrap().unwrap().checkpoint;
        if held.is_some_and(|checkpoint| checkpoint.size >= size) {
            return;
        }
        self.until(|event| match event {
            Event::Checkpoint { size: at, .. } if at >= size => Some(()),
            _ => None,
        })
        .await;
    }

    /// Waits for the message in a block.
    pub async fn message(&mut self, index: u64) -> Message {
        self.until(|event| match event {
            Event::Message(message) if message.index == index => Some(message),
            _ => None,
        })
        .await
    }

    /// Waits until so many members have published a card.
    pub async fn cards(&self, count: usize) {
        self.sees(async |client| {
            let members = client.members().await.unwrap();
            members.iter().filter(|member| member.has_card).count() == count
        })
        .await;
    }

    /// All texts that this member can read, in their order.
    pub async fn texts(&self) -> Vec<String> {
        let history = self.client.history(0, usize::MAX).await.unwrap();
        history.iter().filter_map(text).collect()
    }
}

pub fn text(message: &Message) -> Option<String> {
    match &message.content {
        Content::Said(plaintext) => Some(plaintext.text.clone()),
        _ => None,
    }
}

/// A minute at most: what takes longer does not come.
pub async fn patiently<T>(what: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(std::time::Duration::from_secs(60), what);
    waited.await.expect("it comes within a minute")
}

/// A program of the workspace, beside this test's. It is built where it is not there, as when one test alone is run.
pub fn program(name: &str, how: &[&str]) -> PathBuf {
    let deps = std::env::current_exe().unwrap();
    let program = deps.parent().unwrap().parent().unwrap().join(name);
    if !program.exists() {
        let built = std::process::Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked"])
            .args(how)
            .status()
            .unwrap();
        assert!(built.success() && program.exists(), "{}", program.display());
    }
    program
}
