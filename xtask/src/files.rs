//! The list of all generated files.

use std::path::Path;
use std::{fs, io};

use anyhow::Context;
use tidewatch_servers::alertmanager::{Receivers, render};
use tidewatch_slo::Scale;

use crate::generated::File;
use crate::tables::{self, Tables};
use crate::{facts, lists, measurements, metrics, openapi, rule_tests};

/// The rules that are generated from the SLOs.
const SLO_RULES: &str = "rules/slos.yaml";

/// Generates every file of the repository at `root`.
pub(crate) fn all(root: &Path) -> anyhow::Result<Vec<File>> {
    let read = |path: &str| fs::read_to_string(root.join(path)).with_context(|| format!("can't read {path}"));
    let measurements = measurements::tables(&read("docs/measurements.toml")?).context("docs/measurements.toml")?;
    let slos = tidewatch_slo::load_dir(&root.join("docs/slos")).context("can't read docs/slos")?;
    let page = |path: &str, tables: Vec<(&str, String)>| {
        let tables = tables.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
        with_tables(path, &read(path)?, &tables)
    };
    let mut files = vec![
        File::new("alertmanager/local.yaml", render(&Receivers::local())),
        File::new("alertmanager/production.yaml", render(&Receivers::production())),
        page("README.md", vec![("services", lists::services()?), ("topics", lists::topics()?)])?,
        page("docs/architecture.md", vec![("services", lists::services()?), ("topics", lists::topics_in_detail()?)])?,
        page("docs/nix.md", vec![("ports", lists::ports(&read("docs/nix.md")?)?)])?,
        page("docs/own-kafka.md", vec![("commands", lists::topic_commands())])?,
        page("runbooks/README.md", vec![("alerts", lists::alerts()?)])?,
        with_tables("docs/measurements.md", &read("docs/measurements.md")?, &measurements)?,
        File::new("docs/metrics.md", metrics::page()),
        File::new("platform/topics.json", facts::topics()),
    ];
    let generated = tidewatch_slo::generate(&slos, Scale::REAL);
    let mut rules = handwritten_rules(root)?;
    rules.push(generated.clone());
    files.push(File::new("platform/metrics.json", facts::metrics(&rules)));
    files.push(File::new(SLO_RULES, generated));
    files.extend(rule_tests::files(&slos));
    let schemas = tidewatch_contract::schemas().into_iter().chain(openapi::documents());
    files.extend(schemas.map(|(name, text)| File::new(format!("schemas/{name}"), text)));
    let dashboards = tidewatch_dashboards::all();
    files.extend(dashboards.iter().map(|board| File::new(format!("dashboards/{}", board.file_name), board.text())));
    Ok(files)
}

/// Returns the texts of the rule files that nothing generates.
fn handwritten_rules(root: &Path) -> anyhow::Result<Vec<String>> {
    let read = || -> io::Result<Vec<String>> {
        let mut texts = Vec::new();
        for folder in ["rules", "rules/kubernetes", "rules/thanos"] {
            for entry in fs::read_dir(root.join(folder))? {
                let path = entry?.path();
                if path.extension().is_some_and(|extension| extension == "yaml") && !path.ends_with(SLO_RULES) {
                    texts.push(fs::read_to_string(path)?);
                }
            }
        }
        Ok(texts)
    };
    read().context("can't read rules")
}

/// Returns the page at `path`, which has `text` now, with these tables.
fn with_tables(path: &str, text: &str, tables: &Tables) -> anyhow::Result<File> {
    Ok(File::new(path, tables::replace(text, tables).with_context(|| path.to_owned())?))
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
