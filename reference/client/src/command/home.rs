//! The home folder: the account's key, and a folder for each community.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dispatch_protocol::backup::{Backup, Contents, ITERATIONS};
use dispatch_protocol::bytes::{Id, Salt};
use dispatch_protocol::invitation::Invitation;
use dispatch_protocol::key::{KeyPair, PublicKey};
use zeroize::Zeroizing;

use crate::community::Community;
use crate::error::{Error, at};
use crate::private::{check_private, make_private};
use crate::store::Vault;

pub(super) struct Home {
    folder: PathBuf,
    passphrase_file: Option<PathBuf>,
    community: Option<String>,
}

impl Home {
    pub(super) fn find(
        folder: Option<PathBuf>,
        passphrase_file: Option<PathBuf>,
        community: Option<String>,
    ) -> Result<Self, Error> {
        let folder = folder.or_else(data_folder).ok_or_else(|| {
            Error::Usage("there is no home folder; name one with --home".to_owned())
        })?;
        Ok(Self {
            folder,
            passphrase_file,
            community,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.folder
    }

    /// The account's key under a passphrase, and as plain PEM: one of both is there.
    fn sealed(&self) -> PathBuf {
        self.folder.join("account.json")
    }

    fn plain(&self) -> PathBuf {
        self.folder.join("account.pem")
    }

    fn public(&self) -> PathBuf {
        self.folder.join("account.pub")
    }

    /// Whether an account lives here.
    pub(super) fn has_account(&self) -> bool {
        self.sealed().exists() || self.plain().exists()
    }

    /// The account's public half, which asks for no passphrase.
    pub(super) fn account(&self) -> Result<PublicKey, Error> {
        let path = self.public();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(_) if !self.has_account() => return Err(self.no_account()),
            Err(error) => return Err(at(&path)(error)),
        };
        let letters: String = text.lines().filter(|line| !line.starts_with('-')).collect();
        data_encoding::BASE64
            .decode(letters.as_bytes())
            .ok()
            .and_then(|der| PublicKey::parse(&der).ok())
            .ok_or_else(|| Error::file(&path, "not a public key in PEM"))
    }

    /// The account's key.
    pub(super) fn key(&self) -> Result<Arc<KeyPair>, Error> {
        let (sealed, plain) = (self.sealed(), self.plain());
        if plain.exists() {
            check_private(&plain)?;
            let text = Zeroizing::new(std::fs::read_to_string(&plain).map_err(at(&plain))?);
            let key = KeyPair::from_pkcs8_pem(&text).map_err(|e| Error::file(&plain, e))?;
            return Ok(Arc::new(key));
        }
        if !sealed.exists() {
            return Err(self.no_account());
        }
        check_private(&sealed)?;
        let bytes = std::fs::read(&sealed).map_err(at(&sealed))?;
        let backup = Backup::decode(&bytes).map_err(Error::Input)?;
        let passphrase = self.passphrase("Passphrase: ")?;
        let contents = backup.open(&passphrase).map_err(Error::Input)?;
        Ok(Arc::new(contents.private_key))
    }

    fn no_account(&self) -> Error {
        Error::Usage(format!(
            "there is no account in {}; make one with `dispatch keygen`, or bring yours with `dispatch restore`",
            self.folder.display()
        ))
    }

    /// Puts a key into a home that has none.
    pub(super) fn settle(&self, key: KeyPair, no_passphrase: bool) -> Result<(), Error> {
        if self.has_account() {
            return Err(Error::Usage(format!(
                "an account lives in {} already, and is never overwritten; choose another --home",
                self.folder.display()
            )));
        }
        let public = public_pem(key.public());
        let (path, text) = if no_passphrase {
            (self.plain(), key.to_pkcs8_pem())
        } else {
            let passphrase = self.new_passphrase()?;
            let contents = Contents {
                private_key: key,
                cards: Vec::new(),
                communities: Vec::new(),
                names: Vec::new(),
            };
            let backup = seal(&contents, &passphrase);
            (self.sealed(), Zeroizing::new(backup.encode()))
        };
        make_private(&self.folder)?;
        write_new(&path, text.as_bytes())?;
        // the public half may be left from a key that was moved away: it follows from this one
        std::fs::write(self.public(), public).map_err(at(&self.public()))
    }

    /// Asks for a passphrase, or reads it from the file that was named.
    pub(super) fn passphrase(&self, prompt: &str) -> Result<Zeroizing<String>, Error> {
        if let Some(path) = &self.passphrase_file {
            check_private(path)?;
            let text = Zeroizing::new(std::fs::read_to_string(path).map_err(at(path))?);
            let line = text.lines().next().unwrap_or_default();
            return Ok(Zeroizing::new(line.to_owned()));
        }
        if !std::io::stdin().is_terminal() {
            return Err(Error::Usage(
                "the key is under a passphrase, and there is no terminal to ask for it; name a file with --passphrase-file"
                    .to_owned(),
            ));
        }
        rpassword::prompt_password(prompt)
            .map(Zeroizing::new)
            .map_err(|error| Error::Usage(format!("the passphrase cannot be read: {error}")))
    }

    /// Asks for a new passphrase, twice where somebody types it.
    pub(super) fn new_passphrase(&self) -> Result<Zeroizing<String>, Error> {
        let first = self.passphrase("New passphrase: ")?;
        if first.chars().count() < 8 {
            return Err(Error::Usage(
                "the passphrase has fewer than 8 characters; four words that nobody would put together are good"
                    .to_owned(),
            ));
        }
        if self.passphrase_file.is_none() && *self.passphrase("Once more: ")? != *first {
            return Err(Error::Usage(
                "the two are not the same; begin again".to_owned(),
            ));
        }
        Ok(first)
    }

    /// The cards and names that a backup brought, for communities that are joined later.
    pub(super) fn brought(&self) -> Result<Option<Vault>, Error> {
        match self.folder.join("keys.sqlite").exists() {
            true => Ok(Some(Vault::open(&self.folder)?)),
            false => Ok(None),
        }
    }

    /// Gives a community's folder what a backup brought.
    pub(super) fn hand_on(&self, folder: &Path) -> Result<(), Error> {
        let Some(brought) = self.brought()? else {
            return Ok(());
        };
        make_private(folder)?;
        let mut vault = Vault::open(folder)?;
        // the oldest first: the store counts them in the order in which they come
        for card in brought.cards()?.iter().rev() {
            vault.add_card(card)?;
        }
        let known = vault.names()?;
        for (account, name) in brought.names()? {
            if known.iter().all(|(id, _)| *id != account) {
                vault.set_name(&account, &name)?;
            }
        }
        Ok(())
    }

    fn communities(&self) -> PathBuf {
        self.folder.join("communities")
    }

    /// The folder of a community.
    pub(super) fn folder_of(&self, community: Id) -> PathBuf {
        self.communities().join(community.to_string())
    }

    /// The communities that were joined.
    pub(super) fn joined(&self) -> Result<Vec<(PathBuf, Invitation)>, Error> {
        let Ok(entries) = std::fs::read_dir(self.communities()) else {
            return Ok(Vec::new());
        };
        let mut folders: Vec<PathBuf> = entries
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| path.join("keys.sqlite").exists())
            .collect();
        folders.sort();
        let mut joined = Vec::new();
        for folder in folders {
            if let Some(invitation) = Vault::open(&folder)?.invitation()? {
                joined.push((folder, invitation));
            }
        }
        Ok(joined)
    }

