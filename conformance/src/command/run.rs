//! `run`: plays cases against a server, and reports.

use std::{path::PathBuf, sync::Arc, time::Duration};

use clap::Args;
use rsa::{RsaPrivateKey, pkcs1::DecodeRsaPrivateKey, pkcs8::DecodePrivateKey};

use tokio::sync::oneshot;

use super::{Library, complain};
use crate::{
    accounts::Actor,
    canary::Places,
    codec::Account,
    embedded::Embedded,
    exit::Exit,
    peer::Target,
    preflight::{self, Unready, Wishes},
    report::{
        Wanted,
        progress::Progress,
        terminal::{self, Call},
    },
    requirement::{Level, Requirements},
    result::{RunResult, Verdict},
    run::{Settings, run},
    scenario::{Capability, Case, Vectors},
    selector,
    spawn::{CommandTemplate, Spawned, Spawner},
};

/// How long a server that the suite starts may take, where the command line does not say.
const READY_WITHIN: Duration = Duration::from_secs(10);
/// How long one may take to stop in order.
const STOP_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
#[command(
    override_usage = "dispatch-conformance run [OPTIONS] [URL] [SELECTOR]...
       dispatch-conformance run [OPTIONS] --spawn 'CMD {config}' [SELECTOR]...",
    after_help = "Exit codes: 0 conformant, 1 not conformant, 2 usage, configuration or vectors, 3 no server there, 4 the suite \
    failed, 130 interrupted"
)]
pub struct Arguments {
    /// The server, such as ws://127.0.0.1:7311 (without one, the embedded reference), and what to play: cases, requirements, areas
    /// such as JOIN, or patterns with * and ?
    #[arg(value_name = "URL | SELECTOR")]
    arguments: Vec<String>,
    /// Only cases of at least this level: MUST, SHOULD or MAY
    #[arg(long)]
    level: Option<Level>,
    /// How many cases at a time [default: twice the processors, at least 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Seconds for which a step waits for what is due
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    timeout: Duration,
    /// Seconds for the whole run
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = seconds)]
    deadline: Duration,
    /// Start, kill and restart the server with this command; {config} is where the path of its JSON configuration goes
    #[arg(long, value_name = "CMD {config}", value_parser = CommandTemplate::parse)]
    spawn: Option<CommandTemplate>,
    /// Keep what --spawn makes (configurations, data, output) in this folder
    #[arg(long, value_name = "DIR", requires = "spawn")]
    keep: Option<PathBuf>,
    /// The folder in which the server stores, to be searched for secrets after the run; --spawn knows it
    #[arg(long, value_name = "DIR", conflicts_with = "spawn")]
    data_dir: Option<PathBuf>,
    /// The file of the server's log, to be searched likewise; --spawn knows it
    #[arg(long, value_name = "FILE", conflicts_with = "spawn")]
    server_log: Option<PathBuf>,
    /// Stop at the first failure
    #[arg(long)]
    fail_fast: bool,
    /// Seconds to wait for a server that is starting [with --spawn: 10]
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    wait_ready: Duration,
    /// Write everything that is sent and received to standard error
    #[arg(long)]
    trace: bool,
    /// Write a report; may be repeated. The format is json
    #[arg(long, value_name = "FORMAT=PATH")]
    report: Vec<Wanted>,
    /// Declare that the server, or the suite, lacks a capability; may be repeated
    #[arg(long, value_name = "CAPABILITY")]
    without: Vec<Capability>,
    /// Let the server be on another machine
    #[arg(long)]
    allow_remote: bool,
    /// The authority's private key (PEM), if the community is not the suite's own
    #[arg(long, value_name = "FILE")]
    authority_key: Option<PathBuf>,
    /// A line for each case
    #[arg(long, short)]
    verbose: bool,
}

