//! The control server's switches: each breaks one requirement in the way that a real implementer would.
//!
//! A fault's id is a requirement's id, with a word behind a slash where one rule can be broken in several natural
//! ways. The code consults a switch at the place where the rule is kept, and nowhere else; the catalogue here says
//! in words what goes wrong there.

mod chain;
mod conventions;
mod entries;
mod exempt;
mod identity;
mod join;
mod requests;
mod restart;
mod transports;

use std::{collections::BTreeSet, fmt, sync::Arc};

pub use exempt::EXEMPT;

/// One switch.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// The requirement's id, or that and a word: `ENTRY-9/past`.
    pub id: &'static str,
    /// What the implementer does instead of what the requirement asks for.
    pub mistake: &'static str,
    /// Why cases of other requirements fail, too, where many do.
    pub spreads: Option<&'static str>,
    /// Whether it shows only where the suite starts and kills the server, and reads its files.
    pub is_spawned: bool,
}

impl Fault {
    /// The id of the requirement that it breaks.
    pub fn requirement(&self) -> &'static str {
        self.id.split_once('/').map_or(self.id, |(id, _)| id)
    }

    const fn new(id: &'static str, mistake: &'static str) -> Self {
        Self {
            id,
            mistake,
            spreads: None,
            is_spawned: false,
        }
    }

    const fn spawned(mut self) -> Self {
        self.is_spawned = true;
        self
    }

    const fn spreading(mut self, why: &'static str) -> Self {
        self.spreads = Some(why);
        self
    }
}

/// Every fault that there is, in the order of the chapters.
pub fn catalogue() -> impl Iterator<Item = &'static Fault> {
    [
        conventions::FAULTS,
        identity::FAULTS,
        join::FAULTS,
        entries::FAULTS,
        chain::FAULTS,
        transports::FAULTS,
        requests::FAULTS,
        restart::FAULTS,
    ]
    .into_iter()
    .flatten()
}

/// The faults that are switched on.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<BTreeSet<&'static str>>);

/// An id that the catalogue does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no fault `{0}`; `dispatch-conformance control --list-faults` prints those that there are"
)]
pub struct UnknownFault(pub String);

impl Faults {
    /// None: the server keeps every rule.
    pub fn none() -> Self {
        Self::default()
    }

    /// These.
    ///
    /// # Errors
    /// If the catalogue does not have one of them.
    pub fn of<T: AsRef<str>>(ids: &[T]) -> Result<Self, UnknownFault> {
        let known = |id: &T| {
            catalogue()
                .find(|fault| fault.id == id.as_ref())
                .map(|fault| fault.id)
                .ok_or_else(|| UnknownFault(id.as_ref().to_owned()))
        };
        let on: Result<BTreeSet<_>, _> = ids.iter().map(known).collect();
        Ok(Self(Arc::new(on?)))
    }

    /// Whether this one is switched on.
    pub fn has(&self, id: &str) -> bool {
        self.0.contains(id)
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("no fault");
        }
        let ids: Vec<&str> = self.0.iter().copied().collect();
        f.write_str(&ids.join(", "))
    }
}

#[cfg(test)]
mod tests;
