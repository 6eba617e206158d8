//! `tidewatch bench`: measures how fast faults are notified, and how fast a backlog is read.

mod notify;
mod pipeline;

use clap::Subcommand;

/// Measure how fast faults are notified, and how fast a backlog is read
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    Notify(notify::Args),
    Pipeline(pipeline::Args),
}

/// Runs the benchmark and prints the results.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    match args.what {
        What::Notify(args) => notify::run(args).await,
        What::Pipeline(args) => pipeline::run(args).await,
    }
}
