//! Which cases a command line asks for: a case's id, a requirement's, an area, or a pattern with `*` and `?`.

use regex_lite::Regex;

use crate::{
    requirement::{Level, Requirements},
    scenario::{Case, Vectors},
};

/// What one argument selects.
#[derive(Debug, Clone)]
enum Selector {
    Case(String),
    Requirement(String),
    Area(String),
    Pattern(Regex),
}

/// A selector that selects nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{selector}` selects no case{}", suggestion(.near))]
pub struct NothingSelected {
    /// As it was given.
    pub selector: String,
    /// What may have been meant.
    pub near: Vec<String>,
}

/// The cases that the arguments select, in the order of the vectors; without arguments all of them.
///
/// # Errors
/// The first argument that selects nothing at this level.
pub fn select<'a>(
    arguments: &[String],
    level: Option<Level>,
    vectors: &'a Vectors,
    requirements: &Requirements,
) -> Result<Vec<&'a Case>, NothingSelected> {
    let strong = |case: &&Case| level.is_none_or(|level| case.level >= level);
    let mut selectors = Vec::new();
    for argument in arguments {
        let selector = Selector::read(argument);
        if !vectors
            .cases
            .iter()
            .filter(strong)
            .any(|case| selector.takes(case))
        {
            return Err(NothingSelected {
                selector: argument.clone(),
                near: near(argument, vectors, requirements),
            });
        }
        selectors.push(selector);
    }
    let taken = |case: &&Case| {
        selectors.is_empty() || selectors.iter().any(|selector| selector.takes(case))
    };
    Ok(vectors.cases.iter().filter(strong).filter(taken).collect())
}

impl Selector {
    fn read(argument: &str) -> Self {
        let upper = argument.to_ascii_uppercase();
        let is_area = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_uppercase());
        if argument.contains(['*', '?']) {
            if let Some(pattern) = glob(argument) {
                return Self::Pattern(pattern);
            }
        } else if is_area(argument) {
            return Self::Area(argument.to_owned());
        } else if let Some((area, number)) = upper.split_once('-')
            && is_area(area)
            && number.chars().all(|c| c.is_ascii_digit())
        {
            return Self::Requirement(upper);
        }
        Self::Case(argument.to_owned())
    }

    fn takes(&self, case: &Case) -> bool {
        match self {
            Self::Case(id) => case.id == *id,
            Self::Requirement(id) => case.requirements.contains(id),
            Self::Area(area) => case
                .requirements
                .iter()
                .any(|id| id.rsplit_once('-').is_some_and(|(own, _)| own == area)),
            Self::Pattern(pattern) => {
                pattern.is_match(&case.id)
                    || case.requirements.iter().any(|id| pattern.is_match(id))
            }
        }
    }
}

fn glob(pattern: &str) -> Option<Regex> {
    let mut expression = String::from("^");
    for letter in pattern.chars() {
        match letter {
            '*' => expression.push_str(".*"),
            '?' => expression.push('.'),
            letter => expression.push_str(&regex_lite::escape(&letter.to_string())),
        }
    }
    expression.push('$');
    Regex::new(&expression).ok()
}

/// Up to three names that are much like the argument.
pub fn near(argument: &str, vectors: &Vectors, requirements: &Requirements) -> Vec<String> {
    let cases = vectors.cases.iter().map(|case| case.id.clone());
    let ids = requirements
        .iter()
        .map(|requirement| requirement.id.clone());
    let areas = requirements
        .iter()
        .map(|requirement| requirement.area().to_owned());
    let mut names: Vec<(f64, String)> = cases
        .chain(ids)
        .chain(areas)
        .map(|name| {
            let likeness =
                strsim::jaro_winkler(&argument.to_ascii_lowercase(), &name.to_ascii_lowercase());
            (likeness, name)
        })
        .filter(|(likeness, _)| *likeness > 0.8)
        .collect();
    names.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    names.dedup_by(|one, other| one.1 == other.1);
    names.into_iter().take(3).map(|(_, name)| name).collect()
}

fn suggestion(near: &[String]) -> String {
    if near.is_empty() {
        return "; `dispatch-conformance list` shows them all".to_owned();
    }
    format!(
        "; did you mean {}?",
        near.iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(" or ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> Vectors {
        let case = |id: &str, requirement: &str, level: &str| {
            serde_json::from_value(serde_json::json!({
                "id": id, "requirements": [requirement], "level": level, "title": "t", "why": "w", "steps": []
            }))
            .expect("a case")
        };
        Vectors {
            cases: vec![
                case("join-good", "JOIN-15", "MUST"),
                case("join-late", "JOIN-10", "MUST"),
                case("red-soft", "LIM-9", "SHOULD"),
            ],
            known_answers: Vec::new(),
        }
    }

    fn ids(arguments: &[&str], level: Option<Level>) -> Result<Vec<String>, NothingSelected> {
        let arguments: Vec<String> = arguments
            .iter()
            .map(|&argument| argument.to_owned())
            .collect();
        let vectors = vectors();
        let selected = select(&arguments, level, &vectors, &Requirements::default())?;
        Ok(selected.into_iter().map(|case| case.id.clone()).collect())
    }

    #[test]
    fn cases_are_selected_by_id_requirement_area_and_pattern() {
        assert_eq!(ids(&[], None).expect("all").len(), 3);
        assert_eq!(ids(&["join-late"], None).expect("one"), ["join-late"]);
        assert_eq!(ids(&["JOIN-15"], None).expect("one"), ["join-good"]);
        assert_eq!(ids(&["join-15"], None).expect("one"), ["join-good"]);
        assert_eq!(ids(&["JOIN"], None).expect("two").len(), 2);
        assert_eq!(
            ids(&["*-late", "LIM"], None).expect("two"),
            ["join-late", "red-soft"]
        );
    }

    #[test]
    fn a_requirement_is_not_selected_by_the_beginning_of_its_number() {
        assert!(ids(&["JOIN-1"], None).is_err());
    }

    #[test]
    fn a_selector_that_selects_nothing_is_an_error_with_near_misses() {
        let error = ids(&["join-goood"], None).expect_err("nothing");
        assert_eq!(error.near.first().map(String::as_str), Some("join-good"));
        assert!(
            error.to_string().contains("did you mean `join-good`"),
            "{error}"
        );
    }

    #[test]
    fn a_level_leaves_weaker_cases_out() {
        assert_eq!(ids(&[], Some(Level::Must)).expect("two").len(), 2);
        assert!(ids(&["LIM"], Some(Level::Must)).is_err());
    }
}
