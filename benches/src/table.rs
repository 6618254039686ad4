//! A table of text: what every benchmark ends with.

/// Rows under a head, the first column to the left and the others to the right.
#[derive(Clone, Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Begins with the columns' names.
    pub fn new<const N: usize>(head: [&str; N]) -> Self {
        Self::of(head.map(str::to_owned).to_vec())
    }

    /// The same where columns are counted at run time.
    pub fn of(head: Vec<String>) -> Self {
        Self { rows: vec![head] }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.add(cells.to_vec());
    }

    /// The same where columns are counted at run time.
    pub fn add(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The text, a line for each row.
    pub fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                line += &match column {
                    0 => format!("{cell:<width$}"),
                    _ => format!("  {cell:>width$}"),
                };
            }
            text += line.trim_end();
            text.push('\n');
        }
        text
    }
}

/// A number of which three digits are told, with its thousands apart: `0.21`, `22.4`, `1,480`.
pub fn figure(number: f64) -> String {
    match number {
        ..1.0 => format!("{number:.2}"),
        ..100.0 => format!("{number:.1}"),
        _ => thousands(number.round() as u64),
    }
}

/// A whole number with its thousands apart: `1,000,000`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A report with its figures masked, for a snapshot: how many digits a figure has is no matter.
///
/// Runs of digits, points and commas become `#`, and the blanks around them one.
pub fn masked(report: &str) -> String {
    let mut text = String::new();
    for line in report.lines() {
        let words = line.split_whitespace().map(|word| {
            let is_figure = |letter: char| letter.is_ascii_digit() || matches!(letter, '.' | ',');
            let bare = word.trim_start_matches(is_figure);
            match word.starts_with(|letter: char| letter.is_ascii_digit()) {
                true => format!("#{bare}"),
                false => word.to_owned(),
            }
        });
        text += &words.collect::<Vec<_>>().join(" ");
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_as_wide_as_its_widest_cell() {
        let mut table = Table::new(["step", "µs"]);
        table.row(["hash".to_owned(), figure(1.25)]);
        table.row(["verification".to_owned(), figure(1480.4)]);
        assert_eq!(
            table.text(),
            "step             µs\nhash            1.2\nverification  1,480\n"
        );
    }

    #[test]
    fn a_figure_is_masked_however_long_it_is() {
        assert_eq!(masked("append  1,480 µs"), masked("append     0.2 µs"));
        assert_eq!(masked("append  12 µs  0.2×\n"), "append # µs #×\n");
    }
}
