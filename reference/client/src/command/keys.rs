//! `keygen`, `id`.

use dispatch_protocol::key::{KeyPair, ModulusBits};
use serde_json::json;
use zeroize::Zeroizing;

use super::Keygen;
use super::home::{Home, public_pem};
use super::show::Output;
use crate::error::{Error, at};

pub(super) fn keygen(home: &Home, arguments: &Keygen, output: &Output) -> Result<(), Error> {
    if home.has_account() {
        return Err(Error::Usage(format!(
            "an account lives in {} already, and is never overwritten; choose another --home",
            home.path().display()
        )));
    }
    let key = match &arguments.import {
        Some(path) => {
            let text = Zeroizing::new(std::fs::read_to_string(path).map_err(at(path))?);
            KeyPair::from_pkcs8_pem(&text).map_err(|error| Error::file(path, error))?
        }
        None => {
            let bits = match arguments.bits {
                3072 => ModulusBits::Bits3072,
                4096 => ModulusBits::Bits4096,
                _ => ModulusBits::Bits2048,
            };
            KeyPair::generate(bits).map_err(|error| Error::Usage(error.to_string()))?
        }
    };
    home.settle(key, arguments.no_passphrase)?;
    id(home, false, output)
}

pub(super) fn id(home: &Home, key: bool, output: &Output) -> Result<(), Error> {
    let account = home.account()?;
    let pem = public_pem(&account);
    if output.json {
        output.line(&json!({
            "type": "account", "id": account.id(), "public_key": account.to_bytes(), "pem": pem,
        }));
    } else if key {
        anstream::print!("{pem}");
    } else {
        anstream::println!("account {}", account.id());
        anstream::println!("Send this to the owner of the community, who lets you in:");
        anstream::print!("{pem}");
    }
    Ok(())
}
