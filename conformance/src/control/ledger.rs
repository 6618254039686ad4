//! What survives the process, under `--config`: plain files that are appended to, a JSON value a line.
//!
//! Blocks stand in `chain.jsonl`, each synced before anyone hears of it. The other files hold what a checkpoint needs, and
//! what faults keep that should have gone with the process.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use serde_json::{Value, json};

use super::chain::Block;

const CHAIN: &str = "chain.jsonl";
const CHECKPOINT: &str = "checkpoint.json";

/// The files of one community.
#[derive(Debug)]
pub(super) struct Ledger {
    folder: PathBuf,
    chain: File,
    waiting: String,
    to_clear: Option<Instant>,
}

impl Ledger {
    /// Opens the files in a folder; a line that a kill cut short is cut off.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(CHAIN);
        let mut text = fs::read(&path).unwrap_or_default();
        let whole = text.iter().rposition(|byte| *byte == b'\n');
        text.truncate(whole.map_or(0, |end| end + 1));
        fs::write(&path, &text)?;
        Ok(Self {
            folder: folder.to_owned(),
            chain: OpenOptions::new().append(true).open(path)?,
            waiting: String::new(),
            to_clear: None,
        })
    }

    /// Time and entry of each block, in their order.
    pub(super) fn blocks(&self) -> io::Result<Vec<(u64, Value)>> {
        let lines = fs::read_to_string(self.folder.join(CHAIN))?;
        let block = |line: &str| {
            let line: Value = serde_json::from_str(line)?;
            let time = line["time"]
                .as_u64()
                .ok_or_else(|| io::Error::other("a block without its time"))?;
            Ok((time, line["entry"].clone()))
        };
        lines.lines().map(block).collect()
    }

    /// Takes a block in, to be written with the next [`Self::flush`].
    pub(super) fn add(&mut self, block: &Block) {
        self.waiting.push_str(&line(block));
    }

    /// [SUB-2] Writes what was taken in, and makes it durable.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.chain.write_all(self.waiting.as_bytes())?;
        self.waiting.clear();
        self.chain.sync_data()
    }

    /// Faulty: leaves a redacted ciphertext in the file for now.
    pub(super) fn clear_later(&mut self) {
        self.to_clear.get_or_insert_with(Instant::now);
    }

    /// Faulty: whether what was left for later has waited for a second.
    pub(super) fn is_to_clear(&mut self) -> bool {
        self.to_clear
            .take_if(|since| since.elapsed().as_secs() >= 1)
            .is_some()
    }

    /// [RED-5] Writes all blocks anew, so that nothing is left of what a redaction took out of them.
    pub(super) fn rewrite(&mut self, blocks: &[Block]) -> io::Result<()> {
        let text: String = blocks.iter().map(line).collect();
        self.waiting.clear();
        self.replace(CHAIN, &text)?;
        self.chain = OpenOptions::new()
            .append(true)
            .open(self.folder.join(CHAIN))?;
        Ok(())
    }

    /// Keeps the latest checkpoint.
    pub(super) fn keep_checkpoint(&self, checkpoint: &Value) -> io::Result<()> {
        self.replace(CHECKPOINT, &checkpoint.to_string())
    }

    /// The checkpoint that was kept last.
    pub(super) fn checkpoint(&self) -> Option<Value> {
        let text = fs::read(self.folder.join(CHECKPOINT)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Appends a value to a file of its own.
    pub(super) fn note(&self, file: &str, value: &Value) -> io::Result<()> {
        let path = self.folder.join(file);
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(format!("{value}\n").as_bytes())
    }

    /// The values of such a file.
    pub(super) fn notes(&self, file: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.join(file)).unwrap_or_default();
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    fn replace(&self, file: &str, text: &str) -> io::Result<()> {
        let new = self.folder.join(format!("{file}.new"));
        let mut out = File::create(&new)?;
        out.write_all(text.as_bytes())?;
        out.sync_data()?;
        fs::rename(new, self.folder.join(file))
    }
}

fn line(block: &Block) -> String {
    format!(
        "{}\n",
        json!({ "time": block.time, "entry": block.entry.value })
    )
}
