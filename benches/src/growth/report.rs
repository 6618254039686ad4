//! What the growth table says, for people and as JSON.

use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{LETTERS, Row, Space};
use crate::goals::Line;
use crate::table::{Table, figure, thousands};

/// How much more the longest chain may cost than the shortest: what the machine's own swing comes to.
const SLOWER: f64 = 1.25;

/// Everything that was measured.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Chains, the shortest first.
    pub chains: Vec<Row>,
    /// Communities of more and more members.
    pub members: Vec<Row>,
    /// Stores of messages of more and more letters.
    pub sizes: Vec<Sized>,
    /// How long it took.
    pub seconds: f64,
}

/// A store of messages that are of one size.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Sized {
    /// Letters of each, as it is told: a number, or that they are mixed.
    pub letters: String,
    /// Blocks of the chain.
    pub blocks: u64,
    /// Where its bytes are.
    pub space: Space,
    /// What its entries need in binary.
    pub binary: u64,
}

impl Sized {
    fn of_binary(&self) -> f64 {
        self.space.file as f64 / self.binary as f64
    }
}

/// A column: its name, its figure of a row, and how it is told.
type Column = (&'static str, fn(&Row) -> f64, fn(f64) -> String);

const LIVE: [Column; 8] = [
    ("ready ms", |row| row.ready_ms, figure),
    (
        "MiB",
        |row| row.resident as f64 / f64::from(1 << 20),
        figure,
    ),
    ("append µs", |row| row.append_us, figure),
    ("submit µs", |row| row.submit_us, figure),
    ("verif.", |row| row.submit_in_verifications, figure),
    ("join ms", |row| row.join_ms, figure),
    ("join µs", |row| row.join_us, figure),
    ("sign.", |row| row.join_in_signatures, figure),
];

const KEPT: [Column; 5] = [
    ("B/block", Row::stored, figure),
    ("÷ binary", Row::of_binary, |ratio| format!("{ratio:.3}")),
    ("hashes", |row| row.hashes_from_tenth as f64, whole),
    ("at most", |row| row.hashes_at_most as f64, whole),
    ("proof ms", |row| row.proof_ms, figure),
];

fn whole(number: f64) -> String {
    thousands(number as u64)
}

const LEGEND: &str = "\
ready: from the process's start to its first /readyz, the file in the page cache; MiB: resident then; append: the ledger thread's
processor time for each message, submit: the whole server's, in verif. as a multiple of one RSA-2048 verification beside it; join ms: as
the member sees it who holds the chain; join µs: the server's processor time, in sign. as a multiple of one RSA-2048 signature beside it;
÷ binary: the store by what its entries need in binary; hashes: of the consistency proof from a tenth of the chain, and of the longest
there is; proof ms: its answer. Below, bytes of each block; rows: of the blocks; digests: kept for a start; unused: of pages. Mixed:
half of the messages have 40 letters, a quarter 200, an eighth 420, an eighth 1,000.";

impl Report {
    /// The goals, held against what was measured.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        if let [first, .., last] = self.chains.as_slice() {
            let between = format!(
                "{} ÷ {} blocks",
                thousands(last.blocks),
                thousands(first.blocks)
            );
            for (what, figure) in [
                (
                    "append in verifications",
                    (|row| row.append_in_verifications) as fn(&Row) -> f64,
                ),
                ("submit in verifications", |row| row.submit_in_verifications),
                ("join in signatures", |row| row.join_in_signatures),
            ] {
                let ratio = figure(last) / figure(first);
                let what = format!("{what}: {between}");
                lines.push(Line::most(8, &what, Some(ratio), "times", SLOWER));
            }
            let each = (last.resident as f64 - first.resident as f64)
                / (last.blocks - first.blocks) as f64;
            let what = format!("memory of each further block: {between}");
            lines.push(Line::told(8, &what, format!("{each:.0} bytes")));
        }
        if let Some(last) = self.chains.last() {
            let among = format!("{} blocks", thousands(last.blocks));
            let what = format!("ready, {among}");
            lines.push(Line::most(8, &what, Some(last.ready_ms / 1e3), "s", 2.0));
            let hashes = |hashes: usize| Some(hashes as f64);
            let what = format!("consistency proof from a tenth to {among}");
            let from_tenth = hashes(last.hashes_from_tenth);
            lines.push(Line::most(6, &what, from_tenth, "hashes", 20.0));
            let what = format!("the longest consistency proof to {among}");
            let at_most = hashes(last.hashes_at_most);
            lines.push(Line::most(6, &what, at_most, "hashes", 20.0));
            let what = format!("store ÷ entries in binary, {LETTERS} letters, {among}");
            lines.push(Line::most(7, &what, Some(last.of_binary()), "times", 1.25));
        }
        for sized in &self.sizes {
            let letters = &sized.letters;
            let what = format!(
                "store ÷ entries in binary, {letters} letters, {} blocks",
                thousands(sized.blocks)
            );
            lines.push(Line::most(7, &what, Some(sized.of_binary()), "times", 1.25));
        }
        lines
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chains: Vec<Column> = LIVE.into_iter().chain(KEPT).collect();
        let blocks = |row: &Row| thousands(row.blocks);
        writeln!(f, "{}", table("blocks", &self.chains, blocks, &chains))?;
        let members = |row: &Row| thousands(row.members as u64);
        writeln!(f, "{}", table("members", &self.members, members, &LIVE))?;
        let mut table = Table::new([
            "letters",
            "B/block",
            "binary",
            "÷ binary",
            "rows",
            "digests",
            "unused",
            "rest",
        ]);
        for sized in &self.sizes {
            let each = |bytes: u64| figure(bytes as f64 / sized.blocks as f64);
            let space = &sized.space;
            table.row([
                sized.letters.clone(),
                each(space.file),
                each(sized.binary),
                format!("{:.3}", sized.of_binary()),
                each(space.blocks),
                each(space.digests),
                each(space.unused),
                each(space.rest),
            ]);
        }
        writeln!(f, "{}\n{LEGEND}\n", table.text())?;
        for line in self.lines() {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "\nIt took {:.0} s.", self.seconds)
    }
}

