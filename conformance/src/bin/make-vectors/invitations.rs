//! `invitations.json`: links that pin a community, and texts that look like one.

use crate::community::{Community, labelled};
use crate::file::{File, Group, Test, invalid, valid};
use dispatch_conformance::codec::base64url::encode;

pub fn file() -> File {
    File::new("invitations", "Invitations. Read the link `text`.")
        .flag(
            "lax-origin",
            "hands the text to a parser of URLs, which mends what it reads",
            &[
                "JavaScript's URL",
                "Python urllib.parse",
                "Rust url",
                "Go net/url",
            ],
        )
        .flag(
            "port-unchecked",
            "takes any digits for a port",
            &["Python urllib.parse", "Go net/url"],
        )
        .flag(
            "host-unchecked",
            "takes any characters for a host",
            &["Python urllib.parse"],
        )
        .flag("other-scheme", "takes schemes that nobody dials", &[])
        .flag(
            "lax-id",
            "takes an id in another spelling, or of another length",
            &["JavaScript's atob", "Node Buffer", "Python base64"],
        )
        .flag(
            "lax-mark",
            "does not compare what stands between the origin and the id",
            &[],
        )
        .flag(
            "trimmed",
            "takes white space off before it reads",
            &["JavaScript's URL"],
        )
        .group(
            Group::new(
                "invitations",
                "`text`: the link; `origin` and `community`: what it says.",
            )
            .tests(good())
            .tests(origins())
            .tests(rests()),
        )
}

fn id() -> String {
    encode(&Community::example().id())
}

fn good() -> Vec<Test> {
    let ok = |id: &str, about: &str, origin: &str| {
        valid(id, about, &["INV-1"])
            .with("text", format!("{origin}/#dispatch-d/1/{}", self::id()))
            .with("origin", origin)
            .with("community", self::id())
    };
    let label = "a".repeat(63);
    let longest = format!("https://{label}.{label}.{label}.{}", "b".repeat(55));
    assert_eq!(longest.len(), 255);
    vec![
        ok(
            "invitation-https",
            "the scheme's port",
            "https://chat.example.org",
        ),
        ok("invitation-port", "a port", "https://chat.example.org:8443"),
        ok(
            "invitation-greatest-port",
            "the port 65535",
            "https://chat.example.org:65535",
        ),
        ok(
            "invitation-other-default-port",
            "the other scheme's port",
            "http://chat.example.org:443",
        ),
        ok(
            "invitation-one-label",
            "a host of one label",
            "http://localhost:7311",
        ),
        ok(
            "invitation-a-labels",
            "an international name",
            "https://xn--bcher-kva.example",
        ),
        ok(
            "invitation-digits-in-front",
            "a label of digits before the last",
            "https://1.2.3.example",
        ),
        ok(
            "invitation-ipv4",
            "an IPv4 address",
            "http://127.0.0.1:7311",
        ),
        ok("invitation-ipv6", "an IPv6 address", "http://[::1]:7311"),
        ok(
            "invitation-ipv6-without-port",
            "an IPv6 address and no port",
            "https://[2001:db8:0:1:1:1:1:1]",
        ),
        ok(
            "invitation-ipv6-mapped",
            "an IPv4 address in an IPv6 one, in hexadecimal",
            "https://[::ffff:c000:201]",
        ),
        ok(
            "invitation-longest",
            "an origin of 255 characters",
            &longest,
        ),
    ]
}

