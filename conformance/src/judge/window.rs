//! A transcript cut into its steps, each with what it took.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    play::AFTER,
    scenario::{Step, step::Verb},
    transcript::{Line, Transcript, What},
};

/// What happened while one step was played.
#[derive(Debug)]
pub struct Window<'a> {
    /// The step's place.
    pub place: &'a str,
    /// What it took, in order: the connection and the frame.
    pub took: Vec<(&'a str, Value)>,
    /// Its lines.
    pub lines: &'a [Line],
    /// Every line up to its end.
    before: &'a [Line],
}

impl Window<'_> {
    /// The frames that came on a connection up to the window's end, since it was opened.
    pub fn frames(&self, on: &str) -> Vec<Value> {
        self.since_opened(on)
            .filter_map(|line| frame(&line.what))
            .collect()
    }

    /// The close code with which a connection ended, if it ended and if it had one.
    pub fn ended(&self, on: &str) -> Option<Option<u16>> {
        self.since_opened(on).find_map(|line| match &line.what {
            What::Ended { close, .. } => Some(*close),
            _ => None,
        })
    }

    fn since_opened(&self, on: &str) -> impl Iterator<Item = &Line> {
        let opens = |line: &Line| line.on == on && matches!(line.what, What::Opens(_));
        let since = self.before.iter().rposition(opens).unwrap_or_default();
        self.before[since..]
            .iter()
            .filter(move |line| line.on == on)
    }
}

/// Cuts a transcript into the windows of its steps.
///
/// # Errors
/// If a step took what did not come, came on another connection, was taken before or stood behind another answer; or if the
/// steps are not the case's.
pub fn windows<'a>(
    transcript: &'a Transcript,
    steps: &[(String, &Step)],
) -> Result<Vec<Window<'a>>, String> {
    let lines = &transcript.lines;
    if !lines.is_sorted_by(|one, other| one.n < other.n && one.at <= other.at) {
        return Err("its lines are out of order".into());
    }
    let starts: Vec<usize> = (0..lines.len())
        .filter(|place| matches!(lines[*place].what, What::Step(_)))
        .collect();
    let mut answers = Answers::default();
    for line in &lines[..starts.first().copied().unwrap_or(lines.len())] {
        answers.see(line)?;
    }
    let mut windows = Vec::new();
    for (number, start) in starts.iter().enumerate() {
        let end = starts.get(number + 1).copied().unwrap_or(lines.len());
        let What::Step(place) = &lines[*start].what else {
            continue;
        };
        let due = steps.get(number).map_or(AFTER, |(place, _)| place);
        if place != due {
            return Err(format!("step {due} was due, and step {place} stands there"));
        }
        let mut took = Vec::new();
        for line in &lines[*start..end] {
            took.extend(answers.see(line)?.map(|frame| (line.on.as_str(), frame)));
        }
        windows.push(Window {
            place,
            took,
            lines: &lines[*start..end],
            before: &lines[..end],
        });
    }
    Ok(windows)
}

/// The steps of a case with their places, each round of a `repeat` for itself.
pub fn places(steps: &[Step]) -> Vec<(String, &Step)> {
    let mut all = Vec::new();
    expand(steps, "", None, &mut all);
    all
}

fn expand<'a>(
    steps: &'a [Step],
    around: &str,
    round: Option<u64>,
    all: &mut Vec<(String, &'a Step)>,
) {
    for (number, step) in (1..).zip(steps) {
        let place = match around {
            "" => format!("{number}"),
            around => format!("{around}.{number}"),
        };
        match (&step.verb, round) {
            (Verb::Repeat(repeat), _) => {
                for round in 0..repeat.times {
                    expand(&repeat.steps, &place, Some(round), all);
                }
            }
            (_, Some(round)) => all.push((format!("{place} (i = {round})"), step)),
            (_, None) => all.push((place, step)),
        }
    }
}

/// The frames of each connection that wait to be taken.
#[derive(Default)]
struct Answers {
    came: BTreeMap<u64, (String, Value)>,
    waiting: BTreeMap<String, Vec<u64>>,
    taken: BTreeSet<u64>,
}

impl Answers {
    /// Takes note of a line; gives the frame that it takes.
    fn see(&mut self, line: &Line) -> Result<Option<Value>, String> {
        match &line.what {
            What::Opens(_) => {
                self.waiting.remove(&line.on);
            }
            What::Received(_) => {
                let frame = frame(&line.what).unwrap_or_default();
                if !is_push(&frame) {
                    let waiting = self.waiting.entry(line.on.clone()).or_default();
                    waiting.push(line.n);
                }
                self.came.insert(line.n, (line.on.clone(), frame));
            }
            What::Took(n) => return self.take(*n, &line.on).map(Some),
            _ => {}
        }
        Ok(None)
    }

    fn take(&mut self, n: u64, on: &str) -> Result<Value, String> {
        let came = self.came.get(&n);
        let (came_on, frame) =
            came.ok_or_else(|| format!("line {n} was taken, and nothing came in it"))?;
        if came_on != on || !self.taken.insert(n) {
            return Err(format!(
                "line {n} was taken twice, or on another connection"
            ));
        }
        if !is_push(frame) {
            let waiting = self.waiting.entry(on.to_owned()).or_default();
            // Only an answer to a `submit` may be taken out of its turn.
            match waiting.iter().position(|waits| *waits == n) {
                Some(0) => {}
                Some(_) if frame.get("ref").is_some() => {}
                _ => return Err(format!("line {n} was taken out of its turn")),
            }
            waiting.retain(|waits| *waits != n);
        }
        Ok(frame.clone())
    }
}

fn frame(what: &What) -> Option<Value> {
    match what {
        What::Received(text) => Some(serde_json::from_str(text).unwrap_or_default()),
        _ => None,
    }
}

fn is_push(frame: &Value) -> bool {
    matches!(frame["type"].as_str(), Some("blocks" | "checkpoint"))
}