/// Rows, and the last as a multiple of the first.
fn table(name: &str, rows: &[Row], of: fn(&Row) -> String, columns: &[Column]) -> String {
    let mut table = Table::of(
        std::iter::once(name.to_owned())
            .chain(columns.iter().map(|(name, ..)| (*name).to_owned()))
            .collect(),
    );
    for row in rows {
        let figures = columns.iter().map(|(_, figure, tell)| tell(figure(row)));
        table.add(std::iter::once(of(row)).chain(figures).collect());
    }
    if let [first, .., last] = rows {
        let ratios = columns.iter().map(|(_, figure, _)| {
            let ratio = figure(last) / figure(first);
            format!("{ratio:.2}")
        });
        let last = std::iter::once("last ÷ first".to_owned());
        table.add(last.chain(ratios).collect());
    }
    table.text()
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("Report", 5)?;
        report.serialize_field("chains", &self.chains)?;
        report.serialize_field("members", &self.members)?;
        report.serialize_field("sizes", &self.sizes)?;
        report.serialize_field("goals", &self.lines())?;
        report.serialize_field("seconds", &self.seconds)?;
        report.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goals::Verdict;

    fn space(blocks: u64) -> Space {
        Space {
            file: blocks * 1200,
            blocks: blocks * 900,
            digests: blocks * 120,
            unused: blocks * 150,
            rest: blocks * 30,
        }
    }

    fn row(blocks: u64, members: usize, slower: f64) -> Row {
        Row {
            blocks,
            members,
            ready_ms: 20.0 * slower,
            resident: (10 << 20) + blocks * 90,
            append_us: 12.0 * slower,
            submit_us: 40.0 * slower,
            append_in_verifications: 0.75 * slower,
            submit_in_verifications: 2.5 * slower,
            join_ms: 2.5,
            join_us: 600.0 * slower,
            join_in_signatures: 1.5 * slower,
            hashes_from_tenth: 16,
            hashes_at_most: 21,
            proof_ms: 0.25,
            space: space(blocks),
            binary: blocks * 1000,
        }
    }

    fn report(slower: f64) -> Report {
        Report {
            chains: vec![row(1000, 10, 1.0), row(1_000_000, 10, slower)],
            members: vec![row(10_000, 10, 1.0), row(10_000, 1000, slower)],
            sizes: [("40", 800), ("mixed", 1000)]
                .map(|(letters, binary)| Sized {
                    letters: letters.to_owned(),
                    blocks: 5000,
                    space: space(5000),
                    binary: 5000 * binary,
                })
                .to_vec(),
            seconds: 99.6,
        }
    }

    #[test]
    fn the_report_tells_each_chain_the_last_by_the_first_and_the_goals() {
        insta::assert_snapshot!(report(1.125).to_string());
    }

    #[test]
    fn a_chain_that_is_a_quarter_slower_still_holds_and_more_does_not() {
        let slow = |slower| {
            let lines = report(slower).lines();
            let slow = lines.into_iter().filter(|line| {
                line.what.contains(" in verifications") || line.what.contains(" in signatures")
            });
            slow.map(|line| line.verdict).collect::<Vec<_>>()
        };
        assert_eq!(slow(1.25), [Verdict::Holds, Verdict::Holds, Verdict::Holds]);
        let not = Verdict::DoesNotHold;
        assert_eq!(slow(1.26), [not.clone(), not.clone(), not]);
    }

    #[test]
    fn a_single_chain_is_compared_with_nothing() {
        let mut report = report(1.0);
        report.chains.truncate(1);
        let text = report.to_string();
        assert_eq!(text.matches("last ÷ first").count(), 1, "{text}");
        assert!(!text.contains("append in verifications"), "{text}");
        assert!(text.contains("ready, 1,000 blocks"), "{text}");
    }

    #[test]
    fn json_holds_what_the_text_does() {
        let value = serde_json::to_value(report(1.0)).expect("JSON");
        assert_eq!(value["chains"][1]["blocks"], 1_000_000);
        assert_eq!(value["members"][1]["members"], 1000);
        assert_eq!(value["sizes"][0]["space"]["digests"], 600_000);
        assert_eq!(value["goals"][0]["verdict"], "holds");
    }
}
