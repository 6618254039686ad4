//! Before the first case: is there a server, does it speak this protocol, are the test accounts on its roster?
//!
//! It tells what hinders a run from what is wrong with a server. A server that is wrong is left to the cases.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::{
    accounts::{Actor, Pool},
    codec::{Hash, Role, accounts, base64url},
    peer::{
        Fault, Server, Target, discovery,
        http::{self, HttpFault},
        target::DISCOVERY,
    },
    play::Stage,
    result::Finding,
    scenario::{AccountKind, Vectors, step::Have},
    spawn::{Spawned, StartFault},
    story::Timeline,
    transcript::Recorder,
};

/// Between two looks at a server that is still starting.
const PAUSE: Duration = Duration::from_millis(100);

/// A server on which cases can be played.
#[derive(Debug)]
pub struct Ready {
    /// The server.
    pub server: Arc<Server>,
    /// The test accounts.
    pub pool: Pool,
    /// What the server showed wrong already.
    pub findings: Vec<Finding>,
    /// What a reader of the report should know.
    pub notes: Vec<String>,
    /// Whether the suite holds the authority's key.
    pub holds_authority: bool,
}

/// Why no case can be played. Each says in one line what was tried and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Unready {
    /// No server, or none of this protocol.
    #[error("{0}")]
    Unreachable(String),
    /// A server that is not set up for the suite.
    #[error("{0}")]
    Configuration(String),
}

/// What the command line says of the server.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// How long an answer may take.
    pub patience: Duration,
    /// How long to wait for a server that is starting.
    pub wait_ready: Duration,
    /// The authority's account, if its key was given.
    pub authority: Option<Actor>,
    /// Whether everything sent and received goes to standard error.
    pub trace: bool,
    /// Whether transcripts are kept.
    pub record: bool,
}

/// The name of the look before the cases, in transcripts and findings.
pub const PREFLIGHT: &str = "(preflight)";

/// Looks at the server and makes it ready.
///
/// # Errors
/// If no case can be played.
pub async fn ready(
    target: Target,
    wishes: &Wishes,
    vectors: &Arc<Vectors>,
) -> Result<Ready, Unready> {
    look_and_mend(target, None, wishes, vectors).await
}

/// Starts a server of the suite's own and makes it ready.
///
/// # Errors
/// If it does not start, or no case can be played on it.
pub async fn start(
    process: Arc<Spawned>,
    wishes: &Wishes,
    vectors: &Arc<Vectors>,
) -> Result<Ready, Unready> {
    process.start().await.map_err(|fault| match fault {
        StartFault::Command { .. } => Unready::Configuration(fault.to_string()),
        other => Unready::Unreachable(other.to_string()),
    })?;
    let target = Target::parse(&process.url()).map_err(Unready::Configuration)?;
    look_and_mend(target, Some(process), wishes, vectors).await
}

async fn look_and_mend(
    target: Target,
    process: Option<Arc<Spawned>>,
    wishes: &Wishes,
    vectors: &Arc<Vectors>,
) -> Result<Ready, Unready> {
    let (document, faults) = discover(&target, wishes).await?;
    let server = Server::new(target, wishes.patience, document).run_by(process);
    if wishes.record {
        server.record_with(Recorder::begin(server.now()));
    }
    let server = Arc::new(server);
    let mut preflight = Preflight {
        authority: authority(&server, wishes.authority.as_ref())?,
        server,
        vectors: Arc::clone(vectors),
        trace: wishes.trace,
        findings: Vec::new(),
        notes: Vec::new(),
    };
    preflight.found(faults, "discovery");
    preflight.read_chain().await?;
    preflight.mend_roster().await?;
    let Preflight {
        server,
        authority,
        findings,
        notes,
        ..
    } = preflight;
    let holds_authority = authority.is_some();
    Ok(Ready {
        server,
        pool: Pool::new(authority),
        findings,
        notes,
        holds_authority,
    })
}

async fn discover(target: &Target, wishes: &Wishes) -> Result<(Value, Vec<Fault>), Unready> {
    let until = Instant::now() + wishes.wait_ready;
    loop {
        let tried = look(target, wishes.patience).await;
        match tried {
            Err(Unready::Unreachable(_)) if Instant::now() < until => sleep(PAUSE).await,
            Err(Unready::Unreachable(why)) if !wishes.wait_ready.is_zero() => {
                return Err(Unready::Unreachable(format!(
                    "{why} (after waiting {:?})",
                    wishes.wait_ready
                )));
            }
            tried => return tried,
        }
    }
}

async fn look(target: &Target, patience: Duration) -> Result<(Value, Vec<Fault>), Unready> {
    let asked = format!("GET {}{DISCOVERY}", target.origin());
    let unreachable = |why: String| Unready::Unreachable(format!("{asked}: {why}"));
    let answer = http::request(target, "GET", DISCOVERY, &[], patience)
        .await
        .map_err(|fault| {
            let advice = match fault {
                HttpFault::Unreachable(_) => {
                    "start the server, or give --wait-ready SECONDS while it starts"
                }
                _ => "is this the server's address?",
            };
            unreachable(format!("{fault}; {advice}"))
        })?;
    if answer.status != 200 {
        return Err(unreachable(format!(
            "status {}; this is no dispatch-d server, which answers there with its discovery document",
            answer.status
        )));
    }
    match serde_json::from_slice::<Value>(&answer.body) {
        Ok(document)
            if ["versions", "community", "genesis"]
                .iter()
                .any(|name| document.get(name).is_some()) =>
        {
            let faults = discovery::faults(&document, &answer);
            Ok((document, faults))
        }
        _ => Err(unreachable(
            "the answer is no discovery document; this is no dispatch-d server".into(),
        )),
    }
}

