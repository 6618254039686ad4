//! Invitations: links that say where a community is dialled, and which one it must be.
//!
//! Not for dialling, and not for what a server takes for its own origin: that is configured.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::bytes::Id;
use crate::verdict::{Finding, Verdict};

/// What stands between the origin and the id.
const MARK: &str = "/#dispatch-d/1/";
/// The most characters of an origin, and of a label in a host's name.
const ORIGIN: usize = 255;
const LABEL: usize = 63;

/// An invitation: no secret, and it admits nobody. It pins the community.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Invitation {
    origin: String,
    community: Id,
}

impl Invitation {
    /// The invitation to this community at this origin, such as `https://chat.example.org`.
    ///
    /// # Errors
    /// `bad_invitation` (INV-1) if the text is no origin in its one form.
    pub fn new(origin: &str, community: Id) -> Result<Self, Finding> {
        check_origin(origin).map_err(|what| bad(&what))?;
        Ok(Self {
            origin: origin.to_owned(),
            community,
        })
    }

    /// Reads a link. Nothing is trimmed or mended.
    ///
    /// # Errors
    /// `bad_invitation` (INV-1).
    pub fn decode(text: &str) -> Result<Self, Finding> {
        // [INV-1]
        let (origin, id) = text.split_once(MARK).ok_or_else(|| {
            bad("an invitation looks like https://chat.example.org/#dispatch-d/1/ID")
        })?;
        let community = Id::decode(id)
            .map_err(|error| bad(&format!("behind {MARK} stands no community's id: {error}")))?;
        Self::new(origin, community)
    }

    /// Where the community is dialled.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Which community it must be.
    pub fn community(&self) -> Id {
        self.community
    }
}

/// The link.
impl fmt::Display for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{MARK}{}", self.origin, self.community)
    }
}

fn bad(what: &str) -> Finding {
    Finding::new(
        Verdict::BadInvitation,
        "INV-1",
        format!("{what}; ask for the link again"),
    )
}

/// Whether this is an origin in its one form. The error says what is not.
fn check_origin(origin: &str) -> Result<(), String> {
    if origin.len() > ORIGIN {
        return Err(format!("the origin is longer than {ORIGIN} characters"));
    }
    let (rest, default) = if let Some(rest) = origin.strip_prefix("https://") {
        (rest, 443)
    } else if let Some(rest) = origin.strip_prefix("http://") {
        (rest, 80)
    } else {
        return Err("the link begins with neither https:// nor http://".into());
    };
    // colons stand inside of brackets, too
    let (host, port) = match rest.split_once(']') {
        Some((address, "")) => (format!("{address}]"), None),
        Some((address, port)) => (format!("{address}]"), Some(port)),
        None => match rest.split_once(':') {
            Some((host, _)) => (host.to_owned(), Some(&rest[host.len()..])),
            None => (rest.to_owned(), None),
        },
    };
    if let Some(port) = port {
        let digits = port.strip_prefix(':').unwrap_or_default();
        let number: u16 = digits.parse().unwrap_or_default();
        // the number's own text: no sign, no leading zero
        if number == 0 || number == default || number.to_string() != digits {
            return Err(format!(
                "`{port}` is no port from 1 to 65535 other than {default}"
            ));
        }
    }
    let address = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let good = match address {
        Some(address) => is_ipv6(address),
        None => is_name(&host) || host.parse::<Ipv4Addr>().is_ok(),
    };
    match good {
        true => Ok(()),
        false => Err(format!("`{host}` is not a host as an origin writes it")),
    }
}

fn is_name(host: &str) -> bool {
    let letters = |label: &str| {
        label
            .bytes()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
    };
    let labels = || host.split('.');
    labels().all(|label| (1..=LABEL).contains(&label.len()) && letters(label))
        && labels()
            .next_back()
            .is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()))
}

/// Whether the text is an address' one form by RFC 5952, section 4, without dotted decimals.
fn is_ipv6(text: &str) -> bool {
    let Ok(address) = text.parse::<Ipv6Addr>() else {
        return false;
    };
    // the library writes a mapped address with a part in dotted decimals
    let canonical = match address.to_ipv4_mapped() {
        Some(_) => {
            let [.., high, low] = address.segments();
            format!("::ffff:{high:x}:{low:x}")
        }
        None => address.to_string(),
    };
    canonical == text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_is_read_as_it_was_written() {
        let community = Id::new([7; 32]);
        for origin in [
            "https://chat.example.org",
            "http://127.0.0.1:7311",
            "http://[::1]:7311",
            "https://[2001:db8::1]",
        ] {
            let invitation = Invitation::new(origin, community).unwrap();
            assert_eq!(Invitation::decode(&invitation.to_string()), Ok(invitation));
        }
    }

    #[test]
    fn a_link_that_was_cut_is_refused_with_what_to_do() {
        let whole = Invitation::new("https://chat.example.org", Id::new([7; 32])).unwrap();
        let whole = whole.to_string();
        for length in 0..whole.len() {
            let finding = Invitation::decode(&whole[..length]).unwrap_err();
            assert_eq!(
                (finding.verdict, finding.requirement),
                (Verdict::BadInvitation, "INV-1")
            );
            assert!(finding.detail.contains("ask for the link again"));
        }
    }
}
