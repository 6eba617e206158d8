//! The measurements as a table.

use std::fmt;

use super::program::Service;
use crate::table;

/// One run of one service.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    pub(super) events_per_second: f64,
    /// CPU seconds per million events.
    pub(super) cpu_per_million: f64,
    /// Peak resident memory in MB.
    pub(super) peak_mb: f64,
}

impl fmt::Display for Measured {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = grouped(self.events_per_second as u64);
        write!(out, "{rate:>9} events/s  {:>5.2} CPU s/M  {:>4.0} MB", self.cpu_per_million, self.peak_mb)
    }
}

/// All runs of one service with one number of partitions.
pub(super) struct Row {
    build: Option<usize>,
    service: Service,
    partitions: i32,
    runs: Vec<Measured>,
}

impl Row {
    /// Returns a row without runs. `build` is given if there are several builds.
    pub(super) fn new(build: Option<usize>, service: Service, partitions: i32) -> Self {
        Self { build, service, partitions, runs: Vec::new() }
    }

    pub(super) fn add(&mut self, measured: Measured) {
        self.runs.push(measured);
    }

    fn cells(&self) -> Vec<String> {
        let [slowest, rate, fastest] = spread(self.runs.iter().map(|run| run.events_per_second));
        let [_, cpu, _] = spread(self.runs.iter().map(|run| run.cpu_per_million));
        let [.., peak] = spread(self.runs.iter().map(|run| run.peak_mb));
        let rates = [rate, slowest, fastest].map(|rate| grouped(rate as u64));
        let first = [self.build.map(letter).unwrap_or_default(), self.service.to_string(), self.partitions.to_string()];
        let last = [format!("{cpu:.2}"), format!("{peak:.0}")];
        first.into_iter().chain(rates).chain(last).collect()
    }
}

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let build = self.build.map(|build| format!("{} ", letter(build))).unwrap_or_default();
        write!(out, "{build}{:<16}  {:>2}", self.service, self.partitions)
    }
}

/// Returns the table, at most 80 columns wide.
pub(super) fn render(rows: &[Row]) -> String {
    let headings = ["", "service", ">partitions", ">events/s", ">slowest", ">fastest", ">CPU s/M", ">peak MB"];
    let cells: Vec<Vec<String>> = rows.iter().map(Row::cells).collect();
    let one_build = rows.iter().all(|row| row.build.is_none());
    let skip = usize::from(one_build);
    let cells: Vec<Vec<String>> = cells.into_iter().map(|row| row[skip..].to_vec()).collect();
    table::render(&headings[skip..], &cells)
}

/// Returns the letter for a build in the table.
pub(super) fn letter(build: usize) -> String {
    char::from_u32('A' as u32 + build as u32).unwrap_or('?').to_string()
}

/// Formats a number with a comma after every three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns the minimum, the element at rank floor((n-1)/2), and the maximum; zeros if there are no elements.
fn spread(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or_default();
    let last = values.len().saturating_sub(1);
    [at(0), at(last / 2), at(last)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_comma_after_each_three_digits() {
        assert_eq!([0, 999, 1_000, 433_000, 1_234_567].map(grouped), ["0", "999", "1,000", "433,000", "1,234,567"]);
    }

    #[test]
    fn the_table_fits_80_columns_and_shows_medians_and_extremes() {
        let mut row = Row::new(Some(1), Service::Processor, 12);
        for rate in [1_234_567.0, 433_000.0, 99_000.0] {
            row.add(Measured { events_per_second: rate, cpu_per_million: rate / 1e4, peak_mb: 120.4 });
        }
        let text = render(&[row]);
        assert!(text.contains("B  stream-processor          12   433,000   99,000  1,234,567"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn one_build_needs_no_letter() {
        let text = render(&[Row::new(None, Service::Bridge, 1)]);
        assert!(text.starts_with("service "), "{text}");
    }
}
