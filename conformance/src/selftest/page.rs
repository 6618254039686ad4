//! The kill matrix as a page: one file that needs no network, for light and dark, keyboard and screen reader.
//!
//! It answers three questions: which cases catch a fault, which faults a case catches, and what null peers pass and why.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Display, Write},
};

use super::{Matrix, NULL_PASSES, Trial};
use crate::control::Fault;

/// The page.
pub fn render(matrix: &Matrix) -> String {
    let mut out = String::new();
    // Writing to a text does not fail.
    let _ = page(&mut out, matrix);
    out
}

fn page(out: &mut String, matrix: &Matrix) -> fmt::Result {
    out.push_str(HEAD);
    write!(out, "<style>{}</style>", include_str!("page.css"))?;
    out.push_str("</head><body><a class=skip href=#main>Skip to the results</a>");
    out.push_str("<header><h1>Which case catches which fault</h1>");
    write!(
        out,
        "<p class=faint>The conformance suite of dispatch-d/1, played on servers that are known to be wrong. \
         Each fault met {}. Vectors <code>{}</code>.</p>",
        Text(&matrix.others),
        Text(matrix.vectors_hash.get(..16).unwrap_or_default())
    )?;
    out.push_str(FIND);
    out.push_str("</header><main id=main>");
    sums(out, matrix)?;
    complaints(out, matrix)?;
    areas(out, matrix)?;
    faults(out, matrix)?;
    cases(out, matrix)?;
    null_peers(out, matrix)?;
    write!(
        out,
        "</main><script>{}</script></body></html>",
        include_str!("page.js")
    )
}

const HEAD: &str = "<!doctype html><html lang=en><head><meta charset=utf-8>\
    <meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\
    <meta name=viewport content='width=device-width, initial-scale=1'>\
    <title>Which case catches which fault: dispatch-d/1</title>";

const FIND: &str = "<div class=find><nav aria-label=Sections><a href=#faults>Faults</a> · \
    <a href=#cases>Cases</a> · <a href=#null-peers>Null peers</a></nav>\
    <span id=search hidden><label for=words>Find</label> \
    <input id=words type=search placeholder='JOIN-4, expired, sess-…'> \
    <span id=count role=status class=faint></span></span></div>";

fn sums(out: &mut String, matrix: &Matrix) -> fmt::Result {
    let (class, verdict) = match matrix.holds() {
        true => ("good", "The suite has teeth."),
        false => (
            "bad",
            "Something is not as it should be; it is listed below.",
        ),
    };
    let faults = matrix.faults().count();
    let killed = faults - matrix.survivors().len();
    write!(
        out,
        "<p><span class={class}>{verdict}</span> {killed} of {faults} faults are caught by a case of the requirement that they break"
    )?;
    if matrix.whole {
        let cases = matrix.cases.len();
        let kill = cases - matrix.toothless().len();
        let passes = matrix.null_passes();
        let passes: usize = passes.iter().map(|(_, cases)| cases.len()).sum();
        write!(
            out,
            "; {kill} of {cases} cases catch a fault; null peers pass {passes} cases without a reason"
        )?;
    }
    out.push_str(".</p>");
    Ok(())
}

fn complaints(out: &mut String, matrix: &Matrix) -> fmt::Result {
    let ids = |faults: Vec<&'static Fault>| faults.into_iter().map(|fault| fault.id.to_owned());
    let texts = |ids: Vec<&str>| ids.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let unexplained = matrix.unexplained();
    let unexplained = unexplained
        .iter()
        .map(|(fault, cases)| format!("{}: {}", fault.id, cases.join(" ")));
    let passes = matrix.null_passes().into_iter().flat_map(|(name, cases)| {
        cases
            .into_iter()
            .map(move |case| format!("{name}: {case}"))
            .collect::<Vec<_>>()
    });
    for (title, lines) in [
        ("Not heard to their end", matrix.unheard()),
        ("Faults that survive", ids(matrix.survivors()).collect()),
        ("Cases that catch nothing", texts(matrix.toothless())),
        (
            "Cases that fail without a fault",
            texts(matrix.false_alarms()),
        ),
        ("Passes of null peers without a reason", passes.collect()),
        ("Excuses that nobody needs", texts(matrix.idle_excuses())),
        (
            "Faults that make unrelated cases fail and say no reason",
            unexplained.collect(),
        ),
        (
            "Faults that say a reason and make none fail",
            ids(matrix.overexplained()).collect(),
        ),
    ] {
        if !lines.is_empty() {
            write!(out, "<h2 class=bad>{title}</h2><ul>")?;
            for line in lines {
                write!(out, "<li>{}</li>", Text(line))?;
            }
            out.push_str("</ul>");
        }
    }
    Ok(())
}

/// For each area how many faults there are, and how many of them hang on a single case.
fn areas(out: &mut String, matrix: &Matrix) -> fmt::Result {
    let mut areas: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
    for (fault, trial) in matrix.faults() {
        let killers = matrix.killers(fault, trial).len();
        let area = areas.entry(area(fault)).or_default();
        area.0 += 1;
        area.1 += usize::from(killers > 0 || trial.unready.is_some());
        area.2 += usize::from(killers == 1);
    }
    out.push_str(
        "<h2 id=areas>Areas</h2><div class=wide><table><caption>Faults by the area of the requirement that they break</caption>\
         <thead><tr><th scope=col>Area<th scope=col class=number>Faults<th scope=col class=number>Caught\
         <th scope=col class=number>Caught by one case alone</tr></thead><tbody>",
    );
    for (area, (faults, caught, thin)) in areas {
        write!(
            out,
            "<tr><th scope=row><a href=#area-{area}>{area}</a><td class=number>{faults}<td class=number>{caught}<td class=number>{thin}</tr>"
        )?;
    }
    out.push_str("</tbody></table></div>");
    Ok(())
}

