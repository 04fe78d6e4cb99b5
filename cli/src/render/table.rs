//! Aligned columns. Widths are those of the text without its colours.

use super::Paint;

/// Colours of a cell.
type Style = fn(Paint, &str) -> String;

/// One cell: text on one line, its side and its colour.
#[derive(Clone)]
pub(crate) struct Cell {
    text: String,
    right: bool,
    spills: bool,
    style: Option<Style>,
}

impl Cell {
    /// Text at the left.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: one_line(&text.into()),
            right: false,
            spills: false,
            style: None,
        }
    }

    /// A sentence at the end of its row, which does not make its column wider.
    pub(crate) fn sentence(text: impl Into<String>) -> Self {
        Self {
            spills: true,
            ..Self::new(text)
        }
    }

    /// A number, at the right.
    pub(crate) fn right(text: impl Into<String>) -> Self {
        Self {
            right: true,
            ..Self::new(text)
        }
    }

    /// In a colour.
    pub(crate) fn style(self, style: Style) -> Self {
        Self {
            style: Some(style),
            ..self
        }
    }

    fn width(&self) -> usize {
        if self.spills {
            return 0;
        }
        self.text.chars().count()
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// Rows of cells.
#[derive(Default)]
pub(crate) struct Table {
    indent: usize,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// With names above the columns.
    pub(crate) fn with_header<const N: usize>(names: [&str; N]) -> Self {
        let style: Style = Paint::faint;
        Self {
            indent: 0,
            rows: vec![names.map(|name| Cell::new(name).style(style)).to_vec()],
        }
    }

    /// Without a header, moved to the right by two spaces.
    pub(crate) fn indented() -> Self {
        Self {
            indent: 2,
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The lines, columns three spaces apart, no spaces at their ends.
    pub(crate) fn render(&self, paint: Paint) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(Cell::width).max().unwrap_or(0)
            })
            .collect();
        // A name stands over its column as the column's values do.
        let right: Vec<bool> = (0..columns)
            .map(|column| {
                self.rows
                    .last()
                    .and_then(|row| row.get(column))
                    .is_some_and(|c| c.right)
            })
            .collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            // Spaces wait until something follows them.
            let mut spaces = self.indent;
            for (column, cell) in row.iter().enumerate() {
                let padding = widths[column] - cell.width();
                let at_right = cell.right || right[column];
                if !cell.text.is_empty() {
                    line.push_str(&" ".repeat(spaces + if at_right { padding } else { 0 }));
                    match cell.style {
                        Some(style) => line.push_str(&style(paint, &cell.text)),
                        None => line.push_str(&cell.text),
                    }
                    spaces = if at_right { 0 } else { padding };
                } else {
                    spaces += padding;
                }
                if widths[column] > 0 {
                    spaces += 3;
                }
            }
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}

/// Text from a server must not break the lines, nor reach the terminal as control characters.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_have_no_spaces_at_their_ends() {
        let mut table = Table::with_header(["name", "orders", "state", "note"]);
        table.row([
            Cell::new("a"),
            Cell::right("7"),
            Cell::new("ok"),
            Cell::new(""),
        ]);
        table.row([
            Cell::new("longer"),
            Cell::right("1,200"),
            Cell::new(""),
            Cell::new("x"),
        ]);
        insta::assert_snapshot!(table.render(Paint::PLAIN), @r"
        name     orders   state   note
        a             7   ok
        longer    1,200           x
        ");
    }

    #[test]
    fn colours_do_not_count_as_width() {
        let mut table = Table::indented();
        table.row([Cell::new("a").style(Paint::good), Cell::new("x")]);
        table.row([Cell::new("bcd").style(Paint::bad), Cell::new("y")]);
        let colored = table.render(Paint::COLORS);
        let mut plain = String::new();
        let mut skipping = false;
        for c in colored.chars() {
            match c {
                '\u{1b}' => skipping = true,
                'm' if skipping => skipping = false,
                c if !skipping => plain.push(c),
                _ => {}
            }
        }
        assert_eq!(plain, table.render(Paint::PLAIN));
        assert_ne!(plain, colored);
    }

    #[test]
    fn control_characters_from_a_server_do_not_reach_the_terminal() {
        assert_eq!(one_line("a\u{1b}[31m\nb"), "a [31m b");
    }
}
