//! Writes every dashboard to `dashboards/` in the repository.
#![allow(clippy::print_stdout)]

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dashboards");
    std::fs::create_dir_all(&folder)?;
    for dashboard in tidewatch_dashboards::all() {
        let path = folder.join(&dashboard.file_name);
        std::fs::write(&path, dashboard.text())?;
        println!("dashboards/{}", dashboard.file_name);
    }
    Ok(())
}
