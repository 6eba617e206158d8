//! Embeds the rule files and the SLO definitions, so that `tidewatch up` needs no checkout: all YAML files in their
//! folders.
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let variable = |name: &str| env::var_os(name).map(PathBuf::from).ok_or_else(|| io::Error::other(name.to_owned()));
    let workspace = variable("CARGO_MANIFEST_DIR")?.join("../..");
    let mut code = String::new();
    for (constant, folder) in [("RULES", "rules"), ("SLOS", "docs/slos")] {
        let folder = workspace.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        let _ = writeln!(code, "const {constant}: &[(&str, &str)] = &[");
        for file in yaml_files(&folder)? {
            let name = file.file_name().unwrap_or_default();
            let _ = writeln!(code, "    ({name:?}, include_str!({:?})),", file.canonicalize()?);
        }
        code.push_str("];\n");
    }
    fs::write(variable("OUT_DIR")?.join("files.rs"), code)
}

/// Returns the YAML files directly in this folder, sorted by name.
fn yaml_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
