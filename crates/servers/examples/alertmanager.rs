//! Writes `alertmanager/*.yaml`: `cargo run -p tidewatch-servers --example alertmanager`.
use std::path::Path;

use tidewatch_servers::alertmanager::{Receivers, render};

fn main() -> std::io::Result<()> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../alertmanager");
    std::fs::write(dir.join("production.yaml"), render(&Receivers::production()))?;
    std::fs::write(dir.join("local.yaml"), render(&Receivers::local()))
}
