//! The list of all generated files.

use std::fs;
use std::path::Path;

use anyhow::Context;
use tidewatch_servers::alertmanager::{Receivers, render};
use tidewatch_slo::Scale;

use crate::generated::File;
use crate::{measurements, metrics, rule_tests};

/// Generates every file of the repository at `root`.
pub(crate) fn all(root: &Path) -> anyhow::Result<Vec<File>> {
    let read = |path: &str| fs::read_to_string(root.join(path)).with_context(|| format!("can't read {path}"));
    let measurements = measurements::page(&read("docs/measurements.md")?, &read("docs/measurements.toml")?)
        .context("docs/measurements.toml and .md")?;
    let slos = tidewatch_slo::load_dir(&root.join("docs/slos")).context("can't read docs/slos")?;
    let mut files = vec![
        File::new("alertmanager/local.yaml", render(&Receivers::local())),
        File::new("alertmanager/production.yaml", render(&Receivers::production())),
        File::new("docs/measurements.md", measurements),
        File::new("docs/metrics.md", metrics::page()),
        File::new("rules/slos.yaml", tidewatch_slo::generate(&slos, Scale::REAL)),
    ];
    files.extend(rule_tests::files(&slos));
    let schemas = tidewatch_contract::schemas();
    files.extend(schemas.into_iter().map(|(name, text)| File::new(format!("schemas/{name}"), text)));
    let dashboards = tidewatch_dashboards::all();
    files.extend(dashboards.iter().map(|board| File::new(format!("dashboards/{}", board.file_name), board.text())));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::differences;

    #[test]
    fn every_committed_file_is_what_would_be_generated_now() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let differences = differences(&root, &all(&root).unwrap()).unwrap();
        let list: Vec<String> = differences.iter().map(ToString::to_string).collect();
        assert!(list.is_empty(), "{list:#?}\nrun `cargo xtask generate` and look at the changes");
    }
}
