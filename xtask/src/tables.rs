//! Tables within pages that are written by hand otherwise. A line before and a line after each marks its place.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};

const BEGIN: (&str, &str) = ("<!-- table ", ": generated from ");
const END: &str = "<!-- end of table -->";

/// Markdown by the name of its place.
pub(crate) type Tables = BTreeMap<String, String>;

/// Returns `page` with each of its tables replaced by the one of that name.
pub(crate) fn replace(page: &str, tables: &Tables) -> anyhow::Result<String> {
    let mut written = String::new();
    let mut unused = tables.clone();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        written.push_str(line);
        written.push('\n');
        let Some(name) = name(line) else { continue };
        let table = unused.remove(name).with_context(|| format!("there is no table {name}, or it has two places"))?;
        ensure!(lines.any(|line| line == END), "the table {name} has no line {END}");
        written.push_str(&format!("\n{table}\n{END}\n"));
    }
    ensure!(unused.is_empty(), "tables without a place in the page: {:?}", unused.keys());
    Ok(written)
}

/// Returns the lines of the table with this name in `page`.
pub(crate) fn lines<'a>(page: &'a str, table: &str) -> impl Iterator<Item = &'a str> {
    page.lines().skip_while(move |line| name(line) != Some(table)).skip(1).take_while(|line| *line != END)
}

fn name(line: &str) -> Option<&str> {
    Some(line.strip_prefix(BEGIN.0)?.split_once(BEGIN.1)?.0)
}

/// Renders rows below a header.
pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> anyhow::Result<String> {
    let mut table = format!("| {} |\n|{}\n", header.join(" | "), "---|".repeat(header.len()));
    for row in rows {
        for cell in &row {
            ensure!(!cell.contains(['|', '\n']), "`{cell}` holds what would end the cell");
        }
        table.push('|');
        for cell in &row {
            let space = if cell.is_empty() { "" } else { " " };
            table.push_str(&format!("{space}{cell} |"));
        }
        table.push('\n');
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> String {
        format!("<!-- table {name}: generated from data.toml -->\nold\n{END}\n")
    }

    fn tables(names: &[&str]) -> Tables {
        names.iter().map(|name| ((*name).to_owned(), format!("the {name}\n"))).collect()
    }

    #[test]
    fn tables_are_replaced_and_the_text_stays() {
        let before = format!("# Title\n{}text\n{}", place("ports"), place("topics"));
        let after = replace(&before, &tables(&["ports", "topics"])).unwrap();
        assert!(after.starts_with("# Title\n") && after.contains(&format!("the ports\n\n{END}\ntext\n")), "{after}");
        assert!(!after.contains("old"), "{after}");
        assert_eq!(replace(&after, &tables(&["ports", "topics"])).unwrap(), after);
        assert_eq!(lines(&after, "topics").collect::<Vec<_>>(), ["", "the topics", ""]);
    }

    #[test]
    fn a_place_without_a_table_and_a_table_without_a_place_are_refused() {
        assert!(replace(&place("ports"), &tables(&[])).is_err());
        assert!(replace("", &tables(&["ports"])).is_err());
        assert!(replace(&place("ports").repeat(2), &tables(&["ports"])).is_err());
        assert!(replace(&place("ports").replace(END, ""), &tables(&["ports"])).is_err());
        assert!(replace(&place("ports"), &tables(&["ports"])).is_ok());
    }

    #[test]
    fn a_cell_that_would_end_early_is_refused() {
        assert!(table(&["name"], [vec!["a | b".to_owned()]]).is_err());
        assert_eq!(
            table(&["a", "b"], [vec!["1".to_owned(), String::new()]]).unwrap(),
            "| a | b |\n|---|---|\n| 1 | |\n"
        );
    }
}
