//! `tidewatch slo validate`: checks whether SLOs are correct, and lists what could not be checked.

use tidewatch_service::printable;
use tidewatch_slo::Loaded;

use super::Files;
use crate::say::say;

/// Check SLOs, and list all their errors
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    files: Files,
}

/// Checks and prints.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let Loaded { slos, notes } = args.files.load()?;
    for note in notes {
        say!("note: {}", printable(note));
    }
    match slos.len() {
        1 => say!("1 SLO is valid"),
        many => say!("{many} SLOs are valid"),
    }
    Ok(())
}
