//! The test accounts, lent to cases so that no two use one at the same time.

use std::{collections::BTreeMap, ops::Deref, sync::Arc};

use rsa::{
    RsaPrivateKey,
    traits::{PrivateKeyParts, PublicKeyParts},
};

use crate::{
    codec::{
        Account, Hash, Role, accounts,
        randomness::{Randomness, Seeded, System},
    },
    scenario::{AccountKind, Case},
};

/// The size of a fresh account's key.
const FRESH_BITS: usize = 2048;

/// A test account, whoever owns its key's memory.
#[derive(Debug, Clone)]
pub enum Actor {
    /// One of `vectors/keys/`.
    Known(&'static Account),
    /// One that was read from a file, or made for a case.
    Own(Arc<Account>),
}

impl Deref for Actor {
    type Target = Account;

    fn deref(&self) -> &Account {
        match self {
            Self::Known(account) => account,
            Self::Own(account) => account,
        }
    }
}

impl Actor {
    /// An account that nobody knows: the first pair of primes of two test keys whose account can be claimed.
    ///
    /// To make primes takes seconds, and secret these keys are not. Where all pairs are known, a key is made after all.
    ///
    /// # Errors
    /// In words, if there is no key.
    pub fn fresh(claim: impl Fn(&Hash) -> bool) -> Result<Self, String> {
        let keys: Vec<&RsaPrivateKey> = accounts::KEY_FILES
            .iter()
            .filter_map(|(name, _)| accounts::named(name))
            .filter(|account| account.bits() == FRESH_BITS)
            .map(Account::private_key)
            .collect();
        for (place, one) in keys.iter().enumerate() {
            for other in &keys[place + 1..] {
                for (p, q) in one
                    .primes()
                    .iter()
                    .flat_map(|p| other.primes().iter().map(move |q| (p, q)))
                {
                    let key = RsaPrivateKey::from_p_q(p.clone(), q.clone(), one.e().clone());
                    let Some(key) = key.ok().filter(|key| key.n().bits() == FRESH_BITS) else {
                        continue;
                    };
                    let account = Account::new("fresh", key);
                    if claim(&account.id()) {
                        return Ok(Self::Own(Arc::new(account)));
                    }
                }
            }
        }
        let seed = data_encoding::HEXLOWER.encode(&System.hash());
        let key = RsaPrivateKey::new(&mut Seeded::new(&seed), FRESH_BITS)
            .map_err(|error| error.to_string())?;
        Ok(Self::Own(Arc::new(Account::new("fresh", key))))
    }
}

/// What a case was lent: its roles' accounts.
#[derive(Debug, Clone, Default)]
pub struct Lease {
    /// Accounts of the pool.
    pub lent: BTreeMap<String, (AccountKind, Actor)>,
    /// Roles whose accounts are still to be made.
    pub fresh: Vec<String>,
}

/// The accounts that are not lent.
#[derive(Debug)]
pub struct Pool {
    members: Vec<Actor>,
    outsiders: Vec<Actor>,
    authority: Option<Actor>,
}

impl Pool {
    /// All test accounts, with the authority's if the suite holds its key.
    pub fn new(authority: Option<Actor>) -> Self {
        let known = |role| accounts::with_role(role).map(Actor::Known).collect();
        Self {
            members: known(Role::Member),
            outsiders: known(Role::Outsider),
            authority,
        }
    }

    /// Whether all accounts together would do for a case.
    pub fn could_serve(&mut self, case: &Case) -> bool {
        let lease = self.lend(case);
        let could = lease.is_some();
        if let Some(lease) = lease {
            self.take_back(lease);
        }
        could
    }

    /// Lends a case all of its accounts, or none if one is missing.
    pub fn lend(&mut self, case: &Case) -> Option<Lease> {
        let mut lease = Lease::default();
        // Accounts of one certain size first: any other would do for the rest.
        let mut roles: Vec<(&String, AccountKind)> = case
            .accounts
            .iter()
            .map(|(role, kind)| (role, *kind))
            .collect();
        roles.sort_by_key(|(_, kind)| *kind == AccountKind::Member);
        for (role, kind) in roles {
            if kind == AccountKind::Fresh {
                lease.fresh.push(role.clone());
                continue;
            }
            let Some(actor) = self.take(kind) else {
                self.take_back(lease);
                return None;
            };
            lease.lent.insert(role.clone(), (kind, actor));
        }
        Some(lease)
    }

