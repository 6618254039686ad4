//! One after the other is killed in the midst of the load: each process; the primary, which comes back; the standby, and the
//! primary once more, in whose place the standby comes.

use dispatch_testbed::Postgres;

use crate::bed::{Bed, DATABASE, PROCESSES};
use crate::load::{Load, Tally};
use crate::member::{Member, message};
use crate::verdict::judge;

/// Acknowledgements before and after each loss, at the least.
const BETWEEN: u64 = 500;

const AUTHORS: [&str; 4] = ["m01", "m02", "m03", "m04"];
const READERS: [&str; 2] = ["m05", "m06"];
const MEMBERS: [&str; 7] = ["m01", "m02", "m03", "m04", "m05", "m06", "m07"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_acknowledged_is_lost_when_each_process_and_then_the_primary_is_killed_at_load()
 {
    let mut bed = Bed::with(&MEMBERS).await;
    let tally = Tally::new();
    let mut voices = Vec::new();
    for name in AUTHORS {
        voices.push((bed.author(name, &tally).await, bed.balanced()));
    }
    for name in READERS {
        voices.push((bed.reader(name, &tally), bed.balanced()));
    }
    let load = Load::begin(voices);
    tally.goes_on(BETWEEN, "the load").await;
    println!(
        "without loss  {:?} at most between two acknowledgements",
        tally.longest_gap()
    );
    for process in 0..PROCESSES {
        let before = tally.counts().broken;
        bed.fleet.kill(process).await.unwrap();
        // Who was there comes back by the load balancer, and the others go on.
        tally
            .until("connections to a killed process", |counts| {
                counts.broken > before
            })
            .await;
        tally.goes_on(BETWEEN, "after a kill of a process").await;
        println!(
            "killed        dispatchd {process}: {:?} at most",
            tally.longest_gap()
        );
        bed.fleet.start_again(process).await.unwrap();
        tally
            .goes_on(BETWEEN, "after the process is there again")
            .await;
        println!(
            "there again   dispatchd {process}: {:?} at most",
            tally.longest_gap()
        );
    }
    // Come back from its crash, the primary may show what no standby has. Nobody is shown that before a standby has it.
    bed.primary.kill().await.unwrap();
    bed.primary.start_again().await.unwrap();
    tally
        .goes_on(BETWEEN, "after the primary is there again")
        .await;
    println!(
        "killed        the primary, and started again: {:?} at most",
        tally.longest_gap()
    );
    // The worst that a failover can meet: what was committed and not acknowledged is on the primary alone, which is lost.
    let before = tally.counts();
    bed.standby.kill().await.unwrap();
    tally
        .until(
            "a refusal while no standby has what is committed",
            |counts| counts.unavailable > before.unavailable,
        )
        .await;
    let in_doubt = waiting(&bed.primary).await;
    assert!(in_doubt > 0, "no commit waits for the standby");
    bed.primary.kill().await.unwrap();
    bed.standby.start_again().await.unwrap();
    bed.standby.promote().await.unwrap();
    for cable in &bed.cables {
        cable.retarget(&[bed.standby.address()]);
    }
    tally
        .goes_on(BETWEEN, "after the standby was promoted")
        .await;
    println!(
        "killed        the standby, then the primary, and the standby promoted: {:?} at most",
        tally.longest_gap()
    );
    println!(
        "              {} refused for now, {in_doubt} commits in doubt and gone",
        tally.counts().unavailable - before.unavailable
    );
    // Each process takes entries again, and not only those to which the load happens to be connected.
    for process in 0..PROCESSES {
        let mut member = Member::join(&bed.process(process), MEMBERS[6]).await;
        let epoch = member.epoch_for_oneself().await;
        member.say(message(epoch, process as u8)).await;
    }
    tally.goes_on(BETWEEN, "beside them").await;
    let voices = load.end(&tally).await;
    let kept = judge(&bed, MEMBERS[6], &voices, &tally).await;
    // What the database itself holds, past every process: each index once, and the blocks that everybody was shown.
    assert_eq!(stored(&bed.standby).await, kept.hashes());
    let verified = bed.fleet.command(0, "verify").output().unwrap();
    let told = String::from_utf8_lossy(&verified.stdout);
    println!("verify        {}", told.lines().next().unwrap_or_default());
    assert!(verified.status.success(), "{verified:?}");
    let counts = tally.counts();
    println!("killed        {PROCESSES} processes, the primary twice, the standby");
    assert!(counts.amid > 0, "no kill came amid the load: {counts:?}");
}

/// The hashes of all blocks in a database, by their index.
async fn stored(database: &Postgres) -> Vec<(i64, Vec<u8>)> {
    let client = database.client(DATABASE).await.unwrap();
    let asked = "SELECT number, hash FROM dispatch_d.block ORDER BY number";
    let rows = client.query(asked, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// How many commits of a primary wait for its standby. Nobody sees what they wrote.
async fn waiting(database: &Postgres) -> i64 {
    let client = database.client(DATABASE).await.unwrap();
    let asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    client.query_one(asked, &[]).await.unwrap().get(0)
}
