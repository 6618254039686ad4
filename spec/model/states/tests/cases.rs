//! The generated live vectors are those that stand in the repository.

use std::fs;

use dispatch_model::{
    cases,
    check::Stated,
    cover::{Played, walks},
    models::join::Join,
};
use stateright::Model;

#[test]
fn the_committed_file_is_what_the_models_make() {
    let committed = fs::read_to_string(cases::PATH).expect("vectors/live/model.json can be read");
    assert!(
        committed == cases::file(),
        "vectors/live/model.json is not what the models make: run `cargo run -p dispatch-model -- cases`"
    );
}

#[test]
fn a_walk_goes_from_state_to_state_as_the_model_does() {
    let model = Join::without(None);
    for walk in walks(&model, 12) {
        let mut state = model.init_states().swap_remove(0);
        for step in walk {
            assert_eq!(step.state, state);
            let mut actions = Vec::new();
            model.actions(&state, &mut actions);
            assert!(actions.contains(&step.action), "{:?}", step.action);
            state = model.next_state(&state, step.action).unwrap_or(state);
        }
    }
}

#[test]
fn the_walks_show_each_kind_of_thing_that_a_walk_can_reach() {
    use dispatch_model::cover::Playable;
    let model = Join::without(None);
    let seen: Vec<_> = walks(&model, 12)
        .into_iter()
        .flatten()
        .filter_map(|step| step.kind)
        .collect();
    // Wherever the model goes by what is played, nothing new is seen.
    let mut states = model.init_states();
    let mut at = 0;
    while at < states.len() && at < 4000 {
        let state = states[at].clone();
        let mut actions = Vec::new();
        model.actions(&state, &mut actions);
        for action in actions {
            match model.played(&state, &action) {
                Played::Not => continue,
                Played::Seen(kind) => assert!(seen.contains(&kind), "{kind:?}"),
                Played::Unseen => {}
            }
            if let Some(next) = model.next_state(&state, action)
                && model.within_boundary(&next)
                && !states.contains(&next)
            {
                states.push(next);
            }
        }
        at += 1;
    }
    assert!(at > 100);
}
