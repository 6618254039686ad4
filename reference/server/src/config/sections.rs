//! The parts of a configuration that have bounds or several members of their own: how often somebody may come, which
//! proxies are believed, where the certificate lies.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::Deserialize;
use toml::Spanned;

/// The highest rate or burst that can be written.
const MOST: u64 = 1_000_000;

/// How often something may happen: so many times a second in the long run, and so many at once after a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// A second, in the long run.
    pub per_second: NonZeroU32,
    /// At once.
    pub burst: NonZeroU32,
}

/// What an account or an address may do in a time (LIM-7). None: as much as it can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Entries that an account hands in.
    pub entries: Option<Rate>,
    /// Joins that are asked for from an address (`hello` and `resume`).
    pub joins: Option<Rate>,
}

/// TLS: where the certificate chain and its private key lie, both in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, and those that lead to an authority behind it.
    pub certificate: PathBuf,
    /// The private key of the first one.
    pub key: PathBuf,
}

const fn rate(per_second: u32, burst: u32) -> Option<Rate> {
    match (NonZeroU32::new(per_second), NonZeroU32::new(burst)) {
        (Some(per_second), Some(burst)) => Some(Rate { per_second, burst }),
        _ => None,
    }
}

impl Default for Rates {
    /// Room for a history that is handed on at once, and for a household that comes back behind one address.
    fn default() -> Rates {
        Rates {
            entries: rate(20, 2000),
            joins: rate(10, 500),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RatesForm {
    entries_per_second: Option<Spanned<u64>>,
    entries_burst: Option<Spanned<u64>>,
    joins_per_second: Option<Spanned<u64>>,
    joins_burst: Option<Spanned<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TlsForm {
    certificate: PathBuf,
    key: PathBuf,
}

/// A problem, and the byte of the text where it is.
pub(super) type Fault = (usize, String);

impl RatesForm {
    /// # Errors
    /// The first value that is out of its bounds.
    pub(super) fn rates(self) -> Result<Rates, Fault> {
        let default = Rates::default();
        Ok(Rates {
            entries: read(
                "entries",
                self.entries_per_second,
                self.entries_burst,
                default.entries,
            )?,
            joins: read(
                "joins",
                self.joins_per_second,
                self.joins_burst,
                default.joins,
            )?,
        })
    }
}

/// 0 a second stands for no bound.
fn read(
    what: &str,
    per_second: Option<Spanned<u64>>,
    burst: Option<Spanned<u64>>,
    default: Option<Rate>,
) -> Result<Option<Rate>, Fault> {
    let written = |value: Option<Spanned<u64>>, name: &str, least: u64| match value {
        None => Ok(None),
        Some(value) if (least..=MOST).contains(value.get_ref()) => {
            Ok(Some(u32::try_from(value.into_inner()).unwrap_or(u32::MAX)))
        }
        Some(value) => Err((
            value.span().start,
            format!(
                "{what}_{name} is {}; it must be from {least} to {MOST}",
                value.get_ref()
            ),
        )),
    };
    let per_second = written(per_second, "per_second", 0)?;
    let burst = written(burst, "burst", 1)?;
    let (usual, usual_burst) =
        default.map_or((0, 1), |rate| (rate.per_second.get(), rate.burst.get()));
    Ok(rate(
        per_second.unwrap_or(usual),
        burst.unwrap_or(usual_burst),
    ))
}

impl TlsForm {
    pub(super) fn files(self, folder: &Path) -> TlsFiles {
        TlsFiles {
            certificate: folder.join(self.certificate),
            key: folder.join(self.key),
        }
    }
}

/// Reads networks, such as `10.0.0.0/8`, and addresses.
///
/// # Errors
/// The first one that is neither.
pub(super) fn networks(written: Vec<Spanned<String>>) -> Result<Vec<IpNet>, Fault> {
    let read = |text: Spanned<String>| {
        let network = text.get_ref().parse::<IpNet>();
        network
            .or_else(|_| text.get_ref().parse::<IpAddr>().map(IpNet::from))
            .map_err(|_| {
                let hint = "is neither an address nor a network, such as 127.0.0.1 or 10.0.0.0/8";
                (text.span().start, format!("`{}` {hint}", text.get_ref()))
            })
    };
    written.into_iter().map(read).collect()
}
