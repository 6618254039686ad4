//! The table that `cargo bench` ends with: what each step took, and what that is of one RSA-2048 verification in the same run.
//! A machine's speed swings; the ratio stays.

use crate::table::{Table, figure};

/// The limit: the step that every other is held against.
pub const LIMIT: &str = "RSA-2048 verification, parsed key";

/// What the steps of a run took.
#[derive(Debug, Default)]
pub struct Closing {
    steps: Vec<Taken>,
}

#[derive(Debug)]
struct Taken {
    name: &'static str,
    /// How many blocks, messages or wraps one turn is of.
    elements: u64,
    /// On how many cores it ran.
    cores: usize,
    /// Nanoseconds for each element, one figure for each sample.
    samples: Vec<f64>,
}

impl Closing {
    /// Notes a sample of a step: nanoseconds for one turn, which is of so many elements.
    pub fn note(&mut self, name: &'static str, elements: u64, cores: usize, turn: f64) {
        let sample = turn / elements as f64;
        match self.steps.iter_mut().find(|step| step.name == name) {
            Some(step) => step.samples.push(sample),
            None => self.steps.push(Taken {
                name,
                elements,
                cores,
                samples: vec![sample],
            }),
        }
    }

    /// The table. `of the limit` is what a whole core does beside the verifications that it could do in the time: 1.00 is
    /// as fast as verification alone, and a step on several cores counts each.
    pub fn text(&self) -> String {
        let limit = self.steps.iter().find(|step| step.name == LIMIT);
        let limit = limit.map(|step| median(&step.samples));
        let mut table = Table::new([
            "step",
            "of",
            "cores",
            "µs each",
            "each/s",
            "verifications",
            "of the limit",
        ]);
        for step in &self.steps {
            let each = median(&step.samples);
            let cost = limit.map(|limit| each * step.cores as f64 / limit);
            let ratio = |ratio: Option<f64>| match ratio {
                Some(ratio) => format!("{ratio:.2}"),
                None => "-".to_owned(),
            };
            table.row([
                step.name.to_owned(),
                step.elements.to_string(),
                step.cores.to_string(),
                figure(each / 1e3),
                figure(1e9 / each),
                ratio(cost),
                ratio(
                    cost.map(|cost| 1.0 / cost)
                        .filter(|_| step.name == LIMIT || step.cores > 1),
                ),
            ]);
        }
        let unit = "each: for one of the second column's number; verifications: what it costs in RSA-2048 verifications \
                    (parsed key) of this run, the cores added up";
        format!("{}{unit}\n", table.text())
    }
}

fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_told_beside_the_limit_of_its_run() {
        let mut closing = Closing::default();
        for (name, elements, cores, turns) in [
            (LIMIT, 1, 1, [20e3, 22e3, 90e3]),
            ("a chain, on all cores", 1000, 2, [12e6, 13e6, 12.5e6]),
            ("hash", 1, 1, [400.0, 410.0, 420.0]),
        ] {
            for turn in turns {
                closing.note(name, elements, cores, turn);
            }
        }
        insta::assert_snapshot!(closing.text(), @r"
        step                                 of  cores  µs each     each/s  verifications  of the limit
        RSA-2048 verification, parsed key     1      1     22.0     45,455           1.00          1.00
        a chain, on all cores              1000      2     12.5     80,000           1.14          0.88
        hash                                  1      1     0.41  2,439,024           0.02             -
        each: for one of the second column's number; verifications: what it costs in RSA-2048 verifications (parsed key) of this run, the cores added up
        ");
    }

    #[test]
    fn without_the_limit_there_is_no_ratio() {
        let mut closing = Closing::default();
        closing.note("hash", 1, 1, 400.0);
        insta::assert_snapshot!(closing.text(), @r"
        step  of  cores  µs each     each/s  verifications  of the limit
        hash   1      1     0.40  2,500,000              -             -
        each: for one of the second column's number; verifications: what it costs in RSA-2048 verifications (parsed key) of this run, the cores added up
        ");
    }
}
