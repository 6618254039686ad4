//! `vectors/keys/`: key files, made once from seeds, so that anyone can make them again and see that nothing was
//! chosen; and what follows from them.

use crate::ordered;
use data_encoding::BASE64;
use dispatch_conformance::codec::accounts::{self, Account, KEY_FILES, Role};
use dispatch_conformance::codec::base64url::encode;
use dispatch_conformance::codec::randomness::Seeded;
use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Makes the private keys again and writes them.
pub fn write_key_files(root: &Path) -> std::io::Result<()> {
    for (name, _) in KEY_FILES {
        let path = root.join(format!("vectors/keys/{name}.test-key.pem"));
        std::fs::write(&path, made(name))?;
        println!("{}", path.display());
    }
    Ok(())
}

/// The files that follow from the committed keys.
pub fn files(root: &Path) -> BTreeMap<PathBuf, String> {
    let folder = root.join("vectors/keys");
    let all: Vec<Value> = KEY_FILES
        .iter()
        .map(|(name, _)| described(named(name)))
        .collect();
    let members = || accounts::with_role(Role::Member);
    BTreeMap::from([
        (
            folder.join("accounts.json"),
            ordered::pretty(&Value::Array(all)),
        ),
        (folder.join("allowlist.pem"), members().map(pem).collect()),
        (
            folder.join("authorized_keys"),
            members().map(openssh).collect(),
        ),
    ])
}

/// An account that is known to be there.
pub fn named(name: &str) -> &'static Account {
    accounts::named(name).expect("a name of a test account")
}

/// The key file of this name, from its seed.
fn made(name: &str) -> String {
    let bits = match name {
        "m13" => 3072,
        "m14" => 4096,
        _ => 2048,
    };
    let mut seed = Seeded::new(&format!("dispatch-d/1 test key {name}"));
    let key = RsaPrivateKey::new(&mut seed, bits).expect("a size that RSA has");
    key.to_pkcs8_pem(LineEnding::LF)
        .expect("a made key encodes")
        .to_string()
}

fn described(account: &Account) -> Value {
    json!({
        "name": account.name(),
        "role": account.role().name(),
        "bits": account.bits(),
        "id": encode(&account.id()),
        "public_key": encode(account.public_key()),
        "x25519_private": encode(&account.x25519_private()),
        "x25519_public": encode(&account.x25519_public()),
    })
}

/// RFC 7468, section 13, under a line of comment.
fn pem(account: &Account) -> String {
    let text = BASE64.encode(account.public_key());
    let mut out = format!(
        "# {}: a public test key, never for a community that matters\n",
        account.name()
    );
    out.push_str("-----BEGIN PUBLIC KEY-----\n");
    for line in text.as_bytes().chunks(64) {
        out.push_str(std::str::from_utf8(line).expect("ASCII"));
        out.push('\n');
    }
    out.push_str("-----END PUBLIC KEY-----\n");
    out
}

/// A line of OpenSSH's `authorized_keys`: RFC 4253, section 6.6, in base64.
fn openssh(account: &Account) -> String {
    let string = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes(), bytes].concat();
    let mpint = |bytes: Vec<u8>| match bytes[0] & 0x80 {
        0 => string(&bytes),
        _ => string(&[&[0], &bytes[..]].concat()),
    };
    let key = account.private_key();
    let blob = [
        string(b"ssh-rsa"),
        mpint(key.e().to_bytes_be()),
        mpint(key.n().to_bytes_be()),
    ]
    .concat();
    format!(
        "ssh-rsa {} {}.public-test-key\n",
        BASE64.encode(&blob),
        account.name()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_what_its_seed_gives() {
        // One suffices to see that the generator still runs as it did; all take seconds.
        let (name, text) = KEY_FILES[2];
        assert_eq!(made(name), text);
    }
}
