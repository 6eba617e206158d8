//! `tidewatch bench`: measures a running Tidewatch.

mod notify;

use clap::Subcommand;

/// Measure the running Tidewatch
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    Notify(notify::Args),
}

/// Measures, and prints.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    match args.what {
        What::Notify(args) => notify::run(args).await,
    }
}
