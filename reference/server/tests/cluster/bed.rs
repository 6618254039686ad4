//! What the tests stand on: a primary and its synchronous standby, three processes, each with a cable of its own to the
//! database, and a load balancer.

use std::path::Path;
use std::sync::Arc;

use dispatch_protocol::bytes::Id;
use dispatch_protocol::chain::Block;
use dispatch_protocol::wire::Discovery;
use dispatch_testbed::{Database, Fleet, Plan, Postgres, Proxy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::Target;
use crate::community::{copy_of, public_pem};
use crate::load::Tally;
use crate::member::Member;
use crate::voice::{Role, Voice};

/// How many processes there are.
pub const PROCESSES: usize = 3;

/// The name of the database.
pub const DATABASE: &str = "street";

/// Everything, in the order in which it goes.
pub struct Bed {
    pub fleet: Fleet,
    /// From each process to the database.
    pub cables: Vec<Proxy>,
    pub primary: Postgres,
    pub standby: Postgres,
    pub genesis: Block,
    _keys: tempfile::TempDir,
}

impl Bed {
    /// Served, with these members on the allowlist.
    pub async fn with(members: &[&str]) -> Bed {
        Bed::of(PROCESSES, members).await
    }

    /// The same with so many processes.
    pub async fn of(processes: usize, members: &[&str]) -> Bed {
        let mut primary = Postgres::start().await.unwrap();
        let standby = primary.standby().await.unwrap();
        primary.create_database(DATABASE).await.unwrap();
        let cables: Vec<Proxy> = (0..processes)
            .map(|_| Proxy::start(&[primary.address()]).unwrap())
            .collect();
        let urls = cables
            .iter()
            .map(|cable| Postgres::url_at(cable.address(), DATABASE));
        let database = Database {
            urls: urls.collect(),
            password: primary.password().to_owned(),
        };
        let keys = tempfile::tempdir().unwrap();
        let fleet = Fleet::start(plan(keys.path(), members, Some(database), processes));
        let fleet = fleet.await.unwrap();
        let genesis = discover(&fleet).await.genesis;
        Bed {
            fleet,
            cables,
            primary,
            standby,
            genesis,
            _keys: keys,
        }
    }

    pub fn community(&self) -> Id {
        Id::from(self.genesis.hash())
    }

    /// The load balancer.
    pub fn balanced(&self) -> Target {
        self.target(self.fleet.balancer().address())
    }

    /// One process.
    pub fn process(&self, number: usize) -> Target {
        self.target(self.fleet.address(number))
    }

    /// Somebody who writes, as soon as they run: with a card and an epoch of their own.
    pub async fn author(&self, name: &str, tally: &Arc<Tally>) -> Voice {
        let mut member = Member::join(&self.process(0), name).await;
        let epoch = member.epoch_for_oneself().await;
        let role = Role::Author {
            epoch,
            next_seq: member.next_seq,
        };
        Voice::new(name, self.genesis.clone(), role, Arc::clone(tally))
    }

    /// Somebody who reads everything.
    pub fn reader(&self, name: &str, tally: &Arc<Tally>) -> Voice {
        let tally = Arc::clone(tally);
        Voice::new(name, self.genesis.clone(), Role::Reader, tally)
    }

    fn target(&self, address: std::net::SocketAddr) -> Target {
        Target {
            address,
            origin: self.fleet.origin().to_owned(),
            community: self.community(),
        }
    }
}

fn plan(keys: &Path, members: &[&str], database: Option<Database>, processes: usize) -> Plan {
    let allowlist = keys.join("members");
    let pems: String = members.iter().map(|name| public_pem(name)).collect();
    std::fs::write(&allowlist, pems).unwrap();
    let mut init = Vec::new();
    for (name, file) in [
        ("--allow", allowlist),
        ("--server-key", copy_of("server", keys)),
        ("--authority-key", copy_of("authority", keys)),
    ] {
        init.extend([name.into(), file.into_os_string()]);
    }
    Plan {
        program: env!("CARGO_BIN_EXE_dispatchd").into(),
        becomes: Vec::new(),
        processes,
        database,
        init,
        // Load is not held back by what an account may do in the long run.
        settings: vec![
            ("entries_per_second".into(), "0".into()),
            // A trouble that lasts is told once, and its further causes for whoever looks for them.
            ("level".into(), "\"debug\"".into()),
        ],
        stays: None,
    }
}

/// What the server tells everybody, by the load balancer.
async fn discover(fleet: &Fleet) -> Discovery {
    let address = fleet.balancer().address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /.well-known/dispatch-d HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (_, document) = answer.split_once("\r\n\r\n").unwrap();
    Discovery::decode(document).unwrap()
}
