//! The cable between one process and the database is cut: nothing arrives, nothing is closed.

use std::time::Instant;

use dispatch_protocol::refusal::Code;

use crate::bed::Bed;
use crate::client::Client;
use crate::community::key;
use crate::load::{Load, Tally};
use crate::member::prove;
use crate::verdict::judge;

/// Acknowledgements that show that somebody goes on.
const SOME: u64 = 100;

/// The process that is cut off, and one that is not.
const CUT_OFF: usize = 0;
const OTHER: usize = 1;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_cut_off_from_the_database_refuses_clearly_and_keeps_its_readers_and_healed_it_goes_on()
 {
    let bed = Bed::with(&["m01", "m02", "m03", "m04", "m05"]).await;
    let (here, there) = (Tally::new(), Tally::new());
    let load = Load::begin(vec![
        (bed.author("m01", &here).await, bed.process(CUT_OFF)),
        (bed.reader("m03", &here), bed.process(CUT_OFF)),
    ]);
    let other_load = Load::begin(vec![(bed.author("m02", &there).await, bed.process(OTHER))]);
    here.goes_on(SOME, "the load here").await;
    there.goes_on(SOME, "the load there").await;

    bed.cables[CUT_OFF].cut();
    // Each refusal has words and a time; the voice insists on both.
    here.until("an answer while the cable is cut", |counts| {
        counts.unavailable > 0
    })
    .await;
    there
        .goes_on(SOME, "the others, beside one that is cut off")
        .await;
    assert!(!bed.fleet.is_ready(CUT_OFF).await);
    assert!(bed.fleet.is_ready(OTHER).await);
    // Whoever comes now is told so, too, and does not wait for ever.
    let mut late = Client::dial(&bed.process(CUT_OFF)).await;
    let told = prove(&mut late, &bed.process(CUT_OFF), &key("m04"), None, None).await;
    assert_eq!(told.err(), Some(Code::Unavailable));

    let here_cut = here.longest_gap();
    let healed = Instant::now();
    bed.cables[CUT_OFF].heal();
    here.goes_on(1, "the healed process").await;
    println!(
        "healed        {:?} until the first acknowledgement",
        healed.elapsed()
    );
    here.goes_on(SOME, "the healed process").await;
    there
        .goes_on(SOME, "the others, beside one that is healed")
        .await;
    assert!(bed.fleet.is_ready(CUT_OFF).await);
    let mut voices = load.end(&here).await;
    // On the connections that they had all the time the author wrote, and the reader read what was said meanwhile.
    assert_eq!(here.counts().broken, 0, "somebody was sent away");
    println!(
        "cut off       {:?} at most between two acknowledgements at the process, {:?} at another",
        here_cut.max(here.longest_gap()),
        there.longest_gap()
    );
    judge(&bed, "m05", &voices, &here).await;
    voices = other_load.end(&there).await;
    judge(&bed, "m05", &voices, &there).await;
}
