//! The tables of `docs/measurements.md`, from `docs/measurements.toml`.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::Deserialize;
use toml::value::Datetime;

use crate::tables::{Tables, table};

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

/// Renders each table of the data file, by its name.
pub(crate) fn tables(data: &str) -> anyhow::Result<Tables> {
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

    #[test]
    fn columns_that_no_row_fills_are_left_out() {
        let tables = tables(DATA).unwrap();
        assert_eq!(
            tables["speed"],
            "| what | command | limit | figure | date, machine |\n|---|---|---|---|---|\n\
             | start | `up` | 20 s | 6.8 s | 2026-11-21, A, busy |\n| end | the same | | 1 s | 2026-11-22, A |\n"
        );
    }
}
