//! One run as the command line asks for it, from the target to what the run came to; shared by all commands that play.

use std::{collections::BTreeMap, fmt::Display, path::PathBuf, sync::Arc, time::Duration};

use clap::{Args, ValueEnum};
use rsa::{RsaPrivateKey, pkcs1::DecodeRsaPrivateKey, pkcs8::DecodePrivateKey};
use tokio::sync::oneshot;

use super::{Library, complain, own::Own};
use crate::{
    accounts::Actor,
    codec::Account,
    embedded::Embedded,
    exit::Exit,
    peer::Target,
    preflight::{self, Unready, Wishes},
    report::{Call, progress::Progress},
    result::RunResult,
    run::{Settings, run_in_turn},
    scenario::{Capability, Case},
    spawn::Spawned,
    suite_hash::suite,
    transcript::Transcript,
};

/// What the command line says of the server, and of how to meet it.
#[derive(Debug, Clone, Args)]
pub struct Meeting {
    /// Seconds for which a step waits for what is due
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    timeout: Duration,
    /// Seconds for the whole run [default: 120; of `learn`, 600]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    deadline: Option<Duration>,
    #[command(flatten)]
    own: Own,
    /// Seconds to wait for a server that is starting [with --spawn: 10]
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    wait_ready: Duration,
    /// Write everything that is sent and received to standard error
    #[arg(long)]
    trace: bool,
    /// Declare that the server, or the suite, lacks a capability; may be repeated
    #[arg(long, value_name = "CAPABILITY")]
    without: Vec<Capability>,
    /// Declare what the server and the suite can; what is not named is absent
    #[arg(
        long,
        value_name = "CAPABILITY,...",
        value_delimiter = ',',
        conflicts_with = "without"
    )]
    capabilities: Option<Vec<Capability>>,
    /// Let the server be on another machine
    #[arg(long)]
    allow_remote: bool,
    /// The authority's private key (PEM), if the community is not the suite's own
    #[arg(long, value_name = "FILE")]
    authority_key: Option<PathBuf>,
    /// How many cases at a time, beside those that wait for a moment; with 1, one after the other
    /// [default: twice the processors, at least 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
}

/// How long a run may take.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// What is played, and what is wanted of it.
pub struct Plan<'a> {
    /// The server's URL; the embedded reference without one.
    pub url: Option<&'a str>,
    /// The cases, in stages: one begins once none of those before it has failed.
    pub stages: &'a [Vec<&'a Case>],
    /// How long the whole run may take where the command line does not say.
    pub deadline: Duration,
    /// Whether the first failure ends it.
    pub fail_fast: bool,
    /// Whether transcripts are kept.
    pub record: bool,
    /// Whether each case gets a line.
    pub verbose: bool,
}

/// A run that was played.
pub struct Played {
    /// What it came to.
    pub result: RunResult,
    /// The transcripts, where they were wanted.
    pub transcripts: BTreeMap<String, Transcript>,
}

/// Where the server is.
enum Place {
    /// There.
    Dialled(Target),
    /// Where the suite starts it.
    Spawned(Arc<Spawned>),
}