    /// Takes a case's accounts back.
    pub fn take_back(&mut self, lease: Lease) {
        for (_, (kind, actor)) in lease.lent {
            match kind {
                AccountKind::Authority => self.authority = Some(actor),
                AccountKind::Outsider => self.outsiders.push(actor),
                _ => self.members.push(actor),
            }
        }
    }

    fn take(&mut self, kind: AccountKind) -> Option<Actor> {
        let bits = match kind {
            AccountKind::Authority => return self.authority.take(),
            AccountKind::Outsider => return first(&mut self.outsiders, |_| true),
            AccountKind::Fresh => return None,
            AccountKind::Member2048 => 2048,
            AccountKind::Member3072 => 3072,
            AccountKind::Member4096 => 4096,
            // The others are few, and slow to sign.
            AccountKind::Member => {
                let small = first(&mut self.members, |actor| actor.bits() == 2048);
                return small.or_else(|| first(&mut self.members, |_| true));
            }
        };
        first(&mut self.members, |actor| actor.bits() == bits)
    }
}

fn first(actors: &mut Vec<Actor>, fits: impl Fn(&Actor) -> bool) -> Option<Actor> {
    let place = actors.iter().position(fits)?;
    Some(actors.remove(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(accounts: &str) -> Case {
        let text = format!(
            r#"{{"id": "a", "requirements": [], "level": "MUST", "title": "t", "why": "w", "steps": [], "accounts": {accounts}}}"#
        );
        serde_json::from_str(&text).expect("a case")
    }

    fn authority() -> Option<Actor> {
        accounts::named("authority").map(Actor::Known)
    }

    #[test]
    fn a_case_gets_all_of_its_accounts_or_none() {
        let mut pool = Pool::new(authority());
        let greedy = case(r#"{"a": "authority", "m": "member"}"#);
        let lease = pool.lend(&greedy).expect("all are free");
        assert_eq!(lease.lent.len(), 2);
        let free = pool.members.len();
        assert!(pool.lend(&greedy).is_none());
        assert_eq!(pool.members.len(), free);
        pool.take_back(lease);
        assert!(pool.lend(&greedy).is_some());
    }

    #[test]
    fn accounts_of_a_certain_size_are_kept_for_those_who_ask_for_them() {
        let mut pool = Pool::new(None);
        let lease = pool
            .lend(&case(
                r#"{"a": "member", "z": "member-4096", "y": "member-3072"}"#,
            ))
            .expect("lent");
        assert_eq!(lease.lent["z"].1.bits(), 4096);
        assert_eq!(lease.lent["y"].1.bits(), 3072);
        assert_eq!(lease.lent["a"].1.bits(), 2048);
    }

    #[test]
    fn a_fresh_account_is_one_that_can_be_claimed_and_signs_like_any() {
        let claimed = std::cell::RefCell::new(std::collections::HashSet::new());
        let fresh = || Actor::fresh(|id| claimed.borrow_mut().insert(*id)).expect("an account");
        let (one, other) = (fresh(), fresh());
        assert_ne!(one.id(), other.id());
        assert!(
            accounts::KEY_FILES
                .iter()
                .all(|(name, _)| accounts::named(name).expect("known").id() != one.id())
        );
        let signature = one.sign(b"message", crate::codec::Scheme::Pss, &mut System);
        assert_eq!(
            crate::codec::signature::verify(one.key(), b"message", &signature),
            Ok(())
        );
    }

    #[test]
    fn without_its_key_nobody_plays_the_authority() {
        assert!(!Pool::new(None).could_serve(&case(r#"{"a": "authority"}"#)));
        assert!(Pool::new(authority()).could_serve(&case(r#"{"a": "authority", "f": "fresh"}"#)));
    }
}
