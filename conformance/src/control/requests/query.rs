//! Queries: numbers by name, read strictly. [HTTP-4]

use std::ops::RangeInclusive;

use crate::codec::{Verdict, fields::MAX_NUMBER};
use crate::control::fault::Faults;

/// A query's parameters, in their order.
pub(super) struct Query<'q> {
    stated: Vec<(&'q str, u64)>,
    faults: &'q Faults,
}

impl<'q> Query<'q> {
    /// Reads a query.
    pub(super) fn of(text: &'q str, faults: &'q Faults) -> Result<Self, Verdict> {
        let mut stated: Vec<(&str, u64)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if stated.iter().any(|(known, _)| *known == name) {
                if faults.has("HTTP-4/repeated") {
                    continue;
                }
                return Err(malformed(format!("`{name}` stands twice")));
            }
            let is_plain = value == "0"
                || !value.starts_with('0') && value.bytes().all(|byte| byte.is_ascii_digit());
            let number = match is_plain || faults.has("HTTP-4/number") {
                true => value
                    .trim_start_matches('+')
                    .parse()
                    .ok()
                    .filter(|number| *number <= MAX_NUMBER),
                false => None,
            };
            let Some(number) = number else {
                if faults.has("HTTP-4/unknown")
                    && !["from", "limit", "wait", "index", "size", "to"].contains(&name)
                {
                    continue;
                }
                return Err(malformed(format!("`{name}` is no number")));
            };
            stated.push((name, number));
        }
        Ok(Self { stated, faults })
    }

    /// Refuses parameters other than these.
    pub(super) fn only(&self, names: &[&str]) -> Result<(), Verdict> {
        match self.stated.iter().find(|(name, _)| !names.contains(name)) {
            Some((name, _)) if !self.faults.has("HTTP-4/unknown") => {
                Err(malformed(format!("no parameter is called `{name}`")))
            }
            _ => Ok(()),
        }
    }

    /// One that has to be there.
    pub(super) fn needed(&self, name: &str) -> Result<u64, Verdict> {
        match self.stated(name) {
            None if self.faults.has("HTTP-4") => Ok(0),
            None => Err(malformed(format!("`{name}` is missing"))),
            Some(number) => Ok(number),
        }
    }

    /// One within bounds, if it is there.
    pub(super) fn within(
        &self,
        name: &str,
        bounds: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Verdict> {
        match self.stated(name) {
            Some(number) if !bounds.contains(&number) => match self.faults.has("HTTP-4/bounds") {
                true => Ok(Some(number.clamp(*bounds.start(), *bounds.end()))),
                false => Err(malformed(format!("`{name}` is out of bounds"))),
            },
            stated => Ok(stated),
        }
    }

    /// One that may be there.
    pub(super) fn stated(&self, name: &str) -> Option<u64> {
        self.stated
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, number)| *number)
    }
}

fn malformed(detail: String) -> Verdict {
    Verdict::malformed("HTTP-4", detail)
}
