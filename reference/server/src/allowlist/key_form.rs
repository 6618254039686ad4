//! A member's public key in the forms that people have it in: a PEM block or an OpenSSH line, made into the DER of a
//! SubjectPublicKeyInfo. Whether that key may be an account is the protocol crate's to say, not this file's.

use data_encoding::BASE64;
use ssh_key::public::KeyData;

/// DER of the object identifier rsaEncryption (1.2.840.113549.1.1.1) with its NULL, as RFC 8017 appendix A.1 has it.
const RSA_ENCRYPTION: [u8; 15] = [
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

/// How to make a key that is accepted.
const MAKE_ONE: &str = "make one with: ssh-keygen -t rsa -b 3072";

/// The label of a line `-----BEGIN LABEL-----`.
pub(super) fn pem_label(line: &str) -> Option<&str> {
    line.trim()
        .strip_prefix("-----BEGIN ")?
        .strip_suffix("-----")
}

/// Whether a line ends the PEM block of that label.
pub(super) fn ends_pem(line: &str, label: &str) -> bool {
    line.trim()
        .strip_prefix("-----END ")
        .and_then(|rest| rest.strip_suffix("-----"))
        == Some(label)
}

/// Whether a text holds a private key in any of the usual forms.
pub(super) fn is_private(text: &str) -> bool {
    text.contains("PRIVATE KEY-----") || text.starts_with("PuTTY-User-Key-File")
}

/// What to say to someone who put a private key where a public one belongs.
pub(super) fn private_key_warning() -> String {
    "this is a PRIVATE key, and only its public half belongs here. Nothing was taken from it; remove it from this place, \
     and make a new key if others could read it here. The public half is the file that ends in .pub, or: \
     openssl pkey -in KEY -pubout"
        .to_owned()
}

/// The DER inside a PEM block whose body lines are given.
///
/// # Errors
/// A sentence for the owner if the label is another one or the body is not base64.
pub(super) fn from_pem(label: &str, body: &str) -> Result<Vec<u8>, String> {
    match label {
        "PUBLIC KEY" => {}
        "RSA PUBLIC KEY" => {
            return Err("a key in PKCS#1 form; turn it around with: openssl rsa -RSAPublicKey_in -pubout -in KEY".into());
        }
        "CERTIFICATE" => {
            return Err(
                "a certificate, not a key; take its key with: openssl x509 -pubkey -noout -in FILE"
                    .into(),
            );
        }
        _ if label.contains("PRIVATE KEY") => return Err(private_key_warning()),
        _ => {
            return Err(format!(
                "a PEM block `{label}`; what is wanted is `PUBLIC KEY`"
            ));
        }
    }
    let letters: String = body.split_whitespace().collect();
    BASE64
        .decode(letters.as_bytes())
        .map_err(|cause| format!("the PEM block is damaged ({cause})"))
}

/// The DER and the comment of a line as OpenSSH writes it: `[options] ssh-rsa BASE64 [comment]`.
///
/// # Errors
/// A sentence for the owner: another kind of key, or a damaged line.
pub(super) fn from_openssh(line: &str) -> Result<(Vec<u8>, Option<String>), String> {
    let (kind, rest) = key_type(line).ok_or_else(|| {
        "not a public key: neither an OpenSSH line (ssh-rsa AAAA...) nor a PEM block (-----BEGIN PUBLIC KEY-----)".to_owned()
    })?;
    if kind != "ssh-rsa" {
        let name = match kind {
            "ssh-ed25519" | "sk-ssh-ed25519@openssh.com" => "an Ed25519 key",
            "ssh-dss" => "a DSA key",
            _ if kind.contains("ecdsa") => "an ECDSA key",
            _ => "a certificate or another kind of key",
        };
        return Err(format!(
            "{name} ({kind}); an account is an RSA key: {MAKE_ONE}"
        ));
    }
    let rest = rest.trim_start();
    let (blob, comment) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let key = ssh_key::PublicKey::from_openssh(&format!("ssh-rsa {blob}")).map_err(|_| {
        "the key behind `ssh-rsa` is damaged or cut off; copy the whole line again".to_owned()
    })?;
    let KeyData::Rsa(rsa) = key.key_data() else {
        return Err("the key behind `ssh-rsa` is of another kind".to_owned());
    };
    let (Some(n), Some(e)) = (rsa.n.as_positive_bytes(), rsa.e.as_positive_bytes()) else {
        return Err("the key behind `ssh-rsa` holds a negative number".to_owned());
    };
    let comment = comment.trim();
    Ok((
        subject_public_key_info(n, e),
        (!comment.is_empty()).then(|| comment.to_owned()),
    ))
}

/// The name of the key's type in an OpenSSH line and what follows it; options before it may hold quoted spaces.
fn key_type(line: &str) -> Option<(&str, &str)> {
    let known = |word: &str| {
        ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"]
            .iter()
            .any(|start| word.starts_with(start))
    };
    let mut quoted = false;
    let mut escaped = false;
    let mut word_start = 0;
    for (at, letter) in line.char_indices().chain([(line.len(), ' ')]) {
        match letter {
            '"' if !escaped => quoted = !quoted,
            ' ' | '\t' if !quoted => {
                let word = &line[word_start..at];
                if known(word) {
                    return Some((word, &line[at..]));
                }
                word_start = at + letter.len_utf8();
            }
            _ => {}
        }
        escaped = letter == '\\' && !escaped;
    }
    None
}

/// RFC 8017, appendix A.1: the key as a SubjectPublicKeyInfo in DER.
fn subject_public_key_info(n: &[u8], e: &[u8]) -> Vec<u8> {
    let key = der(0x30, &[integer(n), integer(e)].concat());
    let bits = der(0x03, &[&[0], key.as_slice()].concat());
    der(0x30, &[RSA_ENCRYPTION.as_slice(), &bits].concat())
}

/// A non-negative INTEGER from its big-endian bytes.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    match bytes.first() {
        None => der(0x02, &[0]),
        Some(first) if first & 0x80 != 0 => der(0x02, &[&[0], bytes].concat()),
        Some(_) => der(0x02, bytes),
    }
}

/// Tag, shortest length, content.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let bytes = length.to_be_bytes();
        let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
        out.push(0x80 | bytes.len() as u8);
        out.extend_from_slice(bytes);
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_with_quoted_spaces_do_not_hide_the_key() {
        let line = r#"from="10.0.0.0/8",command="echo \"ssh-rsa x\" y" ssh-rsa AAAA me"#;
        let (kind, rest) = key_type(line).unwrap();
        assert_eq!((kind, rest), ("ssh-rsa", " AAAA me"));
    }

    #[test]
    fn der_takes_the_shortest_length() {
        assert_eq!(der(4, &[0; 127])[..2], [4, 127]);
        assert_eq!(der(4, &[0; 128])[..3], [4, 0x81, 128]);
        assert_eq!(der(4, &[0; 256])[..4], [4, 0x82, 1, 0]);
    }

    #[test]
    fn other_kinds_of_keys_are_named() {
        for (line, name) in [
            ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI me", "Ed25519"),
            ("ecdsa-sha2-nistp256 AAAA me", "ECDSA"),
            ("ssh-dss AAAA me", "DSA"),
            ("ssh-rsa AAAAB3NzaC1yc2E me", "cut off"),
            ("hello", "not a public key"),
        ] {
            let problem = from_openssh(line).unwrap_err();
            assert!(problem.contains(name), "{line}: {problem}");
        }
    }
}
