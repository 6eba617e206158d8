//! `docs/measurements.md`: its text is written by hand, its tables come from `docs/measurements.toml`.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use serde::Deserialize;
use toml::value::Datetime;

const BEGIN: (&str, &str) = ("<!-- table ", ": generated from measurements.toml -->");
const END: &str = "<!-- end of table -->";

/// The data file: lists of rows, by the name of their table.
#[derive(Deserialize)]
struct Data {
    patterns: Vec<Pattern>,
    images: Vec<Image>,
    #[serde(flatten)]
    measurements: BTreeMap<String, Vec<Measurement>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Measurement {
    what: String,
    /// Only if the table compares brokers.
    broker: Option<String>,
    command: String,
    /// The promised limit, if any.
    limit: Option<String>,
    figure: String,
    date: Datetime,
    machine: String,
    /// Other load on the machine.
    load: Option<String>,
}

/// Alerts that a traffic pattern raised before and after a change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pattern {
    pattern: String,
    before: String,
    after: String,
}

/// The size of a container image, or only the reason if it wasn't built.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    image: String,
    unpacked: Option<String>,
    archive: Option<String>,
    layers: Option<String>,
    closure: String,
}

/// Returns `page` with its tables replaced by those of `data`.
pub(crate) fn page(page: &str, data: &str) -> anyhow::Result<String> {
    let mut tables = tables(data)?;
    let mut written = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        written.push_str(line);
        written.push('\n');
        let name = line.strip_prefix(BEGIN.0).and_then(|rest| rest.strip_suffix(BEGIN.1));
        let Some(name) = name else { continue };
        let table = tables.remove(name).with_context(|| format!("no rows for the table {name}, or a second one"))?;
        ensure!(lines.any(|line| line == END), "the table {name} has no line {END}");
        written.push_str(&format!("\n{table}\n{END}\n"));
    }
    ensure!(tables.is_empty(), "rows without a place in the page: {:?}", tables.keys());
    Ok(written)
}

/// Renders each table, by its name.
fn tables(data: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let Data { patterns, images, measurements } = toml::from_str(data)?;
    let mut tables = BTreeMap::new();
    for (name, rows) in measurements {
        let table = measured(&rows).with_context(|| format!("table {name}"))?;
        tables.insert(name, table);
    }
    let patterns = patterns.into_iter().map(|Pattern { pattern, before, after }| vec![pattern, before, after]);
    tables.insert("patterns".to_owned(), table(&["pattern", "before", "after"], patterns)?);
    let images = images.into_iter().map(|Image { image, unpacked, archive, layers, closure }| {
        let [unpacked, archive, layers] = [unpacked, archive, layers].map(Option::unwrap_or_default);
        vec![image, unpacked, archive, layers, closure]
    });
    let header = ["image", "unpacked", "archive", "layers", "closure of the program"];
    tables.insert("images".to_owned(), table(&header, images)?);
    Ok(tables)
}

/// Renders rows, with the columns for brokers and limits only if a row has one.
fn measured(rows: &[Measurement]) -> anyhow::Result<String> {
    let brokers = rows.iter().any(|row| row.broker.is_some());
    let limits = rows.iter().any(|row| row.limit.is_some());
    let columns = [("what", true), ("broker", brokers), ("command", true), ("limit", limits), ("figure", true)];
    let shown = |(name, shown): (&'static str, bool)| shown.then_some(name);
    let header: Vec<&str> = columns.into_iter().filter_map(shown).chain(["date, machine"]).collect();
    let rows = rows.iter().map(|row| {
        let mut cells = vec![row.what.clone()];
        cells.extend(brokers.then(|| row.broker.clone().unwrap_or_default()));
        cells.push(row.command.clone());
        cells.extend(limits.then(|| row.limit.clone().unwrap_or_default()));
        cells.push(row.figure.clone());
        let load = row.load.as_ref().map_or(String::new(), |load| format!(", {load}"));
        cells.push(format!("{}, {}{load}", row.date, row.machine));
        cells
    });
    table(&header, rows)
}

fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> anyhow::Result<String> {
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

    const DATA: &str = r#"
        patterns = []
        images = []
        [[speed]]
        what = "start"
        command = "`up`"
        limit = "20 s"
        figure = "6.8 s"
        date = 2026-11-21
        machine = "A"
        load = "busy"
        [[speed]]
        what = "end"
        command = "the same"
        figure = "1 s"
        date = 2026-11-22
        machine = "A"
    "#;

    fn marker(name: &str) -> String {
        format!("{}{name}{}\nold\n{END}\n", BEGIN.0, BEGIN.1)
    }

    #[test]
    fn tables_are_replaced_and_the_text_stays() {
        let before = format!("# Title\n{}{}text\n{}", marker("patterns"), marker("images"), marker("speed"));
        let after = page(&before, DATA).unwrap();
        assert!(after.starts_with("# Title\n") && after.contains(&format!("{END}\ntext\n")), "{after}");
        assert!(!after.contains("old"), "{after}");
        assert!(
            after.contains(
                "| what | command | limit | figure | date, machine |\n|---|---|---|---|---|\n\
                 | start | `up` | 20 s | 6.8 s | 2026-11-21, A, busy |\n| end | the same | | 1 s | 2026-11-22, A |\n"
            ),
            "{after}"
        );
        assert_eq!(page(&after, DATA).unwrap(), after);
    }

    #[test]
    fn rows_without_a_place_and_tables_without_rows_are_refused() {
        let all = [marker("patterns"), marker("images"), marker("speed")].concat();
        assert!(page(&marker("speed"), DATA).is_err());
        assert!(page(&(all.clone() + &marker("light")), DATA).is_err());
        assert!(page(&all.replace(END, ""), DATA).is_err());
        assert!(page(&all, &DATA.replace("20 s", "20 | s")).is_err());
        assert!(page(&all, DATA).is_ok());
    }
}
