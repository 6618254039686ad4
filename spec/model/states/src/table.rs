//! What the models found, as a table in Markdown.

use std::fmt::Write;

use crate::Examined;

/// A row for each rule: the model and its states, the rule that was left out, what is broken then, and in how many steps.
pub fn table(models: &[Examined]) -> String {
    let mut out = String::from(
        "| model | states | left out | what is broken then | steps |\n|---|---|---|---|---|\n",
    );
    for model in models {
        let states = grouped(model.explored.states);
        for attack in &model.attacks {
            let steps = match &attack.trace {
                Some(trace) => trace.len().to_string(),
                None => "no attack found".to_owned(),
            };
            let (name, id, words, breaks) = (model.name, attack.id, attack.words, attack.breaks);
            let _ = writeln!(
                out,
                "| {name} | {states} | {id}: {words} | {breaks} | {steps} |"
            );
        }
    }
    out
}

/// What a model's properties came to with all rules, a line each.
pub fn properties(model: &Examined) -> String {
    let mut out = format!(
        "{}: {} states\n",
        model.name,
        grouped(model.explored.states)
    );
    for always in &model.explored.always {
        let _ = writeln!(out, "  always     {always}");
    }
    for (sometimes, steps) in &model.explored.sometimes {
        let _ = writeln!(out, "  sometimes  {sometimes} ({steps} steps)");
    }
    for fault in &model.explored.faults {
        let _ = writeln!(out, "  FAULT      {fault}");
    }
    out
}

/// The last line, and whether all is as it should be: nothing fails with all rules, and an attack is found without each.
pub fn closing(models: &[Examined]) -> (String, bool) {
    let rules: usize = models.iter().map(|model| model.attacks.len()).sum();
    let attacks = models.iter().flat_map(|model| &model.attacks);
    let found = attacks.filter(|attack| attack.trace.is_some()).count();
    let faults: usize = models.iter().map(|model| model.explored.faults.len()).sum();
    let line = format!(
        "state models: {}, {rules} rules, {found} attacks found without one of them, {faults} with all",
        models.len()
    );
    (line, found == rules && faults == 0)
}

fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{closing, grouped};
    use crate::{
        Examined,
        check::{Attack, Explored},
    };

    #[test]
    fn an_attack_that_is_not_found_or_a_fault_with_all_rules_is_no_success() {
        let model = |trace: Option<Vec<String>>, faults: Vec<String>| Examined {
            name: "a",
            explored: Explored {
                states: 1,
                always: Vec::new(),
                sometimes: Vec::new(),
                faults,
            },
            attacks: vec![Attack {
                id: "A-1",
                words: "w",
                breaks: "b",
                trace,
            }],
        };
        let of = |trace, faults| closing(&[model(trace, faults)]);
        let (line, holds) = of(Some(Vec::new()), Vec::new());
        assert!(holds);
        assert_eq!(
            line,
            "state models: 1, 1 rules, 1 attacks found without one of them, 0 with all"
        );
        assert!(!of(None, Vec::new()).1);
        assert!(!of(Some(Vec::new()), vec!["never: x".to_owned()]).1);
    }

    #[test]
    fn numbers_are_read_in_groups_of_three() {
        let read = [7, 999, 1000, 161_343, 1_234_567].map(grouped);
        assert_eq!(read, ["7", "999", "1,000", "161,343", "1,234,567"]);
    }
}