impl Meeting {
    /// Plays the cases.
    ///
    /// # Errors
    /// How the program ends if that was not possible; why was said already.
    pub fn play(&self, plan: &Plan<'_>, library: &Library) -> Result<Played, Exit> {
        let usage = |why: String| complain(Exit::Usage, &why);
        let target = plan
            .url
            .map(|url| self.target(url))
            .transpose()
            .map_err(usage)?;
        self.own.check(plan.url).map_err(usage)?;
        let authority = self
            .authority_key
            .as_ref()
            .map(authority)
            .transpose()
            .map_err(usage)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| complain(Exit::Harness, &format!("no runtime: {error}")))?;
        let played = runtime.block_on(self.meet(target, authority, plan, library));
        runtime.shutdown_background();
        played
    }

    /// Whether it starts the server itself.
    pub fn spawns(&self) -> bool {
        self.own.spawner(self.wait_ready).is_some()
    }

    /// What must stand in the command that plays a case again.
    pub fn call(&self, url: Option<&str>, vectors: Option<&PathBuf>) -> Call {
        let mut again: Vec<String> = url.into_iter().map(str::to_owned).collect();
        if let Some(folder) = vectors {
            again.extend(["--vectors".into(), folder.display().to_string()]);
        }
        again.extend(self.own.again());
        if let Some(path) = &self.authority_key {
            again.extend(["--authority-key".into(), path.display().to_string()]);
        }
        if self.allow_remote {
            again.push("--allow-remote".into());
        }
        Call { arguments: again }
    }

    async fn meet(
        &self,
        target: Option<Target>,
        authority: Option<Actor>,
        plan: &Plan<'_>,
        library: &Library,
    ) -> Result<Played, Exit> {
        if let Some(spawner) = self.own.spawner(self.wait_ready) {
            let process = spawner
                .prepare("server", &BTreeMap::new())
                .map_err(|error| harness("the server's folder could not be made", &error))?;
            let place = Place::Spawned(Arc::clone(&process));
            let played = self.judge(place, authority, plan, library).await;
            process
                .kill()
                .await
                .map_err(|error| harness("the server could not be killed", &error))?;
            return played;
        }
        if let Some(target) = target {
            return self
                .judge(Place::Dialled(target), authority, plan, library)
                .await;
        }
        let embedded = Embedded::start()
            .await
            .map_err(|why| complain(Exit::Usage, &why))?;
        let played = match Target::parse(embedded.url()) {
            Ok(target) => {
                self.judge(Place::Dialled(target), authority, plan, library)
                    .await
            }
            Err(why) => Err(complain(Exit::Harness, &why)),
        };
        embedded.stop().await;
        played
    }

    async fn judge(
        &self,
        place: Place,
        authority: Option<Actor>,
        plan: &Plan<'_>,
        library: &Library,
    ) -> Result<Played, Exit> {
        let (interrupt, mut interrupted) = oneshot::channel::<()>();
        tokio::spawn(async move {
            // Where signals cannot be had, nothing interrupts.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            drop(interrupt);
        });
        let wishes = Wishes {
            patience: self.timeout,
            wait_ready: self.wait_ready,
            authority,
            trace: self.trace,
            record: plan.record,
        };
        let ready = async {
            match place {
                Place::Dialled(target) => preflight::ready(target, &wishes, &library.vectors).await,
                Place::Spawned(process) => {
                    preflight::start(process, &wishes, &library.vectors).await
                }
            }
        };
        let ready = tokio::select! {
            ready = ready => ready,
            _ = &mut interrupted => return Err(complain(Exit::Interrupted, "interrupted before the first case")),
        };
        let ready = ready.map_err(|unready| match unready {
            Unready::Unreachable(why) => complain(Exit::Unreachable, &why),
            Unready::Configuration(why) => complain(Exit::Usage, &why),
        })?;
        let server = Arc::clone(&ready.server);
        let mut progress = Progress::of(plan.stages.iter().map(Vec::len).sum(), plan.verbose);
        let interrupted = async {
            let _ = interrupted.await;
        };
        let settings = self.settings(plan, library);
        let result = run_in_turn(
            ready,
            plan.stages,
            &library.vectors,
            &settings,
            &mut progress,
            interrupted,
        )
        .await;
        progress.finish();
        let transcripts = server.recorder().map(|recorder| recorder.transcripts());
        Ok(Played {
            result,
            transcripts: transcripts.unwrap_or_default(),
        })
    }

    fn settings(&self, plan: &Plan<'_>, library: &Library) -> Settings {
        Settings {
            jobs: self.jobs.map_or_else(default_jobs, usize::from),
            deadline: self.deadline.unwrap_or(plan.deadline),
            fail_fast: plan.fail_fast,
            without: self.absent(),
            trace: self.trace,
            url: plan.url.map(str::to_owned),
            suite: suite(&library.requirements, &library.corpus),
            spawner: self.own.spawner(self.wait_ready),
            places: self.own.places(),
        }
    }

    /// The capabilities that were declared absent; to have the server alone needs nothing of it.
    fn absent(&self) -> Vec<Capability> {
        match &self.capabilities {
            None => self.without.clone(),
            Some(there) => Capability::value_variants()
                .iter()
                .copied()
                .filter(|capability| {
                    *capability != Capability::Exclusive && !there.contains(capability)
                })
                .collect(),
        }
    }

    fn target(&self, url: &str) -> Result<Target, String> {
        let target = Target::parse(url)?;
        if target.is_loopback() || self.allow_remote {
            return Ok(target);
        }
        Err(format!(
            "{url} is another machine: the suite writes to a community's chain for ever, and its keys are public; \
             give --allow-remote if that community is there for tests"
        ))
    }
}

fn harness(what: &str, error: &dyn Display) -> Exit {
    complain(Exit::Harness, &format!("{what}: {error}"))
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

fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(4, |cores| (cores.get() * 2).max(4))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| format!("`{text}` is no number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| format!("`{text}`: {error}"))
}