/// Origins that are none, or are written otherwise.
fn origins() -> Vec<Test> {
    let bad = |id: &str, about: &str, origin: &str, flag| {
        invalid(id, about, &["INV-1"], "bad_invitation")
            .flag(flag)
            .with("text", format!("{origin}/#dispatch-d/1/{}", self::id()))
    };
    let label = "a".repeat(63);
    let too_long = format!("https://{label}.{label}.{label}.{}", "b".repeat(56));
    let lax = |id: &str, about: &str, origin: &str| bad(id, about, origin, "lax-origin");
    let host = |id: &str, about: &str, origin: &str| bad(id, about, origin, "host-unchecked");
    let port = |id: &str, about: &str, origin: &str| bad(id, about, origin, "port-unchecked");
    let scheme = |id: &str, about: &str, origin: &str| bad(id, about, origin, "other-scheme");
    vec![
        lax(
            "invitation-upper-case-host",
            "a host in upper case",
            "https://Chat.example.org",
        ),
        lax(
            "invitation-upper-case-scheme",
            "a scheme in upper case",
            "HTTPS://chat.example.org",
        ),
        lax(
            "invitation-u-labels",
            "an international name in its own letters",
            "https://bücher.example",
        ),
        lax(
            "invitation-userinfo",
            "a name in front of the host",
            "https://chat.example.org@evil.example",
        ),
        lax("invitation-path", "a path", "https://chat.example.org/chat"),
        lax(
            "invitation-query",
            "a query",
            "https://chat.example.org/?a=1",
        ),
        lax(
            "invitation-percent",
            "a letter in percent encoding",
            "https://ch%61t.example.org",
        ),
        lax(
            "invitation-backslash",
            "a backslash for a slash",
            "https:/\\chat.example.org",
        ),
        lax(
            "invitation-tab",
            "a tab inside the host",
            "https://chat.exa\tmple.org",
        ),
        lax(
            "invitation-ipv4-short",
            "an IPv4 address of two numbers",
            "http://127.1:7311",
        ),
        lax(
            "invitation-ipv4-hexadecimal",
            "an IPv4 address in hexadecimal",
            "http://0x7f000001:7311",
        ),
        lax(
            "invitation-ipv4-octal",
            "an IPv4 address with a leading zero",
            "http://0177.0.0.1:7311",
        ),
        lax(
            "invitation-ipv6-long",
            "an IPv6 address that is not shortened",
            "http://[0:0:0:0:0:0:0:1]:7311",
        ),
        lax(
            "invitation-ipv6-upper-case",
            "an IPv6 address in upper case",
            "https://[2001:DB8::1]",
        ),
        lax(
            "invitation-ipv6-dotted",
            "an IPv6 address with a part in dotted decimals",
            "https://[::ffff:192.0.2.1]",
        ),
        lax(
            "invitation-ipv6-one-zero",
            "`::` for a single 0",
            "https://[2001:db8::1:1:1:1:1]",
        ),
        lax("invitation-long", "an origin of 256 characters", &too_long),
        host("invitation-no-host", "no host", "https://"),
        host(
            "invitation-underscore",
            "a character that no host has",
            "https://chat_room.example.org",
        ),
        host("invitation-space", "a space", "https://chat example.org"),
        host(
            "invitation-empty-label",
            "two dots",
            "https://chat..example.org",
        ),
        host(
            "invitation-last-dot",
            "a dot behind the name",
            "https://chat.example.org.",
        ),
        host(
            "invitation-long-label",
            "a label of 64 characters",
            &format!("https://{label}a.example"),
        ),
        host(
            "invitation-ipv4-large",
            "an IPv4 address with a number over 255",
            "http://127.0.0.256",
        ),
        host(
            "invitation-ipv6-open",
            "an IPv6 address without its end",
            "http://[::1",
        ),
        host(
            "invitation-ipv6-bare",
            "an IPv6 address without brackets",
            "http://2001:db8::1",
        ),
        port(
            "invitation-default-port",
            "the scheme's own port",
            "https://chat.example.org:443",
        ),
        port(
            "invitation-default-port-http",
            "the scheme's own port",
            "http://chat.example.org:80",
        ),
        port(
            "invitation-no-port",
            "a colon and no port",
            "https://chat.example.org:",
        ),
        port(
            "invitation-port-0",
            "the port 0",
            "https://chat.example.org:0",
        ),
        port(
            "invitation-port-65536",
            "the port 65536",
            "https://chat.example.org:65536",
        ),
        port(
            "invitation-port-zero-in-front",
            "a port with a zero in front",
            "https://chat.example.org:08443",
        ),
        port(
            "invitation-port-signed",
            "a port with a sign",
            "https://chat.example.org:+8443",
        ),
        scheme(
            "invitation-wss",
            "the socket's scheme",
            "wss://chat.example.org",
        ),
        scheme("invitation-no-scheme", "no scheme", "chat.example.org"),
        scheme(
            "invitation-javascript",
            "a scheme that runs what follows",
            "javascript://chat.example.org",
        ),
    ]
}

/// Texts whose origin is good.
fn rests() -> Vec<Test> {
    let bad = |id: &str, about: &str, text: String, flag| {
        invalid(id, about, &["INV-1"], "bad_invitation")
            .flag(flag)
            .with("text", text)
    };
    let origin = "https://chat.example.org";
    let of = |id: &str| format!("{origin}/#dispatch-d/1/{id}");
    let good = of(&id());
    let lax_id = |id: &str, about: &str, text: String| bad(id, about, text, "lax-id");
    let mark = |id: &str, about: &str, mark: &str| {
        bad(
            id,
            about,
            format!("{origin}{mark}{}", self::id()),
            "lax-mark",
        )
    };
    // the last letter of 43 holds two bits that mean nothing
    let trailing = |id: &str| {
        let last = id.bytes().last().expect("43 letters");
        format!("{}{}", &id[..42], char::from(last + 1))
    };
    vec![
        lax_id("invitation-no-id", "no id", of("")),
        lax_id(
            "invitation-short-id",
            "31 bytes",
            of(&encode(&labelled("id")[..31])),
        ),
        lax_id(
            "invitation-long-id",
            "33 bytes",
            of(&encode(&[&labelled("id")[..], &[0]].concat())),
        ),
        lax_id(
            "invitation-padded-id",
            "an id with padding",
            of(&format!("{}=", id())),
        ),
        lax_id(
            "invitation-trailing-bits",
            "an id whose unused bits are not zero",
            of(&trailing(&encode(&[0; 32]))),
        ),
        lax_id(
            "invitation-standard-alphabet",
            "an id with + and /",
            of(&format!("+/{}", &encode(&[0; 32])[2..])),
        ),
        lax_id(
            "invitation-more-behind",
            "more behind the id",
            of(&format!("{}/", id())),
        ),
        lax_id(
            "invitation-query-behind",
            "a query behind the id",
            of(&format!("{}?a=1", id())),
        ),
        mark(
            "invitation-other-version",
            "another version",
            "/#dispatch-d/2/",
        ),
        mark("invitation-no-version", "no version", "/#dispatch-d/"),
        mark(
            "invitation-no-fragment",
            "a path in the place of the fragment",
            "/dispatch-d/1/",
        ),
        mark(
            "invitation-no-slash",
            "no slash before the fragment",
            "#dispatch-d/1/",
        ),
        mark(
            "invitation-other-name",
            "another protocol's name",
            "/#dispatch/1/",
        ),
        mark(
            "invitation-upper-case-mark",
            "upper case",
            "/#Dispatch-d/1/",
        ),
        mark(
            "invitation-percent-mark",
            "the mark in percent encoding",
            "/#dispatch-d%2F1%2F",
        ),
        bad(
            "invitation-space-in-front",
            "a space in front",
            format!(" {good}"),
            "trimmed",
        ),
        bad(
            "invitation-line-end",
            "a line end behind",
            format!("{good}\n"),
            "trimmed",
        ),
        bad("invitation-empty", "no text", String::new(), "lax-mark"),
    ]
}
