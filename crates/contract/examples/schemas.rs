//! Writes the JSON Schemas of the events to `schemas/`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    std::fs::create_dir_all(&folder)?;
    for (name, text) in tidewatch_contract::schemas() {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}
