//! How the community and its store stand, read when it is asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use crate::feed::Feed;
use crate::ledger::Shelf;
use crate::lobby::Lobby;
use crate::tls::Shown;

/// What is read.
pub(crate) struct Standing {
    pub(crate) lobby: Arc<Lobby>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) healthy: Arc<AtomicBool>,
    pub(crate) shelf: Arc<dyn Shelf>,
    /// What TLS shows, where it is spoken.
    pub(crate) certificate: Option<Arc<Shown>>,
}

impl std::fmt::Debug for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Standing").finish_non_exhaustive()
    }
}

impl Collector for Standing {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let mut show = |name: &str, help: &str, unit: Option<&Unit>, value: u64| {
            let gauge = ConstGauge::new(value as i64);
            let metric = encoder.encode_descriptor(name, help, unit, gauge.metric_type())?;
            gauge.encode(metric)
        };
        let (members, sessions) = self.lobby.counts();
        let covered = self.feed.checkpoints().borrow().size;
        show(
            "dispatchd_blocks",
            "The chain's size",
            None,
            self.feed.size(),
        )?;
        show(
            "dispatchd_blocks_covered",
            "The blocks that the latest checkpoint covers",
            None,
            covered,
        )?;
        show(
            "dispatchd_members",
            "Accounts on the roster",
            None,
            members as u64,
        )?;
        show(
            "dispatchd_sessions",
            "Sessions that have not ended",
            None,
            sessions as u64,
        )?;
        if let Some(bytes) = self.shelf.bytes() {
            show(
                "dispatchd_store",
                "The store's file and its journal",
                Some(&Unit::Bytes),
                bytes,
            )?;
        }
        show(
            "dispatchd_store_writable",
            "1 while the store takes what is appended, else 0",
            None,
            self.healthy.load(Ordering::Acquire).into(),
        )?;
        if let Some(shown) = &self.certificate {
            show(
                "dispatchd_certificate_not_after_timestamp",
                "When the certificate ends, since 1970",
                Some(&Unit::Seconds),
                shown.pair().not_after,
            )?;
        }
        Ok(())
    }
}
