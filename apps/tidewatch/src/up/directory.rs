//! The state directory: accessible to its owner only, marked as Tidewatch's, and refused if it belongs to something
//! else.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::lock::LOCK;
use crate::exit::usage;

/// The file that marks a directory as Tidewatch's.
const MARKER: &str = ".tidewatch-state";
const MARKER_TEXT: &str = "This directory belongs to `tidewatch up`, which keeps its state here.\n";
const OWNER_ONLY: u32 = 0o700;

/// Creates the directory, or checks an existing one, and returns its path.
///
/// # Errors
///
/// A directory that isn't Tidewatch's is refused before anything in it is touched, with one sentence that names
/// `--state-dir`.
pub(super) fn prepare(dir: &Path) -> anyhow::Result<PathBuf> {
    // Without a trailing slash, which would make the system follow a symbolic link before it is checked.
    let dir: PathBuf = dir.components().collect();
    let failed = |error: io::Error| {
        usage(format!("--state-dir: can't write to {}: {error}; name another directory", dir.display()))
    };
    match fs::symlink_metadata(&dir) {
        Ok(found) if found.is_symlink() => {
            return Err(usage(format!("--state-dir: {} is a symbolic link; name the directory itself", dir.display())));
        }
        Ok(found) if found.is_dir() => check(&dir, found.permissions().mode(), &failed)?,
        Ok(_) => return Err(failed(ErrorKind::NotADirectory.into())),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            DirBuilder::new().recursive(true).mode(OWNER_ONLY).create(&dir).map_err(&failed)?;
        }
        Err(error) => return Err(failed(error)),
    }
    mark(&dir).map_err(&failed)?;
    Ok(dir)
}

/// Checks an existing directory, and removes access for others.
fn check(dir: &Path, mode: u32, failed: &impl Fn(io::Error) -> anyhow::Error) -> anyhow::Result<()> {
    let empty = fs::read_dir(dir).map_err(failed)?.next().is_none();
    if !empty && !is_ours(dir) {
        return Err(usage(format!(
            "--state-dir: {} holds files of another program; name a directory that is empty or does not exist",
            dir.display()
        )));
    }
    if mode & 0o777 != OWNER_ONLY {
        fs::set_permissions(dir, Permissions::from_mode(OWNER_ONLY)).map_err(failed)?;
    }
    // If others were able to write, they may have put links anywhere below it.
    let depth = if mode & 0o022 == 0 { 1 } else { usize::MAX };
    match first_link(dir, depth).map_err(failed)? {
        Some(link) => Err(usage(format!(
            "--state-dir: {} is a symbolic link, which is not followed; remove it, or name another directory",
            link.display()
        ))),
        None => Ok(()),
    }
}

/// Returns whether the directory has the marker or, from a release without one, a lock file with a process id.
fn is_ours(dir: &Path) -> bool {
    let file = |name: &str| fs::symlink_metadata(dir.join(name)).ok().filter(fs::Metadata::is_file);
    let lock = || {
        let lock = file(LOCK).filter(|lock| lock.len() < 32)?;
        let text = fs::read(dir.join(LOCK)).ok()?;
        Some(lock.is_file() && text.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_whitespace()))
    };
    file(MARKER).is_some() || lock().unwrap_or(false)
}

/// Returns a symbolic link in the directory or, down to `depth` levels, below it.
fn first_link(dir: &Path, depth: usize) -> io::Result<Option<PathBuf>> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_symlink() {
            return Ok(Some(entry.path()));
        }
        if kind.is_dir() && depth > 1 {
            let below = first_link(&entry.path(), depth - 1)?;
            if below.is_some() {
                return Ok(below);
            }
        }
    }
    Ok(None)
}

