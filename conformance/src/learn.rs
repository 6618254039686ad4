//! The course: which cases to make pass next, for someone who writes a server from nothing.
//!
//! It is data (`learn.json`) and says nothing of a server; [`gate`] holds it against the vectors, and `learn` walks it.

pub mod gate;
pub mod skill;

use serde::Deserialize;

use crate::{
    requirement::{Requirement, Requirements},
    scenario::{Case, Vectors},
};
use skill::Skill;

/// The file that the course stands in.
pub const FILE: &str = "conformance/learn.json";
const FORMAT: &str = "dispatch-d/1 course";

/// The lessons in their order.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Course {
    format: String,
    #[expect(dead_code, reason = "for readers of the file")]
    about: String,
    /// The lessons: first those that are played against every URL, then those aside.
    pub steps: Vec<Lesson>,
}

/// One step of the way.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// A word to call it by.
    pub id: String,
    /// What is there after it, in a few words.
    pub title: String,
    /// Commands to run first.
    #[serde(default)]
    pub run: Vec<String>,
    /// What to build now.
    pub build: String,
    /// What it is good for.
    pub why: String,
    /// What to read, each as the path and the heading's anchor: `spec/join.md#hello`.
    pub read: Vec<String>,
    /// The lessons, by id, that it stands on.
    pub upon: Vec<String>,
    /// What cases may use from here on.
    pub teaches: Vec<Skill>,
    /// Known answers for one's own unit tests, each as file and group: `joins/proofs`.
    pub known_answers: Vec<String>,
    /// The cases that show that it is done, the first to look at first.
    pub cases: Vec<String>,
    /// Why it is not played against every URL, if it is not.
    pub aside: Option<String>,
}

impl Course {
    /// Reads the course that the program carries.
    ///
    /// # Errors
    /// In words, if the file is not of its form.
    pub fn read() -> Result<Self, String> {
        let course: Self = serde_json::from_str(include_str!("../learn.json"))
            .map_err(|error| format!("{FILE}: {error}"))?;
        if course.format != FORMAT {
            return Err(format!(
                "{FILE}: its format is `{}`, not `{FORMAT}`",
                course.format
            ));
        }
        Ok(course)
    }

    /// How many lessons are played against every URL.
    pub fn due(&self) -> usize {
        self.steps
            .iter()
            .filter(|lesson| lesson.aside.is_none())
            .count()
    }

    /// The place of the lesson that a number, counted from 1, or an id names.
    pub fn place(&self, name: &str) -> Option<usize> {
        match name.parse::<usize>() {
            Ok(number) => number
                .checked_sub(1)
                .filter(|place| *place < self.steps.len()),
            Err(_) => self.steps.iter().position(|lesson| lesson.id == name),
        }
    }
}

impl Lesson {
    /// Its cases, as far as the vectors have them.
    pub fn cases<'a>(&self, vectors: &'a Vectors) -> Vec<&'a Case> {
        self.cases
            .iter()
            .filter_map(|id| vectors.case(id))
            .collect()
    }

    /// What its cases decide, in the order of the specification.
    pub fn requirements<'a>(
        &self,
        vectors: &Vectors,
        requirements: &'a Requirements,
    ) -> Vec<&'a Requirement> {
        let cases = self.cases(vectors);
        let decided = |requirement: &&Requirement| {
            cases
                .iter()
                .any(|case| case.requirements.contains(&requirement.id))
        };
        requirements.iter().filter(decided).collect()
    }
}