pub fn execute(arguments: Arguments, vectors: Option<PathBuf>, library: Library) -> Exit {
    let (url, selectors) = match arguments.arguments.split_first() {
        Some((first, rest)) if first.contains("://") => (Some(first.clone()), rest),
        _ => (None, arguments.arguments.as_slice()),
    };
    let Library {
        corpus,
        requirements,
        vectors: all,
    } = library;
    let all = Arc::new(all);
    let cases = match selector::select(selectors, arguments.level, &all, &requirements) {
        Ok(cases) if cases.is_empty() => {
            return complain(Exit::Usage, "there are no cases to play");
        }
        Ok(cases) => cases,
        Err(nothing) => return complain(Exit::Usage, &nothing.to_string()),
    };
    let target = match url
        .as_deref()
        .map(|url| target(url, arguments.allow_remote))
        .transpose()
    {
        Ok(target) => target,
        Err(why) => return complain(Exit::Usage, &why),
    };
    if let (Some(_), Some(url)) = (&arguments.spawn, &url) {
        return complain(
            Exit::Usage,
            &format!("--spawn starts the server itself: leave {url} out, or --spawn"),
        );
    }
    if let Some(why) = unreadable(&arguments, url.as_ref()) {
        return complain(Exit::Usage, &why);
    }
    let authority = match arguments.authority_key.as_ref().map(authority).transpose() {
        Ok(authority) => authority,
        Err(why) => return complain(Exit::Usage, &why),
    };
    let session = Session {
        settings: Settings {
            jobs: arguments.jobs.map_or_else(default_jobs, usize::from),
            deadline: arguments.deadline,
            fail_fast: arguments.fail_fast,
            without: arguments.without.clone(),
            trace: arguments.trace,
            url: url.clone(),
            vectors_hash: corpus.vectors_hash(),
            spawner: arguments.spawn.clone().map(|command| Spawner {
                command,
                ready_within: match arguments.wait_ready {
                    Duration::ZERO => READY_WITHIN,
                    within => within,
                },
                stop_within: STOP_WITHIN,
                keep: arguments.keep.clone(),
            }),
            places: Places {
                data: arguments.data_dir.clone(),
                log: arguments.server_log.clone(),
            },
        },
        wishes: Wishes {
            patience: arguments.timeout,
            wait_ready: arguments.wait_ready,
            authority,
            trace: arguments.trace,
        },
        call: call(&arguments, url.as_ref(), vectors.as_ref()),
        cases,
        vectors: &all,
        requirements: &requirements,
        reports: &arguments.report,
        verbose: arguments.verbose,
    };
    match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => {
            let exit = runtime.block_on(session.run(target));
            runtime.shutdown_background();
            exit
        }
        Err(error) => complain(Exit::Harness, &format!("no runtime: {error}")),
    }
}

/// Where the server is.
enum Place {
    /// There.
    Dialled(Target),
    /// Where the suite starts it.
    Spawned(Arc<Spawned>),
}

/// Everything that one run needs.
struct Session<'a> {
    settings: Settings,
    wishes: Wishes,
    call: Call,
    cases: Vec<&'a Case>,
    vectors: &'a Arc<Vectors>,
    requirements: &'a Requirements,
    reports: &'a [Wanted],
    verbose: bool,
}

