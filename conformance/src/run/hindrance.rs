//! What a case needs, and what hinders it here.

use super::Run;
use crate::{
    canary::Places,
    files,
    result::Verdict,
    scenario::{Capability, Case},
};

impl Run<'_> {
    /// Why a case cannot be played here.
    pub(super) fn hindrance(&mut self, case: &Case) -> Option<(Verdict, String)> {
        if let Some(absent) = case
            .needs
            .iter()
            .find(|need| self.settings.without.contains(need))
        {
            return Some((
                Verdict::Unsupported,
                format!("`{}` was declared absent", absent.name()),
            ));
        }
        if case.needs(Capability::Spawn) && self.settings.spawner.is_none() {
            let reason =
                "the suite can only kill a server that it started: give --spawn 'CMD {config}'";
            return Some((Verdict::Unsupported, reason.into()));
        }
        let places = self.places();
        for (need, place, option) in [
            (Capability::DataDir, &places.data, "--data-dir DIR"),
            (Capability::ServerLog, &places.log, "--server-log FILE"),
        ] {
            if case.needs(need) && place.is_none() {
                let reason = format!("the suite cannot look there: give --spawn, or {option}");
                return Some((Verdict::Unsupported, reason));
            }
        }
        for transport in [Capability::Http, Capability::Sse] {
            if case.needs(transport) && !self.server.offers(transport.name()) {
                let reason = format!(
                    "the server does not list `{}` among its transports",
                    transport.name()
                );
                return Some((Verdict::Unsupported, reason));
            }
        }
        if case.needs(Capability::Authority) && !self.holds_authority {
            let reason = "the suite does not hold the authority's key: give --authority-key FILE, or declare --without authority";
            return Some((Verdict::Untestable, reason.into()));
        }
        let challenge_ms = self.server.limit("challenge_ms");
        if case.needs(Capability::ShortChallenge) && challenge_ms > 5000 {
            let reason = format!(
                "the server's challenge_ms is {challenge_ms}: set it to at most 5000, or declare --without short-challenge"
            );
            return Some((Verdict::Untestable, reason));
        }
        if case.needs(Capability::ManyConnections)
            && let Some(reason) = self.short_of_files()
        {
            return Some((Verdict::Untestable, reason));
        }
        if !self.pool.could_serve(case) {
            let reason = "it asks for more accounts than there are";
            return Some((Verdict::HarnessError, reason.into()));
        }
        None
    }

    /// What to do where the system gives this process too few files for a thousand connections: the server is not at fault.
    fn short_of_files(&self) -> Option<String> {
        let embedded = self.settings.url.is_none() && self.settings.spawner.is_none();
        let due = files::FOR_MANY_CONNECTIONS * if embedded { 2 } else { 1 };
        let limit = files::limit().filter(|limit| *limit < due)?;
        Some(format!(
            "the suite may open {limit} files, and a thousand connections take {due}: raise its limit (`ulimit -n {due}`), or declare --without many-connections"
        ))
    }

    /// Where the server writes, as far as the suite knows.
    pub(super) fn places(&self) -> Places {
        match &self.server.process {
            Some(process) => process.places(),
            None => self.settings.places.clone(),
        }
    }
}
