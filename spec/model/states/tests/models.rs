//! With all rules nothing breaks; without any one of them something does.

use std::sync::LazyLock;

use dispatch_model::{
    Examined, check, examine_all,
    models::epochs::{self, Epochs},
    table,
};

static MODELS: LazyLock<Vec<Examined>> = LazyLock::new(examine_all);

#[test]
fn with_all_rules_no_property_breaks_and_all_that_may_happen_does() {
    for model in MODELS.iter() {
        let faults = &model.explored.faults;
        assert!(faults.is_empty(), "{}: {}", model.name, faults.join("\n"));
        assert!(!model.explored.always.is_empty(), "{}", model.name);
        assert!(model.explored.sometimes.len() > 1, "{}", model.name);
    }
}

#[test]
fn without_any_one_rule_its_attack_is_found() {
    for model in MODELS.iter() {
        for attack in &model.attacks {
            let Some(trace) = &attack.trace else {
                panic!("{}: nothing breaks {attack}", model.name);
            };
            assert!(trace.iter().all(|line| !line.is_empty()), "{attack}");
        }
    }
}

#[test]
fn that_a_stale_epoch_stays_stale_is_no_matter_of_secrecy() {
    let attack = check::attack::<Epochs>(&epochs::SPARE);
    assert!(attack.trace.is_none(), "{attack}");
}

#[test]
fn the_readme_shows_the_table() {
    let readme = include_str!("../README.md");
    let table = table::table(&MODELS);
    assert!(
        readme.contains(&format!("\n{table}\n")),
        "the table of README.md is not this one:\n{table}"
    );
}

#[test]
fn each_property_is_one_that_a_rule_upholds() {
    for model in MODELS.iter() {
        for property in &model.explored.always {
            let mut attacks = model.attacks.iter();
            assert!(
                attacks.any(|attack| attack.breaks == *property),
                "{}: no rule is needed for {property}",
                model.name
            );
        }
    }
}

#[test]
fn the_table_is_this_one() {
    for model in MODELS.iter() {
        println!("{}", table::properties(model));
    }
    insta::assert_snapshot!(table::table(&MODELS));
}

#[test]
fn the_attacks_are_these() {
    let mut told = String::new();
    for model in MODELS.iter() {
        told.push_str(&format!("# {}\n\n", model.name));
        for attack in &model.attacks {
            told.push_str(&format!("{attack}\n"));
        }
    }
    print!("{told}");
    insta::assert_snapshot!(told);
}
