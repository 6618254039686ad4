//! Invitations and backups.

use dispatch_protocol::backup::{Backup, Contents};
use dispatch_protocol::bytes::Salt;
use dispatch_protocol::invitation::Invitation;

use crate::vector::{Outcome, Vector, found};

pub fn invitations(test: &Vector, _: &Vector) -> Outcome {
    let text = test.text("text");
    let invitation = Invitation::decode(text).map_err(found)?;
    assert_eq!(invitation.origin(), test.text("origin"));
    assert_eq!(invitation.community(), test.id("community"));
    assert_eq!(invitation.to_string(), text);
    Ok(())
}

pub fn files(test: &Vector, _: &Vector) -> Outcome {
    let file = Backup::decode(&test.bytes("backup")).map_err(found)?;
    assert_eq!(file.salt(), Salt::decode(test.text("salt")).unwrap());
    assert_eq!(u64::from(file.iterations()), test.uint("iterations"));
    test.same("sealed", file.sealed());
    assert_eq!(Backup::decode(file.encode().as_bytes()).as_ref(), Ok(&file));
    Ok(())
}

pub fn backups(test: &Vector, _: &Vector) -> Outcome {
    let file = Backup::decode(&test.bytes("backup")).map_err(found)?;
    let passphrase = test.text("passphrase");
    let bytes = file.open_bytes(passphrase).map_err(found)?;
    let contents = Contents::decode(&bytes).map_err(found)?;
    assert_eq!(contents.private_key.public().id(), test.id("account"));
    test.same("aad", &file.aad());
    test.same("okm", file.okm(passphrase).as_slice());
    test.same("contents", &bytes);
    Ok(())
}

pub fn contents(test: &Vector, _: &Vector) -> Outcome {
    let contents = Contents::decode(&test.bytes("contents")).map_err(found)?;
    assert_eq!(contents.private_key.public().id(), test.id("account"));
    // what is written again says the same, but for members that are not known
    let again = Contents::decode(&contents.encode()).map_err(found)?;
    assert_eq!(again.communities, contents.communities);
    assert_eq!(again.names, contents.names);
    let cards =
        |contents: &Contents| -> Vec<_> { contents.cards.iter().map(|card| card.card()).collect() };
    assert_eq!(cards(&again), cards(&contents));
    Ok(())
}
