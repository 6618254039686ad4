//! What a configuration's text comes to, and the line that each fault names.

use super::*;
use crate::config::Rates;
use crate::config::queues::TABLE;

fn read(text: &str) -> Result<Config, String> {
    Reading {
        path: Path::new("/c/dispatchd.toml"),
        text,
    }
    .config()
    .map_err(|error| error.to_string())
}

#[test]
fn an_empty_file_gives_the_defaults_beside_it() {
    let config = read("").unwrap();
    assert_eq!(config.bind.to_string(), "127.0.0.1:7311");
    assert_eq!(config.store, Path::new("/c/store/chain.sqlite"));
    assert_eq!(config.limits, Limits::default());
    assert!(config.origins.is_empty() && config.allowlist.is_none());
    assert!(config.app);
    assert_eq!(
        config.transports,
        [Transport::Ws, Transport::Http, Transport::Sse]
    );
}

#[test]
fn what_is_written_is_taken() {
    let config = read(
        "bind = \"[::1]:1\"\napp = false\ntransports = [\"http\"]\norigins = [\"https://a.example/\"]\nstore = \"/var/x\"\n[limits]\nchallenge_ms = 2000\n\
         [log]\nformat = \"json\"\n",
    )
    .unwrap();
    assert_eq!(config.bind.to_string(), "[::1]:1");
    assert_eq!(config.origins[0].as_str(), "https://a.example");
    assert_eq!(config.store, Path::new("/var/x"));
    assert!(!config.app);
    assert_eq!(config.transports, [Transport::Http]);
    assert_eq!(config.limits.challenge_ms, 2000);
    assert_eq!(config.log.format, LogFormat::Json);
}

#[test]
fn rates_proxies_certificate_and_metrics_are_taken() {
    let config = read(
        "proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]\nmetrics = \"127.0.0.1:7312\"\n\
         [rates]\nentries_per_second = 0\njoins_burst = 7\n[tls]\ncertificate = \"/etc/c.pem\"\nkey = \"k.pem\"\n",
    )
    .unwrap();
    assert_eq!(config.proxies[0].to_string(), "127.0.0.1/32");
    assert_eq!(config.metrics.unwrap().port(), 7312);
    assert_eq!(config.rates.entries, None, "0 stands for no bound");
    let usual = Rates::default().joins.unwrap();
    let joins = config.rates.joins.unwrap();
    assert_eq!(joins.per_second, usual.per_second);
    assert_eq!(joins.burst.get(), 7);
    let tls = config.tls.unwrap();
    assert_eq!(tls.certificate, Path::new("/etc/c.pem"));
    assert_eq!(tls.key, Path::new("/c/k.pem"));
}

#[test]
fn the_queues_that_a_founding_writes_are_the_defaults_and_each_is_taken() {
    let text = format!("[queues]\n{}", Queues::default().text());
    assert_eq!(read(&text).unwrap().queues, Queues::default());
    for queue in &TABLE {
        let one = Queues::default().text();
        let line = one
            .lines()
            .find(|line| line.starts_with(&format!("{} = ", queue.name)));
        assert!(line.unwrap().contains(queue.what));
        let config = read(&format!("[queues]\n{} = 2048", queue.name));
        let (least, most) = (queue.least, queue.most);
        match config {
            Ok(config) => assert_ne!(config.queues, Queues::default(), "{}", queue.name),
            Err(problem) => {
                let due = format!("{} is 2048; it must be from {least} to {most}", queue.name);
                assert!(problem.ends_with(&due), "{problem}");
            }
        }
    }
}

#[test]
fn each_fault_names_its_line() {
    for (text, problem) in [
        (
            "\nbnid = \"x\"",
            "/c/dispatchd.toml:2: unknown field `bnid`",
        ),
        (
            "bind = \"localhost:7311\"",
            "/c/dispatchd.toml:1: bind `localhost:7311` is not an address",
        ),
        (
            "origins = [\n\"https://a\",\n\"wss://b\"]",
            "/c/dispatchd.toml:3: `wss://b`",
        ),
        (
            "[queues]\nbatches = 1",
            "/c/dispatchd.toml:2: there is no queue `batches`; there are entries_kib, entries_of_socket, batch,",
        ),
        (
            "[limits]\n\nwraps = 0",
            "/c/dispatchd.toml:3: wraps is 0; it must be from 1 to 1024",
        ),
        (
            "[limits]\nwrap = 1",
            "/c/dispatchd.toml:2: there is no limit `wrap`",
        ),
        (
            "community = \"abc\"",
            "/c/dispatchd.toml:1: community is not an id",
        ),
        (
            "slow_reader_ms = 1",
            "/c/dispatchd.toml:1: slow_reader_ms is 1",
        ),
        (
            "connections = 0",
            "/c/dispatchd.toml:1: connections is 0; it must be",
        ),
        (
            "[log]\nformat = \"loud\"",
            "/c/dispatchd.toml:2: unknown variant `loud`",
        ),
        (
            "app = \"yes\"",
            "/c/dispatchd.toml:1: invalid type: string \"yes\", expected a boolean",
        ),
        (
            "transports = [\"ws\",\n\"wss\"]",
            "/c/dispatchd.toml:2: there is no transport `wss`",
        ),
        (
            "transports = [\"ws\", \"ws\"]",
            "/c/dispatchd.toml:1: the transport `ws` is named twice",
        ),
        (
            "\ntransports = [\"sse\"]",
            "/c/dispatchd.toml:2: transports must hold \"ws\" or \"http\"",
        ),
        (
            "transports = []",
            "/c/dispatchd.toml:1: transports must hold",
        ),
        (
            "transports = \"ws\"",
            "/c/dispatchd.toml:1: invalid type: string \"ws\"",
        ),
        ("bind = ", "/c/dispatchd.toml:1: "),
        (
            "metrics = \"7312\"",
            "/c/dispatchd.toml:1: metrics `7312` is not an address",
        ),
        (
            "proxies = [\"::1\",\n\"10.0.0.0/33\"]",
            "/c/dispatchd.toml:2: `10.0.0.0/33` is neither an address nor a network",
        ),
        (
            "[rates]\nentries_burst = 0",
            "/c/dispatchd.toml:2: entries_burst is 0; it must be from 1 to 1000000",
        ),
        (
            "[rates]\njoins_per_minute = 1",
            "/c/dispatchd.toml:2: unknown field `joins_per_minute`",
        ),
        (
            "[tls]\ncertificate = \"a\"",
            "/c/dispatchd.toml:1: missing field `key`",
        ),
    ] {
        let found = read(text).unwrap_err();
        assert!(found.starts_with(problem), "{text}: {found}");
    }
}