fn faults(out: &mut String, matrix: &Matrix) -> fmt::Result {
    out.push_str(
        "<h2 id=faults>Faults, and the cases that catch them</h2><div class=wide><table>\
         <caption>A fault is a server that breaks the requirement of that number, in the way that is said</caption>\
         <thead><tr><th scope=col>Fault<th scope=col>What the server does<th scope=col>Caught by\
         <th scope=col>Other cases that fail, and why</tr></thead>",
    );
    let mut seen = BTreeSet::new();
    for (fault, trial) in matrix.faults() {
        // An area's faults may stand apart, in the order of the chapters; the first of them is its place.
        if seen.insert(area(fault)) {
            write!(out, "<tbody id=area-{}>", area(fault))?;
        }
        fault_row(out, matrix, fault, trial)?;
    }
    out.push_str("</table></div>");
    Ok(())
}

fn fault_row(out: &mut String, matrix: &Matrix, fault: &Fault, trial: &Trial) -> fmt::Result {
    let sentence = matrix.sentences.get(fault.requirement());
    let sentence = sentence.map_or("", String::as_str);
    write!(
        out,
        "<tr data-row id='fault-{0}'><th scope=row><a href='#fault-{0}'>{0}</a><td>{1}<br><small class=faint>{2}</small><td>",
        Text(fault.id),
        Text(fault.mistake),
        Text(sentence)
    )?;
    let killers = matrix.killers(fault, trial);
    match (&trial.unready, killers.is_empty()) {
        (Some(why), _) => write!(out, "the look before the cases: {}", Text(why))?,
        (None, true) => out.push_str("<span class=bad>nothing: it survives</span>"),
        (None, false) => links(out, "case", &killers)?,
    }
    out.push_str("<td>");
    let others = matrix.bystanders(fault, trial);
    if !others.is_empty() {
        let why = fault.spreads.unwrap_or("no reason is stated");
        write!(
            out,
            "<details><summary>{}: {}</summary>",
            others.len(),
            Text(why)
        )?;
        links(out, "case", &others)?;
        out.push_str("</details>");
    }
    out.push_str("</tr>");
    Ok(())
}

fn cases(out: &mut String, matrix: &Matrix) -> fmt::Result {
    out.push_str(
        "<h2 id=cases>Cases, and the faults that they catch</h2><div class=wide><table>\
         <caption>Only what a case saw itself counts, and only faults of the requirements that it decides</caption>\
         <thead><tr><th scope=col>Case<th scope=col>What a right server does<th scope=col>Decides\
         <th scope=col>Catches</tr></thead><tbody>",
    );
    for (id, told) in &matrix.cases {
        write!(
            out,
            "<tr data-row id='case-{0}'><th scope=row><a href='#case-{0}'>{0}</a><td>{1}<td>{2}<td>",
            Text(id),
            Text(&told.title),
            Text(told.requirements.join(" "))
        )?;
        let caught: Vec<&str> = matrix.caught_by(id).map(|fault| fault.id).collect();
        match caught.is_empty() {
            true => out.push_str("<span class=bad>nothing</span>"),
            false => links(out, "fault", &caught)?,
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
    Ok(())
}

fn null_peers(out: &mut String, matrix: &Matrix) -> fmt::Result {
    out.push_str(
        "<h2 id=null-peers>Null peers, and what they pass</h2><p>A null peer understands nothing: it refuses every frame, \
         accepts every frame, hangs up, or stays silent. What it passes proves nothing, unless it truly does what the case asks.</p>\
         <div class=wide><table><caption>Passes of null peers, each with its reason</caption><thead><tr><th scope=col>Peer\
         <th scope=col>Case<th scope=col>Why it passes</tr></thead><tbody>",
    );
    for (name, passes) in matrix.null_peers() {
        if passes.is_empty() {
            write!(
                out,
                "<tr data-row><th scope=row>{}<td>none<td></tr>",
                Text(&name)
            )?;
        }
        for case in passes {
            let reason = NULL_PASSES.iter().find(|(excused, _)| *excused == case);
            let reason = reason.map_or("no reason is stated", |(_, why)| why);
            write!(
                out,
                "<tr data-row><th scope=row>{}<td><a href='#case-{1}'>{1}</a><td>{2}</tr>",
                Text(&name),
                Text(case),
                Text(reason)
            )?;
        }
    }
    out.push_str("</tbody></table></div>");
    Ok(())
}

fn links(out: &mut String, kind: &str, ids: &[&str]) -> fmt::Result {
    out.push_str("<ul class=links>");
    for id in ids {
        write!(out, "<li><a href='#{kind}-{0}'>{0}</a>", Text(id))?;
    }
    out.push_str("</ul>");
    Ok(())
}

fn area(fault: &Fault) -> &'static str {
    fault.id.split_once('-').map_or(fault.id, |(area, _)| area)
}

/// Text in a page: no character of it is markup.
struct Text<T>(T);

impl<T: Display> Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.to_string().chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup() {
        assert_eq!(
            Text("<a href='x'>&\"").to_string(),
            "&lt;a href=&#39;x&#39;&gt;&amp;&quot;"
        );
    }
}
