//! The course for people: the whole way, and one step of it.

mod standing;

use owo_colors::OwoColorize;

use super::{
    telling::counted,
    terminal::{line, write_line},
};
use crate::{
    corpus::Corpus,
    learn::{Course, Lesson, gate::heading},
    requirement::Requirements,
    scenario::Vectors,
};
pub use standing::Standing;

/// Where a line of prose breaks.
const WIDTH: usize = 100;

/// What a lesson is told from.
#[derive(Debug, Clone, Copy)]
pub struct Book<'a> {
    /// The lessons.
    pub course: &'a Course,
    /// The chapters.
    pub corpus: &'a Corpus,
    /// The obligations.
    pub requirements: &'a Requirements,
    /// The cases.
    pub vectors: &'a Vectors,
}

impl<'a> Book<'a> {
    /// The whole way, a line a step.
    pub fn way(self) -> String {
        let mut out = String::new();
        let width = self.course.steps.iter().map(|lesson| lesson.id.len()).max();
        let width = width.unwrap_or_default();
        for (place, lesson) in self.course.steps.iter().enumerate() {
            if place == self.course.due() {
                write_line(&mut out, "\nnot played against every URL");
            }
            let mut cases = counted(lesson.cases.len(), "case");
            if let Some(reason) = &lesson.aside {
                cases += &format!("; {reason}");
            }
            let id = format!("{:width$}", lesson.id);
            write_line(
                &mut out,
                &format!(
                    "{:>3}  {}  {}  {}",
                    place + 1,
                    id.bold(),
                    lesson.title,
                    cases.dimmed()
                ),
            );
        }
        out.push('\n');
        line(&mut out, "a step", "dispatch-conformance learn --step 1");
        line(
            &mut out,
            "a server",
            "dispatch-conformance learn ws://127.0.0.1:7311",
        );
        out
    }

    /// One step, with everything that is needed to build it.
    pub fn step(self, place: usize) -> String {
        let lesson = &self.course.steps[place];
        let mut out = self.lesson(place);
        let asked = lesson.requirements(self.vectors, self.requirements);
        write_line(&mut out, &format!("\n{}", "what it asks".bold()));
        for requirement in asked {
            let note = match self.first(&requirement.id) {
                Some(first) if first < place => format!(" (since step {})", first + 1),
                _ => String::new(),
            };
            prose(
                &mut out,
                &requirement.id,
                &format!("{}{note}", requirement.sentence),
            );
        }
        write_line(&mut out, &format!("\n{}", "what shows it".bold()));
        for case in lesson.cases(self.vectors) {
            write_line(&mut out, &format!("  {}", case.id.bold()));
            prose(&mut out, "", &case.title);
        }
        out.push('\n');
        line(
            &mut out,
            "a case",
            "dispatch-conformance explain CASE, with all that it sends and expects",
        );
        line(
            &mut out,
            "play it",
            &format!(
                "dispatch-conformance learn ws://127.0.0.1:7311 --step {}",
                lesson.id
            ),
        );
        out
    }

    /// What the step is, and what to read and run for it.
    fn lesson(self, place: usize) -> String {
        let lesson = &self.course.steps[place];
        let mut out = String::new();
        write_line(
            &mut out,
            &format!("{}  {}", self.numbered(place).bold(), lesson.title.bold()),
        );
        for (number, command) in lesson.run.iter().enumerate() {
            line(&mut out, if number == 0 { "run" } else { "" }, command);
        }
        prose(&mut out, "build", &lesson.build);
        prose(&mut out, "why", &lesson.why);
        for (number, (path, headings)) in self.reading(lesson).into_iter().enumerate() {
            let name = if number == 0 { "read" } else { "" };
            line(&mut out, name, &format!("{path}: {}", headings.join(", ")));
        }
        if !lesson.upon.is_empty() {
            line(&mut out, "stands on", &lesson.upon.join(", "));
        }
        for (number, group) in lesson.known_answers.iter().enumerate() {
            let name = if number == 0 { "unit tests" } else { "" };
            let (file, group) = group.split_once('/').unwrap_or((group, ""));
            line(
                &mut out,
                name,
                &format!("vectors/static/{file}.json, group {group}"),
            );
        }
        out
    }

    /// `step 3 of 31`.
    fn numbered(self, place: usize) -> String {
        let lesson = &self.course.steps[place];
        let kind = match &lesson.aside {
            Some(reason) => format!(" ({reason})"),
            None => format!(" of {}", self.course.due()),
        };
        format!("step {}{kind}", place + 1)
    }

    /// The headings to read, by chapter.
    fn reading(self, lesson: &'a Lesson) -> Vec<(&'a str, Vec<&'a str>)> {
        let mut chapters: Vec<(&str, Vec<&str>)> = Vec::new();
        for chapter in &lesson.read {
            let path = chapter.split('#').next().unwrap_or(chapter);
            let title = heading(self.corpus, chapter).unwrap_or_default();
            match chapters.iter_mut().find(|(known, _)| *known == path) {
                Some((_, headings)) => headings.push(title),
                None => chapters.push((path, vec![title])),
            }
        }
        chapters
    }

    /// The first lesson that decides a requirement.
    fn first(self, requirement: &str) -> Option<usize> {
        self.course.steps.iter().position(|lesson| {
            let cases = lesson.cases(self.vectors);
            cases
                .iter()
                .any(|case| case.requirements.iter().any(|id| id == requirement))
        })
    }
}

/// A named text, broken into lines that a terminal does not break again.
fn prose(out: &mut String, name: &str, text: &str) {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        if !lines[last].is_empty() && lines[last].chars().count() + word.chars().count() >= WIDTH {
            lines.push(word.to_owned());
            continue;
        }
        if !lines[last].is_empty() {
            lines[last].push(' ');
        }
        lines[last].push_str(word);
    }
    line(out, name, &lines.join("\n"));
}
