//! `tidewatch slo`: Prometheus rules from OpenSLO, and the remaining error budgets.

mod budget;
mod explain;
mod generate;
mod known;
mod status;
mod validate;

use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;
use tidewatch_service::printable;
use tidewatch_slo::{LoadError, Loaded, Slo};

use crate::exit::usage;
use crate::target::TargetArgs;

/// Service level objectives: rules, budgets, and what fires when
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    Generate(generate::Args),
    Validate(validate::Args),
    Status(status::Args),
    Explain(explain::Args),
}

/// Runs the verb.
pub(crate) async fn run(args: Args, target: &TargetArgs) -> anyhow::Result<()> {
    match args.what {
        What::Generate(args) => target.refuse_for("slo generate").and_then(|()| generate::run(&args)),
        What::Validate(args) => target.refuse_for("slo validate").and_then(|()| validate::run(&args)),
        What::Status(args) => status::run(args, target).await,
        What::Explain(args) => target.refuse_for("slo explain").and_then(|()| explain::run(&args)),
    }
}

/// The SLOs to work on.
#[derive(clap::Args, Debug)]
struct Files {
    /// OpenSLO files, or directories that contain them (*.yaml, *.yml)
    #[arg(default_value = "docs/slos", value_name = "PATH")]
    paths: Vec<PathBuf>,
}

impl Files {
    /// Reads the SLOs. Anything wrong with them is a usage error, and so is having none: rules generated from nothing
    /// would replace those that are loaded.
    fn load(&self) -> anyhow::Result<Loaded> {
        let loaded = tidewatch_slo::load(&self.paths, &known::Catalogue).map_err(|error| match error {
            LoadError::Refused(refused) => {
                let problems = match refused.0.len() {
                    1 => "a problem".to_owned(),
                    more => format!("{more} problems"),
                };
                usage(format!("{problems} in the SLOs:\n{refused}"))
            }
            other => usage(other),
        })?;
        if loaded.slos.is_empty() {
            let paths: Vec<String> = self.paths.iter().map(|path| path.display().to_string()).collect();
            return Err(usage(format!("no SLO in {}: write a document of `kind: SLO`", paths.join(", "))));
        }
        Ok(loaded)
    }

    /// Reads the SLOs, and prints the notes about them on stderr.
    fn load_telling(&self) -> anyhow::Result<Vec<Slo>> {
        let Loaded { slos, notes } = self.load()?;
        for note in notes {
            // The command continues if stderr is closed.
            let _ = writeln!(std::io::stderr(), "note: {}", printable(note));
        }
        Ok(slos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_without_an_slo_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("empty.yaml");
        std::fs::write(&file, "# nothing yet\n").unwrap();
        let error = Files { paths: vec![file] }.load().unwrap_err();
        assert!(error.is::<crate::exit::Usage>() && error.to_string().contains("empty.yaml: write"), "{error}");
    }
}
