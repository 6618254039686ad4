//! `dispatchd init`.

use std::process::ExitCode;

use super::InitArguments;
use crate::config::set_limit;
use crate::error::Error;
use crate::{Founding, TlsFiles, init};

pub(super) fn run(arguments: InitArguments) -> Result<ExitCode, Error> {
    let mut founding = Founding {
        name: arguments.name,
        bind: arguments.bind,
        origins: arguments.origin,
        authority_key: arguments.authority_key,
        server_key: arguments.server_key,
        allow: arguments.allow,
        ..Founding::default()
    };
    if let Some(seconds) = arguments.challenge_seconds {
        set_limit(
            &mut founding.limits,
            "challenge_ms",
            seconds.saturating_mul(1000),
        )
        .map_err(|_| {
            Error::configuration(format!(
                "--challenge-seconds {seconds}: it must be from 1 to 60"
            ))
        })?;
    }
    for limit in &arguments.limit {
        let (name, value) = limit
            .split_once('=')
            .and_then(|(name, value)| Some((name, value.parse().ok()?)))
            .ok_or_else(|| {
                Error::configuration(format!("--limit {limit}: write it like session_ms=3600000"))
            })?;
        set_limit(&mut founding.limits, name, value)
            .map_err(|problem| Error::configuration(format!("--limit {limit}: {problem}")))?;
    }
    founding.tls = arguments
        .certificate
        .zip(arguments.certificate_key)
        .map(|(certificate, key)| TlsFiles { certificate, key });
    let config = init(&arguments.dir, &founding)?;
    let dir = arguments.dir.display();
    if let Some(community) = config.community {
        anstream::println!("founded  {community}  {}", founding.name);
    }
    anstream::println!("folder   {dir}");
    if let Some(path) = &config.authority_key {
        anstream::println!(
            "secret   {}  keep a copy where nobody else reads it",
            path.display()
        );
    }
    anstream::println!("next     dispatchd allow -c {dir} KEY.pub");
    anstream::println!("         dispatchd serve {dir}  and open the link that its log names");
    Ok(ExitCode::SUCCESS)
}