fn mark(dir: &Path) -> io::Result<()> {
    match File::options().write(true).create_new(true).mode(0o600).open(dir.join(MARKER)) {
        Ok(mut file) => file.write_all(MARKER_TEXT.as_bytes()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn open_to(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn refusal(dir: &Path) -> String {
        let error = prepare(dir).unwrap_err().to_string();
        assert!(error.starts_with("--state-dir: "), "{error}");
        error
    }

    #[test]
    fn a_new_one_and_an_empty_one_become_the_owners_alone_and_stay_usable() {
        let base = tempfile::tempdir().unwrap();
        let empty = base.path().join("empty");
        fs::create_dir(&empty).unwrap();
        open_to(&empty, 0o755);
        for dir in [base.path().join("made/on/demand"), empty] {
            for _ in 0..2 {
                prepare(&dir).unwrap();
                assert_eq!((mode(&dir), mode(&dir.join(MARKER))), (0o700, 0o600));
            }
        }
    }

    #[test]
    fn a_foreign_directory_is_refused_and_nothing_of_it_is_touched() {
        let numbers = "4711\n".repeat(10);
        let files = ["thesis.tex", "endpoints.json", "up.lock", "kafka", ".hidden"].map(|name| (name, "important"));
        for (name, text) in files.into_iter().chain([("up.lock", numbers.as_str())]) {
            let base = tempfile::tempdir().unwrap();
            let dir = base.path().join("documents");
            fs::create_dir(&dir).unwrap();
            fs::write(dir.join(name), text).unwrap();
            open_to(&dir, 0o755);
            assert!(refusal(&dir).contains("holds files of another program"));
            assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "{name}");
            assert_eq!((mode(&dir), fs::read(dir.join(name)).unwrap()), (0o755, text.into()));
        }
    }

    #[test]
    fn one_of_a_release_without_the_marker_is_taken_over_with_its_data() {
        let base = tempfile::tempdir().unwrap();
        let dir = base.path().join("tidewatch");
        fs::create_dir_all(dir.join("kafka/data")).unwrap();
        fs::write(dir.join("kafka/data/log"), "records").unwrap();
        fs::write(dir.join("up.lock"), "4711\n").unwrap();
        open_to(&dir, 0o775);
        prepare(&dir).unwrap();
        assert_eq!((mode(&dir), dir.join(MARKER).exists()), (0o700, true));
        assert_eq!(fs::read(dir.join("kafka/data/log")).unwrap(), b"records");
    }

    #[test]
    fn links_are_not_followed() {
        let base = tempfile::tempdir().unwrap();
        let (real, link) = (base.path().join("real"), base.path().join("link"));
        fs::create_dir(&real).unwrap();
        symlink(&real, &link).unwrap();
        for path in [link.clone(), link.join("")] {
            assert!(refusal(&path).contains("is a symbolic link"));
        }
        assert_eq!(fs::read_dir(&real).unwrap().count(), 0);

        for name in ["up.lock", "endpoints.json", "mock-slack", "kafka"] {
            let dir = base.path().join(format!("with-{name}"));
            prepare(&dir).unwrap();
            symlink(&real, dir.join(name)).unwrap();
            assert!(refusal(&dir).contains(&format!("{name} is a symbolic link")), "{name}");
        }
    }

    #[test]
    fn where_others_could_write_a_link_is_found_however_deep_it_lies() {
        let base = tempfile::tempdir().unwrap();
        let dir = base.path().join("shared");
        fs::create_dir_all(dir.join("prometheus/rules")).unwrap();
        prepare(&base.path().join("other")).unwrap();
        fs::write(dir.join(MARKER), "").unwrap();
        symlink("/etc/passwd", dir.join("prometheus/rules/slos.yaml")).unwrap();
        for mode in [0o777, 0o720, 0o702] {
            open_to(&dir, mode);
            assert!(refusal(&dir).contains("slos.yaml is a symbolic link"), "{mode:o}");
        }
        open_to(&dir, 0o755);
        prepare(&dir).expect("a server of ours may have made the link, since nobody else can write here");
    }
}
