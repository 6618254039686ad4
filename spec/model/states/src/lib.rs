//! State models of dispatch-d/1, checked by exploring every order of events within bounds.
//!
//! A model is a part of the protocol whose rules are switches. With all rules its properties hold in every state that can be
//! reached; without one of them the explorer finds the attack that the rule stops.

pub mod cases;
pub mod check;
pub mod cover;
pub mod models;
pub mod table;

use std::{panic::resume_unwind, thread};

use check::{Attack, Explored, Stated};

/// A model, with what exploring it came to.
#[derive(Debug)]
pub struct Examined {
    /// What the table calls it.
    pub name: &'static str,
    /// With all rules.
    pub explored: Explored,
    /// Without each.
    pub attacks: Vec<Attack>,
}

/// Explores a model in full, and without each of its rules.
pub fn examine<M: Stated>() -> Examined {
    Examined {
        name: M::NAME,
        explored: check::explore::<M>(),
        attacks: check::attacks::<M>(),
    }
}

/// Explores every model, each on a thread of its own: what one finds does not hang on the others.
pub fn examine_all() -> Vec<Examined> {
    let models = [
        examine::<models::join::Join>,
        examine::<models::sessions::Sessions>,
        examine::<models::submits::Submits>,
        examine::<models::forks::Forks>,
        examine::<models::checkpoints::Checkpoints>,
        examine::<models::epochs::Epochs>,
    ];
    thread::scope(|scope| {
        let examined = models.map(|examine| scope.spawn(examine));
        let examined = examined.into_iter().map(|thread| thread.join());
        examined
            .map(|examined| examined.unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    })
}
