//! `vectors/keys/`: made once from a seed, so that anyone can make them again and see that nothing was chosen.

use dispatch_conformance::codec::accounts::{Account, KEY_FILES};
use dispatch_conformance::codec::randomness::Seeded;
use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use std::path::Path;

pub fn write(root: &Path) -> std::io::Result<()> {
    for (name, _) in KEY_FILES {
        let account = make(name);
        let pem = account
            .private_key()
            .to_pkcs8_pem(LineEnding::LF)
            .expect("a made key encodes");
        std::fs::write(
            root.join(format!("vectors/keys/{name}.test-key.pem")),
            pem.as_bytes(),
        )?;
        eprintln!("{name}");
    }
    Ok(())
}

pub fn make(name: &str) -> Account {
    let bits = match name {
        "m13" => 3072,
        "m14" => 4096,
        _ => 2048,
    };
    let mut seed = Seeded::new(&format!("dispatch-d/1 test key {name}"));
    Account::new(
        name,
        RsaPrivateKey::new(&mut seed, bits).expect("the size is one that RSA has"),
    )
}
