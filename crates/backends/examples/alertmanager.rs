//! Writes `alertmanager/production.yaml`: `cargo run -p tidewatch-backends --example alertmanager`.
use std::path::Path;

use tidewatch_backends::alertmanager::{Receivers, render};

fn main() -> std::io::Result<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../alertmanager/production.yaml");
    std::fs::write(file, render(&Receivers::production()))
}
