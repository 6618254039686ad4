//! Where the server is: its address and the origin that a client dials.

use std::net::IpAddr;

use url::{Host, Url};

/// The path of the discovery document.
pub const DISCOVERY: &str = "/.well-known/dispatch-d";

/// The path of the socket.
pub const SOCKET: &str = "/v1/socket";

/// A server's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    host: Host<String>,
    port: u16,
    origin: String,
}

impl Target {
    /// Reads a URL such as `ws://127.0.0.1:7311` or `http://localhost:7311`.
    ///
    /// # Errors
    /// In words, for another scheme, a path, a query or a name and password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| format!("`{text}` is no URL"))?;
        match scheme {
            "ws" | "http" => {}
            "wss" | "https" => {
                return Err(format!(
                    "the suite speaks no TLS: dial the server itself, not what stands before it ({text}); \
                     its configured origins must then hold the one that is dialled"
                ));
            }
            _ => {
                return Err(format!(
                    "`{scheme}` is no scheme of a server here: ws:// or http://"
                ));
            }
        }
        let url = Url::parse(&format!("http://{rest}"))
            .map_err(|error| format!("`{text}` is no URL: {error}"))?;
        if url.path() != "/"
            || url.query().is_some()
            || url.fragment().is_some()
            || !url.username().is_empty()
        {
            return Err(format!(
                "`{text}` names more than a host and a port; all paths are the protocol's"
            ));
        }
        let host = url
            .host()
            .ok_or_else(|| format!("`{text}` names no host"))?
            .to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        Ok(Self {
            host,
            port,
            origin: url.origin().ascii_serialization(),
        })
    }

    /// The ASCII serialisation of the origin that is dialled.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Host and port, to connect to.
    pub fn address(&self) -> (String, u16) {
        let host = match &self.host {
            Host::Domain(name) => name.clone(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        (host, self.port)
    }

    /// The value of a request's `Host` header.
    pub fn host_header(&self) -> &str {
        self.origin
            .split_once("://")
            .map_or(self.origin.as_str(), |(_, host)| host)
    }

    /// Whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => IpAddr::V4(*address).is_loopback(),
            Host::Ipv6(address) => IpAddr::V6(*address).is_loopback(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_of_a_socket_is_that_of_http_without_a_default_port() {
        let origin = |text: &str| Target::parse(text).expect("a target").origin().to_owned();
        assert_eq!(origin("ws://127.0.0.1:7311"), "http://127.0.0.1:7311");
        assert_eq!(origin("http://LOCALHOST:80/"), "http://localhost");
        assert_eq!(origin("ws://[::1]:7311"), "http://[::1]:7311");
    }

    #[test]
    fn only_a_host_and_a_port_are_taken() {
        assert!(Target::parse("ws://127.0.0.1:7311/v1/socket").is_err());
        assert!(Target::parse("ws://a:b@127.0.0.1:7311").is_err());
        assert!(
            Target::parse("https://chat.example.org").is_err_and(|fault| fault.contains("TLS"))
        );
        assert!(Target::parse("127.0.0.1:7311").is_err());
        assert!(Target::parse("ftp://127.0.0.1").is_err());
    }

    #[test]
    fn this_machine_is_known_by_its_addresses_and_its_name() {
        let loopback = |text: &str| Target::parse(text).expect("a target").is_loopback();
        assert!(
            loopback("ws://127.9.9.9:1")
                && loopback("ws://[::1]:1")
                && loopback("ws://localhost:1")
        );
        assert!(!loopback("ws://192.0.2.1:1") && !loopback("ws://localhost.example.org:1"));
    }
}