/// The authority's account, if the suite holds the key that genesis names.
fn authority(server: &Server, given: Option<&Actor>) -> Result<Option<Actor>, Unready> {
    let named = server.discovery["genesis"]["entry"]["body"]["authority"]
        .as_str()
        .unwrap_or_default();
    let fits = |actor: &Actor| base64url::encode(actor.public_key()) == named;
    match given {
        Some(actor) if fits(actor) => Ok(Some(actor.clone())),
        Some(_) => Err(Unready::Configuration(
            "the key of --authority-key is not that of the authority which the server's genesis names".into(),
        )),
        None => Ok(accounts::named("authority").map(Actor::Known).filter(fits)),
    }
}

struct Preflight {
    server: Arc<Server>,
    vectors: Arc<Vectors>,
    authority: Option<Actor>,
    trace: bool,
    findings: Vec<Finding>,
    notes: Vec<String>,
}

impl Preflight {
    fn found(&mut self, faults: Vec<Fault>, connection: &str) {
        self.findings
            .extend(faults.into_iter().map(|fault| Finding {
                requirement: fault.requirement,
                detail: fault.detail,
                case: PREFLIGHT.into(),
                connection: connection.into(),
            }));
    }

    fn stage(&self, kind: AccountKind, actor: Actor) -> Stage {
        let roles = BTreeMap::from([("somebody".to_owned(), (kind, actor))]);
        let timeline = Timeline::begin(self.trace.then_some(PREFLIGHT))
            .recorded(self.server.recorder(), PREFLIGHT);
        Stage::new(
            Arc::clone(&self.server),
            Arc::clone(&self.vectors),
            PREFLIGHT,
            roles,
            timeline,
        )
    }

    /// Joins as the first test account that is let in, and reads the chain.
    async fn read_chain(&mut self) -> Result<(), Unready> {
        let members = accounts::with_role(Role::Member)
            .map(|account| (AccountKind::Member, Actor::Known(account)));
        let authority = self
            .authority
            .clone()
            .map(|actor| (AccountKind::Authority, actor));
        for (kind, actor) in authority.into_iter().chain(members) {
            let mut stage = self.stage(kind, actor);
            let joined = stage.enter("somebody", Have::Nothing).await;
            self.findings.extend(stage.take_findings());
            match joined {
                Ok(()) => return Ok(()),
                Err(code) if code == "not_allowed" => {}
                Err(code) if code == "wrong_origin" => {
                    let origin = self.server.target.origin();
                    return Err(Unready::Configuration(format!(
                        "the server refuses the origin {origin} with wrong_origin: let {origin} be one of its own origins, \
                         or dial it by the one that it has"
                    )));
                }
                Err(why) => {
                    self.notes.push(format!(
                        "the chain could not be read before the cases: {why}"
                    ));
                    return Ok(());
                }
            }
        }
        Err(Unready::Configuration(match self.authority {
            Some(_) => "the server refuses the community's own authority with not_allowed, which is on the roster from genesis on, and each \
                test member, too: does it read the roster from its chain?"
                .into(),
            None => unlisted(accounts::with_role(Role::Member).count()),
        }))
    }

    /// Brings the roster to what the cases need: all members on it, no outsider.
    async fn mend_roster(&mut self) -> Result<(), Unready> {
        let chain = &self.server.chain;
        if chain.have().0 == 0 {
            return Ok(());
        }
        let missing: Vec<_> = accounts::with_role(Role::Member)
            .filter(|account| !chain.is_member(&account.id()))
            .collect();
        let intruders: Vec<_> = accounts::with_role(Role::Outsider)
            .filter(|account| chain.is_member(&account.id()))
            .collect();
        if missing.is_empty() && intruders.is_empty() {
            return Ok(());
        }
        let Some(authority) = self.authority.clone() else {
            return Err(Unready::Configuration(if missing.is_empty() {
                format!(
                    "{} test accounts that must be outsiders are on the roster: remove them",
                    intruders.len()
                )
            } else {
                unlisted(missing.len())
            }));
        };
        let add: Vec<&[u8]> = missing.iter().map(|account| account.public_key()).collect();
        let remove: Vec<Hash> = intruders.iter().map(|account| account.id()).collect();
        let mut stage = self.stage(AccountKind::Authority, authority);
        let mended = stage.change_roster("somebody", &add, &remove).await;
        self.findings.extend(stage.take_findings());
        self.notes.push(match mended {
            Ok(()) => format!(
                "the roster was mended: {} test members added, {} outsiders removed",
                add.len(),
                remove.len()
            ),
            Err(why) => format!(
                "the roster lacks {} test members and could not be mended: {why}",
                add.len()
            ),
        });
        Ok(())
    }
}

fn unlisted(count: usize) -> String {
    format!(
        "{count} of the test members are not on the server's roster, and the suite does not hold its authority's key: \
         run `dispatch-conformance keys DIR`, put DIR/allowlist.pem on the allowlist, and start the run again"
    )
}
