//! Entries as JSON objects: their tuples, ids and signatures (spec/entries.md).
//!
//! An entry stays the `Value` that it came as, since the suite also makes and receives wrong ones. Whether an entry
//! may stand at a place in a chain is the question of [`super::chain`].

use super::randomness::Randomness;
use super::{Account, Hash, PublicKey, Scheme, Tuple, Verdict, base64url, fields, signature};
use serde_json::{Value, json};

/// The seven kinds.
pub const KINDS: [&str; 7] = [
    "genesis",
    "roster",
    "card",
    "epoch",
    "share",
    "message",
    "redaction",
];

/// The length of a wrap in bytes: an encapsulated key, a secret, a tag.
pub const WRAP_LENGTH: usize = 80;

/// An entry to be signed.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The community's id.
    pub community: Hash,
    /// One of [`KINDS`], or a wrong one.
    pub kind: String,
    /// The author's id.
    pub author: Hash,
    /// The author's number.
    pub seq: u64,
    /// Size and head of the chain as the author holds it.
    pub seen: (u64, Hash),
    /// Milliseconds since 1970.
    pub sent_at: u64,
    /// The body.
    pub body: Value,
}

impl Draft {
    /// The entry without a signature.
    pub fn unsigned(&self) -> Value {
        json!({
            "community": base64url::encode(&self.community),
            "kind": self.kind,
            "author": base64url::encode(&self.author),
            "seq": self.seq,
            "seen": { "size": self.seen.0, "hash": base64url::encode(&self.seen.1) },
            "sent_at": self.sent_at,
            "body": self.body,
        })
    }

    /// The entry with the account's signature.
    pub fn signed(
        &self,
        account: &Account,
        randomness: &mut dyn Randomness,
    ) -> Result<Value, Verdict> {
        let mut entry = self.unsigned();
        sign(&mut entry, account, Scheme::Pss, randomness)?;
        Ok(entry)
    }
}

/// Sets the entry's `signature`.
///
/// Errors where the entry is so malformed that it has no tuple.
pub fn sign(
    entry: &mut Value,
    account: &Account,
    scheme: Scheme,
    randomness: &mut dyn Randomness,
) -> Result<(), Verdict> {
    let bytes = tuple(entry)?.encode();
    entry["signature"] = base64url::encode(&account.sign(&bytes, scheme, randomness)).into();
    Ok(())
}

/// The body tuple of this kind, or `unknown_kind`.
pub fn body_tuple(kind: &str, body: &Value) -> Result<Tuple, Verdict> {
    // [ENTRY-1]
    if !KINDS.contains(&kind) {
        return Err(Verdict::new(
            "unknown_kind",
            "ENTRY-1",
            format!("there is no kind {kind:?}"),
        ));
    }
    fields::object(body, "`body`")?;
    let tuple = Tuple::new(&format!("body/{kind}"));
    Ok(match kind {
        "genesis" => tuple
            .text(fields::text(body, "name")?)
            .bytes(&fields::bytes(body, "authority")?)
            .bytes(&fields::bytes(body, "server_key")?)
            .uint(fields::uint(body, "created_at")?),
        "roster" => {
            let mut remove = fields::bytes_list(body, "remove")?;
            for id in &mut remove {
                if id.len() != 32 {
                    return Err(Verdict::malformed(
                        "CONV-14",
                        "`remove` holds what is no id",
                    ));
                }
            }
            tuple.list(&fields::bytes_list(body, "add")?).list(&remove)
        }
        "card" => tuple.bytes(&fields::hash(body, "x25519")?),
        "epoch" => tuple
            .bytes(&fields::hash(body, "commitment")?)
            .list(&wrap_items(body)?),
        "share" => tuple
            .bytes(&fields::hash(body, "epoch")?)
            .list(&wrap_items(body)?),
        "message" => tuple
            .bytes(&fields::hash(body, "epoch")?)
            .bytes(&fields::bytes_exactly(body, "salt", 16)?)
            .bytes(&fields::hash(body, "ciphertext_hash")?),
        _ => tuple
            .uint(fields::uint(body, "index")?)
            .text(fields::text(body, "reason")?),
    })
}

/// The wraps of an epoch or share: recipients' ids and the wraps' bytes.
pub fn wraps(body: &Value) -> Result<Vec<(Hash, Vec<u8>)>, Verdict> {
    let read = |item: &Value| {
        Ok((
            fields::hash(item, "member")?,
            fields::bytes_exactly(item, "wrap", WRAP_LENGTH)?,
        ))
    };
    fields::list(body, "wraps")?.iter().map(read).collect()
}

/// `H` of the body tuple.
pub fn body_digest(kind: &str, body: &Value) -> Result<Hash, Verdict> {
    Ok(body_tuple(kind, body)?.hash())
}

/// The entry tuple. The signature is not looked at.
pub fn tuple(entry: &Value) -> Result<Tuple, Verdict> {
    let kind = fields::text(entry, "kind")?;
    let (size, head) = fields::place(entry, "seen")?;
    Ok(Tuple::new("entry")
        .bytes(&fields::hash(entry, "community")?)
        .text(kind)
        .bytes(&fields::hash(entry, "author")?)
        .uint(fields::uint(entry, "seq")?)
        .uint(size)
        .bytes(&head)
        .uint(fields::uint(entry, "sent_at")?)
        .bytes(&body_digest(kind, fields::member(entry, "body")?)?))
}

/// The entry's id, which covers no signature.
pub fn id(entry: &Value) -> Result<Hash, Verdict> {
    Ok(tuple(entry)?.hash())
}

/// The signature's bytes.
pub fn signature_of(entry: &Value) -> Result<Vec<u8>, Verdict> {
    fields::bytes(entry, "signature")
}

/// Verifies the entry's signature by this key, with `bad_signature` where it does not hold.
pub fn verify_signature(entry: &Value, key: &PublicKey) -> Result<(), Verdict> {
    let result = signature::verify(key, &tuple(entry)?.encode(), &signature_of(entry)?);
    // [ENTRY-3], unless the length alone was wrong.
    result.map_err(|v| match v.requirement {
        "SIG-1" => Verdict::new("bad_signature", "ENTRY-3", v.detail),
        _ => v,
    })
}

fn wrap_items(body: &Value) -> Result<Vec<Vec<u8>>, Verdict> {
    Ok(wraps(body)?
        .into_iter()
        .map(|(member, wrap)| [&member[..], &wrap].concat())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{accounts, randomness::System};

    #[test]
    fn a_signed_entry_verifies_and_its_id_leaves_the_signature_out() {
        let author = accounts::named("m03").unwrap();
        let draft = Draft {
            community: [1; 32],
            kind: "card".into(),
            author: author.id(),
            seq: 1,
            seen: (1, [1; 32]),
            sent_at: 1,
            body: json!({ "x25519": base64url::encode(&author.x25519_public()) }),
        };
        let one = draft.signed(author, &mut System).unwrap();
        let mut two = draft.signed(author, &mut System).unwrap();
        assert_ne!(one["signature"], two["signature"]);
        assert_eq!(id(&one).unwrap(), id(&two).unwrap());
        verify_signature(&one, author.key()).unwrap();
        two["seq"] = 2.into();
        assert_eq!(
            verify_signature(&two, author.key()).unwrap_err().code,
            "bad_signature"
        );
    }
}
