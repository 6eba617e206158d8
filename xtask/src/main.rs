//! `cargo xtask`: tasks of the repository itself.
#![allow(clippy::print_stdout)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod facts;
mod files;
mod generated;
mod lists;
mod measurements;
mod metrics;
mod openapi;
mod rule_tests;
mod tables;

use std::path::Path;

use clap::Parser;

/// Tasks of the repository itself
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Task {
    /// Write every generated file that has changed, and delete those that nothing generates any more
    Generate {
        /// Change nothing; fail if a file isn't what would be generated
        #[arg(long)]
        check: bool,
    },
}

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let Task::Generate { check } = Task::parse();
    let differences = generated::differences(&root, &files::all(&root)?)?;
    if check {
        let list: Vec<String> = differences.iter().map(ToString::to_string).collect();
        anyhow::ensure!(list.is_empty(), "{}\nrun `cargo xtask generate` and look at the changes", list.join("\n"));
        return Ok(());
    }
    for difference in &differences {
        println!("{difference}");
        difference.resolve(&root)?;
    }
    Ok(())
}