impl Session<'_> {
    async fn run(&self, target: Option<Target>) -> Exit {
        if let Some(spawner) = &self.settings.spawner {
            let process = match spawner.prepare("server", &Default::default()) {
                Ok(process) => process,
                Err(error) => {
                    return complain(
                        Exit::Harness,
                        &format!("the server's folder could not be made: {error}"),
                    );
                }
            };
            let exit = self.judge(Place::Spawned(Arc::clone(&process))).await;
            if let Err(error) = process.kill().await {
                return complain(
                    Exit::Harness,
                    &format!("the server could not be killed: {error}"),
                );
            }
            return exit;
        }
        let Some(target) = target else {
            let embedded = match Embedded::start().await {
                Ok(embedded) => embedded,
                Err(why) => return complain(Exit::Usage, &why),
            };
            let exit = match Target::parse(embedded.url()) {
                Ok(target) => self.judge(Place::Dialled(target)).await,
                Err(why) => complain(Exit::Harness, &why),
            };
            embedded.stop().await;
            return exit;
        };
        self.judge(Place::Dialled(target)).await
    }

    async fn judge(&self, place: Place) -> Exit {
        let (interrupt, mut interrupted) = oneshot::channel::<()>();
        tokio::spawn(async move {
            // Where signals cannot be had, nothing interrupts.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            drop(interrupt);
        });
        let ready = async {
            match place {
                Place::Dialled(target) => {
                    preflight::ready(target, &self.wishes, self.vectors).await
                }
                Place::Spawned(process) => {
                    preflight::start(process, &self.wishes, self.vectors).await
                }
            }
        };
        let ready = tokio::select! {
            ready = ready => ready,
            _ = &mut interrupted => return complain(Exit::Interrupted, "interrupted before the first case"),
        };
        let ready = match ready {
            Ok(ready) => ready,
            Err(Unready::Unreachable(why)) => return complain(Exit::Unreachable, &why),
            Err(Unready::Configuration(why)) => return complain(Exit::Usage, &why),
        };
        let mut progress = Progress::of(self.cases.len(), self.verbose);
        let interrupted = async {
            let _ = interrupted.await;
        };
        let result = run(
            ready,
            &self.cases,
            self.vectors,
            &self.settings,
            &mut progress,
            interrupted,
        )
        .await;
        progress.finish();
        self.report(&result)
    }

    fn report(&self, result: &RunResult) -> Exit {
        anstream::print!(
            "{}",
            terminal::render(result, self.requirements, &self.call)
        );
        for report in self.reports {
            if let Err(why) = report.write(result) {
                return complain(
                    Exit::Usage,
                    &format!("the report could not be written: {why}"),
                );
            }
        }
        if result.interrupted {
            Exit::Interrupted
        } else if result.count(Verdict::HarnessError) > 0 {
            Exit::Harness
        } else if result.conformant {
            Exit::Conformant
        } else {
            Exit::Nonconformant
        }
    }
}

fn target(url: &str, allow_remote: bool) -> Result<Target, String> {
    let target = Target::parse(url)?;
    if target.is_loopback() || allow_remote {
        return Ok(target);
    }
    Err(format!(
        "{url} is another machine: the suite writes to a community's chain for ever, and its keys are public; \
         give --allow-remote if that community is there for tests"
    ))
}

/// What is wrong with the places that are to be searched.
fn unreadable(arguments: &Arguments, url: Option<&String>) -> Option<String> {
    let folder = arguments.data_dir.as_ref();
    let log = arguments.server_log.as_ref();
    if url.is_none() && (folder.is_some() || log.is_some()) {
        return Some(
            "--data-dir and --server-log are about a server that runs already: give its URL".into(),
        );
    }
    let folder = folder.filter(|folder| !folder.is_dir());
    let log = log.filter(|log| !log.is_file());
    folder
        .map(|folder| format!("--data-dir {}: there is no such folder", folder.display()))
        .or_else(|| log.map(|log| format!("--server-log {}: there is no such file", log.display())))
}

fn authority(path: &PathBuf) -> Result<Actor, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let private = RsaPrivateKey::from_pkcs8_pem(&text)
        .ok()
        .or_else(|| RsaPrivateKey::from_pkcs1_pem(&text).ok())
        .ok_or_else(|| format!("{}: no RSA private key in PEM", path.display()))?;
    Ok(Actor::Own(Arc::new(Account::new("authority", private))))
}

/// What must stand in the command that plays a case again.
fn call(arguments: &Arguments, url: Option<&String>, vectors: Option<&PathBuf>) -> Call {
    let mut again: Vec<String> = url.into_iter().cloned().collect();
    if let Some(command) = &arguments.spawn {
        again.push(format!("--spawn {}", quoted(command.text())));
    }
    if let Some(folder) = vectors {
        again.push(format!("--vectors {}", folder.display()));
    }
    if let Some(path) = &arguments.authority_key {
        again.push(format!("--authority-key {}", path.display()));
    }
    if let Some(folder) = &arguments.data_dir {
        again.push(format!("--data-dir {}", folder.display()));
    }
    if let Some(log) = &arguments.server_log {
        again.push(format!("--server-log {}", log.display()));
    }
    if arguments.allow_remote {
        again.push("--allow-remote".into());
    }
    Call { arguments: again }
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(4, |cores| (cores.get() * 2).max(4))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| format!("`{text}` is no number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| format!("`{text}`: {error}"))
}
