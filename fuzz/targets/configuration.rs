//! `dispatchd.toml`: what is taken keeps every bound, and what is not is told in one line that names the place.

#![no_main]

use dispatch_protocol::limits::Limits;
use dispatch_server::{Origin, fuzzing};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match fuzzing::configuration(text) {
        Ok(config) => {
            config.limits.check().expect("[LIM-10]");
            let stated = serde_json::to_value(&config.limits).expect("limits are written");
            for (name, least, most) in Limits::BOUNDS {
                let value = stated[name].as_u64().expect("each limit is a number");
                assert!((least..=most).contains(&value), "[LIM-5] {name} is {value}");
            }
            let pages = config.page_origins.iter().flatten();
            for origin in config.origins.iter().chain(pages) {
                let again = Origin::parse(origin.as_str());
                assert!(
                    again.as_ref() == Ok(origin),
                    "{origin:?} is read as {again:?}"
                );
                assert!(origin.as_str().is_ascii() && origin.as_str().len() <= 255);
            }
            assert!((1..=1_000_000).contains(&config.connections));
            assert!((1..=3).contains(&config.transports.len()));
            for waiting in [
                config.slow_reader,
                config.join_within,
                config.shutdown_within,
            ] {
                assert!((100..=600_000).contains(&waiting.as_millis()));
            }
        }
        Err(line) => {
            assert!(!line.contains('\n'), "one line and not: {line}");
            let place = line.strip_prefix("dispatchd.toml:");
            let place = place.and_then(|rest| rest.split(':').next());
            let number: usize = place
                .and_then(|number| number.parse().ok())
                .expect("a line's number");
            assert!(
                (1..=text.lines().count().max(1) + 1).contains(&number),
                "line {number}"
            );
        }
    }
});
