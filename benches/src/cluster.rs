//! What a second and a third process bring, and what a PostgreSQL with a synchronous standby costs: the same loads on one
//! server with SQLite and on one, two and three processes that share a database, in turns on the same machine.
//!
//! All of it, the database and its standby included, runs on the cores of one machine: so this shows what the way through the
//! database costs, and not what further machines bring.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use dispatch_protocol::key::KeyPair;
use dispatch_testbed::{Database, Fleet, Plan, Postgres};
use rusqlite::{Connection, OpenFlags};
use serde::Serialize;

use crate::keys;
use crate::load::community::{SETTINGS, pem};
use crate::load::server::DISPATCHD;
use crate::load::stage::Stage;
use crate::load::target::Target;
use crate::load::{Load, Pace, Problem};
use crate::table::{Table, figure};

/// Figures of a column, one for each turn.
type Figures = fn(&Column) -> &[f64];

/// How many accounts write.
const SENDERS: usize = 8;

/// Bytes of a message's plaintext.
const PLAINTEXT: usize = 1024;

/// How often all take turns.
const TURNS: usize = 2;

/// How large the loads are.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Messages of each load.
    pub messages: usize,
    /// Readers of the load that is read.
    pub readers: usize,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The readers of the load that is read.
    readers: usize,
    /// By ledger and number of processes.
    columns: Vec<Column>,
}

/// One way to serve.
#[derive(Debug, Serialize)]
struct Column {
    name: &'static str,
    /// None: SQLite.
    processes: Option<usize>,
    /// Messages a second that were accepted, for each turn.
    accepted: Vec<f64>,
    /// The time of an acknowledgement that 99 of 100 kept, in milliseconds, for each turn.
    acknowledged_p99: Vec<f64>,
    /// The same of one message at a time, half of them.
    alone_p50: Vec<f64>,
    /// Deliveries a second.
    deliveries: Vec<f64>,
    /// What the store grew by for each message, in bytes.
    stored: Vec<f64>,
}

const WAYS: [(&str, Option<usize>); 4] = [
    ("SQLite", None),
    ("PostgreSQL, 1", Some(1)),
    ("2 processes", Some(2)),
    ("3 processes", Some(3)),
];

/// Runs every load on each.
///
/// # Errors
/// No PostgreSQL; a server that does not come up, or loses a message.
pub async fn measure(size: Size, tell: &mut dyn FnMut(&str)) -> Result<Report, Problem> {
    let keys: Vec<_> = keys::make(SENDERS).into_iter().map(Arc::new).collect();
    let folder = tempfile::tempdir().map_err(Problem::at("no temporary folder"))?;
    let members = folder.path().join("members");
    let listed: String = keys.iter().map(|key| pem(key.public())).collect();
    fs::write(&members, listed).map_err(Problem::at(members.display()))?;
    let told = "PostgreSQL";
    let mut primary = Postgres::start().await.map_err(Problem::at(told))?;
    let standby = primary.standby().await.map_err(Problem::at(told))?;
    let mut columns = Vec::from(WAYS.map(|(name, processes)| Column {
        name,
        processes,
        accepted: Vec::new(),
        acknowledged_p99: Vec::new(),
        alone_p50: Vec::new(),
        deliveries: Vec::new(),
        stored: Vec::new(),
    }));
    for turn in 1..=TURNS {
        for (number, column) in columns.iter_mut().enumerate() {
            tell(&format!("turn {turn} of {TURNS}: {}", column.name));
            let database = format!("turn_{turn}_{number}");
            take(column, size, &primary, &database, &members, &keys).await?;
        }
    }
    drop(standby);
    Ok(Report {
        readers: size.readers,
        columns,
    })
}

