//! Origins as RFC 6454, section 6.2 writes them: what a client dials, and what a join signature is bound to.
//! Not for reading an origin out of a request: a server knows its own by configuration alone. // [JOIN-3]

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

/// The ASCII serialisation of an origin: scheme, `://`, host, and the port unless it is the scheme's default.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    /// Reads what an owner writes: an `http` or `https` URL that holds nothing behind host and port.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what would be right.
    pub fn parse(text: &str) -> Result<Origin, String> {
        let example = "write it like https://chat.example.org or http://127.0.0.1:7311";
        let url = Url::parse(text)
            .map_err(|cause| format!("`{text}` is not an origin ({cause}); {example}"))?;
        match url.scheme() {
            "http" | "https" => {}
            "ws" => {
                return Err(format!(
                    "`{text}`: write the scheme http for clients that dial ws"
                ));
            }
            "wss" => {
                return Err(format!(
                    "`{text}`: write the scheme https for clients that dial wss"
                ));
            }
            _ => {
                return Err(format!(
                    "`{text}` has a scheme that is neither http nor https; {example}"
                ));
            }
        }
        let bare = matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !bare {
            return Err(format!(
                "`{text}` holds more than scheme, host and port; {example}"
            ));
        }
        if matches!(url.host(), Some(Host::Ipv4(address)) if address.is_unspecified())
            || matches!(url.host(), Some(Host::Ipv6(address)) if address.is_unspecified())
        {
            return Err(format!(
                "`{text}`: nobody dials the unspecified address; {example}"
            ));
        }
        let serialised = url.origin().ascii_serialization();
        if serialised.len() > 255 {
            return Err(format!("`{text}` is longer than 255 characters"));
        }
        Ok(Origin(serialised))
    }

    /// The origins of a server that has none configured: the address it is bound to and, on loopback, `localhost`
    /// with the same port. None for an unspecified address, which nobody dials.
    #[must_use]
    pub fn of_bound(address: SocketAddr, tls: bool) -> Vec<Origin> {
        if address.ip().is_unspecified() {
            return Vec::new();
        }
        let scheme = if tls { "https" } else { "http" };
        let mut urls = vec![format!("{scheme}://{address}")];
        if address.ip().is_loopback() && matches!(address.ip(), IpAddr::V4(_)) {
            urls.push(format!("{scheme}://localhost:{}", address.port()));
        }
        urls.iter()
            .filter_map(|url| Origin::parse(url).ok())
            .collect()
    }

    /// Whether tokens that travel there can be read on the way: plain http, and not on loopback. // [SESS-19]
    #[must_use]
    pub fn needs_tls(&self) -> bool {
        let Ok(url) = Url::parse(&self.0) else {
            return false;
        };
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        url.scheme() == "http" && !loopback
    }

    /// Whether it is dialled by TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// The host: a name, an IPv4 address, or an IPv6 address without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.0.split_once("://").map_or("", |(_, rest)| rest);
        match host.strip_prefix('[') {
            Some(address) => address.split_once(']').map_or(address, |(host, _)| host),
            None => host.split_once(':').map_or(host, |(host, _)| host),
        }
    }

    /// The serialised text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_in_its_one_form() {
        for (written, meant) in [
            ("https://Chat.Example.org/", "https://chat.example.org"),
            ("https://chat.example.org:443", "https://chat.example.org"),
            ("http://127.0.0.1:7311", "http://127.0.0.1:7311"),
            ("http://[::1]:7311", "http://[::1]:7311"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(Origin::parse(written).unwrap().as_str(), meant);
        }
    }

    #[test]
    fn what_is_no_origin_is_refused_with_a_hint() {
        for (written, hint) in [
            ("chat.example.org", "write it like"),
            ("wss://chat.example.org", "https"),
            ("https://chat.example.org/chat", "more than scheme"),
            ("https://chat.example.org?x=1", "more than scheme"),
            ("https://me@chat.example.org", "more than scheme"),
            ("http://0.0.0.0:7311", "unspecified"),
            ("ftp://chat.example.org", "neither http nor https"),
        ] {
            let refusal = Origin::parse(written).unwrap_err();
            assert!(refusal.contains(hint), "{written}: {refusal}");
        }
    }

    #[test]
    fn a_bound_loopback_address_is_its_own_origin() {
        let origins = Origin::of_bound("127.0.0.1:7311".parse().unwrap(), false);
        let texts: Vec<_> = origins.iter().map(Origin::as_str).collect();
        assert_eq!(texts, ["http://127.0.0.1:7311", "http://localhost:7311"]);
        assert!(Origin::of_bound("0.0.0.0:7311".parse().unwrap(), false).is_empty());
    }
}
