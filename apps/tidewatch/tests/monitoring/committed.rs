//! Generated files that are committed: checked against what would be generated now, and written on request.
use std::{
    env, fs,
    path::{Path, PathBuf},
};

const UPDATE: &str = "UPDATE";

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Fails where the committed file (its path from the root) is not `generated`; writes it instead where UPDATE is set.
pub(crate) fn assert_committed(path: &str, generated: &str) {
    let file = root().join(path);
    if env::var_os(UPDATE).is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        return fs::write(file, generated).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    let differs = committed.lines().zip(generated.lines()).position(|(before, now)| before != now);
    let line = differs.unwrap_or_else(|| committed.lines().count().min(generated.lines().count())) + 1;
    assert!(
        committed == generated,
        "{path} is not what would be generated now, from line {line} on: run `UPDATE=1 cargo test -p tidewatch --test monitoring` and look at the difference"
    );
}
