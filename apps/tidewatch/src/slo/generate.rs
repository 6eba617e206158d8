//! `tidewatch slo generate`: writes the Prometheus rules of SLOs.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use tidewatch_slo::Scale;

use super::Files;
use crate::exit::usage;

/// Write Prometheus recording and alerting rules for SLOs
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    files: Files,
    /// Write to this file [default: stdout]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Divide every duration by this, so that an alert comes and goes within minutes
    #[arg(long, default_value = "1", value_name = "N")]
    scale: Scale,
}

/// Writes the rules.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let slos = args.files.load_telling()?;
    let rules = tidewatch_slo::generate(&slos, args.scale);
    match &args.out {
        Some(path) => std::fs::write(path, rules)
            .map_err(|error| usage(format!("--out: can't write {}: {error}", path.display()))),
        None => std::io::stdout().write_all(rules.as_bytes()).context("can't write the rules to stdout"),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    /// The repository's root directory.
    const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

    #[test]
    fn the_committed_rules_are_what_the_committed_slos_generate() {
        let files = Files { paths: vec![format!("{REPOSITORY}/docs/slos").into()] };
        let loaded = files.load().unwrap();
        assert_eq!(loaded.notes, [], "every metric of them is declared");
        let rules = tidewatch_slo::generate(&loaded.slos, Scale::REAL);
        let committed = std::fs::read_to_string(format!("{REPOSITORY}/rules/slos.yaml")).unwrap();
        assert!(committed == rules, "rules/slos.yaml has drifted: run `cargo xtask generate`");
    }

    #[test]
    fn the_template_is_an_slo() {
        let files = Files { paths: vec![format!("{REPOSITORY}/docs/slos/templates").into()] };
        assert_eq!(files.load().unwrap().slos.len(), 2);
    }

    #[test]
    fn a_scale_that_can_not_be_is_refused_by_its_flag() {
        #[derive(Parser)]
        struct Cli {
            #[command(flatten)]
            args: Args,
        }
        let error = Cli::try_parse_from(["generate", "--scale", "7"]).err().unwrap().to_string();
        assert!(error.contains("--scale") && error.contains("1, 2, 3, 4, 5, 6, 8"), "{error}");
    }
}