async fn take(
    column: &mut Column,
    size: Size,
    primary: &Postgres,
    name: &str,
    members: &Path,
    keys: &[Arc<KeyPair>],
) -> Result<(), Problem> {
    let told = column.name;
    let database = match column.processes {
        None => None,
        Some(_) => Some(Database {
            urls: vec![
                primary
                    .create_database(name)
                    .await
                    .map_err(Problem::at(told))?,
            ],
            password: primary.password().to_owned(),
        }),
    };
    let fleet = Fleet::start(plan(members, database, column.processes.unwrap_or(1))?);
    let fleet = fleet.await.map_err(Problem::at(told))?;
    let addresses = (0..fleet.len()).map(|number| fleet.address(number).to_string());
    let target = Target::at(fleet.origin())?.in_turns(addresses.collect());
    let mut stage = Stage::within(target, keys).await?;
    let load = |senders, subscribers, messages, pace| Load {
        senders,
        subscribers,
        messages,
        pace,
    };
    let stored = || async {
        match column.processes {
            None => sqlite_bytes(fleet.folder(0)),
            Some(_) => database_bytes(primary, name).await,
        }
    };
    let before = stored().await?;
    let many = load(SENDERS, 0, size.messages, Pace::Window(64));
    let many = stage.run(many, PLAINTEXT).await?.measured;
    let after = stored().await?;
    let alone = load(1, 0, size.messages / 20, Pace::Window(1));
    let alone = stage.run(alone, PLAINTEXT).await?.measured;
    let crowd = load(SENDERS, size.readers, size.messages / 8, Pace::Window(64));
    let crowd = stage.run(crowd, PLAINTEXT).await?.measured;
    column.accepted.push(many.accepted_per_s);
    column.acknowledged_p99.push(many.acknowledgement.p99_ms);
    column.alone_p50.push(alone.acknowledgement.p50_ms);
    column.deliveries.push(crowd.deliveries_per_s);
    column.stored.push((after - before) / size.messages as f64);
    Ok(())
}

fn plan(members: &Path, database: Option<Database>, processes: usize) -> Result<Plan, Problem> {
    let own = std::env::current_exe().map_err(Problem::at("this program's own path"))?;
    let setting = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Ok(Plan {
        program: own,
        becomes: vec![OsString::from(DISPATCHD)],
        processes,
        database,
        init: vec!["--allow".into(), members.into()],
        settings: SETTINGS.iter().map(setting).collect(),
        stays: None,
    })
}

/// The store as large as its file is once the journal is in it.
fn sqlite_bytes(folder: &Path) -> Result<f64, Problem> {
    let path = folder.join("store/chain.sqlite");
    let told = || path.display();
    let store = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(Problem::at(told()))?;
    let pages = store.query_row(
        "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
        [],
        |row| row.get::<_, i64>(0),
    );
    Ok(pages.map_err(Problem::at(told()))? as f64)
}

/// The tables of one community, with all that belongs to them.
async fn database_bytes(primary: &Postgres, name: &str) -> Result<f64, Problem> {
    let told = "the database's size";
    let client = primary.client(name).await.map_err(Problem::at(told))?;
    let size = "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class WHERE relnamespace = 'dispatch_d'::regnamespace AND relkind = 'r'";
    let row = client
        .query_one(size, &[])
        .await
        .map_err(Problem::at(told))?;
    Ok(row.get::<_, i64>(0) as f64)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.columns.iter().map(|column| column.name.to_owned());
        let mut table = Table::of([String::new()].into_iter().chain(names).collect());
        let middle = |figures: &[f64]| figures.iter().sum::<f64>() / figures.len().max(1) as f64;
        let rows: [(&str, Figures); 5] = [
            ("8 connections, window 64: accepted/s", |column| {
                &column.accepted
            }),
            ("  acknowledged, p99, ms", |column| &column.acknowledged_p99),
            ("one message at a time, acknowledged, p50, ms", |column| {
                &column.alone_p50
            }),
            ("deliveries/s to the readers", |column| &column.deliveries),
            ("bytes a message of 1,024 letters in the store", |column| {
                &column.stored
            }),
        ];
        for (what, of) in rows {
            let cells = self.columns.iter().map(|column| figure(middle(of(column))));
            table.add([what.to_owned()].into_iter().chain(cells).collect());
        }
        write!(f, "{}", table.text())?;
        writeln!(
            f,
            "{} readers; the mean of {TURNS} turns; the database has a synchronous standby on the same machine, whose cores all share",
            self.readers
        )
    }
}