    /// The community that is meant.
    pub(super) fn chosen(&self) -> Result<(PathBuf, Invitation), Error> {
        let all = self.joined()?;
        let wanted = self.community.as_deref().unwrap_or_default();
        let mut fitting: Vec<_> = all
            .iter()
            .filter(|(_, invitation)| invitation.community().to_string().starts_with(wanted))
            .collect();
        match (fitting.pop(), fitting.is_empty()) {
            (Some(one), true) => Ok(one.clone()),
            (None, _) if all.is_empty() => Err(Error::Usage(
                "no community was joined yet; take an invitation and `dispatch join` it".to_owned(),
            )),
            (None, _) => Err(Error::Usage(format!("no community begins with `{wanted}`"))),
            _ => Err(Error::Usage(format!(
                "say which community is meant, with --community and the first letters of its id: {}",
                all.iter()
                    .map(|(_, invitation)| invitation.community().to_string())
                    .collect::<Vec<_>>()
                    .join(", ")
            ))),
        }
    }

    /// What is stored of the community that is meant, without a server.
    pub(super) fn stored(&self) -> Result<Community, Error> {
        let (folder, invitation) = self.chosen()?;
        let (community, _) = Community::open(&folder, &invitation, &self.account()?)?;
        Ok(community)
    }
}

/// Seals contents under a passphrase, with the fewest iterations and a fresh salt. // [BACKUP-6]
pub(super) fn seal(contents: &Contents, passphrase: &str) -> Backup {
    let mut salt = [0; 16];
    aws_lc_rs::rand::fill(&mut salt).expect("the system's random source works");
    Backup::seal(contents, passphrase, Salt::new(salt), *ITERATIONS.start())
}

/// A public key as an owner's allowlist takes it.
pub(super) fn public_pem(key: &PublicKey) -> String {
    let letters = data_encoding::BASE64.encode(key.der());
    let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
    for line in letters.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|&letter| char::from(letter)));
        pem.push('\n');
    }
    pem.push_str("-----END PUBLIC KEY-----\n");
    pem
}

/// Writes a new file that its owner alone reads, whole or not at all.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(at(path))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|error| {
        let _ = std::fs::remove_file(path);
        at(path)(error)
    })
}

/// `dispatch` under XDG_DATA_HOME or ~/.local/share.
fn data_folder() -> Option<PathBuf> {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_DATA_HOME")
        .or_else(|| Some(absolute("HOME")?.join(".local/share")))
        .map(|data| data.join("dispatch"))
}
