//! Everything that decides a requirement, gathered: what `explain` prints and what the book's page shows is this.

use crate::{
    control::fault::{self, EXEMPT, Fault},
    requirement::Requirement,
    scenario::{Case, KnownAnswer, Vectors},
};

/// A requirement with its vectors, and with the faults that prove that these can fail.
#[derive(Debug, Clone)]
pub struct Explanation<'a> {
    /// The obligation itself.
    pub requirement: &'a Requirement,
    /// In the vectors' order.
    pub cases: Vec<&'a Case>,
    /// In the files' order.
    pub known_answers: Vec<&'a KnownAnswer>,
    /// What the control server does instead, a fault each.
    pub faults: Vec<&'static Fault>,
    /// Why there is no fault, where a server could be seen to break it.
    pub exempt: Option<&'static str>,
}

impl<'a> Explanation<'a> {
    /// Gathers them.
    pub fn of(requirement: &'a Requirement, vectors: &'a Vectors) -> Self {
        let id = requirement.id.as_str();
        Self {
            requirement,
            cases: vectors.cases_of(id).collect(),
            known_answers: vectors.known_answers_of(id).collect(),
            faults: fault::catalogue()
                .filter(|fault| fault.requirement() == id)
                .collect(),
            exempt: EXEMPT
                .iter()
                .find_map(|(exempt, why)| (*exempt == id).then_some(*why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{corpus::Corpus, requirement::Requirements};

    #[test]
    fn a_requirement_has_its_vectors_and_the_faults_that_prove_them() {
        let corpus = Corpus::embedded();
        let requirements = Requirements::read(&corpus);
        let vectors = Vectors::read(&corpus).expect("the vectors");
        let of = |id| Explanation::of(requirements.of(id).expect("known"), &vectors);

        let join = of("JOIN-4");
        assert!(join.cases.iter().any(|case| case.id == "join-version"));
        assert!(!join.known_answers.is_empty());
        assert!(join.faults.iter().any(|fault| fault.id == "JOIN-4/order"));
        assert_eq!(join.exempt, None);
        assert!(of("ERR-7").exempt.is_some());
    }
}
