//! One `up` for each state directory.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::exit::usage;

/// Held as long as `up` runs. The system lets go of it however the process ends, so none is ever left behind.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a process that is just being started has a copy of it until it runs its program.
        // Where it fails, the end of this process does the same.
        let _ = self.file.unlock();
    }
}

impl Lock {
    /// Makes the directory where it is missing, and locks it. An error is one sentence that names `--state-dir`.
    pub(super) fn take(dir: &Path) -> anyhow::Result<Self> {
        let refuse = |why: &dyn std::fmt::Display| {
            usage(format!("--state-dir: can't write to {}: {why}; name another directory", dir.display()))
        };
        fs::create_dir_all(dir).map_err(|error| refuse(&error))?;
        let path = dir.join("up.lock");
        let mut options = File::options();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(&path).map_err(|error| refuse(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                // Who it is helps, and is not worth failing for.
                let _ = file.read_to_string(&mut owner);
                return Err(usage(format!(
                    "another `tidewatch up` (process {}) uses the state directory {}: end it, or name another --state-dir",
                    owner.trim(),
                    dir.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(refuse(&error)),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .and_then(|()| file.sync_all());
        written.map_err(|error| refuse(&error))?;
        Ok(Self { file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_one_is_refused_with_the_first_ones_process_until_that_ends() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("made/on/demand");
        let first = Lock::take(&dir).unwrap();
        let error = Lock::take(&dir).unwrap_err().to_string();
        assert!(error.contains(&format!("(process {})", std::process::id())), "{error}");
        drop(first);
        Lock::take(&dir).unwrap();
    }

    #[test]
    fn a_directory_that_can_not_be_is_named_with_its_flag() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = Lock::take(&file.join("below")).unwrap_err().to_string();
        assert!(error.starts_with("--state-dir: can't write to"), "{error}");
    }
}
