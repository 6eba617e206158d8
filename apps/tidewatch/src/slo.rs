//! `tidewatch slo`: Prometheus rules from OpenSLO, and what is left of the error budgets.

mod budget;
mod explain;
mod generate;
mod known;
mod prometheus;
mod status;
mod validate;

use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;
use tidewatch_slo::{LoadError, Loaded, Slo};

use crate::exit::usage;

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
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    match args.what {
        What::Generate(args) => generate::run(&args),
        What::Validate(args) => validate::run(&args),
        What::Status(args) => status::run(args).await,
        What::Explain(args) => explain::run(&args),
    }
}

/// Which SLOs are meant.
#[derive(clap::Args, Debug)]
struct Files {
    /// Files of OpenSLO documents, or directories of them (*.yaml, *.yml)
    #[arg(default_value = "docs/slos", value_name = "PATH")]
    paths: Vec<PathBuf>,
}

impl Files {
    /// Reads them; what is wrong with them is an error in what was asked for.
    fn load(&self) -> anyhow::Result<Loaded> {
        tidewatch_slo::load(&self.paths, &known::Catalogue).map_err(|error| match error {
            LoadError::Refused(refused) => {
                let problems = match refused.0.len() {
                    1 => "a problem".to_owned(),
                    more => format!("{more} problems"),
                };
                usage(format!("{problems} in the SLOs:\n{refused}"))
            }
            other => usage(other),
        })
    }

    /// Reads them and tells what is worth knowing of them on stderr.
    fn load_telling(&self) -> anyhow::Result<Vec<Slo>> {
        let Loaded { slos, notes } = self.load()?;
        for note in notes {
            // Nobody reading it is no reason to end.
            let _ = writeln!(std::io::stderr(), "note: {note}");
        }
        Ok(slos)
    }
}
