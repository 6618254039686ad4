//! Invitations: links that pin a community (spec/clients.md, "Invitations").

use super::{Hash, Verdict, base64url};
use url::Host;

/// What stands between the origin and the id.
const MARK: &str = "/#dispatch-d/1/";

/// Where a community is dialled, and which one it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The origin.
    pub origin: String,
    /// The community's id.
    pub community: Hash,
}

impl Invitation {
    /// Reads a link, or says `bad_invitation`.
    pub fn read(text: &str) -> Result<Self, Verdict> {
        // [INV-1]
        let (origin, id) = text
            .split_once(MARK)
            .ok_or_else(|| bad(format!("{MARK} is missing")))?;
        check_origin(origin)?;
        let community = base64url::decode_hash(id).map_err(|v| bad(v.to_string()))?;
        Ok(Self {
            origin: origin.to_owned(),
            community,
        })
    }

    /// The link.
    pub fn write(&self) -> String {
        format!(
            "{}{MARK}{}",
            self.origin,
            base64url::encode(&self.community)
        )
    }
}

fn bad(detail: impl Into<String>) -> Verdict {
    Verdict::new("bad_invitation", "INV-1", detail)
}

fn check_origin(origin: &str) -> Result<(), Verdict> {
    let (rest, default) = match origin.split_once("://") {
        Some(("http", rest)) => (rest, "80"),
        Some(("https", rest)) => (rest, "443"),
        _ => return Err(bad("the scheme is neither http nor https")),
    };
    let (host, port) = match rest.rfind(':') {
        // the last colon of an address in brackets stands inside
        Some(at) if !rest.ends_with(']') => (&rest[..at], Some(&rest[at + 1..])),
        _ => (rest, None),
    };
    if let Some(port) = port {
        let number: u16 = port.parse().unwrap_or(0);
        if number == 0 || number.to_string() != port || port == default {
            return Err(bad(format!("{port} is no port, or the default one")));
        }
    }
    if origin.len() > 255 {
        return Err(bad("the origin is longer than 255 characters"));
    }
    match is_host(host) {
        true => Ok(()),
        false => Err(bad(format!("{host} is no host as an origin writes it"))),
    }
}

fn is_host(host: &str) -> bool {
    if host.starts_with('[') {
        return Host::parse(host).is_ok_and(|h| h.to_string() == host);
    }
    if host.split('.').all(|part| part.parse::<u8>().is_ok()) {
        return Host::parse(host).is_ok_and(|h| h.to_string() == host);
    }
    let letter = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    let label = |l: &str| (1..=63).contains(&l.len()) && l.bytes().all(letter);
    let last = host.rsplit('.').next().unwrap_or_default();
    host.split('.').all(label) && last.starts_with(|c: char| c.is_ascii_lowercase())
}
