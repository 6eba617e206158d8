//! Tables for a terminal.

use tidewatch_service::printable;

/// Renders rows under their headings, with columns as wide as their widest cell. Columns whose heading begins with `>`
/// are numeric and right-aligned. A cell is always one line, whatever it contains.
pub(crate) fn render(headings: &[&str], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| printable(cell).to_string()).collect()).collect();
    let right: Vec<bool> = headings.iter().map(|heading| heading.starts_with('>')).collect();
    let head: Vec<String> = headings.iter().map(|heading| heading.trim_start_matches('>').to_owned()).collect();
    let width = |column: usize| {
        let cells = rows.iter().chain([&head]).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for ((cell, width), right) in row.iter().zip(&widths).zip(&right) {
            let gap = " ".repeat(width.saturating_sub(cell.chars().count()));
            let (before, after) = if *right { (gap.as_str(), "") } else { ("", gap.as_str()) };
            line.push_str(&format!("{before}{cell}{after}  "));
        }
        format!("{}\n", line.trim_end())
    };
    [&head].into_iter().chain(&rows).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_forges_a_row_or_controls_the_terminal() {
        let rows = [vec!["a\nauth  0.0\x1b[2J\u{202e}".to_owned(), "1".to_owned()]];
        let text = render(&["service", ">rate"], &rows);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("a\\nauth  0.0\\x1b[2J\\u{202e}  "), "{text}");
    }

    #[test]
    fn columns_are_aligned_and_numbers_are_flush_right() {
        let rows = [vec!["auth".to_owned(), "9.5".to_owned()], vec!["payment".to_owned(), "120.0".to_owned()]];
        assert_eq!(render(&["service", ">rate"], &rows), "service   rate\nauth       9.5\npayment  120.0\n");
    }
}
